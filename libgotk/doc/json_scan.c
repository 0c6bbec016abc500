/*
 * json_scan.c: the words of JSON; the contract is in json_scan.h.
 */
#include "libgotk/doc/json_scan.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <string.h>

static int unexpected_end(const struct json_scan *s)
{
    return err_fail(s->cx, ERR_INVALID, s->stream ? "unexpected EOF" : "unexpected end of JSON input");
}

char json_scan_peek(const struct json_scan *s)
{
    return s->p < s->end ? *s->p : ' ';
}

int json_scan_invalid(const struct json_scan *s, const char *context)
{
    char utf8[4], c = json_scan_peek(s);
    if (s->stream && s->p >= s->end)
        return unexpected_end(s);
    if (c == '\'' || c == '"')
        return err_fail(s->cx, ERR_INVALID, "invalid character '%s%c' %s", c == '\'' ? "\\" : "", c, context);
    const char *quoted = quote_go(s->cx->arena, utf8, rune_encode((unsigned char)c, utf8));
    return err_fail(s->cx, ERR_INVALID, "invalid character '%.*s' %s", (int)strlen(quoted) - 2, quoted + 1,
                    context);
}

int json_scan_space(struct json_scan *s)
{
    while (s->p < s->end && *s->p && strchr(" \t\r\n", *s->p))
        s->p++;
    return s->p < s->end ? 0 : unexpected_end(s);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool json_scan_at_number(const struct json_scan *s)
{
    return json_scan_peek(s) == '-' || is_digit(json_scan_peek(s));
}

static int skip_digits(struct json_scan *s, const char *context)
{
    if (!is_digit(json_scan_peek(s)))
        return json_scan_invalid(s, context);
    while (is_digit(json_scan_peek(s)))
        s->p++;
    return 0;
}

static int skip_number(struct json_scan *s)
{
    int rc = 0;
    s->p += json_scan_peek(s) == '-';
    if (json_scan_peek(s) == '0')
        s->p++;
    else
        rc = skip_digits(s, "in numeric literal");
    if (rc == 0 && json_scan_peek(s) == '.') {
        s->p++;
        rc = skip_digits(s, "after decimal point in numeric literal");
    }
    if (rc == 0 && (json_scan_peek(s) | 0x20) == 'e') {
        s->p++;
        s->p += json_scan_peek(s) == '+' || json_scan_peek(s) == '-';
        rc = skip_digits(s, "in exponent of numeric literal");
    }
    return rc;
}

int json_scan_number(struct json_scan *s, const char **ret)
{
    const char *from = s->p;
    int rc = skip_number(s);
    if (rc == 0)
        *ret = str_ndup(s->cx->arena, from, (size_t)(s->p - from));
    return rc;
}

static int read_hex(struct json_scan *s, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, s->p++) {
        char c = json_scan_peek(s), lower = (char)(c | 0x20);
        if (!is_digit(c) && !(lower >= 'a' && lower <= 'f'))
            return json_scan_invalid(s, "in \\u hexadecimal character escape");
        *ret = *ret << 4 | (uint32_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    return 0;
}

/* Behind "\u": halves of a pair are joined, half a pair alone is U+FFFD. */
static int read_unicode(struct json_scan *s, struct buf *out)
{
    uint32_t rune, low;
    char utf8[4];
    int rc = read_hex(s, &rune);
    if (rc < 0)
        return rc;
    if (rune >= 0xD800 && rune <= 0xDBFF && s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u') {
        struct json_scan ahead = *s;
        ahead.p += 2;
        rc = read_hex(&ahead, &low);
        if (rc < 0)
            return rc;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            rune = 0x10000 + ((rune - 0xD800) << 10 | (low - 0xDC00));
            s->p = ahead.p;
        }
    }
    buf_add(out, utf8, rune_encode(rune, utf8));
    return 0;
}

static int read_escape(struct json_scan *s, struct buf *out)
{
    static const char letters[] = "bfnrt\"\\/", chars[] = "\b\f\n\r\t\"\\/";
    char c = json_scan_peek(s);
    const char *at = c ? strchr(letters, c) : NULL;
    if (!at && c != 'u')
        return json_scan_invalid(s, "in string escape code");
    s->p++;
    if (c == 'u')
        return read_unicode(s, out);
    buf_char(out, chars[at - letters]);
    return 0;
}

static size_t plain_run(const struct json_scan *s)
{
    const char *p = s->p;
    while (p < s->end && *p >= ' ' && *p < 0x7F && *p != '"' && *p != '\\')
        p++;
    return (size_t)(p - s->p);
}

int json_scan_string(struct json_scan *s, struct strv *ret)
{
    struct buf out = buf_new(s->cx->arena, (size_t)(s->end - s->p) * 3 + 1);
    for (;;) {
        size_t width = plain_run(s);
        char utf8[4];
        buf_add(&out, s->p, width);
        s->p += width;
        if (s->p >= s->end)
            return unexpected_end(s);
        if (*s->p == '"')
            break;
        if (*s->p == '\\') {
            s->p++;
            int rc = read_escape(s, &out);
            if (rc < 0)
                return rc;
            continue;
        }
        if ((unsigned char)*s->p < ' ')
            return json_scan_invalid(s, "in string literal");
        uint32_t rune = rune_decode(s->p, (size_t)(s->end - s->p), &width);
        buf_add(&out, utf8, rune_encode(rune, utf8));
        s->p += width;
    }
    s->p++;
    *ret = (struct strv){ buf_text(&out), out.len };
    return buf_ok(s->cx, &out, "a JSON string");
}

int json_scan_word(struct json_scan *s, const char *word)
{
    for (const char *w = word; *w; w++, s->p++)
        if (json_scan_peek(s) != *w)
            return json_scan_invalid(s, str_fmt(s->cx->arena, "in literal %s (expecting '%c')", word, *w));
    return 0;
}
