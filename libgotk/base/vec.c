/*
 * vec.c: growth of the typed arrays of vec.h. Any thread, no state.
 */
#include "libgotk/base/vec.h"

/* Small: there are many vectors of one or two elements. */
#define FIRST 2

void *vec_grow(struct arena *a, void *at, size_t len, size_t *cap, size_t size)
{
    size_t wanted = *cap ? *cap * 2 : FIRST;
    void *grown = arena_grow(a, at, len * size, wanted * size);
    *cap = wanted;
    return grown;
}
