/*
 * decode.c: documents to structs and back, by field tables; the contract is in decode.h.
 *
 * One function per kind of field and direction, found in a table. Any thread; no state.
 */
#include "libgotk/doc/decode.h"

#include "libgotk/base/str.h"

/* Where a value is decoded to, and what it is called in messages. */
struct place {
    const struct field *field;
    const char *path;
    char *base; /* the struct */
};

static void *member(const struct place *p)
{
    return p->base + p->field->offset;
}

static size_t *count_member(const struct place *p)
{
    return (size_t *)(void *)(p->base + p->field->count_offset);
}

static int wrong_kind(struct ctx *cx, const struct doc *d, const char *path, const char *wanted)
{
    return err_fail(cx, ERR_INVALID, "%s: expected %s, got %s", path, wanted, doc_kind_name(d));
}

static int decode_string(struct ctx *cx, const struct doc *d, const struct place *p)
{
    if (doc_kind(d) != DOC_STRING)
        return wrong_kind(cx, d, p->path, "a string");
    *(const char **)member(p) = doc_text(d);
    return 0;
}

static int decode_bool(struct ctx *cx, const struct doc *d, const struct place *p)
{
    if (doc_kind(d) != DOC_BOOL)
        return wrong_kind(cx, d, p->path, "true or false");
    *(bool *)member(p) = doc_is_true(d, false);
    return 0;
}

static int decode_int(struct ctx *cx, const struct doc *d, const struct place *p)
{
    if (!doc_get_int(d, member(p)))
        return wrong_kind(cx, d, p->path, "a whole number");
    return 0;
}

static int decode_nested(struct ctx *cx, const struct doc *d, const struct place *p)
{
    return decode_struct(cx, d, p->field->fields, p->path, member(p));
}

static int decode_pointer(struct ctx *cx, const struct doc *d, const struct place *p)
{
    void *made = arena_alloc(cx->arena, p->field->size);
    if (decode_struct(cx, d, p->field->fields, p->path, made) < 0)
        return cx->err.code;
    *(void **)member(p) = made;
    return 0;
}

static int decode_list(struct ctx *cx, const struct doc *d, const struct place *p)
{
    size_t i = 0, size = p->field->size;
    if (doc_kind(d) != DOC_ARRAY)
        return wrong_kind(cx, d, p->path, "a list");
    char *items = arena_alloc(cx->arena, doc_len(d) * size);
    doc_each (item, d) {
        const char *path = str_fmt(cx->arena, "%s[%zu]", p->path, i);
        if (decode_struct(cx, item, p->field->fields, path, items + i++ * size) < 0)
            return cx->err.code;
    }
    *(void **)member(p) = items;
    *count_member(p) = i;
    return 0;
}

static int decode_string_list(struct ctx *cx, const struct doc *d, const struct place *p)
{
    size_t i = 0;
    if (doc_kind(d) != DOC_ARRAY)
        return wrong_kind(cx, d, p->path, "a list");
    const char **items = ARENA_ARRAY(cx->arena, const char *, doc_len(d));
    doc_each (item, d) {
        if (doc_kind(item) != DOC_STRING)
            return wrong_kind(cx, item, str_fmt(cx->arena, "%s[%zu]", p->path, i), "a string");
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

int decode_struct(struct ctx *cx, const struct doc *d, const struct field *fields, const char *where,
                  void *ret_struct)
{
    if (doc_kind(d) != DOC_OBJECT)
        return wrong_kind(cx, d, *where ? where : "(document)", "an object");
    for (const struct field *f = fields; f->name; f++) {
        const struct doc *value = doc_find(d, f->name);
        const char *path = *where ? str_fmt(cx->arena, "%s.%s", where, f->name) : f->name;
        if (doc_kind(value) == DOC_NULL) {
            if (f->flags & FIELD_REQUIRED)
                return err_fail(cx, ERR_INVALID, "%s: required, but missing", path);
            continue;
        }
        const struct place place = { f, path, ret_struct };
        if (decoders[f->kind](cx, value, &place) < 0)
            return cx->err.code;
    }
    return 0;
}

/* ---- the way back ------------------------------------------------------------------------------------------------ */

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
