/*
 * table.h: a hash table of caller-owned nodes by string key, for what outlives reconciles.
 *
 * Nodes are embedded in the caller's structs; the key is the caller's too and stays as it is while the node is in. The
 * array of slots is process memory (mem.h); table_done gives it back. One thread, or the caller's lock. base/map.h is for
 * arenas: it would keep the key of everything that ever was.
 */
#ifndef GOTK_BASE_TABLE_H
#define GOTK_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_node {
    struct table_node *next; /* in the same slot */
    const char *key;
    uint32_t hash;
};

struct table {
    struct table_node **slots; /* NULL while empty; a power of two */
    size_t slot_count;
    size_t len;
};

/* Puts a node in under its key, which no other node may have. */
void table_add(struct table *t, struct table_node *node);

/* The node with this key; NULL when there is none. */
struct table_node *table_find(const struct table *t, const char *key);

/* Takes the node out; it must be in. */
void table_remove(struct table *t, struct table_node *node);

/* Calls fn for each node, in no order; the table must not change meanwhile. */
void table_each(const struct table *t, void (*fn)(struct table_node *node, void *user), void *user);

/* Takes all nodes out, in no order, handing each to fn, and gives the slots back. */
void table_done(struct table *t, void (*fn)(struct table_node *node));

#endif
