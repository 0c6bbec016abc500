/*
 * typed.h: data of the tables in tests/golden/helm, as values of Go's types.
 *
 * JSON, where whole numbers are ints; an object whose only key starts with "$" is a value of another type: {"$int64": 5},
 * {"$strings": ["a"]}, {"$time": "2006-01-02T15:04:05Z"}. tests/golden/helm/README.md lists them.
 */
#ifndef GOTK_TESTS_HELM_TYPED_H
#define GOTK_TESTS_HELM_TYPED_H

#include "helm-controller/template/convert.h"
#include "helm-controller/template/fn.h"
#include "libgotk/base/base64.h"
#include "tests/unit/lib/unit.h"

#include <stdlib.h>

static struct value typed_value(struct ctx *cx, const struct doc *d);

static struct value typed_map(struct ctx *cx, const struct doc *d, enum vtype type)
{
    struct vmap *map = vmap_new(cx->arena);
    doc_each (member, d)
        vmap_set_text(map, doc_key(member), typed_value(cx, member));
    return (struct value){ .type = (uint8_t)type, .map = map };
}

static struct value typed_list(struct ctx *cx, const struct doc *d, enum vtype type)
{
    struct vlist *list = vlist_new(cx->arena, doc_len(d));
    doc_each (item, d)
        vlist_push(cx->arena, list, typed_value(cx, item));
    bool is_nil = type != V_LIST && list->len == 0;
    return v_list(type, is_nil ? NULL : list);
}

static struct value typed_complex(struct ctx *cx, const struct doc *d)
{
    struct complex_number *c = ARENA_NEW(cx->arena, struct complex_number);
    c->re = strtod(doc_text(doc_at(d, 0)), NULL);
    c->im = strtod(doc_text(doc_at(d, 1)), NULL);
    return (struct value){ .type = V_COMPLEX, .c = c };
}

static struct value typed_time(struct ctx *cx, const struct doc *d)
{
    struct exec x = { .cx = cx };
    const char *name = "mustToDate";
    const struct function *read = function_find((struct strv){ name, strlen(name) });
    struct value args[] = { v_text("2006-01-02T15:04:05.999999999Z07:00"), v_text(doc_text(d)) }, time;
    assert_ok(cx, read->call(&x, args, 2, &time));
    return time;
}

static struct value typed_bytes(struct ctx *cx, const struct doc *d, enum vtype type)
{
    char *data = NULL;
    size_t len = 0;
    assert_ok(cx, base64_decode(cx, doc_text(d), &data, &len));
    return (struct value){ .type = (uint8_t)type, .s = data, .len = (uint32_t)len };
}

static struct value typed_number(const char *literal, enum vtype type)
{
    if (type == V_UINT8 || type == V_UINT32 || type == V_UINT64)
        return (struct value){ .type = (uint8_t)type, .u = strtoull(literal, NULL, 10) };
    return (struct value){ .type = (uint8_t)type, .i = strtoll(literal, NULL, 10) };
}

static struct value typed_float(const struct doc *d)
{
    return v_float(strtod(doc_text(d), NULL));
}

/* What a tag makes of what stands behind it. */
static struct value typed_tagged(struct ctx *cx, const char *tag, const struct doc *d)
{
    static const struct {
        const char *tag;
        enum vtype type;
        struct value (*read)(struct ctx *cx, const struct doc *d, enum vtype type);
    } rows[] = {
        { "$map", V_MAP, typed_map },       { "$values", V_VALUES, typed_map },
        { "$strmap", V_STRMAP, typed_map }, { "$strings", V_STRINGS, typed_list },
        { "$ints", V_INTS, typed_list },    { "$bytes", V_BYTES, typed_bytes },
        { "$text", V_STRING, typed_bytes }, { "$int32", V_INT32, NULL },
        { "$int64", V_INT64, NULL },        { "$uint8", V_UINT8, NULL },
        { "$uint32", V_UINT32, NULL },      { "$uint64", V_UINT64, NULL },
        { "$duration", V_DURATION, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_eq(rows[i].tag, tag))
            return rows[i].read ? rows[i].read(cx, d, rows[i].type)
                                : typed_number(doc_literal(d), rows[i].type);
    if (str_eq(tag, "$nilmap"))
        return v_map(NULL);
    if (str_eq(tag, "$nillist"))
        return v_list(V_LIST, NULL);
    if (str_eq(tag, "$float64"))
        return typed_float(d);
    return str_eq(tag, "$complex") ? typed_complex(cx, d) : typed_time(cx, d);
}

static struct value typed_value(struct ctx *cx, const struct doc *d)
{
    const struct doc *only = doc_kind(d) == DOC_OBJECT ? doc_first(d) : NULL;
    if (only && str_starts(doc_key(only), "$"))
        return typed_tagged(cx, doc_key(only), only);
    if (doc_kind(d) == DOC_OBJECT)
        return typed_map(cx, d, V_MAP);
    if (doc_kind(d) == DOC_ARRAY)
        return typed_list(cx, d, V_LIST);
    if (doc_kind(d) == DOC_NUMBER && !strpbrk(doc_literal(d), ".eE"))
        return typed_number(doc_literal(d), V_INT);
    return convert_from_doc(cx->arena, d);
}

#endif
