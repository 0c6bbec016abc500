/*
 * watch.c: a reflector's life: start, the thread's loop, back-off, stop; the contract is in watch.h.
 *
 * The loop is two states: without a version it lists, with one it watches. Every failure is logged once and
 * followed by a pause that doubles up to 30 s, from a tenth of a second on when a kind is not served (yet); a
 * version that is too old, or a line that made no sense, leads back to a list.
 */
#include "libgotk/kube/watch.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/reflector.h"
#include "libgotk/net/http.h"

#include <errno.h>
#include <poll.h>

#define ARENA_LIMIT     ((size_t)1 << 30) /* of one page or event while it is read */
#define BACK_OFF_MIN_MS 1000
#define BACK_OFF_MAX_MS 25000
#define UNSERVED_MIN_MS                                                                                      \
    100 /* the first pause when a kind is not served yet: its definition was just installed */
#define ABSENT_MAX_MS   10000 /* between two looks for a kind that does not exist yet */
#define BACK_OFF_JITTER 20    /* percent either way: 0.8 s at the least, 30 s at the most */

/* The pause after the n-th failure in a row: about `base` (1 s), twice, four times that, ... 25 s. */
static int64_t back_off_ms(int64_t base, int failures)
{
    for (int i = 1; i < failures && base < BACK_OFF_MAX_MS; i++)
        base *= 2;
    if (base > BACK_OFF_MAX_MS)
        base = BACK_OFF_MAX_MS;
    return gotime_jitter(base * GOTIME_MS, BACK_OFF_JITTER) / GOTIME_MS;
}

static bool needs_list(int code)
{
    return code == ERR_GONE || code == ERR_INVALID || code == ERR_LIMIT;
}

static void log_failure(struct ctx *cx, const struct reflector *r, int64_t wait_ms)
{
    static const char text[] = "failed to follow a kind, trying again";
    const char *wait = gotime_print_duration(cx->arena, wait_ms * GOTIME_MS);
    if (r->o.optional)
        log_debug(cx->log, text, "kind", r->o.kind, "apiVersion", r->o.api_version, "wait", wait, "reason",
                  err_message(cx), NULL);
    else
        log_error(cx->log, err_message(cx), text, "kind", r->o.kind, "apiVersion", r->o.api_version, "wait",
                  wait, NULL);
}

static bool is_kind_absent(struct ctx *cx)
{
    return err_code(cx) == ERR_NOT_FOUND && str_eq(err_reason_of(cx), "NoKindMatch");
}

/* A kind whose definition is not installed is none of our failures: said once, and looked for from time to time. Returns how
 * long to wait. */
static int64_t note_absent(struct ctx *cx, struct reflector *r, int64_t wait_ms)
{
    if (!r->absent && !r->o.optional)
        log_info(cx->log, "kind is not installed, waiting for it", "kind", r->o.kind, "apiVersion",
                 r->o.api_version, NULL);
    r->absent = true;
    r->version[0] = '\0';
    err_clear(cx);
    relist_nothing(cx, r);
    return wait_ms > ABSENT_MAX_MS ? ABSENT_MAX_MS : wait_ms;
}

/* Logs a failure and waits before the next try; returns when it is time, or when the reflector must end. */
static void back_off(struct ctx *cx, struct reflector *r)
{
    if (err_code(cx) == ERR_GONE && r->failures > 1)
        r->failures = 1; /* the server is back and answers: what was missed is asked for soon */
    int64_t base_ms = err_code(cx) == ERR_NOT_FOUND ? UNSERVED_MIN_MS : BACK_OFF_MIN_MS;
    int64_t wait_ms = back_off_ms(base_ms, ++r->failures);
    atomic_store(&r->fresh, false);
    if (ctx_done(cx))
        return;
    if (cx->err.retry_after_ms > wait_ms)
        wait_ms = cx->err.retry_after_ms;
    if (needs_list(err_code(cx)))
        r->version[0] = '\0';
    if (is_kind_absent(cx))
        wait_ms = note_absent(cx, r, wait_ms);
    else if (err_code(cx) == ERR_GONE)
        log_debug(cx->log, "watch is too old, listing again", "kind", r->o.kind, "reason", err_message(cx),
                  NULL);
    else
        log_failure(cx, r, wait_ms);
    err_clear(cx);
    if (ctx_sleep(cx, wait_ms) < 0)
        err_clear(cx);
}

static int run_once(struct ctx *cx, struct reflector *r)
{
    if (kube_map(cx, r->k, r->o.api_version, r->o.kind, &r->query.mapping) < 0)
        return err_code(cx);
    r->absent = false;
    return r->version[0] ? feed_watch(cx, r) : relist(cx, r);
}

static void *thread_main(void *arg)
{
    struct reflector *r = arg;
    struct ctx cx = {
        .arena = arena_new(ARENA_LIMIT), .cancel = &r->cancel, .log = r->o.log, .http = http_open()
    };
    while (!ctx_done(&cx)) {
        if (run_once(&cx, r) < 0)
            back_off(&cx, r);
        err_clear(&cx);
        arena_reset(cx.arena);
    }
    http_close(cx.http);
    arena_free(cx.arena);
    return NULL;
}

static struct reflector *make(struct kube *k, const struct reflector_options *options)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct reflector *r = ARENA_NEW(arena, struct reflector);
    r->arena = arena;
    r->k = k;
    r->o = *options;
    r->o.api_version = str_dup(arena, options->api_version);
    r->o.kind = str_dup(arena, options->kind);
    r->o.ns = str_dup(arena, options->ns);
    r->o.label_selector = str_dup(arena, options->label_selector);
    r->o.field_selector = str_dup(arena, options->field_selector);
    r->query = (struct list_query){ .ns = r->o.ns,
                                    .label_selector = r->o.label_selector,
                                    .field_selector = r->o.field_selector,
                                    .metadata_only = r->o.metadata_only };
    r->page = LIST_PAGE;
    r->store = store_open();
    cancel_open(&r->cancel);
    cancel_open(&r->synced);
    return r;
}

static void discard(struct reflector *r)
{
    store_close(r->store);
    cancel_close(&r->synced);
    cancel_close(&r->cancel);
    arena_free(r->arena);
}

int reflector_start(struct ctx *cx, struct kube *k, const struct reflector_options *options,
                    struct reflector **ret_reflector)
{
    bool secrets = str_eq(options->api_version, "v1") && str_eq(options->kind, "Secret");
    ASSERT(!secrets || options->metadata_only);
    struct reflector *r = make(k, options);
    int rc = pthread_create(&r->thread, NULL, thread_main, r);
    if (rc != 0) {
        discard(r);
        errno = rc;
        return err_errno(cx, "cannot start the thread that watches %s", options->kind);
    }
    pthread_setname_np(r->thread, "reflector");
    *ret_reflector = r;
    return 0;
}

struct store *reflector_store(struct reflector *r)
{
    return r->store;
}

bool reflector_synced(const struct reflector *r)
{
    return atomic_load(&r->synced.fired);
}

bool reflector_fresh(const struct reflector *r)
{
    return atomic_load(&r->fresh);
}

int reflector_wait_synced(struct ctx *cx, const struct reflector *r)
{
    while (!reflector_synced(r)) {
        if (ctx_check(cx) < 0)
            return err_wrap(cx, "waiting for the first list of %s", r->o.kind);
        struct pollfd fds[] = { { .fd = r->synced.fd, .events = POLLIN },
                                { .fd = cx->cancel ? cx->cancel->fd : -1, .events = POLLIN } };
        poll(fds, 2, (int)ctx_left_ms(cx, 60000) + 1);
    }
    return 0;
}

void reflector_cancel(struct reflector *r)
{
    cancel_fire(&r->cancel);
}

void reflector_stop(struct reflector *r)
{
    if (!r)
        return;
    cancel_fire(&r->cancel);
    pthread_join(r->thread, NULL);
    discard(r);
}
