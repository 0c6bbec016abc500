/*
 * value.h: what a template computes with: values typed as Go types them.
 *
 * Templates behave by Go's types: 3 in values.yaml is a float64, in a template an int, and `eq` refuses to compare them.
 * A value is 16 bytes, passed by value; maps, lists and objects are shared by reference and live in the render's arena,
 * as everything does. `boxed` says that the static type is interface{}: what comes out of a map or a list is boxed, and
 * messages then name "interface {}" instead of the dynamic type. Rejected: documents (doc.h), which know neither int
 * from float nor sharing, on which `set` and `merge` of charts rely. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_VALUE_H
#define GOTK_HELM_TEMPLATE_VALUE_H

#include "libgotk/base/arena.h"
#include "libgotk/base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The types, one row each in value.c. */
enum vtype {
    V_INVALID, /* no value at all: a zero reflect.Value */
    V_NIL,     /* a nil interface{} */
    V_BOOL,
    V_INT,
    V_INT32,
    V_INT64,
    V_UINT8,
    V_UINT32,
    V_UINT64,
    V_FLOAT64,
    V_COMPLEX,
    V_STRING,
    V_MAP,      /* map[string]interface {} */
    V_VALUES,   /* common.Values, the same with methods */
    V_STRMAP,   /* map[string]string */
    V_LIST,     /* []interface {} */
    V_STRINGS,  /* []string */
    V_VERSIONS, /* common.VersionSet, the same with methods */
    V_INTS,     /* []int */
    V_BYTES,    /* []uint8 */
    V_LISTS,    /* [][]interface {} */
    V_MAPS,     /* []map[string]interface {} */
    V_DURATION,
    V_MONTH,   /* time.Month */
    V_WEEKDAY, /* time.Weekday */
    V_OBJECT,  /* anything else: see struct object */
};

/* What reflect.Kind tells, as far as templates ask. */
enum vkind {
    K_INVALID,
    K_INTERFACE,
    K_BOOL,
    K_INT,
    K_UINT,
    K_FLOAT,
    K_COMPLEX,
    K_STRING,
    K_MAP,
    K_SLICE,
    K_STRUCT,
    K_POINTER,
};

struct vmap;
struct vlist;
struct object;

struct complex_number {
    double re;
    double im;
};

struct value {
    uint8_t type;
    bool boxed;
    bool addressable; /* a struct within another: it has the methods of its pointer, too */
    uint32_t len;     /* bytes of a string or of V_BYTES */
    union {
        bool b;
        int64_t i; /* V_INT, V_INT32, V_INT64, V_DURATION, V_MONTH, V_WEEKDAY */
        uint64_t u;
        double f;
        const char *s;      /* not always terminated by a NUL */
        struct vmap *map;   /* NULL: a nil map */
        struct vlist *list; /* NULL: a nil slice */
        const struct complex_number *c;
        const struct object *object;
    };
};

/* A slice: several may share the elements. Elements are never boxed themselves; vlist_at boxes them. */
struct vlist {
    struct value *at;
    size_t len;
    size_t cap;
};

struct vmap_entry {
    struct strv key;
    struct value value;
    uint32_t hash;
    bool removed;
};

/* A map with string keys that remembers the order of insertion. */
struct vmap {
    struct arena *arena;
    struct vmap_entry *entries;
    size_t used;
    size_t len;
    size_t cap;
    uint32_t *slots; /* index into entries + 1; 0: free */
    size_t slot_count;
    bool ordered; /* stands for a struct: vmap_sorted keeps its order */
};

/* Constructors. v_str borrows the bytes. */
static inline struct value v_invalid(void)
{
    return (struct value){ .type = V_INVALID };
}
static inline struct value v_nil(void)
{
    return (struct value){ .type = V_NIL, .boxed = true };
}
static inline struct value v_bool(bool b)
{
    return (struct value){ .type = V_BOOL, .b = b };
}
static inline struct value v_int(int64_t i)
{
    return (struct value){ .type = V_INT, .i = i };
}
static inline struct value v_int64(int64_t i)
{
    return (struct value){ .type = V_INT64, .i = i };
}
static inline struct value v_float(double f)
{
    return (struct value){ .type = V_FLOAT64, .f = f };
}
static inline struct value v_str(const char *s, size_t len)
{
    return (struct value){ .type = V_STRING, .len = (uint32_t)len, .s = s };
}
static inline struct value v_text(const char *s)
{
    return v_str(s, strlen(s));
}
static inline struct value v_map(struct vmap *map)
{
    return (struct value){ .type = V_MAP, .map = map };
}
static inline struct value v_list(enum vtype type, struct vlist *list)
{
    return (struct value){ .type = (uint8_t)type, .list = list };
}
static inline struct value v_object(const struct object *object)
{
    return (struct value){ .type = V_OBJECT, .object = object };
}

static inline struct strv v_view(struct value v)
{
    return (struct strv){ v.s, v.len };
}

/* The dynamic kind. V_NIL is K_INTERFACE. */
enum vkind value_kind(struct value v);
/* The dynamic type as Go spells it ("map[string]interface {}"), and the static one ("interface {}" when boxed). */
const char *value_type_name(struct value v);
const char *value_static_type(struct value v);
/* The kind as Go spells it: "map", "slice", "float64", "invalid"... */
const char *value_kind_name(struct value v);
/* True for a nil map, slice, pointer or interface, and for V_INVALID. */
bool value_is_nil(struct value v);
/* Go's truth: not the zero of its type, not empty. */
bool value_is_true(struct value v);
/* Elements of a map, list or string (bytes); 0 for anything else. */
size_t value_len(struct value v);
/* Deep equality as reflect.DeepEqual: types count, NaN is not itself. */
bool value_deep_equal(struct value a, struct value b);
/* Go's == of two objects: the same, or equal as their type says. */
bool value_same_object(struct value a, struct value b);
/* The same value with the box on or off; an interface that holds nothing becomes V_INVALID by unboxing. */
static inline struct value value_boxed(struct value v)
{
    v.boxed = true;
    return v;
}
static inline struct value value_unboxed(struct value v)
{
    v.boxed = false;
    if (v.type == V_NIL)
        v.type = V_INVALID;
    return v;
}
/* V_INVALID as the nil interface it becomes when it is passed to or kept by interface{}. */
static inline struct value value_any(struct value v)
{
    if (v.type == V_INVALID)
        v.type = V_NIL;
    v.boxed = v.type == V_NIL;
    return v;
}
/* True for V_MAP, V_VALUES; for those and V_STRMAP; for slices of any element type but bytes. */
bool value_is_dict(struct value v);
bool value_is_map(struct value v);
bool value_is_list(struct value v);

/* An empty map in `a`. */
struct vmap *vmap_new(struct arena *a);
/* The value under key, unboxed; false when absent, or when the map is NULL. */
bool vmap_get(const struct vmap *m, struct strv key, struct value *ret);
/* Stores under a borrowed key, in the key's old place. */
void vmap_set(struct vmap *m, struct strv key, struct value value);
void vmap_set_text(struct vmap *m, const char *key, struct value value);
/* Takes a key out; false when it was not there. */
bool vmap_remove(struct vmap *m, struct strv key);
/* The live entries in order of insertion: start with *cursor 0; NULL at the end and for a NULL map. */
const struct vmap_entry *vmap_next(const struct vmap *m, size_t *cursor);
/* The live entries sorted by the bytes of their keys; *ret_len of them. */
const struct vmap_entry **vmap_sorted(const struct vmap *m, struct arena *a, size_t *ret_len);
/* A copy of the top level. */
struct vmap *vmap_copy(struct arena *a, const struct vmap *m);

/* An empty list with room for `cap` elements, and one more element at its end. */
struct vlist *vlist_new(struct arena *a, size_t cap);
void vlist_push(struct arena *a, struct vlist *l, struct value v);
/* Element i of a list value, as reflect's Index gives it: boxed when the element type is interface{}. */
struct value vlist_at(struct value list, size_t i);

#endif
