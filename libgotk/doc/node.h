/*
 * node.h: what the files of libgotk/doc know about a node and nobody else may.
 *
 * A struct doc is a cJSON node seen through a closed door: `prev` of a first child is the last child, `string` is the
 * key, `valuestring` the text of a string or the literal of a number. The fields cJSON keeps numbers in hold where the
 * node was read: valueint the line, valuedouble the column. Nodes come from arenas, never from cJSON's allocator.
 * Keys and texts may be shared between nodes, so nothing writes into them.
 *
 * A NUL byte inside a string is kept as the two bytes C0 80, which no UTF-8 text holds: strings stay plain C strings,
 * and one object with "\u0000" in an annotation does not make a whole list unreadable. Printers turn it back.
 */
#ifndef GOTK_DOC_NODE_H
#define GOTK_DOC_NODE_H

#include "libgotk/doc/doc.h"

#include <cjson/cJSON.h>

/* How deep readers let documents nest: everything that walks a tree recurses. */
#define NODE_DEPTH_MAX  1000
#define NODE_DEPTH_DEEP 10000 /* with YML_DEEP: go-yaml's limit, and that of Go's JSON */

/* The bytes that stand for a NUL inside a string. */
#define NODE_NUL STR_NUL

/* Bits beside cJSON's type: the scalar was written in quotes or as a block; the text a plain scalar was written as
 * stands behind the NUL of valuestring. Only with YML_SOURCE. */
#define NODE_QUOTED (1 << 16)
#define NODE_SOURCE (1 << 17)
/* With NODE_QUOTED: the scalar was written as a literal block, or a folded one. */
#define NODE_LITERAL (1 << 18)
#define NODE_FOLDED  (1 << 19)
#define NODE_STYLE   (NODE_QUOTED | NODE_LITERAL | NODE_FOLDED)

/* The scalar is one of a ring (doc_share); `child` is the next of them. Copies are none. */
#define NODE_SHARED (1 << 20)

/* Three bits for an enum doc_tag. */
#define NODE_TAG_SHIFT 21
#define NODE_TAG       (7 << NODE_TAG_SHIFT)

/* The object's members are printed in their own order. */
#define NODE_ORDERED (1 << 24)

/* The object was read with a key given twice; the member's key is printed without quotes. */
#define NODE_REPEATS  (1 << 25)
#define NODE_BARE_KEY (1 << 26)

static inline cJSON *node_of(const struct doc *d)
{
    return (cJSON *)(uintptr_t)d;
}

static inline struct doc *node_doc(const cJSON *n)
{
    return (struct doc *)(uintptr_t)n;
}

/* A zeroed node of a cJSON type. */
cJSON *node_new(struct arena *a, int type);

/* Links `n` as the last child of `parent`. */
static inline void node_link(cJSON *parent, cJSON *n)
{
    n->next = NULL;
    if (!parent->child) {
        parent->child = n;
        n->prev = n;
        return;
    }
    cJSON *last = parent->child->prev;
    last->next = n;
    n->prev = last;
    parent->child->prev = n;
}

static inline void node_set_position(cJSON *n, int line, int column)
{
    n->valueint = line;
    n->valuedouble = column;
}

/* Fails as ctx_check when `n` more bytes would not fit the arena's maximum: asked before a large text is copied. */
int node_room(struct ctx *cx, size_t n) MUST_CHECK;

/* Fails as ctx_check: at once when the arena is full, else every few thousand calls (*count is the caller's). */
static inline int node_check(struct ctx *cx, unsigned *count)
{
    return ++*count % 4096 == 0 || arena_exhausted(cx->arena) ? ctx_check(cx) : 0;
}

/* A deep copy within cx->arena that shares keys and texts with `from`, which lives there too. Unlike doc_copy it stops
 * with ERR_LIMIT when the arena is full. */
int node_copy_here(struct ctx *cx, const cJSON *from, cJSON **ret) MUST_CHECK;

/* Children of an object sorted by key bytes into `at` (room for doc_len of them). */
void node_sort(const cJSON *object, cJSON **at, size_t count);

#endif
