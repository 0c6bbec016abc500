/*
 * gitinclude.c: unpacks included artifacts and moves them into place; see gitinclude.h.
 */
#include "source-controller/gitinclude.h"

#include "libgotk/artifact/extract.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <stdio.h>
#include <string.h>

const struct field gitinclude_fields[] = {
    FIELD(struct gitinclude, name, "name", FIELD_REQUIRED),
    FIELD(struct gitinclude, archive, "archive", FIELD_REQUIRED),
    FIELD(struct gitinclude, from_path, "fromPath", FIELD_REQUIRED),
    FIELD(struct gitinclude, to_path, "toPath", FIELD_REQUIRED),
    FIELD_END,
};

static int make_parent(struct ctx *cx, const char *path)
{
    const char *slash = strrchr(path, '/');
    return fs_mkdirs(cx, str_ndup(cx->arena, path, (size_t)(slash - path)), 0700);
}

/* Paths of the message are those of the spec: the child's own would help nobody. */
static int move(struct ctx *cx, const struct gitinclude *in, const char *unpacked, const char *target)
{
    const char *from;
    if (fs_join_secure(cx, unpacked, in->from_path, &from) < 0)
        return cx->err.code;
    if (!fs_exists(from))
        return err_fail(cx, ERR_NOT_FOUND, "'%s' is not in its artifact", in->from_path);
    if (make_parent(cx, target) < 0)
        return cx->err.code;
    if (rename(from, target) < 0)
        return err_errno(cx, "rename to '%s'", in->to_path);
    return 0;
}

static int unpack(struct ctx *cx, const struct gitinclude *in, const char *folder)
{
    if (str_empty(in->archive))
        return err_fail(cx, ERR_NOT_FOUND, "its artifact is not in storage");
    if (fs_mkdirs(cx, folder, 0700) < 0)
        return cx->err.code;
    return artifact_extract(cx, in->archive, folder, &(struct artifact_limits){ 0 });
}

static int copy_one(struct ctx *cx, const struct gitinclude *in, const char *folder, const char *tree_dir)
{
    const char *target;
    if (fs_join_secure(cx, tree_dir, in->to_path, &target) < 0) {
        err_wrap(cx, "path calculation for include '%s' failed", in->name);
        return err_reason(cx, "IllegalPath");
    }
    if (unpack(cx, in, folder) >= 0 && move(cx, in, folder, target) >= 0)
        return 0;
    err_wrap(cx, "failed to copy '%s' include from %s to %s", in->name, in->from_path, in->to_path);
    return err_reason(cx, "CopyFailure");
}

int gitinclude_copy(struct ctx *cx, const struct gitinclude *list, size_t count, const char *scratch,
                    const char *tree_dir)
{
    for (size_t i = 0; i < count; i++)
        if (ctx_check(cx) < 0 ||
            copy_one(cx, &list[i], str_fmt(cx->arena, "%s-%zu", scratch, i), tree_dir) < 0)
            return cx->err.code;
    return 0;
}
