/*
 * tree.h: small trees of files for the tests of kustomize, and one call that builds them.
 */
#ifndef GOTK_TESTS_KUSTOMIZE_TREE_H
#define GOTK_TESTS_KUSTOMIZE_TREE_H

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/kustomize/build.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

struct tree_file {
    const char *path;
    const char *text;
};

/* Writes one file below `root`, with the folders on the way. */
static inline int tree_write(struct ctx *cx, const char *root, const char *name, const char *text)
{
    const char *path = str_fmt(cx->arena, "%s/%s", root, name);
    const char *dir = str_ndup(cx->arena, path, (size_t)(strrchr(path, '/') - path));
    if (fs_mkdirs(cx, dir, 0755) < 0)
        return err_code(cx);
    return fs_write_atomic(cx, path, text, strlen(text), 0644);
}

/* Writes the files below a fresh folder and returns it. */
static inline const char *tree_make(struct ctx *cx, const struct tree_file *files, size_t count)
{
    const char *root = unit_tmpdir(cx);
    for (size_t i = 0; i < count; i++)
        assert_ok(cx, tree_write(cx, root, files[i].path, files[i].text));
    return root;
}

/* What `kustomize build` would print; NULL with the error in cx. */
static inline const char *tree_build(struct ctx *cx, const struct kustomize_options *options)
{
    struct doc *resources = NULL;
    struct buf out = buf_new(cx->arena, (size_t)16 << 20);
    if (kustomize_build(cx, options, &resources) < 0)
        return NULL;
    kustomize_print(&out, resources);
    return buf_text(&out);
}

#endif
