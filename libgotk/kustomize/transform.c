/*
 * transform.c: see transform.h: the table of transformers, planning and running. The order of the rows is the order in
 * which the fields of a kustomization file are applied. After every step, resources that a patch emptied are dropped
 * and, when asked for, the step is noted on each resource.
 */
#include "libgotk/kustomize/transform.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/kfile.h"
#include "libgotk/kustomize/reprint.h"

#include <string.h>

/* clang-format off */
static const struct transform rows[] = {
    { "PatchStrategicMergeTransformer", kfile_patch_sm_config, KSCHEMA_LENIENT,
      transform_patch_sm_file, transform_patch_sm_config },
    { "PatchTransformer", kfile_patch_config, KSCHEMA_LENIENT,
      transform_patch_file, transform_patch_config },
    { "NamespaceTransformer", kfile_namespace_config, KSCHEMA_LENIENT,
      transform_namespace_file, transform_namespace_config },
    { "PrefixTransformer", kfile_names_config, KSCHEMA_YAML,
      transform_names_prefix_file, transform_names_prefix_config },
    { "SuffixTransformer", kfile_names_config, KSCHEMA_YAML,
      transform_names_suffix_file, transform_names_suffix_config },
    { "LabelTransformer", kfile_labels_config, KSCHEMA_LENIENT,
      transform_labels_file, transform_labels_config },
    { "AnnotationsTransformer", kfile_labels_config, KSCHEMA_LENIENT,
      transform_labels_annotations_file, transform_labels_annotations_config },
    { "PatchJson6902Transformer", kfile_patch_json_config, KSCHEMA_LENIENT,
      transform_patch_json_file, transform_patch_json_config },
    { "ReplicaCountTransformer", kfile_replicas_config, KSCHEMA_LENIENT,
      transform_replicas_file, transform_replicas_config },
    { "ImageTagTransformer", kfile_images_config, KSCHEMA_LENIENT,
      transform_images_file, transform_images_config },
    { "ReplacementTransformer", kfile_replace_config, KSCHEMA_LENIENT,
      transform_replace_file, transform_replace_config },
    { "PrefixSuffixTransformer", kfile_names_config, KSCHEMA_YAML,
      NULL, transform_names_both_config },
    { "HashTransformer", kfile_names_config, KSCHEMA_LENIENT,
      NULL, transform_names_hash_config },
    { "ValueAddTransformer", kfile_valueadd_config, KSCHEMA_LENIENT,
      NULL, transform_valueadd_config },
};
/* clang-format on */

void transform_add(struct ctx *cx, struct transform_plan *plan,
                   int (*run)(struct ctx *cx, const struct transform_step *step, struct resmap *m),
                   const void *args)
{
    struct transform_step step = { .run = run, .args = args, .target = plan->target, .place = plan->place };
    vec_push(cx->arena, &plan->steps, step);
}

/* What Flux's generator laid over the file has no line in it. */
void transform_at(struct ctx *cx, struct transform_plan *plan, const char *field, const struct doc *entry)
{
    const struct ktarget *t = plan->target;
    const char *file = kload_show(cx->arena, t->load, t->file_name);
    plan->place = doc_line(entry) ? str_fmt(cx->arena, "%s (%s:%d)", field, file, doc_line(entry))
                                  : str_fmt(cx->arena, "%s (in the spec)", field);
}

/* Names the transformer in the steps planned since `from`. */
static void set_origin(struct transform_plan *plan, size_t from, const struct doc *origin)
{
    for (size_t i = from; i < plan->steps.len; i++)
        plan->steps.at[i].origin = origin;
}

int transform_plan_file(struct ctx *cx, struct transform_plan *plan)
{
    const struct ktarget *t = plan->target;
    struct origin file = origin_append(cx->arena, t->origin, t->file_name);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t from = plan->steps.len;
        plan->place = NULL;
        if (rows[i].from_file && rows[i].from_file(cx, plan) < 0)
            return err_code(cx);
        if (t->build->track_origin)
            set_origin(plan, from, origin_of_field(cx->arena, file, rows[i].kind));
    }
    return 0;
}

static const struct transform *row_find(const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!strcmp(rows[i].kind, kind))
            return &rows[i];
    return NULL;
}

static int unknown_kind(struct ctx *cx, const struct resource *plugin)
{
    const char *kinds[ARRAY_LEN(rows)];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        kinds[i] = rows[i].kind;
    const char *near = str_nearest(plugin->id.gvk.kind, kinds, ARRAY_LEN(rows));
    return err_fail(cx, ERR_UNSUPPORTED, "unable to load builtin %s (%s:%d%s)",
                    gvk_text(cx->arena, plugin->id.gvk), str_or(plugin->file, "inline"),
                    doc_line(plugin->doc), near ? str_fmt(cx->arena, ": did you mean %s?", near) : "");
}

int transform_config(struct ctx *cx, const struct resource *plugin, const struct kschema *fields,
                     enum kschema_mode mode, struct doc **ret)
{
    struct doc *config = doc_copy(cx->arena, plugin->doc);
    if (reprint_json(cx, config) < 0)
        return err_wrap(cx, "marshalling yaml from res %s", resid_text(cx->arena, &plugin->id));
    if (kschema_check(cx, config, fields, mode, plugin->id.gvk.kind, str_or(plugin->file, "inline")) < 0)
        return err_code(cx);
    *ret = config;
    return 0;
}

int transform_plan_config(struct ctx *cx, struct transform_plan *plan, const struct resource *plugin)
{
    struct doc *config = NULL;
    const struct transform *row = row_find(plugin->id.gvk.kind);
    if (!row)
        return unknown_kind(cx, plugin);
    size_t from = plan->steps.len;
    if (transform_config(cx, plugin, row->fields, row->mode, &config) < 0 ||
        row->from_config(cx, plan, config) < 0)
        return err_wrap(cx, "plugin %s fails configuration", resid_text(cx->arena, &plugin->id));
    if (plan->target->build->track_origin && plan->steps.len > from) /* what takes two steps is noted once */
        set_origin(plan, plan->steps.len - 1, origin_of_plugin(cx, plugin));
    return 0;
}

int transform_run(struct ctx *cx, const struct transform_plan *plan, struct resmap *m)
{
    for (size_t i = 0; i < plan->steps.len; i++) {
        const struct transform_step *step = &plan->steps.at[i];
        if (ctx_check(cx) < 0 || step->run(cx, step, m) < 0)
            return step->place ? err_wrap(cx, "%s", step->place) : err_code(cx);
        if (step->origin)
            origin_mark_transformed(m, step->origin);
        if (m->emptied)
            resmap_drop_empty(m);
    }
    return 0;
}

static const char *kind_title(const struct doc *d)
{
    if (doc_kind(d) == DOC_OBJECT)
        return "MappingNode";
    return doc_kind(d) == DOC_ARRAY ? "SequenceNode" : "ScalarNode";
}

/* Without the node's contents, which upstream shows: they may be values of a Secret. */
int transform_wrong_kind(struct ctx *cx, const char *want, const struct doc *node)
{
    return err_fail(cx, ERR_INVALID, "wrong node kind: expected %s but got %s (line %d)", want,
                    kind_title(node), doc_line(node));
}

int transform_set_scalar(struct ctx *cx, struct doc *parent, struct doc *node, struct doc *value)
{
    if (doc_kind(node) == DOC_OBJECT || doc_kind(node) == DOC_ARRAY)
        return transform_wrong_kind(cx, "ScalarNode", node);
    doc_replace(cx->arena, parent, node, value);
    return 0;
}

int transform_set_text(struct ctx *cx, struct doc *parent, struct doc *node, const char *text)
{
    struct doc *d = doc_string(cx->arena, text);
    doc_set_style(d, doc_style(node));
    return transform_set_scalar(cx, parent, node, d);
}

int transform_set_untyped(struct ctx *cx, struct doc *parent, struct doc *node, const char *text)
{
    return transform_set_scalar(cx, parent, node, resource_untyped(cx->arena, node, text));
}
