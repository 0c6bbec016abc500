/*
 * chart.h: a chart in memory, from its files, as Helm's loader reads them.
 *
 * Everything lives in the context's arena and borrows the files' bytes. One thread. What a render does with a chart
 * (dependencies, values) is in chartvalues.h.
 */
#ifndef GOTK_HELM_TEMPLATE_CHART_H
#define GOTK_HELM_TEMPLATE_CHART_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/doc.h"

struct chart_file {
    const char *name; /* relative to the chart's folder */
    struct strv data;
};

VEC_NAMED(chart_files, struct chart_file);

/* An entry of Chart.yaml's dependencies. */
struct chart_dependency {
    const char *name;
    const char *version;
    const char *repository;
    const char *condition;
    const char *alias;
    struct value tags;          /* a list */
    struct value import_values; /* a list */
    bool enabled;
};

VEC_NAMED(chart_dependencies, struct chart_dependency);
struct chart;
VEC_NAMED(charts, struct chart *);

struct chart {
    const struct chart *parent;
    const char *name; /* the alias it goes by, if it has one */
    const struct doc *metadata;
    bool declares; /* Chart.yaml has dependencies */
    struct chart_dependencies dependencies;
    struct vmap *values;
    struct strv schema; /* empty: none */
    struct chart_files templates;
    struct chart_files files; /* the others, for .Files */
    struct charts charts;
};

/*
 * A chart from the files of its folder (without byte order marks), subcharts in charts/ included. ERR_INVALID with Helm's words: "Chart.yaml file is
 * missing", "validation: chart.metadata.name is required", "error unpacking subchart NAME in CHART: ...".
 */
int chart_load(struct ctx *cx, const struct chart_files *files, struct chart **ret) MUST_CHECK;
/* "parent/charts/child": where its templates are. */
const char *chart_path(struct arena *a, const struct chart *c);
/* A text field of Chart.yaml; "" when it is absent. */
const char *chart_field(const struct chart *c, const char *key);
/* .Chart: the fields under their Go names. */
struct value chart_value(struct arena *a, const struct chart *c);

#endif
