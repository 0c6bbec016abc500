/*
 * gitcache.h: what earlier fetches of one object brought, so that the next one moves only what is missing.
 *
 * A folder of packs on the storage volume, beside the object's artifacts, named by what was fetched and as whom
 * (storage_cache), written by the children of that object's fetches and by nobody else. The parent never opens a file in it:
 * it makes, names and removes the folder. What a hostile pack of yesterday may have left there meets a confined child again,
 * and is harmless: of all a repository consists of (config, references, hooks, alternates) only packs and a list of tips are
 * kept, the rest is made anew for each fetch; every object is hashed when it is read, from the commit that
 * the server names today; and a cache that fails, or a child that is ended over it, costs the cache (gitclone.c,
 * gitfetch.c). Rejected: a bare repository as git leaves it, whose config would be the last child's word.
 */
#ifndef GOTK_GIT_GITCACHE_H
#define GOTK_GIT_GITCACHE_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* A reference and what the server said it stands at. */
struct gitcache_tip {
    const char *reference;
    const char *hash;
};

VEC_NAMED(gitcache_tips, struct gitcache_tip);
VEC_NAMED(gitcache_hashes, const char *);

struct gitcache {
    const char *dir; /* NULL: there is none, or it is not to be used */
    int64_t max;     /* bytes it may hold */
    bool full;       /* it holds the whole history of its tips */
    bool too_large;  /* the repository does not fit: set by who notices while it fetches */
    struct gitcache_tips tips;
    struct gitcache_hashes shallow; /* commits whose parents were left out */
};

/* Looks into the folder and removes what does not belong there. An empty cache is no error; nor is one that must be thrown
 * away: unreadable, of too many packs, or without the history when `want_full`. ret->dir stays NULL when the
 * repository was found too large for it less than a day ago. Fails with ERR_IO. */
int gitcache_open(struct ctx *cx, const char *dir, int64_t max, bool want_full,
                  struct gitcache *ret) MUST_CHECK;

/* Makes the bare repository at `git_dir` (fresh, not opened yet) keep its packs in the cache and know its tips. */
int gitcache_attach(struct ctx *cx, const struct gitcache *cache, const char *git_dir) MUST_CHECK;

/* True when the cache holds all of these. */
bool gitcache_has(const struct gitcache *cache, const struct gitcache_tips *wanted);

/* Notes that the cache now holds `tips`; `git_dir` knows what is shallow. */
int gitcache_keep(struct ctx *cx, const struct gitcache *cache, const struct gitcache_tips *tips,
                  const char *git_dir) MUST_CHECK;

/* When nothing is read any more: drops a cache that has become larger than it may be. */
int gitcache_trim(struct ctx *cx, struct gitcache *cache) MUST_CHECK;

/* Empties the cache and uses it no more; notes when it was too small. Nothing that fails here matters. */
void gitcache_drop(struct ctx *cx, struct gitcache *cache);

#endif
