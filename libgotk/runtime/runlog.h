/*
 * runlog.h: the log lines of a reconcile, with Flux's keys.
 *
 * Every line of one reconcile carries controller, controllerGroup, controllerKind, the object under its kind's name,
 * namespace, name and a reconcileID of its own. Worker threads.
 */
#ifndef GOTK_RUNTIME_RUNLOG_H
#define GOTK_RUNTIME_RUNLOG_H

#include "libgotk/base/log.h"
#include "libgotk/runtime/controller.h"

/* The fields of one reconcile, in `a`. */
const struct log_scope *runlog_scope(struct arena *a, const struct controller *c,
                                     const struct queue_item *item);

/* The one line about a run's failure; `next_ms` is when it is tried again, -1 when the rate limiter says. */
void runlog_failure(struct ctx *cx, const struct run *run, bool is_error, int64_t next_ms);

#endif
