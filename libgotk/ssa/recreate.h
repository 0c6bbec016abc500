/*
 * recreate.h: objects whose immutable fields change must be deleted before they can be applied again.
 *
 * Follows fluxcd/pkg/ssa's IsImmutableError and the forced apply. Runs on a worker thread.
 */
#ifndef GOTK_SSA_RECREATE_H
#define GOTK_SSA_RECREATE_H

#include "libgotk/kube/client.h"

/* True when the failed call was refused because a field is immutable (reason Conflict or Invalid, or the wording). */
bool recreate_would_help(const struct kube_call *call);

/* Deletes the object; fine when it is gone already. */
int recreate_delete(struct ctx *cx, struct kube *kube, const struct kube_ref *ref) MUST_CHECK;

/* Whether it is gone. ERR_TIMEOUT when it is not and `timed_out`, which names the finalizers that hold it. */
int recreate_gone(struct ctx *cx, struct kube *kube, const struct kube_ref *ref, bool timed_out,
                  bool *ret_gone) MUST_CHECK;

#endif
