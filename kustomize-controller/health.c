/*
 * health.c: the chapter about health: are the applied objects what their specs ask for?
 *
 * The step looks, and while some objects are not current yet it parks: no worker is held, however many Kustomizations wait.
 * The tracker wakes it when an object moved, and then only that one is read; a remote cluster is asked now and again. An
 * object that is in the version it was found healthy in by an earlier run is not read at all.
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
#include "libgotk/ssa/secret.h"
#include "libgotk/ssa/subject.h"

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
        if (inventory_object(cx, &entry, &o) < 0) {
            err_clear(cx);
            continue;
        }
        const struct kube_ref ref = kube_ref_of(o);
        wait_add(cx->arena, &r->health.set, subject_group(cx->arena, ref.api_version), ref.kind, ref.ns,
                 ref.name)
            ->owned = true;
    }
}

static bool is_applied(const struct ks_run *r, const char *subject, const char *group, struct arena *a)
{
    for (size_t i = 0; i < r->applied.len; i++)
        if (str_eq(r->applied.at[i].subject, subject) && r->applied.at[i].action != CHANGE_SKIPPED &&
            str_eq(subject_group(a, r->applied.at[i].api_version), group))
            return true;
    return false;
}

/* An entry without an apiVersion means apps/v1, as in v1beta1. */
static void add_named(struct ctx *cx, struct ks_run *r)
{
    doc_each (check, r->ks.spec.health_checks) {
        const char *api_version = str_or(doc_text_at(check, "apiVersion"), "apps/v1");
        struct wait_object *o =
            wait_add(cx->arena, &r->health.set, subject_group(cx->arena, api_version),
                     str_or(doc_text_at(check, "kind"), ""), doc_text_at(check, "namespace"),
                     str_or(doc_text_at(check, "name"), ""));
        o->owned = is_applied(r, o->subject, o->group, cx->arena);
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

/* What is known of an object by this run or, when that had nothing to do, by the last one; NULL: nothing. */
static struct proof_object *known_of(struct ctx *cx, struct ks_run *r, const struct wait_object *o)
{
    struct proof *proof = r->proof.holds ? &r->proof.before.objects : &r->proof.seen;
    unsigned char id[PROOF_DIGEST_SIZE];
    const char *api_version = str_fmt(cx->arena, "%s%sv1", o->group, *o->group ? "/" : "");
    const struct kube_ref ref = { api_version, o->kind, o->ns, o->name };
    proof_id(cx->arena, &ref, id);
    const struct proof_object *found = proof_find(proof, id);
    return found ? &proof->at[found - proof->at] : NULL;
}

/* Of a Job that is deleted some time after it finished, gone means done. What was found current is so until the tracker shows
 * another version of it, and is not read before; a full check believes nothing. */
static void recall(struct ctx *cx, struct ks_run *r)
{
    proof_sort(&r->proof.seen);
    for (size_t i = 0; i < r->health.set.len; i++) {
        struct wait_object *o = &r->health.set.at[i];
        const struct proof_object *known = known_of(cx, r, o);
        o->may_vanish = known && known->transient;
        if (!known || !known->healthy || r->proof.full)
            continue;
        o->version = known->healthy;
        o->code = KSTATUS_CURRENT;
        o->due = false;
    }
}

/* The opposite, for the next run. */
static void remember(struct ctx *cx, struct ks_run *r)
{
    for (size_t i = 0; i < r->health.set.len; i++) {
        struct proof_object *known = known_of(cx, r, &r->health.set.at[i]);
        if (known)
            known->healthy = r->health.set.at[i].version;
    }
}

/* False when there is nothing to check at all. */
static bool choose_objects(struct ctx *cx, struct ks_run *r)
{
    r->health.set = wait_set_new(cx->arena, r->timeout_ns / GOTIME_MS);
    if (r->ks.spec.wait)
        add_applied(cx, r);
    else
        add_named(cx, r);
    if (!r->health.set.len)
        return false;
    leave_out_itself(r);
    recall(cx, r);
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
    r->health.runs = true;
    arena_defer(cx->arena, wait_close, &r->health.set);
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
    remember(cx, r);
    return 0;
}

static int fail(struct ctx *cx, struct ks_run *r, bool timed_out)
{
    const char *after = took(cx, r), *text = wait_failure(cx->arena, &r->health.set, timed_out);
    const char *causes = explain_wait(cx, r->target, &r->health.set, timed_out);
    if (ctx_check(cx) < 0)
        return err_code(cx);
    if (*causes)
        text = secret_mask_variables(cx->arena, r->hidden_vars, str_fmt(cx->arena, "%s\n%s", text, causes));
    cond_set(&r->run.conds, HEALTHY, COND_FALSE, FAILED_REASON, "%s", text);
    return err_fail(cx, timed_out ? ERR_TIMEOUT : ERR_INVALID, "health check failed after %s: %s", after,
                    text);
}

/* Looks, and parks until somebody tells that an object changed; where nobody can, until the next look. What was Ready by a
 * proof is so no longer. */
static int look(struct ctx *cx, struct ks_run *r)
{
    struct wait_set *set = &r->health.set;
    struct arena_mark mark = arena_mark(cx->arena);
    bool fail_fast = !manager_feature(r->run.manager, "DisableFailFastBehavior");
    enum wait_verdict verdict;
    if (wait_look(cx, r->target, set, r->tracker, (size_t)r->state->concurrent_ssa, fail_fast, &verdict) < 0)
        return err_code(cx);
    if (verdict == WAIT_HEALTHY)
        return pass(cx, r);
    if (verdict != WAIT_GOES_ON)
        return fail(cx, r, verdict == WAIT_TIMED_OUT);
    wait_watch(cx, r->target, set, r->tracker, r->ks.meta.ns, r->ks.meta.name);
    wait_forget_look(set);
    arena_release(cx->arena, mark);
    scratch_end(cx, r);
    cond_set(&r->run.conds, COND_READY, COND_UNKNOWN, "Progressing", "Reconciliation in progress");
    r->run.wait_ms = wait_pause(set, r->tracker);
    return STEP_WAIT;
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

void cancel_health(struct ctx *cx, struct ks_run *r)
{
    if (!r->health.runs || !manager_feature(r->run.manager, "CancelHealthCheckOnNewRevision"))
        return;
    const char *trigger = find_trigger(cx, r);
    log_info(cx->log, "New reconciliation triggered, canceling health checks", "trigger", trigger, NULL);
    run_event(cx, &r->run, EVENT_INFO, "HealthCheckCanceled", NULL,
              "Health checks canceled due to new reconciliation triggered by %s", trigger);
}
