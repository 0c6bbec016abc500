/*
 * storage.c: artifacts on disk; see storage.h.
 *
 * Names beginning with a dot are ours (folders of fetches under way) and are never served.
 */
#include "source-controller/storage.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define STAGE_PREFIX  ".incoming-"
#define LINK_NAME     "latest.tar.gz"
#define GARBAGE_LIMIT 1000 /* files looked at per pass */

int storage_open(struct ctx *cx, struct storage *s)
{
    struct hash *probe;
    if (hash_new(cx, s->algorithm, &probe) < 0)
        return err_wrap(cx, "--artifact-digest-algo");
    if (!fs_is_dir(s->root))
        return err_fail(cx, ERR_NOT_FOUND, "invalid dir path: %s (--storage-path must be an existing folder)",
                        s->root);
    return fs_open_dir(cx, s->root, &s->root_fd);
}

void storage_close(struct storage *s)
{
    cleanup_fd(&s->root_fd);
    s->root_fd = -1;
}

static char *folder(struct arena *a, const struct storage_owner *owner)
{
    return str_fmt(a, "%s/%s/%s", str_lower(a, owner->kind), owner->ns, owner->name);
}

char *storage_path(struct arena *a, const struct storage_owner *owner, const char *file)
{
    return str_fmt(a, "%s/%s", folder(a, owner), file);
}

char *storage_url(struct arena *a, const struct storage *s, const char *path)
{
    bool has_scheme = str_starts(s->host, "http://") || str_starts(s->host, "https://");
    return str_fmt(a, "%s%s/%s", has_scheme ? "" : "http://", s->host, path + strspn(path, "/"));
}

const char *storage_host(struct arena *a, const char *advertised, const char *listen)
{
    const char *colon = strrchr(listen, ':');
    const char *port = colon ? colon + 1 : "9090";
    const char *host = colon ? str_ndup(a, listen, (size_t)(colon - listen)) : listen;
    char name[256] = "";
    if (!str_empty(advertised))
        return advertised;
    if (*host == '\0')
        host = "localhost";
    if (str_eq(host, "0.0.0.0")) {
        if (gethostname(name, sizeof(name) - 1) < 0)
            name[0] = '\0';
        host = str_or(getenv("HOSTNAME"), str_or(name, "localhost"));
    }
    return str_fmt(a, "%s:%s", host, port);
}

/* The file's name when `path` is directly in the owner's folder; NULL otherwise. */
static const char *own_file(struct arena *a, const struct storage_owner *owner, const char *path)
{
    const char *start = storage_path(a, owner, "");
    const char *name = str_starts(path, start) ? path + strlen(start) : NULL;
    return name && *name && *name != '.' && !strchr(name, '/') ? name : NULL;
}

/* The owner's folder as a descriptor; ERR_NOT_FOUND when there is none. */
static int open_folder(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                       int *ret_fd)
{
    return fs_open_nolinks(cx, s->root_fd, folder(cx->arena, owner), O_RDONLY | O_DIRECTORY, 0, ret_fd);
}

/* Opens a regular file for reading, whatever lies at its name. */
static int open_regular(struct ctx *cx, int dirfd, const char *name, struct stat *ret_stat, int *ret_fd)
{
    CLEANUP(cleanup_fd) int fd = -1;
    if (fs_open_nolinks(cx, dirfd, name, O_RDONLY | O_NONBLOCK, 0, &fd) < 0)
        return cx->err.code;
    if (fstat(fd, ret_stat) < 0)
        return err_errno(cx, "cannot look at %s", name);
    if (!S_ISREG(ret_stat->st_mode))
        return err_fail(cx, ERR_NOT_FOUND, "%s is not a regular file", name);
    *ret_fd = fd;
    fd = -1;
    return 0;
}

static int digest_of(struct ctx *cx, int fd, const char *algorithm, const char **ret_hex)
{
    enum { CHUNK = 256 << 10 };
    struct hash *hash;
    if (hash_new(cx, algorithm, &hash) < 0)
        return cx->err.code;
    char *chunk = arena_alloc_raw(cx->arena, CHUNK);
    for (;;) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(cx, "cannot read the artifact");
        if (n == 0)
            break;
        hash_update(hash, chunk, (size_t)n);
        if (ctx_check(cx) < 0)
            return cx->err.code;
    }
    *ret_hex = hash_hex(hash, cx->arena);
    return 0;
}

int storage_verify(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                   const struct artifact *artifact)
{
    CLEANUP(cleanup_fd) int dirfd = -1;
    CLEANUP(cleanup_fd) int fd = -1;
    struct stat st;
    const char *name = own_file(cx->arena, owner, str_or(artifact->path, ""));
    const char *colon = strchr(str_or(artifact->digest, ""), ':');
    const char *hex;
    if (!name)
        return err_fail(cx, ERR_NOT_FOUND, "'%s' is no artifact of this object", str_or(artifact->path, ""));
    if (open_folder(cx, s, owner, &dirfd) < 0 || open_regular(cx, dirfd, name, &st, &fd) < 0)
        return cx->err.code;
    if (!colon)
        return err_fail(cx, ERR_INVALID, "artifact has no digest");
    const char *algorithm = str_ndup(cx->arena, artifact->digest, (size_t)(colon - artifact->digest));
    if (digest_of(cx, fd, algorithm, &hex) < 0)
        return cx->err.code;
    if (!str_eq(hex, colon + 1))
        return err_fail(cx, ERR_INVALID, "computed digest doesn't match '%s'", artifact->digest);
    return 0;
}

const char *storage_find(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                         const char *path)
{
    CLEANUP(cleanup_fd) int dirfd = -1;
    CLEANUP(cleanup_fd) int fd = -1;
    const char *name = own_file(cx->arena, owner, path);
    struct stat st;
    if (!name)
        return NULL;
    if (open_folder(cx, s, owner, &dirfd) < 0 || open_regular(cx, dirfd, name, &st, &fd) < 0) {
        err_clear(cx);
        return NULL;
    }
    return str_fmt(cx->arena, "%s/%s", s->root, path);
}

/* Folders of fetches that never ended, e.g. because the process was killed. */
static int remove_stale(struct ctx *cx, const char *dir)
{
    const char **names;
    size_t count;
    if (fs_list(cx, dir, &names, &count) < 0)
        return cx->err.code;
    for (size_t i = 0; i < count; i++)
        if (str_starts(names[i], STAGE_PREFIX) &&
            fs_remove_tree(cx, str_fmt(cx->arena, "%s/%s", dir, names[i])) < 0)
            return cx->err.code;
    return 0;
}

int storage_stage(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                  const char **ret_dir)
{
    const char *rel = folder(cx->arena, owner);
    char *dir = str_fmt(cx->arena, "%s/%s/" STAGE_PREFIX "XXXXXX", s->root, rel);
    if (fs_mkdirs_at(cx, s->root_fd, rel, 0700) < 0 ||
        remove_stale(cx, str_fmt(cx->arena, "%s/%s", s->root, rel)) < 0)
        return err_wrap(cx, "failed to create artifact directory");
    if (!mkdtemp(dir))
        return err_errno(cx, "failed to create artifact directory %s", dir);
    arena_defer(cx->arena, fs_remove_tree_deferred, dir);
    *ret_dir = dir;
    return 0;
}

char *storage_cache_dir(struct arena *a, const struct storage *s, const struct storage_owner *owner,
                        const char *key)
{
    return str_fmt(a, "%s/%s/" STORAGE_CACHE_NAME "/%s", s->root, folder(a, owner), key);
}

int storage_cache(struct ctx *cx, const struct storage *s, const struct storage_owner *owner, const char *key,
                  const char **ret_dir)
{
    const char *rel = str_fmt(cx->arena, "%s/" STORAGE_CACHE_NAME, folder(cx->arena, owner));
    const char *dir = str_fmt(cx->arena, "%s/%s", s->root, rel);
    const char **names;
    size_t count;
    if (fs_mkdirs_at(cx, s->root_fd, str_fmt(cx->arena, "%s/%s", rel, key), 0700) < 0 ||
        fs_list(cx, dir, &names, &count) < 0)
        return err_wrap(cx, "failed to create the folder of the cache");
    for (size_t i = 0; i < count; i++)
        if (!str_eq(names[i], key) && fs_remove_tree(cx, str_fmt(cx->arena, "%s/%s", dir, names[i])) < 0)
            return err_wrap(cx, "failed to remove an older cache");
    *ret_dir = storage_cache_dir(cx->arena, s, owner, key);
    return 0;
}

/* latest.tar.gz -> file, replaced in one step. */
static int link_latest(struct ctx *cx, int dirfd, const char *file)
{
    const char *fresh = "." LINK_NAME;
    if (unlinkat(dirfd, fresh, 0) < 0 && errno != ENOENT)
        return err_errno(cx, "failed to update the link " LINK_NAME);
    if (symlinkat(file, dirfd, fresh) < 0 || renameat(dirfd, fresh, dirfd, LINK_NAME) < 0)
        return err_errno(cx, "failed to update the link " LINK_NAME);
    return 0;
}

static int describe(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                    const char *file, int fd, struct artifact *ret)
{
    struct stat st;
    const char *hex = NULL;
    if (digest_of(cx, fd, s->algorithm, &hex) < 0)
        return cx->err.code;
    if (fstat(fd, &st) < 0)
        return err_errno(cx, "cannot look at the artifact");
    ret->path = storage_path(cx->arena, owner, file);
    ret->url = storage_url(cx->arena, s, ret->path);
    ret->digest = str_fmt(cx->arena, "%s:%s", s->algorithm, hex);
    ret->size = st.st_size;
    ret->last_update_time = gotime_rfc3339(cx->arena, gotime_now());
    return 0;
}

int storage_publish(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                    const char *staged, const char *file, struct artifact *ret)
{
    CLEANUP(cleanup_fd) int dirfd = -1;
    CLEANUP(cleanup_fd) int fd = -1;
    struct artifact artifact = { 0 };
    struct stat st;
    const char *start = str_fmt(cx->arena, "%s/%s/", s->root, folder(cx->arena, owner));
    ASSERT(str_starts(staged, start));
    const char *from = staged + strlen(start);
    if (!own_file(cx->arena, owner, storage_path(cx->arena, owner, file)))
        return err_fail(cx, ERR_DENIED, "'%s' is no name for an artifact", file);
    if (open_folder(cx, s, owner, &dirfd) < 0 || open_regular(cx, dirfd, from, &st, &fd) < 0 ||
        describe(cx, s, owner, file, fd, &artifact) < 0)
        return cx->err.code;
    if (fchmod(fd, 0600) < 0 || fsync(fd) < 0 || renameat(dirfd, from, dirfd, file) < 0)
        return err_errno(cx, "cannot store %s", artifact.path);
    if (link_latest(cx, dirfd, file) < 0)
        return cx->err.code;
    *ret = artifact;
    return 0;
}

static int unlink_file(struct ctx *cx, int dirfd, const char *name)
{
    if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        return err_errno(cx, "cannot remove %s", name);
    unlinkat(dirfd, str_fmt(cx->arena, "%s.lock", name), 0);
    return 0;
}

int storage_remove(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                   const char *path)
{
    CLEANUP(cleanup_fd) int dirfd = -1;
    const char *name = own_file(cx->arena, owner, path);
    if (!name)
        return err_fail(cx, ERR_NOT_FOUND, "'%s' is no artifact of this object", path);
    if (open_folder(cx, s, owner, &dirfd) < 0) {
        if (cx->err.code != ERR_NOT_FOUND)
            return cx->err.code;
        err_clear(cx);
        return 0;
    }
    return unlink_file(cx, dirfd, name);
}

VEC_NAMED(files, struct retention_file);

/* One entry of the folder: regular files but lock files and our own count. */
static void consider(struct ctx *cx, int dirfd, const char *name, const char *current, struct files *files)
{
    struct stat st;
    if (name[0] == '.' || str_ends(name, ".lock") || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode))
        return;
    vec_push(cx->arena, files,
             (struct retention_file){ .name = name,
                                      .mtime_ns = st.st_mtim.tv_sec * GOTIME_SECOND + st.st_mtim.tv_nsec,
                                      .current = str_eq(name, current) });
}

int storage_collect(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                    const char *current, size_t *ret_count)
{
    CLEANUP(cleanup_fd) int dirfd = -1;
    struct files files = { 0 };
    const char *dir = str_fmt(cx->arena, "%s/%s", s->root, folder(cx->arena, owner));
    const char *keep = own_file(cx->arena, owner, current);
    const char **names;
    size_t count;
    if (open_folder(cx, s, owner, &dirfd) < 0 || fs_list(cx, dir, &names, &count) < 0)
        return cx->err.code;
    for (size_t i = 0; i < count && files.len < GARBAGE_LIMIT; i++)
        consider(cx, dirfd, names[i], keep, &files);
    size_t garbage = retention_mark(files.at, files.len, &s->retention, gotime_now_ns());
    for (size_t i = 0; i < files.len; i++)
        if (files.at[i].garbage && unlink_file(cx, dirfd, files.at[i].name) < 0)
            return cx->err.code;
    *ret_count = garbage;
    return 0;
}

int storage_remove_all(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                       bool *ret_found)
{
    const char *dir = str_fmt(cx->arena, "%s/%s", s->root, folder(cx->arena, owner));
    *ret_found = fs_exists(dir);
    return fs_remove_tree(cx, dir);
}
