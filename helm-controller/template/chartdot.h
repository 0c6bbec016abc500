/*
 * chartdot.h: what templates get of a chart: its files, each with its dot.
 *
 * Everything lives in the arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_CHARTDOT_H
#define GOTK_HELM_TEMPLATE_CHARTDOT_H

#include "helm-controller/template/engine.h"
#include "libgotk/helm/chart.h"

/* .Chart: the fields under their Go names. */
struct value chartdot_chart(struct arena *a, const struct chart *c);
/* The templates of the chart and its subcharts, each with its dot. `top` has Values, Release and Capabilities. */
void chartdot_files(struct ctx *cx, const struct chart *c, const struct vmap *top, struct engine_files *ret);

#endif
