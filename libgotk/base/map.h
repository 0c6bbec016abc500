/*
 * map.h: string keys to pointers, in an arena, remembering the order of insertion.
 *
 * Open addressing over an insertion-ordered entry array; keys are copied, values are borrowed. Not for shared state:
 * one thread at a time. Rejected: a tree, because most maps here are small and walked in insertion order.
 */
#ifndef GOTK_BASE_MAP_H
#define GOTK_BASE_MAP_H

#include "libgotk/base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct map_entry {
    const char *key; /* NULL: removed */
    void *value;
    uint32_t hash;
};

struct map {
    struct arena *arena;
    struct map_entry *entries; /* in order of insertion */
    size_t used;               /* entries written, removed ones included */
    size_t len;                /* entries alive */
    size_t cap;
    uint32_t *slots; /* index into entries + 1; 0: free */
    size_t slot_count;
};

/* An empty map in `a`. */
struct map map_new(struct arena *a);

/* Makes room for `len` entries at once; the map must be empty. */
void map_reserve(struct map *m, size_t len);

/* Stores value under a copy of key; an older value is replaced in its place. */
void map_set(struct map *m, const char *key, void *value);

/* The value under key; NULL when absent (or when NULL was stored: see map_has). */
void *map_find(const struct map *m, const char *key);
bool map_has(const struct map *m, const char *key);

/* Removes key; false when it was not there. */
bool map_remove(struct map *m, const char *key);

/* The next live entry after *cursor (start with 0) in order of insertion; NULL at the end. */
const struct map_entry *map_next(const struct map *m, size_t *cursor);

/* All keys in byte order, as a NULL-terminated array in `a`. */
const char **map_sorted_keys(const struct map *m, struct arena *a);

#endif
