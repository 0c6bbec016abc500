/*
 * table.c: chains of nodes in slots; the contract is in table.h.
 */
#include "libgotk/base/table.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/mem.h"

#include <string.h>

#define MIN_SLOTS 64

static struct table_node **slot_of(const struct table *t, uint32_t hash)
{
    return &t->slots[(hash ^ hash >> 16) & (t->slot_count - 1)];
}

static void resize(struct table *t, size_t slot_count)
{
    struct table old = *t;
    t->slots = mem_alloc(slot_count * sizeof(struct table_node *));
    t->slot_count = slot_count;
    for (size_t i = 0; i < old.slot_count; i++) {
        for (struct table_node *n = old.slots[i], *next; n; n = next) {
            struct table_node **slot = slot_of(t, n->hash);
            next = n->next;
            n->next = *slot;
            *slot = n;
        }
    }
    mem_free(old.slots);
}

void table_add(struct table *t, struct table_node *node)
{
    if (t->len == t->slot_count)
        resize(t, t->slot_count ? t->slot_count * 2 : MIN_SLOTS);
    node->hash = hash_fnv32a(node->key, strlen(node->key));
    struct table_node **slot = slot_of(t, node->hash);
    node->next = *slot;
    *slot = node;
    t->len++;
}

struct table_node *table_find(const struct table *t, const char *key)
{
    uint32_t hash = hash_fnv32a(key, strlen(key));
    struct table_node *n = t->len ? *slot_of(t, hash) : NULL;
    while (n && (n->hash != hash || strcmp(n->key, key) != 0))
        n = n->next;
    return n;
}

void table_remove(struct table *t, struct table_node *node)
{
    struct table_node **at = slot_of(t, node->hash);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    t->len--;
}

void table_each(const struct table *t, void (*fn)(struct table_node *node, void *user), void *user)
{
    for (size_t i = 0; i < t->slot_count; i++)
        for (struct table_node *n = t->slots[i]; n; n = n->next)
            fn(n, user);
}

void table_done(struct table *t, void (*fn)(struct table_node *node))
{
    for (size_t i = 0; i < t->slot_count; i++) {
        for (struct table_node *n = t->slots[i], *next; n; n = next) {
            next = n->next;
            fn(n);
        }
    }
    mem_free(t->slots);
    *t = (struct table){ 0 };
}
