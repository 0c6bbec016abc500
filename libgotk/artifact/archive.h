/*
 * archive.h: packs a folder into a reproducible tar.gz.
 *
 * The layout is source-controller's: a lexical walk, the folder itself first as ".", folders and regular files only, no
 * owner, no times, modes 0750, 0600 and 0700, USTAR headers with PAX where a name needs it, gzip without time and name.
 * The same tree gives the same bytes, whoever packs it and when. Runs in a job child.
 */
#ifndef GOTK_ARTIFACT_ARCHIVE_H
#define GOTK_ARTIFACT_ARCHIVE_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stdint.h>

/* True when the entry (path relative to the folder, "." for itself) is to be left out; its children are asked too. */
typedef bool (*artifact_filter_fn)(void *user, const char *path, bool is_dir);

/* What was packed. */
struct artifact_packed {
    int64_t size;       /* bytes of the archive */
    const char *digest; /* "sha256:<hex>", in cx's arena */
};

/*
 * Packs `dir` into the file `target`, which appears at once when it is complete (mode 0600). `algorithm` is one of
 * hash_new's. ERR_INVALID "invalid dir path: ..." when dir is none, ERR_LIMIT for a file beyond 8 GiB.
 */
int artifact_archive(struct ctx *cx, const char *dir, artifact_filter_fn filter, void *user,
                     const char *target, const char *algorithm, struct artifact_packed *ret) MUST_CHECK;

/* artifact_filter_fn over a struct ignore *. */
bool artifact_filter_ignored(void *ignore, const char *path, bool is_dir);

#endif
