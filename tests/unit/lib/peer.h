/*
 * peer.h: the other side of a connection, for tests of clients.
 *
 * Two kinds: nginx, a real server with TLS and HTTP/2 on a free loopback port in a folder of its own; and a
 * scripted peer, a thread that answers each request with the next row of a table and can be late, short or
 * rude, which no real server does on demand. Both end with the test's arena.
 */
#ifndef GOTK_TESTS_PEER_H
#define GOTK_TESTS_PEER_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a scripted peer does with one request. */
struct peer_reply {
    const char *text; /* sent as it is; NULL: nothing */
    int64_t delay_ms; /* before the text */
    bool close;       /* after the text */
    bool reset;       /* close with a TCP reset */
    bool hang;        /* send no more, read no more, keep the connection */
};

struct peer;

/* Starts a scripted peer; `rows` (borrowed) are used in turn by whichever connection asks next, the last row
 * again and again. */
struct peer *peer_start(struct ctx *cx, const struct peer_reply *rows, size_t count);

/* The port on 127.0.0.1; how many requests and connections came; the text of the i-th request (head and
 * body). */
int peer_port(const struct peer *p);
size_t peer_requests(struct peer *p);
size_t peer_connections(struct peer *p);
const char *peer_request(struct peer *p, size_t i);

/* A URL for the peer, in cx's arena. */
const char *peer_url(struct ctx *cx, const struct peer *p, const char *path);

/* A free port on 127.0.0.1. */
int peer_free_port(void);

/* Starts a program and returns its process id; it is killed and waited for when cx's arena goes. */
int peer_spawn(struct ctx *cx, const char *const *argv);

/* Runs a program to its end; fails the test unless it succeeds. */
void peer_run(const char *const *argv);

/* Starts nginx with `server` blocks in `dir`; "@PORT@" in the text becomes a free port each of `ports` gets,
 * in order: "@PORT0@", "@PORT1@", ... Waits until the first one accepts connections. */
void peer_nginx(struct ctx *cx, const char *dir, const char *servers, int *ports, size_t port_count);

/* Makes ca.pem, ca2.pem (another authority), server.pem/.key (127.0.0.1, localhost, api.test),
 * client.pem/.key (CN=ann) old.pem/.key (expired) and
 * bare.pem/.key (localhost by its subject only) in `dir`. */
void peer_certificates(struct ctx *cx, const char *dir);

/* A file's content, NUL-terminated, in cx's arena; fails the test when it cannot be read. */
char *peer_slurp(struct ctx *cx, const char *dir, const char *name);

/* Writes `n` bytes to dir/name; fails the test when it cannot. */
void peer_spill(struct ctx *cx, const char *dir, const char *name, const void *data, size_t n);

#endif
