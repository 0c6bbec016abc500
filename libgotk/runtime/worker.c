/*
 * worker.c: worker threads and their hand-over; the contract is in worker.h.
 *
 * A worker sleeps on its own condition variable until the loop thread puts an item into its hand. The list of free workers
 * belongs to the loop thread, last in first out, so that few work much and the others rest; a worker returns to it with
 * the message that carries its outcome. After a run that used much memory the allocator is asked to give it back to the
 * system; a worker that rests for long closes its connections.
 */
#include "libgotk/runtime/worker.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/thread.h"
#include "libgotk/net/http.h"
#include "libgotk/runtime/loop.h"
#include "libgotk/runtime/manager.h"
#include "libgotk/runtime/progress.h"
#include "libgotk/runtime/rundrive.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>

#define ARENA_MAX  ((size_t)256 << 20)
#define TRIM_ABOVE ((size_t)4 << 20)
#define REST_MS    30000

struct worker {
    struct loop_message message; /* first: carries the outcome to the loop */
    struct pool *pool;
    struct worker *next_free;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct queue_item *hand; /* under the lock: given, not yet taken */
    struct queue_item *item; /* taken; the loop reads it with the outcome */
    bool ending;
    struct cancel cancel;
    struct arena *arena;
    struct progress_slot *slot;
    struct queue_outcome outcome;
    atomic_llong since_ms; /* when it took its item; 0: idle */
};

struct pool {
    struct manager *manager;
    const struct controller *controller;
    pool_done_fn done;
    void *user;
    struct worker *workers;
    size_t count;
    struct worker *free;
    size_t busy;
};

/* Loop thread: the worker is free again. */
static void on_done(void *unused, struct loop_message *message)
{
    (void)unused;
    struct worker *w = CONTAINER_OF(message, struct worker, message);
    struct pool *p = w->pool;
    struct queue_item *item = w->item;
    struct queue_outcome outcome = w->outcome;
    w->next_free = p->free;
    p->free = w;
    p->busy--;
    p->done(p->user, item, &outcome);
}

static const char *result_label(const struct queue_outcome *outcome)
{
    if (outcome->terminal)
        return "error";
    switch (outcome->verdict) {
    case QUEUE_AFTER:
    case QUEUE_PARK:
        return "requeue_after";
    case QUEUE_BACKOFF:
        return "error";
    case QUEUE_NOW:
        return "requeue";
    default:
        return "success";
    }
}

static void count_run(struct pool *p, const struct queue_item *item, const struct queue_outcome *outcome,
                      int64_t took_ms)
{
    struct metrics *m = manager_metrics(p->manager);
    const char *name = p->controller->name;
    metrics_add(m, METRIC_RECONCILE_TOTAL, METRIC_LABELS(name, result_label(outcome)), 1);
    metrics_observe(m, METRIC_RECONCILE_TIME, METRIC_LABELS(name), (double)took_ms / 1000);
    metrics_observe(m, METRIC_QUEUE_WORK, METRIC_LABELS(name, name), (double)took_ms / 1000);
    metrics_observe(m, METRIC_QUEUE_LATENCY, METRIC_LABELS(name, name), (double)item->waited_ms / 1000);
    if (outcome->verdict == QUEUE_BACKOFF || outcome->terminal)
        metrics_add(m, METRIC_RECONCILE_ERRORS, METRIC_LABELS(name), 1);
    if (outcome->terminal)
        metrics_add(m, METRIC_RECONCILE_TERMINAL, METRIC_LABELS(name), 1);
}

/* Ends all memory of a run but a small chunk for the next one. */
static void tidy(struct worker *w, bool kept)
{
    size_t used = kept ? 0 : arena_used(w->arena);
    if (kept)
        w->arena = arena_new(ARENA_MAX);
    else
        arena_reset(w->arena);
    if (used > TRIM_ABOVE)
        malloc_trim(0);
}

static void work(struct worker *w, struct http *http)
{
    struct pool *p = w->pool;
    struct ctx seed = { .arena = w->arena, .cancel = &w->cancel, .http = http };
    int64_t began_ms = ctx_now_ms();
    bool kept;
    atomic_store(&w->since_ms, began_ms);
    rundrive_item(&seed, p->manager, p->controller, w->item, w->slot, &w->outcome, &kept);
    atomic_store(&w->since_ms, 0);
    count_run(p, w->item, &w->outcome, ctx_now_ms() - began_ms);
    tidy(w, kept);
    loop_post(manager_loop(p->manager), &w->message);
}

/* Waits until there is something to do; for REST_MS at most when the worker has connections to close. */
static void wait_for_item(struct worker *w, bool connected)
{
    int64_t due_ms = ctx_now_ms() + REST_MS;
    bool rested = false;
    while (!w->ending && !w->hand && !rested)
        if (connected)
            rested = !thread_wait_until(&w->wake, &w->lock, due_ms);
        else
            pthread_cond_wait(&w->wake, &w->lock);
}

/* Waits for an item; false when the worker is to end. */
static bool take_item(struct worker *w, struct http *http)
{
    pthread_mutex_lock(&w->lock);
    wait_for_item(w, true);
    if (!w->ending && !w->hand) {
        pthread_mutex_unlock(&w->lock); /* the loop thread may want it */
        http_drop_connections(http);
        pthread_mutex_lock(&w->lock);
        wait_for_item(w, false);
    }
    w->item = w->hand;
    w->hand = NULL;
    bool go_on = !w->ending;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

static void *worker_thread(void *arg)
{
    struct worker *w = arg;
    struct http *http = http_open();
    while (take_item(w, http))
        work(w, http);
    http_close(http);
    return NULL;
}

static int start_worker(struct ctx *cx, struct pool *p, struct worker *w)
{
    w->pool = p;
    w->message.run = on_done;
    w->arena = arena_new(ARENA_MAX);
    w->slot = progress_slot(manager_progress(p->manager));
    cancel_open(&w->cancel);
    pthread_mutex_init(&w->lock, NULL);
    thread_cond_init(&w->wake);
    int rc = pthread_create(&w->thread, NULL, worker_thread, w);
    if (rc != 0) {
        errno = rc;
        return err_errno(cx, "cannot start a worker thread");
    }
    pthread_setname_np(w->thread, "worker");
    w->next_free = p->free;
    p->free = w;
    return 0;
}

int pool_open(struct ctx *cx, struct manager *m, const struct controller *c, size_t count, pool_done_fn done,
              void *user, struct pool **ret)
{
    struct pool *p = mem_alloc(sizeof(*p));
    *p = (struct pool){ .manager = m, .controller = c, .done = done, .user = user };
    p->workers = mem_alloc(count * sizeof(struct worker));
    for (; p->count < count; p->count++) {
        if (start_worker(cx, p, &p->workers[p->count]) < 0) {
            pool_close(p);
            return cx->err.code;
        }
    }
    *ret = p;
    return 0;
}

bool pool_has_free(const struct pool *p)
{
    return p->free;
}

size_t pool_busy(const struct pool *p)
{
    return p->busy;
}

void pool_give(struct pool *p, struct queue_item *item)
{
    struct worker *w = p->free;
    p->free = w->next_free;
    p->busy++;
    pthread_mutex_lock(&w->lock);
    w->hand = item;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void pool_cancel(struct pool *p)
{
    for (size_t i = 0; i < p->count; i++)
        cancel_fire(&p->workers[i].cancel);
}

void pool_running_ms(struct pool *p, int64_t *ret_longest, int64_t *ret_sum)
{
    int64_t now = ctx_now_ms();
    int64_t longest = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        int64_t since = atomic_load(&p->workers[i].since_ms);
        int64_t took = since ? now - since : 0;
        sum += took;
        longest = took > longest ? took : longest;
    }
    *ret_longest = longest;
    *ret_sum = sum;
}

static void end_worker(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    cancel_close(&w->cancel);
    arena_free(w->arena);
}

void pool_close(struct pool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        end_worker(&p->workers[i]);
    mem_free(p->workers);
    mem_free(p);
}
