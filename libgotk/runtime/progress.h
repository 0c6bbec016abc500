/*
 * progress.h: shows a step's progress in the object's status once the step has lasted a second.
 *
 * A worker is busy inside its step, so another thread sends the patch: the worker leaves the finished body in its slot with
 * a time, and takes it back when the step is over. Taking back waits while the patch is on its way, so that a later
 * write of the worker never meets an older one. Rejected: patching at the start of every step, which is five writes for a
 * reconcile that changes nothing.
 */
#ifndef GOTK_RUNTIME_PROGRESS_H
#define GOTK_RUNTIME_PROGRESS_H

#include "libgotk/doc/doc.h"
#include "libgotk/kube/client.h"

struct log_scope;
struct progress;
struct progress_slot;

/* Starts the thread; `k` outlives it. The caller owns *ret (progress_stop). */
int progress_start(struct ctx *cx, struct kube *k, const struct log_scope *log,
                   struct progress **ret) MUST_CHECK;

/* Ends the thread; all slots must be empty. NULL is allowed. */
void progress_stop(struct progress *p);

/* A slot for one worker, alive until progress_stop. */
struct progress_slot *progress_slot(struct progress *p);

/* Has `body` (of status_diff) sent as `owner` on top of `version` at `due_ms` on the clock of ctx_now_ms. The slot must be
 * empty; everything is copied. */
void progress_put(struct progress_slot *slot, const struct kube_ref *ref, const char *owner,
                  const struct doc *body, uint64_t version, int64_t due_ms);

enum progress_fate {
    PROGRESS_UNSENT, /* nothing was sent */
    PROGRESS_SENT,   /* stored */
    PROGRESS_UNSURE, /* sent, but whether it was stored is not known */
};

/* Empties the slot and tells what became of its patch; *ret_version is the resourceVersion after PROGRESS_SENT. */
enum progress_fate progress_take(struct progress_slot *slot, uint64_t *ret_version);

/* Cancels what is being sent, so that nobody waits for it any more: the process is ending. */
void progress_cancel(struct progress *p);

#endif
