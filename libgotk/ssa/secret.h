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

/* The same for texts about anything that was built with `variables` (an object of strings, may be NULL): messages must stay
 * readable, and many a value that comes from a Secret is a common word. From eight bytes on a value is replaced wherever it
 * stands; from three on where no letter, digit or slash is next to it ("Kind/prod/name" stays); a shorter one only in
 * quotes that hold nothing else (`Invalid value: "5"`). */
const char *secret_mask_variables(struct arena *a, const struct doc *variables, const char *text);

#endif
