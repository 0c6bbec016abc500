/*
 * apply.c: the story of a staged server-side apply; the contract is in apply.h.
 *
 * Per stage: read all live objects, mark the skipped ones, dry-run the others, clean up their metadata, decide what
 * drifted, apply that one after the other. Requests per unchanged object: one GET and one dry-run. Runs on a worker
 * thread; everything lives in the reconcile's arena.
 */
#include "libgotk/ssa/apply.h"

#include "libgotk/api/meta.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/drift.h"
#include "libgotk/ssa/kstatus.h"
#include "libgotk/ssa/managers.h"
#include "libgotk/ssa/recreate.h"
#include "libgotk/ssa/secret.h"
#include "libgotk/ssa/subject.h"
#include "libgotk/ssa/undeclared.h"

#define PARALLEL_DEFAULT 4
#define WAIT_DEFAULT_MS  60000
#define POLL_FIRST_MS    50
#define POLL_MAX_MS      2000

/* One object on its way through a stage. */
struct item {
    struct doc *wanted;
    const char *name;        /* Kind/namespace/name, for messages */
    struct doc *live;        /* NULL: not there, or unread */
    struct err unread;       /* why the GET failed, when otherwise than by "not found" */
    const struct doc *after; /* what the dry-run says it becomes */
    enum change_action action;
    bool patched;      /* the live object's metadata was: it must be applied */
    const char *error; /* NULL: fine so far */
    int error_code;
};

/* All one apply knows. */
struct apply {
    struct kube *kube;
    const struct apply_options *options;
    struct changes *changes;
    struct item *items; /* of the present stage, sorted */
    size_t count;
};

static size_t parallel_of(const struct apply *ap)
{
    return ap->options->parallel ? ap->options->parallel : PARALLEL_DEFAULT;
}

static struct kube_call *new_calls(struct ctx *cx, const struct apply *ap)
{
    return ARENA_ARRAY(cx->arena, struct kube_call, ap->count);
}

static struct kube_call apply_call(const struct apply *ap, const struct doc *object, bool dry_run)
{
    return (struct kube_call){
        .verb = KUBE_PATCH,
        .ref = kube_ref_of(object),
        .body = object,
        .patch = KUBE_PATCH_APPLY,
        .options = { .field_manager = ap->options->field_manager, .force = true, .dry_run = dry_run },
    };
}

static int read_live(struct ctx *cx, struct apply *ap)
{
    struct kube_call *calls = new_calls(cx, ap);
    for (size_t i = 0; i < ap->count; i++)
        calls[i] = (struct kube_call){ .verb = KUBE_GET, .ref = kube_ref_of(ap->items[i].wanted) };
    if (kube_do_all(cx, ap->kube, calls, ap->count, parallel_of(ap)) < 0)
        return err_wrap(cx, "failed to read the objects of the cluster");
    for (size_t i = 0; i < ap->count; i++) {
        ap->items[i].live = calls[i].code == 0 ? calls[i].result : NULL;
        if (calls[i].code != ERR_NOT_FOUND)
            ap->items[i].unread = calls[i].err;
    }
    return 0;
}

static const char *marker(struct ctx *cx, const struct apply *ap, const char *name)
{
    return str_fmt(cx->arena, "%s/%s", ap->options->group, name);
}

static bool is_skipped(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    const char *reconcile = marker(cx, ap, "reconcile"), *ssa = marker(cx, ap, "ssa");
    return meta_marked(it->wanted, reconcile, "disabled") || meta_marked(it->live, reconcile, "disabled") ||
           meta_marked(it->wanted, ssa, "Ignore") || meta_marked(it->live, ssa, "Ignore") ||
           (it->live && meta_marked(it->wanted, ssa, "IfNotPresent"));
}

static void mark_skipped(struct ctx *cx, struct apply *ap)
{
    for (size_t i = 0; i < ap->count; i++)
        if (is_skipped(cx, ap, &ap->items[i]))
            ap->items[i].action = CHANGE_SKIPPED;
}

static void fail_item(struct ctx *cx, struct item *it)
{
    it->error = secret_mask(cx->arena, it->wanted, err_message(cx));
    it->error_code = cx->err.code;
    err_clear(cx);
}

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
    fail_item(cx, it);
}

static bool may_recreate(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    const char *force = marker(cx, ap, "force");
    return ap->options->force || meta_marked(it->wanted, force, "enabled") ||
           meta_marked(it->live, force, "enabled");
}

/* A dry-run refused for an immutable field: delete the object where that is allowed, and dry-run again. */
static void retry_by_recreating(struct ctx *cx, struct apply *ap, struct item *it, struct kube_call *call)
{
    bool gone = !it->live && !it->unread.code;
    if (gone || !recreate_would_help(call) || !may_recreate(cx, ap, it)) {
        explain_dry_run(cx, it, call);
        return;
    }
    if (recreate_delete(cx, ap->kube, &call->ref, ap->options->delete_timeout_ms) < 0) {
        cx->err.message = str_fmt(cx->arena, "%s immutable field detected, %s", it->name, cx->err.message);
        fail_item(cx, it);
        return;
    }
    it->live = NULL;
    *call = apply_call(ap, it->wanted, true);
    if (kube_do(cx, ap->kube, call) < 0)
        explain_dry_run(cx, it, call);
    else
        it->after = call->result;
}

/* Patches the live object's metadata, which makes it changed; nothing happens without a patch. */
static void patch_metadata(struct ctx *cx, struct apply *ap, struct item *it, const struct doc *patch,
                           const char *failure)
{
    if (!patch)
        return;
    struct kube_ref ref = kube_ref_of(it->live);
    struct kube_patch_options options = { .field_manager = ap->options->field_manager };
    it->patched = true;
    if (kube_patch(cx, ap->kube, &ref, KUBE_PATCH_JSON, patch, &options, &it->live) < 0) {
        err_wrap(cx, "%s %s", it->name, failure);
        fail_item(cx, it);
    }
}

static void migrate(struct ctx *cx, struct apply *ap)
{
    for (size_t i = 0; ap->options->migrate_api_version && i < ap->count; i++) {
        struct item *it = &ap->items[i];
        if (it->live && it->action != CHANGE_SKIPPED)
            patch_metadata(cx, ap, it,
                           managers_migrate(cx->arena, it->live, doc_text_at(it->wanted, "apiVersion")),
                           "failed to migrate API version");
    }
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
    fail_item(cx, it);
}

static int dry_run(struct ctx *cx, struct apply *ap)
{
    struct kube_call *calls = new_calls(cx, ap);
    struct item **of_call = ARENA_ARRAY(cx->arena, struct item *, ap->count);
    size_t n = 0;
    for (size_t i = 0; i < ap->count; i++) {
        if (ap->items[i].action == CHANGE_SKIPPED)
            continue;
        of_call[n] = &ap->items[i];
        calls[n++] = apply_call(ap, ap->items[i].wanted, true);
    }
    if (kube_do_all(cx, ap->kube, calls, n, parallel_of(ap)) < 0)
        return err_wrap(cx, "failed to dry-run the objects");
    for (size_t i = 0; i < n; i++) {
        of_call[i]->after = calls[i].result;
        if (calls[i].code < 0)
            retry_without_undeclared(cx, ap, of_call[i], &calls[i]);
        if (calls[i].code < 0)
            retry_by_recreating(cx, ap, of_call[i], &calls[i]);
        refuse_unread(cx, of_call[i]);
    }
    return ctx_check(cx);
}

/* Takes over what kubectl and old Flux versions left. */
static void clean_up(struct ctx *cx, struct apply *ap, struct item *it)
{
    const char *ssa = marker(cx, ap, "ssa");
    if (!it->live || meta_marked(it->wanted, ssa, "Merge") || meta_marked(it->live, ssa, "Merge"))
        return;
    const struct doc *patch = managers_cleanup(cx->arena, it->live, ap->options->field_manager,
                                               ap->options->overridden, ap->options->overridden_count);
    patch_metadata(cx, ap, it, patch, "metadata.managedFields cleanup failed");
}

static void decide(struct ctx *cx, struct apply *ap)
{
    for (size_t i = 0; i < ap->count; i++) {
        struct item *it = &ap->items[i];
        if (it->action == CHANGE_SKIPPED || it->error)
            continue;
        clean_up(cx, ap, it);
        if (str_empty(doc_text_at(it->after, "metadata", "resourceVersion")))
            it->action = CHANGE_CREATED;
        else
            it->action =
                it->patched || drift_found(it->live, it->after) ? CHANGE_CONFIGURED : CHANGE_UNCHANGED;
    }
}

/* Fails with all items' errors, one a line, when there is any. */
static int join_errors(struct ctx *cx, const struct apply *ap)
{
    struct buf text = buf_new(cx->arena, (size_t)32 << 10);
    int code = 0;
    for (size_t i = 0; i < ap->count; i++) {
        const struct item *it = &ap->items[i];
        if (!it->error)
            continue;
        code = code ? code : it->error_code;
        buf_fmt(&text, "%s%s", text.len ? "\n" : "", it->error);
    }
    return code ? err_fail(cx, code, "%s", buf_text(&text)) : 0;
}

static int apply_one(struct ctx *cx, struct apply *ap, struct item *it)
{
    struct kube_call call = apply_call(ap, it->wanted, false);
    if (kube_do(cx, ap->kube, &call) < 0)
        return err_wrap(cx, "%s apply failed", it->name);
    it->after = call.result;
    return 0;
}

/* Applies what changed, in order; records an entry for every object that was dealt with. */
static int apply_changed(struct ctx *cx, struct apply *ap)
{
    for (size_t i = 0; i < ap->count; i++) {
        struct item *it = &ap->items[i];
        bool changed = it->action == CHANGE_CREATED || it->action == CHANGE_CONFIGURED;
        if (changed && apply_one(cx, ap, it) < 0)
            return err_code(cx);
        const struct doc *identity = it->action == CHANGE_SKIPPED && it->live ? it->live : it->after;
        change_add(cx->arena, ap->changes, identity ? identity : it->wanted, it->action);
    }
    return 0;
}

/* The states of a stage's objects: those that cannot be relied on, as text, and whether waiting can change that. */
struct stage_state {
    struct buf text;
    bool hopeless;
};

static int look_at_stage(struct ctx *cx, struct apply *ap, struct stage_state *ret)
{
    struct kube_call *calls = new_calls(cx, ap);
    for (size_t i = 0; i < ap->count; i++)
        calls[i] = (struct kube_call){ .verb = KUBE_GET, .ref = kube_ref_of(ap->items[i].wanted) };
    if (kube_do_all(cx, ap->kube, calls, ap->count, parallel_of(ap)) < 0)
        return err_code(cx);
    *ret = (struct stage_state){ .text = buf_new(cx->arena, (size_t)32 << 10), .hopeless = true };
    for (size_t i = 0; i < ap->count; i++) {
        bool unread = calls[i].code < 0 && calls[i].code != ERR_NOT_FOUND;
        struct kstatus status =
            unread ? kstatus_unread(calls[i].err.message) : kstatus_of(cx->arena, calls[i].result);
        if (status.code == KSTATUS_CURRENT)
            continue;
        ret->hopeless = ret->hopeless && status.code == KSTATUS_FAILED;
        buf_fmt(&ret->text, "%s%s status: '%s'", ret->text.len ? ", " : "", ap->items[i].name,
                kstatus_name(status.code));
        if (status.error)
            buf_fmt(&ret->text, ": %s", status.error);
    }
    return 0;
}

/* Waits until every definition or class of the stage can be relied on. */
static int wait_for_stage(struct ctx *cx, struct apply *ap)
{
    int64_t timeout = ap->options->wait_timeout_ms ? ap->options->wait_timeout_ms : WAIT_DEFAULT_MS;
    int64_t until = ctx_now_ms() + timeout;
    for (int64_t pause = POLL_FIRST_MS;; pause = pause * 2 > POLL_MAX_MS ? POLL_MAX_MS : pause * 2) {
        struct arena_mark mark = arena_mark(cx->arena);
        struct stage_state state;
        if (look_at_stage(cx, ap, &state) < 0)
            return err_code(cx);
        if (!state.text.len)
            return 0;
        if (state.hopeless)
            return err_fail(cx, ERR_INVALID, "failed early due to stalled resources: [%s]",
                            buf_text(&state.text));
        if (ctx_now_ms() >= until)
            return err_fail(cx, ERR_TIMEOUT, "timeout waiting for: [%s]", buf_text(&state.text));
        arena_release(cx->arena, mark);
        if (ctx_sleep(cx, pause) < 0)
            return err_code(cx);
    }
}

static int run_stage(struct ctx *cx, struct apply *ap, enum ssa_stage stage)
{
    if (read_live(cx, ap) < 0)
        return err_code(cx);
    mark_skipped(cx, ap);
    migrate(cx, ap);
    if (join_errors(cx, ap) < 0 || dry_run(cx, ap) < 0 || join_errors(cx, ap) < 0)
        return err_code(cx);
    decide(cx, ap);
    if (join_errors(cx, ap) < 0 || apply_changed(cx, ap) < 0)
        return err_code(cx);
    bool relied_on = stage == SSA_STAGE_DEFINITIONS || stage == SSA_STAGE_CLASSES;
    return relied_on ? wait_for_stage(cx, ap) : 0;
}

static void fill_stage(struct ctx *cx, struct apply *ap, const struct doc *objects, enum ssa_stage stage)
{
    struct doc **list = ARENA_ARRAY(cx->arena, struct doc *, doc_len(objects));
    size_t n = 0;
    doc_each (object, objects)
        if (subject_stage(cx->arena, object, ap->options->custom_kinds, ap->options->custom_kinds_count) ==
            stage)
            list[n++] = object;
    subject_sort(cx->arena, list, n);
    ap->items = ARENA_ARRAY(cx->arena, struct item, n);
    ap->count = n;
    for (size_t i = 0; i < n; i++)
        ap->items[i] = (struct item){ .wanted = list[i], .name = subject_name(cx->arena, list[i]) };
}

int apply_staged(struct ctx *cx, struct kube *kube, const struct apply_options *options,
                 const struct doc *objects, struct changes *changes)
{
    struct apply ap = { .kube = kube, .options = options, .changes = changes };
    for (enum ssa_stage stage = SSA_STAGE_DEFINITIONS; stage < SSA_STAGE_COUNT; stage++) {
        fill_stage(cx, &ap, objects, stage);
        if (ap.count && run_stage(cx, &ap, stage) < 0)
            return err_code(cx);
    }
    return 0;
}
