/*
 * rundrive.h: one reconcile from opening to its end. Called by worker.c.
 */
#ifndef GOTK_RUNTIME_RUNDRIVE_H
#define GOTK_RUNTIME_RUNDRIVE_H

#include "libgotk/runtime/rundriver.h"

/* Runs the item's object to the end, or to where it parks. `seed` has the worker's cancel, HTTP client and a fresh arena;
 * when the run parks, that arena belongs to ret_outcome->parked and *ret_kept is true. */
void rundrive_item(const struct ctx *seed, struct manager *m, const struct controller *c,
                   const struct queue_item *item, struct progress_slot *slot,
                   struct queue_outcome *ret_outcome, bool *ret_kept);

/* Ends a parked run and its arena. */
void rundrive_drop(void *parked);

#endif
