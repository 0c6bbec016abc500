/*
 * extract.h: unpacks a tar.gz that a stranger may have made.
 *
 * Follows fluxcd/pkg/tar: regular files and directories only, symbolic links and devices are skipped silently, names stay
 * inside the target. Limits on size, entries, depth and compression end a bomb with a clear error. Runs in a job child.
 */
#ifndef GOTK_ARTIFACT_EXTRACT_H
#define GOTK_ARTIFACT_EXTRACT_H

#include "libgotk/base/ctx.h"

#include <stddef.h>
#include <stdint.h>

/* Zero means the default. */
struct artifact_limits {
    int64_t max_bytes;   /* of all files together; 0: 4 GiB */
    int64_t max_entries; /* 0: 1,000,000 */
};

/* Unpacks the archive file `path` into the existing empty folder `target`. ERR_INVALID "failed to extract archive ...",
 * ERR_LIMIT for a bomb. */
int artifact_extract(struct ctx *cx, const char *path, const char *target,
                     const struct artifact_limits *limits) MUST_CHECK;

#endif
