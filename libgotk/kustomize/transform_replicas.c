/*
 * transform_replicas.c: replicas: a count for the workloads of one name, by any name they ever had.
 */
#include "libgotk/base/str.h"
#include "libgotk/kustomize/transform.h"

#include <string.h>

struct replicas {
    const char *name;
    int64_t count;
    struct fieldspecs specs;
};

static int set_count(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct replicas *args = user;
    struct doc *count = doc_int(cx->arena, args->count);
    if (doc_quoted(node))
        count = resource_quoted(cx->arena, count);
    doc_set_style(count, doc_style(node));
    return transform_set_scalar(cx, parent, node, count);
}

static bool was_called(const struct resource *r, const char *name, struct gvk row)
{
    for (size_t i = 0; i <= r->past.len; i++) {
        struct resid id = resource_id_at(r, i);
        if (!strcmp(id.name, name) && gvk_selected(id.gvk, row))
            return true;
    }
    return false;
}

static int none_found(struct ctx *cx, const struct replicas *args, const struct resmap *m)
{
    VEC(const char *) kinds = { 0 };
    for (size_t i = 0; i < args->specs.len; i++)
        vec_push(cx->arena, &kinds, gvk_text(cx->arena, args->specs.at[i].gvk));
    return err_fail(cx, ERR_NOT_FOUND,
                    "resource with name %s does not match a config with the following GVK [%s]%s", args->name,
                    str_join(cx->arena, kinds.at, kinds.len, " "), resmap_hint(cx->arena, m, "", args->name));
}

static int run_replicas(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    struct replicas args = *(const struct replicas *)step->args;
    bool found = false;
    for (size_t i = 0; i < args.specs.len; i++) {
        for (size_t j = 0; j < m->list.len; j++) {
            struct resource *r = m->list.at[j];
            if (!r->doc || !was_called(r, args.name, args.specs.at[i].gvk))
                continue;
            found = true;
            if (fieldspec_apply(cx, &args.specs.at[i], r->doc, FIELDSPEC_SCALAR, set_count, &args) < 0)
                return err_code(cx);
        }
    }
    return found ? 0 : none_found(cx, &args, m);
}

static int plan_one(struct ctx *cx, struct transform_plan *plan, const struct doc *replica,
                    struct fieldspecs specs)
{
    struct replicas *args = ARENA_NEW(cx->arena, struct replicas);
    *args = (struct replicas){ .name = str_or(doc_text_at(replica, "name"), ""), .specs = specs };
    doc_get_int(doc_find(replica, "count"), &args->count);
    transform_add(cx, plan, run_replicas, args);
    return 0;
}

int transform_replicas_file(struct ctx *cx, struct transform_plan *plan)
{
    doc_each (entry, doc_find(plan->target->file, "replicas")) {
        transform_at(cx, plan, "replicas", entry);
        if (plan_one(cx, plan, entry, *tconfig_list(cx->arena, plan->config, TCONFIG_REPLICAS)) < 0)
            return err_wrap(cx, "%s", plan->place);
    }
    return 0;
}

int transform_replicas_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    return plan_one(cx, plan, doc_find(config, "replica"),
                    fieldspec_list(cx->arena, doc_find(config, "fieldSpecs")));
}
