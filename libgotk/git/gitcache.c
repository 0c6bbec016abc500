/*
 * gitcache.c: the cache's folder, as a child sees it; see gitcache.h.
 *
 * Runs in the child. The folder holds pack-<hash>.pack, pack-<hash>.idx and `state`, a text file: a first line, then
 * "tip <hash> <reference>" and "shallow <hash>" lines. Packs are never rewritten: every fetch adds one, and when there are
 * too many of them the cache begins anew, which costs one fetch in PACKS_MAX.
 */
#include "libgotk/git/gitcache.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE       "state"
#define STATE_MAX   ((size_t)16 << 20)
#define FULL        "gotk-git-cache 1 full"
#define SHALLOW     "gotk-git-cache 1 shallow"
#define TOO_LARGE   "gotk-git-cache 1 larger than "
#define PACKS_MAX   64
#define FORGET_SECS ((int64_t)24 * 3600)

static const char *path_of(struct ctx *cx, const struct gitcache *cache, const char *name)
{
    return str_fmt(cx->arena, "%s/%s", cache->dir, name);
}

static bool is_hash(const char *s, size_t n)
{
    return n == 40 && strspn(s, "0123456789abcdef") >= 40;
}

static bool is_pack(const char *name)
{
    bool kind = str_ends(name, ".pack") || str_ends(name, ".idx");
    return kind && str_starts(name, "pack-") && is_hash(name + 5, strcspn(name + 5, "."));
}

/* Removes all that `keep` does not want and adds up the rest. */
static int sweep(struct ctx *cx, const struct gitcache *cache, bool (*keep)(const char *name),
                 int64_t *ret_size, size_t *ret_packs)
{
    const char **names;
    size_t count;
    if (fs_list(cx, cache->dir, &names, &count) < 0)
        return cx->err.code;
    for (size_t i = 0; i < count; i++) {
        const char *path = path_of(cx, cache, names[i]);
        struct stat st;
        bool kept = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && keep(names[i]);
        if (!kept && fs_remove_tree(cx, path) < 0)
            return cx->err.code;
        *ret_size += kept ? st.st_size : 0;
        *ret_packs += kept && str_ends(names[i], ".pack");
    }
    return 0;
}

static bool belongs(const char *name)
{
    return is_pack(name) || str_eq(name, STATE);
}

static bool nothing(const char *name)
{
    (void)name;
    return false;
}

static int empty(struct ctx *cx, struct gitcache *cache)
{
    int64_t size = 0;
    size_t packs = 0;
    cache->tips = (struct gitcache_tips){ 0 };
    cache->shallow = (struct gitcache_hashes){ 0 };
    return sweep(cx, cache, nothing, &size, &packs);
}

/* "tip <hash> <reference>" or "shallow <hash>"; false for anything else. */
static bool read_line(struct ctx *cx, const char *line, struct gitcache *ret)
{
    if (str_starts(line, "shallow ") && is_hash(line + 8, strlen(line + 8))) {
        vec_push(cx->arena, &ret->shallow, line + 8);
        return true;
    }
    const char *hash = line + 4;
    if (!str_starts(line, "tip ") || !is_hash(hash, strcspn(hash, " ")) || !str_starts(hash + 40, " refs/"))
        return false;
    vec_push(cx->arena, &ret->tips, (struct gitcache_tip){ hash + 41, str_ndup(cx->arena, hash, 40) });
    return true;
}

/* Reads the state; false when there is none, or none that can be used. */
static bool read_state(struct ctx *cx, struct gitcache *ret)
{
    struct buf text;
    size_t count;
    if (fs_read_file(cx, path_of(cx, ret, STATE), STATE_MAX, &text) < 0) {
        err_clear(cx);
        return false;
    }
    char **lines = str_split(cx->arena, buf_text(&text), '\n', &count);
    ret->full = str_eq(lines[0], FULL);
    if (!ret->full && !str_eq(lines[0], SHALLOW))
        return false;
    for (size_t i = 1; i < count; i++)
        if (*lines[i] && !read_line(cx, lines[i], ret))
            return false;
    return ret->tips.len > 0;
}

static const char *too_large_mark(struct ctx *cx, const struct gitcache *cache)
{
    return str_fmt(cx->arena, TOO_LARGE "%lld\n", (long long)cache->max);
}

/* True when the repository was found too large for this very limit, not long ago. */
static bool was_too_large(struct ctx *cx, const struct gitcache *cache)
{
    struct buf text;
    struct stat st;
    const char *path = path_of(cx, cache, STATE);
    if (lstat(path, &st) < 0 || st.st_mtime + FORGET_SECS < time(NULL) || st.st_mtime > time(NULL))
        return false;
    if (fs_read_file(cx, path, STATE_MAX, &text) < 0) {
        err_clear(cx);
        return false;
    }
    return str_eq(buf_text(&text), too_large_mark(cx, cache));
}

int gitcache_open(struct ctx *cx, const char *dir, int64_t max, bool want_full, struct gitcache *ret)
{
    struct gitcache cache = { .dir = dir, .max = max };
    int64_t size = 0;
    size_t packs = 0;
    if (was_too_large(cx, &cache)) {
        *ret = (struct gitcache){ .max = max };
        return 0;
    }
    if (sweep(cx, &cache, belongs, &size, &packs) < 0)
        return cx->err.code;
    bool usable = read_state(cx, &cache) && size <= max && packs < PACKS_MAX && (cache.full || !want_full);
    if (!usable && empty(cx, &cache) < 0)
        return cx->err.code;
    if (!usable)
        cache.full = want_full;
    *ret = cache;
    return 0;
}

/* The text of a repository's packed-refs and shallow files. */
static int write_lists(struct ctx *cx, const struct gitcache *cache, const char *git_dir)
{
    struct buf refs = buf_new(cx->arena, STATE_MAX), shallow = buf_new(cx->arena, STATE_MAX);
    for (size_t i = 0; i < cache->tips.len; i++)
        buf_fmt(&refs, "%s refs/gotk/%08zu\n", cache->tips.at[i].hash, i);
    for (size_t i = 0; i < cache->shallow.len; i++)
        buf_fmt(&shallow, "%s\n", cache->shallow.at[i]);
    if (fs_write_atomic(cx, str_fmt(cx->arena, "%s/packed-refs", git_dir), buf_text(&refs), refs.len, 0600) <
        0)
        return cx->err.code;
    if (shallow.len == 0)
        return 0;
    return fs_write_atomic(cx, str_fmt(cx->arena, "%s/shallow", git_dir), buf_text(&shallow), shallow.len,
                           0600);
}

int gitcache_attach(struct ctx *cx, const struct gitcache *cache, const char *git_dir)
{
    const char *packs = str_fmt(cx->arena, "%s/objects/pack", git_dir);
    if (rmdir(packs) < 0 || symlink(cache->dir, packs) < 0)
        return err_errno(cx, "cannot use the cache");
    return cache->tips.len ? write_lists(cx, cache, git_dir) : 0;
}

bool gitcache_has(const struct gitcache *cache, const struct gitcache_tips *wanted)
{
    size_t found = 0;
    for (size_t i = 0; i < wanted->len; i++)
        for (size_t k = 0; k < cache->tips.len; k++)
            if (str_eq(wanted->at[i].reference, cache->tips.at[k].reference) &&
                str_eq(wanted->at[i].hash, cache->tips.at[k].hash)) {
                found++;
                break;
            }
    return wanted->len > 0 && found == wanted->len;
}

/* The lines of a repository's shallow file; none when it has no such file. */
static int add_shallow(struct ctx *cx, const char *git_dir, struct buf *out)
{
    struct buf text;
    size_t count;
    if (fs_read_file(cx, str_fmt(cx->arena, "%s/shallow", git_dir), STATE_MAX, &text) < 0) {
        if (cx->err.code != ERR_NOT_FOUND)
            return cx->err.code;
        err_clear(cx);
        return 0;
    }
    char **lines = str_split(cx->arena, buf_text(&text), '\n', &count);
    for (size_t i = 0; i < count; i++)
        if (is_hash(lines[i], strlen(lines[i])))
            buf_fmt(out, "shallow %s\n", lines[i]);
    return 0;
}

static int write_state(struct ctx *cx, const struct gitcache *cache, const char *text, size_t n)
{
    return fs_write_atomic(cx, path_of(cx, cache, STATE), text, n, 0600);
}

int gitcache_keep(struct ctx *cx, const struct gitcache *cache, const struct gitcache_tips *tips,
                  const char *git_dir)
{
    struct buf text = buf_new(cx->arena, STATE_MAX);
    buf_fmt(&text, "%s\n", cache->full ? FULL : SHALLOW);
    for (size_t i = 0; i < tips->len; i++)
        buf_fmt(&text, "tip %s %s\n", tips->at[i].hash, tips->at[i].reference);
    if (add_shallow(cx, git_dir, &text) < 0 || buf_ok(cx, &text, "the state of the cache") < 0)
        return cx->err.code;
    return write_state(cx, cache, buf_text(&text), text.len);
}

int gitcache_trim(struct ctx *cx, struct gitcache *cache)
{
    int64_t size = 0;
    size_t packs = 0;
    if (sweep(cx, cache, belongs, &size, &packs) < 0)
        return cx->err.code;
    cache->too_large = size > cache->max && packs == 1;
    if (size > cache->max)
        gitcache_drop(cx, cache);
    return 0;
}

void gitcache_drop(struct ctx *cx, struct gitcache *cache)
{
    struct err kept = cx->err;
    const char *mark = too_large_mark(cx, cache);
    cx->err = (struct err){ 0 };
    if (cache->dir && empty(cx, cache) >= 0 && cache->too_large &&
        write_state(cx, cache, mark, strlen(mark)) < 0)
        err_clear(cx); /* then the next run finds out again */
    cache->dir = NULL;
    cx->err = kept;
}
