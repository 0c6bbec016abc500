/*
 * order.h: the order of a build's resources, when one is asked for.
 */
#ifndef GOTK_KUSTOMIZE_ORDER_H
#define GOTK_KUSTOMIZE_ORDER_H

#include "libgotk/kustomize/resmap.h"

/* Sorts as the kustomization's sortOptions say (NULL: not at all, or the legacy order when `legacy`). ERR_INVALID. */
int order_apply(struct ctx *cx, struct resmap *m, const struct doc *options, bool legacy) MUST_CHECK;

#endif
