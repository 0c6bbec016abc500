/*
 * vec.h: typed growing arrays in an arena.
 *
 * VEC(type) declares the struct; vec_push appends. Elements may move when the array grows: keep indexes, not pointers,
 * while appending. Rejected: void-pointer vectors, which lose the type.
 *
 *     VEC(const char *) names = { 0 };
 *     vec_push(a, &names, "x");
 *     for (size_t i = 0; i < names.len; i++) use(names.at[i]);
 */
#ifndef GOTK_BASE_VEC_H
#define GOTK_BASE_VEC_H

#include "libgotk/base/arena.h"

/* An anonymous (or, with a tag in front, named) array of `type`. */
#define VEC(type)                                                                                            \
    struct {                                                                                                 \
        type *at;                                                                                            \
        size_t len;                                                                                          \
        size_t cap;                                                                                          \
    }

#define VEC_NAMED(tag, type)                                                                                 \
    struct tag {                                                                                             \
        type *at;                                                                                            \
        size_t len;                                                                                          \
        size_t cap;                                                                                          \
    }

/* Makes room for one more element; returns the new capacity's storage. Used by vec_push only. */
void *vec_grow(struct arena *a, void *at, size_t len, size_t *cap, size_t size);

/* Appends `value` (copied). */
#define vec_push(a, v, ...)                                                                                  \
    do {                                                                                                     \
        if ((v)->len == (v)->cap)                                                                            \
            (v)->at = vec_grow((a), (v)->at, (v)->len, &(v)->cap, sizeof(*(v)->at));                         \
        (v)->at[(v)->len++] = __VA_ARGS__;                                                                   \
    } while (0)

/* Removes the element at `i`, keeping the order of the others. */
#define vec_remove(v, i) memmove(&(v)->at[(i)], &(v)->at[(i) + 1], (--(v)->len - (i)) * sizeof(*(v)->at))

#endif
