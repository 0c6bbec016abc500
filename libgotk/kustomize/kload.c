/*
 * kload.c: see kload.h. A path is joined and cleaned as text first, as kustomize does, so that "../x" means the folder
 * beside even when a link led here; what leaves the root as text is refused before anything is opened, what leaves it
 * by a link is confined by the kernel. Rejected: realpath checks before opening (a window between check and use).
 */
#include "libgotk/kustomize/kload.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)64 << 20)

const char *kload_join(struct arena *a, const char *dir, const char *path)
{
    VEC(const char *) kept = { 0 };
    size_t n = 0;
    char **parts = str_split(a, path[0] == '/' ? path : str_fmt(a, "%s/%s", dir, path), '/', &n);
    for (size_t i = 0; i < n; i++) {
        if (!parts[i][0] || !strcmp(parts[i], "."))
            continue;
        bool up = !strcmp(parts[i], "..");
        if (up && kept.len && strcmp(kept.at[kept.len - 1], "..") != 0)
            kept.len--;
        else
            vec_push(a, &kept, parts[i]);
    }
    return kept.len ? str_join(a, kept.at, kept.len, "/") : ".";
}

bool kload_is_remote(const char *path)
{
    return str_starts(path, "https://") || str_starts(path, "http://");
}

/* Marks of a repository in an https URL: a path behind "//", a revision, a name that ends in .git. */
static bool looks_cloned(const char *url)
{
    const char *rest = strstr(url, "://") + 3;
    const char *query = strchr(rest, '?');
    return strstr(rest, "//") || strstr(rest, ".git/") || str_ends(rest, ".git") || strstr(rest, ".git?") ||
           strstr(rest, "/_git/") || (query && (strstr(query, "ref=") || strstr(query, "version=")));
}

bool kload_is_git(const char *path)
{
    static const char *const prefixes[] = { "git::",       "gh:",         "ssh://", "git@",
                                            "github.com/", "github.com:", "file://" };
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(path, prefixes[i]))
            return true;
    return kload_is_remote(path) && looks_cloned(path);
}

/* The part of an absolute path below the root; NULL when it lies elsewhere. */
static const char *below_root(const struct kload *l, const char *absolute)
{
    size_t n = strlen(l->root);
    while (n && l->root[n - 1] == '/')
        n--;
    if (strncmp(absolute, l->root, n) != 0 || (absolute[n] && absolute[n] != '/'))
        return NULL;
    while (absolute[n] == '/')
        n++;
    return absolute[n] ? absolute + n : ".";
}

static int escapes(struct ctx *cx, const struct kload *l, const char *path)
{
    return err_fail(
        cx, ERR_DENIED,
        "fs-security-constraint: path '%s' is not in or below '%s' (named in '%s'); move the file into the "
        "source",
        path, l->root, l->dir);
}

/* The path relative to the root of what a kustomization of `l` calls `path`. */
static int locate(struct ctx *cx, const struct kload *l, const char *path, const char **ret)
{
    const char *joined = path[0] == '/' ? below_root(l, path) : kload_join(cx->arena, l->dir, path);
    if (joined && path[0] == '/')
        joined = kload_join(cx->arena, ".", joined);
    if (!joined || !strcmp(joined, "..") || str_starts(joined, "../"))
        return escapes(cx, l, path);
    *ret = joined;
    return 0;
}

const char *kload_show(struct arena *a, const struct kload *from, const char *path)
{
    return kload_is_remote(path) ? path : kload_join(a, from->dir, path);
}

const char *kload_trail(struct arena *a, const struct kload *from)
{
    const char *trail = from->dir;
    for (const struct kload *l = from->parent; l; l = l->parent)
        trail = str_fmt(a, "%s -> %s", l->dir, trail);
    return trail;
}

/* The folder's path below the root with links resolved, asked from the kernel; as named when it cannot say. */
static const char *real_dir(struct ctx *cx, const struct kload *l, int fd, const char *named)
{
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n <= 0)
        return named;
    path[n] = '\0';
    const char *below = below_root(l, path);
    return below ? str_dup(cx->arena, below) : named;
}

/* What could have been meant: the nearest name in the folder of a missing file, or all names of a small one. */
static const char *names_there(struct ctx *cx, const struct kload *l, const char *path)
{
    const char **names = NULL;
    size_t count = 0;
    const char *slash = strrchr(path, '/');
    const char *dir = slash ? str_ndup(cx->arena, path, (size_t)(slash - path)) : ".";
    const char *base = slash ? slash + 1 : path;
    struct err kept = cx->err;
    if (fs_list(cx, str_fmt(cx->arena, "%s/%s", l->root, dir), &names, &count) < 0)
        count = 0;
    cx->err = kept;
    const char *near = count ? str_nearest(base, names, count) : NULL;
    if (near)
        return str_fmt(cx->arena, " (did you mean '%s'?)", near);
    if (!count || count > 12)
        return "";
    return str_fmt(cx->arena, " ('%s' holds %s)", dir, str_join(cx->arena, names, count, ", "));
}

static int missing(struct ctx *cx, const struct kload *l, const char *path)
{
    return err_fail(cx, ERR_NOT_FOUND, "open %s: no such file or directory%s", path,
                    names_there(cx, l, path));
}

static int open_dir(struct ctx *cx, const struct kload *l, const char *path, const char **ret_dir)
{
    CLEANUP(cleanup_fd) int fd = -1;
    struct stat st;
    if (fs_open_beneath(cx, l->rootfd, path, O_PATH, 0, &fd) < 0) {
        if (err_code(cx) == ERR_NOT_FOUND)
            return err_fail(
                cx, ERR_NOT_FOUND,
                "must build at directory: not a valid directory: evalsymlink failure on '%s' : lstat %s: no "
                "such file or directory%s",
                path, path, names_there(cx, l, path));
        return err_wrap(cx, "must build at directory");
    }
    if (fstat(fd, &st) < 0)
        return err_errno(cx, "must build at directory: %s", path);
    if (!S_ISDIR(st.st_mode))
        return err_fail(cx, ERR_INVALID, "must build at directory: '%s': file is not directory", path);
    *ret_dir = real_dir(cx, l, fd, path);
    return 0;
}

int kload_open(struct ctx *cx, const struct kustomize_options *options, struct kload **ret)
{
    struct kload *l = ARENA_NEW(cx->arena, struct kload);
    char real[PATH_MAX];
    if (!realpath(options->root, real))
        return err_errno(cx, "%s", options->root);
    l->options = options;
    l->root = str_dup(cx->arena, real);
    l->dir = ".";
    if (fs_open_dir(cx, l->root, &l->rootfd) < 0)
        return err_code(cx);
    fs_defer_close(cx->arena, l->rootfd);
    const char *dir = str_or(options->dir, ".");
    if (dir[0] == '/' && !below_root(l, dir) && realpath(dir, real))
        dir = real;
    if (locate(cx, l, dir, &dir) < 0 || open_dir(cx, l, dir, &l->dir) < 0)
        return err_code(cx);
    *ret = l;
    return 0;
}

/* True when `dir` is `outer` or lies below it. */
static bool inside(const char *dir, const char *outer)
{
    size_t n = strlen(outer);
    if (!strcmp(outer, "."))
        return true;
    return !strncmp(dir, outer, n) && (!dir[n] || dir[n] == '/');
}

static int check_cycle(struct ctx *cx, const struct kload *from, const char *dir)
{
    for (const struct kload *l = from; l; l = l->parent)
        if (inside(l->dir, dir))
            return err_fail(
                cx, ERR_INVALID,
                "cycle detected: candidate root '%s' contains visited root '%s' (the way here was %s)", dir,
                l->dir, kload_trail(cx->arena, from));
    return 0;
}

static int refuse_git(struct ctx *cx, const char *path)
{
    return err_fail(
        cx, ERR_UNSUPPORTED,
        "'%s' is a Git repository: remote repositories as bases are not supported in this version; add it as "
        "a source of its own, or copy what is needed",
        path);
}

int kload_enter(struct ctx *cx, const struct kload *from, const char *path, struct kload **ret)
{
    if (!path[0])
        return err_fail(cx, ERR_INVALID, "new root cannot be empty");
    if (kload_is_git(path) || kload_is_remote(path))
        return refuse_git(cx, path);
    if (path[0] == '/')
        return err_fail(cx, ERR_INVALID, "new root '%s' cannot be absolute", path);
    struct kload *l = ARENA_NEW(cx->arena, struct kload);
    *l = *from;
    l->parent = from;
    const char *dir = NULL;
    if (locate(cx, from, path, &dir) < 0)
        return err_wrap(cx, "must build at directory");
    if (open_dir(cx, from, dir, &l->dir) < 0 || check_cycle(cx, from, l->dir) < 0)
        return err_code(cx);
    *ret = l;
    return 0;
}

static int read_remote(struct ctx *cx, const struct kload *l, const char *url, struct buf *ret_text)
{
    if (!l->options->allow_remote)
        return err_fail(cx, ERR_DENIED,
                        "'%s' is remote, and remote bases are disabled here (--no-remote-bases)", url);
    if (!l->options->fetch)
        return err_fail(cx, ERR_UNSUPPORTED, "'%s' is remote, and this build cannot fetch", url);
    *ret_text = buf_new(cx->arena, FILE_MAX);
    if (l->options->fetch(cx, l->options->user, url, ret_text) < 0)
        return cx->err.http_status ? err_wrap(cx, "HTTP Error: status code %d", cx->err.http_status)
                                   : err_code(cx);
    return buf_ok(cx, ret_text, url);
}

/* With root_only, a file has to lie in or below the folder of the kustomization that names it. */
static int check_restriction(struct ctx *cx, const struct kload *l, int fd, const char *path)
{
    if (!l->options->root_only)
        return 0;
    const char *real = real_dir(cx, l, fd, path);
    if (inside(real, l->dir))
        return 0;
    return err_fail(cx, ERR_DENIED, "security; file '%s' is not in or below '%s'", real, l->dir);
}

static int read_local(struct ctx *cx, const struct kload *l, const char *path, struct buf *ret_text)
{
    CLEANUP(cleanup_fd) int fd = -1;
    struct stat st;
    if (fs_open_beneath(cx, l->rootfd, path, O_PATH, 0, &fd) < 0)
        return err_code(cx) == ERR_NOT_FOUND ? missing(cx, l, path) : err_code(cx);
    if (fstat(fd, &st) < 0)
        return err_errno(cx, "%s", path);
    if (S_ISDIR(st.st_mode))
        return err_fail(cx, ERR_INVALID, "read %s: is a directory", path);
    if (check_restriction(cx, l, fd, path) < 0)
        return err_code(cx);
    return fs_read_at(cx, l->rootfd, path, FILE_MAX, ret_text);
}

int kload_read(struct ctx *cx, const struct kload *from, const char *path, struct buf *ret_text)
{
    const char *located = NULL;
    if (kload_is_remote(path))
        return read_remote(cx, from, path, ret_text);
    if (locate(cx, from, path, &located) < 0)
        return err_code(cx);
    return read_local(cx, from, located, ret_text);
}

bool kload_exists(struct ctx *cx, const struct kload *from, const char *path)
{
    CLEANUP(cleanup_fd) int fd = -1;
    const char *located = NULL;
    struct stat st;
    struct err kept = cx->err;
    bool found = locate(cx, from, path, &located) >= 0 &&
                 fs_open_beneath(cx, from->rootfd, located, O_PATH, 0, &fd) >= 0 && fstat(fd, &st) >= 0 &&
                 !S_ISDIR(st.st_mode);
    cx->err = kept;
    return found;
}
