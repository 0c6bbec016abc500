/*
 * resmap.c: see resmap.h. Slots hold two lists per identity: resources that carry it now, and resources that carry or
 * carried it. Appending extends a fresh index, of present identities alone, so accumulating n resources stays linear.
 */
#include "libgotk/kustomize/resmap.h"

#include "libgotk/base/str.h"

#include <string.h>

struct resmap_slot {
    struct resources current;
    struct resources any;
};

struct resmap resmap_new(struct arena *a)
{
    return (struct resmap){ .arena = a, .stale = true, .unchecked = true };
}

static void free_scratch(void *scratch)
{
    struct arena **a = scratch;
    arena_free(*a);
    *a = NULL;
}

/* An empty index. */
static void index_reset(struct resmap *m)
{
    if (!m->scratch_box) {
        m->scratch_box = ARENA_NEW(m->arena, struct arena *);
        arena_defer(m->arena, free_scratch, m->scratch_box);
    }
    if (*m->scratch_box)
        arena_reset(*m->scratch_box);
    else
        *m->scratch_box = arena_new(arena_max(m->arena));
    m->scratch = *m->scratch_box;
    m->index = map_new(m->scratch);
    m->names = map_new(m->scratch);
    m->taken = map_new(m->scratch);
    m->indexed = m->named = m->counted = 0;
    m->stale = false;
}

/* The index key of an identity; in `small` when it fits, else in the arena. */
static const char *key_of(struct arena *a, const struct resid *id, char *small, size_t size)
{
    const char *const parts[] = { id->gvk.group, id->gvk.version, id->gvk.kind, id->name,
                                  resid_namespace(id) };
    char *end = small;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        size_t n = strlen(parts[i]);
        if (n >= size - (size_t)(end - small))
            return str_join(a, parts, ARRAY_LEN(parts), "\n");
        end = mempcpy(end, parts[i], n);
        *end++ = '\n';
    }
    end[-1] = '\0';
    return small;
}

static struct resmap_slot *slot_find(struct resmap *m, const struct resid *id)
{
    char small[256];
    return map_find(&m->index, key_of(m->scratch, id, small, sizeof(small)));
}

static struct resmap_slot *slot_make(struct resmap *m, const struct resid *id)
{
    char small[256];
    const char *key = key_of(m->scratch, id, small, sizeof(small));
    struct resmap_slot *slot = map_find(&m->index, key);
    if (!slot) {
        slot = ARENA_NEW(m->scratch, struct resmap_slot);
        map_set(&m->index, key, slot);
    }
    return slot;
}

/* The list is walked in order, so a resource already in a slot is the slot's last. */
static void slot_add(struct arena *a, struct resources *list, struct resource *r)
{
    if (!list->len || list->at[list->len - 1] != r)
        vec_push(a, list, r);
}

static void index_name(struct resmap *m, const char *name, struct resource *r)
{
    struct resources *named = map_find(&m->names, name);
    if (!named) {
        named = ARENA_NEW(m->scratch, struct resources);
        map_set(&m->names, name, named);
    }
    slot_add(m->scratch, named, r);
}

static void index_ids(struct resmap *m, struct resource *r)
{
    for (size_t i = 0; r->doc && i <= r->past.len; i++) {
        struct resid id = resource_id_at(r, i);
        struct resmap_slot *slot = slot_make(m, &id);
        slot_add(m->scratch, &slot->any, r);
        if (i == r->past.len)
            slot_add(m->scratch, &slot->current, r);
    }
}

/* Brings the index of identities up to date. */
static void index_update(struct resmap *m)
{
    if (m->stale)
        index_reset(m);
    if (!m->indexed)
        map_reserve(&m->index, 2 * m->list.len); /* most have had another name */
    for (; m->indexed < m->list.len; m->indexed++)
        index_ids(m, m->list.at[m->indexed]);
}

/* Brings that of names up to date, which is much smaller. */
static void names_update(struct resmap *m)
{
    if (m->stale)
        index_reset(m);
    for (; m->named < m->list.len; m->named++) {
        struct resource *r = m->list.at[m->named];
        for (size_t i = 0; r->doc && i <= r->past.len; i++)
            index_name(m, resource_id_at(r, i).name, r);
    }
}

/* Brings that of present identities up to date, which is all that appending asks for; of several that are equal it has the
 * first. */
static void taken_update(struct resmap *m)
{
    char small[256];
    if (m->stale)
        index_reset(m);
    for (; m->counted < m->list.len; m->counted++) {
        struct resource *r = m->list.at[m->counted];
        const char *key = key_of(m->scratch, &r->id, small, sizeof(small));
        if (r->doc && !map_has(&m->taken, key))
            map_set(&m->taken, key, r);
    }
}

static int already_registered(struct ctx *cx, const struct resource *r, const struct resource *before)
{
    const char *from =
        before->file ? str_fmt(cx->arena, " (there is one from %s already)", before->file) : "";
    return err_fail(cx, ERR_EXISTS, "may not add resource with an already registered id: %s%s",
                    resid_text(cx->arena, &r->id), from);
}

const char *resmap_hint(struct arena *a, const struct resmap *m, const char *kind, const char *name)
{
    VEC(const char *) names = { 0 };
    struct resources of_kind = { 0 };
    for (size_t i = 0; i < m->list.len; i++) {
        struct resource *r = m->list.at[i];
        if (!r->doc || (kind[0] && strcmp(kind, r->id.gvk.kind) != 0))
            continue;
        vec_push(a, &names, r->id.name);
        vec_push(a, &of_kind, r);
    }
    const char *near = str_nearest(name, names.at, names.len);
    for (size_t i = 0; near && i < names.len; i++)
        if (!strcmp(names.at[i], near))
            return str_fmt(a, " (did you mean %s?)", resid_text(a, &of_kind.at[i]->id));
    if (of_kind.len == 1)
        return str_fmt(a, " (there is %s)", resid_text(a, &of_kind.at[0]->id));
    return of_kind.len || !kind[0] ? "" : str_fmt(a, " (there is no %s here at all)", kind);
}

int resmap_append(struct ctx *cx, struct resmap *m, struct resource *r)
{
    char small[256];
    taken_update(m);
    const struct resource *before = map_find(&m->taken, key_of(m->scratch, &r->id, small, sizeof(small)));
    if (before)
        return already_registered(cx, r, before);
    vec_push(m->arena, &m->list, r);
    return 0;
}

void resmap_rest(struct resmap *m)
{
    if (m->scratch_box)
        free_scratch(m->scratch_box);
    m->stale = true;
}

int resmap_append_all(struct ctx *cx, struct resmap *m, struct resmap *other)
{
    resmap_rest(other);
    for (size_t i = 0; i < other->list.len; i++)
        if (resmap_append(cx, m, other->list.at[i]) < 0)
            return err_code(cx);
    return ctx_check(cx);
}

void resmap_touch(struct resmap *m)
{
    m->stale = m->unchecked = true;
}

struct resources resmap_find_current(struct resmap *m, const struct resid *id)
{
    index_update(m);
    const struct resmap_slot *slot = slot_find(m, id);
    return slot ? slot->current : (struct resources){ 0 };
}

struct resources resmap_find_any(struct resmap *m, const struct resid *id)
{
    index_update(m);
    const struct resmap_slot *slot = slot_find(m, id);
    struct resources found = { 0 };
    for (size_t i = 0; slot && i < slot->any.len; i++)
        if (slot->any.at[i]->doc)
            vec_push(m->arena, &found, slot->any.at[i]);
    return found;
}

struct resources resmap_named(struct resmap *m, const char *name)
{
    if (str_empty(name))
        return m->list;
    names_update(m);
    const struct resources *named = map_find(&m->names, name);
    return named ? *named : (struct resources){ 0 };
}

int resmap_get(struct ctx *cx, struct resmap *m, const struct resid *id, struct resource **ret)
{
    struct resources found = resmap_find_any(m, id);
    if (found.len == 1) {
        *ret = found.at[0];
        return 0;
    }
    const char *text = resid_text(cx->arena, id);
    return found.len
               ? err_fail(cx, ERR_INVALID,
                          "multiple matches for Id %s; failed to find unique target for patch %s", text, text)
               : err_fail(cx, ERR_NOT_FOUND,
                          "no matches for Id %s; failed to find unique target for patch %s%s", text, text,
                          resmap_hint(cx->arena, m, id->gvk.kind, id->name));
}

void resmap_drop_empty(struct resmap *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->list.len; i++)
        if (doc_first(m->list.at[i]->doc))
            m->list.at[kept++] = m->list.at[i];
    m->emptied = false;
    if (kept == m->list.len)
        return;
    m->list.len = kept;
    resmap_touch(m);
}

void resmap_refresh(struct resmap *m)
{
    for (size_t i = 0; i < m->list.len; i++)
        if (resource_refresh(m->arena, m->list.at[i]))
            resmap_touch(m);
}

/* By a map of its own, which is smaller than the index. */
int resmap_check_unique(struct ctx *cx, struct resmap *m)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(arena_max(m->arena));
    struct map seen = map_new(scratch);
    map_reserve(&seen, m->list.len);
    for (size_t i = 0; i < m->list.len; i++) {
        char small[256];
        struct resource *r = m->list.at[i];
        const char *key = key_of(scratch, &r->id, small, sizeof(small));
        const struct resource *before = r->doc ? map_find(&seen, key) : NULL;
        if (before)
            return already_registered(cx, r, before);
        if (r->doc)
            map_set(&seen, key, r);
    }
    m->unchecked = false;
    return 0;
}
