/*
 * gzip.c: zlib's deflate behind a push interface; the contract is in gzip.h.
 *
 * Runs in a job child or a worker, on one thread. Level 6, zlib's default: Go's default costs about as much time and size.
 */
#define ZLIB_CONST
#include "libgotk/artifact/gzip.h"

#include <string.h>
#include <zlib.h>

#define OUT_SIZE    65536
#define OS_UNKNOWN  255
#define GZIP_WINDOW (15 + 16)
#define MEM_LEVEL   8

struct gzip {
    z_stream z;
    gz_header header;
    gzip_sink_fn sink;
    void *user;
    unsigned char out[OUT_SIZE];
};

static void end_stream(void *ptr)
{
    deflateEnd(&((struct gzip *)ptr)->z);
}

struct gzip *gzip_new(struct ctx *cx, gzip_sink_fn sink, void *user)
{
    struct gzip *g = ARENA_NEW(cx->arena, struct gzip);
    g->sink = sink;
    g->user = user;
    g->header.os = OS_UNKNOWN;
    int rc =
        deflateInit2(&g->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL, Z_DEFAULT_STRATEGY);
    ASSERT(rc == Z_OK);
    arena_defer(cx->arena, end_stream, g);
    ASSERT(deflateSetHeader(&g->z, &g->header) == Z_OK);
    return g;
}

/* Runs deflate until it has taken all input and, at the end, given all output. */
static int pump(struct ctx *cx, struct gzip *g, int flush)
{
    do {
        g->z.next_out = g->out;
        g->z.avail_out = OUT_SIZE;
        ASSERT(deflate(&g->z, flush) != Z_STREAM_ERROR);
        size_t n = OUT_SIZE - g->z.avail_out;
        if (n && g->sink(cx, g->user, g->out, n) < 0)
            return cx->err.code;
    } while (g->z.avail_out == 0);
    return 0;
}

int gzip_write(struct ctx *cx, struct gzip *g, const void *data, size_t n)
{
    ASSERT(n <= UINT32_MAX);
    g->z.next_in = data;
    g->z.avail_in = (uInt)n;
    return pump(cx, g, Z_NO_FLUSH);
}

int gzip_finish(struct ctx *cx, struct gzip *g)
{
    g->z.avail_in = 0;
    return pump(cx, g, Z_FINISH);
}
