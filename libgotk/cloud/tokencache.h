/*
 * tokencache.h: access tokens that are still good, of all objects.
 *
 * Keyed by a digest of everything a token was asked for with, so that objects with the same credentials share one. A
 * token counts for 80 % of its life and at most --token-cache-max-duration, an hour at the longest, on two clocks, as
 * fluxcd/pkg/cache has it; of more than --token-cache-max-size the least recently used goes. What is kept is text: a
 * token, or a document that holds one. One leaf lock, not held while a token is made: two workers that miss the same
 * one each make it, which costs a request and no harm. Any thread. Tokens are overwritten before their memory goes back.
 */
#ifndef GOTK_CLOUD_TOKENCACHE_H
#define GOTK_CLOUD_TOKENCACHE_H

#include "libgotk/base/ctx.h"

struct tokencache;

/* For whom a token is looked up: the labels of the metrics. */
struct token_user {
    const char *kind;
    const char *name;
    const char *ns;
    const char *operation;
};

/* How one look-up went, for whoever counts. */
struct tokencache_outcome {
    const struct token_user *who;
    bool hit;
    bool failed;
    size_t evicted; /* how many had to go for it */
    size_t kept;    /* how many there are now */
};

/* Told of each look-up, on its thread; NULL: nobody counts. */
struct tokencache_observer {
    void (*observe)(void *user, const struct tokencache_outcome *outcome);
    void *user;
};

/* What makes a token that is not there: its text (in cx->arena) and when it ends, in unix seconds. */
struct token_maker {
    int (*make)(struct ctx *cx, void *user, const char **ret_token, int64_t *ret_expires_at);
    void *user;
};

/* The caller owns it (tokencache_close). A size of 0 keeps nothing, and then nothing is observed either. */
struct tokencache *tokencache_open(int64_t max_size, int64_t max_duration_ns,
                                   const struct tokencache_observer *observer);
void tokencache_close(struct tokencache *cache);

/* The token under `key` in cx->arena, made when there is none that still counts. Errors are the maker's. */
int tokencache_get(struct ctx *cx, struct tokencache *cache, const char *key, const struct token_user *who,
                   const struct token_maker *maker, const char **ret_token) MUST_CHECK;

/* Forgets one, e.g. because a server refused it. */
void tokencache_drop(struct tokencache *cache, const char *key);

/* How many there are. */
size_t tokencache_len(struct tokencache *cache);

#endif
