/*
 * plugins.c: see plugins.h.
 */
#include "libgotk/kustomize/plugins.h"

#include "libgotk/base/str.h"
#include "libgotk/kustomize/generators.h"
#include "libgotk/kustomize/iampolicy.h"
#include "libgotk/kustomize/kfile.h"

#include <string.h>

/* A generator: the kustomization field that asks for it (NULL: none), and what it makes. */
static const struct generator {
    const char *plugin;
    const char *field;
    const char *makes; /* kind of a generated object, or NULL: it has a function of its own */
    int (*make)(struct ctx *cx, const struct doc *config, struct resource **ret);
} generators[] = {
    { "ConfigMapGenerator", "configMapGenerator", "ConfigMap", NULL },
    { "SecretGenerator", "secretGenerator", "Secret", NULL },
    { "IAMPolicyGenerator", NULL, NULL, iampolicy_make },
};

static int refuse_helm(struct ctx *cx, const struct doc *chart)
{
    return err_fail(
        cx, ERR_UNSUPPORTED,
        "trouble configuring builtin HelmChartInflationGenerator (line %d): must specify --enable-helm: "
        "charts are not inflated inside a kustomization; use a HelmRelease",
        doc_line(chart));
}

static int add_generated(struct ctx *cx, struct ktarget_result *result, struct resource *r,
                         const struct doc *origin)
{
    if (origin)
        origin_mark_generated(cx->arena, r, origin);
    if (generators_absorb(cx, &result->map, r) < 0)
        return err_wrap(cx, "merging from generator");
    return 0;
}

static int generate_field(struct ctx *cx, struct ktarget *t, const struct generator *g,
                          struct ktarget_result *result)
{
    const struct doc *global = doc_find(t->file, "generatorOptions");
    struct origin file = origin_append(cx->arena, t->origin, t->file_name);
    const struct doc *origin = t->build->track_origin ? origin_of_field(cx->arena, file, g->plugin) : NULL;
    doc_each (args, doc_find(t->file, g->field)) {
        struct resource *r = NULL;
        if (generators_make(cx, t->load, g->makes, args, global, &r) < 0 ||
            add_generated(cx, result, r, origin) < 0)
            return err_wrap(cx, "%s '%s' (%s:%d)", g->field, str_or(doc_text_at(args, "name"), ""),
                            kload_show(cx->arena, t->load, t->file_name), doc_line(args));
    }
    return 0;
}

static bool is_builtin(const struct resource *plugin)
{
    return !plugin->id.gvk.group[0] && !strcmp(plugin->id.gvk.version, "builtin");
}

static int check_builtin(struct ctx *cx, const struct resource *plugin)
{
    if (is_builtin(plugin))
        return 0;
    return err_fail(cx, ERR_UNSUPPORTED, "external plugins disabled; unable to load external plugin '%s'",
                    plugin->id.gvk.kind);
}

static const struct generator *generator_find(const struct resource *plugin)
{
    for (size_t i = 0; i < ARRAY_LEN(generators); i++)
        if (!strcmp(generators[i].plugin, plugin->id.gvk.kind))
            return &generators[i];
    return NULL;
}

/* Reads the document of a plugin, which happens before anything is generated. */
static int configure_plugin(struct ctx *cx, const struct resource *plugin, struct doc **ret_args)
{
    const struct generator *g = generator_find(plugin);
    if (check_builtin(cx, plugin) < 0)
        return err_wrap(cx, "loading generator plugins: failed to load generator");
    if (!g && !strcmp(plugin->id.gvk.kind, "HelmChartInflationGenerator"))
        return refuse_helm(cx, plugin->doc);
    if (!g)
        return err_fail(cx, ERR_UNSUPPORTED,
                        "loading generator plugins: failed to load generator: unable to load builtin %s "
                        "(%s:%d: the generators are ConfigMapGenerator, SecretGenerator, IAMPolicyGenerator)",
                        gvk_text(cx->arena, plugin->id.gvk), str_or(plugin->file, "inline"),
                        doc_line(plugin->doc));
    if (transform_config(cx, plugin, kfile_generator_config, KSCHEMA_LENIENT, ret_args) < 0)
        return err_wrap(cx, "loading generator plugins: plugin %s fails configuration",
                        resid_text(cx->arena, &plugin->id));
    return 0;
}

static int generate_plugin(struct ctx *cx, struct ktarget *t, const struct resource *plugin, struct doc *args,
                           struct ktarget_result *result)
{
    const struct generator *g = generator_find(plugin);
    struct resource *r = NULL;
    if (str_empty(doc_text_at(args, "name")))
        doc_set_text(cx->arena, args, "name", plugin->id.name);
    if (str_empty(doc_text_at(args, "namespace")))
        doc_set_text(cx->arena, args, "namespace", plugin->id.ns);
    doc_remove(args, "env"); /* of the kustomization's field alone, upstream makes envs */
    int rc = g->make ? g->make(cx, args, &r) : generators_make(cx, t->load, g->makes, args, NULL, &r);
    if (rc < 0)
        return err_wrap(cx, "plugin %s", resid_text(cx->arena, &plugin->id));
    return add_generated(cx, result, r, t->build->track_origin ? origin_of_plugin(cx, plugin) : NULL);
}

int plugins_generate(struct ctx *cx, struct ktarget *t, struct ktarget_result *result)
{
    static const char *const charts[] = { "helmCharts", "helmChartInflationGenerator" };
    struct ktarget_result configs = ktarget_result_new(cx->arena);
    for (size_t i = 0; i < ARRAY_LEN(charts); i++)
        if (doc_len(doc_find(t->file, charts[i])))
            return refuse_helm(cx, doc_first(doc_find(t->file, charts[i])));
    if (ktarget_accumulate_paths(cx, t, doc_find(t->file, "generators"), true, &configs) < 0)
        return err_wrap(cx, "loading generator plugins");
    struct doc **args = ARENA_ARRAY(cx->arena, struct doc *, configs.map.list.len + 1);
    for (size_t i = 0; i < configs.map.list.len; i++)
        if (configure_plugin(cx, configs.map.list.at[i], &args[i]) < 0)
            return err_code(cx);
    for (size_t i = 0; i < ARRAY_LEN(generators); i++)
        if (generators[i].field && generate_field(cx, t, &generators[i], result) < 0)
            return err_code(cx);
    for (size_t i = 0; i < configs.map.list.len; i++)
        if (generate_plugin(cx, t, configs.map.list.at[i], args[i], result) < 0)
            return err_code(cx);
    return 0;
}

int plugins_plan(struct ctx *cx, struct ktarget *t, const struct doc *entries, struct transform_plan *plan)
{
    struct ktarget_result configs = ktarget_result_new(cx->arena);
    if (ktarget_accumulate_paths(cx, t, entries, true, &configs) < 0)
        return err_code(cx);
    for (size_t i = 0; i < configs.map.list.len; i++) {
        const struct resource *plugin = configs.map.list.at[i];
        if (check_builtin(cx, plugin) < 0 || transform_plan_config(cx, plan, plugin) < 0)
            return err_code(cx);
    }
    return 0;
}

/* A copy of the map that a validator may be compared with; notes are made first, for it may look for them. */
static struct resmap copy_map(struct arena *a, const struct resmap *m)
{
    struct resmap copy = resmap_new(a);
    for (size_t i = 0; i < m->list.len; i++) {
        if (m->list.at[i]->doc)
            resource_make_notes(a, m->list.at[i]);
        vec_push(a, &copy.list, resource_copy(a, m->list.at[i]));
    }
    return copy;
}

static bool is_unchanged(struct arena *a, const struct doc *before, const struct doc *after)
{
    struct doc *copy = doc_copy(a, after);
    struct doc *labels = doc_path(copy, "metadata", "labels");
    if (doc_remove(labels, "validated-by")) {
        if (!doc_len(labels))
            doc_remove(doc_find(copy, "metadata"), "labels");
        else
            return false; /* upstream compares how things were written too, and it had to write these anew */
    }
    return doc_equal(before, copy);
}

static int check_unchanged(struct ctx *cx, const struct resmap *before, const struct resmap *after)
{
    if (before->list.len != after->list.len)
        return err_fail(
            cx, ERR_INVALID,
            "validator shouldn't modify the resource map: lists have different number of entries");
    for (size_t i = 0; i < before->list.len; i++) {
        if (!is_unchanged(cx->arena, before->list.at[i]->doc, after->list.at[i]->doc))
            return err_fail(cx, ERR_INVALID, "validator shouldn't modify the resource map: nodes unequal: %s",
                            resid_text(cx->arena, &after->list.at[i]->id));
    }
    return 0;
}

int plugins_validate(struct ctx *cx, struct ktarget *t, struct ktarget_result *result)
{
    struct transform_plan plan = { .target = t, .config = result->config };
    const struct doc *entries = doc_find(t->file, "validators");
    if (!doc_len(entries))
        return 0;
    if (plugins_plan(cx, t, entries, &plan) < 0)
        return err_code(cx);
    struct resmap before = copy_map(cx->arena, &result->map);
    if (transform_run(cx, &plan, &result->map) < 0)
        return err_code(cx);
    return check_unchanged(cx, &before, &result->map);
}
