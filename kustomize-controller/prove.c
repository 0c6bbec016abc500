/*
 * prove.c: a proof of no change replaces work.
 *
 * The inputs of a run (artifact, spec, variables) and the objects it left in the cluster are remembered (proofs.h). While
 * both stand, an interval neither fetches nor builds nor asks the API server. An object that moved is drift: it is looked
 * at when the tracker tells, not at the next interval. Any doubt means the full check: a start, a failure, a remote cluster,
 * an hour, and a request: who asks for a reconcile wants to know, not to believe. But what was checked a moment ago
 * (--request-check-age) and watched without a gap since is known: a webhook that asks ten times a second, or a loop over
 * all Kustomizations, would have every object dry-run for nothing. Such a request waits a little for the watches, which
 * may lag behind the edit that it follows. Rejected: believing however old the check is. Worker threads; prove_moved on
 * the tracker's.
 */
#include "kustomize-controller/controller.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/ssa/inventory.h"

#include <string.h>

#define LAG_MS 100 /* between a change and the watch's telling of it, with an API server that is at ease */

/* What the outcome depends on, but for what a build fetches from elsewhere. */
static int digest_inputs(struct ctx *cx, struct ks_run *r)
{
    unsigned char digest[HASH_SIZE_MAX];
    struct hash *h;
    if (hash_new(cx, "sha256", &h) < 0)
        return err_code(cx);
    hash_update_text(h, r->artifact.digest);
    hash_update_text(h, r->artifact.revision);
    hash_update_text(h, r->origin_revision);
    hash_update_text(h, json_text(cx->arena, doc_find(r->run.object, "spec"), JSON_SORTED));
    hash_update_text(h, r->vars ? json_text(cx->arena, r->vars, JSON_SORTED) : NULL);
    hash_final(h, digest);
    memcpy(r->proof.inputs, digest, sizeof(r->proof.inputs));
    return 0;
}

static bool is_requested(const struct ks_run *r)
{
    const char *requested = meta_annotation(&r->ks.meta, API_REQUESTED_AT);
    return requested && !str_eq(requested, r->ks.status.last_handled_reconcile_at);
}

/* Whether the status says what the proof says. The proof is kept before the status is written, which may fail. */
static bool is_told(const struct ks_run *r)
{
    const struct kustomization_status *status = &r->ks.status;
    return cond_is(doc_find(r->run.object, "status"), COND_READY, COND_TRUE) &&
           status->observed_generation == r->ks.meta.generation &&
           str_eq(status->last_applied_revision, r->artifact.revision);
}

/* Whether the last full check is too old to be relied on. */
static bool is_stale(const struct ks_run *r)
{
    int64_t age_ms = ctx_now_ms() - r->proof.before.checked_ms;
    return age_ms >= r->state->full_check_interval_ns / GOTIME_MS ||
           (r->proof.requested && age_ms >= r->state->request_check_age_ns / GOTIME_MS);
}

/* Whether every object has to be dry-run, whatever is known of it. */
static bool needs_full_check(const struct ks_run *r)
{
    return !r->proof.known || !r->tracker || r->vars_error || is_stale(r);
}

/* One question about each object of a proof. */
typedef bool (*proof_fn)(struct tracker *t, const struct kube_ref *ref, const struct proof_object *entry);

static bool stands(struct tracker *t, const struct kube_ref *ref, const struct proof_object *entry)
{
    return proof_stands(t, ref, entry, false);
}

static bool stands_for_now(struct tracker *t, const struct kube_ref *ref, const struct proof_object *entry)
{
    return proof_stands(t, ref, entry, true);
}

/* Right after an apply the watches lag: only what is seen to have moved counts, not what is not seen yet. */
static bool is_not_contradicted(struct tracker *t, const struct kube_ref *ref,
                                const struct proof_object *entry)
{
    struct tracker_mark now;
    return entry->untouched || tracker_look(t, ref, &now) != TRACKER_PRESENT ||
           tracker_stands(&entry->mark, &now);
}

/* The proof's entry for an entry of the inventory, and the bare object it names; NULL when there is none. */
static const struct proof_object *entry_of(struct ctx *cx, const struct proof *proof,
                                           const struct inventory_entry *listed, struct doc **ret_object)
{
    unsigned char id[PROOF_DIGEST_SIZE];
    if (inventory_object(cx, listed, ret_object) < 0) {
        err_clear(cx);
        return NULL;
    }
    struct kube_ref ref = kube_ref_of(*ret_object);
    proof_id(cx->arena, &ref, id);
    return proof_find(proof, id);
}

/* Whether the answer is yes for all objects of the inventory, and the proof is for just these. */
static bool holds_for_all(struct ctx *cx, struct ks_run *r, const struct inventory *inv,
                          const struct proof *proof, proof_fn ask)
{
    struct arena_mark scratch = arena_mark(cx->arena);
    bool yes = inv ? inv->entries_count == proof->len : proof->len == 0;
    for (size_t i = 0; yes && inv && i < inv->entries_count; i++) {
        struct doc *object;
        const struct proof_object *entry = entry_of(cx, proof, &inv->entries[i], &object);
        struct kube_ref ref = entry ? kube_ref_of(object) : (struct kube_ref){ 0 };
        yes = entry && ask(r->tracker, &ref, entry);
    }
    arena_release(cx->arena, scratch);
    return yes;
}

/* What moved while the run was on its way was not told then: another run is to look at it. */
static void look_back(struct ctx *cx, struct ks_run *r, const struct inventory *inv, const struct proof *left)
{
    if (!holds_for_all(cx, r, inv, left, is_not_contradicted))
        manager_enqueue(r->run.manager, &kustomization_controller, r->ks.meta.ns, r->ks.meta.name,
                        QUEUE_WATCH);
}

static int rest(struct ks_run *r, int64_t ms)
{
    proofs_rest(r->state->proofs, &r->ks.meta);
    return run_rest(&r->run, (ms > 0 ? ms : 1) * GOTIME_MS);
}

/* Whether it runs because a watch told of a change, and not for what somebody asked. */
static bool is_told_of(const struct ks_run *r)
{
    return r->run.trigger == QUEUE_WATCH && !r->proof.requested;
}

/* Objects moved although no input did. Told by the tracker, that is looked at now, unless it comes too often. */
static int meet_drift(struct ks_run *r, int64_t left_ms)
{
    int64_t wait_ms = 0;
    if (is_told_of(r))
        wait_ms = proofs_spend(r->state->proofs, &r->ks.meta, ctx_now_ms());
    if (wait_ms > 0)
        return rest(r, wait_ms < left_ms ? wait_ms : left_ms);
    r->proof.drift = is_told_of(r);
    return STEP_NEXT;
}

/* What an apply would have said of the objects: they are all as they should be. The proof, which has just been found to hold,
 * has an entry for each. */
static void recall_applied(struct ctx *cx, struct ks_run *r)
{
    const struct inventory *inv = r->ks.status.inventory;
    for (size_t i = 0; inv && i < inv->entries_count; i++) {
        struct doc *object;
        const struct proof_object *entry = entry_of(cx, &r->proof.before.objects, &inv->entries[i], &object);
        ASSERT(entry);
        change_add(cx->arena, &r->applied, object, entry->skipped ? CHANGE_SKIPPED : CHANGE_UNCHANGED);
    }
}

/* The proof holds. What is left to do is to look at the health of the objects, if that is asked for: it may have changed
 * without anyone's doing. */
static int hold(struct ctx *cx, struct ks_run *r)
{
    r->proof.holds = true;
    r->run.skip_to = conclude;
    if (!r->ks.spec.wait && !doc_len(r->ks.spec.health_checks))
        return STEP_NEXT;
    r->run.skip_to = check_health;
    recall_applied(cx, r);
    return connect_target(cx, r);
}

/* A request that found nothing moved waits until the watches have caught up with it. */
static bool let_watches_catch_up(struct ks_run *r)
{
    r->run.wait_ms = r->proof.began_ms + LAG_MS - ctx_now_ms();
    r->run.wait_unseen = r->proof.requested && r->run.wait_ms > 0;
    return r->run.wait_unseen;
}

/* The inputs are those of the proof: what of the objects? */
static int weigh(struct ctx *cx, struct ks_run *r)
{
    const struct inventory *inv = r->ks.status.inventory;
    const struct proof *known = &r->proof.before.objects;
    int64_t left_ms = r->proof.before.due_ms - ctx_now_ms();
    bool early = is_told_of(r) && left_ms > 0;
    if (!holds_for_all(cx, r, inv, known, early ? stands_for_now : stands))
        return meet_drift(r, left_ms);
    if (let_watches_catch_up(r))
        return STEP_WAIT;
    if (!early)
        return hold(cx, r);
    rest(r, left_ms);
    look_back(cx, r, inv, known);
    return STEP_DONE;
}

int prove_unchanged(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    struct proving *p = &r->proof;
    if (r->run.resumed)
        return weigh(cx, r);
    if (vars_load_for(cx, r) < 0 || digest_inputs(cx, r) < 0)
        return err_code(cx);
    p->began_ms = ctx_now_ms();
    p->requested = is_requested(r);
    p->known = proofs_begin(r->state->proofs, cx->arena, &r->ks.meta, &p->before);
    p->full = needs_full_check(r);
    if (p->full || memcmp(p->inputs, p->before.inputs, sizeof(p->inputs)) != 0)
        return STEP_NEXT;
    p->full = !is_told(r);
    return p->full ? STEP_NEXT : weigh(cx, r);
}

/* A remote base may be another one tomorrow. */
static void forget_inputs(struct ks_run *r)
{
    if (r->built.remote)
        memset(r->proof.inputs, 0, sizeof(r->proof.inputs));
}

static bool changed_something(const struct changes *set)
{
    for (size_t i = 0; i < set->len; i++)
        if (change_is_real(set->at[i].action))
            return true;
    return false;
}

int prove_success(struct ctx *cx, struct ks_run *r)
{
    struct proving *p = &r->proof;
    int64_t now_ms = ctx_now_ms();
    bool quiet = p->drift && !changed_something(&r->applied) && p->before.due_ms > now_ms;
    struct kept_proof proof = p->before;
    forget_inputs(r);
    memcpy(proof.inputs, p->inputs, sizeof(proof.inputs));
    proof.due_ms = quiet ? p->before.due_ms : now_ms + r->run.interval_ns / GOTIME_MS;
    if (p->full)
        proof.checked_ms = p->began_ms;
    if (!p->holds) {
        proof.objects = p->seen;
        proof_sort(&proof.objects);
    }
    proofs_keep(r->state->proofs, &r->ks.meta, &proof);
    if (r->tracker)
        look_back(cx, r, p->holds ? r->ks.status.inventory : inventory_of_changes(cx->arena, &r->applied),
                  &proof.objects);
    return quiet ? run_rest(&r->run, (proof.due_ms - now_ms) * GOTIME_MS) : STEP_NEXT;
}

void prove_moved(struct ctx *cx UNUSED, void *user, const char *owner_ns, const char *owner,
                 const struct kube_ref *ref, const struct tracker_mark *mark)
{
    struct state *s = user;
    if (proofs_contradicts(s->proofs, owner_ns, owner, ref, mark))
        manager_enqueue(s->manager, &kustomization_controller, owner_ns, owner, QUEUE_WATCH);
    else
        manager_wake(s->manager, &kustomization_controller, owner_ns, owner);
}
