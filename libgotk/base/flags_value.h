/*
 * flags_value.h: what each kind of flag accepts, stores and shows. Internal to flags.c.
 *
 * One row per kind in flags_value.c; texts and errors are those of Go's strconv and pflag. Runs in main.
 */
#ifndef GOTK_BASE_FLAGS_VALUE_H
#define GOTK_BASE_FLAGS_VALUE_H

#include "libgotk/base/flags.h"

/* Stores `text` in the flag's target; a list is extended when `more`, else replaced. ERR_INVALID with Go's words. */
int flags_value_set(struct ctx *cx, const struct flag *f, const char *text, bool more) MUST_CHECK;

/* Stores the default `text`, which for an array may be nothing at all. */
int flags_value_start(struct ctx *cx, const struct flag *f, const char *text) MUST_CHECK;

/* The text of the default: the environment variable's, else the row's; for a kind that needs one, its zero. */
const char *flags_value_default(const struct flag *f);

/* The help sentence with "(default ...)" behind it; *ret_word is the name of the value, "" for booleans. */
const char *flags_value_help(struct arena *a, const struct flag *f, const char **ret_word);

#endif
