/*
 * gzip.h: a stream of bytes in, a gzip file out, piece by piece.
 *
 * The header holds no time, no name and no system (Go's 0xFF), so that equal input gives equal output. Lives in an arena;
 * belongs to one thread. Reading archives is libarchive's work (extract.h).
 */
#ifndef GOTK_ARTIFACT_GZIP_H
#define GOTK_ARTIFACT_GZIP_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

struct gzip;

/* Takes compressed bytes; a negative return ends the compression with the error left in cx. */
typedef int (*gzip_sink_fn)(struct ctx *cx, void *user, const void *data, size_t n);

/* Starts a stream in cx's arena that hands its output to `sink`. */
struct gzip *gzip_new(struct ctx *cx, gzip_sink_fn sink, void *user);

/* Compresses `n` bytes. */
int gzip_write(struct ctx *cx, struct gzip *g, const void *data, size_t n) MUST_CHECK;

/* Hands out what is left, with the trailer. Once, at the end. */
int gzip_finish(struct ctx *cx, struct gzip *g) MUST_CHECK;

#endif
