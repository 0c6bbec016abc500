/*
 * accounttoken.h: tokens of service accounts, made by the API server for an audience (TokenRequest).
 *
 * Nothing is kept here: who uses a token more than once keeps it in the process's token cache (cloud/tokencache.h).
 */
#ifndef GOTK_KUBE_ACCOUNTTOKEN_H
#define GOTK_KUBE_ACCOUNTTOKEN_H

#include "libgotk/kube/client.h"

/* Whose token, and for whom. */
struct account_token {
    const char *ns;
    const char *name;
    const char *const *audiences; /* none: the API server's own */
    size_t audience_count;
};

/* A fresh token in cx->arena, and when it ends (unix seconds; 0: the server does not say). Errors are the API server's. */
int account_token_make(struct ctx *cx, struct kube *k, const struct account_token *which,
                       const char **ret_token, int64_t *ret_expires_at) MUST_CHECK;

#endif
