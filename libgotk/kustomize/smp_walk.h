/*
 * smp_walk.h: what smp.c and smp_list.c share: the recursion over maps and over lists that merge. Private to them.
 */
#ifndef GOTK_KUSTOMIZE_SMP_WALK_H
#define GOTK_KUSTOMIZE_SMP_WALK_H

#include "libgotk/base/ctx.h"
#include "libgotk/kustomize/openapi.h"
#include "libgotk/kustomize/resource.h"

struct smp {
    struct ctx *cx;
    struct arena *scratch; /* ends with the merge */
};

enum smp_directive { SMP_MERGE, SMP_REPLACE, SMP_DELETE };

/* The node that belongs where `target` and `patch` stand (NULL: none); *ret_keep_null says that a null was written
 * on purpose and stays. */
int smp_merge_node(const struct smp *s, struct doc *target, struct doc *patch, struct openapi_at at,
                   struct doc **ret, bool *ret_keep_null) MUST_CHECK;

/* As smp_merge_node for two lists. */
int smp_merge_list(const struct smp *s, struct doc *target, struct doc *patch, struct openapi_at at,
                   struct doc **ret) MUST_CHECK;

/* The meaning of a $patch value; ERR_INVALID for an unknown one. */
int smp_directive(struct ctx *cx, const char *value, enum smp_directive *ret) MUST_CHECK;

#endif
