/*
 * gitmodules.h: reads a .gitmodules file.
 *
 * A stranger's text in the format of git-config: only sections [submodule "name"] and their path and url matter, an
 * "include" includes nothing. Pure functions. Written by hand because libgit2 offers its reader for files on disk only,
 * where it follows includes.
 */
#ifndef GOTK_GIT_GITMODULES_H
#define GOTK_GIT_GITMODULES_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

/* One submodule that has both a path and a url, as written. */
struct gitmodule {
    const char *name;
    const char *path;
    const char *url;
};

/* Reads the text. Of a value that comes twice the last counts. ERR_INVALID ".gitmodules: line N: ...", ERR_LIMIT for more
 * than 1000 submodules. */
int gitmodules_parse(struct ctx *cx, const char *text, struct gitmodule **ret, size_t *ret_count) MUST_CHECK;

#endif
