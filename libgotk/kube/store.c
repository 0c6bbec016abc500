/*
 * store.c: a hash table of references behind one lock; the contract is in store.h.
 *
 * Open addressing with linear probing and backward shifting on removal, so that there are no tombstones and
 * the table is one array. Written on a reflector's thread, read on any. Rejected: base/map.h, whose arena
 * would keep the keys of every object that ever was.
 */
#include "libgotk/kube/store.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/map.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <pthread.h>
#include <string.h>

#define MIN_SLOTS 64

struct store {
    pthread_mutex_t lock;
    struct obj **slots; /* NULL: free; a power of two, at most two thirds full */
    size_t slot_count;
    size_t len;
};

struct store *store_open(void)
{
    struct store *s = mem_alloc(sizeof(*s));
    s->slot_count = MIN_SLOTS;
    s->slots = mem_alloc(MIN_SLOTS * sizeof(struct obj *));
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->slot_count; i++)
        obj_unref(s->slots[i]);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->slots);
    mem_free(s);
}

static size_t home_of(const struct store *s, const char *ns, const char *name)
{
    uint32_t h = hash_fnv32a(ns, strlen(ns)) * 16777619u ^ hash_fnv32a(name, strlen(name));
    return (h ^ h >> 16) & (s->slot_count - 1);
}

static bool is_named(const struct obj *o, const char *ns, const char *name)
{
    return strcmp(o->name, name) == 0 && strcmp(o->ns, ns) == 0;
}

/* The slot of the object, or the free slot where it would go. */
static size_t find_slot(const struct store *s, const char *ns, const char *name)
{
    size_t i = home_of(s, ns, name);
    while (s->slots[i] && !is_named(s->slots[i], ns, name))
        i = (i + 1) & (s->slot_count - 1);
    return i;
}

struct obj *store_get(struct store *s, const char *ns, const char *name)
{
    pthread_mutex_lock(&s->lock);
    struct obj *o = obj_ref(s->slots[find_slot(s, str_or(ns, ""), name)]);
    pthread_mutex_unlock(&s->lock);
    return o;
}

size_t store_len(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    size_t len = s->len;
    pthread_mutex_unlock(&s->lock);
    return len;
}

static void resize(struct store *s, size_t slot_count)
{
    struct obj **old = s->slots;
    size_t old_count = s->slot_count;
    s->slots = mem_alloc(slot_count * sizeof(struct obj *));
    s->slot_count = slot_count;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i])
            s->slots[find_slot(s, old[i]->ns, old[i]->name)] = old[i];
    }
    mem_free(old);
}

struct obj *store_put(struct store *s, struct obj *o)
{
    pthread_mutex_lock(&s->lock);
    if ((s->len + 1) * 3 > s->slot_count * 2)
        resize(s, s->slot_count * 2);
    size_t i = find_slot(s, o->ns, o->name);
    struct obj *old = s->slots[i];
    s->slots[i] = obj_ref(o);
    if (!old)
        s->len++;
    pthread_mutex_unlock(&s->lock);
    return old;
}

/* Frees slot `hole`, moving back those that were pushed past it. */
static void close_hole(struct store *s, size_t hole)
{
    size_t mask = s->slot_count - 1;
    for (size_t i = (hole + 1) & mask; s->slots[i]; i = (i + 1) & mask) {
        size_t home = home_of(s, s->slots[i]->ns, s->slots[i]->name);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            s->slots[hole] = s->slots[i];
            hole = i;
        }
    }
    s->slots[hole] = NULL;
}

struct obj *store_remove(struct store *s, const char *ns, const char *name)
{
    pthread_mutex_lock(&s->lock);
    size_t i = find_slot(s, str_or(ns, ""), name);
    struct obj *o = s->slots[i];
    if (o) {
        close_hole(s, i);
        s->len--;
    }
    pthread_mutex_unlock(&s->lock);
    return o;
}

/* References taken under the lock, given back with the arena. */
struct snapshot {
    struct obj **list;
    size_t count;
};

static void snapshot_unref(void *ptr)
{
    struct snapshot *snap = ptr;
    for (size_t i = 0; i < snap->count; i++)
        obj_unref(snap->list[i]);
    snap->count = 0;
}

/* `index` NULL: all objects. */
static struct snapshot *take(struct ctx *cx, struct store *s, const char *index, const char *value)
{
    struct snapshot *snap = ARENA_NEW(cx->arena, struct snapshot);
    pthread_mutex_lock(&s->lock);
    snap->list = ARENA_ARRAY(cx->arena, struct obj *, s->len + 1);
    for (size_t i = 0; i < s->slot_count; i++) {
        struct obj *o = s->slots[i];
        if (o && (!index || obj_has_index(o, index, value)))
            snap->list[snap->count++] = obj_ref(o);
    }
    pthread_mutex_unlock(&s->lock);
    arena_defer(cx->arena, snapshot_unref, snap);
    return snap;
}

static int each(struct ctx *cx, struct snapshot *snap, int (*fn)(struct ctx *cx, void *user, struct obj *o),
                void *user)
{
    int rc = 0;
    for (size_t i = 0; i < snap->count && rc >= 0; i++)
        rc = fn(cx, user, snap->list[i]);
    snapshot_unref(snap);
    return rc < 0 ? rc : 0;
}

int store_each(struct ctx *cx, struct store *s, int (*fn)(struct ctx *cx, void *user, struct obj *o),
               void *user)
{
    return each(cx, take(cx, s, NULL, NULL), fn, user);
}

int store_each_indexed(struct ctx *cx, struct store *s, const char *name, const char *value,
                       int (*fn)(struct ctx *cx, void *user, struct obj *o), void *user)
{
    return each(cx, take(cx, s, name, value), fn, user);
}

/* --- ways --- */

/* An object that was met, and the number of the one before it on the way there. */
struct stop {
    const char *id;
    size_t before;
};

/* Each object is met once, however many ways there are to it: who names whom is a stranger's choice. */
struct search {
    struct arena *arena;
    struct store *store;
    const char *index;
    struct map met;
    VEC(struct stop) stops; /* in the order they were met: the nearest first */
};

static struct obj *find_stop(const struct search *w, const char *id)
{
    const char *slash = strchrnul(id, '/');
    return store_get(w->store, str_ndup(w->arena, id, (size_t)(slash - id)), *slash ? slash + 1 : "");
}

/* Meets what the object of a stop leads to; true when that is `to`. */
static bool go_on_from(struct search *w, size_t stop, const char *to)
{
    CLEANUP(obj_cleanup) struct obj *o = find_stop(w, w->stops.at[stop].id);
    for (size_t i = 0; o && i < o->index_count; i++) {
        const char *next = o->indexes[i].value;
        if (!str_eq(o->indexes[i].name, w->index))
            continue;
        if (str_eq(next, to))
            return true;
        if (map_has(&w->met, next))
            continue;
        map_set(&w->met, next, w);
        vec_push(w->arena, &w->stops, (struct stop){ str_dup(w->arena, next), stop });
    }
    return false;
}

/* The way to a stop, and from there to `to`. */
static const char *print_way(const struct search *w, size_t stop, const char *to)
{
    size_t n = 0, at = stop;
    const char **ids = ARENA_ARRAY(w->arena, const char *, w->stops.len + 1);
    for (ids[n++] = to; at > 0; at = w->stops.at[at].before)
        ids[n++] = w->stops.at[at].id;
    ids[n++] = w->stops.at[0].id;
    for (size_t i = 0; i < n / 2; i++) {
        const char *kept = ids[i];
        ids[i] = ids[n - 1 - i];
        ids[n - 1 - i] = kept;
    }
    return str_join(w->arena, ids, n, " -> ");
}

const char *store_way(struct arena *a, struct store *s, const char *index, const char *from, const char *to)
{
    struct search w = { .arena = a, .store = s, .index = index, .met = map_new(a) };
    vec_push(a, &w.stops, (struct stop){ from, 0 });
    for (size_t i = 0; i < w.stops.len; i++)
        if (go_on_from(&w, i, to))
            return print_way(&w, i, to);
    return NULL;
}
