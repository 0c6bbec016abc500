/*
 * plugins.h: generators, transformers and validators that are configured by documents of their own.
 *
 * Only kustomize's built-in kinds (apiVersion: builtin) run; everything that would start a program is refused, as in
 * Flux. One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_PLUGINS_H
#define GOTK_KUSTOMIZE_PLUGINS_H

#include "libgotk/kustomize/transform.h"

/* Runs the generators: the kustomization's own fields first, then the documents of `generators`. */
int plugins_generate(struct ctx *cx, struct ktarget *t, struct ktarget_result *result) MUST_CHECK;

/* Plans the documents in `entries` (paths or text). */
int plugins_plan(struct ctx *cx, struct ktarget *t, const struct doc *entries,
                 struct transform_plan *plan) MUST_CHECK;

/* Runs the documents of `validators`, which must not change anything. */
int plugins_validate(struct ctx *cx, struct ktarget *t, struct ktarget_result *result) MUST_CHECK;

#endif
