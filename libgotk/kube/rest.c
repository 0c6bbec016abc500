/*
 * rest.c: questions to the discovery cache, and when it is refreshed; the contract is in rest.h.
 *
 * The lock guards the pointer to the present table and the counters; it is not held while requests run.
 * Refreshes are numbered: whoever misses needs the result of one with a higher number than the last that had
 * begun when the question was put. One thread runs it, the others wait for it, looking at their own cancel
 * flag every 20 ms.
 */
#include "libgotk/kube/rest.h"

#include "libgotk/base/str.h"
#include "libgotk/base/thread.h"
#include "libgotk/kube/discovery.h"
#include "libgotk/kube/restcache.h"
#include "libgotk/kube/wire.h"
#include "libgotk/net/url.h"

#include <pthread.h>

#define REFRESH_GAP_MS 500 /* between the starts of two refreshes */
#define LOOK_UP_MS     20
#define MESSAGE_MAX    1024

struct rest {
    struct arena *arena;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    struct discovery *table; /* NULL: none yet */
    bool forgotten;          /* the table may be old: it still answers "304 Not Modified", but no question */
    uint64_t begun;          /* refreshes begun; the number of the latest */
    uint64_t done;           /* number of the latest that succeeded */
    uint64_t failed;         /* number of the latest that failed, with its error: */
    struct err failure;
    char failure_message[MESSAGE_MAX];
    bool running;
    int64_t begun_ms;
};

struct rest *restcache_open(void)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct rest *r = ARENA_NEW(arena, struct rest);
    r->arena = arena;
    r->begun_ms = ctx_now_ms() - REFRESH_GAP_MS;
    pthread_mutex_init(&r->lock, NULL);
    thread_cond_init(&r->finished);
    return r;
}

void restcache_close(struct rest *r)
{
    discovery_unref(r->table);
    pthread_cond_destroy(&r->finished);
    pthread_mutex_destroy(&r->lock);
    arena_free(r->arena);
}

/* True for failures that are the asker's own: others may be let in, or have more time. */
static bool is_personal(struct ctx *cx)
{
    return ctx_done(cx) || err_code(cx) == ERR_DENIED || err_code(cx) == ERR_UNAUTHORIZED;
}

/* Records how refresh `number` ended; the lock is held. */
static void record(struct ctx *cx, struct rest *r, uint64_t number, int rc, struct discovery *fresh)
{
    r->running = false;
    if (rc == 0) {
        discovery_unref(r->table);
        r->table = fresh;
        r->forgotten = false;
        r->done = number;
    } else if (!is_personal(cx)) {
        r->failed = number;
        r->failure = cx->err;
        snprintf(r->failure_message, sizeof(r->failure_message), "%s", err_message(cx));
    }
    pthread_cond_broadcast(&r->finished);
}

/* Runs one refresh; called and returns with the lock held, which is open in between. */
static int run_refresh(struct ctx *cx, struct kube *k)
{
    struct rest *r = k->rest;
    struct discovery *known = discovery_ref(r->table);
    struct discovery *fresh = NULL;
    uint64_t number = ++r->begun;
    r->running = true;
    r->begun_ms = ctx_now_ms();
    pthread_mutex_unlock(&r->lock);
    int rc = discovery_fetch(cx, k, known, &fresh);
    discovery_unref(known);
    pthread_mutex_lock(&r->lock);
    record(cx, r, number, rc, fresh);
    return rc;
}

static int fail_as_recorded(struct ctx *cx, const struct rest *r)
{
    err_fail(cx, r->failure.code, "%s", r->failure_message);
    cx->err.http_status = r->failure.http_status;
    cx->err.retry_after_ms = r->failure.retry_after_ms;
    return cx->err.code;
}

/* Waits, with the lock held, until a refresh numbered above `asked` has succeeded, running it when nobody
 * does. */
static int refresh_locked(struct ctx *cx, struct kube *k, uint64_t asked)
{
    struct rest *r = k->rest;
    while (r->done <= asked) {
        if (ctx_check(cx) < 0)
            return err_code(cx);
        if (r->failed > asked)
            return fail_as_recorded(cx, r);
        if (r->running || ctx_now_ms() - r->begun_ms < REFRESH_GAP_MS)
            thread_wait_until(&r->finished, &r->lock, ctx_now_ms() + LOOK_UP_MS);
        else if (run_refresh(cx, k) < 0)
            return err_code(cx);
    }
    return 0;
}

static int refresh(struct ctx *cx, struct kube *k, uint64_t asked)
{
    pthread_mutex_lock(&k->rest->lock);
    int rc = refresh_locked(cx, k, asked);
    pthread_mutex_unlock(&k->rest->lock);
    return rc;
}

/* A reference to the present table, NULL when there is none; *ret_begun: refreshes begun so far. */
static struct discovery *take_table(struct rest *r, uint64_t *ret_begun)
{
    pthread_mutex_lock(&r->lock);
    struct discovery *table = discovery_ref(r->forgotten ? NULL : r->table);
    *ret_begun = r->begun;
    pthread_mutex_unlock(&r->lock);
    return table;
}

void kube_map_forget(struct kube *k)
{
    pthread_mutex_lock(&k->rest->lock);
    k->rest->forgotten = true;
    pthread_mutex_unlock(&k->rest->lock);
}

/* What is asked; version NULL: the preferred one. */
struct question {
    const char *group;
    const char *version;
    const char *kind;
};

static void copy_row(struct arena *a, const struct kube_mapping *row, struct kube_mapping *ret)
{
    *ret = (struct kube_mapping){
        .group = str_dup(a, row->group),
        .version = str_dup(a, row->version),
        .kind = str_dup(a, row->kind),
        .plural = str_dup(a, row->plural),
        .namespaced = row->namespaced,
    };
}

/* True when the table answers; *ret_stale when the group's server was down as the table was made. */
static bool look_up(struct arena *a, struct discovery *table, const struct question *q,
                    struct kube_mapping *ret, bool *ret_stale)
{
    const struct kube_mapping *row = NULL;
    if (table)
        row = q->version ? discovery_find(table, q->group, q->version, q->kind)
                         : discovery_find_preferred(table, q->group, q->kind);
    if (row)
        copy_row(a, row, ret);
    *ret_stale = table && discovery_is_stale(table, q->group, q->version);
    discovery_unref(table);
    return row != NULL;
}

static int fail_unknown(struct ctx *cx, const struct question *q, bool stale)
{
    const char *slash = q->group[0] ? "/" : "";
    if (stale)
        return err_fail(
            cx, ERR_UNAVAILABLE,
            "the server that serves \"%s%s%s\" (kind \"%s\") is not available: see its APIService", q->group,
            q->version ? slash : "", str_or(q->version, ""), q->kind);
    if (q->version)
        err_fail(cx, ERR_NOT_FOUND, "no matches for kind \"%s\" in version \"%s%s%s\"", q->kind, q->group,
                 slash, q->version);
    else
        err_fail(cx, ERR_NOT_FOUND, "no matches for kind \"%s\" in group \"%s\"", q->kind, q->group);
    return err_reason(cx, "NoKindMatch");
}

static int answer(struct ctx *cx, struct kube *k, const struct question *q, struct kube_mapping *ret)
{
    uint64_t asked;
    uint64_t ignored;
    bool stale;
    if (look_up(cx->arena, take_table(k->rest, &asked), q, ret, &stale))
        return 0;
    if (refresh(cx, k, asked) < 0)
        return err_code(cx);
    if (look_up(cx->arena, take_table(k->rest, &ignored), q, ret, &stale))
        return 0;
    return fail_unknown(cx, q, stale);
}

int kube_map(struct ctx *cx, struct kube *k, const char *api_version, const char *kind,
             struct kube_mapping *ret_mapping)
{
    const char *slash = strchr(api_version, '/');
    struct question q = { "", api_version, kind };
    if (slash) {
        q.group = str_ndup(cx->arena, api_version, (size_t)(slash - api_version));
        q.version = slash + 1;
    }
    return answer(cx, k, &q, ret_mapping);
}

int kube_map_preferred(struct ctx *cx, struct kube *k, const char *group, const char *kind,
                       struct kube_mapping *ret_mapping)
{
    return answer(cx, k, &(struct question){ group, NULL, kind }, ret_mapping);
}

/* A name as part of a path: '?' and '#' would end it. Other characters of names (RBAC's ':') stay as they are. */
static const char *segment(struct arena *a, const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p > '~' || strchr("?#\"<>\\^`{|}", *p))
            return url_escape(a, name);
    return name;
}

char *kube_path(struct arena *a, const struct kube_mapping *m, const char *ns, const char *name,
                const char *subresource)
{
    const char *scope = m->namespaced && !str_empty(ns) ? str_fmt(a, "/namespaces/%s", segment(a, ns)) : "";
    const char *root = str_empty(m->group) ? str_fmt(a, "/api/%s", m->version)
                                           : str_fmt(a, "/apis/%s/%s", m->group, m->version);
    return str_fmt(a, "%s%s/%s%s%s%s%s", root, scope, m->plural, str_empty(name) ? "" : "/",
                   segment(a, str_or(name, "")), str_empty(subresource) ? "" : "/", str_or(subresource, ""));
}
