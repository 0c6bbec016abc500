/*
 * cache.h: one artifact, one unpack.
 *
 * Kustomizations that use the same artifact share one unpacked, read-only tree, keyed by the artifact's digest. The first
 * to ask downloads and unpacks it, the others wait for that; what nobody has used for a minute goes when the next tree is
 * put back. Shared by all workers, behind one leaf lock that is never held during a download. Rejected: a tree per
 * reconcile, as upstream has it, which makes 200 Kustomizations of one repository unpack it 200 times.
 */
#ifndef GOTK_KUSTOMIZE_CACHE_H
#define GOTK_KUSTOMIZE_CACHE_H

#include "libgotk/api/meta.h"
#include "libgotk/job/job.h"

struct tree_cache;

/* The row for job_init: unpacking is a stranger's archive, so a child does it. */
extern const struct job unpack_job;

/* Opens a cache in a fresh folder below TMPDIR; `retries` is --http-retry. The caller owns it (tree_cache_close). */
int tree_cache_open(struct ctx *cx, int64_t retries, struct tree_cache **ret_cache) MUST_CHECK;

/* Removes all trees and the cache; nobody may use one any more. NULL is allowed. */
void tree_cache_close(struct tree_cache *cache);

/* The path of the artifact's unpacked tree, in use until cx->arena is reset. Fails with the texts of artifact_fetch:
 * ERR_NOT_FOUND when the artifact's server no longer has the file. */
int tree_cache_acquire(struct ctx *cx, struct tree_cache *cache, const struct artifact *artifact,
                       const char **ret_path) MUST_CHECK;

#endif
