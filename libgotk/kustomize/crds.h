/*
 * crds.h: what the x-kubernetes-* hints in OpenAPI definitions of custom resources say about their fields.
 *
 * One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_CRDS_H
#define GOTK_KUSTOMIZE_CRDS_H

#include "libgotk/kustomize/kload.h"
#include "libgotk/kustomize/tconfig.h"

/* Reads the files of `crds` (a list of paths, or NULL); *ret is NULL when they say nothing. */
int crds_load(struct ctx *cx, const struct kload *l, const struct doc *paths,
              const struct tconfig **ret) MUST_CHECK;

#endif
