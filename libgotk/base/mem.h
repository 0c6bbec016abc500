/*
 * mem.h: the only door to malloc.
 *
 * For memory that outlives a reconcile: stores, queues, caches, and the chunks of arenas. Everything else is
 * allocated in an arena. The files allowed to include this header are listed in tests/lint/layers.txt.
 * Out of memory aborts: the pod restarts and level-triggered reconciling resumes where it was. Rejected: NULL
 * returns, because no caller could do better than that and every untested error path is a defect.
 */
#ifndef GOTK_BASE_MEM_H
#define GOTK_BASE_MEM_H

#include <stddef.h>

/* Returns `size` zeroed bytes the caller owns (mem_free); aborts when the system has none. */
void *mem_alloc(size_t size);

/* Returns `size` bytes with undefined content the caller owns (mem_free); aborts when the system has none. */
void *mem_alloc_raw(size_t size);

/* Resizes `old` (NULL allowed) to `size` bytes; the result replaces it. New bytes are undefined. */
void *mem_realloc(void *old, size_t size);

/* Returns an owned copy of the string `s`; NULL stays NULL. */
char *mem_strdup(const char *s);

/* From now on this process ends without a word when there is no memory: a job's child, whose parent tells why it ended. */
void mem_quiet(void);

/* Gives `p` back; NULL is allowed. */
void mem_free(void *p);

#endif
