/*
 * prune.c: deletion of what a Kustomization no longer wants: some of it after an apply, all of it when it goes.
 *
 * Only objects that carry this Kustomization's owner labels are deleted. Worker threads.
 */
#include "libgotk/ssa/prune.h"

#include "kustomize-controller/controller.h"
#include "libgotk/base/str.h"

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
    for (size_t i = 0; i < stale->entries_count; i++) {
        bool settled = false;
        for (size_t k = 0; k < set->len && !settled; k++)
            settled = str_eq(set->at[k].id, stale->entries[i].id) && set->at[k].action != CHANGE_UNKNOWN;
        if (!settled)
            inventory_append(a, now, &stale->entries[i], 1);
    }
}

int prune_removed(struct ctx *cx, struct ks_run *r, const struct inventory *old, struct inventory *now)
{
    const struct inventory *stale = inventory_stale(cx->arena, old, now);
    const struct prune_options options = options_for(r);
    struct changes set = { 0 };
    if (!r->ks.spec.prune || !stale->entries_count)
        return 0;
    if (prune_delete(cx, r->kube, &options, stale, &set) < 0) {
        keep_survivors(cx->arena, stale, &set, now);
        return cx->err.code;
    }
    run_event(cx, &r->run, EVENT_INFO, NULL, NULL, "%s", change_text(cx->arena, &set, false));
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

static bool is_gone(struct ctx *cx, struct kube *kube, const struct inventory_entry *entry)
{
    struct doc *object, *live;
    if (inventory_object(cx, entry, &object) < 0) {
        err_clear(cx);
        return true;
    }
    struct kube_ref ref = kube_ref_of(object);
    bool gone = kube_get(cx, kube, &ref, &live) < 0 && cx->err.code == ERR_NOT_FOUND;
    err_clear(cx);
    return gone;
}

/* How many of the objects that were deleted are still there. */
static size_t count_left(struct ctx *cx, struct ks_run *r, const struct changes *set)
{
    const struct inventory *inv = r->ks.status.inventory;
    size_t left = 0;
    for (size_t i = 0; i < inv->entries_count; i++)
        for (size_t k = 0; k < set->len; k++)
            if (str_eq(set->at[k].id, inv->entries[i].id) && set->at[k].action == CHANGE_DELETED)
                left += !is_gone(cx, r->kube, &inv->entries[i]);
    return left;
}

/* WaitForTermination: gives the objects until the timeout; afterwards the finalizer goes all the same. */
static int wait_for_termination(struct ctx *cx, struct ks_run *r, const struct changes *set)
{
    int64_t until = ctx_now_ms() + r->timeout_ns / 1000000;
    for (size_t left; (left = count_left(cx, r, set)) > 0;) {
        if (ctx_now_ms() >= until) {
            run_event(cx, &r->run, EVENT_ERROR, NULL, NULL,
                      "failed to wait for resources termination: %zu objects are still there", left);
            return 0;
        }
        if (ctx_sleep(cx, POLL_MS) < 0)
            return cx->err.code;
    }
    return 0;
}

int prune_all(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    const struct prune_options options = options_for(r);
    struct changes set = { 0 };
    if (!deletes_objects(r))
        return 0;
    if (prune_delete(cx, r->kube, &options, r->ks.status.inventory, &set) < 0) {
        run_event(cx, &r->run, EVENT_ERROR, NULL, NULL, "pruning for deleted resource failed: %s",
                  err_message(cx));
        return cx->err.code;
    }
    run_event(cx, &r->run, EVENT_INFO, NULL, NULL, "%s", change_text(cx->arena, &set, false));
    if (str_eq(r->ks.spec.deletion_policy, "WaitForTermination"))
        return wait_for_termination(cx, r, &set);
    return 0;
}
