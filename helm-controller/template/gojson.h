/*
 * gojson.h: JSON text to values as Go's encoding/json reads it into interface{}.
 *
 * Later members win, bytes that are no UTF-8 become U+FFFD. Rejected: doc/json.h, whose messages are better and therefore
 * not Go's, which templates see. Values live in the context's arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_GOJSON_H
#define GOTK_HELM_TEMPLATE_GOJSON_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"

/* ERR_INVALID with Go's words: "invalid character 'x' looking for beginning of value", "unexpected end of JSON input".
 * Numbers beyond float64 are told when all else is right: *ret is set then too, with nil
 * for those inside. */
int gojson_parse(struct ctx *cx, struct strv text, struct value *ret) MUST_CHECK;
/* "object", "array", "string", "number", "bool": what a value is in messages of encoding/json. */
const char *gojson_kind(struct value v);

#endif
