/*
 * ignore.h: gitignore patterns as go-git matches them.
 *
 * A list of patterns in order of rising priority; the last one that matches decides. Differences to git that Flux has
 * and users rely on: a path below an excluded folder can be included again (`!dir/keep`), and patterns with `**` inside
 * a name never match. Matching allocates nothing and may run on any thread once the list is complete.
 */
#ifndef GOTK_BASE_IGNORE_H
#define GOTK_BASE_IGNORE_H

#include "libgotk/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct ignore;

/* An empty list in `a`. */
struct ignore *ignore_new(struct arena *a);

/*
 * Appends one pattern that counts below the folder `base` (relative to the root, "" for the root itself). Empty lines and
 * comments are not recognised here: see ignore_add_text.
 */
void ignore_add(struct ignore *ig, const char *base, const char *pattern);

/* Appends the patterns of a file's text; lines that are blank or start with "#" are skipped. Returns how many came in. */
size_t ignore_add_text(struct ignore *ig, const char *base, const char *text);

/* The number of patterns. */
size_t ignore_len(const struct ignore *ig);

/*
 * True when the path (relative to the root, components split by "/", no leading or doubled slashes) is to be left out.
 * The root itself ("" or ".") never is.
 */
bool ignore_match(const struct ignore *ig, const char *path, bool is_dir);

#endif
