/*
 * knownhosts.h: which keys an SSH server may have, from the text of a known_hosts file.
 *
 * Pure functions on the format of sshd(8): plain, wildcard, negated, [host]:port and hashed patterns, several lines a host,
 * @revoked. Strings live in the arena of the context they were parsed with. Any thread. Rejected: libssh's reader, which
 * wants a file and asks a user; @cert-authority lines are left out, as libssh takes no host certificates.
 */
#ifndef GOTK_SOURCE_KNOWNHOSTS_H
#define GOTK_SOURCE_KNOWNHOSTS_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

struct knownhosts;

/* Where a connection leads, and how the text is called in messages ("known_hosts of secret 'x'"). */
struct knownhosts_host {
    const char *name;
    int port;
    const char *source;
};

/* Reads the text. Fails with ERR_INVALID "knownhosts: line 3: ..." for a line that is none. */
int knownhosts_parse(struct ctx *cx, const char *text, struct knownhosts **ret) MUST_CHECK;

/* The host key algorithms to ask the server for, best first, joined by commas: those of the keys known for this host; of all
 * keys when none is. An RSA key stands for rsa-sha2-512, rsa-sha2-256 and ssh-rsa, as upstream has it. "" for no keys. */
const char *knownhosts_algorithms(struct arena *a, const struct knownhosts *k,
                                  const struct knownhosts_host *host);

/* Checks the key (a public key as on the wire) a host presents. Fails with ERR_DENIED: "knownhosts: key is unknown", "key
 * mismatch" or "key is revoked", with the host, the key's type and fingerprint and what would help. */
int knownhosts_check(struct ctx *cx, const struct knownhosts *k, const struct knownhosts_host *host,
                     const void *key, size_t len) MUST_CHECK;

/* The type a public key names itself ("ssh-ed25519"); "unknown" when it is none. */
const char *knownhosts_key_type(struct arena *a, const void *key, size_t len);

/* "SHA256:..." as ssh-keygen -l prints it. */
const char *knownhosts_fingerprint(struct arena *a, const void *key, size_t len);

#endif
