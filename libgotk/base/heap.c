/*
 * heap.c: binary heap of embedded nodes; the contract is in heap.h.
 */
#include "libgotk/base/heap.h"

#include "libgotk/base/attr.h"
#include "libgotk/base/mem.h"

static bool before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->serial < b->serial;
}

static void place(struct heap *h, size_t i, struct heap_node *node)
{
    h->nodes[i] = node;
    node->index = i + 1;
}

static void sift_up(struct heap *h, size_t i)
{
    struct heap_node *node = h->nodes[i];
    while (i > 0 && before(node, h->nodes[(i - 1) / 2])) {
        place(h, i, h->nodes[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(h, i, node);
}

static void sift_down(struct heap *h, size_t i)
{
    struct heap_node *node = h->nodes[i];
    for (size_t child; (child = 2 * i + 1) < h->len; i = child) {
        if (child + 1 < h->len && before(h->nodes[child + 1], h->nodes[child]))
            child++;
        if (!before(h->nodes[child], node))
            break;
        place(h, i, h->nodes[child]);
    }
    place(h, i, node);
}

void heap_push(struct heap *h, struct heap_node *node, int64_t key)
{
    ASSERT(node->index == 0);
    if (h->len == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->nodes = mem_realloc(h->nodes, h->cap * sizeof(struct heap_node *));
    }
    node->key = key;
    node->serial = h->next_serial++;
    place(h, h->len++, node);
    sift_up(h, h->len - 1);
}

struct heap_node *heap_top(const struct heap *h)
{
    return h->len ? h->nodes[0] : NULL;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    size_t i = node->index - 1;
    ASSERT(node->index && i < h->len && h->nodes[i] == node);
    struct heap_node *last = h->nodes[--h->len];
    node->index = 0;
    if (last == node)
        return;
    place(h, i, last);
    sift_up(h, i);
    sift_down(h, last->index - 1);
}

struct heap_node *heap_pop(struct heap *h)
{
    struct heap_node *top = heap_top(h);
    if (top)
        heap_remove(h, top);
    return top;
}

bool heap_has(const struct heap_node *node)
{
    return node->index != 0;
}

void heap_done(struct heap *h)
{
    mem_free(h->nodes);
    *h = (struct heap){ 0 };
}
