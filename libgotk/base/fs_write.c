/*
 * fs_write.c: atomic writes, temporary files and folders; the contract is in fs.h.
 *
 * A temporary file lies beside its target, because rename(2) is atomic within one file system only. fsync comes before
 * the rename: without it a crash may leave the new name with no content. Worker threads and job children; no state.
 */
#include "libgotk/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define VECTORS 64

int fs_write_all(struct ctx *cx, int fd, const void *data, size_t n, const char *name)
{
    for (const char *p = data; n;) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_errno(cx, "write %s", name);
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

/* Skips what was written; returns the count of vectors that are left. */
static size_t skip_written(struct iovec *v, size_t count, size_t done)
{
    size_t gone = 0;
    while (gone < count && done >= v[gone].iov_len)
        done -= v[gone++].iov_len;
    if (gone < count) {
        v[gone].iov_base = (char *)v[gone].iov_base + done;
        v[gone].iov_len -= done;
    }
    memmove(v, v + gone, (count - gone) * sizeof(*v));
    return count - gone;
}

static int write_vectors(struct ctx *cx, int fd, struct iovec *v, size_t count, const char *name)
{
    while (count) {
        ssize_t done = writev(fd, v, (int)count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_errno(cx, "write %s", name);
        count = skip_written(v, count, (size_t)done);
    }
    return 0;
}

int fs_write_pieces(struct ctx *cx, int fd, const struct strv *pieces, size_t count, const char *name)
{
    struct iovec v[VECTORS];
    for (size_t at = 0, n; at < count; at += n) {
        for (n = 0; n < VECTORS && at + n < count; n++)
            v[n] = (struct iovec){ (void *)(uintptr_t)pieces[at + n].p, pieces[at + n].n };
        if (write_vectors(cx, fd, v, n, name) < 0)
            return err_code(cx);
    }
    return 0;
}

static void drop_temp(void *ptr)
{
    struct fs_temp *temp = ptr;
    cleanup_fd(&temp->fd);
    if (temp->path)
        unlink(temp->path);
}

int fs_temp_open(struct ctx *cx, const char *path, struct fs_temp **ret)
{
    struct fs_temp *temp = ARENA_NEW(cx->arena, struct fs_temp);
    char *name = str_fmt(cx->arena, "%s.tmp-XXXXXX", path);
    temp->target = str_dup(cx->arena, path);
    temp->fd = mkostemp(name, O_CLOEXEC);
    if (temp->fd < 0)
        return err_errno(cx, "open %s", name);
    temp->path = name;
    arena_defer(cx->arena, drop_temp, temp);
    *ret = temp;
    return 0;
}

int fs_temp_commit(struct ctx *cx, struct fs_temp *temp, mode_t mode)
{
    if (fchmod(temp->fd, mode) < 0)
        return err_errno(cx, "chmod %s", temp->path);
    if (fsync(temp->fd) < 0)
        return err_errno(cx, "fsync %s", temp->path);
    if (rename(temp->path, temp->target) < 0)
        return err_errno(cx, "rename %s %s", temp->path, temp->target);
    temp->path = NULL;
    cleanup_fd(&temp->fd);
    temp->fd = -1;
    return 0;
}

int fs_write_atomic(struct ctx *cx, const char *path, const void *data, size_t n, mode_t mode)
{
    struct arena_mark mark = arena_mark(cx->arena);
    struct fs_temp *temp;
    if (fs_temp_open(cx, path, &temp) < 0 || fs_write_all(cx, temp->fd, data, n, temp->path) < 0 ||
        fs_temp_commit(cx, temp, mode) < 0)
        return cx->err.code;
    arena_release(cx->arena, mark);
    return 0;
}

static int make_dir(struct ctx *cx, const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0 || (errno == EEXIST && fs_is_dir(path)))
        return 0;
    return err_errno(cx, "mkdir %s", path);
}

int fs_mkdirs(struct ctx *cx, const char *path, mode_t mode)
{
    char *partial = str_dup(cx->arena, path);
    if (fs_is_dir(path))
        return 0;
    for (char *slash = partial; (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        if (make_dir(cx, partial, mode) < 0)
            return cx->err.code;
        *slash = '/';
    }
    return make_dir(cx, partial, mode);
}

/* Makes `name` in the folder *fd when absent and enters it. */
static int enter_dir(struct ctx *cx, int *fd, const char *name, mode_t mode)
{
    int next;
    if (mkdirat(*fd, name, mode) < 0 && errno != EEXIST)
        return err_errno(cx, "mkdir %s", name);
    if (fs_open_nolinks(cx, *fd, name, O_RDONLY | O_DIRECTORY, 0, &next) < 0)
        return cx->err.code;
    close(*fd);
    *fd = next;
    return 0;
}

int fs_mkdirs_at(struct ctx *cx, int rootfd, const char *rel, mode_t mode)
{
    size_t count;
    char **parts = str_split(cx->arena, rel, '/', &count);
    CLEANUP(cleanup_fd) int fd = fcntl(rootfd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(cx, "mkdir %s", rel);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(parts[i], ".."))
            return err_fail(cx, ERR_DENIED, "mkdir %s: must not contain '..'", rel);
        if (!*parts[i] || str_eq(parts[i], "."))
            continue;
        if (enter_dir(cx, &fd, parts[i], mode) < 0)
            return cx->err.code;
    }
    return 0;
}

int fs_tmpdir(struct ctx *cx, const char *prefix, const char **ret_path)
{
    char *path = str_fmt(cx->arena, "%s/%s-XXXXXX", str_or(getenv("TMPDIR"), "/tmp"), prefix);
    if (!mkdtemp(path))
        return err_errno(cx, "mkdir %s", path);
    arena_defer(cx->arena, fs_remove_tree_deferred, path);
    *ret_path = path;
    return 0;
}

bool fs_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
