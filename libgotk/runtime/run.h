/*
 * run.h: one reconcile of one object: what its story is given, what it says back, and the driver around it.
 *
 * The driver reads the object, deals with deletion, finalizer and suspend, runs the story's steps, turns the outcome into
 * conditions, writes the status once, tells events, log and metrics, and decides when the object is looked at again. A
 * story is left with what is particular to its kind: begin, steps, finalize, finished. Worker threads; a run belongs to
 * one at a time, and everything in it lives in cx->arena.
 */
#ifndef GOTK_RUNTIME_RUN_H
#define GOTK_RUNTIME_RUN_H

#include "libgotk/api/meta.h"
#include "libgotk/kube/client.h"
#include "libgotk/runtime/cond.h"
#include "libgotk/runtime/event.h"
#include "libgotk/runtime/queue.h"
#include "libgotk/runtime/result.h"
#include "libgotk/runtime/step.h"

struct controller;
struct manager;
struct run_driver;

/* The first member of every story's run struct. */
struct run {
    /* Given by the driver. */
    struct manager *manager;
    const struct controller *controller;
    const struct doc *object;    /* the object as it was at the start; not to be changed */
    struct meta meta;            /* its metadata */
    struct kube_ref ref;         /* its name, for kube_* */
    struct doc *status;          /* its status as this run leaves it: write with doc_set and friends */
    struct cond_target conds;    /* the same status, for cond_set and friends */
    enum queue_priority trigger; /* why it runs */
    int64_t started_ns;          /* on CLOCK_MONOTONIC, for run_took */
    bool resumed;                /* a step that returned STEP_WAIT is called again */

    /* Said by the story; begin sets the intervals. */
    int64_t interval_ns;  /* until the next run after success; 0: none */
    int64_t retry_ns;     /* until the next run after a failure; 0: exponential back-off */
    const char *progress; /* appended to each step's progress text: " for revision ..." */
    struct doc
        *event_metadata;     /* annotations of the events the driver sends: <group>/revision; may be NULL */
    const char *log_message; /* what the log says of a failure nobody is told of; NULL: the error itself */
    bool observed;           /* set status.observedGeneration even though the run stalls */
    int64_t wait_ms;         /* with STEP_WAIT: call the step again after so long at the latest */
    bool wait_unseen; /* with STEP_WAIT: so short a wait is not worth a status; false again afterwards */
    int (*skip_to)(struct ctx *cx, void *run); /* go on with this step of the table; NULL: with the next */

    /* Known when `finished` is called. */
    struct result result;
    struct err failure;        /* code 0: success */
    struct run_driver *driver; /* the driver's own */
};

/* Fails as the error in cx says, with another outcome than its code has in result.c. All return the error's code, so that
 * a step ends with `return run_stall(cx, run);`. */

/* Stalled: no requeue, Stalled=True with the error's reason and message, a Warning event. */
int run_stall(struct ctx *cx, struct run *run);
/* As run_stall, and counted among the errors in the metrics: what controller-runtime calls a terminal error. */
int run_terminal(struct ctx *cx, struct run *run);
/* Looked at again after `ns`, exactly; told as `event` says. */
int run_retry_in(struct ctx *cx, struct run *run, int64_t ns, enum result_event event);
/* Looked at again by the rate limiter, even when the story has a retry interval. */
int run_backoff(struct ctx *cx, struct run *run);
/* The failure shows in another condition (True when it is not Ready) or with another reason than the step's row names;
 * NULL leaves the row's. */
int run_fails_as(struct ctx *cx, struct run *run, const char *condition, const char *reason);

/* There was nothing to do and nobody need know: no status, no event, no log line; again after `ns`. Returns STEP_DONE, so that a
 * step ends with `return run_rest(run, ns);`. A status that was shown meanwhile is set right all the same. */
int run_rest(struct run *run, int64_t ns);

/* Lets people see the working status as it is now if the current step goes on for another second. For steps that change
 * conditions themselves; the driver calls it at the start of each step with a progress text. */
void run_show_progress(struct ctx *cx, struct run *run);

/* Writes the working status now: what a run leaves behind that makes way for a new one (controller.replaced), which will see
 * it. A failure is logged. */
void run_write_status(struct ctx *cx, struct run *run);

/* Sends an event about the object. `reason` NULL: that of its Ready condition, else "info" or "error". `metadata` (an
 * object of strings, may be NULL) is added to run->event_metadata. */
void run_event(struct ctx *cx, struct run *run, enum event_severity severity, const char *reason,
               const struct doc *metadata, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* How long the run has taken so far, in nanoseconds. */
int64_t run_elapsed_ns(const struct run *run);

/* The same to the microsecond, as Go prints a duration ("1.234567s"). */
const char *run_took(struct ctx *cx, const struct run *run);

#endif
