/*
 * lane.c: queues and workers on the loop thread; the contract is in lane.h.
 */
#include "libgotk/runtime/lane.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/runtime/loop.h"
#include "libgotk/runtime/rundrive.h"
#include "libgotk/runtime/worker.h"

#include <string.h>

/* controller-runtime's priorities, as the queue's depth is labelled. */
#define PRIORITY_NORMAL "0"
#define PRIORITY_LOW    "-100"

struct lane {
    struct lanes *owner;
    const struct controller *controller;
    struct queue *queue;
    struct pool *pool; /* NULL until lanes_start */
};

struct lanes {
    struct manager *manager;
    struct lane *lanes;
    size_t count;
};

/* "Reconcile this", on its way to the loop thread. */
struct order {
    struct loop_message message; /* first */
    struct lane *lane;
    enum queue_priority priority;
    bool wake; /* let it go on, rather than add it */
    const char *name;
    char ns[]; /* the name follows */
};

struct lanes *lanes_open(struct manager *m, const struct controller *const *controllers)
{
    const struct options *options = manager_options(m);
    struct lanes *l = mem_alloc(sizeof(*l));
    l->manager = m;
    while (controllers[l->count])
        l->count++;
    l->lanes = mem_alloc(l->count * sizeof(struct lane));
    for (size_t i = 0; i < l->count; i++)
        l->lanes[i] = (struct lane){
            .owner = l,
            .controller = controllers[i],
            .queue =
                queue_open(options->min_retry_delay_ns / GOTIME_MS, options->max_retry_delay_ns / GOTIME_MS),
        };
    return l;
}

static struct lane *lane_of(struct lanes *l, const struct controller *c)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->lanes[i].controller == c)
            return &l->lanes[i];
    return NULL;
}

/* Loop thread. */
static void carry_out(void *unused, struct loop_message *message)
{
    (void)unused;
    struct order *o = CONTAINER_OF(message, struct order, message);
    if (o->wake)
        queue_wake(o->lane->queue, o->ns, o->name, ctx_now_ms());
    else
        queue_add(o->lane->queue, o->ns, o->name, o->priority, ctx_now_ms());
    mem_free(o);
}

static void order(struct lanes *l, const struct controller *c, const char *ns, const char *name,
                  enum queue_priority priority, bool wake)
{
    ns = str_or(ns, "");
    size_t ns_size = strlen(ns) + 1;
    size_t name_size = strlen(name) + 1;
    struct order *o = mem_alloc(sizeof(*o) + ns_size + name_size);
    o->message.run = carry_out;
    o->lane = lane_of(l, c);
    o->priority = priority;
    o->wake = wake;
    memcpy(o->ns, ns, ns_size);
    o->name = memcpy(o->ns + ns_size, name, name_size);
    ASSERT(o->lane);
    loop_post(manager_loop(l->manager), &o->message);
}

void lanes_add(struct lanes *l, const struct controller *c, const char *ns, const char *name,
               enum queue_priority priority)
{
    order(l, c, ns, name, priority, false);
}

void lanes_wake(struct lanes *l, const struct controller *c, const char *ns, const char *name)
{
    order(l, c, ns, name, QUEUE_WATCH, true);
}

static void on_done(void *user, struct queue_item *item, const struct queue_outcome *outcome)
{
    struct lane *lane = user;
    queue_done(lane->queue, item, outcome, ctx_now_ms());
}

/* Before a scrape, on a server's thread. */
static void collect(struct metrics *m, void *user)
{
    struct lane *lane = user;
    const char *name = lane->controller->name;
    int64_t longest;
    int64_t sum;
    pool_running_ms(lane->pool, &longest, &sum);
    metrics_set(m, METRIC_QUEUE_LONGEST, METRIC_LABELS(name, name), (double)longest / 1000);
    metrics_set(m, METRIC_QUEUE_UNFINISHED, METRIC_LABELS(name, name), (double)sum / 1000);
}

/* Series exist from the start, so that rates over them begin at 0. */
static void init_metrics(struct metrics *m, const char *name, int64_t concurrent)
{
    static const char *const results[] = { "success", "error", "requeue", "requeue_after" };
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        metrics_add(m, METRIC_RECONCILE_TOTAL, METRIC_LABELS(name, results[i]), 0);
    metrics_add(m, METRIC_RECONCILE_ERRORS, METRIC_LABELS(name), 0);
    metrics_add(m, METRIC_RECONCILE_TERMINAL, METRIC_LABELS(name), 0);
    metrics_add(m, METRIC_RECONCILE_PANICS, METRIC_LABELS(name), 0);
    metrics_set(m, METRIC_MAX_CONCURRENT, METRIC_LABELS(name), (double)concurrent);
}

int lanes_start(struct ctx *cx, struct lanes *l)
{
    int64_t concurrent = manager_options(l->manager)->concurrent;
    for (size_t i = 0; i < l->count; i++) {
        struct lane *lane = &l->lanes[i];
        if (pool_open(cx, l->manager, lane->controller, (size_t)concurrent, on_done, lane, &lane->pool) < 0)
            return cx->err.code;
        init_metrics(manager_metrics(l->manager), lane->controller->name, concurrent);
        metrics_collector(manager_metrics(l->manager), collect, lane);
    }
    return 0;
}

static void publish_stats(struct metrics *m, const struct lane *lane)
{
    const char *name = lane->controller->name;
    struct queue_stats stats = queue_stats(lane->queue);
    metrics_set(m, METRIC_QUEUE_DEPTH, METRIC_LABELS(name, name, PRIORITY_NORMAL),
                (double)(stats.ready - stats.ready_low));
    metrics_set(m, METRIC_QUEUE_DEPTH, METRIC_LABELS(name, name, PRIORITY_LOW), (double)stats.ready_low);
    metrics_set(m, METRIC_QUEUE_ADDS, METRIC_LABELS(name, name), (double)stats.adds);
    metrics_set(m, METRIC_QUEUE_RETRIES, METRIC_LABELS(name, name), (double)stats.retries);
    metrics_set(m, METRIC_PARKED, METRIC_LABELS(name), (double)stats.parked);
    metrics_set(m, METRIC_ACTIVE_WORKERS, METRIC_LABELS(name), (double)pool_busy(lane->pool));
}

/* -1 when there is nothing to wake up for: no timer, or all workers are busy and their messages will come. */
static int64_t dispatch(struct lane *lane)
{
    struct queue_item *item;
    int64_t now_ms = ctx_now_ms();
    while (pool_has_free(lane->pool) && (item = queue_take(lane->queue, now_ms)))
        pool_give(lane->pool, item);
    return pool_has_free(lane->pool) ? queue_wait_ms(lane->queue, now_ms) : -1;
}

int64_t lanes_dispatch(struct lanes *l)
{
    int64_t soonest = -1;
    for (size_t i = 0; i < l->count; i++) {
        int64_t wait = dispatch(&l->lanes[i]);
        publish_stats(manager_metrics(l->manager), &l->lanes[i]);
        if (wait >= 0 && (soonest < 0 || wait < soonest))
            soonest = wait;
    }
    return soonest;
}

size_t lanes_busy(const struct lanes *l)
{
    size_t busy = 0;
    for (size_t i = 0; i < l->count; i++)
        if (l->lanes[i].pool)
            busy += pool_busy(l->lanes[i].pool);
    return busy;
}

void lanes_cancel(struct lanes *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->lanes[i].pool)
            pool_cancel(l->lanes[i].pool);
}

void lanes_stop(struct lanes *l)
{
    for (size_t i = 0; l && i < l->count; i++) {
        pool_close(l->lanes[i].pool);
        l->lanes[i].pool = NULL;
        queue_drop_parked(l->lanes[i].queue, rundrive_drop);
    }
}

void lanes_close(struct lanes *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->count; i++)
        queue_close(l->lanes[i].queue, rundrive_drop);
    mem_free(l->lanes);
    mem_free(l);
}
