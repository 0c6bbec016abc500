/*
 * cachelimit.h: the caches of all objects together (libgotk/git/gitcache.h) stay within --git-cache-max-size.
 *
 * What a fetch leaves is measured when it ends; while all caches hold more than the limit, the one that was used longest ago
 * goes, but never one that a fetch is using. One object may have it all, so the limit of a single cache is the same number;
 * between two ends the running fetches' packs come on top. Last use is the time of the folder, so that a restart knows it.
 * One leaf lock, held while folders are looked at and removed, which is rare: only when the limit is passed. Any worker.
 * Rejected: a limit per object, whose sum nobody can size a volume for; and a share for each, which changes with every object.
 */
#ifndef GOTK_SOURCE_CACHELIMIT_H
#define GOTK_SOURCE_CACHELIMIT_H

#include "libgotk/base/ctx.h"

struct cachelimit;

/* The caches below `root` ("<root>/gitrepository/<namespace>/<name>/<cache_name>/<key>"), which are looked for at the first
 * use; `max` bytes. The caller owns it (cachelimit_close). */
struct cachelimit *cachelimit_open(const char *root, const char *cache_name, int64_t max);
void cachelimit_close(struct cachelimit *c);

/* A fetch begins to use a cache. */
void cachelimit_begin(struct cachelimit *c, const char *dir);

/* It has ended: measures the cache, and removes others as needed, or this one when nothing else helps. What cannot be
 * removed is logged, and tried again at the next end. */
void cachelimit_end(struct ctx *cx, struct cachelimit *c, const char *dir);

/* How many bytes the caches hold, as far as is known. */
int64_t cachelimit_held(struct cachelimit *c);

#endif
