/*
 * fs_tree.c: walking, listing and removing trees; the contract is in fs.h.
 *
 * All three work on open folders, so that swapping a folder for a link while they run leads nowhere. A walk keeps its
 * names in an arena of its own: what the callback allocates in cx lives on. Removing holds at most DEPTH_OPEN folders
 * open: a deeper one is first moved to the top of the tree, because who made the tree may have nested it at will.
 */
#include "libgotk/base/fs.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WALK_DEPTH 512
#define WALK_MEM   ((size_t)256 << 20)
#define DEPTH_OPEN 64

VEC_NAMED(names, const char *);

static void cleanup_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static bool is_dot(const char *name)
{
    return str_eq(name, ".") || str_eq(name, "..");
}

/* Opens a stream over the folder `fd` that leaves fd open. */
static DIR *open_stream(int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir && copy >= 0)
        close(copy);
    return dir;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_names(struct ctx *cx, struct arena *a, int fd, const char *path, struct names *ret)
{
    CLEANUP(cleanup_dir) DIR *dir = open_stream(fd);
    struct names names = { 0 };
    if (!dir)
        return err_errno(cx, "open %s", path);
    errno = 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL; errno = 0)
        if (!is_dot(e->d_name))
            vec_push(a, &names, str_dup(a, e->d_name));
    if (errno)
        return err_errno(cx, "read %s", path);
    if (names.len)
        qsort(names.at, names.len, sizeof(*names.at), by_bytes);
    *ret = names;
    return 0;
}

int fs_list(struct ctx *cx, const char *path, const char ***ret_names, size_t *ret_count)
{
    CLEANUP(cleanup_fd) int fd = -1;
    struct names names;
    if (fs_open_dir(cx, path, &fd) < 0 || read_names(cx, cx->arena, fd, path, &names) < 0)
        return cx->err.code;
    vec_push(cx->arena, &names, NULL);
    *ret_names = names.at;
    *ret_count = names.len - 1;
    return 0;
}

struct walk {
    struct arena *scratch;
    fs_walk_fn fn;
    void *user;
    const char *root;
};

static int walk_entry(struct ctx *cx, const struct walk *w, int dirfd, const char *name, const char *path,
                      int depth);

static int walk_children(struct ctx *cx, const struct walk *w, int fd, const char *path, int depth)
{
    struct names names;
    if (depth >= WALK_DEPTH)
        return err_fail(cx, ERR_LIMIT, "%s/%s: folders are nested more than %d deep", w->root, path,
                        WALK_DEPTH);
    if (read_names(cx, w->scratch, fd, path, &names) < 0)
        return cx->err.code;
    for (size_t i = 0; i < names.len; i++) {
        const char *child =
            depth ? str_fmt(w->scratch, "%s/%s", path, names.at[i]) : str_dup(w->scratch, names.at[i]);
        int next = walk_entry(cx, w, fd, names.at[i], child, depth + 1);
        if (next < 0 || next == FS_WALK_STOP)
            return next;
    }
    return FS_WALK_ON;
}

static int walk_entry(struct ctx *cx, const struct walk *w, int dirfd, const char *name, const char *path,
                      int depth)
{
    CLEANUP(cleanup_fd) int fd = -1;
    struct stat st;
    if (ctx_check(cx) < 0)
        return cx->err.code;
    if (fstatat(dirfd, name, &st, depth ? AT_SYMLINK_NOFOLLOW : 0) < 0)
        return err_errno(cx, "stat %s/%s", w->root, path);
    struct fs_entry entry = {
        .path = path, .name = depth ? name : ".", .stat = &st, .dirfd = depth ? dirfd : AT_FDCWD
    };
    int next = w->fn(cx, w->user, &entry);
    if (next != FS_WALK_ON || !S_ISDIR(st.st_mode))
        return next == FS_WALK_SKIP ? FS_WALK_ON : next;
    fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
    if (fd < 0)
        return err_errno(cx, "open %s/%s", w->root, path);
    struct arena_mark mark = arena_mark(w->scratch);
    next = walk_children(cx, w, fd, path, depth);
    arena_release(w->scratch, mark);
    return next;
}

int fs_walk(struct ctx *cx, const char *root, fs_walk_fn fn, void *user)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(WALK_MEM);
    struct walk w = { .scratch = scratch, .fn = fn, .user = user, .root = root };
    int rc = walk_entry(cx, &w, AT_FDCWD, root, ".", 0);
    return rc < 0 ? rc : 0;
}

struct removal {
    int topfd; /* where folders that lie too deep are moved to */
    unsigned moved;
};

static int remove_child(struct removal *r, int fd, const char *name, int depth);

/* Removes what is in the folder `fd`; -1 with errno at the first failure. */
static int remove_content(struct removal *r, int fd, int depth)
{
    CLEANUP(cleanup_dir) DIR *dir = open_stream(fd);
    if (!dir)
        return -1;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        if (!is_dot(e->d_name) && remove_child(r, fd, e->d_name, depth) < 0)
            return -1;
    return 0;
}

/* Under a name that is free there: who made the tree may have thought of ours. */
static int move_to_top(struct removal *r, int fd, const char *name)
{
    char top[64];
    int rc;
    do {
        snprintf(top, sizeof(top), ".removed-%d-%u", (int)getpid(), r->moved++);
        rc = renameat(fd, name, r->topfd, top);
    } while (rc < 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR));
    return rc;
}

static int remove_child(struct removal *r, int fd, const char *name, int depth)
{
    if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    if (unlinkat(fd, name, AT_REMOVEDIR) == 0)
        return 0;
    if (depth >= DEPTH_OPEN)
        return move_to_top(r, fd, name);
    CLEANUP(cleanup_fd) int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (child < 0 || remove_content(r, child, depth + 1) < 0)
        return -1;
    return unlinkat(fd, name, AT_REMOVEDIR);
}

/* -1 with errno when something stays; absence is success. */
static int remove_tree(const char *path)
{
    struct removal r = { 0 };
    unsigned before;
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return 0;
    CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    r.topfd = fd;
    do {
        before = r.moved;
        if (remove_content(&r, fd, 0) < 0)
            return -1;
    } while (r.moved != before);
    return rmdir(path);
}

int fs_remove_tree(struct ctx *cx, const char *path)
{
    if (remove_tree(path) < 0)
        return err_errno(cx, "remove %s", path);
    return 0;
}

void fs_remove_tree_deferred(void *path)
{
    int saved = errno;
    (void)remove_tree(path);
    errno = saved;
}
