/*
 * build.c: see build.h: the whole build, read top to bottom. What happens here and not in ktarget.c needs the names of all
 * resources to be final.
 */
#include "libgotk/kustomize/build.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/generators.h"
#include "libgotk/kustomize/kinds.h"
#include "libgotk/kustomize/ktarget.h"
#include "libgotk/kustomize/order.h"
#include "libgotk/kustomize/read.h"
#include "libgotk/kustomize/refs.h"
#include "libgotk/kustomize/reprint.h"
#include "libgotk/kustomize/vars.h"

#include <string.h>

#define LOCAL_CONFIG "config.kubernetes.io/local-config"
#define REWRITES     3 /* of the annotations: each makes one of two maps */
#define MANAGED_BY   "app.kubernetes.io/managed-by"

/* Annotations that only mean something to kustomize itself and are never printed. */
static const char *const internal_annotations[] = {
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
};

static bool asks_for(const struct doc *file, const char *option)
{
    doc_each (entry, doc_find(file, "buildMetadata"))
        if (str_eq(doc_text(entry), option))
            return true;
    return false;
}

/* Whether a kind is cluster-scoped is asked of the build's schema where it is not known; a broken one cannot tell. */
static int check_schema(struct ctx *cx, const struct ktarget_build *build, const struct resmap *m)
{
    for (size_t i = 0; i < m->list.len; i++) {
        struct gvk g = m->list.at[i]->id.gvk;
        if (!kinds_is_known(g.group, g.version, g.kind))
            return openapi_check(cx, build->openapi);
    }
    return 0;
}

/* Objects that are only there for the build. */
static int drop_local(struct ctx *cx, struct resmap *m)
{
    for (size_t i = 0; i < m->list.len; i++) {
        if (read_check_names(cx, m->list.at[i]) < 0)
            return err_code(cx);
        const char *local = resource_annotation(m->list.at[i], LOCAL_CONFIG);
        if (local && strcmp(local, "false") != 0)
            m->list.at[i]->doc = NULL;
    }
    resmap_drop_empty(m);
    return 0;
}

static void mark_managed(struct resmap *m)
{
    for (size_t i = 0; i < m->list.len; i++)
        doc_set_text(m->arena, resource_metadata_map(m->arena, m->list.at[i], "labels"), MANAGED_BY,
                     "kustomize-v5.8.1");
}

/* Rewrites the annotations as upstream's last step does: internal ones gone, values as text, no empty map; the metadata
 * they stand in stay, though. */
static void clean_annotations(struct arena *a, struct resource *r)
{
    struct doc *meta = doc_find(r->doc, "metadata");
    struct doc *next = NULL;
    for (int i = 0; i < REWRITES && (doc_repeated(meta) || doc_repeated(doc_find(meta, "annotations"))); i++)
        resource_stringify(a, r->doc, "annotations");
    struct doc *map = doc_find(meta, "annotations");
    for (size_t i = 0; doc_kind(map) == DOC_OBJECT && i < ARRAY_LEN(internal_annotations); i++)
        doc_remove(map, internal_annotations[i]);
    for (struct doc *d = doc_first(map); d; d = next) {
        next = doc_next(d);
        doc_set_tag(d, DOC_TAG_NONE);
        resource_mark_key(d);
        if (doc_kind(d) == DOC_STRING && !doc_source(d))
            doc_set_style(d, DOC_STYLE_PLAIN);
        else
            doc_replace(a, map, d, doc_string(a, resource_written(d)));
    }
    if (map)
        doc_set_style(map, DOC_STYLE_PLAIN);
    if (map && !doc_len(map))
        doc_remove(meta, "annotations");
    if (!meta) /* lists may go without; upstream makes it on the way to the annotations */
        doc_set(a, r->doc, "metadata", doc_object(a));
}

static int check_history(struct ctx *cx, const struct resmap *m)
{
    for (size_t i = 0; i < m->list.len; i++)
        if (m->list.at[i]->lost_past)
            return err_fail(
                cx, ERR_INVALID,
                "number of previous names, number of previous namespaces, number of previous kinds not "
                "equal: '%s' was left without a name or kind, or with a comma in it, by a patch or replacement",
                resid_text(cx->arena, &m->list.at[i]->past.at[0]));
    return 0;
}

/* The kustomization file decides over the option. */
static int sort(struct ctx *cx, struct resmap *m, const struct doc *own,
                const struct kustomize_options *options)
{
    if (own && options->warn && options->reorder != KUSTOMIZE_REORDER_UNSPECIFIED)
        options->warn(
            options->user,
            "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag "
            "('--reorder'). Using the kustomization file over the CLI flag.");
    return order_apply(cx, m, own, options->reorder != KUSTOMIZE_REORDER_NONE);
}

static int finish(struct ctx *cx, const struct ktarget *t, struct ktarget_result *result)
{
    const struct kustomize_options *options = t->build->options;
    struct resmap *m = &result->map;
    if (check_history(cx, m) < 0 || check_schema(cx, t->build, m) < 0 || generators_add_hashes(cx, m) < 0)
        return err_code(cx);
    resmap_rest(m);
    if (refs_fix(cx, result->config, m) < 0 || vars_expand(cx, result) < 0)
        return err_code(cx);
    resmap_refresh(m);
    if (drop_local(cx, m) < 0)
        return err_code(cx);
    resmap_rest(m);
    if (resmap_check_unique(cx, m) < 0)
        return err_code(cx);
    if (sort(cx, m, doc_find(t->file, "sortOptions"), options) < 0)
        return err_code(cx);
    if (options->managed_by || asks_for(t->file, "managedByLabel"))
        mark_managed(m);
    origin_clean(m, asks_for(t->file, "originAnnotations"), asks_for(t->file, "transformerAnnotations"));
    for (size_t i = 0; i < m->list.len; i++) {
        clean_annotations(cx->arena, m->list.at[i]);
        if (reprint_resource(cx, m->list.at[i]) < 0)
            return err_code(cx);
    }
    return ctx_check(cx);
}

int kustomize_build(struct ctx *cx, const struct kustomize_options *options, struct doc **ret_resources)
{
    struct kload *l = NULL;
    struct ktarget t;
    struct ktarget_build build = { .options = options, .defaults = tconfig_default(cx->arena) };
    struct ktarget_result result = ktarget_result_new(cx->arena);
    if (kload_open(cx, options, &l) < 0 || ktarget_load(cx, &build, l, &t) < 0)
        return err_code(cx);
    build.track_origin = doc_len(doc_find(t.file, "buildMetadata"));
    t.origin = (struct origin){ .path = "" };
    if (ktarget_accumulate(cx, &t, &result) < 0 || finish(cx, &t, &result) < 0)
        return err_code(cx);
    struct doc *all = doc_array(cx->arena);
    for (size_t i = 0; i < result.map.list.len; i++)
        doc_append(all, result.map.list.at[i]->doc);
    *ret_resources = all;
    return 0;
}

void kustomize_print_one(struct buf *out, const struct doc *resource, bool first)
{
    if (!first)
        buf_str(out, "---\n");
    yml_print(out, resource);
}

void kustomize_print(struct buf *out, const struct doc *resources)
{
    bool first = true;
    doc_each (d, resources) {
        kustomize_print_one(out, d, first);
        first = false;
    }
}
