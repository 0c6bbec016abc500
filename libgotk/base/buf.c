/*
 * buf.c: bounded growing buffers; the contract is in buf.h. Any thread, no shared state.
 */
#include "libgotk/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CAP_MIN 256
#define ARENA_SPARES                                                                                         \
    ((size_t)64 << 10) /* small ones may use an arena's reserve: an error text must still be written */

struct buf buf_new(struct arena *a, size_t max)
{
    return (struct buf){ .arena = a, .max = max };
}

/* What fitted so far becomes the maximum. */
static char *refuse(struct buf *b)
{
    b->max = b->len;
    b->overflow = true;
    return NULL;
}

char *buf_room(struct buf *b, size_t n)
{
    if (n > b->max - b->len) {
        b->overflow = true;
        return NULL;
    }
    size_t need = b->len + n + 1;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : CAP_MIN;
        if (cap < need || !arena_has_room(b->arena, cap))
            cap = need;
        if (cap > ARENA_SPARES && !arena_has_room(b->arena, cap))
            return refuse(b);
        b->data = arena_grow(b->arena, b->data, b->cap, cap);
        b->cap = cap;
        b->data[b->len] = '\0'; /* the text stays whole when the caller puts nothing into the room */
    }
    return b->data + b->len;
}

void buf_grown(struct buf *b, size_t n)
{
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t n)
{
    char *room = buf_room(b, n);
    if (!room)
        return;
    if (n)
        memcpy(room, data, n);
    buf_grown(b, n);
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    ASSERT(n >= 0);
    char *room = buf_room(b, (size_t)n);
    if (room) {
        vsnprintf(room, (size_t)n + 1, fmt, again);
        buf_grown(b, (size_t)n);
    }
    va_end(again);
    va_end(args);
}

void buf_cut(struct buf *b, size_t len)
{
    if (len >= b->len)
        return;
    b->len = len;
    b->data[len] = '\0';
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

void buf_refuse(struct buf *b, const char *why)
{
    if (b->overflow)
        return;
    refuse(b);
    b->refused = why;
}

int buf_ok(struct ctx *cx, const struct buf *b, const char *what)
{
    if (b->refused)
        return err_fail(cx, ERR_LIMIT, "%s: %s", what, b->refused);
    if (b->overflow)
        return err_fail(cx, ERR_LIMIT, "%s is larger than %zu bytes", what, b->max);
    return 0;
}
