/*
 * arena.h: memory with one lifetime.
 *
 * An arena gives out memory that is never freed piece by piece: it all ends together when the arena is reset,
 * released to a mark, or freed. Handles of other libraries join that lifetime with arena_defer. An arena belongs
 * to one thread at a time. Under AddressSanitizer every allocation has a red zone and released memory is poisoned.
 *
 * The maximum: an arena never returns NULL. Once more than `max` bytes are in use arena_exhausted() turns true, and
 * the next ctx_check() in any loop fails with ERR_LIMIT. Code that goes a further quarter (at least 8 MiB) without
 * such a check has a defect and aborts. Rejected: NULL returns (untested paths everywhere) and longjmp (leaks through
 * the frames of curl and libgit2).
 */
#ifndef GOTK_BASE_ARENA_H
#define GOTK_BASE_ARENA_H

#include "libgotk/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* A point in an arena's life to return to. */
struct arena_mark {
    void *chunk;
    size_t used;
    size_t total;
    void *defers;
};

/* Creates an arena of at most `max` bytes; the caller owns it (arena_free). */
struct arena *arena_new(size_t max);

/* As arena_new, for decrypted data: memory is overwritten with zeros before it goes back. */
struct arena *arena_new_secret(size_t max);

/* Runs the deferred calls, last first, and gives all memory back; NULL is allowed. */
void arena_free(struct arena *a);

/* Runs the deferred calls, last first, and forgets all allocations; keeps one chunk for reuse. */
void arena_reset(struct arena *a);

/* Returns `size` zeroed bytes, aligned for any type, living as long as the arena. Never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* As arena_alloc without zeroing. */
void *arena_alloc_raw(struct arena *a, size_t size);

/* Returns a copy of `old_size` bytes at `old` in a block of `size` bytes; grows in place when `old` came last. */
void *arena_grow(struct arena *a, void *old, size_t old_size, size_t size);

/* Gives back what lies behind the first `size` of the `old_size` bytes at `p`, when they came last: for what is written before it is
 * known how long it gets. */
void arena_trim(struct arena *a, void *p, size_t old_size, size_t size);

/* Calls fn(ptr) when the arena is reset, freed, or released to an earlier mark. */
void arena_defer(struct arena *a, void (*fn)(void *ptr), void *ptr);

/* Remembers the present state of the arena. */
struct arena_mark arena_mark(struct arena *a);

/* Ends everything allocated and deferred since `mark` was taken. */
void arena_release(struct arena *a, struct arena_mark mark);

/* True when more bytes are in use than the arena's maximum. */
bool arena_exhausted(const struct arena *a);

/* True when `size` more bytes would stay within the maximum: to be asked before a stranger's size is allocated at once. */
bool arena_has_room(const struct arena *a, size_t size);

/* The bytes in use, and the maximum. */
size_t arena_used(const struct arena *a);
size_t arena_max(const struct arena *a);

/* Cleanup form for a block: CLEANUP(arena_cleanup) struct arena *a = arena_new(...). */
void arena_cleanup(struct arena **a);

#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

#endif
