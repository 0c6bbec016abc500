/*
 * gojson.c: the JSON reader of templates; the contract is in gojson.h.
 *
 * Recursive descent that sees a space behind the end of the text, as Go's scanner does: that is why a truncated number is
 * told as "invalid character ' '". Values out of range are told only when the whole text is well-formed.
 */
#include "helm-controller/template/gojson.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <math.h>
#include <stdlib.h>

#define DEPTH_MAX 10000

struct scanner {
    struct ctx *cx;
    const char *p;
    const char *end;
    int depth;
    const char *out_of_range; /* the first number that is no float64 */
};

const char *gojson_kind(struct value v)
{
    switch (v.type) {
    case V_BOOL:
        return "bool";
    case V_STRING:
        return "string";
    case V_LIST:
        return "array";
    case V_MAP:
        return "object";
    default:
        return "number";
    }
}

static int unexpected_end(struct scanner *s)
{
    return err_fail(s->cx, ERR_INVALID, "unexpected end of JSON input");
}

/* The byte that comes next; a space at the end. */
static char peek(const struct scanner *s)
{
    return s->p < s->end ? *s->p : ' ';
}

static int invalid(struct scanner *s, const char *context)
{
    char utf8[4], c = peek(s);
    size_t n = rune_encode((unsigned char)c, utf8);
    const char *quoted = quote_go(s->cx->arena, utf8, n);
    if (c == '\'')
        return err_fail(s->cx, ERR_INVALID, "invalid character '\\'' %s", context);
    if (c == '"')
        return err_fail(s->cx, ERR_INVALID, "invalid character '\"' %s", context);
    return err_fail(s->cx, ERR_INVALID, "invalid character '%.*s' %s", (int)strlen(quoted) - 2, quoted + 1,
                    context);
}

/* Fails at the end of the text. */
static int skip_space(struct scanner *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n'))
        s->p++;
    return s->p < s->end ? 0 : unexpected_end(s);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int read_digits(struct scanner *s, const char *context)
{
    if (!is_digit(peek(s)))
        return invalid(s, context);
    while (is_digit(peek(s)))
        s->p++;
    return 0;
}

static int scan_number(struct scanner *s)
{
    s->p += peek(s) == '-';
    if (peek(s) == '0')
        s->p++;
    else if (read_digits(s, "in numeric literal") < 0)
        return err_code(s->cx);
    if (peek(s) == '.') {
        s->p++;
        if (read_digits(s, "after decimal point in numeric literal") < 0)
            return err_code(s->cx);
    }
    if ((peek(s) | 0x20) == 'e') {
        s->p++;
        s->p += peek(s) == '+' || peek(s) == '-';
        return read_digits(s, "in exponent of numeric literal");
    }
    return 0;
}

static int read_number(struct scanner *s, struct value *ret)
{
    const char *from = s->p;
    if (scan_number(s) < 0)
        return err_code(s->cx);
    const char *text = str_ndup(s->cx->arena, from, (size_t)(s->p - from));
    *ret = v_float(strtod(text, NULL));
    if (!isinf(ret->f))
        return 0;
    if (s->depth > 0)
        *ret = (struct value){ .type = V_NIL };
    s->out_of_range = s->out_of_range ? s->out_of_range : text;
    return 0;
}

static int read_hex(struct scanner *s, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, s->p++) {
        char c = peek(s), lower = (char)(c | 0x20);
        if (!is_digit(c) && !(lower >= 'a' && lower <= 'f'))
            return invalid(s, "in \\u hexadecimal character escape");
        *ret = *ret << 4 | (uint32_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    return 0;
}

/* Behind "\u": halves of a pair are joined, half a pair alone is U+FFFD. */
static int read_unicode(struct scanner *s, struct buf *out)
{
    uint32_t rune, low;
    char utf8[4];
    if (read_hex(s, &rune) < 0)
        return err_code(s->cx);
    if (rune >= 0xD800 && rune <= 0xDBFF && s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u') {
        struct scanner ahead = *s;
        ahead.p += 2;
        if (read_hex(&ahead, &low) < 0)
            return err_code(s->cx);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            rune = 0x10000 + ((rune - 0xD800) << 10 | (low - 0xDC00));
            s->p = ahead.p;
        }
    }
    buf_add(out, utf8, rune_encode(rune, utf8));
    return 0;
}

static int read_escape(struct scanner *s, struct buf *out)
{
    static const char letters[] = "bfnrt\"\\/", chars[] = "\b\f\n\r\t\"\\/";
    char c = peek(s);
    const char *at = c ? strchr(letters, c) : NULL;
    if (!at && c != 'u')
        return invalid(s, "in string escape code");
    s->p++;
    if (c == 'u')
        return read_unicode(s, out);
    buf_char(out, chars[at - letters]);
    return 0;
}

/* Behind the opening quote. */
static int read_string(struct scanner *s, struct strv *ret)
{
    struct buf out = buf_new(s->cx->arena, (size_t)(s->end - s->p) * 3 + 1);
    for (;;) {
        size_t width;
        char utf8[4];
        if (s->p >= s->end)
            return unexpected_end(s);
        if (*s->p == '"')
            break;
        if (*s->p == '\\') {
            s->p++;
            if (read_escape(s, &out) < 0)
                return err_code(s->cx);
            continue;
        }
        if ((unsigned char)*s->p < ' ')
            return invalid(s, "in string literal");
        uint32_t rune = rune_decode(s->p, (size_t)(s->end - s->p), &width);
        buf_add(&out, utf8, rune_encode(rune, utf8));
        s->p += width;
    }
    s->p++;
    *ret = (struct strv){ buf_text(&out), out.len };
    return 0;
}

static int read_word(struct scanner *s, const char *word, struct value v, struct value *ret)
{
    for (const char *w = word; *w; w++, s->p++)
        if (peek(s) != *w)
            return invalid(s, str_fmt(s->cx->arena, "in literal %s (expecting '%c')", word, *w));
    *ret = v;
    return 0;
}

static int read_value(struct scanner *s, struct value *ret);

/* Behind the '['. */
static int read_array(struct scanner *s, struct value *ret)
{
    struct vlist *l = vlist_new(s->cx->arena, 0);
    *ret = v_list(V_LIST, l);
    if (skip_space(s) < 0)
        return err_code(s->cx);
    if (*s->p == ']') {
        s->p++;
        return 0;
    }
    for (;;) {
        struct value item = { 0 };
        if (read_value(s, &item) < 0 || skip_space(s) < 0)
            return err_code(s->cx);
        vlist_push(s->cx->arena, l, item);
        if (*s->p != ',' && *s->p != ']')
            return invalid(s, "after array element");
        if (*s->p++ == ']')
            return 0;
    }
}

static int read_member(struct scanner *s, struct vmap *m)
{
    struct strv key;
    struct value v;
    if (skip_space(s) < 0)
        return err_code(s->cx);
    if (*s->p != '"')
        return invalid(s, "looking for beginning of object key string");
    s->p++;
    if (read_string(s, &key) < 0 || skip_space(s) < 0)
        return err_code(s->cx);
    if (*s->p != ':')
        return invalid(s, "after object key");
    s->p++;
    if (read_value(s, &v) < 0)
        return err_code(s->cx);
    vmap_set(m, key, v);
    return 0;
}

/* Behind the '{'. */
static int read_object(struct scanner *s, struct value *ret)
{
    struct vmap *m = vmap_new(s->cx->arena);
    *ret = v_map(m);
    if (skip_space(s) < 0)
        return err_code(s->cx);
    if (*s->p == '}') {
        s->p++;
        return 0;
    }
    for (;;) {
        if (read_member(s, m) < 0 || skip_space(s) < 0)
            return err_code(s->cx);
        if (*s->p != ',' && *s->p != '}')
            return invalid(s, "after object key:value pair");
        if (*s->p++ == '}')
            return 0;
    }
}

static int read_nested(struct scanner *s, bool array, struct value *ret)
{
    s->p++;
    if (++s->depth > DEPTH_MAX)
        return err_fail(s->cx, ERR_INVALID, "exceeded max depth");
    int rc = array ? read_array(s, ret) : read_object(s, ret);
    s->depth--;
    return rc;
}

static int read_value(struct scanner *s, struct value *ret)
{
    struct strv text;
    if (skip_space(s) < 0)
        return err_code(s->cx);
    switch (*s->p) {
    case '{':
    case '[':
        return read_nested(s, *s->p == '[', ret);
    case '"':
        s->p++;
        if (read_string(s, &text) < 0)
            return err_code(s->cx);
        *ret = v_str(text.p, text.n);
        return 0;
    case 't':
        return read_word(s, "true", v_bool(true), ret);
    case 'f':
        return read_word(s, "false", v_bool(false), ret);
    case 'n':
        return read_word(s, "null", (struct value){ .type = V_NIL }, ret);
    default:
        if (*s->p == '-' || is_digit(*s->p))
            return read_number(s, ret);
        return invalid(s, "looking for beginning of value");
    }
}

int gojson_parse(struct ctx *cx, struct strv text, struct value *ret)
{
    struct scanner s = { .cx = cx, .p = text.p, .end = text.p + text.n };
    struct value v;
    if (read_value(&s, &v) < 0)
        return err_code(cx);
    if (skip_space(&s) >= 0)
        return invalid(&s, "after top-level value");
    err_clear(cx);
    if (v.type == V_NIL && s.out_of_range)
        v = v_float(INFINITY); /* alone it stays a number */
    *ret = v;
    if (s.out_of_range)
        return err_fail(cx, ERR_INVALID, "json: cannot unmarshal number %s into Go value of type float64",
                        s.out_of_range);
    return 0;
}
