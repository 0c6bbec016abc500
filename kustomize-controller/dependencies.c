/*
 * dependencies.c: the chapter about spec.dependsOn: is everything in place that has to be there before?
 *
 * Dependencies are judged by what the store knows of them, or read live when it does not know them (another shard has them);
 * whoever waits is woken when a dependency becomes ready (watches.c), so the retry interval is a fallback. A store that is
 * behind says "not ready" too long, never "ready" too early: specs come through the same watch as the change that started
 * this run. Worker threads. Rejected: upstream's live read of every dependency in every run.
 *
 * A Kustomization that is Ready stays so while a dependency is merely between two states: it parks, and only when that takes
 * longer than the retry interval it says that it waits. Otherwise each interval of a dependency would show on all that
 * stands above it.
 */
#include "kustomize-controller/controller.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/store.h"

static struct store *kustomizations(const struct ks_run *r)
{
    return manager_store(r->run.manager, KUSTOMIZATION_API, "Kustomization");
}

static const char *name_of(struct arena *a, const struct dependency_ref *ref, const char *own_ns)
{
    return str_fmt(a, "%s/%s", str_or(ref->ns, own_ns), ref->name);
}

static int read_dependency(struct ctx *cx, const struct ks_run *r, const struct dependency_ref *ref,
                           struct doc **ret_dependency)
{
    const struct kube_ref live = { .api_version = KUSTOMIZATION_API,
                                   .kind = "Kustomization",
                                   .ns = str_or(ref->ns, r->ks.meta.ns),
                                   .name = ref->name };
    CLEANUP(obj_cleanup) struct obj *o = store_get(kustomizations(r), live.ns, live.name);
    return o ? obj_doc(cx, o, ret_dependency) : kube_get(cx, r->kube, &live, ret_dependency);
}

/* --- readiness --- */

static bool is_observed(const struct doc *dependency)
{
    int64_t generation = 0, observed = 0;
    doc_get_int(doc_path(dependency, "metadata", "generation"), &generation);
    doc_get_int(doc_path(dependency, "status", "observedGeneration"), &observed);
    return generation == observed;
}

static bool shares_source(const struct ks_run *r, const struct doc *dependency)
{
    const struct source_ref *own = &r->ks.spec.source_ref;
    const struct doc *other = doc_path(dependency, "spec", "sourceRef");
    const char *other_ns =
        str_or(doc_text_at(other, "namespace"), doc_text_at(dependency, "metadata", "namespace"));
    return str_eq(doc_text_at(other, "kind"), own->kind) && str_eq(doc_text_at(other, "name"), own->name) &&
           str_eq(other_ns, str_or(own->ns, r->ks.meta.ns));
}

/* What is missing, as upstream words it behind "dependency 'ns/name' "; NULL: nothing. */
static const char *find_lack(const struct ks_run *r, const struct doc *dependency)
{
    const struct doc *status = doc_find(dependency, "status");
    if (!is_observed(dependency) || !cond_is(status, COND_READY, COND_TRUE))
        return "is not ready";
    if (shares_source(r, dependency) &&
        !str_eq(doc_text_at(status, "lastAppliedRevision"), r->artifact.revision))
        return "revision is not up to date";
    return NULL;
}

/* A dependency that was fine, has not failed, and is at work or about to be. */
static bool is_between(const struct doc *dependency)
{
    return is_observed(dependency) && !cond_is(doc_find(dependency, "status"), COND_READY, COND_FALSE) &&
           !doc_is_true(doc_path(dependency, "spec", "suspend"), false);
}

/* --- the step --- */

/* The way from this Kustomization to itself as "ns/a -> ns/b -> ns/a"; NULL when there is none. Without it, upstream waits
 * for ever. */
static const char *find_cycle(struct ctx *cx, const struct ks_run *r)
{
    const char *self = str_fmt(cx->arena, "%s/%s", r->ks.meta.ns, r->ks.meta.name);
    return store_way(cx->arena, kustomizations(r), DEPENDS_ON, self, self);
}

static int not_ready(struct ctx *cx, struct ks_run *r)
{
    int64_t wait = manager_options(r->run.manager)->requeue_dependency_ns;
    const char *cycle = find_cycle(cx, r), *message = err_message(cx);
    const char *text = str_fmt(cx->arena, "Dependencies do not meet ready condition, retrying in %s",
                               gotime_print_duration(cx->arena, wait));
    if (cycle)
        err_fail(cx, ERR_NOT_READY, "%s: the dependencies form a cycle: %s", message, cycle);
    r->run.log_message = text;
    run_event(cx, &r->run, EVENT_INFO, "DependencyNotReady", NULL, "%s", text);
    return run_retry_in(cx, &r->run, wait, RESULT_SILENT);
}

/* Whether to wait unseen: only who is Ready has something to lose, and who was asked for an answer gives one. */
static bool may_park(struct ks_run *r, const struct doc *dependency)
{
    int64_t patience_ms = manager_options(r->run.manager)->requeue_dependency_ns / GOTIME_MS;
    if (r->run.trigger == QUEUE_REQUESTED || !cond_is(r->run.status, COND_READY, COND_TRUE) ||
        !is_between(dependency))
        return false;
    if (!r->dependency_until_ms)
        r->dependency_until_ms = ctx_now_ms() + patience_ms;
    r->run.wait_ms = r->dependency_until_ms - ctx_now_ms();
    return r->run.wait_ms > 0;
}

/* 0, STEP_WAIT, or a failure with upstream's text. */
static int check_one(struct ctx *cx, struct ks_run *r, const struct dependency_ref *ref)
{
    const char *name = name_of(cx->arena, ref, r->ks.meta.ns);
    struct doc *dependency;
    if (read_dependency(cx, r, ref, &dependency) < 0)
        return err_wrap(cx, "dependency '%s' not found", name);
    const char *lack = find_lack(r, dependency);
    if (!lack)
        return 0;
    if (may_park(r, dependency))
        return STEP_WAIT;
    return err_fail(cx, ERR_NOT_READY, "dependency '%s' %s", name, lack);
}

int check_dependencies(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    for (size_t i = 0; i < r->ks.spec.depends_on_count; i++) {
        struct arena_mark mark = arena_mark(cx->arena);
        int rc = check_one(cx, r, &r->ks.spec.depends_on[i]);
        if (rc < 0)
            return ctx_check(cx) < 0 ? err_code(cx) : not_ready(cx, r);
        arena_release(cx->arena, mark);
        if (rc != 0)
            return rc;
    }
    if (r->ks.spec.depends_on_count)
        log_info(cx->log, "All dependencies are ready, proceeding with reconciliation", NULL);
    return 0;
}
