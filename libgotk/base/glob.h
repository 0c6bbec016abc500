/*
 * glob.h: shell patterns as Go's path.Match reads them.
 *
 * `*` any run without "/", `?` one character, `[a-z]` and `[^a-z]` classes, `\` takes the next character literally.
 * Works on UTF-8, in time pattern x text. Pure, any thread. Rejected: fnmatch(3), whose classes ([!a], [[:alpha:]]),
 * locale and treatment of bad patterns differ.
 */
#ifndef GOTK_BASE_GLOB_H
#define GOTK_BASE_GLOB_H

#include <stdbool.h>

/* True when the pattern matches the whole text; a pattern that is malformed matches nothing. */
bool glob_match(const char *pattern, const char *text);

/* False for a malformed pattern: an open or empty class, a class with a stray "-", a trailing "\". */
bool glob_valid(const char *pattern);

#endif
