/*
 * quote.c: Go's quoted strings; the contract is in quote.h. Any thread, no state.
 */
#include "libgotk/base/quote.h"

#include "libgotk/base/rune.h"

#include <string.h>

/* The escape letters in the order of their characters. */
static const char escaped_chars[] = "\a\b\f\n\r\t\v\\";
static const char escape_letters[] = "abfnrtv\\";

/* One code point of quoted text; `byte` when it stands for a byte that is no UTF-8. */
static void add_rune(struct buf *out, uint32_t rune, bool byte, char quote, bool ascii)
{
    char utf8[4];
    const char *found = rune && rune < 0x80 ? strchr(escaped_chars, (int)rune) : NULL;
    if (byte)
        buf_fmt(out, "\\x%02x", rune);
    else if (rune == (unsigned char)quote)
        buf_fmt(out, "\\%c", quote);
    else if (found)
        buf_fmt(out, "\\%c", escape_letters[found - escaped_chars]);
    else if (rune < 0x80 ? rune_is_print(rune) : !ascii && rune_is_print(rune))
        buf_add(out, utf8, rune_encode(rune, utf8));
    else if (rune < ' ' || rune == 0x7F)
        buf_fmt(out, "\\x%02x", rune);
    else
        buf_fmt(out, rune < 0x10000 ? "\\u%04x" : "\\U%08x", rune);
}

void quote_to(struct buf *out, const char *s, size_t n, bool ascii)
{
    size_t width;
    buf_char(out, '"');
    for (size_t i = 0; i < n; i += width) {
        uint32_t rune = rune_decode(s + i, n - i, &width);
        bool byte = rune == RUNE_ERROR && width == 1;
        add_rune(out, byte ? (unsigned char)s[i] : rune, byte, '"', ascii);
    }
    buf_char(out, '"');
}

char *quote_go(struct arena *a, const char *s, size_t n)
{
    struct buf out = buf_new(a, n * 10 + 3);
    quote_to(&out, s, n, false);
    return out.data;
}

void quote_rune_to(struct buf *out, uint32_t rune, bool ascii)
{
    if (rune > RUNE_MAX || (rune >= 0xD800 && rune <= 0xDFFF))
        rune = RUNE_ERROR;
    buf_char(out, '\'');
    add_rune(out, rune, false, '\'', ascii);
    buf_char(out, '\'');
}

bool quote_can_back(const char *s, size_t n)
{
    size_t width;
    for (size_t i = 0; i < n; i += width) {
        uint32_t rune = rune_decode(s + i, n - i, &width);
        if (width > 1 ? rune == 0xFEFF : rune == RUNE_ERROR || rune == '`' || rune == 0x7F)
            return false;
        if (width == 1 && rune < ' ' && rune != '\t')
            return false;
    }
    return true;
}

char *quote_rune_name(struct arena *a, uint32_t rune)
{
    char utf8[5] = "";
    if (!rune_is_print(rune))
        return str_fmt(a, "U+%04X", rune);
    rune_encode(rune, utf8);
    return str_fmt(a, "U+%04X '%s'", rune, utf8);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* Exactly `digits` digits of a base. */
static bool read_digits(const char **p, const char *end, int digits, int base, uint32_t *ret)
{
    uint32_t value = 0;
    for (int i = 0; i < digits; i++, (*p)++) {
        int digit = *p < end ? hex_digit(**p) : -1;
        if (digit < 0 || digit >= base)
            return false;
        value = value * (uint32_t)base + (uint32_t)digit;
    }
    *ret = value;
    return true;
}

/* Behind a backslash. */
static bool undo_escape(const char **p, const char *end, char quote, uint32_t *ret, bool *ret_byte)
{
    char c = *(*p)++;
    const char *letter = c ? strchr(escape_letters, c) : NULL;
    if (letter) {
        *ret = (unsigned char)escaped_chars[letter - escape_letters];
        return true;
    }
    if (c == '\'' || c == '"') {
        *ret = (unsigned char)c;
        return c == quote;
    }
    if (c == 'x' || (c >= '0' && c <= '7')) {
        *p -= c != 'x';
        *ret_byte = true;
        return read_digits(p, end, c == 'x' ? 2 : 3, c == 'x' ? 16 : 8, ret) && *ret <= 255;
    }
    if (c != 'u' && c != 'U')
        return false;
    return read_digits(p, end, c == 'u' ? 4 : 8, 16, ret) && *ret <= RUNE_MAX &&
           !(*ret >= 0xD800 && *ret <= 0xDFFF);
}

bool quote_undo_char(const char **p, const char *end, char quote, uint32_t *ret, bool *ret_byte)
{
    size_t width;
    *ret_byte = false;
    if (*p >= end || **p == quote)
        return false;
    if (**p == '\\') {
        (*p)++;
        return *p < end && undo_escape(p, end, quote, ret, ret_byte);
    }
    *ret = rune_decode(*p, (size_t)(end - *p), &width);
    *p += width;
    return true;
}

/* A raw string loses its carriage returns. */
static struct strv undo_raw(struct arena *a, struct strv body)
{
    char *copy = arena_alloc_raw(a, body.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < body.n; i++)
        if (body.p[i] != '\r')
            copy[n++] = body.p[i];
    copy[n] = '\0';
    return (struct strv){ copy, n };
}

/* True when what stands between the quotes means itself. */
static bool is_plain_body(struct strv body, char quote)
{
    if (quote == '`')
        return !memchr(body.p, '\r', body.n) && !memchr(body.p, '`', body.n);
    return quote == '"' && !memchr(body.p, '\\', body.n) && !memchr(body.p, '\n', body.n) &&
           !memchr(body.p, '"', body.n) && str_is_utf8(body.p, body.n);
}

bool quote_undo(struct arena *a, struct strv literal, struct strv *ret)
{
    if (literal.n < 2 || literal.p[0] != literal.p[literal.n - 1])
        return false;
    struct strv body = { literal.p + 1, literal.n - 2 };
    if (is_plain_body(body, literal.p[0])) {
        *ret = body;
        return true;
    }
    if (literal.p[0] == '`') {
        *ret = undo_raw(a, body);
        return true;
    }
    char *copy = arena_alloc_raw(a, body.n * 3 + 1);
    size_t n = 0;
    for (const char *p = body.p, *end = body.p + body.n; p < end;) {
        uint32_t rune;
        bool byte;
        if (!quote_undo_char(&p, end, '"', &rune, &byte))
            return false;
        if (byte)
            copy[n++] = (char)rune;
        else
            n += rune_encode(rune, copy + n);
    }
    copy[n] = '\0';
    *ret = (struct strv){ copy, n };
    return true;
}
