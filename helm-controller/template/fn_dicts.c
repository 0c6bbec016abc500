/*
 * fn_dicts.c: Sprig's dictionaries. `set`, `unset`, `merge` and their kin change the dictionary they are given, and what is
 * merged in is shared, not copied: charts rely on both.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/object.h"

#define MERGE_DEPTH_MAX 100000 /* what is a part of itself has no end */

FN(fn_dict)
{
    struct vmap *m = vmap_new(x->cx->arena);
    for (size_t i = 0; i < n; i += 2)
        vmap_set(m, fn_text(x, args[i]), i + 1 < n ? args[i + 1] : v_str("", 0));
    *ret = v_map(m);
    return 0;
}

FN(fn_get)
{
    struct value v;
    *ret = vmap_get(args[0].map, v_view(args[1]), &v) ? value_any(v) : v_str("", 0);
    return 0;
}

FN(fn_set)
{
    if (!args[0].map)
        return fn_fail(x, "assignment to entry in nil map");
    vmap_set(args[0].map, v_view(args[1]), args[2]);
    *ret = v_map(args[0].map);
    return 0;
}

FN(fn_unset)
{
    if (args[0].map)
        vmap_remove(args[0].map, v_view(args[1]));
    *ret = v_map(args[0].map);
    return 0;
}

FN(fn_has_key)
{
    struct value v;
    *ret = v_bool(vmap_get(args[0].map, v_view(args[1]), &v));
    return 0;
}

FN(fn_pluck)
{
    struct vlist *l = vlist_new(x->cx->arena, 0);
    struct value v;
    for (size_t i = 1; i < n; i++)
        if (vmap_get(args[i].map, v_view(args[0]), &v))
            vlist_push(x->cx->arena, l, v);
    *ret = v_list(V_LIST, l);
    return 0;
}

/* In order of insertion; Go's order is random. */
FN(fn_keys)
{
    struct vlist *l = vlist_new(x->cx->arena, 0);
    for (size_t i = 0; i < n; i++) {
        size_t cursor = 0;
        for (const struct vmap_entry *e; (e = vmap_next(args[i].map, &cursor));)
            vlist_push(x->cx->arena, l, v_str(e->key.p, e->key.n));
    }
    *ret = v_list(V_STRINGS, l);
    return 0;
}

FN(fn_values_of)
{
    struct vlist *l = vlist_new(x->cx->arena, 0);
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(args[0].map, &cursor));)
        vlist_push(x->cx->arena, l, e->value);
    *ret = v_list(V_LIST, l);
    return 0;
}

FN(fn_pick)
{
    struct vmap *m = vmap_new(x->cx->arena);
    struct value v;
    for (size_t i = 1; i < n; i++)
        if (vmap_get(args[0].map, v_view(args[i]), &v))
            vmap_set(m, v_view(args[i]), v);
    *ret = v_map(m);
    return 0;
}

FN(fn_omit)
{
    struct vmap *m = vmap_copy(x->cx->arena, args[0].map);
    for (size_t i = 1; i < n; i++)
        vmap_remove(m, v_view(args[i]));
    *ret = v_map(m);
    return 0;
}

/* What mergo takes for empty: as templates do, but a struct or a pointer's target never is here. */
static bool is_empty(struct value v)
{
    return !value_is_true(v);
}

static int merge_into(struct exec *x, struct vmap *dst, const struct vmap *src, bool overwrite, int depth);

/* One key. Dictionaries on both sides are merged; else the source is taken when it may. */
static int merge_key(struct exec *x, struct vmap *dst, const struct vmap_entry *from, bool overwrite,
                     int depth)
{
    struct value old;
    bool has = vmap_get(dst, from->key, &old);
    bool nil = from->value.type == V_NIL || (value_kind(from->value) == K_SLICE && value_is_nil(from->value));
    if (nil) {
        if (overwrite)
            vmap_set(dst, from->key, from->value);
        return 0;
    }
    if (has && value_is_dict(from->value) && value_is_dict(old) && !is_empty(old))
        return merge_into(x, old.map, from->value.map, overwrite, depth + 1);
    if (!has || is_empty(old) || overwrite)
        vmap_set(dst, from->key, from->value);
    return 0;
}

static int merge_into(struct exec *x, struct vmap *dst, const struct vmap *src, bool overwrite, int depth)
{
    size_t cursor = 0, used = src ? src->used : 0;
    if (depth > MERGE_DEPTH_MAX)
        return err_fail(x->cx, ERR_LIMIT, "dictionaries are nested deeper than %d", MERGE_DEPTH_MAX);
    if (dst == src)
        return 0;
    while (cursor < used) {
        const struct vmap_entry *e = vmap_next(src, &cursor);
        if (!e)
            break;
        struct vmap_entry entry = *e;
        if (merge_key(x, dst, &entry, overwrite, depth) < 0)
            return err_code(x->cx);
    }
    return 0;
}

static int merge_all(struct exec *x, const struct value *args, size_t n, bool overwrite, struct value *ret)
{
    struct vmap *dst = args[0].map;
    for (size_t i = 1; i < n && !dst; i++)
        dst = args[i].map ? vmap_new(x->cx->arena) : NULL;
    for (size_t i = 1; i < n && dst; i++)
        if (merge_into(x, dst, args[i].map, overwrite, 0) < 0)
            return err_code(x->cx);
    *ret = v_map(dst);
    return 0;
}

FN(fn_merge)
{
    return merge_all(x, args, n, false, ret);
}

FN(fn_merge_overwrite)
{
    return merge_all(x, args, n, true, ret);
}

static struct value copy_object(struct arena *a, const struct object *o)
{
    struct object *copy = ARENA_NEW(a, struct object);
    *copy = (struct object){ o->type, o->type->copy(a, o->data) };
    return v_object(copy);
}

static int copy_deep(struct exec *x, struct value v, int depth, struct value *ret)
{
    struct arena *a = x->cx->arena;
    *ret = v;
    if (depth > MERGE_DEPTH_MAX)
        return err_fail(x->cx, ERR_LIMIT, "values are nested deeper than %d", MERGE_DEPTH_MAX);
    if (value_is_map(v) && v.map) {
        size_t cursor = 0;
        ret->map = vmap_new(a);
        for (const struct vmap_entry *e; (e = vmap_next(v.map, &cursor));) {
            struct value copy;
            if (copy_deep(x, e->value, depth + 1, &copy) < 0)
                return err_code(x->cx);
            vmap_set(ret->map, e->key, copy);
        }
    }
    if (value_is_list(v) && v.list) {
        ret->list = vlist_new(a, v.list->len);
        for (size_t i = 0; i < v.list->len; i++) {
            struct value copy;
            if (copy_deep(x, v.list->at[i], depth + 1, &copy) < 0)
                return err_code(x->cx);
            vlist_push(a, ret->list, copy);
        }
    }
    if (v.type == V_OBJECT && v.object->type->copy)
        *ret = copy_object(a, v.object);
    return 0;
}

FN(fn_deep_copy)
{
    if (args[0].type == V_NIL)
        return fn_fail(x, "reflect: call of reflect.Value.Type on zero Value");
    return copy_deep(x, args[0], 0, ret);
}

static int bad_conversion(struct exec *x, struct value v, const char *to)
{
    const char *is = v.type == V_NIL ? "nil" : value_type_name(v);
    return fn_fail(x, "interface conversion: interface {} is %s, not %s", is, to);
}

FN(fn_dig)
{
    if (n < 3)
        return fn_fail(x, "dig needs at least three arguments");
    struct value at = args[n - 1];
    if (at.type != V_MAP)
        return bad_conversion(x, at, "map[string]interface {}");
    for (size_t i = 0; i < n - 2; i++)
        if (args[i].type != V_STRING)
            return bad_conversion(x, args[i], "string");
    for (size_t i = 0; i < n - 2; i++) {
        if (at.type != V_MAP)
            return bad_conversion(x, at, "map[string]interface {}");
        if (!vmap_get(at.map, v_view(args[i]), &at)) {
            at = args[n - 2];
            break;
        }
    }
    *ret = value_any(at);
    return 0;
}

static const struct function rows[] = {
    { "dict", "a*", fn_dict },
    { "get", "ds", fn_get },
    { "set", "dsa", fn_set },
    { "unset", "ds", fn_unset },
    { "hasKey", "ds", fn_has_key },
    { "pluck", "sd*", fn_pluck },
    { "keys", "d*", fn_keys },
    { "values", "d", fn_values_of },
    { "pick", "ds*", fn_pick },
    { "omit", "ds*", fn_omit },
    { "merge", "dd*", fn_merge },
    { "mustMerge", "dd*", fn_merge },
    { "mergeOverwrite", "dd*", fn_merge_overwrite },
    { "mustMergeOverwrite", "dd*", fn_merge_overwrite },
    { "deepCopy", "a", fn_deep_copy },
    { "mustDeepCopy", "a", fn_deep_copy },
    { "dig", "a*", fn_dig },
};
const struct function_table fn_dicts = { rows, ARRAY_LEN(rows) };
