/*
 * decode.c: documents to structs and back, by field tables; the contract is in decode.h.
 *
 * One function per kind of field and direction, found by the kind. Where a value stands is a chain of places on the stack,
 * printed only when something is wrong with it: every object a controller watches passes through here. Any thread.
 */
#include "libgotk/doc/decode.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"

#define NO_INDEX SIZE_MAX

/* Where a value is decoded to, and what it is called in messages. */
struct place {
    const struct place *outer; /* NULL at the top */
    const char *name;          /* of the member; at the top: what heads the path */
    size_t index;              /* of an element, or NO_INDEX */
    const struct field *field; /* NULL at the top and for elements */
    char *base;                /* the struct the member is in */
};

static int decode_members(struct ctx *cx, const struct doc *d, const struct field *fields,
                          const struct place *place, void *ret_struct);

static char *path_of(struct arena *a, const struct place *p)
{
    const char *outer = p->outer ? path_of(a, p->outer) : "";
    if (p->index != NO_INDEX)
        return str_fmt(a, "%s[%zu]", outer, p->index);
    return str_fmt(a, "%s%s%s", outer, *outer && *p->name ? "." : "", p->name);
}

static void *member(const struct place *p)
{
    return p->base + p->field->offset;
}

static size_t *count_member(const struct place *p)
{
    return (size_t *)(void *)(p->base + p->field->count_offset);
}

static int wrong_kind(struct ctx *cx, const struct doc *d, const struct place *p, const char *wanted)
{
    return err_fail(cx, ERR_INVALID, "%s: expected %s, got %s", str_or(path_of(cx->arena, p), "(document)"),
                    wanted, doc_kind_name(d));
}

static int decode_string(struct ctx *cx, const struct doc *d, const struct place *p)
{
    if (doc_kind(d) != DOC_STRING)
        return wrong_kind(cx, d, p, "a string");
    *(const char **)member(p) = doc_text(d);
    return 0;
}

static int decode_bool(struct ctx *cx, const struct doc *d, const struct place *p)
{
    if (doc_kind(d) != DOC_BOOL)
        return wrong_kind(cx, d, p, "true or false");
    *(bool *)member(p) = doc_is_true(d, false);
    return 0;
}

static int decode_int(struct ctx *cx, const struct doc *d, const struct place *p)
{
    if (!doc_get_int(d, member(p)))
        return wrong_kind(cx, d, p, "a whole number");
    return 0;
}

static int decode_nested(struct ctx *cx, const struct doc *d, const struct place *p)
{
    return decode_members(cx, d, p->field->fields, p, member(p));
}

static int decode_pointer(struct ctx *cx, const struct doc *d, const struct place *p)
{
    void *made = arena_alloc(cx->arena, p->field->size);
    int rc = decode_members(cx, d, p->field->fields, p, made);
    if (rc < 0)
        return rc;
    *(void **)member(p) = made;
    return 0;
}

static int decode_list(struct ctx *cx, const struct doc *d, const struct place *p)
{
    size_t i = 0, size = p->field->size;
    if (doc_kind(d) != DOC_ARRAY)
        return wrong_kind(cx, d, p, "a list");
    int rc = node_room(cx, doc_len(d) * size);
    if (rc < 0)
        return rc;
    char *items = arena_alloc(cx->arena, doc_len(d) * size);
    doc_each (item, d) {
        const struct place place = { .outer = p, .index = i };
        rc = decode_members(cx, item, p->field->fields, &place, items + i++ * size);
        if (rc < 0)
            return rc;
    }
    *(void **)member(p) = items;
    *count_member(p) = i;
    return 0;
}

static int decode_string_list(struct ctx *cx, const struct doc *d, const struct place *p)
{
    size_t i = 0;
    if (doc_kind(d) != DOC_ARRAY)
        return wrong_kind(cx, d, p, "a list");
    int rc = node_room(cx, doc_len(d) * sizeof(char *));
    if (rc < 0)
        return rc;
    const char **items = ARENA_ARRAY(cx->arena, const char *, doc_len(d));
    doc_each (item, d) {
        const struct place place = { .outer = p, .index = i };
        if (doc_kind(item) != DOC_STRING)
            return wrong_kind(cx, item, &place, "a string");
        items[i++] = doc_text(item);
    }
    *(const char ***)member(p) = items;
    *count_member(p) = i;
    return 0;
}

static int decode_doc(struct ctx *cx UNUSED, const struct doc *d, const struct place *p)
{
    *(const struct doc **)member(p) = d;
    return 0;
}

static int (*const decoders[])(struct ctx *cx, const struct doc *d, const struct place *p) = {
    [FIELD_KIND_STRING] = decode_string,
    [FIELD_KIND_BOOL] = decode_bool,
    [FIELD_KIND_INT] = decode_int,
    [FIELD_KIND_STRUCT] = decode_nested,
    [FIELD_KIND_POINTER] = decode_pointer,
    [FIELD_KIND_LIST] = decode_list,
    [FIELD_KIND_STRING_LIST] = decode_string_list,
    [FIELD_KIND_DOC] = decode_doc,
};

static int decode_members(struct ctx *cx, const struct doc *d, const struct field *fields,
                          const struct place *place, void *ret_struct)
{
    if (doc_kind(d) != DOC_OBJECT)
        return wrong_kind(cx, d, place, "an object");
    for (const struct field *f = fields; f->name; f++) {
        const struct place at = { place, f->name, NO_INDEX, f, ret_struct };
        const struct doc *value = doc_find(d, f->name);
        int rc = 0;
        if (doc_kind(value) != DOC_NULL)
            rc = decoders[f->kind](cx, value, &at);
        else if (f->flags & FIELD_REQUIRED)
            rc = err_fail(cx, ERR_INVALID, "%s: required, but missing", path_of(cx->arena, &at));
        if (rc < 0)
            return rc;
    }
    return 0;
}

int decode_struct(struct ctx *cx, const struct doc *d, const struct field *fields, const char *where,
                  void *ret_struct)
{
    const struct place top = { .name = where, .index = NO_INDEX };
    return decode_members(cx, d, fields, &top, ret_struct);
}

/* The way back. */

static struct doc *encode_list(struct arena *a, const struct field *f, const char *base)
{
    size_t count = *(const size_t *)(const void *)(base + f->count_offset);
    const char *items = *(const char *const *)(const void *)(base + f->offset);
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < count; i++)
        doc_append(list, encode_struct(a, f->fields, items + i * f->size));
    return count || (f->flags & (FIELD_REQUIRED | FIELD_KEEP_EMPTY)) ? list : NULL;
}

static struct doc *encode_string_list(struct arena *a, const struct field *f, const char *base)
{
    size_t count = *(const size_t *)(const void *)(base + f->count_offset);
    const char *const *items = *(const char *const *const *)(const void *)(base + f->offset);
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < count; i++)
        doc_append_text(a, list, items[i]);
    return count || (f->flags & (FIELD_REQUIRED | FIELD_KEEP_EMPTY)) ? list : NULL;
}

static struct doc *encode_string(struct arena *a, const struct field *f, const char *text)
{
    bool keep = f->flags & (FIELD_REQUIRED | FIELD_KEEP_EMPTY);
    if (!text)
        return keep ? doc_string(a, "") : NULL;
    return *text || keep ? doc_string(a, text) : NULL;
}

static struct doc *encode_nested(struct arena *a, const struct field *f, const void *from)
{
    struct doc *d = encode_struct(a, f->fields, from);
    return doc_len(d) || (f->flags & (FIELD_REQUIRED | FIELD_KEEP_EMPTY)) ? d : NULL;
}

static struct doc *encode_field(struct arena *a, const struct field *f, const char *base)
{
    const void *at = base + f->offset;
    bool keep = f->flags & (FIELD_REQUIRED | FIELD_KEEP_EMPTY);
    switch (f->kind) {
    case FIELD_KIND_STRING:
        return encode_string(a, f, *(const char *const *)at);
    case FIELD_KIND_BOOL:
        return *(const bool *)at || keep ? doc_bool(a, *(const bool *)at) : NULL;
    case FIELD_KIND_INT:
        return *(const int64_t *)at || keep ? doc_int(a, *(const int64_t *)at) : NULL;
    case FIELD_KIND_STRUCT:
        return encode_nested(a, f, at);
    case FIELD_KIND_POINTER:
        return *(const void *const *)at ? encode_struct(a, f->fields, *(const void *const *)at) : NULL;
    case FIELD_KIND_LIST:
        return encode_list(a, f, base);
    case FIELD_KIND_STRING_LIST:
        return encode_string_list(a, f, base);
    case FIELD_KIND_DOC:
        return doc_copy(a, *(const struct doc *const *)at);
    default:
        return NULL;
    }
}

struct doc *encode_struct(struct arena *a, const struct field *fields, const void *from)
{
    struct doc *object = doc_object(a);
    for (const struct field *f = fields; f->name; f++) {
        struct doc *value = encode_field(a, f, from);
        if (value)
            doc_set(a, object, f->name, value);
    }
    return object;
}
