/*
 * diff.c: comparing a set of objects with the cluster; the contract is in diff.h.
 */
#include "libgotk/ssa/diff.h"

#include "libgotk/base/linediff.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/ssa/apply_parts.h"
#include "libgotk/ssa/subject.h"

#define TEXT_MAX     ((size_t)32 << 20)
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

/* ---- the text of a difference ------------------------------------------------------------------------------------ */

static bool is_secret(const struct doc *object)
{
    return str_eq(doc_text_at(object, "kind"), "Secret") && str_eq(doc_text_at(object, "apiVersion"), "v1");
}

/* The values of one side, told apart by what the other side has. */
static struct doc *masked(struct arena *a, const struct doc *data, const struct doc *other,
                          const char *differs)
{
    struct doc *copy = doc_object(a);
    doc_each (value, data) {
        const struct doc *there = doc_find(other, doc_key(value));
        doc_set_text(a, copy, doc_key(value), there && !doc_equal(value, there) ? differs : "***");
    }
    return copy;
}

/* kubectl keeps the whole manifest in an annotation. */
static void mask_annotation(struct arena *a, struct doc *object)
{
    struct doc *annotations = doc_path(object, "metadata", "annotations");
    if (doc_find(annotations, LAST_APPLIED))
        doc_set_text(a, annotations, LAST_APPLIED, "***");
}

static void mask_secret(struct arena *a, struct doc *live, struct doc *merged)
{
    const struct doc *before = doc_find(live, "data"), *after = doc_find(merged, "data");
    struct doc *masked_before = before ? masked(a, before, after, "*** (before)") : NULL;
    struct doc *masked_after = after ? masked(a, after, before, "*** (after)") : NULL;
    if (masked_before)
        doc_set(a, live, "data", masked_before);
    if (masked_after)
        doc_set(a, merged, "data", masked_after);
    mask_annotation(a, live);
    mask_annotation(a, merged);
}

/* What the server counts up by itself. */
static void drop_bookkeeping(struct doc *object)
{
    doc_remove(doc_find(object, "metadata"), "managedFields");
    doc_remove(doc_find(object, "metadata"), "generation");
}

static const char *yaml_of(struct arena *a, const struct doc *object)
{
    struct buf out = buf_new(a, TEXT_MAX);
    yml_print(&out, object);
    return buf_text(&out);
}

const char *diff_text(struct arena *a, const struct ignore_rules *rules, struct doc *live, struct doc *merged)
{
    struct doc *match = doc_copy(a, merged);
    struct buf out = buf_new(a, TEXT_MAX);
    ignore_strip(a, rules, match, live);
    ignore_strip(a, rules, match, merged);
    drop_bookkeeping(live);
    drop_bookkeeping(merged);
    if (is_secret(merged))
        mask_secret(a, live, merged);
    linediff_unified(&out, yaml_of(a, live), yaml_of(a, merged));
    return buf_text(&out);
}

/* ---- judging one object ------------------------------------------------------------------------------------------ */

static bool defines_kind(struct arena *a, const struct doc *definition, const struct doc *object)
{
    const char *api_version = str_or(doc_text_at(object, "apiVersion"), "");
    return str_eq(doc_text_at(definition, "kind"), "CustomResourceDefinition") &&
           str_eq(doc_text_at(definition, "spec", "names", "kind"), doc_text_at(object, "kind")) &&
           str_eq(doc_text_at(definition, "spec", "group"), subject_group(a, api_version));
}

static bool is_namespace_of(const struct doc *namespace, const struct doc *object)
{
    return str_eq(doc_text_at(namespace, "kind"), "Namespace") &&
           str_eq(doc_text_at(namespace, "apiVersion"), "v1") &&
           str_eq(doc_text_at(namespace, "metadata", "name"), doc_text_at(object, "metadata", "namespace"));
}

/* The dry-run failed for want of something that the set itself brings. */
static bool comes_with_the_set(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    if (it->error_code != ERR_NOT_FOUND || it->live)
        return false;
    for (size_t i = 0; i < ap->count; i++)
        if (defines_kind(cx->arena, ap->items[i].wanted, it->wanted) ||
            is_namespace_of(ap->items[i].wanted, it->wanted))
            return true;
    return false;
}

static enum change_action action_of(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    if (it->action == CHANGE_SKIPPED || it->action == CHANGE_CREATED)
        return it->action;
    if (it->error)
        return comes_with_the_set(cx, ap, it) ? CHANGE_CREATED : CHANGE_UNKNOWN;
    if (str_empty(doc_text_at(it->after, "metadata", "resourceVersion")))
        return CHANGE_CREATED;
    return ignore_drift_found(cx->arena, ap->options->ignore, it->live, it->after) ? CHANGE_CONFIGURED
                                                                                   : CHANGE_UNCHANGED;
}

static struct diff_entry judge(struct ctx *cx, const struct apply *ap, const struct item *it)
{
    const struct doc *identity = it->action == CHANGE_SKIPPED && it->live ? it->live : it->wanted;
    struct diff_entry e = { .subject = subject_name(cx->arena, it->after ? it->after : identity),
                            .action = action_of(cx, ap, it) };
    if (e.action == CHANGE_UNKNOWN)
        e.error = it->error;
    if (e.action == CHANGE_CONFIGURED)
        e.text = diff_text(cx->arena, ap->options->ignore, doc_copy(cx->arena, it->live),
                           doc_copy(cx->arena, it->after));
    return e;
}

static bool always(const struct item *it UNUSED)
{
    return true;
}

int diff_objects(struct ctx *cx, struct kube *kube, const struct apply_options *options,
                 const struct doc *objects, struct diff_entries *ret_entries, struct changes *changes)
{
    struct apply_options own = *options;
    struct apply ap = { .kube = kube, .options = &own, .changes = changes };
    own.preview = true;
    own.tracker = NULL;
    ap.items = ARENA_ARRAY(cx->arena, struct item, doc_len(objects) + 1);
    doc_each (object, objects)
        ap.items[ap.count++] =
            (struct item){ .wanted = object, .name = subject_name(cx->arena, object), .ruled = true };
    if (apply_read(cx, &ap, always) < 0)
        return err_code(cx);
    apply_mark_skipped(cx, &ap);
    if (apply_dry_run(cx, &ap) < 0)
        return err_code(cx);
    for (size_t i = 0; i < ap.count; i++) {
        const struct item *it = &ap.items[i];
        struct diff_entry e = judge(cx, &ap, it);
        vec_push(cx->arena, ret_entries, e);
        change_add(cx->arena, changes, it->after ? it->after : it->wanted, e.action);
    }
    return 0;
}
