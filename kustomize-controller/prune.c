/*
 * prune.c: deletion of what a Kustomization no longer wants: some of it after an apply, all of it when it goes.
 *
 * Only objects that carry this Kustomization's owner labels are deleted. Worker threads.
 */
#include "libgotk/ssa/prune.h"

#include "kustomize-controller/controller.h"
#include "libgotk/base/log.h"
#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/subject.h"

#define POLL_MS 2000

static struct prune_options options_for(const struct ks_run *r)
{
    return (struct prune_options){
        .group = KG,
        .owner_name = r->ks.meta.name,
        .owner_namespace = r->ks.meta.ns,
        .propagation = "Background",
    };
}

/* Objects that were neither deleted nor skipped stay in the inventory, so that they are tried again. */
static void keep_survivors(struct arena *a, const struct inventory *stale, const struct changes *set,
                           struct inventory *now)
{
    struct inventory_entry *left = ARENA_ARRAY(a, struct inventory_entry, stale->entries_count);
    struct map settled = map_new(a);
    size_t n = 0;
    for (size_t i = 0; i < set->len; i++)
        if (set->at[i].action != CHANGE_UNKNOWN)
            map_set(&settled, set->at[i].id, &set->at[i]);
    for (size_t i = 0; i < stale->entries_count; i++)
        if (!map_has(&settled, stale->entries[i].id))
            left[n++] = stale->entries[i];
    inventory_append(a, now, left, n);
}

static void tell_pruned(struct ctx *cx, struct ks_run *r, const struct changes *set)
{
    run_event(cx, &r->run, EVENT_INFO, NULL, NULL, "%s", change_text(cx->arena, set, false));
}

int prune_removed(struct ctx *cx, struct ks_run *r, const struct inventory *old, struct inventory *now)
{
    const struct inventory *stale = inventory_stale(cx->arena, old, now);
    const struct prune_options options = options_for(r);
    struct changes set = { 0 };
    if (!r->ks.spec.prune || !stale->entries_count)
        return 0;
    if (prune_delete(cx, r->target, &options, stale, &set) < 0) {
        keep_survivors(cx->arena, stale, &set, now);
        return cx->err.code;
    }
    log_info(cx->log,
             str_fmt(cx->arena, "garbage collection completed: %s", change_text(cx->arena, &set, false)),
             NULL);
    tell_pruned(cx, r, &set);
    return 0;
}

/* Whether the objects go with the Kustomization: spec.deletionPolicy, which defaults to what spec.prune says. */
static bool deletes_objects(const struct ks_run *r)
{
    const char *policy = str_or(r->ks.spec.deletion_policy, "MirrorPrune");
    const struct inventory *inv = r->ks.status.inventory;
    if (r->ks.spec.suspend || !inv || !inv->entries_count || str_eq(policy, "Orphan"))
        return false;
    return str_eq(policy, "MirrorPrune") ? r->ks.spec.prune : true;
}

/* One GET for each of the objects that were deleted. */
static int ask_for_deleted(struct ctx *cx, const struct changes *set, struct kube_call *calls, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < set->len; i++) {
        const struct change *c = &set->at[i];
        const struct inventory_entry entry = { c->id, subject_version(c->api_version) };
        struct doc *object;
        if (c->action != CHANGE_DELETED)
            continue;
        if (inventory_object(cx, &entry, &object) < 0)
            return err_code(cx);
        calls[n++] =
            (struct kube_call){ .verb = KUBE_GET, .ref = kube_ref_of(object), .metadata_only = true };
    }
    *ret_n = n;
    return 0;
}

/* Those of the deleted objects that are still there, joined by ", "; "" when all are gone. */
static int find_left(struct ctx *cx, struct ks_run *r, const char **ret_left)
{
    struct kube_call *calls = ARENA_ARRAY(cx->arena, struct kube_call, r->deleted.len);
    struct buf left = buf_new(cx->arena, (size_t)1 << 20);
    size_t n = 0;
    if (ask_for_deleted(cx, &r->deleted, calls, &n) < 0 ||
        kube_do_all(cx, r->target, calls, n, (size_t)r->state->concurrent_ssa) < 0)
        return err_code(cx);
    for (size_t i = 0; i < n; i++) {
        const struct kube_ref *ref = &calls[i].ref;
        if (calls[i].code != ERR_NOT_FOUND)
            buf_fmt(&left, "%s%s/%s%s%s", left.len ? ", " : "", ref->kind, str_or(ref->ns, ""),
                    str_empty(ref->ns) ? "" : "/", ref->name);
    }
    *ret_left = buf_text(&left);
    return 0;
}

static int give_up_waiting(struct ctx *cx, struct ks_run *r, const char *left)
{
    static const char message[] = "failed to wait for resources termination";
    log_error(cx->log, str_fmt(cx->arena, "termination timeout, still there: %s", left), message, NULL);
    run_event(cx, &r->run, EVENT_ERROR, NULL, NULL, "%s, still there: %s", message, left);
    return 0;
}

/* WaitForTermination: gives the objects until the timeout, without holding a worker; afterwards the finalizer goes all the
 * same. */
static int wait_for_termination(struct ctx *cx, struct ks_run *r)
{
    struct arena_mark mark = arena_mark(cx->arena);
    const char *left;
    if (find_left(cx, r, &left) < 0)
        return err_code(cx);
    if (!*left)
        return 0;
    if (ctx_now_ms() >= r->deletion_timeout_ms)
        return give_up_waiting(cx, r, left);
    arena_release(cx->arena, mark);
    r->run.wait_ms = POLL_MS;
    return STEP_WAIT;
}

static int delete_objects(struct ctx *cx, struct ks_run *r)
{
    const struct prune_options options = options_for(r);
    if (prune_delete(cx, r->target, &options, r->ks.status.inventory, &r->deleted) < 0) {
        run_fails_as(cx, &r->run, NULL, str_or(cond_reason(r->run.status, COND_READY), "error"));
        return err_wrap(cx, "pruning for deleted resource failed");
    }
    tell_pruned(cx, r, &r->deleted);
    r->deletion_timeout_ms = ctx_now_ms() + r->timeout_ns / GOTIME_MS;
    return 0;
}

/* The account to act as is gone, and nobody else may act in its place: the objects stay. */
static int leave_objects(struct ctx *cx, struct ks_run *r)
{
    const struct inventory *left = r->ks.status.inventory;
    struct buf list = buf_new(cx->arena, (size_t)1 << 20);
    for (size_t i = 0; i < left->entries_count; i++) {
        struct doc *object;
        if (inventory_object(cx, &left->entries[i], &object) < 0)
            return err_code(cx);
        buf_fmt(&list, "%s%s", list.len ? "\n" : "", subject_name(cx->arena, object));
    }
    const char *message = str_fmt(cx->arena, "unable to prune objects: \n%s", buf_text(&list));
    log_error(cx->log, "skipping pruning, failed to find account to impersonate", message, NULL);
    run_event(cx, &r->run, EVENT_ERROR, NULL, NULL, "%s", message);
    return 0;
}

/* Fills r->target; *ret_leave: the objects have to stay where they are. */
static int connect(struct ctx *cx, struct ks_run *r, bool *ret_leave)
{
    bool exists;
    *ret_leave = false;
    if (check_target_account(cx, r, &exists) < 0)
        return run_backoff(cx, &r->run);
    if (!exists) {
        *ret_leave = true;
        return leave_objects(cx, r);
    }
    int rc = connect_target(cx, r);
    return rc < 0 ? run_backoff(cx, &r->run) : rc;
}

static int delete_and_wait(struct ctx *cx, struct ks_run *r)
{
    bool leave = false, deleted = r->deletion_timeout_ms > 0;
    int rc = r->target ? 0 : connect(cx, r, &leave);
    if (rc != 0 || leave)
        return rc;
    if (!deleted && delete_objects(cx, r) < 0)
        return err_code(cx);
    bool waits = str_eq(r->ks.spec.deletion_policy, "WaitForTermination");
    return waits ? wait_for_termination(cx, r) : 0;
}

int prune_all(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    name_revision(cx, r, doc_text_at(r->run.status, "lastAppliedRevision"),
                  doc_text_at(r->run.status, "lastAppliedOriginRevision"));
    proofs_forget(r->state->proofs, &r->ks.meta);
    int rc = deletes_objects(r) ? delete_and_wait(cx, r) : 0;
    if (rc == 0 && !r->ks.spec.suspend && cond_is(r->run.status, COND_READY, COND_TRUE))
        tell_finished(cx, r);
    if (rc == 0)
        forget_target(r);
    return rc;
}
