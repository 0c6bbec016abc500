/*
 * apply_dryrun.c: the dry-run of a stage, and what a refusal leads to; the contract is in apply_parts.h.
 *
 * A refused object is tried again without fields its kind does not know, or after it was deleted where that is allowed;
 * what remains is explained in upstream's words. Worker threads.
 */
#include "libgotk/api/meta.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/apply_parts.h"
#include "libgotk/ssa/recreate.h"
#include "libgotk/ssa/undeclared.h"

static void explain_dry_run(struct ctx *cx, struct item *it, const struct kube_call *call)
{
    const char *reason =
        kube_has_cause(call->status, "FieldManagerConflict") ? "FieldManagerConflict" : call->err.reason;
    bool no_kind = str_eq(reason, "NoKindMatch");
    kube_call_fail(cx, call);
    if (call->code == ERR_NOT_FOUND && !no_kind)
        err_wrap(cx, str_empty(call->ref.ns) ? "%s namespace not specified" : "%s not found", it->name);
    else if (str_empty(reason) || no_kind)
        err_wrap(cx, "%s dry-run failed", it->name);
    else
        err_wrap(cx, "%s dry-run failed (%s)", it->name, reason);
    apply_fail_item(cx, it);
}

static bool may_recreate(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    const char *force = apply_marker(cx, ap, "force");
    return ap->options->force || meta_marked(it->wanted, force, "enabled") ||
           meta_marked(it->live, force, "enabled");
}

void apply_recreate(struct ctx *cx, struct apply *ap, struct item *it)
{
    struct kube_call call = apply_call(ap, it->wanted, true);
    it->live = NULL;
    if (kube_do(cx, ap->kube, &call) < 0)
        explain_dry_run(cx, it, &call);
    else
        it->after = call.result;
}

/* A dry-run refused for an immutable field: where that is allowed the object is deleted, to be made anew once it is gone. */
static void begin_recreation(struct ctx *cx, struct apply *ap, struct item *it, const struct kube_call *call)
{
    bool gone = !it->live && !it->unread.code;
    if (gone || !recreate_would_help(call) || !may_recreate(cx, ap, it)) {
        explain_dry_run(cx, it, call);
        return;
    }
    if (ap->options->preview) {
        it->action = CHANGE_CREATED;
        return;
    }
    if (recreate_delete(cx, ap->kube, &call->ref) < 0) {
        err_wrap(cx, "%s immutable field detected, failed to delete object", it->name);
        apply_fail_item(cx, it);
        return;
    }
    it->going = true;
}

/* A dry-run refused for fields the kind does not declare: upstream drops them unseen, so drop them and dry-run again. */
static void retry_without_undeclared(struct ctx *cx, struct apply *ap, struct item *it,
                                     struct kube_call *call)
{
    const char *fields;
    if (!undeclared_refused(call) || !(fields = undeclared_strip(cx, ap->kube, it->wanted)))
        return;
    log_info(cx->log, "fields unknown to the API server are left out", "object", it->name, "fields", fields,
             NULL);
    *call = apply_call(ap, it->wanted, true);
    if (kube_do(cx, ap->kube, call) < 0)
        err_clear(cx);
    it->after = call->result;
}

/* What upstream risks: without a look at the live object its markers would be passed over. */
static void refuse_unread(struct ctx *cx, struct item *it)
{
    if (!it->unread.code || it->unread.code == ERR_DENIED || it->error)
        return;
    cx->err = it->unread;
    err_wrap(cx, "%s query failed", it->name);
    apply_fail_item(cx, it);
}

bool apply_needs_look(const struct item *it)
{
    return it->look;
}

/* Whether the live object, whose version a dry-run keeps, is a later one than the proof is about: the watch may lag behind. */
static bool has_moved(const struct item *it)
{
    return it->known && it->after && tracker_mark_of(it->after).version != it->known->mark.version;
}

/* An item that was not looked at before must be when it is there after all, or is no longer what the proof says, or was
 * refused. */
static void judge_blind(struct ctx *cx, struct item *it, const struct kube_call *call)
{
    bool existed = !str_empty(doc_text_at(it->after, "metadata", "resourceVersion"));
    if (it->absent)
        it->look = call->code < 0 || existed;
    else if (it->stands)
        it->look = call->code < 0 || !apply_proves_unchanged(cx, it) || has_moved(it);
    if (it->look)
        it->absent = it->stands = false;
}

/* Reads what has to be looked at after all, and what its markers keep us away from is left alone. */
static int look_again(struct ctx *cx, struct apply *ap)
{
    if (apply_read(cx, ap, apply_needs_look) < 0)
        return err_code(cx);
    apply_mark_skipped(cx, ap);
    return 0;
}

static void settle_refusal(struct ctx *cx, struct apply *ap, struct item *it, struct kube_call *call)
{
    if (it->action == CHANGE_SKIPPED)
        return;
    if (call->code < 0)
        retry_without_undeclared(cx, ap, it, call);
    if (call->code < 0)
        begin_recreation(cx, ap, it, call);
    refuse_unread(cx, it);
}

static bool wants_dry_run(const struct apply *ap, const struct item *it)
{
    bool tried = it->after || it->going || it->error;
    return !it->settled && !it->applied && it != ap->daring && !tried && it->action != CHANGE_SKIPPED;
}

int apply_dry_run(struct ctx *cx, struct apply *ap)
{
    struct kube_call *calls = ARENA_ARRAY(cx->arena, struct kube_call, ap->count);
    struct item **of_call = ARENA_ARRAY(cx->arena, struct item *, ap->count);
    size_t n = 0;
    for (size_t i = 0; i < ap->count; i++) {
        struct item *it = &ap->items[i];
        if (!wants_dry_run(ap, it))
            continue;
        of_call[n] = it;
        calls[n++] = apply_call(ap, it->wanted, true);
    }
    if (kube_do_all(cx, ap->kube, calls, n, apply_parallel(ap)) < 0)
        return err_wrap(cx, "failed to dry-run the objects");
    for (size_t i = 0; i < n; i++) {
        of_call[i]->after = calls[i].result;
        judge_blind(cx, of_call[i], &calls[i]);
    }
    if (look_again(cx, ap) < 0)
        return err_code(cx);
    for (size_t i = 0; i < n; i++)
        settle_refusal(cx, ap, of_call[i], &calls[i]);
    return ctx_check(cx);
}
