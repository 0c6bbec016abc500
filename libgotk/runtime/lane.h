/*
 * lane.h: per controller, its queue and its workers; together, what the loop thread does all day.
 *
 * Other threads add and wake by messages. Everything else is for the loop thread.
 */
#ifndef GOTK_RUNTIME_LANE_H
#define GOTK_RUNTIME_LANE_H

#include "libgotk/runtime/manager.h"

struct lanes;

/* One lane per controller (ended by NULL), without workers yet. The caller owns the result (lanes_close). */
struct lanes *lanes_open(struct manager *m, const struct controller *const *controllers);

/* Starts the workers. */
int lanes_start(struct ctx *cx, struct lanes *l) MUST_CHECK;

/* Gives ready objects to free workers; returns in how many milliseconds the next one becomes ready, -1: none is
 * waiting. */
int64_t lanes_dispatch(struct lanes *l);

/* How many reconciles run. */
size_t lanes_busy(const struct lanes *l);

/* Cancels all that run. */
void lanes_cancel(struct lanes *l);

/* Ends the workers; none may be busy. NULL is allowed. */
void lanes_stop(struct lanes *l);

/* Ends the queues, parked runs included, after lanes_stop; NULL is allowed. */
void lanes_close(struct lanes *l);

/* Any thread: see manager_enqueue and manager_wake. */
void lanes_add(struct lanes *l, const struct controller *c, const char *ns, const char *name,
               enum queue_priority priority);
void lanes_wake(struct lanes *l, const struct controller *c, const char *ns, const char *name);

#endif
