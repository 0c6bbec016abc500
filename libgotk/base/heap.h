/*
 * heap.h: a binary heap of caller-owned nodes, for timers and priorities.
 *
 * Nodes are embedded in the caller's structs and know their place, so that any of them can be taken out or re-keyed in
 * O(log n). The array of pointers is process memory (mem.h); heap_done gives it back. One thread, or the caller's lock.
 */
#ifndef GOTK_BASE_HEAP_H
#define GOTK_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t key;     /* smallest first */
    uint64_t serial; /* among equal keys, the first one in comes out first */
    size_t index;    /* place + 1; 0: in no heap */
};

struct heap {
    struct heap_node **nodes;
    size_t len;
    size_t cap;
    uint64_t next_serial;
};

/* Adds a node that is in no heap. */
void heap_push(struct heap *h, struct heap_node *node, int64_t key);

/* The node with the smallest key; NULL when empty. */
struct heap_node *heap_top(const struct heap *h);

/* Takes the node out; it must be in this heap. */
void heap_remove(struct heap *h, struct heap_node *node);

/* Takes the smallest node out and returns it; NULL when empty. */
struct heap_node *heap_pop(struct heap *h);

/* True when the node is in a heap. */
bool heap_has(const struct heap_node *node);

/* Gives the array back; the nodes stay the caller's. */
void heap_done(struct heap *h);

#endif
