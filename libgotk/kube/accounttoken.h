/*
 * accounttoken.h: tokens of service accounts, made by the API server for an audience (TokenRequest) and kept for a while.
 *
 * A token is used for four fifths of its life, an hour at the longest, as upstream's token cache does; the least recently
 * used go first beyond the maximum. Tokens lie in memory that is overwritten when they go. Behind one leaf lock, not held
 * while a token is asked for. Any thread.
 */
#ifndef GOTK_KUBE_ACCOUNTTOKEN_H
#define GOTK_KUBE_ACCOUNTTOKEN_H

#include "libgotk/kube/client.h"

struct account_tokens;

/* Whose token, and for whom. */
struct account_token {
    const char *ns;
    const char *name;
    const char *const *audiences; /* none: the API server's own */
    size_t audience_count;
};

/* A cache of `max` tokens (0: nothing is kept), each for `max_ns` at the longest. The caller owns it
 * (account_tokens_close). */
struct account_tokens *account_tokens_open(int64_t max, int64_t max_ns);

/* Forgets all tokens; NULL is allowed. */
void account_tokens_close(struct account_tokens *t);

/* The token in cx->arena, made by `k` when there is none; *ret_hit: it was there. Errors are the API server's. */
int account_tokens_get(struct ctx *cx, struct account_tokens *t, struct kube *k,
                       const struct account_token *which, const char **ret_token, bool *ret_hit) MUST_CHECK;

/* How many tokens are kept, expired ones included. */
size_t account_tokens_kept(struct account_tokens *t);

#endif
