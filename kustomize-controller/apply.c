/*
 * apply.c: from built objects to the cluster.
 *
 * Every object gets the owner labels, corrections, and spec.commonMetadata, in upstream's order; then the staged apply
 * does the rest. While that waits the run is parked with all its documents; a new run that takes its place finds what the
 * apply did in the inventory. Worker threads.
 */
#include "libgotk/ssa/apply.h"

#include "kustomize-controller/controller.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/ssa/inventory.h"
#include "libgotk/ssa/normalize.h"
#include "libgotk/ssa/subject.h"

/* How long an apply waits before its status tells so. */
#define UNSEEN_MS 1000

/* The first entry that is neither text nor null; NULL when there is none. */
static const struct doc *find_foreign(const struct doc *entries)
{
    doc_each (entry, entries)
        if (doc_kind(entry) != DOC_STRING && doc_kind(entry) != DOC_NULL)
            return entry;
    return NULL;
}

/* The labels or annotations, as upstream's accessors have them: null is empty text, and one value that is neither, or
 * something that is no map, empties them all. Refusing what Flux accepts would stop a cluster that changes over, and the API server would not have
 * it as it is written. */
static struct doc *metadata_map(struct ctx *cx, struct doc *object, const char *map)
{
    struct doc *meta = doc_ensure(cx->arena, object, "metadata"), *written = doc_find(meta, map);
    bool is_map = !written || doc_kind(written) == DOC_OBJECT || doc_kind(written) == DOC_NULL;
    const struct doc *foreign = is_map ? find_foreign(written) : written;
    struct doc *entries = doc_object(cx->arena);
    doc_each (entry, foreign ? NULL : written)
        doc_set_text(cx->arena, entries, doc_key(entry), str_or(doc_text(entry), ""));
    if (foreign)
        log_info(
            cx->log, "metadata that is no map of texts is left out", "object",
            subject_name(cx->arena, object), "field",
            str_fmt(cx->arena, "metadata.%s%s%s", map, is_map ? "." : "", is_map ? doc_key(foreign) : ""),
            NULL);
    doc_set(cx->arena, meta, map, entries);
    return entries;
}

static void set_owner(struct ctx *cx, struct doc *object, const struct meta *owner)
{
    struct doc *labels = metadata_map(cx, object, "labels");
    doc_set_text(cx->arena, labels, KG "/name", owner->name);
    doc_set_text(cx->arena, labels, KG "/namespace", owner->ns);
}

static void set_common(struct ctx *cx, struct doc *object, const struct doc *common, const char *map)
{
    const struct doc *given = doc_find(common, map);
    struct doc *entries = doc_len(given) ? metadata_map(cx, object, map) : NULL;
    doc_each (entry, given)
        doc_set_text(cx->arena, entries, doc_key(entry), doc_text(entry));
}

/* A Secret that is still encrypted must not reach the cluster as it is. */
static int refuse_encrypted(struct ctx *cx, const struct doc *object)
{
    const char *decrypt = doc_text_at(object, "metadata", "annotations", KG "/decrypt");
    bool is_secret =
        str_eq(doc_text_at(object, "kind"), "Secret") && str_eq(doc_text_at(object, "apiVersion"), "v1");
    if (!is_secret || !doc_find(object, "sops") || (decrypt && str_eq_fold(decrypt, "disabled")))
        return 0;
    return err_fail(
        cx, ERR_INVALID,
        "%s is SOPS encrypted, configuring decryption is required for this secret to be reconciled",
        subject_name(cx->arena, object));
}

int prepare_objects(struct ctx *cx, const struct kustomization *ks, struct doc *objects)
{
    doc_each (object, objects) {
        set_owner(cx, object, &ks->meta);
        if (normalize_object(cx, object) < 0)
            return cx->err.code;
        set_common(cx, object, ks->spec.common_metadata, "labels");
        set_common(cx, object, ks->spec.common_metadata, "annotations");
        if (refuse_encrypted(cx, object) < 0)
            return cx->err.code;
    }
    return 0;
}

/* The error of a later stage is followed by what the earlier stages did. */
static int with_changes(struct ctx *cx, const struct changes *done)
{
    const char *text = change_text(cx->arena, done, true);
    if (*text)
        cx->err.message = str_fmt(cx->arena, "%s\n%s", cx->err.message, text);
    return cx->err.code;
}

/* What was done, as the log shows it: action by object, or with GroupChangeLog objects by action. */
static const char *changes_json(struct ctx *cx, const struct changes *done, bool grouped)
{
    struct doc *output = doc_object(cx->arena);
    for (size_t i = 0; i < done->len; i++) {
        const char *subject = done->at[i].subject, *action = change_action_name(done->at[i].action);
        if (!grouped) {
            doc_set_text(cx->arena, output, subject, action);
            continue;
        }
        if (!doc_find(output, action))
            doc_set(cx->arena, output, action, doc_array(cx->arena));
        doc_append_text(cx->arena, doc_find(output, action), subject);
    }
    return json_text(cx->arena, output, JSON_COMPACT);
}

static void log_changes(struct ctx *cx, const struct ks_run *r)
{
    if (!r->applied.len || !log_enabled(LOG_INFO))
        return;
    const struct log_field fields[] = {
        { "output", changes_json(cx, &r->applied, manager_feature(r->run.manager, "GroupChangeLog")), true },
        { "revision", r->artifact.revision, false },
    };
    log_fields(LOG_INFO, cx->log, NULL, "server-side apply completed", fields, ARRAY_LEN(fields));
}

static int begin_apply(struct ctx *cx, struct ks_run *r)
{
    struct ignore_rules *ignore;
    if (ignore_compile(cx, r->ks.spec.ignore, &ignore) < 0)
        return cx->err.code;
    const struct apply_options options = {
        .field_manager = FIELD_MANAGER,
        .group = KG,
        .force = r->ks.spec.force,
        .migrate_api_version = manager_feature(r->run.manager, "MigrateAPIVersion"),
        .parallel = (size_t)r->state->concurrent_ssa,
        .overridden = r->state->override_managers.at,
        .overridden_count = r->state->override_managers.len,
        .custom_kinds = (const char *const *)r->state->custom_kinds,
        .custom_kinds_count = r->state->custom_kinds_count,
        .ignore = ignore,
        .delete_timeout_ms = r->timeout_ns / GOTIME_MS,
        .tracker = r->tracker,
        .before = r->proof.known ? &r->proof.before.objects : NULL,
        .after = &r->proof.seen,
        .full = r->proof.full,
        .patient = r->proof.drift,
    };
    if (prepare_objects(cx, &r->ks, r->built.objects) < 0)
        return cx->err.code;
    r->applying = apply_open(cx, r->target, &options, r->built.objects, &r->applied);
    return 0;
}

/* Most waits are over in a moment, and nobody need see them in the status. */
static int park(struct ks_run *r, int64_t wait_ms)
{
    int64_t now_ms = ctx_now_ms();
    if (!r->apply_shown_ms)
        r->apply_shown_ms = now_ms + UNSEEN_MS;
    int64_t unseen_ms = r->apply_shown_ms - now_ms;
    r->run.wait_unseen = unseen_ms > 0;
    r->run.wait_ms = unseen_ms > 0 && unseen_ms < wait_ms ? unseen_ms : wait_ms;
    return STEP_WAIT;
}

int apply_objects(struct ctx *cx, struct ks_run *r)
{
    int64_t wait_ms = 0;
    if (!r->applying && begin_apply(cx, r) < 0)
        return err_code(cx);
    int rc = apply_go_on(cx, r->applying, &wait_ms);
    if (rc < 0)
        return with_changes(cx, &r->applied);
    if (rc == APPLY_WAITS)
        return park(r, wait_ms);
    r->applying = NULL;
    log_changes(cx, r);
    return 0;
}

void apply_leave(struct ctx *cx, struct ks_run *r)
{
    const struct inventory *old = r->ks.status.inventory;
    struct inventory *now = inventory_of_changes(cx->arena, &r->applied);
    const struct inventory *left = inventory_stale(cx->arena, old, now);
    const char *changes = change_text(cx->arena, &r->applied, true);
    if (*changes)
        run_event(cx, &r->run, EVENT_INFO, NULL, NULL, "%s", changes);
    if (!inventory_stale(cx->arena, now, old ? old : &(struct inventory){ 0 })->entries_count)
        return;
    inventory_append(cx->arena, now, left->entries, left->entries_count);
    set_inventory(cx, r, now);
    run_write_status(cx, &r->run);
}
