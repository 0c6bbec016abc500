/*
 * chartdot.c: .Chart, .Files and the dots of a chart's files; the contract is in chartdot.h.
 */
#include "helm-controller/template/chartdot.h"

#include "helm-controller/template/convert.h"
#include "helm-controller/template/objects.h"
#include "libgotk/base/map.h"

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static const char *field_of(const struct doc *d, const char *key)
{
    return str_or(doc_text(doc_find(d, key)), "");
}

static struct value list_of(struct arena *a, const struct doc *d)
{
    struct value v = convert_from_doc(a, d);
    return v.type == V_LIST ? v : v_list(V_LIST, vlist_new(a, 0));
}

static void set_text(struct vmap *m, const char *key, const char *text)
{
    vmap_set_text(m, key, v_text(text));
}

static struct value maintainers_of(struct arena *a, const struct doc *list)
{
    struct vlist *l = vlist_new(a, 0);
    doc_each (d, list) {
        struct vmap *m = vmap_new(a);
        set_text(m, "Name", field_of(d, "name"));
        set_text(m, "Email", field_of(d, "email"));
        set_text(m, "URL", field_of(d, "url"));
        vlist_push(a, l, v_map(m));
    }
    return v_list(V_LIST, l);
}

/* What has been imported is a map[string]string for each. */
static struct value imports_of(struct arena *a, const struct chart_dependency *d)
{
    struct value list = list_of(a, d->import_values);
    for (size_t i = 0; d->imported && i < list.list->len; i++)
        list.list->at[i].type = V_STRMAP;
    return list;
}

static struct value dependencies_of(struct arena *a, const struct chart *c)
{
    struct vlist *l = vlist_new(a, 0);
    for (size_t i = 0; i < c->declared->list.len; i++) {
        const struct chart_dependency *d = &c->declared->list.at[i];
        struct vmap *m = vmap_new(a);
        set_text(m, "Name", d->name);
        set_text(m, "Version", d->version);
        set_text(m, "Repository", d->repository);
        set_text(m, "Condition", d->condition);
        set_text(m, "Alias", d->alias);
        vmap_set_text(m, "Tags", list_of(a, d->tags));
        vmap_set_text(m, "ImportValues", imports_of(a, d));
        vmap_set_text(m, "Enabled", v_bool(d->enabled));
        vlist_push(a, l, v_map(m));
    }
    return v_list(V_LIST, l);
}

static struct value annotations_of(struct arena *a, const struct doc *d)
{
    struct vmap *m = d ? vmap_new(a) : NULL;
    doc_each (note, d)
        set_text(m, doc_key(note), str_or(doc_text(note), str_or(doc_literal(note), "")));
    return (struct value){ .type = V_STRMAP, .map = m };
}

struct value chartdot_chart(struct arena *a, const struct chart *c)
{
    static const char *const texts[][2] = {
        { "apiVersion", "APIVersion" },
        { "appVersion", "AppVersion" },
        { "condition", "Condition" },
        { "description", "Description" },
        { "home", "Home" },
        { "icon", "Icon" },
        { "kubeVersion", "KubeVersion" },
        { "tags", "Tags" },
        { "type", "Type" },
        { "version", "Version" },
    };
    struct vmap *m = vmap_new(a);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        set_text(m, texts[i][1], chart_field(c, texts[i][0]));
    set_text(m, "Name", c->name);
    vmap_set_text(m, "Keywords", list_of(a, doc_find(c->metadata, "keywords")));
    vmap_set_text(m, "Sources", list_of(a, doc_find(c->metadata, "sources")));
    vmap_set_text(m, "Maintainers", maintainers_of(a, doc_find(c->metadata, "maintainers")));
    vmap_set_text(m, "Dependencies", dependencies_of(a, c));
    vmap_set_text(m, "Annotations", annotations_of(a, doc_find(c->metadata, "annotations")));
    vmap_set_text(m, "Deprecated", v_bool(doc_is_true(doc_find(c->metadata, "deprecated"), false)));
    vmap_set_text(m, "IsRoot", v_bool(!c->parent));
    return v_map(m);
}

static bool is_library_file(const struct chart *c, const char *name)
{
    const char *slash = strrchr(name, '/');
    return strcmp(chart_field(c, "type"), "library") != 0 || (slash ? slash[1] : name[0]) == '_';
}

static struct value files_of(struct arena *a, const struct chart *c)
{
    struct vmap *m = vmap_new(a);
    for (size_t i = 0; i < c->files.len; i++) {
        struct value data = { .type = V_BYTES,
                              .s = c->files.at[i].data.p,
                              .len = (uint32_t)c->files.at[i].data.n };
        vmap_set(m, view(c->files.at[i].name), data);
    }
    return files_value(a, m);
}

/* The files so far, and where each name is among them: of two subcharts of one name, the later one's files count. */
struct collection {
    struct engine_files *files;
    struct map places; /* by name: the index, from 1 */
};

static void add_file(struct arena *a, struct collection *all, struct engine_file file)
{
    uintptr_t place = (uintptr_t)map_find(&all->places, file.name);
    if (place) {
        all->files->at[place - 1] = file;
        return;
    }
    vec_push(a, all->files, file);
    map_set(&all->places, file.name, (void *)(uintptr_t)all->files->len);
}

static void add_templates(struct arena *a, const struct chart *c, struct vmap *dot, struct collection *all)
{
    const char *path = chart_path(a, c), *base = str_fmt(a, "%s/templates", path);
    for (size_t i = 0; i < c->templates.len; i++) {
        const struct chart_file *file = &c->templates.at[i];
        const char *name = str_fmt(a, "%s/%s", path, file->name);
        if (is_library_file(c, file->name))
            add_file(a, all, (struct engine_file){ name, file->data, base, dot, file->mapped });
    }
}

/* A chart's part of the values above it: all of them for the one at the top. */
static struct value values_of(struct arena *a, const struct chart *c, const struct vmap *above)
{
    struct value v, values = { .type = V_VALUES, .map = NULL };
    if (vmap_get(above, view("Values"), &v) && value_is_dict(v) &&
        (!c->parent || (vmap_get(v.map, view(c->name), &v) && value_is_dict(v))))
        values.map = v.map;
    if (!values.map)
        values.map = vmap_new(a);
    return values;
}

static struct value of(const struct vmap *m, const char *key)
{
    struct value v;
    return vmap_get(m, view(key), &v) ? v : v_nil();
}

/* The dot of a chart, in which its subcharts' are under .Subcharts. */
static struct vmap *add_chart(struct arena *a, const struct chart *c, const struct vmap *above,
                              struct collection *all)
{
    struct vmap *dot = vmap_new(a), *subs = vmap_new(a);
    vmap_set_text(dot, "Chart", chartdot_chart(a, c));
    vmap_set_text(dot, "Files", files_of(a, c));
    vmap_set_text(dot, "Release", of(above, "Release"));
    vmap_set_text(dot, "Capabilities", of(above, "Capabilities"));
    vmap_set_text(dot, "Values", values_of(a, c, above));
    vmap_set_text(dot, "Subcharts", v_map(subs));
    for (size_t i = 0; i < c->charts.len; i++)
        vmap_set(subs, view(c->charts.at[i]->name), v_map(add_chart(a, c->charts.at[i], dot, all)));
    add_templates(a, c, dot, all);
    return dot;
}

void chartdot_files(struct ctx *cx, const struct chart *c, const struct vmap *top, struct engine_files *ret)
{
    struct collection all = { ret, map_new(cx->arena) };
    *ret = (struct engine_files){ 0 };
    (void)add_chart(cx->arena, c, top, &all);
}
