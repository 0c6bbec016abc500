/*
 * wire.c: sending requests to the API server; the contract is in wire.h.
 *
 * Retries are client-go's (rest/with_retry.go): at most ten, on 429 and 5xx that carry Retry-After whatever
 * the method (the server has not acted), and one second after a connection that broke under a GET. A batch
 * retries in rounds: what must wait, waits together. Rejected: http_retry of net/http.h, which also repeats
 * answers without Retry-After and would write twice after a 500. Any thread.
 */
#include "libgotk/kube/wire.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/token.h"
#include "libgotk/net/url.h"

#define CONNECT_TIMEOUT_MS 15000
#define MAX_RETRIES        10
#define BROKEN_WAIT_MS     1000
#define BODY_MAX           ((size_t)256 << 20)

bool wire_is_success(const struct http_response *answer)
{
    return answer->status >= 200 && answer->status <= 206;
}

void wire_query(struct buf *path, const char *name, const char *value)
{
    if (str_empty(value))
        return;
    char separator = strchr(buf_text(path), '?') ? '&' : '?';
    buf_fmt(path, "%c%s=%s", separator, name, url_escape(path->arena, value));
}

static const char *const *request_headers(struct ctx *cx, const struct kube *k,
                                          const struct wire_request *req)
{
    VEC(const char *) list = { 0 };
    for (size_t i = 0; i < k->header_count; i++)
        vec_push(cx->arena, &list, k->headers[i]);
    vec_push(cx->arena, &list, str_fmt(cx->arena, "Accept: %s", str_or(req->accept, "application/json")));
    if (req->body)
        vec_push(cx->arena, &list,
                 str_fmt(cx->arena, "Content-Type: %s", str_or(req->content_type, "application/json")));
    if (!str_empty(req->if_none_match))
        vec_push(cx->arena, &list, str_fmt(cx->arena, "If-None-Match: %s", req->if_none_match));
    vec_push(cx->arena, &list, NULL);
    return list.at;
}

static int set_credentials(struct ctx *cx, struct kube *k, struct http_request *http)
{
    http->bearer = k->config.token;
    if (k->identity.bearer)
        return k->identity.bearer(cx, k->identity.source, &http->bearer);
    if (k->token && token_get(cx, k->token, &http->bearer) < 0)
        return err_code(cx);
    if (!http->bearer) {
        http->user = k->config.username;
        http->password = k->config.password;
    }
    return 0;
}

int wire_prepare(struct ctx *cx, struct kube *k, const struct wire_request *req, struct http_request *ret)
{
    struct http_request http = {
        .method = str_or(req->method, "GET"),
        .url = str_fmt(cx->arena, "%s%s", k->config.server, req->path),
        .headers = request_headers(cx, k, req),
        .tls = &k->tls,
        .proxy = k->config.proxy_url,
        .timeout_ms = req->timeout_ms ? req->timeout_ms : k->options.timeout_ms,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .idle_timeout_ms = req->idle_timeout_ms,
        .max_body = req->on_data ? 0 : BODY_MAX,
        .on_data = req->on_data,
        .user_data = req->user_data,
        .http2 = true,
    };
    if (req->body) {
        http.body = json_text(cx->arena, req->body, JSON_COMPACT);
        http.body_len = strlen(http.body);
    }
    if (set_credentials(cx, k, &http) < 0)
        return err_code(cx);
    *ret = http;
    return 0;
}

/* A connection that ended before its answer, as opposed to one that never was. */
static bool is_broken(const struct err *e)
{
    return e->code == ERR_UNAVAILABLE && e->message &&
           (strstr(e->message, "EOF") || strstr(e->message, "reset by peer"));
}

/* A GET may be repeated when its connection broke; to a server that may be gone only once. */
static bool may_repeat(const struct kube *k, const struct http_exchange *x, int tries)
{
    return is_broken(&x->err) && str_eq(x->request.method, "GET") && !x->request.on_data &&
           (tries == 0 || !k->options.may_be_gone);
}

/* Milliseconds to wait before this exchange is sent again; < 0: it is done. */
static int64_t retry_wait(const struct kube *k, const struct http_exchange *x, int tries)
{
    int status = x->response.status;
    if (x->err.code)
        return may_repeat(k, x, tries) ? BROKEN_WAIT_MS : -1;
    if ((status == 429 || status >= 500) && x->response.retry_after_ms > 0)
        return x->response.retry_after_ms;
    return -1;
}

/* Notes what one exchange tells the rest of the program. */
static void note(struct kube *k, const struct http_exchange *x)
{
    if (!x->err.code && x->response.status == 401)
        token_forget(k->token);
    if (k->options.observe)
        k->options.observe(k->options.user, x->request.method, k->host, x->err.code ? 0 : x->response.status);
}

/* Sends the exchanges named by `index` as one batch; returns the longest wait of those to send again, kept in
 * `index`. */
static int send_round(struct ctx *cx, struct kube *k, struct http_exchange *list, size_t *index, size_t *n,
                      size_t parallel, int tries, int64_t *ret_wait)
{
    struct http_exchange *round = ARENA_ARRAY(cx->arena, struct http_exchange, *n);
    for (size_t i = 0; i < *n; i++)
        round[i].request = list[index[i]].request;
    int rc = http_do_all(cx, round, *n, parallel);
    size_t again = 0;
    *ret_wait = 0;
    for (size_t i = 0; i < *n; i++) {
        int64_t wait = retry_wait(k, &round[i], tries);
        list[index[i]] = round[i];
        note(k, &round[i]);
        if (wait >= 0)
            index[again++] = index[i];
        if (wait > *ret_wait)
            *ret_wait = wait;
    }
    *n = again;
    return rc;
}

/* True when the wait would outlast the deadline: the answer we have says more than "deadline exceeded" would. */
static bool is_too_long(const struct ctx *cx, int64_t wait_ms)
{
    return ctx_left_ms(cx, INT64_MAX) <= wait_ms;
}

/* True when none of the exchanges got an answer. */
static bool are_all_lost(const struct http_exchange *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!list[i].err.code)
            return false;
    return n > 0;
}

/* To a server that may be gone a few requests go first: when none is answered, the rest would only wait as long, and fails
 * with the same error. Returns how many were sent, or a negative code. */
static int send_scouts(struct ctx *cx, struct kube *k, struct http_exchange *list, size_t n, size_t parallel,
                       size_t *ret_sent)
{
    *ret_sent = 0;
    if (!k->options.may_be_gone || n <= parallel)
        return 0;
    if (wire_send_all(cx, k, list, parallel, parallel) < 0)
        return err_code(cx);
    *ret_sent = parallel;
    if (!are_all_lost(list, parallel))
        return 0;
    for (size_t i = parallel; i < n; i++)
        list[i].err = list[0].err;
    *ret_sent = n;
    return 0;
}

int wire_send_all(struct ctx *cx, struct kube *k, struct http_exchange *list, size_t n, size_t parallel)
{
    size_t sent;
    if (send_scouts(cx, k, list, n, parallel, &sent) < 0)
        return err_code(cx);
    list += sent;
    n -= sent;
    size_t *index = ARENA_ARRAY(cx->arena, size_t, n + 1);
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    for (int tries = 0; n > 0 && tries <= MAX_RETRIES; tries++) {
        int64_t wait;
        if (send_round(cx, k, list, index, &n, parallel, tries, &wait) < 0)
            return err_code(cx);
        if (n == 0 || tries == MAX_RETRIES || is_too_long(cx, wait))
            break;
        if (ctx_sleep(cx, wait) < 0)
            return err_code(cx);
    }
    return 0;
}

int wire_send(struct ctx *cx, struct kube *k, const struct wire_request *req, struct http_response *ret)
{
    struct http_exchange x = { 0 };
    *ret = (struct http_response){ 0 };
    if (wire_prepare(cx, k, req, &x.request) < 0 || wire_send_all(cx, k, &x, 1, 1) < 0)
        return err_code(cx);
    *ret = x.response;
    if (x.err.code)
        cx->err = x.err;
    return x.err.code;
}
