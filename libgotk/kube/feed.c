/*
 * feed.c: a watch: one long answer, a JSON document per line; the contract is in reflector.h.
 *
 * Runs on the reflector's thread, inside the HTTP client's wait. Events are taken in as their line is
 * complete; lines that come in one piece are parsed where they lie. The server renews the stream by ending it
 * after timeoutSeconds and proves it is alive by a bookmark each minute; a stream that stays silent for
 * longer than three is given up, because the other end may be gone without a word.
 */
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/failure.h"
#include "libgotk/kube/reflector.h"
#include "libgotk/kube/wire.h"

/* A watch that lasts STEADY_MS ends a row of failures; its timeout is jittered to 300..600 s. */
#define LINE_MAX_BYTES  ((size_t)64 << 20)
#define SILENCE_MS      200000
#define SHORT_MS        1000
#define STEADY_MS       10000
#define TIMEOUT_MIDDLE  (450 * GOTIME_SECOND)
#define TIMEOUT_PERCENT 33
#define TIMEOUT_GRACE_S 30

void feed_open(struct feed *f, struct reflector *r)
{
    *f = (struct feed){ .r = r, .arena = arena_new(2 * LINE_MAX_BYTES) };
    f->pending = buf_new(f->arena, LINE_MAX_BYTES);
}

void feed_close(struct feed *f)
{
    arena_free(f->arena);
    f->arena = NULL;
}

/* One kind of line; `object` is the event's object. */
typedef int (*line_fn)(struct ctx *cx, struct reflector *r, struct doc *object);

static int take_change(struct ctx *cx, struct reflector *r, struct doc *object)
{
    relist_take(cx, r, object);
    return 0;
}

static int take_deletion(struct ctx *cx, struct reflector *r, struct doc *object)
{
    relist_drop(cx, r, doc_text_at(object, "metadata", "namespace"),
                str_or(doc_text_at(object, "metadata", "name"), ""));
    return 0;
}

static int take_bookmark(struct ctx *cx, struct reflector *r, struct doc *object)
{
    (void)cx;
    (void)r;
    (void)object; /* its resourceVersion is all it has, and every line's is kept */
    return 0;
}

static int take_error(struct ctx *cx, struct reflector *r, struct doc *object)
{
    (void)r;
    return failure_of_status(cx, object);
}

static const struct {
    const char *type;
    line_fn take;
} line_types[] = {
    { "ADDED", take_change },      { "MODIFIED", take_change }, { "DELETED", take_deletion },
    { "BOOKMARK", take_bookmark }, { "ERROR", take_error },
};

static line_fn find_line_type(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(line_types); i++) {
        if (str_eq(line_types[i].type, type))
            return line_types[i].take;
    }
    return NULL;
}

static int take_event(struct ctx *cx, struct feed *f, struct doc *event)
{
    struct doc *object = doc_find(event, "object");
    const char *type = doc_text_at(event, "type");
    line_fn take = find_line_type(type);
    if (!take || doc_kind(object) != DOC_OBJECT)
        return err_fail(cx, ERR_INVALID, "the API server sent a watch event of unknown type \"%s\"",
                        str_or(type, ""));
    const char *version = str_dup(cx->arena, doc_text_at(object, "metadata", "resourceVersion"));
    if (take(cx, f->r, object) < 0)
        return err_code(cx);
    relist_set_version(f->r, version);
    atomic_store(&f->r->fresh, true);
    f->events++;
    return 0;
}

static int take_line(struct ctx *cx, struct feed *f, const char *line, size_t n)
{
    struct arena_mark mark = arena_mark(cx->arena);
    struct doc *event = NULL;
    if (n == 0)
        return 0;
    if (json_parse(cx, line, n, "watch event", &event) < 0 || take_event(cx, f, event) < 0)
        return err_code(cx);
    arena_release(cx->arena, mark);
    return 0;
}

/* The end of a line whose start is pending. */
static int take_pending(struct ctx *cx, struct feed *f, const char *data, size_t n)
{
    buf_add(&f->pending, data, n);
    if (buf_ok(cx, &f->pending, "a watch event") < 0)
        return err_code(cx);
    int rc = take_line(cx, f, buf_text(&f->pending), f->pending.len);
    arena_reset(f->arena);
    f->pending = buf_new(f->arena, LINE_MAX_BYTES);
    return rc;
}

int feed_data(struct ctx *cx, void *user, const char *data, size_t n)
{
    struct feed *f = user;
    const char *end = data + n;
    const char *newline;
    while (data < end && (newline = memchr(data, '\n', (size_t)(end - data)))) {
        size_t len = (size_t)(newline - data);
        int rc = f->pending.len ? take_pending(cx, f, data, len) : take_line(cx, f, data, len);
        if (rc < 0)
            return rc;
        data = newline + 1;
    }
    buf_add(&f->pending, data, (size_t)(end - data));
    return buf_ok(cx, &f->pending, "a watch event");
}

static const char *watch_path(struct ctx *cx, struct reflector *r, int64_t timeout_s)
{
    struct buf path = list_path(cx->arena, &r->query);
    wire_query(&path, "watch", "true");
    wire_query(&path, "allowWatchBookmarks", "true");
    wire_query(&path, "resourceVersion", r->version);
    wire_query(&path, "timeoutSeconds", str_fmt(cx->arena, "%lld", (long long)timeout_s));
    return buf_text(&path);
}

/* Watches until the answer ends; *ret_answered: there was one. */
static int run(struct ctx *cx, struct reflector *r, struct feed *f, bool *ret_answered)
{
    int64_t timeout_s = gotime_jitter(TIMEOUT_MIDDLE, TIMEOUT_PERCENT) / GOTIME_SECOND;
    struct http_response answer;
    struct wire_request req = {
        .path = watch_path(cx, r, timeout_s),
        .accept = list_accept(cx->arena, &r->query, "PartialObjectMetadata"),
        .timeout_ms = (timeout_s + TIMEOUT_GRACE_S) * 1000,
        .idle_timeout_ms = SILENCE_MS,
        .on_data = feed_data,
        .user_data = f,
    };
    int rc = wire_send(cx, r->k, &req, &answer);
    *ret_answered = wire_is_success(&answer);
    if (rc < 0)
        return rc;
    struct failure_subject subject = { "GET", r->query.mapping.group, r->query.mapping.plural, NULL };
    return *ret_answered ? 0 : failure_of_answer(cx, &answer, &subject, NULL);
}

/* A stream that was cut or fell silent after it had worked is renewed at once, like one that ended in order. A server that
 * cannot be reached is told of, however long that took to find out. */
static bool is_plain_end(const struct ctx *cx, bool answered, int64_t took_ms)
{
    int code = err_code(cx);
    return answered && took_ms >= SHORT_MS && !ctx_done(cx) &&
           (code == ERR_UNAVAILABLE || code == ERR_TIMEOUT);
}

int feed_watch(struct ctx *cx, struct reflector *r)
{
    struct feed feed;
    int64_t began = ctx_now_ms();
    bool answered = false;
    feed_open(&feed, r);
    int rc = run(cx, r, &feed, &answered);
    int64_t took_ms = ctx_now_ms() - began;
    feed_close(&feed);
    if (feed.events > 0 || (answered && took_ms >= STEADY_MS))
        r->failures = 0;
    if (rc == 0 && took_ms < SHORT_MS && feed.events == 0)
        rc = err_fail(cx, ERR_UNAVAILABLE, "the server ended the watch at once");
    if (rc < 0 && is_plain_end(cx, answered, took_ms) && cx->err.http_status == 0) {
        err_clear(cx);
        rc = 0;
    }
    return rc < 0 ? err_wrap(cx, "failed to watch %s", r->query.mapping.plural) : 0;
}
