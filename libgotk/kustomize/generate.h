/*
 * generate.h: the root kustomization of a Flux Kustomization: the file in its folder with the object's spec laid over.
 *
 * Nothing is written to disk, because the unpacked source is shared: the result goes into kustomize_options.file. One
 * call, one thread; the document lives in cx->arena.
 */
#ifndef GOTK_KUSTOMIZE_GENERATE_H
#define GOTK_KUSTOMIZE_GENERATE_H

#include "libgotk/kustomize/build.h"

/* Reads the kustomization file in options->dir leniently (unknown fields vanish, numbers become strings where strings
 * belong), or makes one that names all manifests below, and lays `spec` over it: targetNamespace, namePrefix, nameSuffix,
 * patches, components, images, buildMetadata, and the older patchesStrategicMerge and patchesJson6902. `spec` may be
 * NULL. ERR_INVALID with upstream's texts. */
int kustomize_generate(struct ctx *cx, const struct kustomize_options *options, const struct doc *spec,
                       struct doc **ret_file) MUST_CHECK;

#endif
