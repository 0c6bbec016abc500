/*
 * run.c: what stories say to the driver; the contract is in run.h.
 */
#include "libgotk/runtime/run.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/runtime/runclose.h"
#include "libgotk/runtime/status.h"

#include <time.h>

#define PROGRESS_AFTER_MS 1000

static int choose(struct ctx *cx, struct run *run, struct result result)
{
    result.code = err_code(cx);
    run->driver->chosen = true;
    run->result = result;
    return result.code;
}

int run_stall(struct ctx *cx, struct run *run)
{
    return choose(cx, run,
                  (struct result){ .requeue = RESULT_NEVER, .event = RESULT_WARNING, .stalled = true });
}

int run_terminal(struct ctx *cx, struct run *run)
{
    run_stall(cx, run);
    run->result.terminal = true;
    return err_code(cx);
}

int run_retry_in(struct ctx *cx, struct run *run, int64_t ns, enum result_event event)
{
    return choose(cx, run, (struct result){ .requeue = RESULT_AFTER, .after_ns = ns, .event = event });
}

int run_backoff(struct ctx *cx, struct run *run)
{
    return choose(cx, run, (struct result){ .requeue = RESULT_BACKOFF, .event = RESULT_WARNING });
}

int run_rest(struct run *run, int64_t ns)
{
    run->driver->resting = run->driver->chosen = true;
    run->result = (struct result){ .requeue = RESULT_AFTER, .after_ns = ns, .event = RESULT_SILENT };
    return STEP_DONE;
}

int run_fails_as(struct ctx *cx, struct run *run, const char *condition, const char *reason)
{
    run->driver->condition = condition ? str_dup(cx->arena, condition) : run->driver->condition;
    run->driver->reason = reason ? str_dup(cx->arena, reason) : run->driver->reason;
    return err_code(cx);
}

int64_t run_elapsed_ns(const struct run *run)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * GOTIME_SECOND + now.tv_nsec - run->started_ns;
}

const char *run_took(struct ctx *cx, const struct run *run)
{
    return gotime_print_duration(cx->arena, run_elapsed_ns(run) / 1000 * 1000);
}

static struct doc *merged(struct arena *a, const struct doc *first, const struct doc *second)
{
    struct doc *all = doc_object(a);
    doc_each (entry, first)
        doc_set(a, all, doc_key(entry), doc_copy(a, entry));
    doc_each (entry, second)
        doc_set(a, all, doc_key(entry), doc_copy(a, entry));
    return all;
}

void run_event(struct ctx *cx, struct run *run, enum event_severity severity, const char *reason,
               const struct doc *metadata, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *message = str_vfmt(cx->arena, fmt, args);
    va_end(args);
    if (str_empty(reason))
        reason = cond_reason(run->status, COND_READY);
    struct event event = {
        .object = run->object,
        .severity = severity,
        .reason = str_or(reason, severity == EVENT_ERROR ? "error" : "info"),
        .message = message,
        .annotations = merged(cx->arena, run->event_metadata, metadata),
    };
    event_post(manager_events(run->manager), &event);
}

const char *run_owner(const struct run *run)
{
    return str_or(run->controller->field_owner, manager_program(run->manager)->name);
}

uint64_t run_version(const struct run *run)
{
    uint64_t read = status_version(run->meta.resource_version);
    return run->driver->written > read ? run->driver->written : read;
}

/* Members of `published` that a patch may or may not have changed are taken out, so that the next one writes them. */
static struct doc *without_doubtful(struct arena *a, const struct doc *published, const struct doc *shown)
{
    struct doc *sure = doc_object(a);
    doc_each (member, published)
        if (doc_equal(member, doc_find(shown, doc_key(member))))
            doc_set(a, sure, doc_key(member), doc_copy(a, member));
    return sure;
}

void run_hide_progress(struct run *run)
{
    struct run_driver *d = run->driver;
    if (!d->shown)
        return;
    enum progress_fate fate = progress_take(d->slot, &d->written);
    if (fate == PROGRESS_SENT)
        d->published = d->shown;
    else if (fate == PROGRESS_UNSURE)
        d->published = without_doubtful(run->conds.arena, d->published, d->shown);
    d->shown = NULL;
}

void run_show_progress(struct ctx *cx, struct run *run)
{
    struct run_driver *d = run->driver;
    if (!d)
        return;
    run_hide_progress(run);
    struct doc *now = doc_copy(cx->arena, run->status);
    cond_settle(cx->arena, now, d->published);
    const struct doc *body = status_diff(cx->arena, run->meta.uid, d->published, now);
    if (!body)
        return;
    progress_put(d->slot, &run->ref, run_owner(run), body, run_version(run),
                 ctx_now_ms() + PROGRESS_AFTER_MS);
    d->shown = now;
}

void run_write_status(struct ctx *cx, struct run *run)
{
    struct ctx writing = *cx;
    writing.err = (struct err){ 0 };
    if (runclose_write(&writing, run) < 0)
        log_error(cx->log, err_message(&writing), "unable to update status", NULL);
}

bool run_has_finalizer(const struct run *run)
{
    for (size_t i = 0; i < run->meta.finalizers_count; i++)
        if (str_eq(run->meta.finalizers[i], run->controller->finalizer))
            return true;
    return false;
}
