/*
 * map.c: insertion-ordered hash map; the contract is in map.h.
 *
 * Hash is FNV-1a with a seed drawn once per process, so that a stranger cannot choose colliding keys.
 */
#include "libgotk/base/map.h"

#include "libgotk/base/str.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST 8 /* entries there is room for; a power of two */

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint32_t seed;

static void draw_seed(void)
{
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
        seed = 2166136261u;
}

static uint32_t hash_of(const char *key)
{
    pthread_once(&seed_once, draw_seed);
    uint32_t h = seed;
    for (const unsigned char *p = (const unsigned char *)key; *p; p++)
        h = (h ^ *p) * 16777619u;
    return h ^ (h >> 15);
}

struct map map_new(struct arena *a)
{
    return (struct map){ .arena = a };
}

/* The slot that holds `key`, or the free slot where it would go. */
static uint32_t *slot_of(const struct map *m, const char *key, uint32_t hash)
{
    size_t i = hash & (m->slot_count - 1);
    while (m->slots[i]) {
        const struct map_entry *e = &m->entries[m->slots[i] - 1];
        if (e->hash == hash && e->key && strcmp(e->key, key) == 0)
            break;
        i = (i + 1) & (m->slot_count - 1);
    }
    return &m->slots[i];
}

static void rebuild(struct map *m, size_t cap)
{
    struct map_entry *old = m->entries;
    size_t used = m->used;
    m->entries = ARENA_ARRAY(m->arena, struct map_entry, cap);
    m->slots = ARENA_ARRAY(m->arena, uint32_t, cap * 2);
    m->slot_count = cap * 2;
    m->cap = cap;
    m->used = 0;
    for (size_t i = 0; i < used; i++) {
        if (!old[i].key)
            continue;
        m->entries[m->used++] = old[i];
        *slot_of(m, old[i].key, old[i].hash) = (uint32_t)m->used;
    }
}

void map_reserve(struct map *m, size_t len)
{
    size_t cap = FIRST;
    while (cap < len)
        cap *= 2;
    if (cap > FIRST)
        rebuild(m, cap);
}

void map_set(struct map *m, const char *key, void *value)
{
    if (m->used == m->cap)
        rebuild(m, m->len * 2 >= m->cap ? (m->cap ? m->cap * 2 : FIRST) : m->cap);
    uint32_t hash = hash_of(key);
    uint32_t *slot = slot_of(m, key, hash);
    if (*slot) {
        m->entries[*slot - 1].value = value;
        return;
    }
    m->entries[m->used++] = (struct map_entry){ .key = str_dup(m->arena, key), .value = value, .hash = hash };
    m->len++;
    *slot = (uint32_t)m->used;
}

static struct map_entry *entry_of(const struct map *m, const char *key)
{
    if (!m->len)
        return NULL;
    uint32_t slot = *slot_of(m, key, hash_of(key));
    return slot ? &m->entries[slot - 1] : NULL;
}

void *map_find(const struct map *m, const char *key)
{
    const struct map_entry *e = entry_of(m, key);
    return e ? e->value : NULL;
}

bool map_has(const struct map *m, const char *key)
{
    return entry_of(m, key) != NULL;
}

bool map_remove(struct map *m, const char *key)
{
    struct map_entry *e = entry_of(m, key);
    if (!e)
        return false;
    e->key = NULL; /* its slot stays taken until the next rebuild, so that probing passes over it */
    m->len--;
    return true;
}

const struct map_entry *map_next(const struct map *m, size_t *cursor)
{
    while (*cursor < m->used) {
        const struct map_entry *e = &m->entries[(*cursor)++];
        if (e->key)
            return e;
    }
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **map_sorted_keys(const struct map *m, struct arena *a)
{
    const char **keys = ARENA_ARRAY(a, const char *, m->len + 1);
    size_t cursor = 0, n = 0;
    for (const struct map_entry *e; (e = map_next(m, &cursor)) != NULL;)
        keys[n++] = e->key;
    qsort(keys, n, sizeof(*keys), by_key);
    return keys;
}
