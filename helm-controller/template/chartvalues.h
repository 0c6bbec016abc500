/*
 * chartvalues.h: a chart's dependencies and values: which subcharts are in, and what each chart's .Values are.
 *
 * Follows Helm 4's ProcessDependencies and CoalesceValues, oddities included; what they warn of is noted. Everything lives in the
 * context's arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_CHARTVALUES_H
#define GOTK_HELM_TEMPLATE_CHARTVALUES_H

#include "helm-controller/template/value.h"
#include "libgotk/helm/chart.h"

/* Keeps the subcharts that are declared and enabled by conditions and tags, under their aliases, and takes over the values
 * they export. May be called again for the same chart. ERR_INVALID "type mismatch on NAME: ...". */
int chartvalues_dependencies(struct ctx *cx, struct chart *c, struct vmap *user,
                             struct notes *notes) MUST_CHECK;
/* The user's values over the chart's and its subcharts': null deletes a default. `user` stays as it is. */
int chartvalues_coalesce(struct ctx *cx, const struct chart *c, const struct vmap *user, struct notes *notes,
                         struct vmap **ret) MUST_CHECK;
/* The same with nulls kept: what values are imported from. `user` may be NULL. */
int chartvalues_merge(struct ctx *cx, const struct chart *c, const struct vmap *user, struct notes *notes,
                      struct vmap **ret) MUST_CHECK;

/* Helm's MergeTables: `src` under `dst`, table by table. Both may share tables afterwards, and a null of `dst` is put into
 * `src`. */
int chartvalues_merge_tables(struct ctx *cx, struct vmap *dst, struct vmap *src,
                             struct notes *notes) MUST_CHECK;
/* A copy that shares nothing with the original but texts; an empty table for NULL. ERR_LIMIT beyond 1000 tables in tables. */
int chartvalues_copy(struct ctx *cx, const struct vmap *m, struct vmap **ret) MUST_CHECK;

#endif
