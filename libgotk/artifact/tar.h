/*
 * tar.h: the headers of a reproducible tar file.
 *
 * Byte for byte what Go's archive/tar writes for an entry without owner and times: USTAR, with a PAX header in front for a
 * name that USTAR cannot hold. By hand, because the bytes must not depend on a library's version: libarchive ends folder
 * names with a slash and has changed its PAX records before. Pure functions, any thread.
 */
#ifndef GOTK_ARTIFACT_TAR_H
#define GOTK_ARTIFACT_TAR_H

#include "libgotk/base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TAR_BLOCK    512
#define TAR_SIZE_MAX (((int64_t)1 << 33) - 1) /* eleven octal digits */

/* One folder or regular file. */
struct tar_entry {
    const char *name; /* relative, without trailing slash */
    bool is_dir;
    mode_t mode;  /* permission bits */
    int64_t size; /* 0 for a folder; at most TAR_SIZE_MAX */
};

/* Appends the entry's header blocks to `out`. */
void tar_put_header(struct buf *out, const struct tar_entry *entry);

/* The zero bytes that must follow `size` bytes of content. */
size_t tar_padding(int64_t size);

/* Appends the two zero blocks that end a tar file. */
void tar_put_end(struct buf *out);

#endif
