/*
 * rundrive.c: the driver of one reconcile; the contract is in rundrive.h.
 *
 * Opens a run from the store (or takes up a parked one), drives it through begin, deletion, finalizer, suspend and steps,
 * and hands it to runclose.c. A parked run keeps its arena, its story's struct and the index of its step.
 */
#include "libgotk/runtime/rundrive.h"

#include "libgotk/base/str.h"
#include "libgotk/kube/store.h"
#include "libgotk/runtime/runclose.h"
#include "libgotk/runtime/runlog.h"
#include "libgotk/runtime/status.h"

#define CLOSE_TIMEOUT_MS 10000

/* The object from the store, or from the API server while the store is behind what we wrote ourselves; NULL when it is
 * gone. */
static int read_object(struct ctx *cx, struct manager *m, const struct controller *c,
                       const struct queue_item *item, struct doc **ret_object)
{
    const char *api_version = str_fmt(cx->arena, "%s/%s", c->group, c->version);
    struct obj *o = store_get(manager_store(m, api_version, c->kind), item->ns, item->name);
    *ret_object = NULL;
    if (!o)
        return 0;
    arena_defer(cx->arena, obj_unref_deferred, o);
    if (status_version(o->resource_version) >= item->seen_version)
        return obj_doc(cx, o, ret_object);
    struct kube_ref ref = { api_version, c->kind, item->ns, item->name };
    if (kube_get(cx, manager_kube(m), &ref, ret_object) != ERR_NOT_FOUND)
        return cx->err.code;
    err_clear(cx);
    return 0;
}

/* NULL with an error when the object's metadata makes no sense. */
static struct run *open_run(struct ctx *cx, struct manager *m, const struct controller *c, struct doc *object,
                            const struct queue_item *item, struct progress_slot *slot)
{
    struct run *run = arena_alloc(cx->arena, c->run_size);
    struct doc *status = doc_find(object, "status");
    run->manager = m;
    run->controller = c;
    run->object = object;
    run->ref = kube_ref_of(object);
    run->trigger = item->priority;
    run->started_ns = run_elapsed_ns(run); /* since 0: now */
    run->driver = ARENA_NEW(cx->arena, struct run_driver);
    run->driver->run = run;
    run->driver->slot = slot;
    run->driver->published = status;
    run->status = status ? doc_copy(cx->arena, status) : doc_object(cx->arena);
    if (decode_struct(cx, doc_find(object, "metadata"), meta_fields, "metadata", &run->meta) < 0)
        return NULL;
    run->conds = (struct cond_target){ cx->arena, run->status, run->meta.generation };
    return run;
}

static int drive_steps(struct ctx *cx, struct run *run)
{
    const struct controller *c = run->controller;
    return step_table(cx, run, c->steps, c->step_count, &run->driver->index);
}

static int drive_deletion(struct ctx *cx, struct run *run)
{
    if (!run_has_finalizer(run) || !run->controller->finalize)
        return 0;
    return run->controller->finalize(cx, run);
}

static int add_finalizer(struct ctx *cx, struct run *run)
{
    return status_add_finalizer(cx, manager_kube(run->manager), run->object, run->controller->finalizer,
                                run_owner(run), &run->driver->written);
}

/* Runs the story from its beginning. */
static int drive(struct ctx *cx, struct run *run, enum run_ending *ret_ending)
{
    const struct controller *c = run->controller;
    *ret_ending = run->meta.deletion_timestamp ? RUN_DELETED : RUN_STEPS;
    if (c->begin(cx, run) < 0)
        return cx->err.code;
    if (run->meta.deletion_timestamp)
        return drive_deletion(cx, run);
    if (c->finalizer && !run_has_finalizer(run) && add_finalizer(cx, run) < 0)
        return cx->err.code;
    if (doc_is_true(doc_path(run->object, "spec", "suspend"), false)) {
        *ret_ending = RUN_SUSPENDED;
        return 0;
    }
    return drive_steps(cx, run);
}

/* Keeps the failure for closing, and what its code means unless the step decided. */
static void judge(struct ctx *cx, struct run *run, int rc, enum run_ending ending)
{
    run->failure = rc < 0 ? cx->err : (struct err){ 0 };
    if (run->driver->chosen && (rc < 0 || run->driver->resting))
        return;
    run->result = result_of(rc < 0 ? rc : 0);
    if (run->controller->retries && (run->result.requeue == RESULT_BACKOFF || run->result.stalled))
        run->result = (struct result){ .code = rc, .requeue = RESULT_RETRY, .event = RESULT_WARNING };
    if (ending == RUN_SUSPENDED || (ending == RUN_DELETED && rc >= 0))
        run->result.requeue = RESULT_NEVER;
    if (ending == RUN_DELETED && rc < 0)
        run->result.requeue = RESULT_BACKOFF;
}

static void forget_metrics(struct manager *m, const struct controller *c, const struct queue_item *item)
{
    metrics_forget(manager_metrics(m), METRIC_RECONCILE_DURATION,
                   METRIC_LABELS(c->kind, item->name, item->ns));
}

static struct queue_outcome park(struct ctx *cx, struct run *run)
{
    run_hide_progress(run);
    bool is_shown = run->driver->published && doc_equal(run->status, run->driver->published);
    if (!is_shown && !run->wait_unseen)
        run_write_status(cx, run);
    run->wait_unseen = false;
    run->driver->cx = *cx;
    return (struct queue_outcome){
        .verdict = QUEUE_PARK,
        .after_ms = run->wait_ms > 0 ? run->wait_ms : 1,
        .seen_version = run->driver->written,
        .parked = run->driver,
    };
}

void rundrive_drop(void *parked)
{
    struct run_driver *d = parked;
    arena_free(d->cx.arena);
}

/* Closes or parks a run that has been driven. */
static struct queue_outcome end(struct ctx *cx, struct run *run, int rc, enum run_ending ending)
{
    if (rc == STEP_WAIT)
        return park(cx, run);
    judge(cx, run, rc, ending);
    struct ctx closing = *cx;
    closing.cancel = NULL;
    closing.deadline_ms = ctx_now_ms() + CLOSE_TIMEOUT_MS;
    closing.err = (struct err){ 0 };
    if (rc < 0 ? manager_stopping(run->manager) : !manager_may_write(run->manager))
        return runclose_cut_short(&closing, run);
    return runclose_outcome(&closing, run, ending);
}

/* The context of a parked run, on the worker that goes on with it. */
static struct ctx *unpark(const struct ctx *seed, struct run_driver *d, struct progress_slot *slot)
{
    d->cx.cancel = seed->cancel;
    d->cx.http = seed->http;
    d->slot = slot;
    return &d->cx;
}

/* Returns the newest resourceVersion that the run which takes its place has to see. */
static uint64_t replace(const struct ctx *seed, struct run_driver *d, struct progress_slot *slot)
{
    struct ctx *cx = unpark(seed, d, slot);
    if (d->run->controller->replaced)
        d->run->controller->replaced(cx, d->run);
    uint64_t written = d->written;
    rundrive_drop(d);
    return written;
}

static struct queue_outcome resume(const struct ctx *seed, struct run_driver *d, struct progress_slot *slot)
{
    struct ctx *cx = unpark(seed, d, slot);
    d->run->resumed = true;
    bool deleted = d->run->meta.deletion_timestamp != NULL;
    int rc = deleted ? drive_deletion(cx, d->run) : drive_steps(cx, d->run);
    return end(cx, d->run, rc, deleted ? RUN_DELETED : RUN_STEPS);
}

/* The object could not even be read. */
static struct queue_outcome fail_opening(struct ctx *cx, struct manager *m)
{
    if (err_code(cx) == ERR_CANCELED && manager_stopping(m))
        return (struct queue_outcome){ .verdict = QUEUE_FORGET };
    log_error(cx->log, err_message(cx), "Reconciler error", NULL);
    return (struct queue_outcome){ .verdict = QUEUE_BACKOFF };
}

static struct queue_outcome start(struct ctx *cx, struct manager *m, const struct controller *c,
                                  const struct queue_item *item, struct progress_slot *slot)
{
    struct doc *object;
    enum run_ending ending;
    cx->log = runlog_scope(cx->arena, c, item);
    if (read_object(cx, m, c, item, &object) < 0)
        return fail_opening(cx, m);
    if (!object) {
        forget_metrics(m, c, item);
        return (struct queue_outcome){ .verdict = QUEUE_GONE };
    }
    struct run *run = open_run(cx, m, c, object, item, slot);
    if (!run)
        return fail_opening(cx, m);
    int rc = drive(cx, run, &ending);
    struct queue_outcome outcome = end(cx, run, rc, ending);
    if (ending == RUN_DELETED && outcome.verdict == QUEUE_FORGET)
        forget_metrics(m, c, item);
    return outcome;
}

void rundrive_item(const struct ctx *seed, struct manager *m, const struct controller *c,
                   const struct queue_item *item, struct progress_slot *slot,
                   struct queue_outcome *ret_outcome, bool *ret_kept)
{
    struct run_driver *parked = item->parked;
    *ret_kept = false;
    if (parked && !item->restart) {
        *ret_outcome = resume(seed, parked, slot);
        if (ret_outcome->verdict != QUEUE_PARK)
            rundrive_drop(parked);
        return;
    }
    struct queue_item own = *item;
    uint64_t left = parked ? replace(seed, parked, slot) : 0;
    own.seen_version = left > own.seen_version ? left : own.seen_version;
    struct ctx cx = *seed;
    *ret_outcome = start(&cx, m, c, &own, slot);
    if (ret_outcome->seen_version < left)
        ret_outcome->seen_version = left;
    *ret_kept = ret_outcome->verdict == QUEUE_PARK;
}
