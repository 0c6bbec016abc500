/*
 * tokens.h: the process's token cache (cloud/tokencache.h) and its metrics, gotk_token_cache_*, by Flux's names.
 *
 * One cache for all that logs in somewhere: Git, registries, buckets, key services, other clusters. Any thread.
 */
#ifndef GOTK_RUNTIME_TOKENS_H
#define GOTK_RUNTIME_TOKENS_H

#include "libgotk/cloud/tokencache.h"
#include "libgotk/runtime/metrics.h"
#include "libgotk/runtime/options.h"

/* Opens the cache as --token-cache-max-size and --token-cache-max-duration say. The caller owns it (tokencache_close);
 * `m` must live longer. */
struct tokencache *tokens_open(const struct options *options, struct metrics *m);

/* An object goes: its series of this operation go too. */
void tokens_forget(struct metrics *m, const struct token_user *who);

#endif
