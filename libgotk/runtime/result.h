/*
 * result.h: what an outcome means: when the object is looked at again, whether it is stalled, who is told.
 *
 * One table over error codes replaces the error types of the Go side (stalling, waiting, generic). A story says more by
 * run_stall, run_retry_in and friends (run.h). Pure functions, any thread.
 */
#ifndef GOTK_RUNTIME_RESULT_H
#define GOTK_RUNTIME_RESULT_H

#include <stdbool.h>
#include <stdint.h>

enum result_requeue {
    RESULT_NEVER,      /* until something changes */
    RESULT_INTERVAL,   /* after the object's interval, with jitter: success */
    RESULT_RETRY,      /* after the object's retry interval, exactly; back-off when it has none */
    RESULT_AFTER,      /* after after_ns, exactly */
    RESULT_DEPENDENCY, /* after --requeue-dependency, exactly */
    RESULT_BACKOFF,    /* by the rate limiter */
    RESULT_NOW,
};

/* Who is told of a failure. */
enum result_event {
    RESULT_SILENT,  /* a log line at info */
    RESULT_TRACE,   /* a Normal event in the API only, a log line at info */
    RESULT_INFO,    /* a Normal event, a log line at info */
    RESULT_WARNING, /* a Warning event, a log line at error */
};

struct result {
    int code; /* 0, or the error's code */
    enum result_requeue requeue;
    int64_t after_ns; /* RESULT_AFTER */
    enum result_event event;
    bool stalled;  /* only a change of the spec can help */
    bool terminal; /* counted in the metrics as a terminal error */
};

/* The table's row for an outcome: 0 is success, a negative code a failure. */
struct result result_of(int code);

#endif
