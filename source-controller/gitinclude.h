/*
 * gitinclude.h: spec.include in the child of a fetch: files of other artifacts, put among those of a commit.
 *
 * The archives are of our own storage, but what is in them a stranger wrote, and where they go the tree's links decide:
 * so they are unpacked in the child, which may read just these files. As upstream they are moved into place, and must
 * not meet anything there.
 */
#ifndef GOTK_SOURCE_GITINCLUDE_H
#define GOTK_SOURCE_GITINCLUDE_H

#include "libgotk/doc/decode.h"

struct gitinclude {
    const char *name;      /* of the repository, for messages */
    const char *archive;   /* its artifact's file; "": is not in storage */
    const char *from_path; /* "": all of it */
    const char *to_path;
};

extern const struct field gitinclude_fields[];

/* Unpacks each beside `scratch` (a path that is free) and moves it into tree_dir. Fails with reason "IllegalPath" or
 * "CopyFailure", in source-controller's words. */
int gitinclude_copy(struct ctx *cx, const struct gitinclude *list, size_t count, const char *scratch,
                    const char *tree_dir) MUST_CHECK;

#endif
