/*
 * tokencache.h: access tokens that are still good, of all objects.
 *
 * Keyed by a digest of everything a token was asked for with, so that objects with the same credentials share one. A
 * token counts for 80 % of its life and at most --token-cache-max-duration, on two clocks, as fluxcd/pkg/cache has it; of
 * more than --token-cache-max-size the least recently used goes. One leaf lock, held for no request; any thread. Tokens
 * are overwritten before their memory goes back.
 */
#ifndef GOTK_SOURCE_TOKENCACHE_H
#define GOTK_SOURCE_TOKENCACHE_H

#include "libgotk/base/arena.h"

#include <stdint.h>

struct tokencache;

/* The caller owns it (tokencache_close). A size of 0 keeps nothing. */
struct tokencache *tokencache_open(int64_t max_size, int64_t max_duration_ns);
void tokencache_close(struct tokencache *cache);

/* A copy of the token under `key` in `a`; NULL when there is none that still counts. */
const char *tokencache_find(struct tokencache *cache, const char *key, struct arena *a);

/* Keeps a token that ends at `expires_at` (unix seconds). Returns how many others had to go. */
size_t tokencache_put(struct tokencache *cache, const char *key, const char *token, int64_t expires_at);

/* Forgets one, e.g. because a server refused it. */
void tokencache_drop(struct tokencache *cache, const char *key);

/* How many there are. */
size_t tokencache_len(struct tokencache *cache);

#endif
