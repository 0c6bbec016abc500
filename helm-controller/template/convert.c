/*
 * convert.c: documents and values; the contract is in convert.h.
 */
#include "helm-controller/template/convert.h"

#include "helm-controller/template/gofmt.h"
#include "helm-controller/template/layout.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/base64.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/rune.h"
#include "libgotk/doc/yml.h"

#include <math.h>
#include <stdlib.h>

#define DEPTH_MAX 100000 /* what is a part of itself has no end */
#define TEXT_MAX  (512u << 20)
#define KEY_MAX   1024 /* characters of a key in JSON, quotes included, that go-yaml takes */

/* Documents keep a NUL inside a string as C0 80 (doc.h). */
static struct value text_of(struct arena *a, const char *s)
{
    struct strv text = str_with_nuls(a, s);
    return v_str(text.p, text.n);
}

struct value convert_from_doc(struct arena *a, const struct doc *d)
{
    struct vlist *list;
    struct vmap *map;
    switch (doc_kind(d)) {
    case DOC_BOOL:
        return v_bool(doc_is_true(d, false));
    case DOC_NUMBER:
        return v_float(strtod(doc_literal(d), NULL));
    case DOC_STRING:
        return text_of(a, doc_text(d));
    case DOC_ARRAY:
        list = vlist_new(a, doc_len(d));
        doc_each (item, d)
            vlist_push(a, list, convert_from_doc(a, item));
        return v_list(V_LIST, list);
    case DOC_OBJECT:
        map = vmap_new(a);
        doc_each (member, d) {
            struct value key = text_of(a, doc_key(member));
            vmap_set(map, v_view(key), convert_from_doc(a, member));
        }
        return v_map(map);
    default:
        return (struct value){ .type = V_NIL };
    }
}

static struct doc *string_doc(struct arena *a, struct strv s, bool utf8)
{
    if (!utf8 || str_is_utf8(s.p, s.n))
        return doc_nstring(a, s.p, s.n);
    struct buf out = buf_new(a, s.n * 3);
    size_t width;
    for (size_t i = 0; i < s.n; i += width) {
        char bytes[4];
        buf_add(&out, bytes, rune_encode(rune_decode(s.p + i, s.n - i, &width), bytes));
    }
    return doc_nstring(a, out.data, out.len);
}

/* What is on its way from values to a document. */
struct writer {
    struct ctx *cx;
    bool utf8;
    bool go;   /* by Go types, as YAML: no JSON in between */
    bool yaml; /* as JSON that go-yaml reads again */
    int lines; /* line breaks in that JSON so far */
    int depth;
};

static int write_value(struct writer *w, struct value v, struct doc **ret);

/* What stands unescaped in JSON although YAML allows it nowhere: DEL, the controls above ASCII, U+FFFE and U+FFFF. */
static bool is_forbidden(uint32_t c)
{
    return c == 0x7F || (c >= 0x80 && c < 0xA0 && c != 0x85) || c == 0xFFFE || c == 0xFFFF;
}

static bool may_change(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x7F)
            return true;
    return false;
}

/* A run of line breaks (NEL), and the spaces around them: one is read as a space, more as one line break less. */
static size_t fold(struct writer *w, struct buf *out, struct strv s, size_t i)
{
    size_t breaks = 0;
    while (out->len && out->data[out->len - 1] == ' ')
        buf_cut(out, out->len - 1);
    for (; i < s.n; i++) {
        bool nel = i + 1 < s.n && memcmp(s.p + i, "\xC2\x85", 2) == 0;
        if (!nel && s.p[i] != ' ')
            break;
        breaks += nel;
        i += nel;
    }
    w->lines += (int)breaks;
    for (size_t k = 1; k < breaks; k++)
        buf_char(out, '\n');
    if (breaks == 1)
        buf_char(out, ' ');
    return i;
}

/* The characters that a code point takes in Go's JSON. */
static size_t json_width(uint32_t c)
{
    if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f')
        return 2;
    return c < ' ' || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029 ? 6 : 1;
}

/* go-yaml forgets what could have been a key after so many characters, or on the next line. */
static int fail_key(const struct writer *w)
{
    const char *what = "did not find expected ',' or '}'";
    return w->lines ? err_fail(w->cx, ERR_INVALID, "yaml: line %d: %s", w->lines, what)
                    : err_fail(w->cx, ERR_INVALID, "yaml: %s", what);
}

/* A string of JSON as YAML reads it. */
static int through_yaml(struct writer *w, struct strv *s, bool key)
{
    struct buf out = buf_new(w->cx->arena, s->n + 1);
    size_t width, length = 2;
    int before = w->lines;
    if (!may_change(*s) && (!key || s->n <= KEY_MAX / 6))
        return 0;
    for (size_t i = 0; i < s->n;) {
        uint32_t c = rune_decode(s->p + i, s->n - i, &width);
        if (is_forbidden(c))
            return err_fail(w->cx, ERR_INVALID, "yaml: control characters are not allowed");
        length += json_width(c);
        if (c == 0x85) {
            i = fold(w, &out, *s, i);
            continue;
        }
        buf_add(&out, s->p + i, width);
        i += width;
    }
    if (key && (length > KEY_MAX || w->lines > before))
        return fail_key(w);
    *s = (struct strv){ buf_text(&out), out.len };
    return 0;
}

static bool is_written(struct strv s, const char *text)
{
    return strlen(text) == s.n && memcmp(text, s.p, s.n) == 0;
}

static int write_map(struct writer *w, const struct vmap *map, struct doc **ret)
{
    struct arena *a = w->cx->arena;
    size_t n;
    const struct vmap_entry **sorted = vmap_sorted(map, a, &n);
    bool distinct = true; /* until a key is written as something else, which may be another key */
    *ret = doc_object(a);
    for (size_t i = 0; i < n; i++) {
        struct strv name = sorted[i]->key;
        if (w->yaml && through_yaml(w, &name, true) < 0)
            return err_code(w->cx);
        struct doc *child = NULL, *key = string_doc(a, name, w->utf8);
        if (write_value(w, sorted[i]->value, &child) < 0)
            return err_code(w->cx);
        distinct = distinct && is_written(sorted[i]->key, doc_text(key));
        (distinct ? doc_add : doc_set)(a, *ret, doc_text(key), child);
    }
    return 0;
}

static int write_list(struct writer *w, struct value v, struct doc **ret)
{
    *ret = doc_array(w->cx->arena);
    for (size_t i = 0; i < value_len(v); i++) {
        struct doc *child = NULL;
        if (write_value(w, v.list->at[i], &child) < 0)
            return err_code(w->cx);
        doc_append(*ret, child);
    }
    return 0;
}

static int write_fields(struct writer *w, const struct object *o, struct doc **ret)
{
    struct arena *a = w->cx->arena;
    *ret = doc_object(a);
    if (w->go)
        doc_keep_order(*ret);
    for (size_t i = 0; i < o->type->fields_count; i++) {
        const struct object_field *f = &o->type->fields[i];
        const char *key = w->go ? str_lower(a, f->name) : f->json ? f->json : f->name;
        struct value v = f->get(o->data);
        struct doc *child = NULL;
        bool omit = str_ends(key, "?");
        if (f->unexported || (omit && !value_is_true(v)))
            continue;
        if (write_value(w, v, &child) < 0)
            return err_code(w->cx);
        doc_set(a, *ret, omit ? str_ndup(a, key, strlen(key) - 1) : key, child);
    }
    return 0;
}

static int write_object(struct writer *w, const struct object *o, struct doc **ret)
{
    struct arena *a = w->cx->arena;
    bool is_time = strcmp(o->type->name, "time.Time") == 0;
    const char *unfit = is_time && !w->go ? layout_strict_error(o->data) : NULL;
    if (unfit)
        return err_fail(w->cx, ERR_INVALID,
                        "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: %s", unfit);
    if (o->type->json) {
        struct buf out = buf_new(a, TEXT_MAX);
        o->type->json(&out, o->data);
        *ret = w->go && is_time ? doc_number(a, buf_text(&out)) : doc_nstring(a, buf_text(&out), out.len);
        return 0;
    }
    if (o->type->elements)
        return write_value(w, o->type->elements(a, o->data), ret);
    return write_fields(w, o, ret);
}

/* A float as go-yaml prints it. */
static struct doc *go_float(struct arena *a, double f)
{
    char text[64];
    if (isnan(f))
        return doc_number(a, ".nan");
    if (isinf(f))
        return doc_number(a, f > 0 ? ".inf" : "-.inf");
    gofmt_float(text, sizeof(text), f, 'g', -1);
    return doc_number(a, text);
}

static struct doc *go_bytes(struct arena *a, struct value v)
{
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < v.len; i++)
        doc_append(list, doc_int(a, (unsigned char)v.s[i]));
    return list;
}

/* Bytes that are no UTF-8 have a tag of their own in YAML. */
static int write_string(struct writer *w, struct strv s, struct doc **ret)
{
    struct arena *a = w->cx->arena;
    if (w->yaml && through_yaml(w, &s, false) < 0)
        return err_code(w->cx);
    if (w->go && !str_is_utf8(s.p, s.n))
        *ret = doc_number(a, str_fmt(a, "!!binary %s", base64_encode(a, s.p, s.n)));
    else
        *ret = string_doc(a, s, w->utf8);
    return 0;
}

static int write_scalar(struct writer *w, struct value v, struct doc **ret)
{
    struct arena *a = w->cx->arena;
    switch (v.type) {
    case V_BOOL:
        *ret = doc_bool(a, v.b);
        return 0;
    case V_UINT8:
    case V_UINT32:
    case V_UINT64:
        *ret = doc_number(a, str_fmt(a, "%lu", v.u));
        return 0;
    case V_FLOAT64:
        if (w->go) {
            *ret = go_float(a, v.f);
            return 0;
        }
        if (!isfinite(v.f))
            return err_fail(w->cx, ERR_INVALID, "json: unsupported value: %s",
                            isnan(v.f) ? "NaN"
                            : v.f > 0  ? "+Inf"
                                       : "-Inf");
        *ret = doc_double(a, v.f);
        return 0;
    case V_COMPLEX:
        return w->go ? err_fail(w->cx, ERR_UNSUPPORTED, "cannot marshal type: complex128")
                     : err_fail(w->cx, ERR_INVALID, "json: unsupported type: complex128");
    case V_STRING:
        return write_string(w, v_view(v), ret);
    case V_DURATION:
        *ret = w->go ? doc_string(a, gotime_print_duration(a, v.i)) : doc_int(a, v.i);
        return 0;
    case V_BYTES:
        if (w->go) {
            *ret = go_bytes(a, v);
            return 0;
        }
        *ret = v.s ? doc_string(a, base64_encode(a, v.s, v.len)) : doc_null(a);
        return 0;
    default:
        *ret = doc_int(a, v.i);
        return 0;
    }
}

static int write_value(struct writer *w, struct value v, struct doc **ret)
{
    int rc;
    if (++w->depth > DEPTH_MAX)
        return err_fail(w->cx, ERR_LIMIT, "values are nested deeper than %d", DEPTH_MAX);
    bool nil = v.type == V_NIL || v.type == V_INVALID || (value_is_nil(v) && !w->go);
    if (nil && v.type != V_BYTES) {
        *ret = doc_null(w->cx->arena);
        rc = ctx_check(w->cx);
    } else if (value_is_map(v)) {
        rc = write_map(w, v.map, ret);
    } else if (value_is_list(v)) {
        rc = write_list(w, v, ret);
    } else if (v.type == V_OBJECT) {
        rc = write_object(w, v.object, ret);
    } else {
        rc = write_scalar(w, v, ret);
    }
    w->depth--;
    return rc;
}

int convert_to_doc(struct ctx *cx, struct value v, bool utf8, struct doc **ret)
{
    struct writer w = { .cx = cx, .utf8 = utf8 };
    return write_value(&w, v, ret);
}

int convert_to_yaml(struct ctx *cx, struct value v, struct value *ret)
{
    struct doc *d = NULL;
    struct buf out = buf_new(cx->arena, TEXT_MAX);
    struct writer w = { .cx = cx, .utf8 = true, .yaml = true };
    if (write_value(&w, v, &d) < 0)
        return str_starts(err_message(cx), "yaml: ") ? err_code(cx)
                                                     : err_wrap(cx, "error marshaling into JSON");
    yml_print(&out, d);
    bool newline = out.len && out.data[out.len - 1] == '\n';
    *ret = v_str(buf_text(&out), out.len - newline);
    return buf_ok(cx, &out, "the YAML");
}

int convert_to_pretty_yaml(struct ctx *cx, struct value v, struct value *ret)
{
    struct doc *d = NULL;
    struct buf out = buf_new(cx->arena, TEXT_MAX);
    struct writer w = { .cx = cx, .utf8 = true, .go = true };
    if (write_value(&w, v, &d) < 0)
        return err_code(cx);
    yml_print_pretty(&out, d);
    bool newline = out.len && out.data[out.len - 1] == '\n';
    *ret = v_str(buf_text(&out), out.len - newline);
    return buf_ok(cx, &out, "the YAML");
}
