/*
 * value.c: values, their maps and lists; the contract is in value.h. One thread, arena memory.
 */
#include "helm-controller/template/value.h"

#include "helm-controller/template/object.h"
#include "libgotk/base/hash.h"

#include <stdlib.h>

struct type_row {
    const char *name;
    const char *kind_name;
    enum vkind kind;
};

static const struct type_row types[] = {
    [V_INVALID] = { "<nil>", "invalid", K_INVALID },
    [V_NIL] = { "<nil>", "invalid", K_INTERFACE },
    [V_BOOL] = { "bool", "bool", K_BOOL },
    [V_INT] = { "int", "int", K_INT },
    [V_INT32] = { "int32", "int32", K_INT },
    [V_INT64] = { "int64", "int64", K_INT },
    [V_UINT8] = { "uint8", "uint8", K_UINT },
    [V_UINT32] = { "uint32", "uint32", K_UINT },
    [V_UINT64] = { "uint64", "uint64", K_UINT },
    [V_FLOAT64] = { "float64", "float64", K_FLOAT },
    [V_COMPLEX] = { "complex128", "complex128", K_COMPLEX },
    [V_STRING] = { "string", "string", K_STRING },
    [V_MAP] = { "map[string]interface {}", "map", K_MAP },
    [V_VALUES] = { "common.Values", "map", K_MAP },
    [V_STRMAP] = { "map[string]string", "map", K_MAP },
    [V_LIST] = { "[]interface {}", "slice", K_SLICE },
    [V_STRINGS] = { "[]string", "slice", K_SLICE },
    [V_VERSIONS] = { "common.VersionSet", "slice", K_SLICE },
    [V_INTS] = { "[]int", "slice", K_SLICE },
    [V_BYTES] = { "[]uint8", "slice", K_SLICE },
    [V_LISTS] = { "[][]interface {}", "slice", K_SLICE },
    [V_MAPS] = { "[]map[string]interface {}", "slice", K_SLICE },
    [V_DURATION] = { "time.Duration", "int64", K_INT },
    [V_MONTH] = { "time.Month", "int", K_INT },
    [V_WEEKDAY] = { "time.Weekday", "int", K_INT },
    [V_OBJECT] = { "object", "struct", K_STRUCT },
};

enum vkind value_kind(struct value v)
{
    return v.type == V_OBJECT ? v.object->type->kind : types[v.type].kind;
}

const char *value_type_name(struct value v)
{
    return v.type == V_OBJECT ? v.object->type->name : types[v.type].name;
}

const char *value_static_type(struct value v)
{
    return v.boxed ? "interface {}" : value_type_name(v);
}

const char *value_kind_name(struct value v)
{
    static const char *const of_objects[] = {
        [K_STRUCT] = "struct",
        [K_POINTER] = "ptr",
        [K_MAP] = "map",
        [K_SLICE] = "slice",
    };
    return v.type == V_OBJECT ? of_objects[v.object->type->kind] : types[v.type].kind_name;
}

bool value_is_dict(struct value v)
{
    return v.type == V_MAP || v.type == V_VALUES;
}

bool value_is_map(struct value v)
{
    return value_is_dict(v) || v.type == V_STRMAP;
}

bool value_is_list(struct value v)
{
    return v.type == V_LIST || v.type == V_STRINGS || v.type == V_INTS || v.type == V_LISTS ||
           v.type == V_MAPS || v.type == V_VERSIONS;
}

bool value_is_nil(struct value v)
{
    if (value_is_map(v))
        return !v.map;
    if (value_is_list(v))
        return !v.list;
    if (v.type == V_BYTES)
        return !v.s;
    return v.type == V_INVALID || v.type == V_NIL;
}

size_t value_len(struct value v)
{
    if (value_is_map(v))
        return v.map ? v.map->len : 0;
    if (value_is_list(v))
        return v.list ? v.list->len : 0;
    if (v.type == V_OBJECT && v.object->type->len)
        return v.object->type->len(v.object->data);
    return v.type == V_STRING || v.type == V_BYTES ? v.len : 0;
}

bool value_is_true(struct value v)
{
    switch (value_kind(v)) {
    case K_INVALID:
    case K_INTERFACE:
        return false;
    case K_BOOL:
        return v.b;
    case K_INT:
        return v.i != 0;
    case K_UINT:
        return v.u != 0;
    case K_FLOAT:
        return v.f != 0;
    case K_COMPLEX:
        return v.c->re != 0 || v.c->im != 0;
    case K_STRING:
    case K_MAP:
    case K_SLICE:
        return value_len(v) > 0;
    case K_STRUCT:
    case K_POINTER:
        return true;
    }
    return false;
}

#define DEPTH_MAX                                                                                            \
    100000 /* of a comparison; deeper are only values that are parts of themselves, and then all else is equal */

static bool deep_equal(struct value a, struct value b, int depth);

static bool maps_equal(const struct vmap *a, const struct vmap *b, int depth)
{
    size_t cursor = 0;
    if (!a != !b || (a && a->len != b->len))
        return false;
    for (const struct vmap_entry *e; (e = vmap_next(a, &cursor));) {
        struct value other;
        if (!vmap_get(b, e->key, &other) || !deep_equal(e->value, other, depth + 1))
            return false;
    }
    return true;
}

static bool lists_equal(const struct vlist *a, const struct vlist *b, int depth)
{
    if (!a != !b || (a && a->len != b->len))
        return false;
    for (size_t i = 0; a && i < a->len; i++)
        if (!deep_equal(a->at[i], b->at[i], depth + 1))
            return false;
    return true;
}

static bool objects_equal(const struct object *a, const struct object *b)
{
    if (a->type != b->type)
        return false;
    if (a->type->deep_equal)
        return a->type->deep_equal(a->data, b->data);
    return a->data == b->data || (a->type->equal && a->type->equal(a->data, b->data));
}

bool value_same_object(struct value a, struct value b)
{
    if (a.object->type != b.object->type)
        return false;
    return a.object->data == b.object->data ||
           (a.object->type->equal && a.object->type->equal(a.object->data, b.object->data));
}

static bool deep_equal(struct value a, struct value b, int depth)
{
    if (a.type == V_INVALID || a.type == V_NIL)
        return b.type == V_INVALID || b.type == V_NIL;
    if (a.type != b.type)
        return false;
    if (value_is_map(a))
        return a.map == b.map || depth > DEPTH_MAX || maps_equal(a.map, b.map, depth);
    if (value_is_list(a))
        return a.list == b.list || depth > DEPTH_MAX || lists_equal(a.list, b.list, depth);
    switch (a.type) {
    case V_BOOL:
        return a.b == b.b;
    case V_FLOAT64:
        return a.f == b.f;
    case V_COMPLEX:
        return a.c->re == b.c->re && a.c->im == b.c->im;
    case V_STRING:
        return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
    case V_BYTES:
        return !a.s == !b.s && a.len == b.len && (!a.s || memcmp(a.s, b.s, a.len) == 0);
    case V_OBJECT:
        return objects_equal(a.object, b.object);
    default:
        return a.i == b.i;
    }
}

bool value_deep_equal(struct value a, struct value b)
{
    return deep_equal(a, b, 0);
}

struct vmap *vmap_new(struct arena *a)
{
    struct vmap *m = ARENA_NEW(a, struct vmap);
    m->arena = a;
    return m;
}

/* The slot of a key: its entry's index + 1, or 0 where it would go. */
static uint32_t *slot_of(const struct vmap *m, struct strv key, uint32_t hash)
{
    for (size_t i = hash & (m->slot_count - 1);; i = (i + 1) & (m->slot_count - 1)) {
        uint32_t *slot = &m->slots[i];
        if (*slot == 0)
            return slot;
        const struct vmap_entry *e = &m->entries[*slot - 1];
        if (e->hash == hash && e->key.n == key.n && memcmp(e->key.p, key.p, key.n) == 0)
            return slot;
    }
}

static const struct vmap_entry *find(const struct vmap *m, struct strv key)
{
    if (!m || m->slot_count == 0)
        return NULL;
    uint32_t slot = *slot_of(m, key, hash_fnv32a(key.p, key.n));
    return slot && !m->entries[slot - 1].removed ? &m->entries[slot - 1] : NULL;
}

bool vmap_get(const struct vmap *m, struct strv key, struct value *ret)
{
    const struct vmap_entry *e = find(m, key);
    if (e)
        *ret = e->value;
    return e != NULL;
}

/* Doubles the room. Entries that were removed are forgotten. */
static void grow(struct vmap *m)
{
    size_t cap = m->cap ? m->cap * 2 : 8, kept = 0;
    struct vmap_entry *entries = ARENA_ARRAY(m->arena, struct vmap_entry, cap);
    for (size_t i = 0; i < m->used; i++)
        if (!m->entries[i].removed)
            entries[kept++] = m->entries[i];
    m->entries = entries;
    m->used = kept;
    m->cap = cap;
    m->slot_count = cap * 2;
    m->slots = ARENA_ARRAY(m->arena, uint32_t, m->slot_count);
    for (size_t i = 0; i < kept; i++)
        *slot_of(m, entries[i].key, entries[i].hash) = (uint32_t)i + 1;
}

void vmap_set(struct vmap *m, struct strv key, struct value value)
{
    value.boxed = false;
    if (m->used == m->cap)
        grow(m);
    uint32_t hash = hash_fnv32a(key.p, key.n);
    uint32_t *slot = slot_of(m, key, hash);
    if (*slot) {
        struct vmap_entry *e = &m->entries[*slot - 1];
        m->len += e->removed;
        e->removed = false;
        e->value = value;
        return;
    }
    m->entries[m->used++] = (struct vmap_entry){ .key = key, .value = value, .hash = hash };
    m->len++;
    *slot = (uint32_t)m->used;
}

void vmap_set_text(struct vmap *m, const char *key, struct value value)
{
    vmap_set(m, (struct strv){ key, strlen(key) }, value);
}

bool vmap_remove(struct vmap *m, struct strv key)
{
    const struct vmap_entry *e = find(m, key);
    if (!e)
        return false;
    m->entries[e - m->entries].removed = true;
    m->len--;
    return true;
}

const struct vmap_entry *vmap_next(const struct vmap *m, size_t *cursor)
{
    while (m && *cursor < m->used) {
        const struct vmap_entry *e = &m->entries[(*cursor)++];
        if (!e->removed)
            return e;
    }
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    struct strv x = (*(const struct vmap_entry *const *)a)->key,
                y = (*(const struct vmap_entry *const *)b)->key;
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return order ? order : (x.n > y.n) - (x.n < y.n);
}

const struct vmap_entry **vmap_sorted(const struct vmap *m, struct arena *a, size_t *ret_len)
{
    size_t cursor = 0, n = 0;
    const struct vmap_entry **sorted = ARENA_ARRAY(a, const struct vmap_entry *, (m ? m->len : 0) + 1);
    for (const struct vmap_entry *e; (e = vmap_next(m, &cursor));)
        sorted[n++] = e;
    if (n > 1 && !m->ordered)
        qsort(sorted, n, sizeof(*sorted), by_key);
    *ret_len = n;
    return sorted;
}

struct vmap *vmap_copy(struct arena *a, const struct vmap *m)
{
    struct vmap *copy = vmap_new(a);
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(m, &cursor));)
        vmap_set(copy, e->key, e->value);
    return copy;
}

struct vlist *vlist_new(struct arena *a, size_t cap)
{
    struct vlist *l = ARENA_NEW(a, struct vlist);
    l->at = cap ? ARENA_ARRAY(a, struct value, cap) : NULL;
    l->cap = cap;
    return l;
}

void vlist_push(struct arena *a, struct vlist *l, struct value v)
{
    v.boxed = false;
    if (l->len == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 4;
        l->at = arena_grow(a, l->at, l->len * sizeof(v), cap * sizeof(v));
        l->cap = cap;
    }
    l->at[l->len++] = v;
}

struct value vlist_at(struct value list, size_t i)
{
    if (list.type == V_BYTES)
        return (struct value){ .type = V_UINT8, .u = (unsigned char)list.s[i] };
    struct value v = list.list->at[i];
    v.boxed = list.type == V_LIST;
    return v;
}
