/*
 * chartvalues.c: dependencies and values; the contract is in chartvalues.h.
 *
 * Helm's warnings are not printed yet. The rules, oddities included, are Helm's: a subchart's nulls are kept until its own
 * turn, imported values never see the user's, a chart's defaults hold those of its subcharts after an import.
 */
#include "helm-controller/template/chartvalues.h"

#include "helm-controller/template/convert.h"
#include "helm-controller/template/fn.h"
#include "libgotk/base/semver.h"

#define GLOBAL "global"

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static bool is_table(struct value v)
{
    return v.type == V_MAP;
}

static bool is_null(struct value v)
{
    return v.type == V_NIL;
}

/* A copy of a table that shares nothing with it. */
static struct vmap *copy_table(struct arena *a, const struct vmap *from)
{
    struct vmap *copy = vmap_new(a);
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(from, &cursor));) {
        struct value v = e->value;
        if (is_table(v))
            v.map = copy_table(a, v.map);
        vmap_set(copy, e->key, v);
    }
    return copy;
}

static void remove_nulls(struct vmap *m)
{
    size_t cursor = 0, used = m->used;
    while (cursor < used) {
        const struct vmap_entry *e = vmap_next(m, &cursor);
        if (!e)
            break;
        if (is_null(e->value))
            vmap_remove(m, e->key);
        else if (is_table(e->value))
            remove_nulls(e->value.map);
    }
}

/* src under dst, table by table. Where `merge` is off, a null in dst deletes the key if src has something there. */
static void under(struct arena *a, struct vmap *dst, const struct vmap *src, bool merge)
{
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(src, &cursor));) {
        struct value old;
        if (!vmap_get(dst, e->key, &old))
            vmap_set(dst, e->key, e->value);
        else if (is_null(old) && !merge && !is_null(e->value))
            vmap_remove(dst, e->key);
        else if (is_table(old) && is_table(e->value))
            under(a, old.map, e->value.map, merge);
    }
}

static bool is_child(const struct chart *c, struct strv name)
{
    for (size_t i = 0; i < c->charts.len; i++)
        if (strlen(c->charts.at[i]->name) == name.n && memcmp(c->charts.at[i]->name, name.p, name.n) == 0)
            return true;
    return false;
}

/* The chart's own defaults under what is there. */
static void add_defaults(struct arena *a, const struct chart *c, struct vmap *dest, bool merge)
{
    const struct vmap *defaults = convert_from_doc(a, c->values).map;
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(defaults, &cursor));) {
        struct value old;
        bool child_merge = merge || is_child(c, e->key);
        if (!vmap_get(dest, e->key, &old)) {
            if (is_null(e->value) && !merge)
                continue;
            if (is_table(e->value) && !merge)
                remove_nulls(e->value.map);
            vmap_set(dest, e->key, e->value);
        } else if (is_null(old) && !merge) {
            vmap_remove(dest, e->key);
        } else if (is_table(old) && is_table(e->value)) {
            if (!child_merge)
                remove_nulls(e->value.map);
            under(a, old.map, e->value.map, child_merge);
        }
    }
}

/* The table under "global", an empty one when there is none; NULL for something else. */
static struct vmap *globals_of(struct arena *a, const struct vmap *m)
{
    struct value v;
    if (!vmap_get(m, view(GLOBAL), &v))
        return vmap_new(a);
    return is_table(v) ? v.map : NULL;
}

/* A parent's globals win over a child's, key by key. */
static void pass_globals(struct arena *a, struct vmap *child, const struct vmap *parent)
{
    struct vmap *to = globals_of(a, child);
    const struct vmap *from = globals_of(a, parent);
    size_t cursor = 0;
    if (!to || !from)
        return;
    for (const struct vmap_entry *e; (e = vmap_next(from, &cursor));) {
        struct value old;
        bool has = vmap_get(to, e->key, &old);
        if (is_table(e->value)) {
            struct vmap *copy = vmap_copy(a, e->value.map);
            if (has && !is_table(old))
                continue;
            if (has)
                under(a, copy, old.map, true);
            vmap_set(to, e->key, v_map(copy));
        } else if (!has || !is_table(old)) {
            vmap_set(to, e->key, e->value);
        }
    }
    vmap_set(child, view(GLOBAL), v_map(to));
}

/* As Go's %t prints what is no bool. */
static int mismatch(struct ctx *cx, const char *name, struct value v)
{
    struct exec x = { .cx = cx };
    struct strv text = fn_text(&x, value_any(v));
    if (v.type == V_BOOL)
        return err_fail(cx, ERR_INVALID, "type mismatch on %s: %.*s", name, (int)text.n, text.p);
    if (is_null(v))
        return err_fail(cx, ERR_INVALID, "type mismatch on %s: %%!t(<nil>)", name);
    return err_fail(cx, ERR_INVALID, "type mismatch on %s: %%!t(%s=%.*s)", name, value_type_name(v),
                    (int)text.n, text.p);
}

static int coalesce(struct ctx *cx, const struct chart *c, struct vmap *dest, bool merge)
{
    add_defaults(cx->arena, c, dest, merge);
    for (size_t i = 0; i < c->charts.len; i++) {
        const struct chart *sub = c->charts.at[i];
        struct value v;
        if (!vmap_get(dest, view(sub->name), &v)) {
            v = v_map(vmap_new(cx->arena));
            vmap_set(dest, view(sub->name), v);
        }
        if (!is_table(v))
            return mismatch(cx, sub->name, v);
        pass_globals(cx->arena, v.map, dest);
        if (coalesce(cx, sub, v.map, merge) < 0)
            return err_code(cx);
    }
    return 0;
}

int chartvalues_coalesce(struct ctx *cx, const struct chart *c, struct vmap *user, struct notes *notes,
                         struct vmap **ret)
{
    (void)notes;
    *ret = copy_table(cx->arena, user);
    return coalesce(cx, c, *ret, false);
}

/* -- dependencies ----------------------------------------------------------------------------------------------- */

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

/* A copy of the chart that a declaration means, under its alias; NULL when there is none. */
static struct chart *chosen(struct ctx *cx, struct chart *parent, const struct chart_dependency *d)
{
    for (size_t i = 0; i < parent->charts.len; i++) {
        struct chart *found = parent->charts.at[i], *copy;
        if (!satisfies(cx, found, d))
            continue;
        copy = ARENA_NEW(cx->arena, struct chart);
        *copy = *found;
        copy->parent = parent;
        copy->charts = (struct charts){ 0 };
        copy->dependencies = (struct chart_dependencies){ 0 };
        for (size_t j = 0; j < found->dependencies.len; j++)
            vec_push(cx->arena, &copy->dependencies, found->dependencies.at[j]);
        for (size_t j = 0; j < found->charts.len; j++) {
            struct chart *sub = ARENA_NEW(cx->arena, struct chart);
            *sub = *found->charts.at[j];
            sub->parent = copy;
            vec_push(cx->arena, &copy->charts, sub);
        }
        if (*d->alias)
            copy->name = d->alias;
        return copy;
    }
    return NULL;
}

static bool is_declared(struct ctx *cx, const struct chart *parent, const struct chart *c)
{
    for (size_t i = 0; i < parent->dependencies.len; i++)
        if (satisfies(cx, c, &parent->dependencies.at[i]))
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
    for (size_t i = 0; i < c->dependencies.len; i++) {
        struct chart_dependency *d = &c->dependencies.at[i];
        struct chart *sub = chosen(cx, c, d);
        if (sub)
            vec_push(cx->arena, &kept, sub);
        if (*d->alias)
            d->name = d->alias;
        d->enabled = true;
    }
    c->charts = kept;
}

static void apply_tags(struct chart_dependency *d, const struct vmap *tags)
{
    bool has_true = false, has_false = false;
    doc_each (tag, d->tags) {
        struct value v;
        if (!doc_text(tag) || !vmap_get(tags, view(doc_text(tag)), &v) || v.type != V_BOOL)
            continue;
        has_true = has_true || v.b;
        has_false = has_false || !v.b;
    }
    d->enabled = has_true || !has_false;
}

/* The value behind a dotted path. */
static bool find_path(const struct vmap *m, const char *path, struct value *ret)
{
    for (const char *dot; (dot = strchr(path, '.')); path = dot + 1) {
        struct value v;
        if (!vmap_get(m, (struct strv){ path, (size_t)(dot - path) }, &v) || !is_table(v))
            return false;
        m = v.map;
    }
    return vmap_get(m, view(path), ret);
}

/* The first path of the list that leads to a bool decides. */
static void apply_conditions(struct arena *a, struct chart_dependency *d, const struct vmap *values,
                             const char *prefix)
{
    size_t n = 0;
    char **paths = str_split(a, str_trim(a, d->condition), ',', &n);
    for (size_t i = 0; i < n; i++) {
        struct value v;
        if (!*paths[i] || !find_path(values, str_fmt(a, "%s%s", prefix, paths[i]), &v) || v.type != V_BOOL)
            continue;
        d->enabled = v.b;
        return;
    }
}

static void drop_disabled(struct arena *a, struct chart *c)
{
    struct charts kept = { 0 };
    struct chart_dependencies left = { 0 };
    for (size_t i = 0; i < c->charts.len; i++) {
        bool disabled = false;
        for (size_t j = 0; j < c->dependencies.len; j++)
            disabled = disabled || (!c->dependencies.at[j].enabled &&
                                    strcmp(c->dependencies.at[j].name, c->charts.at[i]->name) == 0);
        if (!disabled)
            vec_push(a, &kept, c->charts.at[i]);
    }
    for (size_t i = 0; i < c->dependencies.len; i++)
        if (c->dependencies.at[i].enabled)
            vec_push(a, &left, c->dependencies.at[i]);
    c->charts = kept;
    c->dependencies = left;
}

static int enable(struct ctx *cx, struct chart *c, struct vmap *user, const char *prefix)
{
    struct vmap *values;
    struct value tags = { .type = V_NIL };
    if (!c->declares)
        return 0;
    resolve(cx, c);
    if (chartvalues_coalesce(cx, c, user, NULL, &values) < 0)
        return err_code(cx);
    bool tagged = vmap_get(values, view("tags"), &tags) && is_table(tags);
    for (size_t i = 0; i < c->dependencies.len; i++) {
        if (tagged)
            apply_tags(&c->dependencies.at[i], tags.map);
        apply_conditions(cx->arena, &c->dependencies.at[i], values, prefix);
    }
    drop_disabled(cx->arena, c);
    for (size_t i = 0; i < c->charts.len; i++) {
        struct chart *sub = c->charts.at[i];
        if (enable(cx, sub, values, str_fmt(cx->arena, "%s%s.", prefix, sub->name)) < 0)
            return err_code(cx);
    }
    return 0;
}

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

static const char *text_under(struct exec *x, const struct vmap *m, const char *key)
{
    struct value v;
    if (!vmap_get(m, view(key), &v))
        return "<nil>";
    struct strv text = fn_text(x, value_any(v));
    return str_ndup(x->cx->arena, text.p, text.n);
}

/* One entry of import-values: a name among the child's exports, or a path there and one here. */
static void import(struct exec *x, const struct chart_dependency *d, struct value entry,
                   const struct vmap *values, struct vmap *into)
{
    struct arena *a = x->cx->arena;
    const char *child, *parent = ".";
    struct value table;
    if (entry.type == V_STRING) {
        child = str_fmt(a, "exports.%.*s", (int)entry.len, entry.s);
    } else if (entry.type == V_MAP) {
        child = text_under(x, entry.map, "child");
        parent = text_under(x, entry.map, "parent");
    } else {
        return;
    }
    if (find_path(values, str_fmt(a, "%s.%s", d->name, child), &table) && is_table(table))
        under(a, into, copy_table(a, nest(a, parent, table.map)), true);
}

static int import_values(struct ctx *cx, struct chart *c)
{
    struct exec x = { .cx = cx };
    for (size_t i = 0; i < c->charts.len; i++)
        if (import_values(cx, c->charts.at[i]) < 0)
            return err_code(cx);
    if (!c->declares)
        return 0;
    struct vmap *values = vmap_new(cx->arena), *imported = vmap_new(cx->arena);
    if (coalesce(cx, c, values, true) < 0)
        return err_code(cx);
    for (size_t i = 0; i < c->dependencies.len; i++) {
        const struct chart_dependency *d = &c->dependencies.at[i];
        doc_each (entry, d->import_values)
            import(&x, d, convert_from_doc(cx->arena, entry), values, imported);
    }
    struct vmap *all = copy_table(cx->arena, values);
    struct doc *written;
    under(cx->arena, all, imported, true);
    if (convert_to_doc(cx, v_map(all), false, &written) < 0)
        return err_code(cx);
    c->values = written;
    return 0;
}

int chartvalues_dependencies(struct ctx *cx, struct chart *c, struct vmap *user, struct notes *notes)
{
    (void)notes;
    return enable(cx, c, user, "") < 0 ? err_code(cx) : import_values(cx, c);
}
