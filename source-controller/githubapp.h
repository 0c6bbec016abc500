/*
 * githubapp.h: being a GitHub App: from the app's key in a Secret to an access token for Git.
 *
 * The app signs a token that says who it is, finds its installation when only the owner is known (an organization, else a
 * user), and asks for an access token of that installation, which is a password for Git. Data keys and messages are those
 * of fluxcd/pkg/auth/githubapp. The exchange runs in a child: the server's address comes from the Secret, and its answers
 * are a stranger's JSON.
 */
#ifndef GOTK_SOURCE_GITHUBAPP_H
#define GOTK_SOURCE_GITHUBAPP_H

#include "libgotk/job/job.h"

#define GITHUBAPP_USER "x-access-token"

/* What a Secret says of an app. Strings live in the arena of the context they were read with. */
struct githubapp {
    int64_t app_id;
    int64_t installation_id;        /* 0: find it by the owner */
    const char *installation_owner; /* NULL: the id is given */
    const char *private_key;
    const char *base_url; /* NULL: GitHub's */
    const char *ca_pem;
    const char *cert_pem;
    const char *key_pem;
    const char *proxy; /* NULL: as the environment says */
};

struct githubapp_token {
    const char *token;
    int64_t expires_at; /* unix seconds */
};

/* The row for job_init. */
extern const struct job githubapp_job;

/* Reads an app from a Secret (NULL: none). ERR_NOT_FOUND when it holds no id or no key, ERR_INVALID when it does not hold
 * exactly one of owner and installation, or a number that is none. TLS and proxy are the caller's to fill in. */
int githubapp_read(struct ctx *cx, const struct doc *secret, struct githubapp *ret) MUST_CHECK;

/* A name for the tokens of this app: a digest, no secret. */
const char *githubapp_key(struct arena *a, const struct githubapp *app);

/* Gets a fresh token, in at most `timeout_ns`. Fails with http.h's errors, and by the answer's status. */
int githubapp_token(struct ctx *cx, const struct githubapp *app, int64_t timeout_ns,
                    struct githubapp_token *ret) MUST_CHECK;

#endif
