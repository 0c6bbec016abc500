/*
 * mem.c: malloc behind one door; see mem.h for why it aborts instead of failing.
 *
 * Any thread. This file and arena.c are the only ones that see the C allocator.
 */
#include "libgotk/base/mem.h"

#include "libgotk/base/attr.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void attr_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "assertion failed: %s (%s:%d)\n", cond, file, line);
    abort();
}

static bool quiet;

void mem_quiet(void)
{
    quiet = true;
}

static void *or_abort(void *p, size_t size)
{
    if (!p) {
        if (!quiet)
            fprintf(stderr, "out of memory: the system has no %zu bytes left\n", size);
        abort();
    }
    return p;
}

void *mem_alloc(size_t size)
{
    return or_abort(calloc(1, size ? size : 1), size);
}

void *mem_alloc_raw(size_t size)
{
    return or_abort(malloc(size ? size : 1), size);
}

void *mem_realloc(void *old, size_t size)
{
    return or_abort(realloc(old, size ? size : 1), size);
}

char *mem_strdup(const char *s)
{
    if (!s)
        return NULL;
    size_t size = strlen(s) + 1;
    return memcpy(mem_alloc_raw(size), s, size);
}

void mem_free(void *p)
{
    free(p);
}
