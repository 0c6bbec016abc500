/*
 * regex.h: regular expressions of Go's syntax (RE2), run by PCRE2 within limits.
 *
 * Users write these in selectors, substitutions and alerts and expect RE2: what RE2 does not know (backreferences,
 * lookaround, atomic groups, possessive quantifiers, recursion, conditionals, callouts, verbs) is refused when compiled,
 * and classes mean ASCII. Matching is bounded in steps, memory and depth: an expression that explodes is an error, or no
 * match, but never a hang. A compiled expression is immutable and may be used by any thread. Rejected: an engine of our
 * own (linear time, but a large parser), and POSIX regcomp, whose syntax and results differ.
 */
#ifndef GOTK_BASE_REGEX_H
#define GOTK_BASE_REGEX_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct regex;

enum regex_flags {
    REGEX_FOLD = 1,       /* ignore case, as (?i) */
    REGEX_WHOLE = 2,      /* the expression must match the whole text, as ^(?:...)$ */
    REGEX_MULTILINE = 4,  /* ^ and $ match at lines, as (?m) */
    REGEX_DOT_IS_ALL = 8, /* . matches newlines too, as (?s) */
};

#define REGEX_NONE SIZE_MAX /* start and end of a group that took no part */

/* Where a group matched: bytes start <= i < end of the text. */
struct regex_span {
    size_t start;
    size_t end;
};

/*
 * Compiles `pattern` into cx's arena. ERR_INVALID "error parsing regexp: ..." naming the construct and its position;
 * patterns longer than 16 KiB are ERR_LIMIT.
 */
int regex_compile(struct ctx *cx, const char *pattern, unsigned flags, struct regex **ret) MUST_CHECK;

/* The number of groups, the whole match (group 0) not counted. */
size_t regex_groups(const struct regex *re);

/* The name of group i (1 to regex_groups); "" for one without. */
const char *regex_group_name(const struct regex *re, size_t i);

/*
 * Finds the leftmost match at or behind byte `from` of `text`: returns 1 and fills spans[0..count-1] (group 0 first,
 * those beyond the expression's groups with REGEX_NONE), or 0 without a match. Each byte that is not UTF-8 counts as U+FFFD.
 * ERR_LIMIT when the limits are passed.
 */
int regex_match(struct ctx *cx, const struct regex *re, const char *text, size_t len, size_t from,
                struct regex_span *spans, size_t count) MUST_CHECK;

/* A text that is searched for all matches; regex_search makes one. */
struct regex_search {
    const struct regex *re;
    const char *text;
    size_t len;
    size_t from;      /* where the next match may begin */
    size_t last_end;  /* of the last match; REGEX_NONE before the first */
    const char *copy; /* private, for texts that are no UTF-8: so are the others below */
    size_t copy_len;
    size_t at, there;
};

/* A search through a text, which must outlive it. The text is checked once: where there may be more than one match,
 * this is linear and regex_match is not. */
struct regex_search regex_search(struct arena *a, const struct regex *re, const char *text, size_t len);

/* The next match, as Go's FindAll counts them (an empty one never right behind another): as regex_match, with at least
 * one span. */
int regex_next(struct ctx *cx, struct regex_search *s, struct regex_span *spans, size_t count) MUST_CHECK;

/* True when the expression matches somewhere in the text; false too when the limits are passed. */
bool regex_test(const struct regex *re, const char *text, size_t len);

/*
 * Replaces every match by `with`, in which $1, ${1} and ${name} stand for groups and $$ for a dollar, as Go's
 * ReplaceAllString. The result lives in cx's arena; ERR_LIMIT beyond `max` bytes.
 */
int regex_replace(struct ctx *cx, const struct regex *re, const char *text, size_t len, struct strv with,
                  size_t max, struct strv *ret) MUST_CHECK;

#endif
