/*
 * runclose.c: from outcome to status, events and queue; the contract is in runclose.h.
 *
 * The rules are those of fluxcd/pkg/runtime and of both controllers' finalizers: Reconciling stays with reason
 * ProgressingWithRetry after a failure and goes with success or Stalled; observedGeneration moves with success.
 */
#include "libgotk/runtime/runclose.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/runtime/runlog.h"
#include "libgotk/runtime/status.h"

static const char *failure_reason(const struct run *run)
{
    const struct run_driver *d = run->driver;
    const struct controller *c = run->controller;
    const char *by_row = d->index < c->step_count ? c->steps[d->index].reason : NULL;
    return str_or(d->reason, str_or(by_row, "ReconciliationFailed"));
}

static const char *failure_condition(const struct run *run)
{
    const struct run_driver *d = run->driver;
    const struct controller *c = run->controller;
    const char *by_row = d->index < c->step_count ? c->steps[d->index].condition : NULL;
    return str_or(d->condition, str_or(by_row, COND_READY));
}

static void mark_retrying(struct run *run)
{
    if (cond_is(run->status, COND_RECONCILING, COND_TRUE))
        cond_set(&run->conds, COND_RECONCILING, COND_TRUE, "ProgressingWithRetry", "%s",
                 cond_message(run->status, COND_RECONCILING));
}

static void observe(struct run *run)
{
    doc_set_int(run->conds.arena, run->status, "observedGeneration", run->meta.generation);
}

static void mark_failed(struct run *run)
{
    const char *condition = failure_condition(run);
    const char *reason = failure_reason(run);
    enum cond_status status = str_eq(condition, COND_READY) ? COND_FALSE : COND_TRUE;
    cond_set(&run->conds, condition, status, reason, "%s", run->failure.message);
    if (run->result.stalled)
        cond_stalled(&run->conds, reason, "%s", run->failure.message);
    else
        cond_remove(&run->conds, COND_STALLED);
    mark_retrying(run);
    if (run->observed || (run->result.stalled && run->controller->summary))
        observe(run);
    if (run->controller->summary)
        cond_summarize(&run->conds, run->controller->summary);
}

static void mark_succeeded(struct run *run)
{
    cond_remove(&run->conds, COND_RECONCILING);
    cond_remove(&run->conds, COND_STALLED);
    observe(run);
    if (run->controller->summary)
        cond_summarize(&run->conds, run->controller->summary);
}

/* A suspended object keeps its conditions; its new generation counts as seen when it is Ready (kinds with a summary: when
 * it was ever looked at). */
static void mark_suspended(struct run *run)
{
    bool seen = run->controller->summary ? doc_len(doc_find(run->status, "conditions")) > 0
                                         : cond_is(run->status, COND_READY, COND_TRUE);
    if (seen) {
        cond_remove(&run->conds, run->controller->summary ? COND_STALLED : COND_RECONCILING);
        observe(run);
    }
}

static void mark_handled(struct run *run)
{
    const char *requested_at = meta_annotation(&run->meta, API_REQUESTED_AT);
    if (requested_at)
        doc_set_text(run->conds.arena, run->status, "lastHandledReconcileAt", requested_at);
}

/* All went well, but the conditions do not add up to Ready: that is a failure to be retried. */
static void distrust_success(struct ctx *cx, struct run *run)
{
    if (!run->controller->summary || cond_is(run->status, COND_READY, COND_TRUE))
        return;
    run->failure = (struct err){ .code = ERR_NOT_READY, .message = cond_message(run->status, COND_READY) };
    run->failure.message = str_dup(cx->arena, run->failure.message);
    run->result = (struct result){ .code = ERR_NOT_READY, .requeue = RESULT_BACKOFF, .event = RESULT_SILENT };
}

static void mark(struct ctx *cx, struct run *run, enum run_ending ending)
{
    if (ending == RUN_SUSPENDED) {
        mark_suspended(run);
    } else if (ending == RUN_STEPS && run->failure.code == 0) {
        mark_succeeded(run);
        distrust_success(cx, run);
    } else if (ending == RUN_STEPS) {
        mark_failed(run);
    }
    mark_handled(run);
    if (ending == RUN_STEPS && run->controller->closing)
        run->controller->closing(cx, run);
}

int runclose_write(struct ctx *cx, struct run *run)
{
    struct run_driver *d = run->driver;
    run_hide_progress(run);
    cond_settle(cx->arena, run->status, d->published);
    const struct doc *body = status_diff(cx->arena, run->meta.uid, d->published, run->status);
    if (!body || !manager_may_write(run->manager))
        return 0;
    int rc = status_patch(cx, manager_kube(run->manager), &run->ref, run_owner(run), body, run_version(run),
                          &d->written);
    if (rc == ERR_NOT_FOUND) {
        err_clear(cx);
        return 0;
    }
    if (rc < 0)
        return err_wrap(cx, "failed to update status");
    d->published = doc_copy(cx->arena, run->status);
    return 0;
}

/* Milliseconds until the object is looked at again; -1 when the queue decides. */
static int64_t requeue_ms(const struct run *run)
{
    const struct options *options = manager_options(run->manager);
    int64_t ns;
    switch (run->result.requeue) {
    case RESULT_INTERVAL:
        ns = gotime_jitter(run->interval_ns, (int)options->interval_jitter_percentage);
        break;
    case RESULT_RETRY:
        ns = run->retry_ns;
        break;
    case RESULT_AFTER:
        ns = run->result.after_ns;
        break;
    case RESULT_DEPENDENCY:
        ns = options->requeue_dependency_ns;
        break;
    default:
        return -1;
    }
    return ns > 0 ? (ns + GOTIME_MS - 1) / GOTIME_MS : -1;
}

static struct queue_outcome verdict_of(const struct run *run)
{
    struct queue_outcome outcome = {
        .seen_version = run->driver->written,
        .after_ms = requeue_ms(run),
        .terminal = run->result.terminal,
    };
    if (outcome.after_ms >= 0)
        outcome.verdict = QUEUE_AFTER;
    else if (run->result.requeue == RESULT_NOW)
        outcome.verdict = QUEUE_NOW;
    else if (run->result.requeue == RESULT_BACKOFF || run->result.requeue == RESULT_RETRY)
        outcome.verdict = QUEUE_BACKOFF;
    else
        outcome.verdict = QUEUE_FORGET;
    return outcome;
}

static void tell_failure(struct ctx *cx, struct run *run, const struct queue_outcome *outcome)
{
    static const enum event_severity severities[] = {
        [RESULT_TRACE] = EVENT_TRACE,
        [RESULT_INFO] = EVENT_INFO,
        [RESULT_WARNING] = EVENT_ERROR,
    };
    if (run->result.event != RESULT_SILENT)
        run_event(cx, run, severities[run->result.event], failure_reason(run), NULL, "%s",
                  run->failure.message);
    runlog_failure(cx, run, run->result.event == RESULT_WARNING,
                   outcome->verdict == QUEUE_AFTER ? outcome->after_ms : -1);
}

/* The status could not be written: try the whole again. */
static void fail_closing(struct ctx *cx, struct run *run, struct queue_outcome *outcome)
{
    log_error(cx->log, err_message(cx), "Reconciler error", NULL);
    run->result.requeue = RESULT_BACKOFF;
    outcome->verdict = QUEUE_BACKOFF;
}

/* Takes the finalizer away once all is undone. */
static int release(struct ctx *cx, struct run *run)
{
    const struct controller *c = run->controller;
    if (run->failure.code < 0 || !c->finalizer || !run_has_finalizer(run))
        return 0;
    return status_remove_finalizer(cx, manager_kube(run->manager), run->object, c->finalizer, run_owner(run),
                                   &run->driver->written);
}

static void count_duration(const struct run *run)
{
    metrics_observe(manager_metrics(run->manager), METRIC_RECONCILE_DURATION,
                    METRIC_LABELS(run->ref.kind, run->meta.name, str_or(run->meta.ns, "")),
                    (double)run_elapsed_ns(run) / 1e9);
}

struct queue_outcome runclose_cut_short(struct ctx *cx, struct run *run)
{
    if (runclose_write(cx, run) < 0)
        log_error(cx->log, err_message(cx), "Reconciler error", NULL);
    return (struct queue_outcome){ .verdict = QUEUE_FORGET };
}

/* True when the run rests and the API server still has the status it began with. */
static bool left_no_trace(struct run *run)
{
    if (run->failure.code < 0 || !run->driver->resting)
        return false;
    run_hide_progress(run);
    return run->driver->published == doc_find(run->object, "status");
}

struct queue_outcome runclose_outcome(struct ctx *cx, struct run *run, enum run_ending ending)
{
    if (left_no_trace(run))
        return verdict_of(run);
    mark(cx, run, ending);
    struct queue_outcome outcome = verdict_of(run);
    if (runclose_write(cx, run) < 0 || (ending == RUN_DELETED && release(cx, run) < 0))
        fail_closing(cx, run, &outcome);
    outcome.seen_version = run->driver->written;
    if (run->failure.code < 0)
        tell_failure(cx, run, &outcome);
    if (ending == RUN_STEPS && run->controller->finished)
        run->controller->finished(cx, run);
    if (ending != RUN_DELETED || run->failure.code < 0)
        count_duration(run);
    return outcome;
}
