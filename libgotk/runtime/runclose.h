/*
 * runclose.h: the end of a run: its outcome becomes conditions, one status patch, events, a log line, metrics, and the verdict
 * for the queue. Worker threads; the context has no cancel, for a cancelled run has a status to write too.
 */
#ifndef GOTK_RUNTIME_RUNCLOSE_H
#define GOTK_RUNTIME_RUNCLOSE_H

#include "libgotk/runtime/rundriver.h"

/* Closes a run whose failure and result are set. */
struct queue_outcome runclose_outcome(struct ctx *cx, struct run *run, enum run_ending ending);

/* Closes a run that a shutdown ended: keeps what it achieved, says nothing. */
struct queue_outcome runclose_cut_short(struct ctx *cx, struct run *run);

/* Writes what the status has changed to, in one patch. An object that is gone needs none. */
int runclose_write(struct ctx *cx, struct run *run) MUST_CHECK;

#endif
