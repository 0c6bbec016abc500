/*
 * chartvalues.h: a chart's dependencies and values: which subcharts are in, and what each chart's .Values are.
 *
 * Follows Helm 4's ProcessDependencies and CoalesceValues. Everything lives in the context's arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_CHARTVALUES_H
#define GOTK_HELM_TEMPLATE_CHARTVALUES_H

#include "helm-controller/template/value.h"
#include "libgotk/helm/chart.h"

/* Keeps the subcharts that are declared and enabled by conditions and tags, under their aliases, and takes over the values
 * they export. Once per chart; ERR_INVALID "type mismatch on NAME: ...". */
int chartvalues_dependencies(struct ctx *cx, struct chart *c, struct vmap *user,
                             struct notes *notes) MUST_CHECK;
/* The user's values over the chart's and its subcharts': null deletes a default. `user` stays as it is. */
int chartvalues_coalesce(struct ctx *cx, const struct chart *c, struct vmap *user, struct notes *notes,
                         struct vmap **ret) MUST_CHECK;

#endif
