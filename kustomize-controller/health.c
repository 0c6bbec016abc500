/*
 * health.c: the chapter about health: are the applied objects what their specs ask for?
 *
 * The step looks, and while some objects are not current yet it parks: no worker is held, however many Kustomizations wait.
 * A new revision or another spec begins a new run in the parked one's place, whatever CancelHealthCheckOnNewRevision says: the
 * gate spares upstream a risk that is none here, and decides only whether an event tells of it. Conditions, events and
 * texts are upstream's; the causes below upstream's text are ours. Worker threads.
 */
#include "kustomize-controller/controller.h"
#include "libgotk/api/source.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/store.h"
#include "libgotk/ssa/explain.h"
#include "libgotk/ssa/inventory.h"
#include "libgotk/ssa/subject.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   2000
#define PAUSE_KINDLESS_MS                                                                                    \
    10000 /* while the API server does not know a kind: each look asks it for all kinds */
#define HEALTHY       "Healthy"
#define FAILED_REASON "HealthCheckFailed"

/* --- which objects --- */

static void add_applied(struct ctx *cx, struct ks_run *r)
{
    for (size_t i = 0; i < r->applied.len; i++) {
        const struct change *c = &r->applied.at[i];
        const struct inventory_entry entry = { c->id, subject_version(c->api_version) };
        struct doc *o;
        if (c->action == CHANGE_SKIPPED)
            continue;
        if (inventory_object(cx, &entry, &o) < 0)
            err_clear(cx);
        else
            wait_add(cx->arena, &r->health.set, subject_group(cx->arena, c->api_version),
                     doc_text_at(o, "kind"), doc_text_at(o, "metadata", "namespace"),
                     doc_text_at(o, "metadata", "name"));
    }
}

/* An entry without an apiVersion means apps/v1, as in v1beta1. */
static void add_named(struct ctx *cx, struct ks_run *r)
{
    doc_each (check, r->ks.spec.health_checks) {
        const char *api_version = str_or(doc_text_at(check, "apiVersion"), "apps/v1");
        wait_add(cx->arena, &r->health.set, subject_group(cx->arena, api_version),
                 str_or(doc_text_at(check, "kind"), ""), doc_text_at(check, "namespace"),
                 str_or(doc_text_at(check, "name"), ""));
    }
}

/* A Kustomization that waits for itself would wait for ever. */
static void leave_out_itself(struct ks_run *r)
{
    struct wait_set *set = &r->health.set;
    struct wait_object *self = wait_find(set, KG, "Kustomization", r->ks.meta.ns, r->ks.meta.name);
    if (self)
        wait_drop(set, self);
}

/* Jobs that are deleted some time after they finished: gone means done. */
static void let_jobs_vanish(struct ctx *cx, struct ks_run *r)
{
    doc_each (object, r->built.objects) {
        int64_t ttl;
        const char *api_version = str_or(doc_text_at(object, "apiVersion"), "");
        bool is_job = str_eq(doc_text_at(object, "kind"), "Job") && str_starts(api_version, "batch/");
        if (!is_job || !doc_get_int(doc_path(object, "spec", "ttlSecondsAfterFinished"), &ttl))
            continue;
        struct wait_object *o =
            wait_find(&r->health.set, subject_group(cx->arena, api_version), "Job",
                      doc_text_at(object, "metadata", "namespace"), doc_text_at(object, "metadata", "name"));
        if (o)
            o->may_vanish = true;
    }
}

/* False when there is nothing to check at all. */
static bool choose_objects(struct ctx *cx, struct ks_run *r)
{
    r->health.set = wait_set_new(cx->arena);
    if (r->ks.spec.wait)
        add_applied(cx, r);
    else
        add_named(cx, r);
    if (!r->health.set.len)
        return false;
    leave_out_itself(r);
    let_jobs_vanish(cx, r);
    return true;
}

/* --- the check --- */

static const char *took(struct ctx *cx, const struct ks_run *r)
{
    int64_t ns = run_elapsed_ns(&r->run) - r->health.started_ns;
    return gotime_print_duration(cx->arena, ns / 1000 * 1000);
}

static void begin_check(struct ctx *cx, struct ks_run *r)
{
    const char *text = str_fmt(cx->arena, "Running health checks%s", str_or(r->run.progress, ""));
    r->health.was_healthy = cond_is(r->run.status, HEALTHY, COND_TRUE);
    r->health.started_ns = run_elapsed_ns(&r->run);
    r->health.until_ms = ctx_now_ms() + r->timeout_ns / GOTIME_MS;
    r->health.pause_ms = PAUSE_FIRST_MS;
    r->health.runs = true;
    cond_reconciling(&r->run.conds, "Progressing", "%s", text);
    cond_set(&r->run.conds, HEALTHY, COND_UNKNOWN, "Progressing", "%s", text);
    run_show_progress(cx, &r->run);
}

/* A recovery is told, and the first success of a revision that changed something. */
static int pass(struct ctx *cx, struct ks_run *r)
{
    const char *text = str_fmt(cx->arena, "Health check passed in %s", took(cx, r));
    bool is_new = !str_eq(doc_text_at(r->run.status, "lastAppliedRevision"), r->artifact.revision);
    bool changed = *change_text(cx->arena, &r->applied, true);
    if (!r->health.was_healthy || (is_new && changed))
        run_event(cx, &r->run, EVENT_INFO, NULL, NULL, "%s", text);
    cond_set(&r->run.conds, HEALTHY, COND_TRUE, "Succeeded", "%s", text);
    return 0;
}

static int fail(struct ctx *cx, struct ks_run *r, bool timed_out)
{
    const char *after = took(cx, r), *text = wait_failure(cx->arena, &r->health.set, timed_out);
    const char *causes = explain_wait(cx, r->target, &r->health.set, timed_out);
    if (ctx_check(cx) < 0)
        return err_code(cx);
    if (*causes)
        text = str_fmt(cx->arena, "%s\n%s", text, causes);
    cond_set(&r->run.conds, HEALTHY, COND_FALSE, FAILED_REASON, "%s", text);
    return err_fail(cx, timed_out ? ERR_TIMEOUT : ERR_INVALID, "health check failed after %s: %s", after,
                    text);
}

static bool lacks_a_kind(const struct wait_set *set)
{
    for (size_t i = 0; i < set->len; i++)
        if (set->at[i].kindless)
            return true;
    return false;
}

/* Parks until the next look: soon at first, then less and less often. */
static int park(struct ks_run *r)
{
    struct health *h = &r->health;
    int64_t left_ms = h->until_ms - ctx_now_ms();
    int64_t pause_ms = lacks_a_kind(&h->set) ? PAUSE_KINDLESS_MS : h->pause_ms;
    r->run.wait_ms = pause_ms < left_ms ? pause_ms : left_ms;
    h->pause_ms = h->pause_ms * 2 < PAUSE_MAX_MS ? h->pause_ms * 2 : PAUSE_MAX_MS;
    return STEP_WAIT;
}

static int look(struct ctx *cx, struct ks_run *r)
{
    struct arena_mark mark = arena_mark(cx->arena);
    bool fail_fast = !manager_feature(r->run.manager, "DisableFailFastBehavior");
    wait_due_again(&r->health.set);
    if (wait_look(cx, r->target, &r->health.set, (size_t)r->state->concurrent_ssa) < 0)
        return err_code(cx);
    enum wait_verdict verdict = wait_verdict(&r->health.set, fail_fast);
    if (verdict == WAIT_HEALTHY)
        return pass(cx, r);
    if (verdict == WAIT_FAILED)
        return fail(cx, r, false);
    if (ctx_now_ms() >= r->health.until_ms)
        return fail(cx, r, true);
    wait_forget_look(&r->health.set);
    arena_release(cx->arena, mark);
    return park(r);
}

int check_health(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (r->run.resumed)
        return look(cx, r);
    if (!choose_objects(cx, r)) {
        cond_remove(&r->run.conds, HEALTHY);
        return 0;
    }
    begin_check(cx, r);
    return look(cx, r);
}

/* --- a new run takes its place --- */

/* What a store has of an object; NULL when it is not there. */
static struct doc *find_stored(struct ctx *cx, struct store *store, const char *ns, const char *name)
{
    CLEANUP(obj_cleanup) struct obj *o = store ? store_get(store, ns, name) : NULL;
    struct doc *d = NULL;
    if (o && obj_doc(cx, o, &d) < 0)
        err_clear(cx);
    return d;
}

/* Whether the Kustomization itself was changed or asked for. */
static bool changed_itself(struct ctx *cx, const struct ks_run *r)
{
    int64_t generation = r->ks.meta.generation;
    const struct doc *now = find_stored(cx, manager_store(r->run.manager, KUSTOMIZATION_API, "Kustomization"),
                                        r->ks.meta.ns, r->ks.meta.name);
    doc_get_int(doc_path(now, "metadata", "generation"), &generation);
    return generation != r->ks.meta.generation ||
           !str_eq(doc_text_at(now, "metadata", "annotations", API_REQUESTED_AT),
                   meta_annotation(&r->ks.meta, API_REQUESTED_AT));
}

/* The first of its variables' sources that is watched. */
static const char *find_watched_config(struct ctx *cx, const struct ks_run *r)
{
    const struct post_build *post_build = r->ks.spec.post_build;
    for (size_t i = 0; post_build && i < post_build->substitute_from_count; i++) {
        const struct substitute_from *from = &post_build->substitute_from[i];
        if (find_stored(cx, manager_store(r->run.manager, "v1", from->kind), r->ks.meta.ns, from->name))
            return str_fmt(cx->arena, "%s/%s/%s", from->kind, r->ks.meta.ns, from->name);
    }
    return NULL;
}

/* What made the new run necessary, as "Kind/namespace/name". */
static const char *find_trigger(struct ctx *cx, const struct ks_run *r)
{
    const struct source_ref *ref = &r->ks.spec.source_ref;
    const char *ns = str_or(ref->ns, r->ks.meta.ns), *config = NULL;
    const struct doc *source =
        find_stored(cx, manager_store(r->run.manager, SOURCE_API, ref->kind), ns, ref->name);
    const char *revision = doc_text_at(source, "status", "artifact", "revision");
    if (changed_itself(cx, r))
        return str_fmt(cx->arena, "Kustomization/%s/%s", r->ks.meta.ns, r->ks.meta.name);
    if (!revision || !str_eq(revision, r->artifact.revision) || !(config = find_watched_config(cx, r)))
        return str_fmt(cx->arena, "%s/%s/%s", ref->kind, ns, ref->name);
    return config;
}

void cancel_health(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (!r->health.runs || !manager_feature(r->run.manager, "CancelHealthCheckOnNewRevision"))
        return;
    const char *trigger = find_trigger(cx, r);
    log_info(cx->log, "New reconciliation triggered, canceling health checks", "trigger", trigger, NULL);
    run_event(cx, &r->run, EVENT_INFO, "HealthCheckCanceled", NULL,
              "Health checks canceled due to new reconciliation triggered by %s", trigger);
}
