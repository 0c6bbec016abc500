/*
 * vec.c: growth of the typed arrays of vec.h. Any thread, no state.
 */
#include "libgotk/base/vec.h"

void *vec_grow(struct arena *a, void *at, size_t len, size_t *cap, size_t size)
{
    size_t wanted = *cap ? *cap * 2 : 8;
    void *grown = arena_grow(a, at, len * size, wanted * size);
    *cap = wanted;
    return grown;
}
