/*
 * gitsparse.c: entries of spec.sparseCheckout; see gitsparse.h.
 */
#include "libgotk/git/gitsparse.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <string.h>

static char *plain(struct arena *a, const char *entry)
{
    while (str_starts(entry, "./"))
        entry += 2;
    char *path = str_dup(a, entry);
    for (size_t n = strlen(path); n && path[n - 1] == '/';)
        path[--n] = '\0';
    return path;
}

char **gitsparse_paths(struct arena *a, const struct gitsparse *sparse, size_t *ret_count)
{
    char **paths = ARENA_ARRAY(a, char *, sparse->count + 1);
    *ret_count = sparse->count;
    for (size_t i = 0; i < sparse->count; i++) {
        paths[i] = plain(a, sparse->at[i]);
        if (str_empty(paths[i]) || str_eq(paths[i], "."))
            *ret_count = 0;
    }
    return paths;
}

bool gitsparse_covers(struct arena *a, const struct gitsparse *sparse, const char *path)
{
    size_t count;
    char **paths = gitsparse_paths(a, sparse, &count);
    for (size_t i = 0; i < count; i++)
        if (str_eq(path, paths[i]) || str_starts(path, str_fmt(a, "%s/", paths[i])))
            return true;
    return count == 0;
}

int gitsparse_check(struct ctx *cx, const struct gitsparse *sparse, const char *tree_dir)
{
    for (size_t i = 0; i < sparse->count; i++) {
        const char *path;
        if (fs_join_secure(cx, tree_dir, sparse->at[i], &path) < 0) {
            err_wrap(cx,
                     "failed to sparse checkout directories : sparse checkout dir '%s' cannot be resolved",
                     sparse->at[i]);
            return err_reason(cx, "GitOperationFailed");
        }
        if (fs_exists(path))
            continue;
        err_fail(
            cx, ERR_NOT_FOUND,
            "failed to sparse checkout directories : sparse checkout dir '%s' does not exist in repository: "
            "lstat %s: no such file or directory",
            sparse->at[i], sparse->at[i]);
        return err_reason(cx, "GitOperationFailed");
    }
    return 0;
}
