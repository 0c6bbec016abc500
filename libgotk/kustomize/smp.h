/*
 * smp.h: strategic merge patches on documents, as kustomize applies them.
 *
 * Maps merge, null removes, $patch directs, lists merge by key where the schema says so and are replaced elsewhere.
 * Follows kyaml's merge2 with new elements first, its oddities included ($setElementOrder and friends are ordinary
 * fields, a keyless element empties a keyed list). One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_SMP_H
#define GOTK_KUSTOMIZE_SMP_H

#include "libgotk/kustomize/openapi.h"

/* Merges `patch`, whose nodes it takes, into `target` in place; the schema is the one of the target's or the patch's kind.
 * *ret_result is `target`, or NULL when the patch deletes it; a patch that says $patch: replace for the whole object does
 * nothing, as upstream. ERR_INVALID when kinds of nodes disagree. */
int smp_apply(struct ctx *cx, const struct openapi *api, struct doc *target, struct doc *patch,
              struct doc **ret_result) MUST_CHECK;

#endif
