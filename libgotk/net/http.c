/*
 * http.c: running transfers: one, a batch, a stream; the contract is in http.h.
 *
 * Everything runs on the thread that owns the struct http. There is one loop: let curl work, note which
 * transfers ended, start what is due, wait for the network, the next timer or the cancel's descriptor,
 * whichever comes first. One request is a batch of one. Rejected: curl's "easy perform" for single requests,
 * which cannot be cancelled while it waits.
 */
#include "libgotk/net/http.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/net/cause.h"
#include "libgotk/net/transfer.h"

#include <fcntl.h>
#include <pthread.h>

#define IDLE_MAX        2
#define CONNECTIONS_MAX 64L
#define POLL_MS         ((int64_t)1000)

struct http {
    CURLM *multi;
    CURL *idle[IDLE_MAX]; /* easy handles to use again: they keep TLS sessions */
    size_t idle_count;
};

struct http_stream {
    struct http *http;
    struct http *own; /* made for this stream alone; NULL: cx->http */
    struct transfer *transfer;
    struct http_request request;
    struct tls tls;
};

/* One exchange of a batch on its way through its tries. */
struct attempt {
    struct http_exchange *exchange;
    struct transfer *transfer; /* NULL: not running */
    int tries;                 /* made so far */
    int64_t not_before_ms;
    bool done;
};

static void init_curl(void)
{
    ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static CURLM *open_multi(void)
{
    CURLM *multi = curl_multi_init();
    ASSERT(multi);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    return multi;
}

struct http *http_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    struct http *h = mem_alloc(sizeof(*h));
    h->multi = open_multi();
    return h;
}

static void free_idle(struct http *h)
{
    while (h->idle_count)
        curl_easy_cleanup(h->idle[--h->idle_count]);
}

void http_close(struct http *h)
{
    if (!h)
        return;
    free_idle(h);
    curl_multi_cleanup(h->multi);
    mem_free(h);
}

void http_drop_connections(struct http *h)
{
    free_idle(h);
    curl_multi_cleanup(h->multi);
    h->multi = open_multi();
}

static CURL *take_easy(struct http *h)
{
    CURL *easy = h->idle_count ? h->idle[--h->idle_count] : curl_easy_init();
    ASSERT(easy);
    return easy;
}

static void give_easy(struct http *h, CURL *easy)
{
    if (h->idle_count < IDLE_MAX)
        h->idle[h->idle_count++] = easy;
    else
        curl_easy_cleanup(easy);
}

static int start(struct ctx *cx, struct http *h, const struct http_request *req, struct transfer **ret)
{
    CURL *easy = take_easy(h);
    if (transfer_open(cx, req, easy, ret) < 0) {
        give_easy(h, easy);
        return cx->err.code;
    }
    ASSERT(curl_multi_add_handle(h->multi, easy) == CURLM_OK);
    return 0;
}

static void stop(struct http *h, struct transfer *t)
{
    CURL *easy = t->easy;
    curl_multi_remove_handle(h->multi, easy);
    transfer_close(t);
    give_easy(h, easy);
}

/* Lets curl work on everything that is ready and marks the transfers that ended. */
static void work(struct http *h)
{
    int running, left;
    ASSERT(curl_multi_perform(h->multi, &running) == CURLM_OK);
    for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
        struct transfer *t = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        t->result = m->data.result;
        t->done = true;
    }
}

/* Waits for the network, the cancel or `ms`, and at most until the deadline. */
static void wait_for_work(const struct ctx *cx, struct http *h, int64_t ms)
{
    struct curl_waitfd wake = { .fd = cx->cancel ? cx->cancel->fd : -1, .events = CURL_WAIT_POLLIN };
    int64_t left = ctx_left_ms(cx, POLL_MS);
    if (left < ms)
        ms = left;
    curl_multi_poll(h->multi, &wake, cx->cancel ? 1 : 0, ms > POLL_MS ? (int)POLL_MS : (int)ms, NULL);
}

/* Ends a transfer whose peer was silent for too long. */
static void check_idle(struct transfer *t)
{
    if (t->done || transfer_idle_left_ms(t, 1) > 0)
        return;
    t->idle_timeout = true;
    t->result = CURLE_OPERATION_TIMEDOUT;
    t->done = true;
}

static bool is_retryable_status(int status)
{
    return status == 429 || (status >= 500 && status != 501);
}

/* How long to wait before the next try; the answer's Retry-After goes first. */
static int64_t retry_wait_ms(const struct http_retry *retry, int tries, const struct http_response *answer)
{
    int64_t wait = retry->wait_min_ms;
    if (answer && answer->retry_after_ms && (answer->status == 429 || answer->status == 503))
        return answer->retry_after_ms;
    for (int i = 1; i < tries && wait < retry->wait_max_ms; i++)
        wait *= 2;
    return wait < retry->wait_max_ms ? wait : retry->wait_max_ms;
}

/* True when the attempt goes back into the queue. */
static bool try_again(struct attempt *a, bool passing, const struct http_response *answer)
{
    const struct http_retry *retry = a->exchange->request.retry;
    if (!retry || !passing || a->tries > retry->max || a->transfer->handed_over)
        return false;
    a->not_before_ms = ctx_now_ms() + retry_wait_ms(retry, a->tries, answer);
    return true;
}

static void keep_error(struct ctx *cx, struct attempt *a)
{
    a->exchange->err = cx->err;
    a->done = true;
    err_clear(cx);
}

/* Takes the outcome of a transfer that ended. */
static void finish(struct ctx *cx, struct http *h, struct attempt *a)
{
    struct transfer *t = a->transfer;
    struct http_response answer = { 0 };
    bool answered = t->result == CURLE_OK;
    if (answered)
        transfer_answer(t, &answer);
    bool passing = answered ? is_retryable_status(answer.status) : cause_is_passing(t);
    if (try_again(a, passing, answered ? &answer : NULL)) {
        /* nothing is kept of this try */
    } else if (answered) {
        a->exchange->response = answer;
        a->done = true;
    } else {
        cause_fail(cx, t);
        keep_error(cx, a);
        a->exchange->response.status = (int)transfer_status(t);
    }
    stop(h, t);
    a->transfer = NULL;
}

static void begin(struct ctx *cx, struct http *h, struct attempt *a)
{
    a->tries++;
    if (start(cx, h, &a->exchange->request, &a->transfer) < 0)
        keep_error(cx, a);
}

struct batch {
    struct attempt *at;
    size_t count;
    size_t parallel;
};

/* Starts what is due while there is room. Returns the milliseconds until something else is due. */
static int64_t begin_due(struct ctx *cx, struct http *h, const struct batch *b)
{
    int64_t next = POLL_MS, now = ctx_now_ms();
    size_t running = 0;
    for (size_t i = 0; i < b->count; i++)
        running += b->at[i].transfer != NULL;
    for (size_t i = 0; i < b->count && running < b->parallel; i++) {
        struct attempt *a = &b->at[i];
        if (a->done || a->transfer)
            continue;
        if (a->not_before_ms > now) {
            next = a->not_before_ms - now < next ? a->not_before_ms - now : next;
            continue;
        }
        begin(cx, h, a);
        running += a->transfer != NULL;
        next = 0;
    }
    return next;
}

/* Takes the outcomes that are there. Returns the milliseconds until an idle timeout, or `next` when that is
 * earlier. */
static int64_t finish_ended(struct ctx *cx, struct http *h, const struct batch *b, int64_t next)
{
    for (size_t i = 0; i < b->count; i++) {
        struct attempt *a = &b->at[i];
        if (!a->transfer)
            continue;
        check_idle(a->transfer);
        int64_t idle = transfer_idle_left_ms(a->transfer, next);
        next = idle < next ? idle : next;
        if (a->transfer->done) {
            finish(cx, h, a);
            next = 0;
        }
    }
    return next;
}

static bool all_done(const struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (!b->at[i].done)
            return false;
    return true;
}

/* Stops everything still under way; those exchanges get the error in cx, each under its own name. */
static void abandon(struct ctx *cx, struct http *h, const struct batch *b)
{
    struct err why = cx->err;
    for (size_t i = 0; i < b->count; i++) {
        struct attempt *a = &b->at[i];
        if (a->transfer)
            stop(h, a->transfer);
        if (a->done)
            continue;
        cx->err = why;
        err_wrap(cx, "%s", transfer_name(cx, &a->exchange->request));
        a->exchange->err = cx->err;
    }
    cx->err = why;
}

static int run_batch(struct ctx *cx, struct http *h, const struct batch *b)
{
    while (!all_done(b)) {
        if (ctx_check(cx) < 0) {
            abandon(cx, h, b);
            return cx->err.code;
        }
        int64_t next = begin_due(cx, h, b);
        work(h);
        next = finish_ended(cx, h, b, next);
        if (next > 0)
            wait_for_work(cx, h, next);
    }
    return 0;
}

int http_do_all(struct ctx *cx, struct http_exchange *list, size_t n, size_t parallel)
{
    struct http *own = cx->http ? NULL : http_open();
    struct batch b = { ARENA_ARRAY(cx->arena, struct attempt, n), n, parallel ? parallel : 1 };
    for (size_t i = 0; i < n; i++) {
        b.at[i].exchange = &list[i];
        list[i].err = (struct err){ 0 };
    }
    int rc = run_batch(cx, own ? own : cx->http, &b);
    http_close(own);
    return rc;
}

int http_do(struct ctx *cx, const struct http_request *req, struct http_response *ret)
{
    struct http_exchange x = { .request = *req };
    int rc = http_do_all(cx, &x, 1, 1);
    if (x.err.code) {
        cx->err = x.err;
        return x.err.code;
    }
    if (rc < 0)
        return rc;
    *ret = x.response;
    return 0;
}

/* Works until the stream has what is asked for, or ended. */
static int drive_stream(struct ctx *cx, struct http_stream *s, bool (*enough)(const struct transfer *t))
{
    struct transfer *t = s->transfer;
    t->cx = cx;
    for (work(s->http); !enough(t) && !t->done; work(s->http)) {
        if (ctx_check(cx) < 0)
            return transfer_blame(cx, t->req);
        check_idle(t);
        if (!t->done)
            wait_for_work(cx, s->http, transfer_idle_left_ms(t, POLL_MS));
    }
    if (t->done && t->result != CURLE_OK)
        return cause_fail(cx, t);
    return 0;
}

int http_stream_open(struct ctx *cx, const struct http_request *req, struct http_response *ret_head,
                     struct http_stream **ret_stream)
{
    struct http_stream *s = ARENA_NEW(cx->arena, struct http_stream);
    s->own = cx->http ? NULL : http_open();
    s->http = s->own ? s->own : cx->http;
    s->request = *req;
    if (req->tls) {
        s->tls = *req->tls;
        s->request.tls = &s->tls;
    }
    if (start(cx, s->http, &s->request, &s->transfer) < 0) {
        http_close(s->own);
        return cx->err.code;
    }
    s->transfer->streaming = true;
    s->transfer->body.max = SIZE_MAX / 4;
    if (drive_stream(cx, s, transfer_has_head) < 0) {
        http_stream_close(s);
        return cx->err.code;
    }
    transfer_answer(s->transfer, ret_head);
    *ret_stream = s;
    return 0;
}

static bool has_bytes(const struct transfer *t)
{
    return t->body.len > t->stream_read;
}

static int refill(struct ctx *cx, struct http_stream *s)
{
    struct transfer *t = s->transfer;
    if (has_bytes(t))
        return 0;
    if (t->paused) {
        t->paused = false;
        curl_easy_pause(t->easy, CURLPAUSE_CONT);
    }
    return drive_stream(cx, s, has_bytes);
}

int http_stream_read(struct ctx *cx, struct http_stream *s, void *data, size_t size, size_t *ret_n)
{
    struct transfer *t = s->transfer;
    if (refill(cx, s) < 0)
        return cx->err.code;
    size_t waiting = t->body.len - t->stream_read, n = waiting < size ? waiting : size;
    if (n)
        memcpy(data, t->body.data + t->stream_read, n);
    t->stream_read += n;
    *ret_n = n;
    return 0;
}

void http_stream_close(struct http_stream *s)
{
    if (!s || !s->transfer)
        return;
    stop(s->http, s->transfer);
    http_close(s->own);
    s->transfer = NULL;
}

static bool never_enough(const struct transfer *t)
{
    (void)t;
    return false;
}

/* A copy of the descriptor of a connection that curl made and is about to close. */
static int take_socket(struct ctx *cx, CURL *easy, int *ret_fd)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return err_errno(cx, "the connection is gone");
    *ret_fd = copy;
    return 0;
}

int http_tunnel(struct ctx *cx, const char *host, int port, const char *proxy, int *ret_fd)
{
    struct http_stream s = { .http = http_open() };
    s.request = (struct http_request){
        .url = str_fmt(cx->arena, strchr(host, ':') ? "http://[%s]:%d" : "http://%s:%d", host, port),
        .proxy = str_or(proxy, ""),
        .tunnel = true,
    };
    s.own = s.http;
    int rc = str_starts(s.request.proxy, "https:")
                 ? err_fail(cx, ERR_UNSUPPORTED,
                            "an https proxy cannot carry this connection: use an http or socks5 proxy")
                 : start(cx, s.http, &s.request, &s.transfer);
    if (rc >= 0)
        rc = drive_stream(cx, &s, never_enough);
    if (rc >= 0)
        rc = take_socket(cx, s.transfer->easy, ret_fd);
    if (s.transfer)
        http_stream_close(&s);
    else
        http_close(s.own);
    return rc;
}

const char *http_header(const struct http_response *r, const char *name)
{
    return answer_find(r->headers, name);
}

static const struct {
    int status;
    int code;
} status_codes[] = {
    { 401, ERR_UNAUTHORIZED }, { 403, ERR_DENIED }, { 404, ERR_NOT_FOUND },   { 408, ERR_UNAVAILABLE },
    { 409, ERR_CONFLICT },     { 410, ERR_GONE },   { 429, ERR_UNAVAILABLE }, { 501, ERR_UNSUPPORTED },
};

int http_status_code(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(status_codes); i++)
        if (status_codes[i].status == status)
            return status_codes[i].code;
    return status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
}
