/*
 * apply.c: from built objects to the cluster.
 *
 * Every object gets the owner labels, corrections, and spec.commonMetadata, in upstream's order; then the staged apply
 * does the rest. Worker threads.
 */
#include "libgotk/ssa/apply.h"

#include "kustomize-controller/controller.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/normalize.h"
#include "libgotk/ssa/subject.h"

/* Label and annotation values may only be strings; what a manifest has in their place gives way. */
static struct doc *metadata_map(struct arena *a, struct doc *object, const char *map)
{
    return doc_ensure(a, doc_ensure(a, object, "metadata"), map);
}

static void set_owner(struct arena *a, struct doc *object, const struct meta *owner)
{
    struct doc *labels = metadata_map(a, object, "labels");
    doc_set_text(a, labels, KG "/name", owner->name);
    doc_set_text(a, labels, KG "/namespace", owner->ns);
}

static void set_common(struct arena *a, struct doc *object, const struct doc *common, const char *map)
{
    doc_each (entry, doc_find(common, map))
        doc_set_text(a, metadata_map(a, object, map), doc_key(entry), doc_text(entry));
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

static int prepare_objects(struct ctx *cx, const struct ks_run *r)
{
    doc_each (object, r->built.objects) {
        set_owner(cx->arena, object, &r->ks.meta);
        if (normalize_object(cx, object) < 0)
            return cx->err.code;
        set_common(cx->arena, object, r->ks.spec.common_metadata, "labels");
        set_common(cx->arena, object, r->ks.spec.common_metadata, "annotations");
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

int apply_objects(struct ctx *cx, struct ks_run *r)
{
    const struct apply_options options = {
        .field_manager = FIELD_MANAGER,
        .group = KG,
        .force = r->ks.spec.force,
        .parallel = (size_t)r->state->concurrent_ssa,
        .overridden = r->state->override_managers.at,
        .overridden_count = r->state->override_managers.len,
        .custom_kinds = (const char *const *)r->state->custom_kinds,
        .custom_kinds_count = r->state->custom_kinds_count,
    };
    if (prepare_objects(cx, r) < 0)
        return cx->err.code;
    if (apply_staged(cx, r->kube, &options, r->built.objects, &r->applied) < 0)
        return with_changes(cx, &r->applied);
    return 0;
}
