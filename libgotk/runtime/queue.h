/*
 * queue.h: which object is reconciled next: a keyed, de-duplicating priority queue with timers and back-off.
 *
 * A key is in the queue once, however often it is added; while it runs, further adds only mark it dirty and it comes again
 * when it is done, so two workers never hold the same object. Work people wait for overtakes interval work; within a
 * priority it is first come, first served. Owned by the loop thread, no locks, and the time is an argument, so that tests
 * decide what time it is. Rejected: one queue for all kinds (a slow kind would starve the others).
 */
#ifndef GOTK_RUNTIME_QUEUE_H
#define GOTK_RUNTIME_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

/* Why a key was added; a later one in this list overtakes the earlier ones. */
enum queue_priority {
    QUEUE_INTERVAL,  /* its interval or retry time is up, or it was found at start-up */
    QUEUE_WATCH,     /* something it depends on changed */
    QUEUE_SPEC,      /* it was made, deleted, or its generation changed */
    QUEUE_REQUESTED, /* someone set the requestedAt annotation and waits */
};

/* A key that runs. The fields stay as they are until queue_done. */
struct queue_item {
    const char *ns;
    const char *name;
    enum queue_priority priority;
    int64_t waited_ms;     /* between being ready and being taken */
    uint64_t seen_version; /* the newest resourceVersion a run of this key wrote; 0: none */
    void *parked;          /* what queue_done was given with QUEUE_PARK, when its time came; or NULL */
    bool restart;          /* something changed while it was parked: begin anew rather than go on */
};

/* What becomes of a key that ran. */
enum queue_verdict {
    QUEUE_FORGET,  /* nothing until it is added again; its failures are forgotten */
    QUEUE_AFTER,   /* again after after_ms; its failures are forgotten */
    QUEUE_BACKOFF, /* again after the minimum delay doubled for each failure in a row, up to the maximum */
    QUEUE_NOW,     /* again at once; its failures are forgotten */
    QUEUE_PARK,    /* it waits: `parked` comes back after after_ms or with queue_wake */
    QUEUE_GONE,    /* the object is no more: all that is known of the key goes */
};

struct queue_outcome {
    enum queue_verdict verdict;
    int64_t after_ms;
    uint64_t seen_version; /* 0: nothing was written */
    void *parked;
    bool terminal; /* for metrics: an error, though it is not tried again */
};

/* An empty queue whose back-off runs from min_delay_ms to max_delay_ms; the caller owns it (queue_close). */
struct queue *queue_open(int64_t min_delay_ms, int64_t max_delay_ms);

/* Ends the queue; drop(parked) is called for each parked run (drop may be NULL when there are none). */
void queue_close(struct queue *q, void (*drop)(void *parked));

/* Ends all parked runs, before what they use goes: drop(parked) for each. Nothing runs any more. */
void queue_drop_parked(struct queue *q, void (*drop)(void *parked));

/* Makes the key ready now, whatever timer it had; of several priorities the highest stands. A parked key starts anew. */
void queue_add(struct queue *q, const char *ns, const char *name, enum queue_priority priority,
               int64_t now_ms);

/* Lets a parked key go on now, and one that runs go on at once should it park; other keys are left alone. */
void queue_wake(struct queue *q, const char *ns, const char *name, int64_t now_ms);

/* Takes the next ready key out to run; NULL when none is ready at now_ms. */
struct queue_item *queue_take(struct queue *q, int64_t now_ms);

/* Ends the run of an item; a key added meanwhile is ready at once, whatever the outcome says (but QUEUE_GONE keys come
 * back as new ones). The item must not be used afterwards. Returns the delay given, -1 without one. */
int64_t queue_done(struct queue *q, struct queue_item *item, const struct queue_outcome *outcome,
                   int64_t now_ms);

/* Milliseconds until a key becomes ready by its timer: 0 when one is ready now, -1 when there is none. */
int64_t queue_wait_ms(const struct queue *q, int64_t now_ms);

/* For metrics: keys ready to run, keys running, and adds and delayed retries since the start. */
struct queue_stats {
    size_t ready;
    size_t ready_low; /* of these, those of QUEUE_INTERVAL */
    size_t running;
    size_t parked;
    uint64_t adds;
    uint64_t retries;
};
struct queue_stats queue_stats(const struct queue *q);

#endif
