/*
 * archive.c: walk, tar, gzip, digest, file: one pass; the contract is in archive.h.
 *
 * Files are opened relative to the folder the walk holds open and never through a link. The digest and the size are
 * those of the compressed bytes, taken as they are written. Runs in a job child, on one thread.
 */
#include "libgotk/artifact/archive.h"

#include "libgotk/artifact/gzip.h"
#include "libgotk/artifact/tar.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/ignore.h"
#include "libgotk/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DIR_MODE   0750
#define FILE_MODE  0600
#define EXEC_MODE  0700
#define COPY_SIZE  65536
#define HEADER_MAX ((size_t)64 << 10)

/* One packing. */
struct packing {
    artifact_filter_fn filter;
    void *user;
    struct gzip *gzip;
    struct fs_temp *temp;
    struct hash *hash;
    int64_t size;
    struct arena *scratch; /* for headers, emptied after each entry */
};

static int sink(struct ctx *cx, void *user, const void *data, size_t n)
{
    struct packing *p = user;
    hash_update(p->hash, data, n);
    p->size += (int64_t)n;
    return fs_write_all(cx, p->temp->fd, data, n, p->temp->path);
}

static int put_header(struct ctx *cx, struct packing *p, const struct fs_entry *e, int64_t size)
{
    bool is_dir = S_ISDIR(e->stat->st_mode);
    mode_t mode = is_dir ? DIR_MODE : e->stat->st_mode & 0111 ? EXEC_MODE : FILE_MODE;
    struct buf b = buf_new(p->scratch, HEADER_MAX);
    tar_put_header(&b, &(struct tar_entry){ .name = e->path, .is_dir = is_dir, .mode = mode, .size = size });
    if (buf_ok(cx, &b, "a tar header") < 0)
        return cx->err.code;
    int rc = gzip_write(cx, p->gzip, b.data, b.len);
    arena_reset(p->scratch);
    return rc;
}

/* Copies exactly `size` bytes and the padding behind them. */
static int put_content(struct ctx *cx, struct packing *p, int fd, const char *path, int64_t size)
{
    char block[COPY_SIZE];
    static const char zeros[TAR_BLOCK];
    for (int64_t left = size; left > 0;) {
        size_t want = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
        ssize_t n = read(fd, block, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(cx, "read %s", path);
        if (n == 0)
            return err_fail(cx, ERR_IO, "read %s: the file became shorter while it was packed", path);
        if (gzip_write(cx, p->gzip, block, (size_t)n) < 0 || ctx_check(cx) < 0)
            return cx->err.code;
        left -= n;
    }
    return gzip_write(cx, p->gzip, zeros, tar_padding(size));
}

static int put_file(struct ctx *cx, struct packing *p, const struct fs_entry *e)
{
    struct stat st;
    CLEANUP(cleanup_fd) int fd = openat(e->dirfd, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(cx, "open %s", e->path);
    if (!S_ISREG(st.st_mode))
        return err_fail(cx, ERR_IO, "open %s: the file was replaced while it was packed", e->path);
    if (st.st_size > TAR_SIZE_MAX)
        return err_fail(cx, ERR_LIMIT, "%s has %lld bytes, more than an archive can hold (8 GiB)", e->path,
                        (long long)st.st_size);
    if (put_header(cx, p, e, st.st_size) < 0)
        return cx->err.code;
    return put_content(cx, p, fd, e->path, st.st_size);
}

static int put_entry(struct ctx *cx, void *user, const struct fs_entry *e)
{
    struct packing *p = user;
    bool is_dir = S_ISDIR(e->stat->st_mode);
    if (!is_dir && !S_ISREG(e->stat->st_mode))
        return FS_WALK_ON;
    if (p->filter && p->filter(p->user, e->path, is_dir))
        return FS_WALK_ON;
    return is_dir ? put_header(cx, p, e, 0) : put_file(cx, p, e);
}

static int put_end(struct ctx *cx, struct packing *p)
{
    struct buf b = buf_new(p->scratch, HEADER_MAX);
    tar_put_end(&b);
    if (gzip_write(cx, p->gzip, b.data, b.len) < 0)
        return cx->err.code;
    return gzip_finish(cx, p->gzip);
}

int artifact_archive(struct ctx *cx, const char *dir, artifact_filter_fn filter, void *user,
                     const char *target, const char *algorithm, struct artifact_packed *ret)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(HEADER_MAX * 4);
    struct packing p = { .filter = filter, .user = user, .scratch = scratch };
    if (!fs_is_dir(dir))
        return err_fail(cx, ERR_INVALID, "invalid dir path: %s", dir);
    if (hash_new(cx, algorithm, &p.hash) < 0 || fs_temp_open(cx, target, &p.temp) < 0)
        return cx->err.code;
    p.gzip = gzip_new(cx, sink, &p);
    if (fs_walk(cx, dir, put_entry, &p) < 0 || put_end(cx, &p) < 0 ||
        fs_temp_commit(cx, p.temp, FILE_MODE) < 0)
        return cx->err.code;
    ret->size = p.size;
    ret->digest = str_fmt(cx->arena, "%s:%s", algorithm, hash_hex(p.hash, cx->arena));
    return 0;
}

bool artifact_filter_ignored(void *ignore, const char *path, bool is_dir)
{
    return ignore_match(ignore, path, is_dir);
}
