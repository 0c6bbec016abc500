/*
 * storage.h: where artifacts live on disk: <root>/<kind>/<namespace>/<name>/<file>.
 *
 * Opened once at the start and immutable from then on, so any worker may use it; the queue sees to it that two never work
 * on the same object's folder. Files appear by rename only. Every path, also one from a status that someone may have
 * edited, is opened beneath the root's descriptor. Rejected: Flux's lock files; one writer per object needs none.
 */
#ifndef GOTK_SOURCE_STORAGE_H
#define GOTK_SOURCE_STORAGE_H

#include "libgotk/api/meta.h"
#include "source-controller/retention.h"

#include <sys/types.h>

struct storage {
    const char *root; /* an existing folder */
    int root_fd;
    const char *host;      /* what artifact URLs begin with, with or without a scheme */
    const char *algorithm; /* of digests: "sha256", ... */
    struct retention_rule retention;
};

/* Whose artifacts. */
struct storage_owner {
    const char *kind; /* "GitRepository" */
    const char *ns;
    const char *name;
};

/* Fills root_fd of a storage whose other fields the caller has set. ERR_NOT_FOUND "invalid dir path: ..." when the root is
 * no folder, ERR_UNSUPPORTED for an unknown digest algorithm. */
int storage_open(struct ctx *cx, struct storage *s) MUST_CHECK;
void storage_close(struct storage *s);

/* "gitrepository/<ns>/<name>/<file>". */
char *storage_path(struct arena *a, const struct storage_owner *owner, const char *file);

/* The address of a path: "http://<host>/<path>". */
char *storage_url(struct arena *a, const struct storage *s, const char *path);

/* What other pods call this server: `advertised` when set, else made from the listening address as Flux does. */
const char *storage_host(struct arena *a, const char *advertised, const char *listen);

/* Checks that the file is there, in its owner's folder, and has its digest. ERR_NOT_FOUND when it is not there (also when
 * the path is of another owner), ERR_INVALID "computed digest doesn't match '...'". */
int storage_verify(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                   const struct artifact *artifact) MUST_CHECK;

/* Where the regular file of an owner's path is; NULL when it is not there or the path is not of that owner. */
const char *storage_find(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                         const char *path);

/* Makes an empty private folder on the same file system, for a child to write into; gone with cx's arena. What earlier
 * runs of this owner left is removed. */
int storage_stage(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                  const char **ret_dir) MUST_CHECK;

/* The name of the folders of storage_cache. */
#define STORAGE_CACHE_NAME ".gitcache"

/* Where storage_cache makes its folder. */
char *storage_cache_dir(struct arena *a, const struct storage *s, const struct storage_owner *owner,
                        const char *key);

/* The private folder in which the owner's fetches keep what they got, made when missing; `key` tells one source from the next,
 * and what was kept under another key is removed. Never served, and gone with storage_remove_all. */
int storage_cache(struct ctx *cx, const struct storage *s, const struct storage_owner *owner, const char *key,
                  const char **ret_dir) MUST_CHECK;

/* Makes the file at `staged` (in a folder of storage_stage) the artifact `file` of its owner: it must be a regular file;
 * digest and size are computed here. Fills path, url, digest, size and last_update_time. */
int storage_publish(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                    const char *staged, const char *file, struct artifact *ret) MUST_CHECK;

/* Removes one file of the owner, by the path in its status; absence is fine. */
int storage_remove(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                   const char *path) MUST_CHECK;

/* Removes what the retention rule calls garbage, never `current` (a path). *ret_count: how many. */
int storage_collect(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                    const char *current, size_t *ret_count) MUST_CHECK;

/* Removes the owner's folder; *ret_found tells whether there was one. */
int storage_remove_all(struct ctx *cx, const struct storage *s, const struct storage_owner *owner,
                       bool *ret_found) MUST_CHECK;

#endif
