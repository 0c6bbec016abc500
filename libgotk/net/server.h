/*
 * server.h: the HTTP/1.1 server for artifacts, webhooks, events, metrics and probes, on libmicrohttpd.
 *
 * A server owns its listening socket and a small pool of threads; handlers run on those threads, several at
 * once, each with a context of its own whose arena lasts for that one request. Handlers answer, they do not
 * wait. File answers do Range, HEAD, ETag, If-None-Match, If-Modified-Since by themselves and send with
 * sendfile. Nothing is ever listed. Rejected: serving on the libuv loop, where one slow disk read would delay
 * every queue.
 */
#ifndef GOTK_NET_SERVER_H
#define GOTK_NET_SERVER_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;

/* What a handler gets; borrowed until it returns. */
struct server_request {
    const char *method;
    const char
        *path; /* decoded once, starts with '/'; "/a/../b" is not resolved: open files beneath a root only */
    const char *query;  /* raw text after '?'; "" when absent */
    const char *remote; /* the client's address without port */
    const void *body;
    size_t body_len;
    void *connection; /* for server_header */
};

/* What a handler answers; starts as 404 with no body. Strings and body must live in the request's cx->arena
 * or longer. */
struct server_reply {
    int status;
    const char
        *content_type; /* NULL: "text/plain; charset=utf-8" for a body, by the caller's choice for a file */
    const char *const *headers; /* further "Name: value", NULL-terminated; NULL: none */
    const void *body;
    size_t body_len;
    int fd; /* a regular file to send with status 200, 206, 304 or 416; -1: none. Closed by the server */
    const char *etag;      /* with quotes, e.g. "\"sha256:...\""; NULL: none */
    int64_t last_modified; /* unix seconds; 0: the file's mtime */
};

/* Answers one request. Runs on a server thread; errors left in cx are ignored: put them into the reply. */
typedef void (*server_handler)(struct ctx *cx, void *user, const struct server_request *req,
                               struct server_reply *reply);

/* One row of a handler table: requests whose path starts with `prefix` (whole segments: "/a" matches "/a" and
 * "/a/b") and whose method is one of `methods`. The longest prefix wins. */
struct server_route {
    const char *prefix;
    const char *methods; /* e.g. "GET HEAD"; NULL: any. Others get 405 with Allow */
    server_handler handler;
    void *user;
};

struct server_options {
    /* ":9090", "127.0.0.1:8080", "[::1]:0", ":0" (any free port); an empty host means IPv4 and IPv6 */
    const char *addr;
    const struct server_route *routes; /* borrowed while the server runs */
    size_t route_count;
    size_t max_body;          /* larger request bodies get 413; 0: 64 KiB */
    unsigned threads;         /* 0: 2 */
    unsigned max_connections; /* 0: 512 */
    unsigned idle_timeout_s;  /* 0: 60 */
};

/* Starts a server whose every request goes to `handler`. Caller owns *ret (server_stop). Fails with
 * ERR_INVALID for an address that is none, ERR_IO or ERR_DENIED (address in use, not permitted). */
int server_start(struct ctx *cx, const char *addr, server_handler handler, void *user,
                 struct server **ret) MUST_CHECK;

/* As server_start with a handler table and limits. */
int server_start_with(struct ctx *cx, const struct server_options *options, struct server **ret) MUST_CHECK;

/* The port it listens on. */
int server_port(const struct server *s);

/* Accepts no more connections, lets running answers finish for at most `grace_ms`, then cuts them; NULL is
 * allowed. */
void server_stop(struct server *s, int64_t grace_ms);

/* The value of a request header (any case); NULL when absent. Borrowed until the handler returns. */
const char *server_header(const struct server_request *req, const char *name);

/* Fills `reply` with a status and a short text. */
void server_text(struct ctx *cx, struct server_reply *reply, int status, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
