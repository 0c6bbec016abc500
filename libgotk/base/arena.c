/*
 * arena.c: chunked bump allocation with deferred calls, marks and a maximum; the contract is in arena.h.
 *
 * A list of chunks, newest first. Small requests are cut from the newest chunk; one that does not fit opens a chunk of
 * its own size or of a quarter of what was given out so far (4 KiB to 1 MiB). Runs on whichever thread owns the arena. Rejected: a
 * free list, because lifetimes are ended as a whole.
 */
#include "libgotk/base/arena.h"

#include "libgotk/base/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#define RED_ZONE       16
#else
#define POISON(p, n)   ((void)0)
#define UNPOISON(p, n) ((void)0)
#define RED_ZONE       0
#endif

#define ALIGN       alignof(max_align_t)
#define PAGE        ((size_t)4 << 10)
#define HEADS       64 /* of a chunk, and of the block of the heap that it is: both together are whole pages */
#define CHUNK_MIN   PAGE
#define CHUNK_MAX   ((size_t)1 << 20)
#define RESERVE_MIN ((size_t)8 << 20)

struct chunk {
    struct chunk *older;
    size_t size; /* bytes behind the header */
    size_t used;
    alignas(max_align_t) char data[];
};

struct defer {
    struct defer *older;
    void (*fn)(void *ptr);
    void *ptr;
};

struct arena {
    struct chunk *newest;
    struct defer *defers;
    size_t total; /* bytes given out, red zones not counted */
    size_t max;
    bool secret;
};

struct arena *arena_new(size_t max)
{
    struct arena *a = mem_alloc(sizeof(*a));
    a->max = max;
    return a;
}

struct arena *arena_new_secret(size_t max)
{
    struct arena *a = arena_new(max);
    a->secret = true;
    return a;
}

static void refuse_beyond_reserve(const struct arena *a, size_t size)
{
    size_t reserve = a->max / 4 > RESERVE_MIN ? a->max / 4 : RESERVE_MIN;
    if (size <= a->max + reserve && a->total <= a->max + reserve - size)
        return;
    fprintf(stderr, "arena: %zu bytes more would pass the maximum of %zu far beyond its reserve\n", size,
            a->max);
    abort();
}

static struct chunk *open_chunk(struct arena *a, size_t need)
{
    size_t size = a->total / 4; /* a quarter may lie idle, not a half: ten workers have ten arenas */
    if (size < CHUNK_MIN)
        size = CHUNK_MIN;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    size = (size + PAGE - 1) / PAGE * PAGE - HEADS;
    if (size < need)
        size = need;
    struct chunk *c = mem_alloc_raw(sizeof(*c) + size);
    c->older = a->newest;
    c->size = size;
    c->used = 0;
    POISON(c->data, size);
    a->newest = c;
    return c;
}

/* The bytes of a chunk that `size` bytes take. */
static size_t taken_by(size_t size)
{
    return ((size ? size : 1) + ALIGN - 1) / ALIGN * ALIGN + RED_ZONE;
}

void *arena_alloc_raw(struct arena *a, size_t size)
{
    refuse_beyond_reserve(a, size);
    size_t need = taken_by(size);
    struct chunk *c = a->newest;
    if (!c || c->size - c->used < need)
        c = open_chunk(a, need);
    char *p = c->data + c->used;
    c->used += need;
    a->total += size;
    UNPOISON(p, size);
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return memset(arena_alloc_raw(a, size), 0, size);
}

static bool grow_in_place(struct arena *a, const char *old, size_t old_size, size_t size)
{
    struct chunk *c = a->newest;
    size_t held = taken_by(old_size), need = taken_by(size);
    if (!c || old + held != c->data + c->used || c->size - c->used < need - held)
        return false;
    refuse_beyond_reserve(a, size - old_size);
    c->used += need - held;
    a->total += size - old_size;
    UNPOISON((void *)(uintptr_t)old, size);
    return true;
}

void *arena_grow(struct arena *a, void *old, size_t old_size, size_t size)
{
    ASSERT(size >= old_size);
    if (old && grow_in_place(a, old, old_size, size))
        return old;
    void *p = arena_alloc_raw(a, size);
    if (old)
        memcpy(p, old, old_size);
    return p;
}

static void wipe(const struct arena *a, struct chunk *c, size_t from)
{
    if (a->secret) {
        UNPOISON(c->data + from, c->used - from);
        explicit_bzero(c->data + from, c->used - from);
    }
    POISON(c->data + from, c->used - from);
}

void arena_trim(struct arena *a, void *p, size_t old_size, size_t size)
{
    struct chunk *c = a->newest;
    size_t held = taken_by(old_size);
    ASSERT(size <= old_size);
    if (!c || (char *)p + held != c->data + c->used)
        return;
    size_t from = (size_t)((char *)p - c->data) + size;
    wipe(a, c, from);
    c->used -= held - taken_by(size);
    a->total -= old_size - size;
}

void arena_defer(struct arena *a, void (*fn)(void *ptr), void *ptr)
{
    struct defer *d = ARENA_NEW(a, struct defer);
    *d = (struct defer){ .older = a->defers, .fn = fn, .ptr = ptr };
    a->defers = d;
}

static void run_defers(struct arena *a, const struct defer *until)
{
    while (a->defers != until) {
        struct defer *d = a->defers;
        a->defers = d->older;
        d->fn(d->ptr);
    }
}

static void drop_newest(struct arena *a)
{
    struct chunk *c = a->newest;
    a->newest = c->older;
    wipe(a, c, 0);
    UNPOISON(c->data, c->size);
    mem_free(c);
}

struct arena_mark arena_mark(struct arena *a)
{
    return (struct arena_mark){ a->newest, a->newest ? a->newest->used : 0, a->total, a->defers };
}

void arena_release(struct arena *a, struct arena_mark mark)
{
    run_defers(a, mark.defers);
    while (a->newest != mark.chunk)
        drop_newest(a);
    if (a->newest) {
        wipe(a, a->newest, mark.used);
        a->newest->used = mark.used;
    }
    a->total = mark.total;
}

void arena_reset(struct arena *a)
{
    run_defers(a, NULL);
    while (a->newest && (a->newest->older || a->newest->size > CHUNK_MAX))
        drop_newest(a);
    if (a->newest) {
        wipe(a, a->newest, 0);
        a->newest->used = 0;
    }
    a->total = 0;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    run_defers(a, NULL);
    while (a->newest)
        drop_newest(a);
    mem_free(a);
}

void arena_cleanup(struct arena **a)
{
    arena_free(*a);
}

bool arena_exhausted(const struct arena *a)
{
    return a->total > a->max;
}

bool arena_has_room(const struct arena *a, size_t size)
{
    return a->total <= a->max && size <= a->max - a->total;
}

size_t arena_used(const struct arena *a)
{
    return a->total;
}

size_t arena_max(const struct arena *a)
{
    return a->max;
}
