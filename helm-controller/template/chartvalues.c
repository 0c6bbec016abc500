/*
 * chartvalues.c: coalescing; the contract is in chartvalues.h.
 *
 * The rules are Helm's to the letter, because charts have come to rely on them: a subchart's nulls are kept until its own
 * turn, a null put down by the user deletes, a child's globals may reach the tables of its parent's. The functions keep
 * the names of what they follow in Helm's coalesce.go in their comments.
 */
#include "helm-controller/template/chartvalues.h"

#include "helm-controller/template/convert.h"
#include "helm-controller/template/gofmt.h"
#include "libgotk/base/quote.h"

#define GLOBAL   "global"
#define TEXT_MAX ((size_t)1 << 20)
#define DEPTH_MAX                                                                                            \
    10000 /* of tables in tables; imports can make a table its own part, which Helm does not survive */

/* One coalescing. */
struct coalescing {
    struct ctx *cx;
    struct notes *notes;
    bool merge; /* nulls are kept */
    int depth;  /* of the tables that are merged now */
};

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

static int too_deep(struct ctx *cx)
{
    return err_fail(cx, ERR_LIMIT, "values are nested deeper than %d", DEPTH_MAX);
}

static int copy_table(struct ctx *cx, const struct vmap *from, int depth, struct vmap **ret);

static int copy_value(struct ctx *cx, struct value v, int depth, struct value *ret)
{
    *ret = v;
    if (depth > DEPTH_MAX)
        return too_deep(cx);
    if (is_table(v))
        return copy_table(cx, v.map, depth, &ret->map);
    if (v.type != V_LIST || !v.list)
        return 0;
    struct vlist *copy = vlist_new(cx->arena, v.list->len);
    for (size_t i = 0; i < v.list->len; i++) {
        struct value item;
        if (copy_value(cx, v.list->at[i], depth + 1, &item) < 0)
            return err_code(cx);
        vlist_push(cx->arena, copy, item);
    }
    *ret = v_list(V_LIST, copy);
    return 0;
}

static int copy_table(struct ctx *cx, const struct vmap *from, int depth, struct vmap **ret)
{
    struct vmap *copy = vmap_new(cx->arena);
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(from, &cursor));) {
        struct value v;
        if (copy_value(cx, e->value, depth + 1, &v) < 0)
            return err_code(cx);
        vmap_set(copy, e->key, v);
    }
    *ret = copy;
    return ctx_check(cx);
}

int chartvalues_copy(struct ctx *cx, const struct vmap *from, struct vmap **ret)
{
    return copy_table(cx, from, 0, ret);
}

/* A value as %v, for messages. */
static const char *shown(const struct coalescing *x, struct value v)
{
    struct buf text = buf_new(x->cx->arena, TEXT_MAX);
    gofmt_value(&text, value_any(v));
    return buf_text(&text);
}

static const char *joined(const struct coalescing *x, const char *prefix, struct strv key)
{
    return str_fmt(x->cx->arena, "%s%s%.*s", prefix, *prefix ? "." : "", (int)key.n, key.p);
}

/* -- tables ------------------------------------------------------------------------------------------------------- */

/* cleanNilValues */
static void remove_nulls(struct vmap *m)
{
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(m, &cursor));) {
        if (is_null(e->value))
            vmap_remove(m, e->key);
        else if (is_table(e->value))
            remove_nulls(e->value.map);
    }
}

static bool has_value(const struct vmap *m, struct strv key)
{
    struct value v;
    return vmap_get(m, key, &v) && !is_null(v);
}

static int put_under(const struct coalescing *x, struct vmap *dst, struct vmap *src, const char *prefix);

/* One key of src, which is not null there unless dst says so. */
static int put_key(const struct coalescing *x, struct vmap *dst, struct strv key, struct value val,
                   const char *prefix)
{
    struct value old;
    const char *full = x->notes ? joined(x, prefix, key) : "";
    if (!vmap_get(dst, key, &old))
        vmap_set(dst, key, val);
    else if (is_table(val) && is_table(old))
        return put_under(x, old.map, val.map, full);
    else if (is_table(val) && x->notes)
        notes_addf(x->cx, x->notes, "warning: cannot overwrite table with non table for %s (%s)", full,
                   shown(x, val));
    else if (is_table(old) && !is_null(val) && x->notes)
        notes_addf(x->cx, x->notes, "warning: destination for %s is a table. Ignoring non-table value (%s)",
                   full, shown(x, val));
    return 0;
}

/* Puts dst's nulls into src and returns those that were something there. */
static struct vmap *share_nulls(struct arena *a, const struct vmap *dst, struct vmap *src)
{
    struct vmap *nulled = vmap_new(a);
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(dst, &cursor));) {
        if (!is_null(e->value))
            continue;
        if (has_value(src, e->key))
            vmap_set(nulled, e->key, e->value);
        vmap_set(src, e->key, e->value);
    }
    return nulled;
}

/* coalesceTablesFullKey: src under dst. A null in dst deletes the key if src has something there, unless merging; and it
 * is put into src, where others may see it. */
static int put_under(const struct coalescing *x, struct vmap *dst, struct vmap *src, const char *prefix)
{
    struct coalescing inner = *x;
    struct value ignored;
    size_t n;
    if (dst == src)
        return 0;
    if (++inner.depth > DEPTH_MAX)
        return too_deep(x->cx);
    const struct vmap *nulled = share_nulls(x->cx->arena, dst, src);
    const struct vmap_entry **sorted = vmap_sorted(src, x->cx->arena, &n);
    for (size_t i = 0; i < n; i++) {
        struct strv key = sorted[i]->key;
        if (!x->merge && vmap_get(nulled, key, &ignored))
            vmap_remove(dst, key);
        else if (put_key(&inner, dst, key, sorted[i]->value, prefix) < 0)
            return err_code(x->cx);
    }
    return ctx_check(x->cx);
}

int chartvalues_merge_tables(struct ctx *cx, struct vmap *dst, struct vmap *src, struct notes *notes)
{
    struct coalescing x = { .cx = cx, .notes = notes, .merge = true };
    return put_under(&x, dst, src, "");
}

/* -- a chart's own values ----------------------------------------------------------------------------------------- */

static bool is_child(const struct chart *c, struct strv name)
{
    for (size_t i = 0; i < c->charts.len; i++)
        if (strlen(c->charts.at[i]->name) == name.n && memcmp(c->charts.at[i]->name, name.p, name.n) == 0)
            return true;
    return false;
}

/* A default where nothing is. */
static void add_default(const struct coalescing *x, struct vmap *dest, struct strv key, struct value val)
{
    if (is_null(val) && !x->merge)
        return;
    if (is_table(val) && !x->merge)
        remove_nulls(val.map);
    vmap_set(dest, key, val);
}

/* A default table under one that is there: that of a subchart keeps its nulls for the subchart's own turn. */
static int add_table(const struct coalescing *x, const struct chart *c, struct vmap *old, struct strv key,
                     struct vmap *val, const char *prefix)
{
    struct coalescing inner = *x;
    inner.merge = x->merge || is_child(c, key);
    if (!inner.merge)
        remove_nulls(val);
    return put_under(&inner, old, val, joined(&inner, prefix, key));
}

/* coalesceValues: the chart's own defaults under what is there. */
static int add_defaults(const struct coalescing *x, const struct chart *c, struct vmap *dest,
                        const char *prefix)
{
    size_t n;
    const struct vmap *defaults = convert_from_doc(x->cx->arena, c->values).map;
    const struct vmap_entry **sorted = vmap_sorted(defaults, x->cx->arena, &n);
    for (size_t i = 0; i < n; i++) {
        struct strv key = sorted[i]->key;
        struct value old, val = sorted[i]->value;
        if (!vmap_get(dest, key, &old))
            add_default(x, dest, key, val);
        else if (is_null(old) && !x->merge)
            vmap_remove(dest, key);
        else if (is_table(old) && !is_table(val) && !is_null(val))
            notes_addf(x->cx, x->notes, "warning: skipped value for %s: Not a table.",
                       joined(x, prefix, key));
        else if (is_table(old) && is_table(val) && add_table(x, c, old.map, key, val.map, prefix) < 0)
            return err_code(x->cx);
    }
    return 0;
}

/* -- globals ------------------------------------------------------------------------------------------------------ */

/* The table under "global", an empty one when there is none; NULL for something else. */
static struct vmap *globals_of(const struct coalescing *x, const struct vmap *m, const char *whose)
{
    struct value v;
    if (!vmap_get(m, view(GLOBAL), &v))
        return vmap_new(x->cx->arena);
    if (is_table(v))
        return v.map;
    notes_addf(x->cx, x->notes, "warning: skipping globals because %s " GLOBAL " is not a table.", whose);
    return NULL;
}

/* A table among the parent's globals: its copy over the child's, but tables in it are the parent's own. */
static int pass_table(const struct coalescing *x, struct vmap *to, struct strv key, const struct vmap *table,
                      const char *prefix)
{
    struct value old;
    struct coalescing merging = *x;
    struct vmap *copy = vmap_copy(x->cx->arena, table);
    bool has = vmap_get(to, key, &old);
    merging.merge = true;
    if (has && !is_table(old)) {
        notes_addf(x->cx, x->notes, "Conflict: cannot merge map onto non-map for %s. Skipping.",
                   quote_go(x->cx->arena, key.p, key.n));
        return 0;
    }
    if (has && put_under(&merging, copy, old.map, joined(x, prefix, key)) < 0)
        return err_code(x->cx);
    vmap_set(to, key, v_map(copy));
    return 0;
}

/* coalesceGlobals: a parent's globals win over a child's, key by key. */
static int pass_globals(const struct coalescing *x, struct vmap *child, const struct vmap *parent,
                        const char *prefix)
{
    size_t n;
    struct vmap *to = globals_of(x, child, "destination");
    const struct vmap *from = to ? globals_of(x, parent, "source") : NULL;
    if (!from)
        return 0;
    const struct vmap_entry **sorted = vmap_sorted(from, x->cx->arena, &n);
    for (size_t i = 0; i < n; i++) {
        struct strv key = sorted[i]->key;
        struct value old, val = sorted[i]->value;
        if (is_table(val) && pass_table(x, to, key, val.map, prefix) < 0)
            return err_code(x->cx);
        if (is_table(val))
            continue;
        if (vmap_get(to, key, &old) && is_table(old))
            notes_addf(x->cx, x->notes, "key %.*s is table. Skipping", (int)key.n, key.p);
        else
            vmap_set(to, key, val);
    }
    vmap_set(child, view(GLOBAL), v_map(to));
    return 0;
}

/* -- a chart and its subcharts ------------------------------------------------------------------------------------ */

static int mismatch(struct ctx *cx, const char *name, struct value v)
{
    static const char format[] = "type mismatch on %s: %t";
    struct buf text = buf_new(cx->arena, TEXT_MAX);
    struct value args[] = { v_text(name), value_any(v) };
    gofmt_sprintf(&text, (struct strv){ format, sizeof(format) - 1 }, args, 2);
    return err_fail(cx, ERR_INVALID, "%s", buf_text(&text));
}

static int coalesce(const struct coalescing *x, const struct chart *c, struct vmap *dest, const char *prefix)
{
    const char *own = joined(x, prefix, view(c->name));
    if (add_defaults(x, c, dest, own) < 0)
        return err_code(x->cx);
    for (size_t i = 0; i < c->charts.len; i++) {
        const struct chart *sub = c->charts.at[i];
        struct value v;
        if (!vmap_get(dest, view(sub->name), &v)) {
            v = v_map(vmap_new(x->cx->arena));
            vmap_set(dest, view(sub->name), v);
        }
        if (!is_table(v))
            return mismatch(x->cx, sub->name, v);
        if (pass_globals(x, v.map, dest, own) < 0 || coalesce(x, sub, v.map, own) < 0)
            return err_code(x->cx);
    }
    return ctx_check(x->cx);
}

static int values_of(struct ctx *cx, const struct chart *c, const struct vmap *user, struct notes *notes,
                     bool merge, struct vmap **ret)
{
    struct coalescing x = { .cx = cx, .notes = notes, .merge = merge };
    struct vmap *values;
    if (chartvalues_copy(cx, user, &values) < 0 || coalesce(&x, c, values, "") < 0)
        return err_code(cx);
    *ret = values;
    return 0;
}

int chartvalues_coalesce(struct ctx *cx, const struct chart *c, const struct vmap *user, struct notes *notes,
                         struct vmap **ret)
{
    return values_of(cx, c, user, notes, false, ret);
}

int chartvalues_merge(struct ctx *cx, const struct chart *c, const struct vmap *user, struct notes *notes,
                      struct vmap **ret)
{
    return values_of(cx, c, user, notes, true, ret);
}
