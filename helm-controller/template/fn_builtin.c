/*
 * fn_builtin.c: the functions that come with Go's templates. `and`, `or` and `call` are rows only: the evaluator
 * treats them itself. `slice` is Sprig's.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/gofmt.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/rune.h"

static int invalid_comparison(struct exec *x)
{
    return fn_fail(x, "invalid type for comparison");
}

static bool is_basic(struct value v)
{
    enum vkind kind = value_kind(v);
    return kind == K_BOOL || kind == K_COMPLEX || kind == K_INT || kind == K_FLOAT || kind == K_STRING ||
           kind == K_UINT;
}

static int incompatible(struct exec *x, struct value a, struct value b)
{
    return fn_fail(x, "incompatible types for comparison: %s and %s", value_type_name(a), value_type_name(b));
}

static bool same_string(struct value a, struct value b)
{
    return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

/* Of two values of the same basic kind. */
static bool equal_basic(struct value a, struct value b)
{
    switch (value_kind(a)) {
    case K_BOOL:
        return a.b == b.b;
    case K_COMPLEX:
        return a.c->re == b.c->re && a.c->im == b.c->im;
    case K_FLOAT:
        return a.f == b.f;
    case K_STRING:
        return same_string(a, b);
    default:
        return a.i == b.i;
    }
}

/* The value under a verb. */
static const char *text_of(struct exec *x, const char *verb, struct value v)
{
    struct buf out = fn_buf(x);
    gofmt_sprintf(&out, (struct strv){ verb, strlen(verb) }, &v, 1);
    return buf_text(&out);
}

/* Of two values of which neither is basic. */
static int equal_other(struct exec *x, struct value a, struct value b, bool *ret)
{
    enum vkind ka = value_kind(a), kb = value_kind(b);
    if (ka != kb && ka != K_INVALID && kb != K_INVALID)
        return fn_fail(x, "non-comparable types %s: %s, %s: %s", text_of(x, "%s", a), value_type_name(a),
                       value_type_name(b), text_of(x, "%v", b));
    if (value_is_nil(a) || value_is_nil(b)) {
        *ret = value_is_nil(a) == value_is_nil(b);
        return 0;
    }
    if (kb == K_MAP || kb == K_SLICE)
        return fn_fail(x, "non-comparable type %s: %s", text_of(x, "%s", b), value_type_name(b));
    *ret = a.type == V_OBJECT && b.type == V_OBJECT ? value_same_object(a, b) : value_deep_equal(a, b);
    return 0;
}

static int equal(struct exec *x, struct value a, struct value b, bool *ret)
{
    enum vkind ka = value_kind(a), kb = value_kind(b);
    *ret = false;
    if (!is_basic(a) && !is_basic(b))
        return equal_other(x, a, b, ret);
    if (ka == kb)
        *ret = equal_basic(a, b);
    else if ((ka == K_INT && kb == K_UINT) || (ka == K_UINT && kb == K_INT))
        *ret = a.i >= 0 && a.i == b.i;
    else if (ka != K_INVALID && kb != K_INVALID)
        return incompatible(x, a, b);
    return 0;
}

FN(fn_eq)
{
    bool same = false;
    struct value a = value_unboxed(args[0]);
    if (n == 1)
        return fn_fail(x, "missing argument for comparison");
    for (size_t i = 1; i < n && !same; i++)
        if (equal(x, a, value_unboxed(args[i]), &same) < 0)
            return err_code(x->cx);
    *ret = v_bool(same);
    return 0;
}

FN(fn_ne)
{
    if (fn_eq(x, args, n, ret) < 0)
        return err_code(x->cx);
    ret->b = !ret->b;
    return 0;
}

static int order_strings(struct value a, struct value b)
{
    int order = memcmp(a.s, b.s, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int less(struct exec *x, struct value a, struct value b, bool *ret)
{
    enum vkind ka = value_kind(a), kb = value_kind(b);
    if (!is_basic(a) || !is_basic(b))
        return invalid_comparison(x);
    if (ka == K_INT && kb == K_UINT)
        *ret = a.i < 0 || (uint64_t)a.i < b.u;
    else if (ka == K_UINT && kb == K_INT)
        *ret = b.i >= 0 && a.u < (uint64_t)b.i;
    else if (ka != kb)
        return incompatible(x, a, b);
    else if (ka == K_BOOL || ka == K_COMPLEX)
        return invalid_comparison(x);
    else if (ka == K_FLOAT)
        *ret = a.f < b.f;
    else if (ka == K_STRING)
        *ret = order_strings(a, b) < 0;
    else
        *ret = ka == K_INT ? a.i < b.i : a.u < b.u;
    return 0;
}

static int less_or_equal(struct exec *x, struct value a, struct value b, bool *ret)
{
    if (less(x, a, b, ret) < 0)
        return err_code(x->cx);
    return *ret ? 0 : equal(x, a, b, ret);
}

#define COMPARISON(name, test, negate)                                                                       \
    FN(name)                                                                                                 \
    {                                                                                                        \
        bool result;                                                                                         \
        if (test(x, value_unboxed(args[0]), value_unboxed(args[1]), &result) < 0)                            \
            return err_code(x->cx);                                                                          \
        *ret = v_bool(result != (negate));                                                                   \
        return 0;                                                                                            \
    }
COMPARISON(fn_lt, less, false)
COMPARISON(fn_le, less_or_equal, false)
COMPARISON(fn_gt, less_or_equal, true)
COMPARISON(fn_ge, less, true)

FN(fn_not)
{
    *ret = v_bool(!value_is_true(value_unboxed(args[0])));
    return 0;
}

/* A list's or string's index from a value. */
static int index_of(struct exec *x, struct value index, size_t len, size_t *ret)
{
    enum vkind kind = value_kind(index);
    if (kind == K_INVALID)
        return fn_fail(x, "cannot index slice/array with nil");
    if (kind != K_INT && kind != K_UINT)
        return fn_fail(x, "cannot index slice/array with type %s", value_type_name(index));
    if (index.i < 0 || (uint64_t)index.i > len)
        return fn_fail(x, "index out of range: %ld", index.i);
    *ret = (size_t)index.i;
    return 0;
}

static int index_list(struct exec *x, struct value list, struct value index, struct value *ret)
{
    size_t i;
    bool is_string = list.type == V_STRING;
    if (index_of(x, index, value_len(list), &i) < 0)
        return err_code(x->cx);
    if (i == value_len(list))
        return fn_fail(x, "reflect: %s index out of range", is_string ? "string" : "slice");
    if (is_string)
        *ret = (struct value){ .type = V_UINT8, .u = (unsigned char)list.s[i] };
    else
        *ret = vlist_at(list, i);
    return 0;
}

static int index_map(struct exec *x, struct value map, struct value key, struct value *ret)
{
    if (key.type == V_INVALID)
        return fn_fail(x, "value is nil; should be of type string");
    if (key.type != V_STRING)
        return fn_fail(x, "value has type %s; should be string", value_type_name(key));
    if (map.type == V_OBJECT)
        map.object->type->find(map.object->data, v_view(key), ret);
    else if (vmap_get(map.map, v_view(key), ret))
        ret->boxed = map.type != V_STRMAP;
    else
        *ret = map.type == V_STRMAP ? v_str("", 0) : v_nil();
    return 0;
}

FN(fn_index)
{
    struct value item = value_unboxed(args[0]);
    if (item.type == V_INVALID)
        return fn_fail(x, "index of untyped nil");
    for (size_t i = 1; i < n; i++) {
        struct value index = value_unboxed(args[i]);
        if (item.type == V_NIL)
            return fn_fail(x, "index of nil pointer");
        item.boxed = false;
        enum vkind kind = value_kind(item);
        if (kind != K_MAP && kind != K_SLICE && kind != K_STRING)
            return fn_fail(x, "can't index item of type %s", value_type_name(item) + (kind == K_POINTER));
        if (kind == K_MAP ? index_map(x, item, index, &item) < 0 : index_list(x, item, index, &item) < 0)
            return err_code(x->cx);
    }
    *ret = item;
    return 0;
}

FN(fn_len)
{
    enum vkind kind = value_kind(args[0]);
    if (kind == K_INTERFACE)
        return fn_fail(x, "len of nil pointer");
    if (kind == K_INVALID)
        return fn_fail(x, "reflect: call of reflect.Value.Type on zero Value");
    if (kind != K_MAP && kind != K_SLICE && kind != K_STRING)
        return fn_fail(x, "len of type %s", value_type_name(args[0]) + (kind == K_POINTER));
    *ret = v_int((int64_t)value_len(args[0]));
    return 0;
}

FN(fn_print)
{
    struct buf out = fn_buf(x);
    gofmt_sprint(&out, args, n);
    return fn_take(x, &out, ret);
}

FN(fn_println)
{
    struct buf out = fn_buf(x);
    gofmt_sprintln(&out, args, n);
    return fn_take(x, &out, ret);
}

FN(fn_printf)
{
    struct buf out = fn_buf(x);
    gofmt_sprintf(&out, v_view(args[0]), args + 1, n - 1);
    return fn_take(x, &out, ret);
}

/* The arguments as one text: a string as it is, nil as <no value>, several as Sprint prints them. */
static struct strv joined(struct exec *x, const struct value *args, size_t n)
{
    struct buf out = fn_buf(x);
    struct value *shown = ARENA_ARRAY(x->cx->arena, struct value, n + 1);
    for (size_t i = 0; i < n; i++)
        shown[i] = args[i].type == V_NIL ? v_text("<no value>") : args[i];
    gofmt_sprint(&out, shown, n);
    return (struct strv){ buf_text(&out), out.len };
}

FN(fn_html)
{
    static const char *const escapes[256] = {
        ['"'] = "&#34;", ['\''] = "&#39;", ['&'] = "&amp;",
        ['<'] = "&lt;",  ['>'] = "&gt;",   [0] = "\xEF\xBF\xBD",
    };
    struct buf out = fn_buf(x);
    struct strv s = joined(x, args, n);
    for (size_t i = 0; i < s.n; i++) {
        const char *escape = escapes[(unsigned char)s.p[i]];
        if (escape)
            buf_str(&out, escape);
        else
            buf_char(&out, s.p[i]);
    }
    return fn_take(x, &out, ret);
}

static void add_js(struct buf *out, uint32_t rune)
{
    char utf8[4];
    if (rune == '\\' || rune == '\'' || rune == '"')
        buf_fmt(out, "\\%c", (int)rune);
    else if (rune < ' ' || (rune < 0x80 && rune && strchr("<>&=", (int)rune)) ||
             !(rune < 0x80 || rune_is_print(rune)))
        buf_fmt(out, "\\u%04X", rune);
    else
        buf_add(out, utf8, rune_encode(rune, utf8));
}

FN(fn_js)
{
    struct buf out = fn_buf(x);
    struct strv s = joined(x, args, n);
    size_t width;
    for (size_t i = 0; i < s.n; i += width) {
        uint32_t rune = rune_decode(s.p + i, s.n - i, &width);
        if (rune == RUNE_ERROR && width == 1)
            buf_char(&out, s.p[i]);
        else
            add_js(&out, rune);
    }
    return fn_take(x, &out, ret);
}

FN(fn_urlquery)
{
    struct buf out = fn_buf(x);
    struct strv s = joined(x, args, n);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c < 0x80 && (rune_is_letter(c) || rune_is_digit(c))) || (c && strchr("-_.~", c));
        if (plain)
            buf_char(&out, (char)c);
        else if (c == ' ')
            buf_char(&out, '+');
        else
            buf_fmt(&out, "%%%02X", c);
    }
    return fn_take(x, &out, ret);
}

static const struct function rows[] = {
    { "and", "rr*", NULL },      { "or", "rr*", NULL },           { "call", "rr*", NULL },
    { "not", "r", fn_not },      { "eq", "rr*", fn_eq },          { "ne", "rr", fn_ne },
    { "lt", "rr", fn_lt },       { "le", "rr", fn_le },           { "gt", "rr", fn_gt },
    { "ge", "rr", fn_ge },       { "index", "rr*", fn_index },    { "len", "r", fn_len },
    { "print", "a*", fn_print }, { "println", "a*", fn_println }, { "printf", "sa*", fn_printf },
    { "html", "a*", fn_html },   { "js", "a*", fn_js },           { "urlquery", "a*", fn_urlquery },
};
const struct function_table fn_builtin = { rows, ARRAY_LEN(rows) };
