/*
 * str.h: strings in arenas.
 *
 * All results live in the arena given and are NUL-terminated. A view (struct strv) borrows bytes of a longer string
 * without copying. Comparisons treat NULL as absent. Rejected: a length-prefixed string type of our own, because
 * every library we call wants plain C strings.
 */
#ifndef GOTK_BASE_STR_H
#define GOTK_BASE_STR_H

#include "libgotk/base/vec.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of bytes, not NUL-terminated. */
struct strv {
    const char *p;
    size_t n;
};

/* Texts, in an order; `at` is NULL while there is none. */
VEC_NAMED(str_list, const char *);

/* Copies; NULL gives NULL. */
char *str_dup(struct arena *a, const char *s);

/* Copies `n` bytes and terminates them. */
char *str_ndup(struct arena *a, const char *s, size_t n);

/* The bytes that stand for a NUL within a string: no UTF-8 text holds them. */
#define STR_NUL "\xC0\x80"

/* Copies `n` bytes, each NUL as STR_NUL: documents keep texts so, and messages name them. */
char *str_without_nuls(struct arena *a, const char *s, size_t n);

/* The bytes that a text without NULs stands for: each STR_NUL is one again. `s` itself, where it has none. */
struct strv str_with_nuls(struct arena *a, const char *s);

/* Formats as printf. */
char *str_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *str_vfmt(struct arena *a, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* True when both are present and equal, or both are NULL. */
bool str_eq(const char *a, const char *b);

/* As str_eq for ASCII letters of either case. */
bool str_eq_fold(const char *a, const char *b);

/* NULL counts as "". */
bool str_empty(const char *s);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* `s`, or `fallback` when s is NULL or "". */
const char *str_or(const char *s, const char *fallback);

/* Copies without leading and trailing ASCII white space. */
char *str_trim(struct arena *a, const char *s);

/* Copies with ASCII letters lowered. */
char *str_lower(struct arena *a, const char *s);

/* Splits at every `sep`; returns a NULL-terminated array (an empty string gives one empty part). */
char **str_split(struct arena *a, const char *s, char sep, size_t *ret_count);

/* Joins `count` parts with `sep` between them. */
char *str_join(struct arena *a, const char *const *parts, size_t count, const char *sep);

/* Replaces every `from` (not empty) by `to`. */
char *str_replace(struct arena *a, const char *s, const char *from, const char *to);

/* Parses a whole decimal integer into *ret; false (and *ret untouched) for anything else or an overflow. */
bool str_to_int64(const char *s, int64_t *ret);

/* The candidate nearest to `s` by edit distance, for "did you mean"; NULL when none is near enough (a third). */
const char *str_nearest(const char *s, const char *const *candidates, size_t count);

/* The bytes of the UTF-8 sequence at `s` (1 to 4, at most `left`); 0 when it is invalid or left is 0. */
size_t str_utf8_len(const char *s, size_t left);

/* True when the bytes are valid UTF-8 (no surrogates, no over-long forms). */
bool str_is_utf8(const char *s, size_t n);

#endif
