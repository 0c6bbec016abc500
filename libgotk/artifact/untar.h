/*
 * untar.h: the entries of a tar.gz that a stranger may have made, one after the other.
 *
 * All that reads tar files here goes through this: libarchive reads, the caller decides what becomes of an entry, its name
 * as it stands in the archive. A handle lives in the context's arena and belongs to one thread. Exactly one compression,
 * and that is gzip: the library would undo as many as it finds.
 */
#ifndef GOTK_ARTIFACT_UNTAR_H
#define GOTK_ARTIFACT_UNTAR_H

#include "libgotk/base/ctx.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct untar;

enum untar_kind {
    UNTAR_FILE,
    UNTAR_DIR,
    UNTAR_OTHER, /* a link, a device: never followed, its content is never read */
};

/* An entry; the name lives until the next one. */
struct untar_entry {
    const char *name;
    enum untar_kind kind;
    mode_t mode;         /* permission bits */
    int64_t size;        /* of a file's content, as the archive promises it */
    int64_t modified_ns; /* since 1970; 0: the archive does not tell */
};

/* Opens an archive in a file, or in bytes (borrowed). Closed with the arena. ERR_INVALID with the library's words. */
int untar_open(struct ctx *cx, const char *path, struct untar **ret) MUST_CHECK;
int untar_open_bytes(struct ctx *cx, const void *data, size_t n, struct untar **ret) MUST_CHECK;

/* The next entry: 1, or 0 at the end of the archive. ERR_INVALID for a broken one. */
int untar_next(struct ctx *cx, struct untar *u, struct untar_entry *ret) MUST_CHECK;

/* More of the content of the entry: the number of bytes, 0 at its end. ERR_INVALID for a broken archive. */
ssize_t untar_read(struct ctx *cx, struct untar *u, void *block, size_t n) MUST_CHECK;

#endif
