/*
 * worker.h: the threads that reconcile.
 *
 * A pool has the workers of one controller (--concurrent). The loop thread hands an item to a free worker and gets it back by
 * a message; the worker has an arena, an HTTP client with its connections, and a cancel of its own. Rejected: the pool
 * of libuv, which is shared with its file and name calls and knows no end of a reconcile.
 */
#ifndef GOTK_RUNTIME_WORKER_H
#define GOTK_RUNTIME_WORKER_H

#include "libgotk/runtime/controller.h"

struct pool;

/* Called on the loop thread when an item is done. */
typedef void (*pool_done_fn)(void *user, struct queue_item *item, const struct queue_outcome *outcome);

/* Starts `count` workers; the caller owns *ret (pool_close). `done` gets `user`. ERR_IO when a thread cannot be made. */
int pool_open(struct ctx *cx, struct manager *m, const struct controller *c, size_t count, pool_done_fn done,
              void *user, struct pool **ret) MUST_CHECK;

/* True when a worker is free. Loop thread. */
bool pool_has_free(const struct pool *p);

/* How many workers have an item. Loop thread. */
size_t pool_busy(const struct pool *p);

/* Hands an item to a free worker; there must be one. Loop thread. */
void pool_give(struct pool *p, struct queue_item *item);

/* Asks all workers to end what they do. Any thread. */
void pool_cancel(struct pool *p);

/* Milliseconds that running items have taken so far: the longest, and all together. Any thread. */
void pool_running_ms(struct pool *p, int64_t *ret_longest, int64_t *ret_sum);

/* Ends the threads and waits for them. NULL is allowed. */
void pool_close(struct pool *p);

#endif
