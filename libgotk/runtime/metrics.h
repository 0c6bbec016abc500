/*
 * metrics.h: the numbers Prometheus scrapes, by the names Flux's dashboards use.
 *
 * One row per metric in metrics.c; a series is a row with label values, made when first touched. One registry per process
 * with one leaf lock; any thread. Rejected: lock-free counters (a reconcile touches a dozen series, a scrape comes every
 * fifteen seconds).
 */
#ifndef GOTK_RUNTIME_METRICS_H
#define GOTK_RUNTIME_METRICS_H

#include "libgotk/base/buf.h"

struct metrics;

/* Each names a row of the table in metrics.c; the comment gives its labels in order. */
enum metric {
    METRIC_RECONCILE_DURATION,    /* kind, name, namespace */
    METRIC_RECONCILE_TOTAL,       /* controller, result */
    METRIC_RECONCILE_ERRORS,      /* controller */
    METRIC_RECONCILE_TERMINAL,    /* controller */
    METRIC_RECONCILE_PANICS,      /* controller */
    METRIC_RECONCILE_TIME,        /* controller */
    METRIC_ACTIVE_WORKERS,        /* controller */
    METRIC_MAX_CONCURRENT,        /* controller */
    METRIC_QUEUE_DEPTH,           /* controller, name, priority */
    METRIC_QUEUE_ADDS,            /* controller, name */
    METRIC_QUEUE_LATENCY,         /* controller, name */
    METRIC_QUEUE_WORK,            /* controller, name */
    METRIC_QUEUE_UNFINISHED,      /* controller, name */
    METRIC_QUEUE_LONGEST,         /* controller, name */
    METRIC_QUEUE_RETRIES,         /* controller, name */
    METRIC_PARKED,                /* controller */
    METRIC_REST_REQUESTS,         /* code, host, method */
    METRIC_LEADER,                /* name */
    METRIC_EVENTS_DROPPED,        /* none */
    METRIC_LOOP_LAG,              /* none */
    METRIC_CACHE_EVENTS,          /* event_type, name, namespace */
    METRIC_TOKEN_CACHE_EVENTS,    /* event_type, kind, name, namespace, operation */
    METRIC_TOKEN_CACHE_ITEMS,     /* none */
    METRIC_TOKEN_CACHE_REQUESTS,  /* status */
    METRIC_TOKEN_CACHE_EVICTIONS, /* none */
    METRIC_PROCESS_CPU,           /* none */
    METRIC_PROCESS_RESIDENT,      /* none */
    METRIC_PROCESS_VIRTUAL,       /* none */
    METRIC_PROCESS_START,         /* none */
    METRIC_PROCESS_FDS,           /* none */
    METRIC_PROCESS_MAX_FDS,       /* none */
    METRIC_BUILD_INFO,            /* version */
    METRIC_COUNT,
};

/* The label values of a series, in the order of the row; as many as it has. */
#define METRIC_LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define METRIC_PLAIN       ((const char *const[]){ NULL })

/* An empty registry the caller owns (metrics_close). */
struct metrics *metrics_open(void);
void metrics_close(struct metrics *m);

/* Adds to a counter or gauge; sets a gauge; puts a value into a histogram. Labels are copied. */
void metrics_add(struct metrics *m, enum metric id, const char *const *labels, double delta);
void metrics_set(struct metrics *m, enum metric id, const char *const *labels, double value);
void metrics_observe(struct metrics *m, enum metric id, const char *const *labels, double value);

/* Removes one series, e.g. when its object is gone. */
void metrics_forget(struct metrics *m, enum metric id, const char *const *labels);

/* The value of a counter or gauge, the count of a histogram; 0 for a series that is not there. For tests. */
double metrics_value(struct metrics *m, enum metric id, const char *const *labels);

/* Registers a function that is called before each scrape to bring gauges up to date; at most 16. Whatever `user` is must live until the last scrape. */
void metrics_collector(struct metrics *m, void (*collect)(struct metrics *m, void *user), void *user);

/* Appends all series in the text format 0.0.4, sorted by name and labels; process numbers are read at this moment. */
void metrics_print(struct metrics *m, struct buf *out);

#endif
