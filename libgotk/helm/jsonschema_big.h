/*
 * jsonschema_big.h: whether one whole number is a multiple of another, of however many digits. Internal to the JSON schema.
 */
#ifndef GOTK_HELM_JSONSCHEMA_BIG_H
#define GOTK_HELM_JSONSCHEMA_BIG_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>

/* Texts of decimal digits; the second is not zero. Fails where big numbers are not at hand. */
int schema_big_divides(struct ctx *cx, const char *a, const char *b, bool *ret) MUST_CHECK;

#endif
