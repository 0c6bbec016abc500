/*
 * buf.h: a growing run of bytes with a maximum that must be stated.
 *
 * An arena without room for more counts as reaching the maximum. Bytes live in the arena given at the start and are always followed by a NUL that is not counted. Appending past the
 * maximum sets `overflow` and drops the bytes; buf_ok() turns that into ERR_LIMIT once, at the end, so that writers need
 * no checks in between. Rejected: growth without bounds, which is how a stranger's file becomes an out-of-memory kill.
 */
#ifndef GOTK_BASE_BUF_H
#define GOTK_BASE_BUF_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

struct buf {
    struct arena *arena;
    char *data; /* NUL-terminated; NULL while nothing was appended */
    size_t len;
    size_t cap;
    size_t max;
    bool overflow;
    const char *refused; /* why, when it is not for want of room; static */
};

/* An empty buffer of at most `max` bytes in `a`. */
struct buf buf_new(struct arena *a, size_t max);

/* Appends bytes, a string, one character, formatted text. */
void buf_add(struct buf *b, const void *data, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes room for `n` more bytes and returns where they go (then buf_grown); NULL past the maximum. */
char *buf_room(struct buf *b, size_t n);
void buf_grown(struct buf *b, size_t n);

/* Shortens to `len` bytes. */
void buf_cut(struct buf *b, size_t len);

/* The content as a string, "" when empty; lives as long as the arena or until the next append. */
const char *buf_text(const struct buf *b);

/* What is appended from now on is dropped, and buf_ok tells `why` (static); the first reason stays. */
void buf_refuse(struct buf *b, const char *why);

/* 0, or ERR_LIMIT "<what> is larger than <max> bytes", "<what>: <why>" when anything was dropped. */
int buf_ok(struct ctx *cx, const struct buf *b, const char *what) MUST_CHECK;

#endif
