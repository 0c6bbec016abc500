/*
 * sshclient.h: one command on an SSH server: connect, check the host's key, sign in with a private key, run it.
 *
 * Lives in the child of a fetch. Keys come from memory and are wiped when the server has taken or refused them; no file
 * and no agent is asked. All waiting ends with the context's deadline. Rejected: libgit2's own SSH transport
 * on libssh2, which cannot be told algorithms, and whose release in Debian 12 signs with RSA by SHA-1 only, which no
 * server of today takes.
 */
#ifndef GOTK_SOURCE_SSHCLIENT_H
#define GOTK_SOURCE_SSHCLIENT_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

struct sshclient;

struct sshclient_target {
    const char *host;
    int port;
    const char *user;
    const char *proxy; /* http:// or socks5h:// URL; NULL: none */
    char *identity;    /* a private key, PEM or OpenSSH; wiped */
    char *passphrase;  /* of the key; NULL: none; wiped */
    const char *known_hosts;
    const char *source;         /* what holds the keys, for messages: "secret 'x'" */
    const char *kex_algos;      /* --ssh-kex-algos, joined by commas; NULL: as libssh likes */
    const char *host_key_algos; /* --ssh-hostkey-algos; NULL: as known_hosts has keys */
};

/* Connects and starts `command`. The connection ends with cx's arena at the latest. Messages begin "ssh: handshake failed: "
 * as Go's do. Fails with the codes of http_tunnel and knownhosts_check; ERR_INVALID for a key that cannot be read,
 * ERR_UNAUTHORIZED when the server does not take it, ERR_UNAVAILABLE when it breaks off. */
int sshclient_open(struct ctx *cx, const struct sshclient_target *target, const char *command,
                   struct sshclient **ret) MUST_CHECK;

/* Sends bytes to the command's input. */
int sshclient_write(struct ctx *cx, struct sshclient *c, const void *data, size_t n) MUST_CHECK;

/* Waits for some of its output; *ret_n is 0 at the end. */
int sshclient_read(struct ctx *cx, struct sshclient *c, void *data, size_t size, size_t *ret_n) MUST_CHECK;

/* What it wrote to its error output so far (at most 4 KiB), in cx's arena. */
const char *sshclient_complaint(struct ctx *cx, struct sshclient *c);

/* Ends the connection; NULL and twice are allowed. */
void sshclient_close(struct sshclient *c);

#endif
