/*
 * transform_valueadd.c: ValueAddTransformer: one value into a field of many objects, or into a place of the file path that
 * the field holds. Only asked for by a document, never by a field of the kustomization file.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/fieldpath.h"
#include "libgotk/kustomize/kfile.h"
#include "libgotk/kustomize/selector.h"
#include "libgotk/kustomize/transform.h"

#include <string.h>

struct add_target {
    struct selector *select; /* NULL: everything */
    struct fieldspec field;
    int64_t position;
};

struct add_args {
    const char *value;
    VEC(struct add_target) targets;
};

struct adder {
    const char *value;
    int64_t position;
    bool is_namespace;
};

/* Inserts the value as the `position`-th part (from 0) of a file path, or behind it. */
static const char *insert_part(struct arena *a, const char *path, int64_t position, const char *value)
{
    struct names parts = { 0 };
    size_t count = 0;
    char **raw = str_split(a, path, '/', &count);
    for (size_t i = 0; i < count; i++) {
        if ((int64_t)parts.len == position)
            break;
        if (raw[i][0])
            vec_push(a, &parts, raw[i]);
    }
    size_t taken = parts.len;
    size_t skipped = 0;
    vec_push(a, &parts, value);
    for (size_t i = 0; i < count; i++)
        if (raw[i][0] && skipped++ >= taken)
            vec_push(a, &parts, raw[i]);
    return str_fmt(a, "%s%s", path[0] == '/' ? "/" : "", str_join(a, parts.at, parts.len, "/"));
}

static int set_value(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct adder *adder = user;
    const char *old = str_or(resource_scalar(node), "");
    const char *value =
        adder->position > 0 ? insert_part(cx->arena, old, adder->position - 1, adder->value) : adder->value;
    bool as_written = !adder->is_namespace && !doc_quoted(node); /* means what it would in a file */
    return transform_set_scalar(cx, parent, node,
                                as_written ? yml_plain(cx->arena, value) : doc_string(cx->arena, value));
}

static int add_to(struct ctx *cx, const struct add_target *target, struct adder *adder, struct resource *r)
{
    struct fieldpath_hit hit = { .node = NULL };
    if (adder->is_namespace)
        return r->id.cluster
                   ? 0
                   : fieldspec_apply(cx, &target->field, r->doc, FIELDSPEC_SCALAR, set_value, adder);
    if (fieldpath_reach(cx, r->doc, fieldspec_parts(cx->arena, &target->field), &hit) < 0)
        return err_code(cx);
    if (hit.node)
        return set_value(cx, adder, hit.parent, hit.node);
    if (adder->position)
        return err_fail(cx, ERR_NOT_FOUND, "there is no %s, and so no file path, in %s", target->field.path,
                        resid_text(cx->arena, &r->id));
    return 0;
}

static int run_add(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    const struct add_args *args = step->args;
    for (size_t i = 0; i < args->targets.len; i++) {
        const struct add_target *target = &args->targets.at[i];
        bool is_namespace = !strcmp(target->field.path, "metadata/namespace");
        struct adder adder = { .value = args->value,
                               .position = is_namespace ? 0 : target->position,
                               .is_namespace = is_namespace };
        struct resources selected = target->select ? selector_select(cx->arena, target->select, m) : m->list;
        for (size_t j = 0; j < selected.len; j++)
            if (add_to(cx, target, &adder, selected.at[j]) < 0)
                return err_code(cx);
    }
    resmap_refresh(m);
    return 0;
}

static int plan_target(struct ctx *cx, const struct doc *d, struct add_args *args)
{
    struct add_target target = { .field = { .path = str_or(doc_text_at(d, "fieldPath"), ""),
                                            .create = true } };
    doc_get_int(doc_find(d, "filePathPosition"), &target.position);
    if (!target.field.path[0])
        return err_fail(cx, ERR_INVALID, "fieldPath cannot be empty");
    if (target.position < 0)
        return err_fail(cx, ERR_INVALID, "value of FilePathPosition (%lld) cannot be negative",
                        (long long)target.position);
    if (doc_find(d, "selector") && selector_new(cx, doc_find(d, "selector"), &target.select) < 0)
        return err_code(cx);
    target.field = fieldspec_normal(target.field);
    vec_push(cx->arena, &args->targets, target);
    return 0;
}

static int plan_list(struct ctx *cx, const struct doc *targets, struct add_args *args)
{
    doc_each (target, targets)
        if (plan_target(cx, target, args) < 0)
            return err_code(cx);
    return 0;
}

static int plan_file(struct ctx *cx, const struct kload *l, const char *path, struct add_args *args)
{
    struct buf text;
    struct doc *d = NULL;
    const char *name = kload_show(cx->arena, l, path);
    if (kload_read(cx, l, path, &text) < 0 ||
        yml_parse_as(cx, buf_text(&text), text.len, name, YML_11 | YML_LAST_WINS | YML_FIRST, &d) < 0)
        return err_code(cx);
    if (doc_kind(d) != DOC_NULL &&
        kschema_check(cx, d, kfile_value_targets, KSCHEMA_LENIENT, "ValueAddTransformer", name) < 0)
        return err_code(cx);
    return plan_list(cx, doc_find(d, "targets"), args);
}

/* Without a value, the folder's own name is added. */
static const char *default_value(const struct kload *l)
{
    const char *dir = strcmp(l->dir, ".") ? l->dir : l->root;
    const char *slash = strrchr(dir, '/');
    return slash ? slash + 1 : dir;
}

int transform_valueadd_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    struct add_args *args = ARENA_NEW(cx->arena, struct add_args);
    const char *path = str_or(doc_text_at(config, "targetFilePath"), "");
    args->value = str_trim(cx->arena, str_or(doc_text_at(config, "value"), ""));
    if (!args->value[0])
        args->value = default_value(plan->target->load);
    if (plan_list(cx, doc_find(config, "targets"), args) < 0 ||
        (path[0] && plan_file(cx, plan->target->load, path, args) < 0))
        return err_code(cx);
    if (!args->targets.len)
        return err_fail(cx, ERR_INVALID, "must specify at least one target");
    transform_add(cx, plan, run_add, args);
    return 0;
}
