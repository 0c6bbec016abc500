/*
 * generate.h: the kustomization that Flux builds for a folder, with the overlay of a Kustomization's spec.
 *
 * Follows fluxcd/pkg/kustomize's Generator: a folder's own kustomization file is taken, or one is made that lists every
 * manifest below; then targetNamespace, namePrefix, nameSuffix, patches, components, images and buildMetadata of the spec
 * are laid over it. Unlike upstream nothing is written into the tree: the result is a document for build.h.
 */
#ifndef GOTK_KUSTOMIZE_GENERATE_H
#define GOTK_KUSTOMIZE_GENERATE_H

#include "libgotk/doc/doc.h"

/* The kustomization for `dir` below `root` with `spec` (a Kustomization's spec object; NULL: none) laid over it, in
 * cx->arena. Errors name the file and line: "failed to decode Kubernetes YAML from ./x.yaml: ...". */
int generate_kustomization(struct ctx *cx, const char *root, const char *dir, const struct doc *spec,
                           struct doc **ret_kustomization) MUST_CHECK;

#endif
