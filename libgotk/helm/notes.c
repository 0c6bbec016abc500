/*
 * notes.c: lines as Go's log/slog text handler writes them; the contract is in notes.h.
 */
#include "libgotk/helm/notes.h"

#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <string.h>

#define LINE_MAX ((size_t)4 << 20)

/* slog puts a value in quotes when it is empty or has anything but what reads as one word. */
static bool needs_quotes(const char *s)
{
    size_t width, n = strlen(s);
    for (size_t i = 0; i < n; i += width) {
        uint32_t rune = rune_decode(s + i, n - i, &width);
        if (rune == ' ' || rune == '"' || rune == '=' || rune == RUNE_ERROR || rune_is_space(rune) ||
            !rune_is_print(rune))
            return true;
    }
    return n == 0;
}

static void add_pair(struct buf *out, const char *key, const char *value)
{
    buf_fmt(out, "%s%s=%s", out->len ? " " : "", key,
            needs_quotes(value) ? quote_go(out->arena, value, strlen(value)) : value);
}

static void add(struct ctx *cx, struct notes *n, enum notes_level level, const struct buf *text)
{
    struct notes_line line = { level, buf_text(text) };
    vec_push(cx->arena, n, line);
}

void notes_add(struct ctx *cx, struct notes *n, enum notes_level level, const char *message, ...)
{
    va_list args;
    struct buf text = buf_new(cx->arena, LINE_MAX);
    if (!n)
        return;
    add_pair(&text, "msg", message);
    va_start(args, message);
    for (const char *key; (key = va_arg(args, const char *)) != NULL;)
        add_pair(&text, key, va_arg(args, const char *));
    va_end(args);
    add(cx, n, level, &text);
}

void notes_addf(struct ctx *cx, struct notes *n, const char *fmt, ...)
{
    va_list args;
    struct buf text = buf_new(cx->arena, LINE_MAX);
    if (!n)
        return;
    va_start(args, fmt);
    add_pair(&text, "msg", str_vfmt(cx->arena, fmt, args));
    va_end(args);
    add(cx, n, NOTES_INFO, &text);
}
