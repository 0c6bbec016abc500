/*
 * unsupported.h: spec fields this version of the controller does not carry out yet.
 *
 * An object that uses one gets Ready=False with a message that names the field, and nothing of it is applied: doing half
 * of what a spec says is worse than doing nothing. One row per field; a row goes when the feature arrives.
 */
#ifndef GOTK_KUSTOMIZE_UNSUPPORTED_H
#define GOTK_KUSTOMIZE_UNSUPPORTED_H

#include "libgotk/api/kustomization.h"

/* Fails with ERR_UNSUPPORTED naming the first such field that is set; 0 when there is none. */
int unsupported_check(struct ctx *cx, const struct kustomization *ks) MUST_CHECK;

#endif
