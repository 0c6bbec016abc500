/*
 * json_go.c: JSON text as Go's json.Decoder reads it with UseNumber: json_read_go of json.h.
 *
 * For texts whose reader people know by Go's words, a chart's values.schema.json. Recursive descent that sees a space
 * behind the end of the text, as Go's scanner does. One thread, the context's arena.
 */
#include "libgotk/base/buf.h"
#include "libgotk/base/map.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/node.h"

#include <string.h>

struct reader {
    struct ctx *cx;
    const char *p;
    const char *end;
    int depth;
    unsigned read;
};

static int unexpected_end(struct reader *r)
{
    return err_fail(r->cx, ERR_INVALID, "unexpected EOF");
}

static char peek(const struct reader *r)
{
    return r->p < r->end ? *r->p : ' ';
}

static int invalid(struct reader *r, const char *context)
{
    char utf8[4], c = peek(r);
    if (r->p >= r->end)
        return unexpected_end(r);
    if (c == '\'' || c == '"')
        return err_fail(r->cx, ERR_INVALID, "invalid character '%s%c' %s", c == '\'' ? "\\" : "", c, context);
    const char *quoted = quote_go(r->cx->arena, utf8, rune_encode((unsigned char)c, utf8));
    return err_fail(r->cx, ERR_INVALID, "invalid character '%.*s' %s", (int)strlen(quoted) - 2, quoted + 1,
                    context);
}

/* Fails at the end of the text. */
static int skip_space(struct reader *r)
{
    while (r->p < r->end && *r->p && strchr(" \t\r\n", *r->p))
        r->p++;
    return r->p < r->end ? 0 : unexpected_end(r);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int skip_digits(struct reader *r, const char *context)
{
    if (!is_digit(peek(r)))
        return invalid(r, context);
    while (is_digit(peek(r)))
        r->p++;
    return 0;
}

static int skip_number(struct reader *r)
{
    int rc = 0;
    r->p += peek(r) == '-';
    if (peek(r) == '0')
        r->p++;
    else
        rc = skip_digits(r, "in numeric literal");
    if (rc == 0 && peek(r) == '.') {
        r->p++;
        rc = skip_digits(r, "after decimal point in numeric literal");
    }
    if (rc == 0 && (peek(r) | 0x20) == 'e') {
        r->p++;
        r->p += peek(r) == '+' || peek(r) == '-';
        rc = skip_digits(r, "in exponent of numeric literal");
    }
    return rc;
}

static int read_number(struct reader *r, struct doc **ret)
{
    const char *from = r->p;
    int rc = skip_number(r);
    if (rc == 0)
        *ret = doc_number(r->cx->arena, str_ndup(r->cx->arena, from, (size_t)(r->p - from)));
    return rc;
}

static int read_hex(struct reader *r, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, r->p++) {
        char c = peek(r), lower = (char)(c | 0x20);
        if (!is_digit(c) && !(lower >= 'a' && lower <= 'f'))
            return invalid(r, "in \\u hexadecimal character escape");
        *ret = *ret << 4 | (uint32_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    return 0;
}

/* Behind "\u": halves of a pair are joined, half a pair alone is U+FFFD. */
static int read_unicode(struct reader *r, struct buf *out)
{
    uint32_t rune, low;
    char utf8[4];
    int rc = read_hex(r, &rune);
    if (rc < 0)
        return rc;
    if (rune >= 0xD800 && rune <= 0xDBFF && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u') {
        struct reader ahead = *r;
        ahead.p += 2;
        rc = read_hex(&ahead, &low);
        if (rc < 0)
            return rc;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            rune = 0x10000 + ((rune - 0xD800) << 10 | (low - 0xDC00));
            r->p = ahead.p;
        }
    }
    buf_add(out, utf8, rune_encode(rune, utf8));
    return 0;
}

static int read_escape(struct reader *r, struct buf *out)
{
    static const char letters[] = "bfnrt\"\\/", chars[] = "\b\f\n\r\t\"\\/";
    char c = peek(r);
    const char *at = c ? strchr(letters, c) : NULL;
    if (r->p >= r->end || (!at && c != 'u'))
        return invalid(r, "in string escape code");
    r->p++;
    if (c == 'u')
        return read_unicode(r, out);
    buf_char(out, chars[at - letters]);
    return 0;
}

static size_t plain_run(const struct reader *r)
{
    const char *p = r->p;
    while (p < r->end && *p >= ' ' && *p < 0x7F && *p != '"' && *p != '\\')
        p++;
    return (size_t)(p - r->p);
}

/* Behind the opening quote. */
static int read_string(struct reader *r, struct strv *ret)
{
    struct buf out = buf_new(r->cx->arena, (size_t)(r->end - r->p) * 3 + 1);
    for (;;) {
        size_t width = plain_run(r);
        char utf8[4];
        buf_add(&out, r->p, width);
        r->p += width;
        if (r->p >= r->end)
            return unexpected_end(r);
        if (*r->p == '"')
            break;
        if (*r->p == '\\') {
            r->p++;
            int rc = read_escape(r, &out);
            if (rc < 0)
                return rc;
            continue;
        }
        if ((unsigned char)*r->p < ' ')
            return invalid(r, "in string literal");
        uint32_t rune = rune_decode(r->p, (size_t)(r->end - r->p), &width);
        buf_add(&out, utf8, rune_encode(rune, utf8));
        r->p += width;
    }
    r->p++;
    *ret = (struct strv){ buf_text(&out), out.len };
    return buf_ok(r->cx, &out, "a JSON string");
}

static int read_word(struct reader *r, const char *word)
{
    for (const char *w = word; *w; w++, r->p++)
        if (peek(r) != *w)
            return invalid(r, str_fmt(r->cx->arena, "in literal %s (expecting '%c')", word, *w));
    return 0;
}

static int read_value(struct reader *r, struct doc **ret);

/* Behind an opening bracket: true when it is closed at once. */
static int read_empty(struct reader *r, char close, bool *ret)
{
    int rc = skip_space(r);
    *ret = rc == 0 && *r->p == close;
    r->p += *ret;
    return rc;
}

static int read_array(struct reader *r, struct doc *array)
{
    bool done;
    int rc = read_empty(r, ']', &done);
    while (rc == 0 && !done) {
        struct doc *item = NULL;
        rc = read_value(r, &item);
        if (rc == 0)
            rc = skip_space(r);
        if (rc < 0)
            break;
        doc_append(array, item);
        if (*r->p != ',' && *r->p != ']')
            return invalid(r, "after array element");
        done = *r->p++ == ']';
    }
    return rc;
}

static int read_key(struct reader *r, const char **ret)
{
    struct strv key;
    int rc = skip_space(r);
    if (rc < 0)
        return rc;
    if (*r->p != '"')
        return invalid(r, "looking for beginning of object key string");
    r->p++;
    rc = read_string(r, &key);
    if (rc == 0)
        rc = skip_space(r);
    if (rc < 0)
        return rc;
    if (*r->p++ != ':') {
        r->p--;
        return invalid(r, "after object key");
    }
    *ret = doc_text(doc_nstring(r->cx->arena, key.p, key.n)); /* with a NUL as documents keep it */
    return 0;
}

/* The later of equal keys wins. */
static void set_member(struct reader *r, struct doc *object, struct map *keys, const char *key,
                       struct doc *value)
{
    cJSON *there = map_find(keys, key), *n = node_of(value);
    if (there)
        doc_detach(object, node_doc(there));
    n->string = str_dup(r->cx->arena, key);
    node_link(node_of(object), n);
    map_set(keys, key, n);
}

static int read_object(struct reader *r, struct doc *object)
{
    struct map keys = map_new(r->cx->arena);
    bool done;
    int rc = read_empty(r, '}', &done);
    while (rc == 0 && !done) {
        const char *key = NULL;
        struct doc *value = NULL;
        rc = read_key(r, &key);
        if (rc == 0)
            rc = read_value(r, &value);
        if (rc == 0)
            rc = skip_space(r);
        if (rc < 0)
            break;
        set_member(r, object, &keys, key, value);
        if (*r->p != ',' && *r->p != '}')
            return invalid(r, "after object key:value pair");
        done = *r->p++ == '}';
    }
    return rc;
}

static int read_nested(struct reader *r, struct doc **ret)
{
    bool array = *r->p++ == '[';
    if (++r->depth > NODE_DEPTH_MAX)
        return err_fail(r->cx, ERR_LIMIT, "the document nests deeper than %d levels", NODE_DEPTH_MAX);
    struct doc *d = array ? doc_array(r->cx->arena) : doc_object(r->cx->arena);
    int rc = array ? read_array(r, d) : read_object(r, d);
    r->depth--;
    if (rc == 0)
        *ret = d;
    return rc;
}

static int read_plain(struct reader *r, struct doc **ret)
{
    struct arena *a = r->cx->arena;
    struct strv text = { "", 0 };
    int rc;
    switch (*r->p) {
    case '"':
        r->p++;
        rc = read_string(r, &text);
        if (rc == 0)
            *ret = doc_nstring(a, text.p, text.n);
        return rc;
    case 't':
        *ret = doc_bool(a, true);
        return read_word(r, "true");
    case 'f':
        *ret = doc_bool(a, false);
        return read_word(r, "false");
    case 'n':
        *ret = doc_null(a);
        return read_word(r, "null");
    default:
        return *r->p == '-' || is_digit(*r->p) ? read_number(r, ret)
                                               : invalid(r, "looking for beginning of value");
    }
}

static int read_value(struct reader *r, struct doc **ret)
{
    int rc = skip_space(r);
    if (rc == 0 && (++r->read % 1024 == 0 || arena_exhausted(r->cx->arena)))
        rc = ctx_check(r->cx);
    if (rc < 0)
        return rc;
    return *r->p == '{' || *r->p == '[' ? read_nested(r, ret) : read_plain(r, ret);
}

int json_read_go(struct ctx *cx, const char *text, size_t len, struct doc **ret)
{
    struct reader r = { .cx = cx, .p = text, .end = text + len };
    struct doc *d = NULL;
    if (skip_space(&r) < 0)
        return err_fail(cx, ERR_INVALID, "EOF");
    int rc = read_value(&r, &d);
    if (rc < 0)
        return rc;
    if (skip_space(&r) == 0)
        return err_fail(cx, ERR_INVALID, "invalid character after top-level value");
    err_clear(cx);
    *ret = d;
    return 0;
}
