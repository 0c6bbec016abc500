/*
 * semver.h: semantic versions and ranges as Masterminds/semver v3 reads them.
 *
 * Two readers of versions: the lenient one (leading "v", missing parts, leading zeros), which Flux and Helm use for tags
 * and charts, and the strict one. A range is groups of comparisons: `>=1.0.0 <2.0.0`, `~1.2`, `^1`, `1.x`, `*`,
 * `1.0 - 2.0`, joined by spaces or commas (and) and `||` (or). Pre-releases are in a range only if some comparison of
 * the group names one. Pure functions, any thread; results live in arenas. Rejected: regular expressions as upstream
 * has them: the grammar is four functions.
 */
#ifndef GOTK_BASE_SEMVER_H
#define GOTK_BASE_SEMVER_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stdint.h>

struct semver {
    uint64_t major;
    uint64_t minor;
    uint64_t patch;
    const char *pre;      /* behind "-"; "" when absent */
    const char *metadata; /* behind "+"; "" when absent */
    const char *original; /* the text as given */
};

struct semver_range;

/*
 * Reads "v1.2.3-rc.1+meta", "1.2", "v1": ERR_INVALID "invalid semantic version", "version segment starts with 0" (in a
 * pre-release), "version string is too long (max 256 bytes)".
 */
int semver_parse(struct ctx *cx, const char *text, struct semver *ret) MUST_CHECK;

/* Reads exactly three parts without "v" and leading zeros; ERR_INVALID for anything else. */
int semver_parse_strict(struct ctx *cx, const char *text, struct semver *ret) MUST_CHECK;

/* Below, at or above 0 as `a` comes before, with or after `b` by precedence; metadata does not count. */
int semver_compare(const struct semver *a, const struct semver *b);

/* "1.2.3-rc.1+meta": complete, without "v". */
char *semver_print(struct arena *a, const struct semver *v);

/*
 * Reads a range into cx's arena. ERR_INVALID `improper constraint: "..."`, "constraint parser error", or one of the two
 * limits (512 bytes, 32 groups).
 */
int semver_range_parse(struct ctx *cx, const char *text, struct semver_range **ret) MUST_CHECK;

/* True when the version satisfies the range. */
bool semver_in_range(const struct semver_range *range, const struct semver *v);

#endif
