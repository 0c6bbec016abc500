/*
 * toml_print.c: the TOML printer; the contract is in toml_print.h.
 */
#include "helm-controller/template/toml_print.h"

#include "helm-controller/template/gofmt.h"
#include "helm-controller/template/layout.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/vec.h"

#include <math.h>
#include <string.h>

#define DEPTH_MAX 10000

VEC_NAMED(toml_key, struct strv);

struct printer {
    struct ctx *cx;
    struct buf *out;
    struct toml_key key; /* of the table being printed */
    int depth;
};

static int print_element(struct printer *p, struct value v);
static int print_member(struct printer *p, struct value v);

static void put_quoted(struct buf *out, struct strv s)
{
    static const char letters[] = "\b\t\n\f\r\"\\", escapes[] = "btnfr\"\\";
    buf_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *at = c ? strchr(letters, c) : NULL;
        if (at)
            buf_fmt(out, "\\%c", escapes[at - letters]);
        else if (c < ' ' || c == 0x7F)
            buf_fmt(out, "\\u%04x", c);
        else
            buf_char(out, (char)c);
    }
    buf_char(out, '"');
}

static bool is_bare(struct strv s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return s.n > 0;
}

void toml_print_key(struct buf *out, struct strv s)
{
    if (is_bare(s))
        buf_add(out, s.p, s.n);
    else
        put_quoted(out, s);
}

/* A struct's fields as a map; values of other types as they are. */
static struct value as_map(struct printer *p, struct value v)
{
    struct arena *a = p->cx->arena;
    if (v.type != V_OBJECT || v.object->type->json)
        return v;
    if (v.object->type->elements)
        return v.object->type->elements(a, v.object->data);
    struct vmap *m = vmap_new(a);
    m->ordered = true;
    for (size_t i = 0; i < v.object->type->fields_count; i++)
        if (!v.object->type->fields[i].unexported)
            vmap_set_text(m, v.object->type->fields[i].name, v.object->type->fields[i].get(v.object->data));
    return v_map(m);
}

static bool is_nil(struct value v)
{
    return v.type != V_BYTES && value_is_nil(v);
}

/* Whether all elements of a list that has some are tables; fails on one that is nothing. */
static int is_table_list(struct printer *p, struct value v, bool *ret)
{
    *ret = value_len(v) > 0 && v.type != V_BYTES;
    for (size_t i = 0; i < value_len(v) && v.type != V_BYTES; i++) {
        struct value item = as_map(p, vlist_at(v, i));
        if (is_nil(item))
            return err_fail(p->cx, ERR_INVALID, "toml: cannot encode array with nil element");
        bool ignored;
        if (value_is_list(item) && is_table_list(p, item, &ignored) < 0)
            return err_code(p->cx);
        *ret = *ret && value_is_map(item);
    }
    return 0;
}

/* Whether a member goes behind the plain ones. */
static int is_sub(struct printer *p, struct value v, bool *ret)
{
    v = as_map(p, v);
    *ret = value_is_map(v) && !is_nil(v);
    return value_kind(v) == K_SLICE && !is_nil(v) ? is_table_list(p, v, ret) : 0;
}

static void put_float(struct buf *out, double f)
{
    char text[64];
    if (isnan(f) || isinf(f)) {
        buf_fmt(out, "%s%s", signbit(f) ? "-" : "", isnan(f) ? "nan" : "inf");
        return;
    }
    gofmt_float(text, sizeof(text), f, 'g', -1);
    buf_fmt(out, "%s%s", text, strpbrk(text, "e.") ? "" : ".0");
}

static void put_indent(struct printer *p, size_t levels)
{
    for (size_t i = 0; i < levels; i++)
        buf_str(p->out, "  ");
}

static int print_inline_list(struct printer *p, struct value v)
{
    size_t n = value_len(v);
    buf_char(p->out, '[');
    for (size_t i = 0; i < n; i++) {
        buf_str(p->out, i ? ", " : "");
        if (print_element(p, vlist_at(v, i)) < 0)
            return err_code(p->cx);
    }
    buf_char(p->out, ']');
    return 0;
}

/* The members of one sort (plain or tables) of an inline table. */
static int print_inline_members(struct printer *p, const struct vmap_entry **sorted, size_t n, bool sub,
                                bool more)
{
    size_t last = n;
    for (size_t i = 0; i < n; i++) {
        bool is_table;
        if (is_sub(p, sorted[i]->value, &is_table) < 0)
            return err_code(p->cx);
        last = is_table == sub ? i : last;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_table;
        if (is_sub(p, sorted[i]->value, &is_table) < 0)
            return err_code(p->cx);
        if (is_table != sub || is_nil(as_map(p, sorted[i]->value)))
            continue;
        toml_print_key(p->out, sorted[i]->key);
        buf_str(p->out, " = ");
        if (print_element(p, sorted[i]->value) < 0)
            return err_code(p->cx);
        buf_str(p->out, more || i != last ? ", " : "");
    }
    return 0;
}

static int print_inline_table(struct printer *p, const struct vmap *map)
{
    size_t n, subs = 0;
    const struct vmap_entry **sorted = vmap_sorted(map, p->cx->arena, &n);
    for (size_t i = 0; i < n; i++) {
        bool sub;
        if (is_sub(p, sorted[i]->value, &sub) < 0)
            return err_code(p->cx);
        subs += sub;
    }
    buf_char(p->out, '{');
    if (print_inline_members(p, sorted, n, false, subs > 0) < 0 ||
        print_inline_members(p, sorted, n, true, false) < 0)
        return err_code(p->cx);
    buf_char(p->out, '}');
    return 0;
}

/* A time as it was read: those without a zone keep their form. */
static void put_time(struct printer *p, const struct moment *m)
{
    static const char *const forms[][2] = {
        { "datetime-local", "2006-01-02T15:04:05.999999999" },
        { "date-local", "2006-01-02" },
        { "time-local", "15:04:05.999999999" },
    };
    const char *layout = "2006-01-02T15:04:05.999999999Z07:00";
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (str_eq(m->zone, forms[i][0]))
            layout = forms[i][1];
    layout_format(p->out, m, (struct strv){ layout, strlen(layout) });
}

/* A time is written bare, any other object that has a text as a string. */
static void put_object(struct printer *p, const struct object *o)
{
    struct buf text = buf_new(p->cx->arena, 1 << 20);
    if (strcmp(o->type->name, "time.Time") == 0) {
        put_time(p, o->data);
        return;
    }
    o->type->json(&text, o->data);
    put_quoted(p->out, (struct strv){ buf_text(&text), text.len });
}

static int print_scalar(struct printer *p, struct value v)
{
    switch (v.type) {
    case V_STRING:
        put_quoted(p->out, v_view(v));
        return 0;
    case V_BOOL:
        buf_str(p->out, v.b ? "true" : "false");
        return 0;
    case V_FLOAT64:
        put_float(p->out, v.f);
        return 0;
    case V_UINT8:
    case V_UINT32:
    case V_UINT64:
        buf_fmt(p->out, "%lu", v.u);
        return 0;
    case V_DURATION:
        buf_fmt(p->out, "\"%s\"", gotime_print_duration(p->cx->arena, v.i));
        return 0;
    case V_OBJECT:
        put_object(p, v.object);
        return 0;
    case V_COMPLEX:
        return err_fail(p->cx, ERR_INVALID, "unsupported type: complex128");
    default:
        buf_fmt(p->out, "%ld", v.i);
        return 0;
    }
}

static int print_element(struct printer *p, struct value v)
{
    int rc;
    v = as_map(p, v);
    if (++p->depth > DEPTH_MAX)
        return err_fail(p->cx, ERR_LIMIT, "values are nested deeper than %d", DEPTH_MAX);
    if (value_is_map(v))
        rc = print_inline_table(p, v.map);
    else if (value_kind(v) == K_SLICE)
        rc = print_inline_list(p, v);
    else
        rc = print_scalar(p, v);
    p->depth--;
    return rc;
}

static void put_newline(struct printer *p)
{
    buf_str(p->out, p->out->len ? "\n" : "");
}

static int print_key_value(struct printer *p, struct value v)
{
    if (p->key.len == 0)
        return print_element(p, v);
    put_indent(p, p->key.len - 1);
    toml_print_key(p->out, p->key.at[p->key.len - 1]);
    buf_str(p->out, " = ");
    if (print_element(p, v) < 0)
        return err_code(p->cx);
    put_newline(p);
    return 0;
}

/* [a.b] or [[a.b]] */
static void put_header(struct printer *p, const char *open, const char *close)
{
    put_indent(p, p->key.len - 1);
    buf_str(p->out, open);
    for (size_t i = 0; i < p->key.len; i++) {
        buf_str(p->out, i ? "." : "");
        toml_print_key(p->out, p->key.at[i]);
    }
    buf_fmt(p->out, "%s\n", close);
}

static int print_members(struct printer *p, const struct vmap *map)
{
    size_t n;
    const struct vmap_entry **sorted = vmap_sorted(map, p->cx->arena, &n);
    for (int sub = 0; sub < 2; sub++) {
        for (size_t i = 0; i < n; i++) {
            bool is_table;
            if (is_sub(p, sorted[i]->value, &is_table) < 0)
                return err_code(p->cx);
            if (is_table != sub || is_nil(as_map(p, sorted[i]->value)))
                continue;
            vec_push(p->cx->arena, &p->key, sorted[i]->key);
            if (print_member(p, sorted[i]->value) < 0)
                return err_code(p->cx);
            p->key.len--;
        }
    }
    return 0;
}

static int print_table(struct printer *p, const struct vmap *map)
{
    if (p->key.len == 1)
        put_newline(p);
    if (p->key.len > 0)
        put_header(p, "[", "]");
    return print_members(p, map);
}

static int print_tables(struct printer *p, struct value list)
{
    if (p->key.len == 0)
        return err_fail(p->cx, ERR_INVALID, "toml: top-level values must be Go maps or structs");
    for (size_t i = 0; i < value_len(list); i++) {
        struct value item = as_map(p, vlist_at(list, i));
        put_newline(p);
        put_header(p, "[[", "]]");
        if (print_members(p, item.map) < 0)
            return err_code(p->cx);
    }
    return 0;
}

static int print_member(struct printer *p, struct value v)
{
    bool tables = false;
    int rc;
    v = as_map(p, v);
    if (++p->depth > DEPTH_MAX)
        return err_fail(p->cx, ERR_LIMIT, "values are nested deeper than %d", DEPTH_MAX);
    if (value_kind(v) == K_SLICE && is_table_list(p, v, &tables) < 0)
        return err_code(p->cx);
    if (tables)
        rc = print_tables(p, v);
    else if (value_is_map(v))
        rc = is_nil(v) ? 0 : print_table(p, v.map);
    else if (v.type == V_COMPLEX)
        rc = err_fail(p->cx, ERR_INVALID, "unsupported type%s: complex128",
                      p->depth == 1 ? " for key ''" : "");
    else
        rc = v.type == V_NIL || v.type == V_INVALID ? 0 : print_key_value(p, v);
    p->depth--;
    return rc;
}

int toml_print(struct ctx *cx, struct buf *out, struct value v)
{
    struct printer p = { .cx = cx, .out = out };
    return print_member(&p, v);
}
