/*
 * event.c: the queue of events and the thread that sends them; the contract is in event.h.
 *
 * A queued event is one block of memory with its letter as JSON text. The thread takes what is due, new events before retries, sends
 * the Kubernetes Event, then the post; a post that fails is put back with a later time (as go-retryablehttp: four more
 * tries, 1 s doubling to 30 s; 429 means the receiver knows it already), so that an outage of notification-controller never
 * delays Events.
 */
#include "libgotk/runtime/event.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/base/thread.h"
#include "libgotk/doc/json.h"
#include "libgotk/net/http.h"
#include "libgotk/net/url.h"
#include "libgotk/runtime/eventlimit.h"
#include "libgotk/runtime/metrics.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_MAX       1000
#define ARENA_MAX       ((size_t)64 << 20)
#define SEND_TIMEOUT_MS 10000
#define POST_TIMEOUT_MS 5000
#define POST_TRIES      5
#define RETRY_MIN_MS    1000
#define RETRY_MAX_MS    30000
#define IDLE_MS         3600000
#define MESSAGE_MAX     39000
#define ANNOTATIONS     "event.toolkit.fluxcd.io/"

struct queued {
    struct queued *next;
    int64_t at_ns; /* wall clock */
    bool recorded; /* the Kubernetes Event is done with */
    bool post;     /* to be posted */
    int tries;
    int64_t due_ms;
    char text[]; /* the letter: a document with all the rest */
};

/* A queued event, unpacked. */
struct letter {
    const struct doc *involved;
    const char *type; /* "Normal" or "Warning" */
    const char *severity;
    const char *reason;
    const char *message;
    const struct doc *annotations; /* NULL: none */
    int64_t at_ns;
};

struct events {
    struct kube *kube;
    const struct log_scope *log;
    struct metrics *metrics;
    char *controller;
    char *addr; /* NULL: no posts */
    char host[256];
    size_t max;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct cancel cancel;
    struct queued *first;
    struct queued **end;
    size_t len;
    bool overflowing; /* said so in the log already */
    bool stopping;
    bool ended;               /* the thread has nothing more to do */
    int64_t stop_ms;          /* when the thread must end at the latest */
    struct eventlimit *limit; /* the thread's own */
};

/* --- the queue --- */

static struct doc *involved_object(struct arena *a, const struct doc *object)
{
    struct kube_ref ref = kube_ref_of(object);
    struct doc *involved = doc_object(a);
    doc_set_text(a, involved, "kind", ref.kind);
    doc_set_text(a, involved, "namespace", ref.ns);
    doc_set_text(a, involved, "name", ref.name);
    doc_set_text(a, involved, "uid", doc_text_at(object, "metadata", "uid"));
    doc_set_text(a, involved, "apiVersion", ref.api_version);
    doc_set_text(a, involved, "resourceVersion", doc_text_at(object, "metadata", "resourceVersion"));
    return involved;
}

/* The caller's annotations and those of the object that are meant for its events; NULL when there are none. */
static struct doc *all_annotations(struct arena *a, const struct event *event)
{
    struct doc *all = doc_object(a);
    doc_each (entry, event->annotations)
        doc_set_text(a, all, doc_key(entry), doc_text(entry));
    doc_each (entry, doc_path(event->object, "metadata", "annotations"))
        if (str_starts(doc_key(entry), ANNOTATIONS))
            doc_set_text(a, all, doc_key(entry), doc_text(entry));
    return doc_len(all) ? all : NULL;
}

static const char *letter_text(struct arena *a, const struct event *event)
{
    bool is_error = event->severity == EVENT_ERROR;
    struct doc *letter = doc_object(a);
    struct doc *annotations = all_annotations(a, event);
    doc_set(a, letter, "involved", involved_object(a, event->object));
    doc_set_text(a, letter, "type", is_error ? "Warning" : "Normal");
    doc_set_text(a, letter, "severity", is_error ? "error" : "info");
    doc_set_text(a, letter, "reason", event->reason);
    doc_set_text(a, letter, "message", event->message);
    if (annotations)
        doc_set(a, letter, "annotations", annotations);
    return json_text(a, letter, JSON_COMPACT);
}

static struct queued *make_queued(const struct event *event)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(ARENA_MAX);
    const char *text = letter_text(a, event);
    size_t size = strlen(text) + 1;
    struct queued *q = mem_alloc(sizeof(*q) + size);
    memcpy(q->text, text, size);
    q->post = event->severity != EVENT_TRACE;
    q->at_ns = gotime_now_ns();
    return q;
}

static int open_letter(struct ctx *cx, const struct queued *q, struct letter *ret)
{
    struct doc *d;
    if (json_parse(cx, q->text, strlen(q->text), "event", &d) < 0)
        return cx->err.code;
    *ret = (struct letter){
        .involved = doc_find(d, "involved"),
        .type = str_or(doc_text(doc_find(d, "type")), ""),
        .severity = str_or(doc_text(doc_find(d, "severity")), ""),
        .reason = str_or(doc_text(doc_find(d, "reason")), ""),
        .message = str_or(doc_text(doc_find(d, "message")), ""),
        .annotations = doc_find(d, "annotations"),
        .at_ns = q->at_ns,
    };
    return 0;
}

/* Called with the lock. */
static void append(struct events *e, struct queued *q)
{
    q->next = NULL;
    *e->end = q;
    e->end = &q->next;
    e->len++;
}

/* Too much waits: said once per flood, without the lock: a log may be slow. */
static void drop(const struct events *e, struct queued *q, bool is_first)
{
    if (e->metrics)
        metrics_add(e->metrics, METRIC_EVENTS_DROPPED, METRIC_PLAIN, 1);
    if (is_first)
        log_error(e->log, "too many events are waiting to be sent", "event dropped", "event", q->text, NULL);
    mem_free(q);
}

void event_post(struct events *e, const struct event *event)
{
    struct queued *q = make_queued(event);
    q->post = q->post && e->addr;
    pthread_mutex_lock(&e->lock);
    bool full = e->len >= e->max, is_first = full && !e->overflowing;
    if (full) {
        e->overflowing = true;
    } else {
        append(e, q);
        pthread_cond_broadcast(&e->changed);
    }
    pthread_mutex_unlock(&e->lock);
    if (full)
        drop(e, q, is_first);
}

/* True when `a` is to be sent before `b`: new events before retries, then what is due first. */
static bool goes_first(const struct queued *a, const struct queued *b)
{
    return a->recorded != b->recorded ? b->recorded : a->due_ms < b->due_ms;
}

/* The event to send next, due or not; NULL when there is none. Called with the lock. */
static struct queued **next_of(struct events *e)
{
    struct queued **best = NULL;
    for (struct queued **at = &e->first; *at; at = &(*at)->next)
        if (!best || goes_first(*at, *best))
            best = at;
    return best;
}

static struct queued *take(struct events *e, struct queued **at)
{
    struct queued *q = *at;
    *at = q->next;
    if (!*at)
        e->end = at;
    e->len--;
    e->overflowing = e->overflowing && e->len > e->max / 2;
    return q;
}

/* --- the Kubernetes Event --- */

/* As client-go names Events. */
static char *event_name(struct arena *a, const struct doc *involved, int64_t at_ns)
{
    return str_fmt(a, "%s.%llx", str_or(doc_text_at(involved, "name"), ""), (unsigned long long)at_ns);
}

static struct doc *new_event(struct events *e, struct arena *a, const struct letter *q)
{
    const char *time = gotime_rfc3339(a, q->at_ns / GOTIME_SECOND);
    struct doc *event = doc_object(a);
    doc_set_text(a, event, "apiVersion", "v1");
    doc_set_text(a, event, "kind", "Event");
    struct doc *meta = doc_ensure(a, event, "metadata");
    doc_set_text(a, meta, "name", event_name(a, q->involved, q->at_ns));
    doc_set_text(a, meta, "namespace", str_or(doc_text_at(q->involved, "namespace"), "default"));
    if (q->annotations)
        doc_set(a, meta, "annotations", doc_copy(a, q->annotations));
    doc_set(a, event, "involvedObject", doc_copy(a, q->involved));
    doc_set_text(a, event, "reason", q->reason);
    doc_set_text(a, event, "message", q->message);
    doc_set_text(a, doc_ensure(a, event, "source"), "component", e->controller);
    doc_set_text(a, event, "firstTimestamp", time);
    doc_set_text(a, event, "lastTimestamp", time);
    doc_set_int(a, event, "count", 1);
    doc_set_text(a, event, "type", q->type);
    doc_set_text(a, event, "reportingComponent", e->controller);
    doc_set_text(a, event, "reportingInstance", "");
    return event;
}

/* Raises the count of the Event that said the same. ERR_NOT_FOUND when that has expired. */
static int count_again(struct ctx *cx, struct events *e, const struct letter *q,
                       const struct eventlimit_seen *seen)
{
    struct arena *a = cx->arena;
    struct kube_ref ref = { "v1", "Event", str_or(doc_text_at(q->involved, "namespace"), "default"),
                            event_name(a, q->involved, seen->created_ns) };
    struct doc *patch = doc_object(a);
    doc_set_int(a, patch, "count", seen->count);
    doc_set_text(a, patch, "lastTimestamp", gotime_rfc3339(a, q->at_ns / GOTIME_SECOND));
    return kube_patch(cx, e->kube, &ref, KUBE_PATCH_MERGE, patch, NULL, NULL);
}

static int create_event(struct ctx *cx, struct events *e, const struct letter *q,
                        struct eventlimit_seen *seen)
{
    const struct doc *event = new_event(e, cx->arena, q);
    if (kube_create(cx, e->kube, event, NULL) < 0)
        return cx->err.code;
    eventlimit_created(seen, q->at_ns);
    return 0;
}

static void record(struct ctx *cx, struct events *e, const struct letter *q)
{
    struct eventlimit_key key = eventlimit_key(q->involved, q->type, q->reason, q->message);
    struct eventlimit_seen *seen = eventlimit_look(e->limit, &key, ctx_now_ms());
    if (!seen)
        return;
    int rc = seen->count > 1 ? count_again(cx, e, q, seen) : ERR_NOT_FOUND;
    if (rc == ERR_NOT_FOUND)
        rc = create_event(cx, e, q, seen);
    if (rc < 0 && !ctx_done(cx))
        log_debug(e->log, "the API server refused an event", "error", err_message(cx), "reason", q->reason,
                  NULL);
}

/* --- the post to notification-controller --- */

static const char *post_body(struct events *e, struct arena *a, const struct letter *q)
{
    struct doc *body = doc_object(a);
    size_t n = strlen(q->message);
    doc_set(a, body, "involvedObject", doc_copy(a, q->involved));
    doc_set_text(a, body, "severity", q->severity);
    doc_set_text(a, body, "timestamp", gotime_rfc3339(a, q->at_ns / GOTIME_SECOND));
    doc_set_text(a, body, "message", n > MESSAGE_MAX ? str_ndup(a, q->message, MESSAGE_MAX) : q->message);
    doc_set_text(a, body, "reason", q->reason);
    if (q->annotations)
        doc_set(a, body, "metadata", doc_copy(a, q->annotations));
    doc_set_text(a, body, "reportingController", e->controller);
    doc_set_text(a, body, "reportingInstance", e->host);
    return json_text(a, body, JSON_COMPACT);
}

/* 0 when the receiver has it (or refused it for good); else an error worth another try. */
static int post_once(struct ctx *cx, struct events *e, const struct letter *q)
{
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    const char *body = post_body(e, cx->arena, q);
    struct http_request request = {
        .method = "POST",
        .url = e->addr,
        .headers = headers,
        .body = body,
        .body_len = strlen(body),
        .timeout_ms = POST_TIMEOUT_MS,
        .max_body = 65536,
    };
    struct http_response response;
    if (http_do(cx, &request, &response) < 0)
        return cx->err.code;
    if (response.status >= 500 && response.status != 501)
        return err_fail(cx, ERR_UNAVAILABLE, "unexpected status %s", response.status_text);
    return 0;
}

/* True when the event is to be posted again later. */
static bool post_failed(struct events *e, struct queued *q, const struct letter *letter, const char *why)
{
    if (++q->tries < POST_TRIES) {
        int64_t wait_ms = (int64_t)RETRY_MIN_MS << (q->tries - 1);
        q->due_ms = ctx_now_ms() + (wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS);
        return true;
    }
    log_error(e->log, why, "unable to record event", "name", doc_text_at(letter->involved, "name"),
              "namespace", doc_text_at(letter->involved, "namespace"), "reconciler kind",
              doc_text_at(letter->involved, "kind"), NULL);
    return false;
}

/* --- the thread --- */

/* Sends what is left of an event; true when it must be kept for later. */
static bool send_event(struct ctx *cx, struct events *e, struct queued *q)
{
    struct letter letter = { .message = "" };
    bool keep = false;
    cx->deadline_ms = ctx_now_ms() + SEND_TIMEOUT_MS;
    ASSERT(open_letter(cx, q, &letter) == 0);
    if (!q->recorded)
        record(cx, e, &letter);
    err_clear(cx);
    q->recorded = true;
    if (q->post && post_once(cx, e, &letter) < 0)
        keep = post_failed(e, q, &letter, err_message(cx));
    err_clear(cx);
    arena_reset(cx->arena);
    return keep;
}

/* While stopping what would have to wait is let go. */
static bool is_over(const struct events *e, struct queued *const *next)
{
    return e->stopping && (!next || (*next)->due_ms > ctx_now_ms() || ctx_now_ms() >= e->stop_ms);
}

static void *events_thread(void *arg)
{
    struct events *e = arg;
    CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_MAX);
    struct ctx cx = { .arena = arena, .cancel = &e->cancel, .log = e->log, .http = http_open() };
    pthread_mutex_lock(&e->lock);
    for (;;) {
        struct queued **next = next_of(e);
        if (is_over(e, next))
            break;
        if (!next || (*next)->due_ms > ctx_now_ms()) {
            thread_wait_until(&e->changed, &e->lock, next ? (*next)->due_ms : ctx_now_ms() + IDLE_MS);
            continue;
        }
        struct queued *q = take(e, next);
        pthread_mutex_unlock(&e->lock);
        bool keep = send_event(&cx, e, q);
        pthread_mutex_lock(&e->lock);
        if (keep)
            append(e, q);
        else
            mem_free(q);
    }
    e->ended = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    http_close(cx.http);
    return NULL;
}

static int check_addr(struct ctx *cx, const char *addr)
{
    struct url url;
    if (url_parse(cx, addr, &url) < 0)
        return err_wrap(cx, "--events-addr");
    if (!str_eq(url.scheme, "http") && !str_eq(url.scheme, "https"))
        return err_fail(cx, ERR_INVALID, "--events-addr: '%s' is no http or https URL",
                        url_mask(cx->arena, addr));
    return 0;
}

static struct events *make_events(const struct events_options *options)
{
    struct events *e = mem_alloc(sizeof(*e));
    e->kube = options->kube;
    e->log = options->log;
    e->metrics = options->metrics;
    e->controller = mem_strdup(options->controller);
    e->addr = str_empty(options->addr) ? NULL : mem_strdup(options->addr);
    e->max = options->queue_max ? options->queue_max : QUEUE_MAX;
    e->end = &e->first;
    e->limit = eventlimit_open();
    gethostname(e->host, sizeof(e->host) - 1);
    pthread_mutex_init(&e->lock, NULL);
    thread_cond_init(&e->changed);
    cancel_open(&e->cancel);
    return e;
}

static void free_events(struct events *e)
{
    for (struct queued *q = e->first, *next; q; q = next) {
        next = q->next;
        mem_free(q);
    }
    eventlimit_close(e->limit);
    cancel_close(&e->cancel);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    mem_free(e->controller);
    mem_free(e->addr);
    mem_free(e);
}

int events_start(struct ctx *cx, const struct events_options *options, struct events **ret)
{
    if (!str_empty(options->addr) && check_addr(cx, options->addr) < 0)
        return cx->err.code;
    struct events *e = make_events(options);
    int rc = pthread_create(&e->thread, NULL, events_thread, e);
    if (rc != 0) {
        free_events(e);
        errno = rc;
        return err_errno(cx, "cannot start the event thread");
    }
    pthread_setname_np(e->thread, "events");
    *ret = e;
    return 0;
}

void events_stop(struct events *e, int64_t grace_ms)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    e->stop_ms = ctx_now_ms() + grace_ms;
    pthread_cond_broadcast(&e->changed);
    while (!e->ended && ctx_now_ms() < e->stop_ms)
        thread_wait_until(&e->changed, &e->lock, e->stop_ms);
    pthread_mutex_unlock(&e->lock);
    cancel_fire(&e->cancel);
    pthread_join(e->thread, NULL);
    free_events(e);
}
