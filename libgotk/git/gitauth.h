/*
 * gitauth.h: who we are to a Git server over HTTP or SSH, and whom we trust: from a Secret and the URL's userinfo.
 *
 * Data keys and precedence are those of fluxcd/pkg/git's NewAuthOptions. Secrets are read live by the caller and only
 * decoded here, into the reconcile's arena; nothing of them ever reaches a message. Any thread. Rejected: handing the
 * Secret's document to the job, which would give a child that parses strangers' data more keys than it needs.
 */
#ifndef GOTK_GIT_GITAUTH_H
#define GOTK_GIT_GITAUTH_H

#include "libgotk/doc/decode.h"
#include "libgotk/net/url.h"

/* Strings live in the arena of the context they were decoded with; absent ones are NULL. */
struct gitauth {
    const char *user;
    const char *password; /* ssh: the passphrase of the key */
    const char *bearer;
    const char *ca_pem; /* trusted besides the system's roots */
    const char *cert_pem;
    const char *key_pem;
    const char *identity; /* ssh: the private key */
    const char *known_hosts;
    const char *kex_algos;      /* ssh: --ssh-kex-algos, joined by commas; filled in by who knows the flags */
    const char *host_key_algos; /* and --ssh-hostkey-algos */
    const char *
        hint; /* what to try when the server refuses: names Secret and keys, never values; ssh: the Secret's name */
};

/* Fills *ret from a Secret (NULL: the object names none) and the URL. Fails with ERR_INVALID: a value that is no base64 or
 * holds a NUL byte, a password without a user name, basic authentication beside a bearer token, an ssh URL without key or known_hosts,
 * GitHub App data (reason "InvalidProviderConfiguration"), an encrypted key without its passphrase (reason
 * "AuthenticationFailed"). */
int gitauth_decode(struct ctx *cx, const struct url *url, const struct doc *secret,
                   struct gitauth *ret) MUST_CHECK;

/* As gitauth_decode for an ssh URL whose key, known_hosts and passphrase (may be NULL) come from elsewhere: `source`. */
int gitauth_from_key(struct ctx *cx, const struct url *url, const char *identity, const char *known_hosts,
                     const char *passphrase, const char *source, struct gitauth *ret) MUST_CHECK;

/* The proxy a Secret of spec.proxySecretRef describes, as an http://, https:// or socks5h:// URL with its credentials. Fails
 * with ERR_NOT_FOUND (no address) or ERR_INVALID, in fluxcd/pkg/runtime/secrets' words. */
int gitauth_proxy(struct ctx *cx, const struct doc *secret, const char **ret_url) MUST_CHECK;

/* The same for an address by itself, e.g. of the command line. */
int gitauth_proxy_url(struct ctx *cx, const char *address, struct url *ret) MUST_CHECK;

/* For the way into the job and back (doc/decode.h). */
extern const struct field gitauth_fields[];

#endif
