/*
 * transform_labels.c: labels, commonLabels and commonAnnotations: string pairs written into maps that field specs name.
 * The members one run makes in an object stay one, as upstream's are one node: whoever sets the label later in one place,
 * by a patch or with `labels` that leave selectors alone, sets it in all of them.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/transform.h"

#include <string.h>

struct pairs {
    const struct doc *values;
    struct fieldspecs specs;
    struct doc **made; /* per pair: a member that was made in the present object; NULL: none yet */
};

static void set_pair(struct ctx *cx, struct doc *node, const char *key, const char *value, struct doc **made)
{
    const struct doc *old = doc_find(node, key);
    struct doc *d = resource_string(cx, value);
    if (old)
        doc_set_style(d, doc_style(old));
    doc_set(cx->arena, node, key, d);
    if (old)
        return;
    resource_mark_key(d);
    if (*made)
        doc_share(*made, d);
    *made = d;
}

static int set_pairs(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct pairs *pairs = user;
    size_t i = 0;
    (void)parent;
    if (doc_kind(node) == DOC_NULL) /* upstream adds to it what is never printed */
        return 0;
    if (doc_kind(node) != DOC_OBJECT)
        return transform_wrong_kind(cx, "MappingNode", node);
    if (doc_find(pairs->values, "")) /* for upstream that names the map itself */
        return transform_wrong_kind(cx, "ScalarNode", node);
    doc_each (pair, pairs->values) {
        set_pair(cx, node, doc_key(pair), str_or(doc_text(pair), ""), &pairs->made[i++]);
    }
    return 0;
}

static int run_pairs(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    struct pairs pairs = *(const struct pairs *)step->args;
    size_t count = doc_len(pairs.values);
    pairs.made = ARENA_ARRAY(cx->arena, struct doc *, count);
    for (size_t i = 0; count && i < m->list.len; i++) {
        memset(pairs.made, 0, count * sizeof(*pairs.made));
        if (m->list.at[i]->doc)
            resource_make_notes(cx->arena, m->list.at[i]);
        if (fieldspec_apply_all(cx, &pairs.specs, m->list.at[i]->doc, FIELDSPEC_MAP, set_pairs, &pairs) < 0)
            return err_code(cx);
    }
    return 0;
}

static void plan_pairs(struct ctx *cx, struct transform_plan *plan, const struct doc *values,
                       struct fieldspecs specs)
{
    struct pairs *pairs = ARENA_NEW(cx->arena, struct pairs);
    *pairs = (struct pairs){ .values = values, .specs = specs };
    transform_add(cx, plan, run_pairs, pairs);
}

/* The fields one entry of `labels` writes to: its own, the configured ones, and what its two switches add. */
static int specs_of_entry(struct ctx *cx, const struct tconfig *config, const struct doc *entry,
                          struct fieldspecs *ret)
{
    struct fieldspec metadata = { .path = "metadata/labels", .create = true };
    *ret = fieldspec_list(cx->arena, doc_find(entry, "fields"));
    if (fieldspec_merge_all(cx, ret, tconfig_list(cx->arena, config, TCONFIG_LABELS)) < 0)
        return err_code(cx);
    if (doc_is_true(doc_find(entry, "includeSelectors"), false))
        return fieldspec_merge_all(cx, ret, tconfig_list(cx->arena, config, TCONFIG_COMMON_LABELS));
    if (doc_is_true(doc_find(entry, "includeTemplates"), false) &&
        fieldspec_merge_all(cx, ret, tconfig_list(cx->arena, config, TCONFIG_TEMPLATE_LABELS)) < 0)
        return err_wrap(cx, "failed to merge template fieldSpec");
    return fieldspec_merge(cx, ret, fieldspec_normal(metadata));
}

int transform_labels_file(struct ctx *cx, struct transform_plan *plan)
{
    const struct doc *file = plan->target->file;
    const struct doc *common = doc_find(file, "commonLabels");
    doc_each (entry, doc_find(file, "labels")) {
        struct fieldspecs specs = { 0 };
        transform_at(cx, plan, "labels", entry);
        if (specs_of_entry(cx, plan->config, entry, &specs) < 0)
            return err_wrap(cx, "%s: failed to merge labels", plan->place);
        plan_pairs(cx, plan, doc_find(entry, "pairs"), specs);
    }
    if (doc_len(common) || doc_len(doc_find(file, "labels")))
        plan_pairs(cx, plan, common, *tconfig_list(cx->arena, plan->config, TCONFIG_COMMON_LABELS));
    return 0;
}

int transform_labels_annotations_file(struct ctx *cx, struct transform_plan *plan)
{
    const struct doc *values = doc_find(plan->target->file, "commonAnnotations");
    if (doc_len(values))
        plan_pairs(cx, plan, values, *tconfig_list(cx->arena, plan->config, TCONFIG_COMMON_ANNOTATIONS));
    return 0;
}

int transform_labels_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    plan_pairs(cx, plan, doc_find(config, "labels"),
               fieldspec_list(cx->arena, doc_find(config, "fieldSpecs")));
    return 0;
}

int transform_labels_annotations_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    plan_pairs(cx, plan, doc_find(config, "annotations"),
               fieldspec_list(cx->arena, doc_find(config, "fieldSpecs")));
    return 0;
}
