/*
 * secret.h: keeps a Secret's values out of what the API server says about it.
 *
 * The server hides values in its own validation, but quotes them when a manifest has the wrong type ("expected string, got
 * &value.valueUnstructured{Value:...}"), and its messages go to conditions, events and logs. Rejected: knowing its phrases,
 * which change. Any thread, no state.
 */
#ifndef GOTK_SSA_SECRET_H
#define GOTK_SSA_SECRET_H

#include "libgotk/doc/doc.h"

/* `text` with every value of `object`'s data and stringData, as written and decoded, replaced by "***"; values of less than
 * three bytes stay, they say nothing. `text` itself when object is no v1 Secret. In `a`. */
const char *secret_mask(struct arena *a, const struct doc *object, const char *text);

#endif
