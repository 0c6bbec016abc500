/*
 * dependencies.c: which subcharts are in, and what is imported from them; the contract is in chartvalues.h.
 */
#include "helm-controller/template/chartvalues.h"
#include "helm-controller/template/convert.h"
#include "helm-controller/template/gofmt.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/semver.h"

#define TEXT_MAX ((size_t)1 << 20)

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

/* -- declarations -------------------------------------------------------------------------------------------------- */

static bool is_compatible(struct ctx *cx, const char *range, const char *version)
{
    struct semver_range *r;
    struct semver v;
    bool in = semver_range_parse(cx, range, &r) >= 0 && semver_parse(cx, version, &v) >= 0 &&
              semver_in_range(r, &v);
    err_clear(cx);
    return in;
}

static bool satisfies(struct ctx *cx, const struct chart *c, const struct chart_dependency *d)
{
    return strcmp(c->name, d->name) == 0 && is_compatible(cx, d->version, chart_field(c, "version"));
}

/* A chart of its own, with its own list of subcharts. */
static struct chart *copy_chart(struct arena *a, const struct chart *from, const struct chart *parent)
{
    struct chart *copy = ARENA_NEW(a, struct chart);
    *copy = *from;
    copy->parent = parent;
    copy->charts = (struct charts){ 0 };
    copy->declared = ARENA_NEW(a, struct chart_declared);
    copy->declared->present = from->declared->present;
    for (size_t i = 0; i < from->declared->list.len; i++)
        vec_push(a, &copy->declared->list, from->declared->list.at[i]);
    for (size_t i = 0; i < from->charts.len; i++) {
        struct chart *sub = ARENA_NEW(a, struct chart);
        *sub = *from->charts.at[i];
        sub->parent = copy;
        vec_push(a, &copy->charts, sub);
    }
    return copy;
}

/* A copy of the chart that a declaration means, under its alias; NULL when there is none. */
static struct chart *chosen(struct ctx *cx, const struct chart *parent, const struct chart_dependency *d)
{
    for (size_t i = 0; i < parent->charts.len; i++) {
        if (!satisfies(cx, parent->charts.at[i], d))
            continue;
        struct chart *copy = copy_chart(cx->arena, parent->charts.at[i], parent);
        copy->name = str_or(d->alias, copy->name);
        return copy;
    }
    return NULL;
}

static bool is_declared(struct ctx *cx, const struct chart *parent, const struct chart *c)
{
    for (size_t i = 0; i < parent->declared->list.len; i++)
        if (satisfies(cx, c, &parent->declared->list.at[i]))
            return true;
    return false;
}

/* Undeclared subcharts first, then one for each declaration, which takes its alias's name. */
static void resolve(struct ctx *cx, struct chart *c)
{
    struct charts kept = { 0 };
    for (size_t i = 0; i < c->charts.len; i++)
        if (!is_declared(cx, c, c->charts.at[i]))
            vec_push(cx->arena, &kept, c->charts.at[i]);
    for (size_t i = 0; i < c->declared->list.len; i++) {
        struct chart_dependency *d = &c->declared->list.at[i];
        struct chart *sub = chosen(cx, c, d);
        if (sub)
            vec_push(cx->arena, &kept, sub);
        d->name = str_or(d->alias, d->name);
        d->enabled = true;
    }
    c->charts = kept;
}

/* -- tags and conditions ------------------------------------------------------------------------------------------- */

/* The table behind a dotted path; else NULL, and *ret_missing is the part that is none. */
static struct vmap *find_table(struct arena *a, struct vmap *m, const char *path, const char **ret_missing)
{
    size_t n;
    char **parts = str_split(a, path, '.', &n);
    for (size_t i = 0; i < n; i++) {
        struct value v;
        if (!vmap_get(m, view(parts[i]), &v) || v.type != V_MAP) {
            *ret_missing = parts[i];
            return NULL;
        }
        m = v.map;
    }
    return m;
}

/* What is behind a dotted path, unless it is a table. */
static bool find_value(struct arena *a, struct vmap *m, const char *path, struct value *ret)
{
    const char *missing, *dot = strrchr(path, '.');
    if (dot)
        m = find_table(a, m, str_ndup(a, path, (size_t)(dot - path)), &missing);
    return m && vmap_get(m, view(dot ? dot + 1 : path), ret) && ret->type != V_MAP;
}

static void apply_tags(struct ctx *cx, struct chart_dependency *d, const struct vmap *tags,
                       struct notes *notes)
{
    bool has_true = false, has_false = false;
    doc_each (tag, d->tags) {
        struct value v;
        if (!vmap_get(tags, view(str_or(doc_text(tag), "")), &v))
            continue;
        if (v.type != V_BOOL)
            notes_add(cx, notes, NOTES_WARN, "returned non-bool value", "tag", doc_text(tag), "chart",
                      d->name, NULL);
        has_true = has_true || (v.type == V_BOOL && v.b);
        has_false = has_false || (v.type == V_BOOL && !v.b);
    }
    d->enabled = has_true || !has_false;
}

/* The first path of the list that leads to a bool decides. */
static void apply_conditions(struct ctx *cx, struct chart_dependency *d, struct vmap *values,
                             const char *prefix, struct notes *notes)
{
    size_t n = 0;
    char **paths = str_split(cx->arena, str_trim(cx->arena, d->condition), ',', &n);
    for (size_t i = 0; i < n; i++) {
        struct value v;
        if (!*paths[i] || !find_value(cx->arena, values, str_fmt(cx->arena, "%s%s", prefix, paths[i]), &v))
            continue;
        if (v.type == V_BOOL) {
            d->enabled = v.b;
            return;
        }
        notes_add(cx, notes, NOTES_WARN, "returned non-bool value", "path", paths[i], "chart", d->name, NULL);
    }
}

static bool is_disabled(const struct chart *c, const char *name)
{
    for (size_t i = 0; i < c->declared->list.len; i++)
        if (!c->declared->list.at[i].enabled && strcmp(c->declared->list.at[i].name, name) == 0)
            return true;
    return false;
}

static void drop_disabled(struct arena *a, struct chart *c)
{
    struct charts kept = { 0 };
    struct chart_dependencies left = { 0 };
    for (size_t i = 0; i < c->charts.len; i++)
        if (!is_disabled(c, c->charts.at[i]->name))
            vec_push(a, &kept, c->charts.at[i]);
    for (size_t i = 0; i < c->declared->list.len; i++)
        if (!is_disabled(c, c->declared->list.at[i].name))
            vec_push(a, &left, c->declared->list.at[i]);
    c->charts = kept;
    c->declared->list = left;
    c->declared->present = left.len > 0;
}

/* Values are computed in `s`, the context that ends with this chapter; what stays is in `cx`. */
static int enable(struct ctx *cx, struct ctx *s, struct chart *c, const struct vmap *user, const char *prefix,
                  struct notes *notes)
{
    struct vmap *values;
    const char *missing;
    if (!c->declared->present)
        return 0;
    resolve(cx, c);
    if (chartvalues_coalesce(s, c, user, notes, &values) < 0)
        return err_code(s);
    const struct vmap *tags = find_table(cx->arena, values, "tags", &missing);
    for (size_t i = 0; tags && i < c->declared->list.len; i++)
        apply_tags(cx, &c->declared->list.at[i], tags, notes);
    for (size_t i = 0; i < c->declared->list.len; i++)
        apply_conditions(cx, &c->declared->list.at[i], values, prefix, notes);
    drop_disabled(cx->arena, c);
    for (size_t i = 0; i < c->charts.len; i++) {
        struct chart *sub = c->charts.at[i];
        int rc = enable(cx, s, sub, values, str_fmt(cx->arena, "%s%s.", prefix, sub->name), notes);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* -- imports ------------------------------------------------------------------------------------------------------- */

/* One import of values. */
struct importing {
    struct ctx *cx;
    struct ctx *s; /* as in `enable` */
    struct notes *notes;
    struct chart_dependency *dependency;
    struct vmap *values; /* of the chart and its subcharts */
    struct vmap *into;
    struct doc *done; /* what import-values becomes */
};

/* {a: {b: data}} for "a.b"; data itself for ".". */
static struct vmap *nest(struct arena *a, const char *path, struct vmap *data)
{
    size_t n = 0;
    if (strcmp(path, ".") == 0)
        return data;
    char **parts = str_split(a, path, '.', &n);
    while (n > 0) {
        struct vmap *outer = vmap_new(a);
        vmap_set(outer, view(parts[--n]), v_map(data));
        data = outer;
    }
    return data;
}

/* A member as %v prints it, "<nil>" when it is not there. */
static const char *printed(struct arena *a, const struct doc *entry, const char *key)
{
    struct buf text = buf_new(a, TEXT_MAX);
    gofmt_value(&text, value_any(convert_from_doc(a, doc_find(entry, key))));
    return buf_text(&text);
}

static void missing_table(const struct importing *m, const char *part, bool by_path)
{
    const char *error =
        str_fmt(m->cx->arena, "%s is not a table", quote_go(m->cx->arena, part, strlen(part)));
    if (by_path)
        notes_add(m->cx, m->notes, NOTES_WARN, "ImportValues missing table from chart", "chart",
                  m->dependency->name, "error", error, NULL);
    else
        notes_add(m->cx, m->notes, NOTES_WARN, "ImportValues missing table", "error", error, NULL);
}

/* One entry of import-values (an empty table is not shared, others are): a name among the child's exports, or a path there and one here. */
static int import(const struct importing *m, const struct doc *entry)
{
    struct arena *a = m->cx->arena;
    bool by_path = doc_kind(entry) == DOC_OBJECT;
    const char *child, *parent, *part;
    if (!by_path && !doc_text(entry))
        return 0;
    child = by_path ? printed(a, entry, "child") : str_fmt(a, "exports.%s", doc_text(entry));
    parent = by_path ? printed(a, entry, "parent") : ".";
    struct doc *done = doc_object(a);
    doc_set_text(a, done, "child", child);
    doc_set_text(a, done, "parent", parent);
    doc_append(m->done, done);
    struct vmap *table = find_table(a, m->values, str_fmt(a, "%s.%s", m->dependency->name, child), &part);
    if (table)
        return chartvalues_merge_tables(m->s, m->into, nest(a, parent, table->len ? table : vmap_new(a)),
                                        m->notes);
    missing_table(m, part, by_path);
    return 0;
}

/* Helm keeps in the list what it has done; what is done is nothing to do the second time, and is not kept. */
static int import_from(struct importing *m, struct chart_dependency *d)
{
    m->dependency = d;
    m->done = doc_array(m->cx->arena);
    if (!d->imported)
        doc_each (entry, d->import_values)
            if (import(m, entry) < 0)
                return err_code(m->s);
    d->import_values = doc_first(m->done) ? m->done : NULL;
    d->imported = true;
    return 0;
}

static int import_values(struct ctx *cx, struct ctx *s, struct chart *c, struct notes *notes)
{
    struct vmap *values;
    struct doc *written;
    for (size_t i = 0; i < c->charts.len; i++)
        if (import_values(cx, s, c->charts.at[i], notes) < 0)
            return err_code(s);
    if (!c->declared->present)
        return 0;
    if (chartvalues_merge(s, c, NULL, notes, &values) < 0)
        return err_code(s);
    struct importing m = { .cx = cx, .s = s, .notes = notes, .values = values, .into = vmap_new(s->arena) };
    for (size_t i = 0; i < c->declared->list.len; i++)
        if (import_from(&m, &c->declared->list.at[i]) < 0)
            return err_code(s);
    struct vmap *all;
    if (chartvalues_copy(s, values, &all) < 0 || chartvalues_merge_tables(s, all, m.into, notes) < 0 ||
        convert_to_doc(s, v_map(all), false, &written) < 0)
        return err_code(s);
    c->values = doc_copy(cx->arena, written);
    c->has_values = true;
    return 0;
}

static void free_later(void *a)
{
    arena_free(a);
}

int chartvalues_dependencies(struct ctx *cx, struct chart *c, struct vmap *user, struct notes *notes)
{
    struct ctx s = *cx;
    size_t said = notes ? notes->len : 0;
    s.arena = arena_new(arena_max(cx->arena));
    int rc = enable(cx, &s, c, user, "", notes);
    if (rc >= 0)
        rc = import_values(cx, &s, c, notes);
    if (rc < 0)
        cx->err = s.err;
    if (rc >= 0 && (!notes || notes->len == said))
        arena_free(s.arena);
    else
        arena_defer(cx->arena, free_later, s.arena); /* what was said lies there */
    return rc;
}
