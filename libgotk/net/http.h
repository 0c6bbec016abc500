/*
 * http.h: the HTTP client: blocking, one per thread, on libcurl.
 *
 * A struct http holds one thread's connections (a curl multi handle with its cache and idle easy handles), so
 * that keep-alive, TLS sessions and HTTP/2 multiplexing work without locks. Every wait also waits for
 * cx->cancel and cx->deadline_ms: a cancelled request ends within milliseconds. An answer of any status is
 * success; only when no answer came there is an error. Errors name the method, the URL (credentials and
 * secret parameters masked) and the cause, e.g. `Get "https://host/path": dial tcp: lookup host: no such
 * host`. Rejected: an asynchronous interface (stories must read top to bottom) and a shared pool (curl
 * forbids it).
 */
#ifndef GOTK_NET_HTTP_H
#define GOTK_NET_HTTP_H

#include "libgotk/base/buf.h"
#include "libgotk/net/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;
struct http_stream;

/* When and how often a failed request is tried again, as hashicorp/go-retryablehttp does: on connection
 * errors, 429 and 5xx but 501; wait_min doubled each time up to wait_max, or the answer's Retry-After
 * (seconds or date). A request whose on_data already got bytes is not tried again. The last answer is
 * returned as it is. */
struct http_retry {
    int max; /* further tries after the first */
    int64_t wait_min_ms;
    int64_t wait_max_ms;
};

/* One request. Zero means the default everywhere; all pointers are borrowed until the call returns. */
struct http_request {
    const char *method;         /* NULL: "GET" */
    const char *url;            /* http or https */
    const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
    const void *body;           /* NULL: no body */
    size_t body_len;
    const struct tls *tls; /* NULL: system roots, no client certificate */
    /* http://, https:// or socks5:// URL; NULL: what the environment says (proxy.h); "": none */
    const char *proxy;
    const char *proxy_user; /* NULL: from the proxy's URL */
    const char *proxy_password;
    const char *user; /* basic authentication with password; NULL: none (URL userinfo counts) */
    const char *password;
    const char *bearer;         /* Authorization: Bearer; NULL: none */
    int64_t timeout_ms;         /* for one try, connect to last byte; 0: none but cx->deadline_ms */
    int64_t connect_timeout_ms; /* name, TCP and TLS; 0: 30 s */
    int64_t idle_timeout_ms;    /* end when no byte came for so long; 0: none */
    size_t max_body;   /* more is ERR_LIMIT naming URL and limit; 0: 64 MiB, for on_data and streams none */
    int max_redirects; /* followed; 0: none, the 3xx answer is returned. Beyond: ERR_LIMIT */
    const struct http_retry *retry; /* NULL: one try */
    /* Gets the body of a 2xx answer piece by piece instead of response.body (other answers still fill body).
     * A negative return ends the transfer: http_do then returns it, with the error the callback left in cx.
     * Must not start requests on the same struct http. */
    int (*on_data)(struct ctx *cx, void *user, const char *data, size_t n);
    void *user_data; /* handed to on_data */
    bool http2;      /* negotiate HTTP/2 over TLS (ALPN) and multiplex on one connection */
    bool decompress; /* ask for gzip and undo it; otherwise bodies arrive as sent */
    bool tunnel;     /* only http_tunnel's: connect, through a proxy's tunnel, and send nothing */
};

/* One answer; everything lives in cx->arena. */
struct http_response {
    int status;
    const char *status_text;    /* e.g. "404 Not Found", as Go's Response.Status */
    const char *content_type;   /* "" when absent */
    const char *etag;           /* "" when absent */
    const char *effective_url;  /* after redirects; may hold credentials: mask before showing */
    const char *const *headers; /* of the last answer: "lower-case-name: value", NULL-terminated */
    struct buf body;
    int64_t retry_after_ms; /* from Retry-After; 0: none */
    bool http2;             /* the answer came over HTTP/2 */
};

/* One request of a batch and its outcome. */
struct http_exchange {
    struct http_request request;
    struct http_response response;
    struct err err; /* code 0: an answer is in response; else only its status, 0 when not even a head came */
};

/* Opens a thread's client: put it into the cx of that thread. Aborts when the system has nothing left. */
struct http *http_open(void);

/* Closes all connections; NULL is allowed. */
void http_close(struct http *h);

/* Closes all idle connections, e.g. after the credentials of a server changed. */
void http_drop_connections(struct http *h);

/* Sends `req` and waits for the answer, on cx->http (or, when that is NULL, on a client of its own). Fails
 * with ERR_UNAVAILABLE (no connection, no name, cut off), ERR_TIMEOUT, ERR_CANCELED, ERR_LIMIT (body,
 * redirects), ERR_INVALID (URL, header, certificate to present), ERR_DENIED (the server's certificate is not
 * trusted). */
int http_do(struct ctx *cx, const struct http_request *req, struct http_response *ret) MUST_CHECK;

/* Runs `n` requests, at most `parallel` at a time (0: 1), each with its own outcome in list[i]. Order of
 * completion is free, retries are not done by waiting for one another. Fails only as ctx_check does
 * (cancelled, deadline); the exchanges not finished by then hold that error too. */
int http_do_all(struct ctx *cx, struct http_exchange *list, size_t n, size_t parallel) MUST_CHECK;

/* Starts `req` and returns as soon as the answer's head is there (ret_head without body); its body is then
 * read piece by piece. For callers that pull, such as the Git transport. on_data and retry are not used.
 * While a stream is open, other requests may run on the same client. Errors as http_do. The stream lives in
 * cx->arena and must be closed before the struct http. */
int http_stream_open(struct ctx *cx, const struct http_request *req, struct http_response *ret_head,
                     struct http_stream **ret_stream) MUST_CHECK;

/* Reads at most `size` bytes, waiting until there is one; *ret_n is 0 at the end of the body. */
int http_stream_read(struct ctx *cx, struct http_stream *s, void *data, size_t size,
                     size_t *ret_n) MUST_CHECK;

/* Ends the transfer, finished or not; NULL is allowed. */
void http_stream_close(struct http_stream *s);

/* Connects by TCP to `host` and `port`, directly (`proxy` NULL or "") or through an http:// (CONNECT) or socks5h:// proxy,
 * whose credentials are its URL's; *ret_fd is the caller's. For protocols of their own, such as SSH. Fails as http_do, but
 * without a method's name in front: "dial tcp 192.0.2.1:22: connect: connection refused"; ERR_UNSUPPORTED for an https
 * proxy, whose TLS would be in the way. */
int http_tunnel(struct ctx *cx, const char *host, int port, const char *proxy, int *ret_fd) MUST_CHECK;

/* The value of header `name` (any case) of an answer; NULL when absent. */
const char *http_header(const struct http_response *r, const char *name);

/* An ERR_* code for a status that the caller treats as a failure: 401 ERR_UNAUTHORIZED, 403 ERR_DENIED, 404
 * ERR_NOT_FOUND, 409 ERR_CONFLICT, 410 ERR_GONE, 501 ERR_UNSUPPORTED, 408, 429 and all other 5xx ERR_UNAVAILABLE, all
 * other 4xx ERR_INVALID. */
int http_status_code(int status);

#endif
