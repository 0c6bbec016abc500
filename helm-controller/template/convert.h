/*
 * convert.h: documents to values and back: what YAML and JSON are read into and written from.
 *
 * Numbers of documents become float64, as Helm reads them. Results live in the arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_CONVERT_H
#define GOTK_HELM_TEMPLATE_CONVERT_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"
#include "libgotk/doc/doc.h"

/* A document as Go's encoding/json reads it into interface{}. Strings are borrowed from the document where they can. */
struct value convert_from_doc(struct arena *a, const struct doc *d);
/*
 * A value as Go's encoding/json writes it, maps sorted: bytes as base64, nil maps and lists as null, structs by their tags. Strings that
 * are no UTF-8 are kept as they are for the JSON printer, or get U+FFFD where `utf8` is set. ERR_INVALID "json: unsupported
 * value: NaN" and its like.
 */
int convert_to_doc(struct ctx *cx, struct value v, bool utf8, struct doc **ret) MUST_CHECK;
/* toYaml: the value's JSON as YAML, without the last newline; a V_STRING. */
int convert_to_yaml(struct ctx *cx, struct value v, struct value *ret) MUST_CHECK;
/* toYamlPretty: the value by its Go types, as go-yaml v3 writes it, without the last newline; a V_STRING. ERR_UNSUPPORTED
 * where go-yaml panics. */
int convert_to_pretty_yaml(struct ctx *cx, struct value v, struct value *ret) MUST_CHECK;

#endif
