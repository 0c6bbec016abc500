/*
 * fn_lists.c: Sprig's lists. Results are new lists, except that `slice` shares the elements and `sortAlpha` sorts a list
 * of strings in its place.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/object.h"

#include <math.h>
#include <stdlib.h>

#define CHUNKS_MAX 10000000

/* Any slice as a list; refused with `what` ("Cannot find first on") and the kind. */
static int take_list(struct exec *x, struct value v, const char *what, struct value *ret)
{
    if (v.type == V_NIL)
        return fn_fail(x, FN_NIL_POINTER);
    if (value_kind(v) != K_SLICE)
        return fn_fail(x, "%s %s", what, value_kind_name(v));
    *ret = v.type == V_OBJECT ? v.object->type->elements(x->cx->arena, v.object->data) : v;
    return 0;
}

/* Elements [from, to) in a new []interface{}. */
static struct value copy_part(struct exec *x, struct value list, size_t from, size_t to)
{
    struct vlist *l = vlist_new(x->cx->arena, to - from + 1);
    for (size_t i = from; i < to; i++)
        vlist_push(x->cx->arena, l, vlist_at(list, i));
    return v_list(V_LIST, l);
}

FN(fn_list)
{
    struct vlist *l = vlist_new(x->cx->arena, n);
    for (size_t i = 0; i < n; i++)
        vlist_push(x->cx->arena, l, args[i]);
    *ret = v_list(V_LIST, l);
    return 0;
}

FN(fn_push)
{
    struct value list;
    if (take_list(x, args[0], "Cannot push on type", &list) < 0)
        return err_code(x->cx);
    *ret = copy_part(x, list, 0, value_len(list));
    vlist_push(x->cx->arena, ret->list, args[1]);
    return 0;
}

FN(fn_prepend)
{
    struct value list;
    if (take_list(x, args[0], "Cannot prepend on type", &list) < 0)
        return err_code(x->cx);
    struct vlist *l = vlist_new(x->cx->arena, value_len(list) + 1);
    vlist_push(x->cx->arena, l, args[1]);
    for (size_t i = 0; i < value_len(list); i++)
        vlist_push(x->cx->arena, l, vlist_at(list, i));
    *ret = v_list(V_LIST, l);
    return 0;
}

FN(fn_first)
{
    struct value list;
    if (take_list(x, args[0], "Cannot find first on type", &list) < 0)
        return err_code(x->cx);
    *ret = value_len(list) ? value_any(vlist_at(list, 0)) : v_nil();
    return 0;
}

FN(fn_last)
{
    struct value list;
    if (take_list(x, args[0], "Cannot find last on type", &list) < 0)
        return err_code(x->cx);
    *ret = value_len(list) ? value_any(vlist_at(list, value_len(list) - 1)) : v_nil();
    return 0;
}

FN(fn_rest)
{
    struct value list;
    if (take_list(x, args[0], "Cannot find rest on type", &list) < 0)
        return err_code(x->cx);
    *ret = value_len(list) ? copy_part(x, list, 1, value_len(list)) : v_list(V_LIST, NULL);
    return 0;
}

FN(fn_initial)
{
    struct value list;
    if (take_list(x, args[0], "Cannot find initial on type", &list) < 0)
        return err_code(x->cx);
    *ret = value_len(list) ? copy_part(x, list, 0, value_len(list) - 1) : v_list(V_LIST, NULL);
    return 0;
}

FN(fn_reverse)
{
    struct value list;
    if (take_list(x, args[0], "Cannot find reverse on type", &list) < 0)
        return err_code(x->cx);
    struct vlist *l = vlist_new(x->cx->arena, value_len(list));
    for (size_t i = value_len(list); i > 0; i--)
        vlist_push(x->cx->arena, l, vlist_at(list, i - 1));
    *ret = v_list(V_LIST, l);
    return 0;
}

FN(fn_compact)
{
    struct value list;
    if (take_list(x, args[0], "Cannot compact on type", &list) < 0)
        return err_code(x->cx);
    struct vlist *l = vlist_new(x->cx->arena, 0);
    for (size_t i = 0; i < value_len(list); i++)
        if (!fn_is_empty(vlist_at(list, i)))
            vlist_push(x->cx->arena, l, vlist_at(list, i));
    *ret = v_list(V_LIST, l);
    return 0;
}

static bool is_among(const struct value *items, size_t n, struct value needle)
{
    for (size_t i = 0; i < n; i++)
        if (value_deep_equal(needle, items[i]))
            return true;
    return false;
}

FN(fn_uniq)
{
    struct value list;
    if (take_list(x, args[0], "Cannot find uniq on type", &list) < 0)
        return err_code(x->cx);
    struct vlist *l = vlist_new(x->cx->arena, 0);
    for (size_t i = 0; i < value_len(list); i++)
        if (!is_among(l->at, l->len, vlist_at(list, i)))
            vlist_push(x->cx->arena, l, vlist_at(list, i));
    *ret = v_list(V_LIST, l);
    return 0;
}

FN(fn_without)
{
    struct value list;
    if (take_list(x, args[0], "Cannot find without on type", &list) < 0)
        return err_code(x->cx);
    struct vlist *l = vlist_new(x->cx->arena, 0);
    for (size_t i = 0; i < value_len(list); i++)
        if (!is_among(args + 1, n - 1, vlist_at(list, i)))
            vlist_push(x->cx->arena, l, vlist_at(list, i));
    *ret = v_list(V_LIST, l);
    return 0;
}

FN(fn_has)
{
    struct value list;
    *ret = v_bool(false);
    if (args[1].type == V_NIL)
        return 0;
    if (take_list(x, args[1], "Cannot find has on type", &list) < 0)
        return err_code(x->cx);
    for (size_t i = 0; i < value_len(list) && !ret->b; i++)
        ret->b = value_deep_equal(args[0], vlist_at(list, i));
    return 0;
}

FN(fn_slice)
{
    struct value list;
    if (take_list(x, args[0], "list should be type of slice or array but", &list) < 0)
        return err_code(x->cx);
    int64_t len = (int64_t)value_len(list), from = n > 1 ? fn_to_int(args[1]) : 0;
    int64_t to = n > 2 ? fn_to_int(args[2]) : len;
    *ret = v_nil();
    if (len == 0)
        return 0;
    if (from < 0 || to < from || to > len)
        return fn_fail(x, "reflect.Value.Slice: slice index out of bounds");
    *ret = list;
    if (list.type == V_BYTES) {
        ret->s += from;
        ret->len = (uint32_t)(to - from);
        return 0;
    }
    ret->list = ARENA_NEW(x->cx->arena, struct vlist);
    *ret->list = (struct vlist){ list.list->at + from, (size_t)(to - from), (size_t)(to - from) };
    return 0;
}

FN(fn_concat)
{
    struct vlist *l = vlist_new(x->cx->arena, 0);
    for (size_t i = 0; i < n; i++) {
        struct value list;
        if (args[i].type == V_NIL)
            return fn_fail(x, FN_NIL_POINTER);
        if (value_kind(args[i]) != K_SLICE)
            return fn_fail(x, "Cannot concat type %s as list", value_kind_name(args[i]));
        if (take_list(x, args[i], "", &list) < 0)
            return err_code(x->cx);
        for (size_t j = 0; j < value_len(list); j++)
            vlist_push(x->cx->arena, l, vlist_at(list, j));
    }
    *ret = v_list(V_LIST, l->len ? l : NULL);
    return 0;
}

/* How many chunks there are, by the float arithmetic of Sprig, which takes sizes that make no sense too. */
static int64_t chunk_count(int64_t len, int64_t size)
{
    double count = floor((double)(len - 1) / (double)size) + 1;
    return count >= (double)INT64_MIN && count < -(double)INT64_MIN ? (int64_t)count : INT64_MIN;
}

FN(fn_chunk)
{
    struct value list;
    if (take_list(x, args[1], "Cannot chunk type", &list) < 0)
        return err_code(x->cx);
    int64_t size = args[0].i, len = (int64_t)value_len(list), count = chunk_count(len, size);
    if (count < 0 || count > CHUNKS_MAX)
        return fn_fail(x, "runtime error: makeslice: len out of range");
    struct vlist *chunks = vlist_new(x->cx->arena, 0);
    for (int64_t i = 0; i < count; i++) {
        int64_t from = i * size, to = from + size < len ? from + size : len;
        if (size < 0 && i == count - 1)
            to = from + len % size;
        if (size <= 0 && (to <= from || from < 0 || to > len))
            return fn_fail(x, "runtime error: makeslice: len out of range");
        vlist_push(x->cx->arena, chunks, copy_part(x, list, (size_t)from, (size_t)to));
    }
    *ret = v_list(V_LISTS, chunks);
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    int order = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

FN(fn_sort_alpha)
{
    struct vlist *l = fn_to_strings(x, args[0]);
    if (args[0].type == V_NIL)
        vlist_push(x->cx->arena, l, v_text("<nil>"));
    if (value_kind(args[0]) == K_SLICE && l->len > 1)
        qsort(l->at, l->len, sizeof(l->at[0]), by_bytes);
    *ret = v_list(V_STRINGS, l);
    return 0;
}

static const struct function rows[] = {
    { "list", "a*", fn_list },        { "tuple", "a*", fn_list },
    { "append", "aa", fn_push },      { "push", "aa", fn_push },
    { "mustAppend", "aa", fn_push },  { "mustPush", "aa", fn_push },
    { "prepend", "aa", fn_prepend },  { "mustPrepend", "aa", fn_prepend },
    { "first", "a", fn_first },       { "mustFirst", "a", fn_first },
    { "last", "a", fn_last },         { "mustLast", "a", fn_last },
    { "rest", "a", fn_rest },         { "mustRest", "a", fn_rest },
    { "initial", "a", fn_initial },   { "mustInitial", "a", fn_initial },
    { "reverse", "a", fn_reverse },   { "mustReverse", "a", fn_reverse },
    { "compact", "a", fn_compact },   { "mustCompact", "a", fn_compact },
    { "uniq", "a", fn_uniq },         { "mustUniq", "a", fn_uniq },
    { "without", "aa*", fn_without }, { "mustWithout", "aa*", fn_without },
    { "has", "aa", fn_has },          { "mustHas", "aa", fn_has },
    { "slice", "aa*", fn_slice },     { "mustSlice", "aa*", fn_slice },
    { "chunk", "ia", fn_chunk },      { "mustChunk", "ia", fn_chunk },
    { "concat", "a*", fn_concat },    { "sortAlpha", "a", fn_sort_alpha },
};
const struct function_table fn_lists = { rows, ARRAY_LEN(rows) };
