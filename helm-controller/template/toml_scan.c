/*
 * toml_scan.c: characters, errors, keys and strings of TOML; the contract is in toml_scan.h.
 *
 * Where an error is reported, on which line and after how many characters, is part of the library's answer, and charts'
 * tests compare it; so this steps back and forth over single characters as the library does. Rejected: the C libraries
 * for TOML (tomlc99 in Debian 12: other words, other limits, TOML 1.0 only), and one pass by regular expressions.
 */
#include "helm-controller/template/toml_scan.h"

#include "helm-controller/template/toml_print.h"
#include "libgotk/base/quote.h"

#include <string.h>

#define ERROR_MAX ((size_t)64 << 20)

/* -- errors -------------------------------------------------------------------------------------------------- */

const char *toml_path_text(struct arena *a, const struct toml_path *path)
{
    struct buf out = buf_new(a, ERROR_MAX);
    for (size_t i = 0; i < path->len; i++) {
        buf_str(&out, i ? "." : "");
        toml_print_key(&out, path->at[i]);
    }
    return buf_text(&out);
}

/* The key that was read last, as messages name it. */
static struct strv last_key(const struct toml_reader *r)
{
    const char *path = toml_path_text(r->cx->arena, &r->context);
    if (r->key.n == 0)
        return (struct strv){ path, strlen(path) };
    if (r->context.len == 0)
        return r->key;
    struct buf out = buf_new(r->cx->arena, ERROR_MAX);
    buf_fmt(&out, "%s.", path);
    buf_add(&out, r->key.p, r->key.n);
    return (struct strv){ buf_text(&out), out.len };
}

/* Begins the message; false when there is one already. */
static bool begin_error(struct toml_reader *r, int line)
{
    if (r->failed)
        return false;
    struct strv key = last_key(r);
    r->failed = true;
    buf_fmt(&r->error, "toml: line %d", line);
    if (key.n) {
        buf_str(&r->error, " (last key ");
        quote_to(&r->error, key.p, key.n, false);
        buf_char(&r->error, ')');
    }
    buf_str(&r->error, ": ");
    return true;
}

static void fail_with(struct toml_reader *r, int line, const char *fmt, va_list args)
{
    if (begin_error(r, line))
        buf_str(&r->error, str_vfmt(r->cx->arena, fmt, args));
}

/* At the end, the line that the last line break ended. */
static int line_here(const struct toml_reader *r)
{
    return r->line - (r->at_eof && r->pos > 0 && r->in.p[r->pos - 1] == '\n');
}

int toml_fail(struct toml_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_with(r, line_here(r), fmt, args);
    va_end(args);
    return -1;
}

int toml_fail_before(struct toml_reader *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_with(r, r->line - 1, fmt, args);
    va_end(args);
    return -1;
}

int toml_fail_on(struct toml_reader *r, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_with(r, line, fmt, args);
    va_end(args);
    return -1;
}

int toml_fail_char(struct toml_reader *r, const char *before, uint32_t c, bool quoted, const char *after)
{
    char bytes[4];
    if (!begin_error(r, line_here(r)))
        return -1;
    buf_str(&r->error, before);
    if (quoted)
        quote_rune_to(&r->error, c, false);
    else
        buf_add(&r->error, bytes, rune_encode(c, bytes));
    buf_str(&r->error, after);
    return -1;
}

/* -- characters ---------------------------------------------------------------------------------------------- */

static bool is_control(uint32_t c)
{
    return (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

uint32_t toml_next(struct toml_reader *r)
{
    size_t width;
    if (r->pos >= r->in.n) {
        r->at_eof = true;
        return TOML_EOF;
    }
    uint32_t c = rune_decode(r->in.p + r->pos, r->in.n - r->pos, &width);
    r->line += c == '\n';
    memmove(r->widths + 1, r->widths, sizeof(r->widths) - 1);
    if (c == RUNE_ERROR && width == 1) {
        toml_fail(r, "invalid UTF-8 byte: 0x%02x", (unsigned char)r->in.p[r->pos]);
        return RUNE_ERROR;
    }
    bool lone_return = c == '\r' && (r->pos + 1 == r->in.n || r->in.p[r->pos + 1] != '\n');
    if (is_control(c) || lone_return) {
        toml_fail_on(r, r->line, "TOML files cannot contain control characters: '0x%02x'", c);
        return RUNE_ERROR;
    }
    r->widths[0] = (uint8_t)width;
    r->pos += width;
    return c;
}

void toml_back(struct toml_reader *r)
{
    if (r->at_eof || r->failed) {
        r->at_eof = false;
        return;
    }
    r->pos -= r->widths[0];
    memmove(r->widths, r->widths + 1, sizeof(r->widths) - 1);
    r->line -= r->pos < r->in.n && r->in.p[r->pos] == '\n';
}

uint32_t toml_peek(struct toml_reader *r)
{
    uint32_t c = toml_next(r);
    toml_back(r);
    return c;
}

bool toml_accept(struct toml_reader *r, uint32_t c)
{
    if (toml_next(r) == c)
        return true;
    toml_back(r);
    return false;
}

struct strv toml_current(const struct toml_reader *r)
{
    return (struct strv){ r->in.p + r->start, r->pos - r->start };
}

void toml_skip_spaces(struct toml_reader *r)
{
    while (toml_is_space(toml_next(r)))
        continue;
    toml_back(r);
    toml_ignore(r);
}

void toml_skip_comment(struct toml_reader *r)
{
    uint32_t c = toml_next(r);
    while (!r->failed && c != TOML_EOF && !toml_is_newline(c))
        c = toml_next(r);
    toml_back(r);
}

/* -- keys ---------------------------------------------------------------------------------------------------- */

static bool is_bare(uint32_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || toml_is_digit(c) || c == '_' || c == '-';
}

int toml_bare_key(struct toml_reader *r, struct strv *ret)
{
    while (is_bare(toml_next(r)))
        continue;
    toml_back(r);
    *ret = toml_current(r);
    toml_ignore(r);
    return r->failed ? -1 : 0;
}

int toml_quoted_key(struct toml_reader *r, struct strv *ret)
{
    char quote = (char)toml_next(r);
    toml_ignore(r);
    return toml_string(r, quote, ret);
}
