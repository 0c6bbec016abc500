/*
 * transform_names.c: namePrefix, nameSuffix and the hash suffix. Which kinds keep their names is judged by the original
 * kind; the former identity and the prefix itself are remembered, so that references can be followed at the end.
 */
#include "libgotk/base/str.h"
#include "libgotk/kustomize/generators.h"
#include "libgotk/kustomize/transform.h"

#include <string.h>

struct affix {
    const char *text;
    bool suffix;
    struct fieldspecs specs;
};

static const struct gvk unnamed_kinds[] = {
    { "", "", "CustomResourceDefinition" },
    { "apiregistration.k8s.io", "", "APIService" },
    { "", "", "Namespace" },
};

static bool keeps_name(struct gvk original)
{
    for (size_t i = 0; i < ARRAY_LEN(unnamed_kinds); i++)
        if (gvk_selected(original, unnamed_kinds[i]))
            return true;
    return false;
}

static int affix_field(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct affix *affix = user;
    const char *old = str_or(resource_written(node), "");
    return transform_set_untyped(cx, parent, node,
                                 affix->suffix ? str_fmt(cx->arena, "%s%s", old, affix->text)
                                               : str_fmt(cx->arena, "%s%s", affix->text, old));
}

static int affix_resource(struct ctx *cx, struct affix *affix, struct resource *r)
{
    struct gvk original = resource_original(r).gvk;
    if (keeps_name(original))
        return 0;
    for (size_t i = 0; i < affix->specs.len; i++) {
        const struct fieldspec *fs = &affix->specs.at[i];
        if (!gvk_selected(original, fs->gvk))
            continue;
        if (!strcmp(fs->path, "metadata/name") && affix->text[0]) {
            vec_push(cx->arena, affix->suffix ? &r->suffixes : &r->prefixes, affix->text);
            resource_store_past(cx->arena, r);
        }
        if (fieldspec_apply(cx, fs, r->doc, FIELDSPEC_SCALAR, affix_field, affix) < 0)
            return err_code(cx);
        resource_refresh(cx->arena, r);
    }
    return 0;
}

static int run_affix(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    struct affix affix = *(const struct affix *)step->args;
    resmap_touch(m);
    for (size_t i = 0; i < m->list.len; i++)
        if (affix_resource(cx, &affix, m->list.at[i]) < 0)
            return err_code(cx);
    return 0;
}

static int plan_affix(struct ctx *cx, struct transform_plan *plan, const char *text, bool suffix,
                      struct fieldspecs specs)
{
    struct affix *affix = ARENA_NEW(cx->arena, struct affix);
    *affix = (struct affix){ .text = text, .suffix = suffix, .specs = specs };
    transform_add(cx, plan, run_affix, affix);
    return 0;
}

static int plan_field(struct ctx *cx, struct transform_plan *plan, const char *field, enum tconfig_list list)
{
    const char *text = str_or(doc_text_at(plan->target->file, field), "");
    if (!text[0])
        return 0;
    return plan_affix(cx, plan, text, list == TCONFIG_NAME_SUFFIX,
                      *tconfig_list(cx->arena, plan->config, list));
}

int transform_names_prefix_file(struct ctx *cx, struct transform_plan *plan)
{
    return plan_field(cx, plan, "namePrefix", TCONFIG_NAME_PREFIX);
}

int transform_names_suffix_file(struct ctx *cx, struct transform_plan *plan)
{
    return plan_field(cx, plan, "nameSuffix", TCONFIG_NAME_SUFFIX);
}

static int plan_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config,
                       const char *field)
{
    const struct doc *specs = doc_find(config, "fieldSpecs");
    if (!specs)
        return err_fail(cx, ERR_INVALID,
                        "fieldSpecs is not expected to be nil: name the fields to change, e.g. "
                        "fieldSpecs: [{path: metadata/name}]");
    return plan_affix(cx, plan, str_or(doc_text_at(config, field), ""), !strcmp(field, "suffix"),
                      fieldspec_list(cx->arena, specs));
}

int transform_names_prefix_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    return plan_config(cx, plan, config, "prefix");
}

int transform_names_suffix_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    return plan_config(cx, plan, config, "suffix");
}

int transform_names_both_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    if (doc_find(config, "prefix") && plan_config(cx, plan, config, "prefix") < 0)
        return err_code(cx);
    return doc_find(config, "suffix") ? plan_config(cx, plan, config, "suffix") : 0;
}

static int run_hash(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    (void)step;
    return generators_add_hashes(cx, m);
}

int transform_names_hash_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    (void)config;
    transform_add(cx, plan, run_hash, NULL);
    return 0;
}
