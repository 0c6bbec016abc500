/*
 * server.c: the HTTP server; the contract is in server.h.
 *
 * libmicrohttpd's own threads run everything here but server_start and server_stop. Per request there is one
 * exchange with an arena; it is made when the request line is there and ends when the answer was sent or the
 * client left. Shared between threads: the immutable options and one atomic counter of requests under way.
 */
#include "libgotk/net/server.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/net/answer.h"
#include "libgotk/net/filereply.h"
#include "libgotk/net/listen.h"
#include "libgotk/net/url.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define BODY_MAX_DEFAULT ((size_t)64 << 10)
#define REQUEST_ARENA    ((size_t)64 << 20)
#define DISCARD_MAX      ((size_t)16 << 20)
#define HEADER_MEMORY    ((size_t)32 << 10)

struct server {
    struct server_options options;
    struct server_route only; /* server_start's handler as a table of one row */
    struct MHD_Daemon *daemon;
    struct cancel cancel; /* fired when the server stops: ends what handlers wait for */
    atomic_size_t busy;
    int port;
};

struct exchange {
    struct server *server;
    struct ctx cx;
    const char *uri; /* as it came */
    struct buf body;
    size_t discarded;
    bool started; /* the headers were seen */
};

/* --- one answer --- */

static void add_header(struct MHD_Response *r, const char *name, const char *value)
{
    MHD_add_response_header(r, name, value);
}

static void add_headers(struct ctx *cx, struct MHD_Response *r, const char *const *headers)
{
    for (; headers && *headers; headers++) {
        const char *colon = strchr(*headers, ':');
        ASSERT(colon);
        const char *name = str_ndup(cx->arena, *headers, (size_t)(colon - *headers));
        add_header(r, name, str_trim(cx->arena, colon + 1));
    }
}

static enum MHD_Result send_response(struct MHD_Connection *c, int status, struct MHD_Response *r)
{
    enum MHD_Result rc = MHD_queue_response(c, (unsigned)status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result send_body(struct ctx *cx, struct MHD_Connection *c, const struct server_reply *reply)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(reply->body_len, (void *)(uintptr_t)reply->body,
                                        MHD_RESPMEM_PERSISTENT); /* the arena outlives the answer */
    if (!r)
        return MHD_NO;
    if (reply->body_len || reply->content_type)
        add_header(r, "Content-Type", str_or(reply->content_type, "text/plain; charset=utf-8"));
    if (reply->etag)
        add_header(r, "ETag", reply->etag);
    add_headers(cx, r, reply->headers);
    return send_response(c, reply->status, r);
}

static const char *header_of(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static struct filereply decide(struct MHD_Connection *c, const struct filereply_file *file)
{
    struct filereply_request req = {
        .if_match = header_of(c, "If-Match"),
        .if_none_match = header_of(c, "If-None-Match"),
        .if_modified_since = header_of(c, "If-Modified-Since"),
        .if_unmodified_since = header_of(c, "If-Unmodified-Since"),
        .if_range = header_of(c, "If-Range"),
        .range = header_of(c, "Range"),
    };
    return filereply_decide(&req, file);
}

/* A response with the part of the file it needs; takes the descriptor over. NULL when the system has no
 * memory. */
static struct MHD_Response *file_response(const struct filereply *part, int fd)
{
    struct MHD_Response *r = NULL;
    if (part->status == 200 || part->status == 206)
        r = MHD_create_response_from_fd_at_offset64((uint64_t)part->length, fd, (uint64_t)part->offset);
    else
        r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!r || (part->status != 200 && part->status != 206))
        close(fd);
    return r;
}

static enum MHD_Result send_file(struct ctx *cx, struct MHD_Connection *c, const struct server_reply *reply,
                                 const struct stat *st)
{
    struct filereply_file file = { .size = st->st_size, .etag = reply->etag };
    file.last_modified = reply->last_modified ? reply->last_modified : st->st_mtime;
    struct filereply part = decide(c, &file);
    struct MHD_Response *r = file_response(&part, reply->fd);
    if (!r)
        return MHD_NO;
    if (part.status == 206)
        add_header(r, "Content-Range",
                   str_fmt(cx->arena, "bytes %jd-%jd/%jd", (intmax_t)part.offset,
                           (intmax_t)(part.offset + part.length - 1), (intmax_t)file.size));
    if (part.status == 416)
        add_header(r, "Content-Range", str_fmt(cx->arena, "bytes */%jd", (intmax_t)file.size));
    if (part.status == 200 || part.status == 206)
        add_header(r, "Content-Type", str_or(reply->content_type, "application/octet-stream"));
    if (reply->etag)
        add_header(r, "ETag", reply->etag);
    add_header(r, "Last-Modified", gotime_http_date(cx->arena, file.last_modified));
    add_header(r, "Accept-Ranges", "bytes");
    add_headers(cx, r, reply->headers);
    return send_response(c, part.status, r);
}

void server_text(struct ctx *cx, struct server_reply *reply, int status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = str_vfmt(cx->arena, fmt, args);
    va_end(args);
    reply->status = status;
    reply->body = text;
    reply->body_len = strlen(text);
}

static void refuse(struct ctx *cx, struct server_reply *reply, int status)
{
    server_text(cx, reply, status, "%d %s\n", status, answer_status_text(status));
}

static enum MHD_Result send_reply(struct ctx *cx, struct MHD_Connection *c, struct server_reply *reply)
{
    struct stat st;
    if (reply->fd >= 0 && (fstat(reply->fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(reply->fd);
        reply->fd = -1;
        refuse(cx, reply, 404);
    }
    return reply->fd >= 0 ? send_file(cx, c, reply, &st) : send_body(cx, c, reply);
}

/* --- one request --- */

/* True when `path` is `prefix` or lies below it. */
static bool is_below(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);
    if (!str_starts(path, prefix))
        return false;
    return path[n] == '\0' || path[n] == '/' || (n && prefix[n - 1] == '/');
}

static const struct server_route *find_route(const struct server *s, const char *path)
{
    const struct server_route *best = NULL;
    for (size_t i = 0; i < s->options.route_count; i++) {
        const struct server_route *r = &s->options.routes[i];
        if (is_below(path, r->prefix) && (!best || strlen(r->prefix) > strlen(best->prefix)))
            best = r;
    }
    return best;
}

/* True when the space-separated list holds the word. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; n && (p = strstr(p, word)) != NULL; p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
            return true;
    return false;
}

static void refuse_method(struct ctx *cx, struct server_reply *reply, const char *methods)
{
    const char **headers = ARENA_ARRAY(cx->arena, const char *, 2);
    headers[0] = str_fmt(cx->arena, "Allow: %s", str_replace(cx->arena, methods, " ", ", "));
    reply->headers = headers;
    refuse(cx, reply, 405);
}

static void route(struct exchange *x, const struct server_request *req, struct server_reply *reply)
{
    const struct server_route *r = find_route(x->server, req->path);
    if (!r)
        server_text(&x->cx, reply, 404, "404 page not found\n");
    else if (r->methods && !has_word(r->methods, req->method))
        refuse_method(&x->cx, reply, r->methods);
    else
        r->handler(&x->cx, r->user, req, reply);
}

static const char *client_address(struct ctx *cx, struct MHD_Connection *c)
{
    char text[INET6_ADDRSTRLEN] = "";
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *addr = info ? info->client_addr : NULL;
    if (addr && addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, text, sizeof(text));
    else if (addr && addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr, text,
                  sizeof(text));
    return str_dup(cx->arena, str_starts(text, "::ffff:") ? text + 7 : text);
}

/* Splits and decodes the request's URI; false when it is none of ours. */
static bool read_uri(struct exchange *x, struct server_request *req)
{
    char *path;
    size_t n = strcspn(x->uri, "?#");
    if (*x->uri != '/' || !url_unescape(x->cx.arena, str_ndup(x->cx.arena, x->uri, n), &path))
        return false;
    req->path = path;
    req->query = x->uri[n] == '?' ? x->uri + n + 1 : "";
    return true;
}

static enum MHD_Result answer(struct exchange *x, struct MHD_Connection *c, const char *method)
{
    struct server_reply reply = { .status = 404, .fd = -1 };
    struct server_request req = { .method = method,
                                  .connection = c,
                                  .remote = client_address(&x->cx, c),
                                  .body = buf_text(&x->body),
                                  .body_len = x->body.len };
    if (x->body.overflow)
        refuse(&x->cx, &reply, 413);
    else if (!read_uri(x, &req))
        refuse(&x->cx, &reply, 400);
    else
        route(x, &req, &reply);
    return send_reply(&x->cx, c, &reply);
}

const char *server_header(const struct server_request *req, const char *name)
{
    return header_of(req->connection, name);
}

/* --- libmicrohttpd's callbacks --- */

static void *on_uri(void *user, const char *uri, struct MHD_Connection *c)
{
    struct server *s = user;
    struct exchange *x = mem_alloc(sizeof(*x));
    (void)c;
    atomic_fetch_add(&s->busy, 1);
    x->server = s;
    x->cx = (struct ctx){ .arena = arena_new(REQUEST_ARENA), .cancel = &s->cancel };
    x->uri = str_dup(x->cx.arena, uri);
    x->body = buf_new(x->cx.arena, s->options.max_body);
    return x;
}

static void on_completed(void *user, struct MHD_Connection *c, void **slot,
                         enum MHD_RequestTerminationCode why)
{
    struct server *s = user;
    struct exchange *x = *slot;
    (void)c;
    (void)why;
    if (!x)
        return;
    arena_free(x->cx.arena);
    mem_free(x);
    *slot = NULL;
    atomic_fetch_sub(&s->busy, 1);
}

/* True when the request says itself that its body is too large. */
static bool is_announced_too_large(const struct exchange *x, struct MHD_Connection *c)
{
    int64_t length;
    const char *text = header_of(c, "Content-Length");
    return text && str_to_int64(text, &length) && length > (int64_t)x->body.max;
}

static enum MHD_Result take_body(struct exchange *x, const char *data, size_t *n)
{
    if (x->body.overflow)
        x->discarded += *n;
    buf_add(&x->body, data, *n);
    *n = 0;
    return x->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_len, void **slot)
{
    struct exchange *x = *slot;
    (void)user;
    (void)url;
    (void)version;
    if (!x->started) {
        x->started = true;
        x->body.overflow = is_announced_too_large(x, c);
        return x->body.overflow ? answer(x, c, method) : MHD_YES;
    }
    if (*data_len)
        return take_body(x, data, data_len);
    return answer(x, c, method);
}

/* We decode paths ourselves, once, and refuse what is broken. */
static size_t keep_escapes(void *user, struct MHD_Connection *c, char *text)
{
    (void)user;
    (void)c;
    return strlen(text);
}

/* --- start and stop --- */

static struct MHD_Daemon *start_daemon(struct server *s, int listener)
{
    const struct server_options *o = &s->options;
    return MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0, NULL, NULL,
                            on_request, s, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_THREAD_POOL_SIZE,
                            o->threads ? o->threads : 2U, MHD_OPTION_CONNECTION_LIMIT,
                            o->max_connections ? o->max_connections : 512U, MHD_OPTION_CONNECTION_TIMEOUT,
                            o->idle_timeout_s ? o->idle_timeout_s : 60U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            HEADER_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_UNESCAPE_CALLBACK,
                            keep_escapes, NULL, MHD_OPTION_END);
}

static int start(struct ctx *cx, struct server *s, struct server **ret)
{
    int listener;
    if (listen_open(cx, s->options.addr, &listener) < 0) {
        mem_free(s);
        return cx->err.code;
    }
    if (!s->options.max_body)
        s->options.max_body = BODY_MAX_DEFAULT;
    s->port = listen_port(listener);
    cancel_open(&s->cancel);
    s->daemon = start_daemon(s, listener);
    if (!s->daemon) {
        err_fail(cx, ERR_IO, "cannot start the HTTP server on '%s'", s->options.addr);
        close(listener);
        cancel_close(&s->cancel);
        mem_free(s);
        return cx->err.code;
    }
    *ret = s;
    return 0;
}

int server_start_with(struct ctx *cx, const struct server_options *options, struct server **ret)
{
    struct server *s = mem_alloc(sizeof(*s));
    s->options = *options;
    return start(cx, s, ret);
}

int server_start(struct ctx *cx, const char *addr, server_handler handler, void *user, struct server **ret)
{
    struct server *s = mem_alloc(sizeof(*s));
    s->only = (struct server_route){ .prefix = "/", .handler = handler, .user = user };
    s->options = (struct server_options){ .addr = addr, .routes = &s->only, .route_count = 1 };
    return start(cx, s, ret);
}

int server_port(const struct server *s)
{
    return s->port;
}

/* Waits until no request is under way, at most `grace_ms`. */
static void drain(struct server *s, int64_t grace_ms)
{
    int64_t until = ctx_now_ms() + grace_ms;
    while (atomic_load(&s->busy) > 0 && ctx_now_ms() < until)
        usleep(2000);
}

void server_stop(struct server *s, int64_t grace_ms)
{
    if (!s)
        return;
    int listener = MHD_quiesce_daemon(s->daemon);
    if (listener >= 0)
        close(listener);
    drain(s, grace_ms);
    cancel_fire(&s->cancel);
    MHD_stop_daemon(s->daemon);
    cancel_close(&s->cancel);
    mem_free(s);
}
