/*
 * lease.c: the election's thread; the contract is in lease.h.
 *
 * Follows client-go's leaderelection: who wants the lease waits from when it saw the record change last, by
 * its own monotonic clock; who holds it writes without reading first, and reads only when that failed. Two
 * differences, both to the safe side: the renew deadline counts from the last renewal that worked, not from
 * the first try after it; and a lease that another holder has written is lost at once. All fields but
 * `leader` belong to the thread.
 */
#include "libgotk/kube/lease.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/random.h"
#include "libgotk/base/str.h"
#include "libgotk/net/http.h"

#include <errno.h>
#include <pthread.h>

#define API_VERSION        "coordination.k8s.io/v1"
#define ARENA_LIMIT        ((size_t)16 << 20)
#define DURATION_MS        35000
#define RENEW_DEADLINE_MS  30000
#define RETRY_PERIOD_MS    5000
#define RELEASE_TIMEOUT_MS 5000
#define HOST_MAX           256

struct lease {
    struct arena *arena; /* this struct and the strings of the options */
    struct kube *k;
    struct lease_options o;
    const char *lock; /* "namespace/name", as log lines name it */
    struct cancel cancel;
    pthread_t thread;
    atomic_bool leader;

    struct arena *seen_arena;
    struct doc *seen; /* the Lease as last read or written; NULL: never */
    int64_t seen_ms;  /* when its spec was seen to change */
    int64_t renewed_ms;
    struct arena *reported_arena;
    const char *reported; /* the holder last told to on_leader */
};

static const char *holder_of(const struct doc *lease)
{
    return str_or(doc_text_at(lease, "spec", "holderIdentity"), "");
}

static bool is_ours(const struct lease *l)
{
    return l->seen && str_eq(holder_of(l->seen), l->o.identity);
}

static int64_t int_at(const struct doc *lease, const char *field)
{
    int64_t value = 0;
    (void)doc_get_int(doc_path(lease, "spec", field), &value);
    return value;
}

/* True while the holder we saw has the right to hold it. */
static bool is_valid(const struct lease *l)
{
    return l->seen && ctx_now_ms() < l->seen_ms + int_at(l->seen, "leaseDurationSeconds") * 1000;
}

/* Remembers the lease; a spec that changed starts the holder's time anew. */
static void observe(struct lease *l, const struct doc *lease)
{
    bool changed = !l->seen || !doc_equal(doc_find(l->seen, "spec"), doc_find(lease, "spec"));
    arena_reset(l->seen_arena);
    l->seen = doc_copy(l->seen_arena, lease);
    doc_remove(doc_find(l->seen, "metadata"), "managedFields");
    if (changed)
        l->seen_ms = ctx_now_ms();
}

static struct doc *empty_lease(struct arena *a, const struct lease *l)
{
    struct doc *lease = doc_object(a);
    doc_set_text(a, lease, "apiVersion", API_VERSION);
    doc_set_text(a, lease, "kind", "Lease");
    struct doc *metadata = doc_ensure(a, lease, "metadata");
    doc_set_text(a, metadata, "name", l->o.name);
    doc_set_text(a, metadata, "namespace", l->o.ns);
    return lease;
}

/* The lease as we want it: ours from now on, or still ours and renewed. */
static struct doc *claim(struct ctx *cx, const struct lease *l)
{
    struct arena *a = cx->arena;
    struct doc *lease = l->seen ? doc_copy(a, l->seen) : empty_lease(a, l);
    struct doc *spec = doc_ensure(a, lease, "spec");
    const char *now = gotime_rfc3339_micro(a, gotime_now_ns());
    if (!is_ours(l)) {
        doc_set_text(a, spec, "acquireTime", now);
        doc_set_int(a, spec, "leaseTransitions", l->seen ? int_at(l->seen, "leaseTransitions") + 1 : 0);
    }
    doc_set_text(a, spec, "holderIdentity", l->o.identity);
    doc_set_int(a, spec, "leaseDurationSeconds", l->o.duration_ms / 1000);
    doc_set_text(a, spec, "renewTime", now);
    return lease;
}

static int write_claim(struct ctx *cx, struct lease *l)
{
    struct doc *stored = NULL;
    struct doc *lease = claim(cx, l);
    int rc = l->seen ? kube_update(cx, l->k, lease, &stored) : kube_create(cx, l->k, lease, &stored);
    if (rc < 0)
        return err_wrap(cx, "failed to update lease %s", l->lock);
    observe(l, stored);
    return 0;
}

/* Reads the lease into l->seen; NULL when there is none. */
static int read_lease(struct ctx *cx, struct lease *l)
{
    struct kube_ref ref = { API_VERSION, "Lease", l->o.ns, l->o.name };
    struct doc *lease = NULL;
    int rc = kube_get(cx, l->k, &ref, &lease);
    if (rc == ERR_NOT_FOUND && cx->err.http_status == 404) {
        err_clear(cx);
        l->seen = NULL;
        return 0;
    }
    if (rc < 0)
        return err_wrap(cx, "failed to read lease %s", l->lock);
    observe(l, lease);
    return 0;
}

/* One try to take or renew the lease; *ret_held says whether it is ours afterwards. */
static int try_claim(struct ctx *cx, struct lease *l, bool *ret_held)
{
    if (is_ours(l) && is_valid(l)) {
        if (write_claim(cx, l) == 0) {
            *ret_held = true;
            return 0;
        }
        log_debug(cx->log, "lease could not be renewed in one step", "reason", err_message(cx), NULL);
        err_clear(cx);
    }
    if (ctx_check(cx) < 0 || read_lease(cx, l) < 0)
        return err_code(cx);
    if (holder_of(l->seen)[0] && !is_ours(l) && is_valid(l)) {
        *ret_held = false;
        return 0;
    }
    if (write_claim(cx, l) < 0)
        return err_code(cx);
    *ret_held = true;
    return 0;
}

static void report_holder(struct lease *l)
{
    const char *holder = l->seen ? holder_of(l->seen) : "";
    if (str_eq(holder, l->reported) || (!l->reported && !l->seen))
        return;
    arena_reset(l->reported_arena);
    l->reported = str_dup(l->reported_arena, holder);
    if (l->o.on_leader)
        l->o.on_leader(l->o.user, l->reported);
}

/* try_claim with a time limit; failures are logged, because trying goes on. */
static bool attempt(struct ctx *cx, struct lease *l, int64_t limit_ms)
{
    bool held = false;
    int64_t began_ms = ctx_now_ms();
    cx->deadline_ms = began_ms + limit_ms;
    int rc = try_claim(cx, l, &held);
    cx->deadline_ms = 0;
    if (rc < 0 && !ctx_done(cx))
        log_error(cx->log, err_message(cx), "Error in leader election", "lock", l->lock, NULL);
    err_clear(cx);
    report_holder(l);
    if (held)
        l->renewed_ms = began_ms;
    arena_reset(cx->arena);
    return held;
}

static void pause_for(struct ctx *cx, int64_t ms)
{
    if (ctx_sleep(cx, ms) < 0)
        err_clear(cx);
    arena_reset(cx->arena);
}

/* Returns true when the lease is ours, false when the thread must end. Pauses are 1 to 2.2 retry periods. */
static bool acquire(struct ctx *cx, struct lease *l)
{
    int64_t middle = l->o.retry_period_ms * 8 / 5;
    log_info(cx->log, "Attempting to acquire leader lease...", "lock", l->lock, NULL);
    while (!attempt(cx, l, l->o.renew_deadline_ms / 2)) {
        if (ctx_done(cx))
            return false;
        pause_for(cx, gotime_jitter(middle * GOTIME_MS, 37) / GOTIME_MS);
    }
    log_info(cx->log, "Successfully acquired lease", "lock", l->lock, NULL);
    return true;
}

/* True when the lease is no longer ours to use: time is up, or somebody else's name is in it. */
static bool is_lost(const struct lease *l)
{
    return ctx_now_ms() - l->renewed_ms >= l->o.renew_deadline_ms || (l->seen && !is_ours(l));
}

/* Returns when the lease was lost (true) or when the thread must end (false). */
static bool renew(struct ctx *cx, struct lease *l)
{
    while (!ctx_done(cx)) {
        pause_for(cx, l->o.retry_period_ms);
        int64_t left = l->renewed_ms + l->o.renew_deadline_ms - ctx_now_ms();
        int64_t half = l->o.renew_deadline_ms / 2;
        if (ctx_done(cx))
            return false;
        if (left > 0 && attempt(cx, l, left < half ? left : half))
            continue;
        if (!ctx_done(cx) && is_lost(l))
            return true;
    }
    return false;
}

static int release(struct ctx *cx, struct lease *l)
{
    if (read_lease(cx, l) < 0)
        return err_code(cx);
    if (!is_ours(l))
        return 0;
    struct doc *lease = doc_copy(cx->arena, l->seen);
    struct doc *spec = doc_find(lease, "spec");
    const char *now = gotime_rfc3339_micro(cx->arena, gotime_now_ns());
    doc_set_text(cx->arena, spec, "holderIdentity", "");
    doc_set_int(cx->arena, spec, "leaseDurationSeconds", 1);
    doc_set_text(cx->arena, spec, "acquireTime", now);
    doc_set_text(cx->arena, spec, "renewTime", now);
    if (kube_update(cx, l->k, lease, NULL) < 0)
        return err_wrap(cx, "failed to release lease %s", l->lock);
    return 0;
}

/* Gives the lease up at the end of an orderly stop. */
static void release_if_held(struct ctx *cx, struct lease *l)
{
    if (!atomic_load(&l->leader) || l->o.keep_on_stop)
        return;
    cx->cancel = NULL;
    cx->deadline_ms = ctx_now_ms() + RELEASE_TIMEOUT_MS;
    if (release(cx, l) < 0)
        log_error(cx->log, err_message(cx), "Failed to release lease", "lock", l->lock, NULL);
    err_clear(cx);
}

static void lead(struct ctx *cx, struct lease *l)
{
    atomic_store(&l->leader, true);
    if (l->o.on_acquired)
        l->o.on_acquired(l->o.user);
    if (!renew(cx, l))
        return;
    atomic_store(&l->leader, false);
    log_error(cx->log, NULL, "leader election lost", "lock", l->lock, NULL);
    if (l->o.on_lost)
        l->o.on_lost(l->o.user);
}

static void *thread_main(void *arg)
{
    struct lease *l = arg;
    struct ctx cx = {
        .arena = arena_new(ARENA_LIMIT), .cancel = &l->cancel, .log = l->o.log, .http = http_open()
    };
    if (acquire(&cx, l))
        lead(&cx, l);
    release_if_held(&cx, l);
    http_close(cx.http);
    arena_free(cx.arena);
    return NULL;
}

static void copy_options(struct lease *l, const struct lease_options *options)
{
    l->o = *options;
    l->o.ns = str_dup(l->arena, options->ns);
    l->o.name = str_dup(l->arena, options->name);
    l->lock = str_fmt(l->arena, "%s/%s", options->ns, options->name);
    l->o.identity = options->identity ? str_dup(l->arena, options->identity) : lease_identity(l->arena);
    l->o.duration_ms = options->duration_ms ? options->duration_ms : DURATION_MS;
    l->o.renew_deadline_ms = options->renew_deadline_ms ? options->renew_deadline_ms : RENEW_DEADLINE_MS;
    l->o.retry_period_ms = options->retry_period_ms ? options->retry_period_ms : RETRY_PERIOD_MS;
}

static struct lease *make(struct kube *k, const struct lease_options *options)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct lease *l = ARENA_NEW(arena, struct lease);
    l->arena = arena;
    l->k = k;
    l->seen_arena = arena_new(ARENA_LIMIT);
    l->reported_arena = arena_new((size_t)1 << 20);
    atomic_init(&l->leader, false);
    copy_options(l, options);
    cancel_open(&l->cancel);
    return l;
}

static void discard(struct lease *l)
{
    cancel_close(&l->cancel);
    arena_free(l->seen_arena);
    arena_free(l->reported_arena);
    arena_free(l->arena);
}

static int check_times(struct ctx *cx, const struct lease_options *o)
{
    if (o->retry_period_ms < 1)
        return err_fail(cx, ERR_INVALID, "leader election: the retry period must be greater than zero");
    if (o->duration_ms <= o->renew_deadline_ms)
        return err_fail(cx, ERR_INVALID,
                        "leader election: the lease duration must be greater than the renew deadline");
    if (o->renew_deadline_ms * 5 <= o->retry_period_ms * 6)
        return err_fail(
            cx, ERR_INVALID,
            "leader election: the renew deadline must be greater than the retry period times 1.2");
    return 0;
}

int lease_start(struct ctx *cx, struct kube *k, const struct lease_options *options, struct lease **ret_lease)
{
    struct lease *l = make(k, options);
    int rc = check_times(cx, &l->o);
    if (rc == 0 && (errno = pthread_create(&l->thread, NULL, thread_main, l)) != 0)
        rc = err_errno(cx, "cannot start the leader election's thread");
    if (rc < 0) {
        discard(l);
        return rc;
    }
    pthread_setname_np(l->thread, "lease");
    *ret_lease = l;
    return 0;
}

bool lease_is_leader(const struct lease *l)
{
    return atomic_load(&l->leader);
}

void lease_stop(struct lease *l)
{
    if (!l)
        return;
    cancel_fire(&l->cancel);
    pthread_join(l->thread, NULL);
    discard(l);
}

char *lease_identity(struct arena *a)
{
    char host[HOST_MAX] = "unknown";
    if (gethostname(host, sizeof(host) - 1) != 0)
        memcpy(host, "unknown", sizeof("unknown"));
    return str_fmt(a, "%s_%s", host, random_uuid(a));
}
