/*
 * gitauth.h: who we are to a Git server over HTTP, and whom we trust: from a Secret and the URL's userinfo.
 *
 * Data keys and precedence are those of fluxcd/pkg/git's NewAuthOptions. Secrets are read live by the caller and only
 * decoded here, into the reconcile's arena; nothing of them ever reaches a message. Any thread. Rejected: handing the
 * Secret's document to the job, which would give a child that parses strangers' data more keys than it needs.
 */
#ifndef GOTK_SOURCE_GITAUTH_H
#define GOTK_SOURCE_GITAUTH_H

#include "libgotk/doc/decode.h"
#include "libgotk/net/url.h"

/* Strings live in the arena of the context they were decoded with; absent ones are NULL. */
struct gitauth {
    const char *user;
    const char *password;
    const char *bearer;
    const char *ca_pem; /* trusted besides the system's roots */
    const char *cert_pem;
    const char *key_pem;
    const char *hint; /* what to try when the server refuses: names Secret and keys, never values */
};

/* Fills *ret from a Secret (NULL: the object names none) and the URL. Fails with ERR_INVALID: a value that is no base64 or
 * holds a NUL byte, a password without a user name, basic authentication beside a bearer token, GitHub App data (reason
 * "InvalidProviderConfiguration"). */
int gitauth_decode(struct ctx *cx, const struct url *url, const struct doc *secret,
                   struct gitauth *ret) MUST_CHECK;

/* For the way into the job and back (doc/decode.h). */
extern const struct field gitauth_fields[];

#endif
