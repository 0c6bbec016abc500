/*
 * apply_proof.c: which objects an apply need not ask about; the contract is in apply_parts.h.
 *
 * Worker threads.
 */
#include "libgotk/base/str.h"
#include "libgotk/ssa/apply_parts.h"

#include <string.h>

static bool same(const unsigned char *a, const unsigned char *b)
{
    return memcmp(a, b, PROOF_DIGEST_SIZE) == 0;
}

/* A manifest may give a cluster-scoped object a namespace, which the server took away. */
static const struct proof_object *find_known(struct ctx *cx, const struct proof *before, struct kube_ref ref)
{
    unsigned char id[PROOF_DIGEST_SIZE];
    proof_id(cx->arena, &ref, id);
    const struct proof_object *known = proof_find(before, id);
    if (known || str_empty(ref.ns))
        return known;
    ref.ns = NULL;
    proof_id(cx->arena, &ref, id);
    return proof_find(before, id);
}

static void recall_one(struct ctx *cx, struct apply *ap, struct item *it)
{
    const struct apply_options *o = ap->options;
    struct kube_ref ref = kube_ref_of(it->wanted);
    struct tracker_mark mark;
    tracker_watch(cx, o->tracker, ref.api_version, ref.kind);
    enum tracker_view view = tracker_look(o->tracker, &ref, &mark);
    proof_wanted(cx->arena, it->wanted, it->digest);
    it->known = find_known(cx, o->before, ref);
    it->absent = view == TRACKER_ABSENT;
    it->stands = it->known && proof_stands(o->tracker, &ref, it->known, o->patient);
    bool unchanged = it->stands && same(it->known->wanted, it->digest);
    if (it->stands && it->known->skipped && !unchanged)
        it->stands = false; /* what it is skipped for may be gone from the manifest */
    it->settled = unchanged && !o->full;
    if (o->migrate_api_version && !it->settled)
        it->stands = it->absent = false; /* it takes a look at the managed fields */
    if (it->ruled)
        it->settled = it->stands = it->absent = false;
    if (it->settled)
        it->action = it->known->skipped ? CHANGE_SKIPPED : CHANGE_UNCHANGED;
}

void apply_recall(struct ctx *cx, struct apply *ap)
{
    for (size_t i = 0; ap->options->tracker && i < ap->count; i++)
        recall_one(cx, ap, &ap->items[i]);
}

/* What the item is known by from now on. */
void apply_record(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    if (!ap->options->after)
        return;
    const struct doc *seen = it->applied ? it->after : it->live;
    const struct doc *identity = seen ? seen : it->wanted;
    struct proof_object entry = { 0 };
    struct kube_ref ref = kube_ref_of(identity);
    if (it->stands && !it->applied && it->known)
        entry = *it->known;
    else
        proof_id(cx->arena, &ref, entry.id);
    if (!it->ruled) /* what was verified under a rule says nothing about drift: see to it that it is never relied on */
        memcpy(entry.wanted, it->digest, sizeof(entry.wanted));
    if (seen &&
        !apply_left_unclean(cx, ap, it)) /* else it is looked at again at once: nothing stands for no mark */
        entry.mark = tracker_mark_of(seen);
    if (it->after && !it->ruled)
        proof_result(cx->arena, it->after, entry.result);
    entry.skipped = it->action == CHANGE_SKIPPED;
    entry.transient = proof_is_transient(it->wanted);
    entry.untouched = entry.skipped && !seen && !(it->stands && it->known);
    vec_push(ap->arena, ap->options->after, entry);
}

bool apply_proves_unchanged(struct ctx *cx, const struct item *it)
{
    unsigned char result[PROOF_DIGEST_SIZE];
    if (!it->stands || !it->after)
        return false;
    proof_result(cx->arena, it->after, result);
    return same(it->known->result, result);
}
