/*
 * gitsparse.h: spec.sparseCheckout: which files of a commit are checked out.
 *
 * A folder brings all below it. go-git takes each entry for the beginning of a path, so that "app" brings "apps/" too;
 * here an entry is a file or a folder, which is what the field promises. Runs in the child of a fetch.
 */
#ifndef GOTK_GIT_GITSPARSE_H
#define GOTK_GIT_GITSPARSE_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

struct gitsparse {
    const char **at; /* as in the spec; none: everything */
    size_t count;
};

/* The entries as libgit2 takes them, without "./" in front and slashes behind; *ret_count is 0 when that is everything. */
char **gitsparse_paths(struct arena *a, const struct gitsparse *sparse, size_t *ret_count);

/* True when a path is checked out. */
bool gitsparse_covers(struct arena *a, const struct gitsparse *sparse, const char *path);

/* Whether each entry is there in what was checked out. ERR_NOT_FOUND with reason "GitOperationFailed", in
 * source-controller's words. */
int gitsparse_check(struct ctx *cx, const struct gitsparse *sparse, const char *tree_dir) MUST_CHECK;

#endif
