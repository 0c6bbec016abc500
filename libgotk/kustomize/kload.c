/*
 * kload.c: see kload.h. A path is joined and cleaned as text first, as kustomize does, so that "../x" means the folder
 * beside even when a link led here; what leaves the root as text is refused before anything is opened, what leaves it
 * by a link is confined by the kernel. A clone is a root of its own, which its kustomizations do not leave. Rejected: realpath checks before opening (a window between check and use).
 */
#include "libgotk/kustomize/kload.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/kustomize/repospec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_MAX ((size_t)64 << 20)

static char *without_last(const char *start, char *end)
{
    while (end > start && end[-1] != '/')
        end--;
    return end > start ? end - 1 : end;
}

static bool ends_above(const char *start, const char *end)
{
    return end - start >= 2 && end[-1] == '.' && end[-2] == '.' && (end - start == 2 || end[-3] == '/');
}

/* Writes the parts of `path` behind those from `start` on; returns the new end. */
static char *add_parts(const char *start, char *end, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");
        bool up = n == 2 && !strncmp(path, "..", n);
        if (up && end > start && !ends_above(start, end)) {
            end = without_last(start, end);
        } else if (n && !(n == 1 && *path == '.')) {
            if (end > start)
                *end++ = '/';
            end = mempcpy(end, path, n);
        }
        path += n + (path[n] == '/');
    }
    return end;
}

const char *kload_join(struct arena *a, const char *dir, const char *path)
{
    char *joined = arena_alloc_raw(a, strlen(dir) + strlen(path) + 2), *end = joined;
    if (path[0] != '/')
        end = add_parts(joined, end, dir);
    end = add_parts(joined, end, path);
    *end = '\0';
    return end > joined ? joined : ".";
}

bool kload_is_remote(const char *path)
{
    return !strncasecmp(path, "https://", 8) || !strncasecmp(path, "http://", 7);
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
    if (l->repo)
        return err_fail(
            cx, ERR_DENIED,
            "security; bases in kustomizations found in cloned git repos must be within the repo, but base '%s' "
            "is outside '%s' (named in '%s')",
            path, repospec_url(cx->arena, l->repo), kload_name(cx->arena, l));
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

/* A path below the root, with the repository it is in. */
static const char *in_repo(struct arena *a, const struct kload *l, const char *path)
{
    if (!l->repo)
        return path;
    return str_fmt(a, "%s//%s", repospec_url(a, l->repo), strcmp(path, ".") != 0 ? path : "");
}

const char *kload_show(struct arena *a, const struct kload *from, const char *path)
{
    return kload_is_remote(path) ? path : in_repo(a, from, kload_join(a, from->dir, path));
}

const char *kload_name(struct arena *a, const struct kload *l)
{
    const char *name = in_repo(a, l, l->dir);
    return l->repo && l->repo->ref[0] ? str_fmt(a, "%s?ref=%s", name, l->repo->ref) : name;
}

const char *kload_trail(struct arena *a, const struct kload *from)
{
    const char *trail = kload_name(a, from);
    for (const struct kload *l = from->parent; l; l = l->parent)
        trail = str_fmt(a, "%s -> %s", kload_name(a, l), trail);
    return trail;
}

/* An open file or folder, and whether its name is also where it lies. */
struct opened {
    int fd;
    bool linked;
    const char *name;
};

/* Its path below the root with links resolved, asked from the kernel when there are any; as named when it cannot say. */
static const char *real_path(struct ctx *cx, const struct kload *l, const struct opened *o)
{
    char link[64];
    if (!o->linked)
        return o->name;
    char *path = arena_alloc_raw(cx->arena, PATH_MAX);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", o->fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = '\0';
    arena_trim(cx->arena, path, PATH_MAX, strlen(path) + 1);
    return n > 0 ? str_or(below_root(l, path), o->name) : o->name;
}

const char *kload_names(struct ctx *cx, const struct kload *l)
{
    const char **names = NULL;
    size_t count = 0;
    struct err kept = cx->err;
    if (fs_list(cx, str_fmt(cx->arena, "%s/%s", l->root, l->dir), &names, &count) < 0)
        count = 0;
    cx->err = kept;
    if (!count || count > 12)
        return "";
    return str_fmt(cx->arena,
                   " (it holds %s: list files by their names, or write a kustomization.yaml for them)",
                   str_join(cx->arena, names, count, ", "));
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
    if (near && !strcmp(near, base))
        return " (it is a link that leads to nothing, or out of the source)";
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
    struct opened o = { .name = path };
    struct stat st;
    if (fs_open_known(cx, l->rootfd, path, O_PATH, &fd, &o.linked) < 0) {
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
    o.fd = fd;
    *ret_dir = real_path(cx, l, &o);
    return 0;
}

/* ---- entering ------------------------------------------------------------------------------------------------------ */

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
    for (const struct kload *l = from; l && l->repo == from->repo; l = l->parent)
        if (inside(l->dir, dir))
            return err_fail(
                cx, ERR_INVALID,
                "cycle detected: candidate root '%s' contains visited root '%s' (the way here was %s)", dir,
                l->dir, kload_trail(cx->arena, from));
    return 0;
}

static int check_repo_cycle(struct ctx *cx, const struct kload *from, const struct repospec *spec)
{
    for (const struct kload *l = from; l; l = l->parent)
        if (l->repo && str_starts(l->repo->raw, spec->raw))
            return err_fail(cx, ERR_INVALID,
                            "cycle detected: URI '%s' referenced by previous URI '%s' (the way here was %s)",
                            spec->raw, l->repo->raw, kload_trail(cx->arena, from));
    return 0;
}

static int check_remote(struct ctx *cx, const struct kload *l, const char *url, bool can)
{
    if (!l->options->allow_remote)
        return err_fail(cx, ERR_DENIED,
                        "'%s' is remote, and remote bases are disabled here (--no-remote-bases)", url);
    if (!can)
        return err_fail(cx, ERR_UNSUPPORTED, "'%s' is remote, and this build cannot fetch", url);
    return 0;
}

/* Where a path really leads; NULL with errno. */
static const char *resolved(struct arena *a, const char *path)
{
    char *real = arena_alloc_raw(a, PATH_MAX);
    const char *found = realpath(path, real);
    arena_trim(a, real, PATH_MAX, found ? strlen(found) + 1 : 1);
    return found;
}

/* Opens a folder as the root of a loader; its descriptor closes with the arena. */
static int open_root(struct ctx *cx, const char *dir, struct kload *l)
{
    l->root = resolved(cx->arena, dir);
    if (!l->root)
        return err_errno(cx, "%s", dir);
    l->dir = ".";
    if (fs_open_dir(cx, l->root, &l->rootfd) < 0)
        return err_code(cx);
    fs_defer_close(cx->arena, l->rootfd);
    return 0;
}

static int missing_in_repo(struct ctx *cx, const struct kload *l)
{
    if (err_code(cx) != ERR_INVALID && err_code(cx) != ERR_NOT_FOUND)
        return err_code(cx);
    return err_wrap(cx, "'%s' of the repository %s", l->repo->path, repospec_url(cx->arena, l->repo));
}

/* Makes `l` the loader of a repository's folder. A clone is never left. */
static int enter_clone(struct ctx *cx, const struct kload *from, const struct repospec *spec, struct kload *l)
{
    const struct kustomize_options *options = l->options;
    const char *root = NULL, *dir = NULL;
    if (check_remote(cx, l, spec->raw, options->clone != NULL) < 0 || check_repo_cycle(cx, from, spec) < 0)
        return err_code(cx);
    if (spec->forced && options->warn)
        options->warn(
            options->user,
            "Warning: Forcing the git protocol using the 'git::' URL prefix is not supported. Kustomize currently "
            "strips this invalid prefix, but will stop doing so in a future release. Please remove the 'git::' "
            "prefix from your configuration.");
    if (options->clone(cx, options->user, spec, &root) < 0 || open_root(cx, root, l) < 0)
        return err_code(cx);
    l->repo = spec;
    l->root_only = true;
    if (locate(cx, l, *spec->path ? spec->path : ".", &dir) < 0 || open_dir(cx, l, dir, &l->dir) < 0)
        return missing_in_repo(cx, l);
    return 0;
}

int kload_open(struct ctx *cx, const struct kustomize_options *options, struct kload **ret)
{
    struct kload *l = ARENA_NEW(cx->arena, struct kload);
    struct repospec *spec = ARENA_NEW(cx->arena, struct repospec);
    const char *dir = str_or(options->dir, ".");
    *l = (struct kload){ .options = options, .root_only = options->root_only, .rootfd = -1 };
    if (options->clone && repospec_find(cx, dir, spec)) {
        *ret = l;
        return enter_clone(cx, NULL, spec, l);
    }
    if (open_root(cx, options->root, l) < 0)
        return err_code(cx);
    if (dir[0] == '/' && !below_root(l, dir))
        dir = str_or(resolved(cx->arena, dir), dir);
    if (locate(cx, l, dir, &dir) < 0 || open_dir(cx, l, dir, &l->dir) < 0)
        return err_code(cx);
    *ret = l;
    return 0;
}

static int enter_folder(struct ctx *cx, const struct kload *from, const char *path, struct kload *l)
{
    const char *dir = NULL;
    if (path[0] == '/')
        return err_fail(cx, ERR_INVALID, "new root '%s' cannot be absolute", path);
    if (locate(cx, from, path, &dir) < 0)
        return from->repo ? err_code(cx) : err_wrap(cx, "must build at directory");
    if (open_dir(cx, from, dir, &l->dir) < 0 || check_cycle(cx, from, l->dir) < 0)
        return err_code(cx);
    return 0;
}

int kload_enter(struct ctx *cx, const struct kload *from, const char *path, struct kload **ret)
{
    struct repospec *spec = ARENA_NEW(cx->arena, struct repospec);
    struct kload *l = ARENA_NEW(cx->arena, struct kload);
    if (!path[0])
        return err_fail(cx, ERR_INVALID, "new root cannot be empty");
    *l = *from;
    l->parent = from;
    bool remote = repospec_find(cx, path, spec);
    if ((remote ? enter_clone(cx, from, spec, l) : enter_folder(cx, from, path, l)) < 0)
        return err_code(cx);
    *ret = l;
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static int read_remote(struct ctx *cx, const struct kload *l, const char *url, struct buf *ret_text)
{
    if (check_remote(cx, l, url, l->options->fetch != NULL) < 0)
        return err_code(cx);
    *ret_text = buf_new(cx->arena, FILE_MAX);
    if (l->options->fetch(cx, l->options->user, url, ret_text) < 0)
        return cx->err.http_status ? err_wrap(cx, "HTTP Error: status code %d", cx->err.http_status)
                                   : err_code(cx);
    return buf_ok(cx, ret_text, url);
}

/* With root_only, a file has to lie in or below the folder of the kustomization that names it. */
static int check_restriction(struct ctx *cx, const struct kload *l, const struct opened *o)
{
    if (!l->root_only)
        return 0;
    const char *real = real_path(cx, l, o);
    if (inside(real, l->dir))
        return 0;
    return err_fail(cx, ERR_DENIED, "security; file '%s' is not in or below '%s'",
                    in_repo(cx->arena, l, real), kload_name(cx->arena, l));
}

static int read_local(struct ctx *cx, const struct kload *l, const char *path, struct buf *ret_text)
{
    CLEANUP(cleanup_fd) int fd = -1;
    struct opened o = { .name = path };
    struct stat st;
    if (fs_open_known(cx, l->rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd, &o.linked) < 0)
        return err_code(cx) == ERR_NOT_FOUND ? missing(cx, l, path) : err_code(cx);
    if (fstat(fd, &st) < 0)
        return err_errno(cx, "%s", path);
    if (S_ISDIR(st.st_mode))
        return err_fail(cx, ERR_INVALID, "read %s: is a directory", path);
    o.fd = fd;
    if (check_restriction(cx, l, &o) < 0)
        return err_code(cx);
    return fs_read_fd(cx, fd, path, FILE_MAX, ret_text);
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
