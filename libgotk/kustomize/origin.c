/*
 * origin.c: see origin.h.
 */
#include "libgotk/kustomize/origin.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/kload.h"
#include "libgotk/kustomize/repospec.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)

/* What upstream shows for the root of a repository: the place holder of a clone's folder. */
#define ROOT_OF_CLONE "notCloned"

struct origin origin_append(struct arena *a, struct origin o, const char *path)
{
    struct ctx cx = { .arena = a };
    struct repospec spec;
    if (!repospec_find(&cx, path, &spec))
        return (struct origin){ kload_join(a, str_or(o.path, "."), path), o.repo, o.ref };
    return (struct origin){
        .path = spec.path[0] ? kload_join(a, ".", spec.path) : ROOT_OF_CLONE,
        .repo = repospec_url(a, &spec),
        .ref = spec.ref[0] ? spec.ref : NULL,
    };
}

static const char *yaml_text(struct arena *a, const struct doc *d)
{
    struct buf out = buf_new(a, TEXT_MAX);
    yml_print_ordered(&out, d);
    return buf_text(&out);
}

static void annotate(struct arena *a, struct resource *r, const char *key, const char *text)
{
    doc_set_text(a, resource_metadata_map(a, r, "annotations"), key, text);
}

/* Fields in upstream's order: the path of a file comes before its repository, that of what configured it behind. */
static void set_place(struct arena *a, struct doc *d, const char *field, struct origin o)
{
    bool last = strcmp(field, "path") != 0;
    if (!last)
        doc_set_text(a, d, field, o.path);
    doc_set_text(a, d, "repo", o.repo);
    doc_set_text(a, d, "ref", o.ref);
    if (last)
        doc_set_text(a, d, field, o.path);
}

void origin_mark_file(struct resmap *m, size_t from, struct origin o)
{
    struct doc *d = doc_object(m->arena);
    set_place(m->arena, d, "path", o);
    const char *text = yaml_text(m->arena, d);
    for (size_t i = from; i < m->list.len; i++)
        annotate(m->arena, m->list.at[i], ORIGIN_ANNOTATION, text);
}

static struct doc *configured(struct arena *a, struct origin file, const char *api_version, const char *kind)
{
    struct doc *d = doc_object(a);
    set_place(a, d, "configuredIn", file);
    struct doc *by = doc_ensure(a, d, "configuredBy");
    doc_set_text(a, by, "apiVersion", api_version);
    doc_set_text(a, by, "kind", kind);
    return d;
}

struct doc *origin_of_field(struct arena *a, struct origin o, const char *plugin)
{
    return configured(a, o, "builtin", plugin);
}

struct doc *origin_of_plugin(struct ctx *cx, const struct resource *plugin)
{
    struct arena *a = cx->arena;
    struct doc *from = NULL;
    const char *text = str_or(resource_annotation(plugin, ORIGIN_ANNOTATION), "");
    if (yml_parse(cx, text, strlen(text), ORIGIN_ANNOTATION, &from) < 0)
        err_clear(cx);
    const struct origin file = { doc_text_at(from, "path"), doc_text_at(from, "repo"),
                                 doc_text_at(from, "ref") };
    struct doc *d = configured(a, file, gvk_api_version(a, plugin->id.gvk), plugin->id.gvk.kind);
    struct doc *by = doc_find(d, "configuredBy");
    doc_set_text(a, by, "name", plugin->id.name[0] ? plugin->id.name : NULL);
    doc_set_text(a, by, "namespace", plugin->id.ns[0] ? plugin->id.ns : NULL);
    return d;
}

void origin_mark_generated(struct arena *a, struct resource *r, const struct doc *origin)
{
    if (resource_annotation(r, ORIGIN_ANNOTATION))
        return;
    resource_stringify(a, r->doc, "annotations");
    annotate(a, r, ORIGIN_ANNOTATION, yaml_text(a, origin));
}

void origin_mark_transformed(struct resmap *m, const struct doc *origin)
{
    struct arena *a = m->arena;
    struct doc *list = doc_array(a);
    doc_append(list, doc_copy(a, origin));
    const char *text = yaml_text(a, list);
    for (size_t i = 0; i < m->list.len; i++) {
        struct resource *r = m->list.at[i];
        const char *old = resource_annotation(r, ORIGIN_TRANSFORMERS);
        if (!r->doc)
            continue;
        if (!resource_annotation(r, ORIGIN_ANNOTATION)) {
            origin_mark_generated(a, r, origin);
            continue;
        }
        resource_stringify(a, r->doc, "annotations");
        annotate(a, r, ORIGIN_TRANSFORMERS, old ? str_fmt(a, "%s%s", old, text) : text);
    }
}

void origin_clean(struct resmap *m, bool keep_origin, bool keep_transformations)
{
    for (size_t i = 0; i < m->list.len; i++) {
        struct doc *annotations = doc_path(m->list.at[i]->doc, "metadata", "annotations");
        if (!keep_origin)
            doc_remove(annotations, ORIGIN_ANNOTATION);
        if (!keep_transformations)
            doc_remove(annotations, ORIGIN_TRANSFORMERS);
    }
}
