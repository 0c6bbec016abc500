/*
 * apply.c: the story of a staged server-side apply; the contract is in apply.h.
 *
 * Per stage: settle what a proof stands for, read the live objects nothing is known of, mark the skipped ones, dry-run the
 * others, clean up their metadata, decide what drifted, apply that one after the other, wait for what others rely on.
 * Requests per unchanged object: none with a proof; one dry-run when the proof is checked; one GET more without one. Per
 * object that is made: a dry-run and an apply; the first of a stage without the dry-run (apply_create.c). The parts of a
 * stage are a table, so that an apply that waits can be gone on with. Runs on a worker thread; everything lives in the arena
 * it was opened in.
 */
#include "libgotk/ssa/apply_parts.h"

#include "libgotk/api/meta.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/rest.h"
#include "libgotk/ssa/managers.h"
#include "libgotk/ssa/secret.h"

#define PARALLEL_DEFAULT 4
#define STAGE_MS         60000 /* for definitions and classes to become current */
#define DELETE_MS        60000 /* for objects that are recreated to go, unless the options say */
#define PATCH_TRIES      3

size_t apply_parallel(const struct apply *ap)
{
    return ap->options->parallel ? ap->options->parallel : PARALLEL_DEFAULT;
}

static struct kube_call *new_calls(struct ctx *cx, const struct apply *ap)
{
    return ARENA_ARRAY(cx->arena, struct kube_call, ap->count);
}

struct kube_call apply_call(const struct apply *ap, const struct doc *object, bool dry_run)
{
    return (struct kube_call){
        .verb = KUBE_PATCH,
        .ref = kube_ref_of(object),
        .body = object,
        .patch = KUBE_PATCH_APPLY,
        .options = { .field_manager = ap->options->field_manager, .force = true, .dry_run = dry_run },
    };
}

int apply_read(struct ctx *cx, struct apply *ap, bool (*wanted)(const struct item *it))
{
    struct kube_call *calls = new_calls(cx, ap);
    struct item **of_call = ARENA_ARRAY(cx->arena, struct item *, ap->count);
    size_t n = 0;
    for (size_t i = 0; i < ap->count; i++) {
        if (!wanted(&ap->items[i]))
            continue;
        of_call[n] = &ap->items[i];
        calls[n++] = (struct kube_call){ .verb = KUBE_GET, .ref = kube_ref_of(ap->items[i].wanted) };
    }
    if (n && kube_do_all(cx, ap->kube, calls, n, apply_parallel(ap)) < 0)
        return err_wrap(cx, "failed to read the objects of the cluster");
    for (size_t i = 0; i < n; i++) {
        of_call[i]->live = calls[i].code == 0 ? calls[i].result : NULL;
        if (calls[i].code != ERR_NOT_FOUND)
            of_call[i]->unread = calls[i].err;
        of_call[i]->look = false;
    }
    return 0;
}

static bool is_unknown(const struct item *it)
{
    return !it->settled && !it->stands && !it->absent;
}

const char *apply_marker(struct ctx *cx, const struct apply *ap, const char *name)
{
    return str_fmt(cx->arena, "%s/%s", ap->options->group, name);
}

static bool is_skipped(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    const char *reconcile = apply_marker(cx, ap, "reconcile"), *ssa = apply_marker(cx, ap, "ssa");
    bool exists = it->live || (it->stands && !it->known->untouched);
    return meta_marked(it->wanted, reconcile, "disabled") || meta_marked(it->live, reconcile, "disabled") ||
           meta_marked(it->wanted, ssa, "Ignore") || meta_marked(it->live, ssa, "Ignore") ||
           (exists && meta_marked(it->wanted, ssa, "IfNotPresent")) || (it->stands && it->known->skipped);
}

void apply_mark_skipped(struct ctx *cx, struct apply *ap)
{
    for (size_t i = 0; i < ap->count; i++)
        if (is_skipped(cx, ap, &ap->items[i]))
            ap->items[i].action = CHANGE_SKIPPED;
}

void apply_fail_item(struct ctx *cx, struct item *it)
{
    it->error = secret_mask(cx->arena, it->wanted, err_message(cx));
    it->error_code = cx->err.code;
    err_clear(cx);
}

/* Patches the live object as it was when `patch` was made; ERR_CONFLICT when it no longer is: managedFields are replaced
 * whole, and a manager who came meanwhile would lose what is his. */
static int patch_seen(struct ctx *cx, struct apply *ap, struct item *it, struct doc *patch)
{
    struct kube_ref ref = kube_ref_of(it->live);
    struct kube_patch_options options = { .field_manager = ap->options->field_manager };
    managers_only_of(cx->arena, patch, it->live);
    return kube_patch(cx, ap->kube, &ref, KUBE_PATCH_JSON, patch, &options, &it->live);
}

static int look_anew(struct ctx *cx, struct apply *ap, struct item *it)
{
    struct kube_ref ref = kube_ref_of(it->live);
    err_clear(cx);
    return kube_get(cx, ap->kube, &ref, &it->live);
}

/* Patches the live object's metadata by what `make` makes of it, which makes it changed; nothing happens without a patch. */
static void patch_metadata(struct ctx *cx, struct apply *ap, struct item *it,
                           struct doc *(*make)(struct ctx *cx, const struct apply *ap, const struct item *it),
                           const char *failure)
{
    struct doc *patch;
    int rc = 0;
    for (int tries = 1; (patch = make(cx, ap, it)) != NULL; tries++) {
        rc = patch_seen(cx, ap, it, patch);
        it->patched = it->patched || rc == 0;
        if (rc != ERR_CONFLICT || tries == PATCH_TRIES)
            break;
        rc = look_anew(cx, ap, it);
        if (rc < 0)
            break;
    }
    if (rc < 0) {
        err_wrap(cx, "%s %s", it->name, failure);
        apply_fail_item(cx, it);
    }
}

static struct doc *migration(struct ctx *cx, const struct apply *ap UNUSED, const struct item *it)
{
    return managers_migrate(cx->arena, it->live, doc_text_at(it->wanted, "apiVersion"));
}

/* What kubectl and old Flux versions left on an object, as a patch; NULL: nothing, or it is not ours to take. */
static struct doc *clean_up_of(struct ctx *cx, const struct apply *ap, const struct item *it,
                               const struct doc *object)
{
    const struct apply_options *o = ap->options;
    const char *ssa = apply_marker(cx, ap, "ssa");
    if (!object || meta_marked(it->wanted, ssa, "Merge") || meta_marked(object, ssa, "Merge"))
        return NULL;
    return managers_cleanup(cx->arena, object, o->field_manager, o->overridden, o->overridden_count);
}

static struct doc *clean_up_patch(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    return clean_up_of(cx, ap, it, it->live);
}

bool apply_left_unclean(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    return it->applied && clean_up_of(cx, ap, it, it->after);
}

static void migrate(struct ctx *cx, struct apply *ap)
{
    for (size_t i = 0; ap->options->migrate_api_version && i < ap->count; i++) {
        struct item *it = &ap->items[i];
        if (it->live && it->action != CHANGE_SKIPPED)
            patch_metadata(cx, ap, it, migration, "failed to migrate API version");
    }
}

/* Takes over what kubectl and old Flux versions left. */
static void clean_up(struct ctx *cx, struct apply *ap, struct item *it)
{
    if (it->live)
        patch_metadata(cx, ap, it, clean_up_patch, "metadata.managedFields cleanup failed");
}

static enum change_action action_of(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    if (str_empty(doc_text_at(it->after, "metadata", "resourceVersion")))
        return CHANGE_CREATED;
    if (apply_proves_unchanged(cx, it))
        return CHANGE_UNCHANGED;
    bool drifted = ignore_drift_found(cx->arena, ap->options->ignore, it->live, it->after);
    return it->patched || drifted ? CHANGE_CONFIGURED : CHANGE_UNCHANGED;
}

static bool is_done(const struct item *it)
{
    return it->settled || it->applied || it->action == CHANGE_SKIPPED || it->error;
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
    const struct apply_options *o = ap->options;
    struct doc *payload = it->wanted;
    if (it->after && ignore_correct(cx, o->ignore, it->live, it->after, o->field_manager, &payload) < 0)
        return err_code(cx);
    struct kube_call call = apply_call(ap, payload, false);
    if (kube_do(cx, ap->kube, &call) < 0)
        return err_wrap(cx, "%s apply failed", it->name);
    it->after = call.result;
    it->applied = true;
    return 0;
}

/* The only item of the stage that is left to be dealt with, when its live object is known without a look; else NULL. */
static struct item *find_single(const struct apply *ap)
{
    struct item *single = NULL;
    for (size_t i = 0; i < ap->count; i++) {
        if (is_done(&ap->items[i]))
            continue;
        if (single)
            return NULL;
        single = &ap->items[i];
    }
    return single && single->stands ? single : NULL;
}

/* An object that is alone in its stage needs no dry-run to spare the others: to apply it is to try it, and an apply that
 * changes nothing leaves it as it is. What is refused goes the long way. */
static int apply_single(struct ctx *cx, struct apply *ap)
{
    struct item *it = ap->options->full ? NULL : find_single(ap);
    if (!it)
        return 0;
    if (apply_one(cx, ap, it) < 0) {
        err_clear(cx);
        it->stands = false;
        it->look = true;
        return apply_read(cx, ap, apply_needs_look);
    }
    it->action = apply_proves_unchanged(cx, it) ? CHANGE_UNCHANGED : CHANGE_CONFIGURED;
    return 0;
}

/* What an item is called by in the change set: the live object's name where there is one. Without a look at it, a
 * namespace that its kind does not have is left out as the server would. */
static const struct doc *identity_of(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    struct kube_ref ref = kube_ref_of(it->wanted);
    struct kube_mapping mapping;
    if (it->action == CHANGE_SKIPPED && it->live)
        return it->live;
    if (it->after || !it->settled || str_empty(ref.ns))
        return it->after ? it->after : it->wanted;
    if (kube_map(cx, ap->kube, ref.api_version, ref.kind, &mapping) < 0)
        err_clear(cx);
    else if (!mapping.namespaced)
        doc_remove(doc_find(it->wanted, "metadata"), "namespace");
    return it->wanted;
}

static bool is_settled(const struct apply *ap)
{
    for (size_t i = 0; i < ap->count; i++)
        if (!ap->items[i].settled)
            return false;
    return true;
}

static void fill_stage(struct ctx *cx, struct apply *ap)
{
    const struct apply_options *o = ap->options;
    struct doc **list = ARENA_ARRAY(cx->arena, struct doc *, doc_len(ap->objects));
    size_t n = 0;
    doc_each (object, ap->objects)
        if (subject_stage(cx->arena, object, o->custom_kinds, o->custom_kinds_count) == ap->stage)
            list[n++] = object;
    subject_sort(cx->arena, list, n);
    ap->items = ARENA_ARRAY(cx->arena, struct item, n);
    ap->count = n;
    for (size_t i = 0; i < n; i++)
        ap->items[i] = (struct item){ .wanted = list[i],
                                      .name = subject_name(cx->arena, list[i]),
                                      .ruled = ignore_may_select(o->ignore, list[i]) };
}

/* --- the parts of a stage: each returns an apply_next or fails --- */

static int recall(struct ctx *cx, struct apply *ap)
{
    fill_stage(cx, ap);
    apply_recall(cx, ap);
    ap->settled = is_settled(ap);
    return APPLY_DONE;
}

/* What is not known from the proof: from looking at the live objects to trying what is to be applied. */
static int examine(struct ctx *cx, struct apply *ap)
{
    const struct apply_options *o = ap->options;
    if (ap->settled)
        return APPLY_DONE;
    if (apply_read(cx, ap, is_unknown) < 0)
        return err_code(cx);
    apply_mark_skipped(cx, ap);
    if (apply_single(cx, ap) < 0)
        return err_code(cx);
    migrate(cx, ap);
    if (join_errors(cx, ap) < 0)
        return err_code(cx);
    ap->await = wait_set_new(cx->arena, o->delete_timeout_ms ? o->delete_timeout_ms : DELETE_MS);
    apply_dare(ap);
    return apply_dry_run(cx, ap);
}

static int decide(struct ctx *cx, struct apply *ap)
{
    if (join_errors(cx, ap) < 0)
        return err_code(cx);
    for (size_t i = 0; i < ap->count; i++) {
        struct item *it = &ap->items[i];
        if (is_done(it))
            continue;
        clean_up(cx, ap, it);
        if (!it->error)
            it->action = action_of(cx, ap, it);
    }
    return join_errors(cx, ap);
}

/* Applies an item if it changed, and notes what became of it. The answer, which is most of the memory of an apply, is let
 * go with cx->arena. */
static int apply_and_note(struct ctx *cx, struct apply *ap, struct item *it)
{
    bool relied_on = ap->stage == SSA_STAGE_DEFINITIONS || ap->stage == SSA_STAGE_CLASSES;
    bool changed = it->action == CHANGE_CREATED || it->action == CHANGE_CONFIGURED;
    if (changed && !it->applied && apply_one(cx, ap, it) < 0)
        return err_code(cx);
    const struct doc *identity = identity_of(cx, ap, it);
    change_add(ap->arena, ap->changes, identity, it->action);
    if (relied_on && !ap->settled)
        apply_rely_on(cx, ap, it, identity);
    apply_record(cx, ap, it);
    it->after = NULL;
    return 0;
}

/* Applies what changed, in order. */
static int apply_changed(struct ctx *cx, struct apply *ap)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(arena_max(cx->arena));
    struct ctx inner = *cx;
    inner.arena = scratch;
    ap->await = wait_set_new(ap->arena, STAGE_MS);
    for (size_t i = 0; i < ap->count; i++) {
        if (apply_and_note(&inner, ap, &ap->items[i]) < 0)
            return err_copy(cx, &inner.err);
        arena_reset(scratch);
    }
    return APPLY_DONE;
}

static int (*const parts[])(struct ctx *cx, struct apply *ap) = {
    recall, examine, apply_create_daring, apply_await_departures, decide, apply_changed, apply_await_stage,
};

/* --- the whole --- */

struct apply *apply_open(struct ctx *cx, struct kube *kube, const struct apply_options *options,
                         const struct doc *objects, struct changes *changes)
{
    struct apply_options *own = ARENA_NEW(cx->arena, struct apply_options);
    struct apply *ap = ARENA_NEW(cx->arena, struct apply);
    *own = *options;
    *ap = (struct apply){
        .arena = cx->arena, .kube = kube, .options = own, .changes = changes, .objects = objects
    };
    return ap;
}

int apply_go_on(struct ctx *cx, struct apply *ap, int64_t *ret_wait_ms)
{
    for (; ap->stage < SSA_STAGE_COUNT; ap->stage++) {
        for (; ap->part < ARRAY_LEN(parts); ap->part++) {
            int rc = parts[ap->part](cx, ap);
            if (rc == APPLY_WAITS)
                *ret_wait_ms = wait_pause(&ap->await, ap->options->tracker);
            if (rc != APPLY_DONE)
                return rc;
        }
        ap->part = 0;
    }
    return APPLY_DONE;
}
