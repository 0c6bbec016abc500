/*
 * apply_wait.c: what a staged apply waits for; the contract is in apply_parts.h.
 *
 * For the definitions and classes of a stage to be current, and for objects that are recreated to be gone. Each call is one
 * look; nobody is blocked in between. Worker threads.
 */
#include "libgotk/base/str.h"
#include "libgotk/ssa/apply_parts.h"
#include "libgotk/ssa/recreate.h"

/* --- for objects to be gone --- */

/* Whether the tracker will tell the one we apply for when the object goes: it has to carry his labels. */
static bool will_tell(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    static const char *const labels[] = { "name", "namespace" };
    const struct kube_ref ref = kube_ref_of(it->wanted);
    struct tracker_mark mark;
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        const char *key = apply_marker(cx, ap, labels[i]);
        if (!str_eq(doc_text_at(it->live, "metadata", "labels", key),
                    doc_text_at(it->wanted, "metadata", "labels", key)))
            return false;
    }
    return ap->options->tracker && tracker_look(ap->options->tracker, &ref, &mark) == TRACKER_PRESENT;
}

/* Whether the item goes on going. */
static bool look_at_departure(struct ctx *cx, struct apply *ap, struct item *it, bool timed_out)
{
    struct kube_ref ref = kube_ref_of(it->wanted);
    bool gone;
    if (recreate_gone(cx, ap->kube, &ref, timed_out, &gone) < 0) {
        err_wrap(cx, "%s immutable field detected, failed to wait for object to be deleted", it->name);
        apply_fail_item(cx, it);
        return false;
    }
    if (gone)
        apply_recreate(cx, ap, it);
    return !gone;
}

int apply_await_departures(struct ctx *cx, struct apply *ap)
{
    bool timed_out = ctx_now_ms() >= ap->await.until_ms;
    size_t waits = 0;
    ap->await.untold = false;
    for (size_t i = 0; i < ap->count; i++) {
        struct item *it = &ap->items[i];
        if (!it->going)
            continue;
        bool told = !timed_out && will_tell(cx, ap, it);
        it->going = told || look_at_departure(cx, ap, it, timed_out);
        if (ctx_check(cx) < 0)
            return err_code(cx);
        waits += it->going;
        ap->await.untold = ap->await.untold || (it->going && !told);
    }
    return waits ? APPLY_WAITS : APPLY_DONE;
}

/* --- for a stage to be current --- */

void apply_rely_on(struct ctx *cx, struct apply *ap, const struct item *it, const struct doc *identity)
{
    const struct kube_ref ref = kube_ref_of(identity);
    wait_add(ap->arena, &ap->await, subject_group(cx->arena, ref.api_version), ref.kind, ref.ns, ref.name)
        ->owned = it->action != CHANGE_SKIPPED;
}

int apply_await_stage(struct ctx *cx, struct apply *ap)
{
    struct arena_mark mark = arena_mark(cx->arena);
    enum wait_verdict verdict = WAIT_HEALTHY;
    if (!ap->await.len)
        return APPLY_DONE;
    if (wait_look(cx, ap->kube, &ap->await, ap->options->tracker, apply_parallel(ap), false, &verdict) < 0)
        return err_code(cx);
    bool timed_out = verdict == WAIT_TIMED_OUT;
    if (timed_out || verdict == WAIT_FAILED)
        return err_fail(cx, timed_out ? ERR_TIMEOUT : ERR_INVALID, "%s",
                        wait_failure(cx->arena, &ap->await, timed_out));
    wait_forget_look(&ap->await);
    arena_release(cx->arena, mark);
    return verdict == WAIT_HEALTHY ? APPLY_DONE : APPLY_WAITS;
}
