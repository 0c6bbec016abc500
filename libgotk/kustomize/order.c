/*
 * order.c: see order.h. Sort keys are made once per resource: the rank of the kind, then the texts upstream compares.
 */
#include "libgotk/kustomize/order.h"

#include "libgotk/base/map.h"
#include "libgotk/base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sort_key {
    struct resource *r;
    size_t place;
    intptr_t rank;
    const char *by_kind; /* group_version_kind */
    const char *by_id;   /* within one kind */
};

static const char *kind_text(struct arena *a, struct gvk g)
{
    const char *const parts[] = { str_or(g.group, "~G"), str_or(g.version, "~V"), str_or(g.kind, "~K") };
    return str_join(a, parts, ARRAY_LEN(parts), "_");
}

static const char *id_text(struct arena *a, const struct resid *id)
{
    const char *const parts[] = { gvk_text(a, id->gvk), str_or(id->ns, "~X"), str_or(id->name, "~N") };
    return str_join(a, parts, ARRAY_LEN(parts), "|");
}

static int compare(const void *a, const void *b)
{
    const struct sort_key *left = a;
    const struct sort_key *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    int order = strcmp(left->by_kind, right->by_kind);
    if (!order)
        order = strcmp(left->by_id, right->by_id);
    else if (!strcmp(left->r->id.gvk.kind, "Namespace") && !strcmp(right->r->id.gvk.kind, "Namespace") &&
             (!left->r->id.gvk.group[0] || !right->r->id.gvk.group[0]))
        order = -order;
    if (order)
        return order;
    return left->place < right->place ? -1 : 1;
}

/* Ranks of the kinds a kustomization lists itself; -n..-1 come first, 1..n last. */
static struct map own_ranks(struct arena *a, const struct doc *first, const struct doc *last)
{
    struct map ranks = map_new(a);
    intptr_t rank = -(intptr_t)doc_len(first);
    doc_each (kind, first)
        map_set(&ranks, str_or(doc_text(kind), ""), (void *)rank++);
    rank = 1;
    doc_each (kind, last)
        map_set(&ranks, str_or(doc_text(kind), ""), (void *)rank++);
    return ranks;
}

static void sort_legacy(struct resmap *m, const struct doc *own)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(arena_max(m->arena));
    struct sort_key *keys = ARENA_ARRAY(a, struct sort_key, m->list.len + 1);
    struct map ranks = own_ranks(a, doc_find(own, "orderFirst"), doc_find(own, "orderLast"));
    for (size_t i = 0; i < m->list.len; i++) {
        struct resource *r = m->list.at[i];
        keys[i] = (struct sort_key){
            .r = r, .place = i, .by_kind = kind_text(a, r->id.gvk), .by_id = id_text(a, &r->id)
        };
        keys[i].rank = own ? (intptr_t)map_find(&ranks, r->id.gvk.kind) : gvk_rank(r->id.gvk.kind);
    }
    qsort(keys, m->list.len, sizeof(keys[0]), compare);
    for (size_t i = 0; i < m->list.len; i++)
        m->list.at[i] = keys[i].r;
    resmap_touch(m);
}

int order_apply(struct ctx *cx, struct resmap *m, const struct doc *options, bool legacy)
{
    const char *order = str_or(doc_text_at(options, "order"), "");
    const struct doc *own = doc_find(options, "legacySortOptions");
    if (!options) {
        if (legacy)
            sort_legacy(m, NULL);
        return 0;
    }
    if (strcmp(order, "fifo") != 0 && strcmp(order, "legacy") != 0)
        return err_fail(cx, ERR_INVALID, "the field 'sortOptions.order' must be one of [fifo, legacy]");
    if (!strcmp(order, "legacy"))
        sort_legacy(m, own);
    else if (own)
        return err_fail(
            cx, ERR_INVALID,
            "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not "
            "'legacy'");
    return 0;
}
