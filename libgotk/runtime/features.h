/*
 * features.h: feature gates, one row each.
 *
 * Parsed once from --feature-gates (`A=true,B=false`), read-only afterwards, so any thread may ask. An unknown gate is
 * fatal, as in Flux, but the message names the nearest one.
 */
#ifndef GOTK_RUNTIME_FEATURES_H
#define GOTK_RUNTIME_FEATURES_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

/* One gate. Tables end with a row whose name is NULL. */
struct feature {
    const char *name;
    bool fallback;    /* its state unless --feature-gates says otherwise */
    const char *help; /* what it changes */
};

struct features;

/* Sets every gate of `rows` (static; NULL: there are none) to its default, then applies `count` words "Name=bool". Lives
 * in cx->arena. ERR_INVALID: `feature-gate 'X' not supported (did you mean 'Y'?)`, or a value that is no bool. */
int features_parse(struct ctx *cx, const struct feature *rows, const char *const *words, size_t count,
                   const struct features **ret) MUST_CHECK;

/* True when the gate is on. A name without a row is a defect of ours and aborts. */
bool features_on(const struct features *f, const char *name);

#endif
