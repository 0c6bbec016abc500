/*
 * toml_string.c: TOML's four forms of strings; the contract is in toml_scan.h.
 */
#include "helm-controller/template/toml_scan.h"
#include "libgotk/base/quote.h"

#include <string.h>

static bool is_hex(uint32_t c)
{
    return toml_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* -- where a string ends ------------------------------------------------------------------------------------- */

static int skip_hex(struct toml_reader *r, int digits, const char *count, char letter)
{
    for (int i = 0; i < digits; i++) {
        if (is_hex(toml_next(r)))
            continue;
        struct strv so_far = toml_current(r);
        return toml_fail(r, "expected %s hexadecimal digits after '\\%c', but got %s instead", count, letter,
                         quote_go(r->cx->arena, so_far.p, so_far.n));
    }
    return 0;
}

/* Behind a backslash. */
static int skip_escape(struct toml_reader *r)
{
    uint32_t c = toml_next(r);
    if (c != TOML_EOF && c < 0x80 && strchr("ebtnfr\" \t\\", (int)c))
        return 0;
    if (c == 'x')
        return skip_hex(r, 2, "two", 'x');
    if (c == 'u')
        return skip_hex(r, 4, "four", 'u');
    if (c == 'U')
        return skip_hex(r, 8, "eight", 'U');
    if (r->at_eof) /* such an error counts its line differently */
        r->line -= !(r->pos > 0 && r->in.p[r->pos - 1] == '\n');
    return toml_fail_char(r, "invalid escape in string '\\", c, false, "'");
}

/* A string of one line; *ret_escapes when it has any. */
static int scan_line(struct toml_reader *r, char quote, struct strv *ret, bool *ret_escapes)
{
    for (;;) {
        uint32_t c = toml_next(r);
        if (c == TOML_EOF)
            return toml_fail(r, quote == '"' ? "unexpected EOF; expected '\"'"
                                             : "unexpected EOF; expected \"'\"");
        if (toml_is_newline(c))
            return toml_fail_before(r, "strings cannot contain newlines");
        if (c == '\\' && quote == '"') {
            *ret_escapes = true;
            if (skip_escape(r) < 0)
                return -1;
        } else if (c == (uint32_t)quote) {
            *ret = (struct strv){ r->in.p + r->start, r->pos - 1 - r->start };
            toml_ignore(r);
            return 0;
        }
        if (r->failed)
            return -1;
    }
}

static bool ends_with(struct strv s, const char *end)
{
    size_t n = strlen(end);
    return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

/* Behind one quote of a string of many lines: 1 when that ended it, 0 when it goes on. Up to two quotes may stand before
 * the three at the end. */
static int scan_end(struct toml_reader *r, char quote)
{
    if (!toml_accept(r, (uint32_t)quote))
        return 0;
    if (!toml_accept(r, (uint32_t)quote)) {
        toml_back(r);
        return 0;
    }
    if (toml_peek(r) != (uint32_t)quote)
        return 1;
    struct strv s = toml_current(r);
    if (quote == '"' && ends_with(s, "\"\"\"\"\"") && !ends_with(s, "\\\"\"\"\"\""))
        return toml_fail(r, "unexpected '\"\"\"\"\"\"'");
    if (quote == '\'' && ends_with(s, "'''''"))
        return toml_fail(r, "unexpected \"''''''\"");
    toml_back(r);
    toml_back(r);
    return 0;
}

static int scan_lines(struct toml_reader *r, char quote, struct strv *ret)
{
    for (;;) {
        uint32_t c = toml_next(r);
        int end = 0;
        if (c == TOML_EOF)
            return toml_fail(r, quote == '"' ? "unexpected EOF; expected '\"\"\"'"
                                             : "unexpected EOF; expected \"'''\"");
        if (c == '\\' && quote == '"') {
            if (!toml_is_newline(toml_next(r))) {
                toml_back(r);
                end = skip_escape(r);
            }
        } else if (c == (uint32_t)quote) {
            end = scan_end(r, quote);
        }
        if (end < 0 || r->failed)
            return -1;
        if (end) {
            *ret = (struct strv){ r->in.p + r->start, r->pos - 3 - r->start };
            toml_ignore(r);
            return 0;
        }
    }
}

/* -- what it stands for -------------------------------------------------------------------------------------- */

static struct strv without_first_newline(struct strv s)
{
    size_t n = s.n > 0 && s.p[0] == '\n' ? 1 : s.n > 1 && s.p[0] == '\r' && s.p[1] == '\n' ? 2 : 0;
    return (struct strv){ s.p + n, s.n - n };
}

/* Behind the white space at `i`; *ret_newline when there is a line break in it. */
static size_t behind_space(struct strv s, size_t i, bool *ret_newline)
{
    *ret_newline = false;
    for (; i < s.n && (s.p[i] == '\r' || s.p[i] == '\n' || toml_is_space((unsigned char)s.p[i])); i++)
        *ret_newline = *ret_newline || s.p[i] == '\n';
    return i;
}

/* A backslash at a line's end takes it away, with the white space up to the next text. */
static struct strv join_lines(struct arena *a, struct strv s)
{
    char *out = arena_alloc_raw(a, s.n + 1);
    size_t n = 0, i = 0;
    while (i < s.n) {
        bool newline;
        size_t next = s.p[i] == '\\' ? behind_space(s, i + 1, &newline) : 0;
        if (next && newline) {
            i = next;
            continue;
        }
        bool pair = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == '\\';
        out[n++] = s.p[i++];
        if (pair)
            out[n++] = s.p[i++];
    }
    return (struct strv){ out, n };
}

static bool is_code_point(uint32_t c)
{
    return c <= RUNE_MAX && !(c >= 0xD800 && c <= 0xDFFF);
}

/* The code point of `digits` hexadecimal digits, in UTF-8. */
static int put_hex(struct toml_reader *r, struct buf *out, const char *hex, int digits)
{
    char bytes[4];
    uint32_t c = 0;
    for (int i = 0; i < digits; i++)
        c = c * 16 +
            (uint32_t)(toml_is_digit((unsigned char)hex[i]) ? hex[i] - '0' : (hex[i] | 0x20) - 'a' + 10);
    if (!is_code_point(c))
        return toml_fail_on(r, r->line, "Escaped character '\\u%.*s' is not valid UTF-8.", digits, hex);
    buf_add(out, bytes, rune_encode(c, bytes));
    return 0;
}

static int undo_escapes(struct toml_reader *r, struct strv s, struct strv *ret)
{
    static const char letters[] = "btnfre\"\\", meant[] = "\b\t\n\f\r\033\"\\";
    struct buf out = buf_new(r->cx->arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        const char *letter = s.p[i] == '\\' ? strchr(letters, s.p[i + 1]) : NULL;
        if (s.p[i] != '\\') {
            buf_char(&out, s.p[i]);
            continue;
        }
        i++;
        int digits = s.p[i] == 'x' ? 2 : s.p[i] == 'u' ? 4 : s.p[i] == 'U' ? 8 : 0;
        if (toml_is_space((unsigned char)s.p[i]))
            return toml_fail_on(r, r->line, "invalid escape: '\\%c'", s.p[i]);
        if (letter)
            buf_char(&out, meant[letter - letters]);
        else if (put_hex(r, &out, s.p + i + 1, digits) < 0)
            return -1;
        i += (size_t)digits;
    }
    *ret = (struct strv){ buf_text(&out), out.len };
    return 0;
}

int toml_string(struct toml_reader *r, char quote, struct strv *ret)
{
    struct strv s = { "", 0 };
    bool escapes = false;
    if (scan_line(r, quote, &s, &escapes) < 0)
        return -1;
    *ret = s;
    return escapes ? undo_escapes(r, s, ret) : 0;
}

int toml_long_string(struct toml_reader *r, char quote, struct strv *ret)
{
    struct strv s = { "", 0 };
    if (scan_lines(r, quote, &s) < 0)
        return -1;
    *ret = without_first_newline(s);
    return quote == '"' ? undo_escapes(r, join_lines(r->cx->arena, *ret), ret) : 0;
}
