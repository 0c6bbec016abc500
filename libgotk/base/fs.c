/*
 * fs.c: opening, reading and writing files below a root; the contract is in fs.h. Trees are in fs_tree.c.
 *
 * RESOLVE_IN_ROOT makes the kernel treat the root's descriptor as "/" for "..", absolute names and links. openat2 needs
 * Linux 5.6 and has no wrapper in glibc 2.36, hence syscall(2). Worker threads and job children; no state.
 */
#include "libgotk/base/fs.h"

#include "libgotk/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS_MAX  255 /* as the Go library we mirror */
#define READ_CHUNK ((size_t)64 << 10)

void cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void close_stored(void *ptr)
{
    cleanup_fd(ptr);
}

void fs_defer_close(struct arena *a, int fd)
{
    int *stored = ARENA_NEW(a, int);
    *stored = fd;
    arena_defer(a, close_stored, stored);
}

/* A descriptor, or -1 with errno. */
static int try_open(int rootfd, const char *rel, struct open_how how)
{
    long fd;
    int tries = 0;
    how.flags |= O_CLOEXEC;
    do { /* the kernel asks for another try when something was renamed meanwhile */
        fd = syscall(SYS_openat2, rootfd, *rel ? rel : ".", &how, sizeof(how));
    } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 32)));
    return (int)fd;
}

static int open_resolved(struct ctx *cx, int rootfd, const char *rel, struct open_how how, int *ret_fd)
{
    int fd = try_open(rootfd, rel, how);
    if (fd < 0)
        return err_errno(cx, "open %s", rel);
    *ret_fd = fd;
    return 0;
}

int fs_open_beneath(struct ctx *cx, int rootfd, const char *rel, int flags, mode_t mode, int *ret_fd)
{
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    return open_resolved(cx, rootfd, rel, how, ret_fd);
}

int fs_open_known(struct ctx *cx, int rootfd, const char *rel, int flags, int *ret_fd, bool *ret_linked)
{
    struct open_how how = {
        .flags = (unsigned)flags,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };
    int fd = try_open(rootfd, rel, how);
    *ret_linked = fd < 0 && errno == ELOOP;
    if (*ret_linked)
        return fs_open_beneath(cx, rootfd, rel, flags, 0, ret_fd);
    if (fd < 0)
        return err_errno(cx, "open %s", rel);
    *ret_fd = fd;
    return 0;
}

int fs_open_nolinks(struct ctx *cx, int rootfd, const char *rel, int flags, mode_t mode, int *ret_fd)
{
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return open_resolved(cx, rootfd, rel, how, ret_fd);
}

int fs_open_dir(struct ctx *cx, const char *path, int *ret_fd)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(cx, "open %s", path);
    *ret_fd = fd;
    return 0;
}

/* The part of a path up to the next slash; *p moves past it and the slashes around it. */
static struct strv take_component(const char **p)
{
    while (**p == '/')
        (*p)++;
    struct strv part = { *p, strcspn(*p, "/") };
    *p += part.n;
    return part;
}

static void cut_last(struct buf *b)
{
    size_t len = b->len;
    while (len && b->data[len - 1] != '/')
        len--;
    buf_cut(b, len ? len - 1 : 0);
}

/* The target of the link at root + inside; NULL when that is no link or does not exist. */
static const char *link_target(struct ctx *cx, const char *root, const char *inside)
{
    char target[PATH_MAX];
    ssize_t n = readlink(str_fmt(cx->arena, "%s%s", root, inside), target, sizeof(target));
    return n < 0 ? NULL : str_ndup(cx->arena, target, (size_t)n);
}

/* Appends one component to `inside`, or returns in *p what is left to walk when it is a link. */
static int join_component(struct ctx *cx, const char *root, struct buf *inside, struct strv part,
                          const char **p, int *links)
{
    size_t len = inside->len;
    if (part.n == 2 && memcmp(part.p, "..", 2) == 0) {
        cut_last(inside);
        return 0;
    }
    buf_fmt(inside, "/%.*s", (int)part.n, part.p);
    const char *target = link_target(cx, root, buf_text(inside));
    if (!target)
        return 0;
    if (++*links > LINKS_MAX)
        return err_fail(cx, ERR_DENIED, "%s: too many levels of symbolic links", buf_text(inside));
    buf_cut(inside, *target == '/' ? 0 : len);
    *p = str_fmt(cx->arena, "%s/%s", target, *p);
    return 0;
}

int fs_join_secure(struct ctx *cx, const char *root, const char *rel, const char **ret_path)
{
    struct buf inside = buf_new(cx->arena, (size_t)16 * PATH_MAX);
    char *base = str_dup(cx->arena, root);
    int links = 0;
    for (size_t n = strlen(base); n && base[n - 1] == '/';)
        base[--n] = '\0';
    for (const char *p = rel;;) {
        struct strv part = take_component(&p);
        if (!part.n)
            break;
        if (part.n == 1 && *part.p == '.')
            continue;
        if (join_component(cx, base, &inside, part, &p, &links) < 0)
            return cx->err.code;
    }
    if (buf_ok(cx, &inside, "the path") < 0)
        return cx->err.code;
    *ret_path = inside.len || *base ? str_fmt(cx->arena, "%s%s", base, buf_text(&inside)) : "/";
    return 0;
}

static int too_large(struct ctx *cx, const char *name, size_t max)
{
    return err_fail(cx, ERR_LIMIT, "read %s: has more than the %zu bytes allowed", name, max);
}

/* What the buffer has room for already, if anything: whoever looks for the end only does not make it grow. */
static size_t next_step(const struct buf *b, size_t step)
{
    size_t left = b->cap > b->len ? b->cap - b->len - 1 : 0;
    return left && left < step ? left : step;
}

/* Reads to the end in steps; the buffer has room for one step more than `max`. */
static int read_to_end(struct ctx *cx, int fd, const char *name, size_t max, size_t step, struct buf *b)
{
    for (;;) {
        size_t want = next_step(b, step);
        ssize_t n = read(fd, buf_room(b, want), want);
        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(cx, "read %s", name);
        buf_grown(b, (size_t)n);
        if (b->len > max)
            return too_large(cx, name, max);
    }
}

static int read_regular(struct ctx *cx, int fd, const char *name, size_t max, struct buf *out)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_errno(cx, "stat %s", name);
    if (!S_ISREG(st.st_mode))
        return err_fail(cx, ERR_INVALID, "read %s: is %s", name,
                        S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
    max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2;
    if ((size_t)st.st_size > max)
        return too_large(cx, name, max);
    size_t step = (size_t)st.st_size + 1 < READ_CHUNK && st.st_size ? (size_t)st.st_size + 1 : READ_CHUNK;
    struct buf b = buf_new(cx->arena, max + READ_CHUNK);
    if ((size_t)st.st_size > READ_CHUNK)
        buf_room(&b, (size_t)st.st_size +
                         READ_CHUNK); /* all at once: a buffer that grows leaves its old selves behind */
    if (read_to_end(cx, fd, name, max, step, &b) < 0)
        return cx->err.code;
    b.max = max;
    *out = b;
    return 0;
}

int fs_read_fd(struct ctx *cx, int fd, const char *name, size_t max, struct buf *out)
{
    return read_regular(cx, fd, name, max, out);
}

int fs_read_file(struct ctx *cx, const char *path, size_t max, struct buf *out)
{
    CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_errno(cx, "open %s", path);
    return read_regular(cx, fd, path, max, out);
}

int fs_read_at(struct ctx *cx, int rootfd, const char *rel, size_t max, struct buf *out)
{
    CLEANUP(cleanup_fd) int fd = -1;
    if (fs_open_beneath(cx, rootfd, rel, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd) < 0)
        return cx->err.code;
    return read_regular(cx, fd, rel, max, out);
}
