/*
 * queue.c: the queue of one controller; the contract is in queue.h.
 *
 * Keys live in a hash table from their first add until QUEUE_GONE (or queue_close); two heaps hold those that are ready
 * (by priority, then order of arrival) and those that wait for a time. An entry is in at most one of them.
 */
#include "libgotk/runtime/queue.h"

#include "libgotk/base/attr.h"
#include "libgotk/base/heap.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/table.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 600 /* names of the API server are shorter */

enum state {
    IDLE,    /* known, waits for nothing but an add */
    READY,   /* in the heap of ready keys */
    DELAYED, /* in the heap of timers */
    RUNNING,
};

struct entry {
    struct queue_item item;
    struct table_node known; /* by "namespace/name" */
    struct heap_node node;   /* in ready or in timers, as the state says */
    enum state state;
    bool dirty; /* added while it ran */
    bool woken; /* queue_wake came while it ran */
    enum queue_priority dirty_priority;
    unsigned failures; /* in a row */
    int64_t ready_since_ms;
};

struct queue {
    int64_t min_delay_ms;
    int64_t max_delay_ms;
    struct heap ready;
    struct heap timers;
    struct table entries;
    struct queue_stats stats;
};

static struct entry *entry_of(struct heap_node *node)
{
    return CONTAINER_OF(node, struct entry, node);
}

struct queue *queue_open(int64_t min_delay_ms, int64_t max_delay_ms)
{
    struct queue *q = mem_alloc(sizeof(*q));
    q->min_delay_ms = min_delay_ms > 0 ? min_delay_ms : 1;
    q->max_delay_ms = max_delay_ms > q->min_delay_ms ? max_delay_ms : q->min_delay_ms;
    return q;
}

static struct entry *find(const struct queue *q, const char *ns, const char *name)
{
    char key[KEY_MAX];
    int n = snprintf(key, sizeof(key), "%s/%s", ns, name);
    ASSERT(n > 0 && (size_t)n < sizeof(key));
    struct table_node *node = table_find(&q->entries, key);
    return node ? CONTAINER_OF(node, struct entry, known) : NULL;
}

/* The entry of a key, made when absent. The texts share its allocation: "namespace/name", and the namespace alone. */
static struct entry *entry_for(struct queue *q, const char *ns, const char *name)
{
    struct entry *known = find(q, ns, name);
    if (known)
        return known;
    size_t ns_size = strlen(ns) + 1;
    size_t name_size = strlen(name) + 1;
    struct entry *e = mem_alloc(sizeof(*e) + ns_size + name_size + ns_size);
    char *key = (char *)(e + 1);
    snprintf(key, ns_size + name_size, "%s/%s", ns, name);
    e->known.key = key;
    e->item.name = key + ns_size;
    e->item.ns = memcpy(key + ns_size + name_size, ns, ns_size);
    table_add(&q->entries, &e->known);
    return e;
}

static void remove_entry(struct queue *q, struct entry *e)
{
    table_remove(&q->entries, &e->known);
    mem_free(e);
}

static void free_entry(struct table_node *node)
{
    mem_free(CONTAINER_OF(node, struct entry, known));
}

/* How parked runs end. */
struct dropping {
    void (*drop)(void *parked);
};

static void drop_one(struct table_node *node, void *user)
{
    const struct dropping *d = user;
    struct entry *e = CONTAINER_OF(node, struct entry, known);
    if (e->item.parked)
        d->drop(e->item.parked);
    e->item.parked = NULL;
}

void queue_drop_parked(struct queue *q, void (*drop)(void *parked))
{
    struct dropping d = { drop };
    table_each(&q->entries, drop_one, &d);
    q->stats.parked = 0;
}

void queue_close(struct queue *q, void (*drop)(void *parked))
{
    queue_drop_parked(q, drop);
    table_done(&q->entries, free_entry);
    heap_done(&q->ready);
    heap_done(&q->timers);
    mem_free(q);
}

static void leave_heap(struct queue *q, struct entry *e)
{
    if (!heap_has(&e->node))
        return;
    heap_remove(e->state == READY ? &q->ready : &q->timers, &e->node);
    if (e->state == READY)
        q->stats.ready_low -= e->item.priority == QUEUE_INTERVAL;
}

static void make_ready(struct queue *q, struct entry *e, enum queue_priority priority, int64_t now_ms)
{
    leave_heap(q, e);
    e->state = READY;
    e->item.priority = priority;
    e->ready_since_ms = now_ms;
    heap_push(&q->ready, &e->node, -(int64_t)priority);
    q->stats.ready_low += priority == QUEUE_INTERVAL;
}

static void make_delayed(struct queue *q, struct entry *e, int64_t due_ms)
{
    leave_heap(q, e);
    e->state = DELAYED;
    heap_push(&q->timers, &e->node, due_ms);
}

static void mark_dirty(struct entry *e, enum queue_priority priority)
{
    if (!e->dirty || priority > e->dirty_priority)
        e->dirty_priority = priority;
    e->dirty = true;
}

void queue_add(struct queue *q, const char *ns, const char *name, enum queue_priority priority,
               int64_t now_ms)
{
    struct entry *e = entry_for(q, ns, name);
    q->stats.adds++;
    if (e->state != RUNNING && e->item.parked)
        e->item.restart = true;
    if (e->state == RUNNING)
        mark_dirty(e, priority);
    else if (e->state != READY || priority > e->item.priority)
        make_ready(q, e, priority, now_ms);
}

void queue_wake(struct queue *q, const char *ns, const char *name, int64_t now_ms)
{
    struct entry *e = find(q, ns, name);
    if (e && e->state == RUNNING)
        e->woken = true;
    else if (e && e->item.parked && e->state == DELAYED)
        make_ready(q, e, QUEUE_WATCH, now_ms);
}

/* Moves keys whose time has come to the ready ones; they are ready since then, not since now. */
static void ripen(struct queue *q, int64_t now_ms)
{
    struct heap_node *top;
    while ((top = heap_top(&q->timers)) && top->key <= now_ms) {
        struct entry *e = entry_of(top);
        make_ready(q, e, QUEUE_INTERVAL, top->key);
    }
}

struct queue_item *queue_take(struct queue *q, int64_t now_ms)
{
    ripen(q, now_ms);
    struct heap_node *top = heap_pop(&q->ready);
    if (!top)
        return NULL;
    struct entry *e = entry_of(top);
    e->state = RUNNING;
    e->woken = false;
    q->stats.ready_low -= e->item.priority == QUEUE_INTERVAL;
    e->item.waited_ms = now_ms > e->ready_since_ms ? now_ms - e->ready_since_ms : 0;
    q->stats.running++;
    q->stats.parked -= e->item.parked != NULL;
    return &e->item;
}

static int64_t backoff_ms(const struct queue *q, unsigned failures)
{
    int64_t delay = q->min_delay_ms;
    while (failures-- > 0 && delay < q->max_delay_ms)
        delay *= 2;
    return delay < q->max_delay_ms ? delay : q->max_delay_ms;
}

/* When the outcome wants the key again: 0 at once, -1 never. */
static int64_t delay_of(struct queue *q, struct entry *e, const struct queue_outcome *outcome)
{
    unsigned failures = e->failures;
    e->failures = 0;
    switch (outcome->verdict) {
    case QUEUE_BACKOFF:
        e->failures = failures + 1;
        q->stats.retries++;
        return backoff_ms(q, failures);
    case QUEUE_PARK:
        if (e->woken)
            return 0;
        return outcome->after_ms > 0 ? outcome->after_ms : 0;
    case QUEUE_AFTER:
        return outcome->after_ms > 0 ? outcome->after_ms : 0;
    case QUEUE_NOW:
        return 0;
    default:
        return -1;
    }
}

/* The key was added while it ran: it is ready, whatever the outcome says. */
static int64_t settle_dirty(struct queue *q, struct entry *e, int64_t now_ms)
{
    e->dirty = false;
    e->item.restart = e->item.parked != NULL;
    make_ready(q, e, e->dirty_priority, now_ms);
    return 0;
}

/* Of a key that comes again at once. */
static enum queue_priority priority_of(const struct entry *e, const struct queue_outcome *outcome)
{
    if (outcome->verdict == QUEUE_NOW)
        return e->item.priority;
    return outcome->verdict == QUEUE_PARK && e->woken ? QUEUE_WATCH : QUEUE_INTERVAL;
}

int64_t queue_done(struct queue *q, struct queue_item *item, const struct queue_outcome *outcome,
                   int64_t now_ms)
{
    struct entry *e = CONTAINER_OF(item, struct entry, item);
    ASSERT(e->state == RUNNING);
    q->stats.running--;
    e->state = IDLE;
    e->item.restart = false;
    e->item.parked = outcome->verdict == QUEUE_PARK ? outcome->parked : NULL;
    q->stats.parked += e->item.parked != NULL;
    if (outcome->seen_version > e->item.seen_version)
        e->item.seen_version = outcome->seen_version;
    int64_t delay = delay_of(q, e, outcome);
    if (outcome->verdict == QUEUE_GONE)
        e->item.seen_version = 0;
    if (e->dirty)
        return settle_dirty(q, e, now_ms);
    if (outcome->verdict == QUEUE_GONE)
        remove_entry(q, e);
    else if (delay == 0)
        make_ready(q, e, priority_of(e, outcome), now_ms);
    else if (delay > 0)
        make_delayed(q, e, now_ms + delay);
    return delay;
}

int64_t queue_wait_ms(const struct queue *q, int64_t now_ms)
{
    if (heap_top(&q->ready))
        return 0;
    const struct heap_node *top = heap_top(&q->timers);
    if (!top)
        return -1;
    return top->key > now_ms ? top->key - now_ms : 0;
}

struct queue_stats queue_stats(const struct queue *q)
{
    struct queue_stats stats = q->stats;
    stats.ready = q->ready.len;
    return stats;
}
