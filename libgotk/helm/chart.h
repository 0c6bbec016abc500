/*
 * chart.h: a chart in memory, as Helm's loader makes it.
 *
 * The chart, its subcharts, their metadata and default values, all checked by Helm's rules and refused in its words. Knows
 * nothing of templates: values are documents here. Everything lives in the context's arena and borrows the files' bytes.
 * One thread. What a render does with a chart is helm-controller/template/chartvalues.h.
 */
#ifndef GOTK_HELM_CHART_H
#define GOTK_HELM_CHART_H

#include "libgotk/doc/doc.h"
#include "libgotk/helm/chartfiles.h"

/* An entry of Chart.yaml's dependencies. */
struct chart_dependency {
    const char *name;
    const char *version;
    const char *repository;
    const char *condition;
    const char *alias;
    const struct doc *tags;          /* an array; NULL: none */
    const struct doc *import_values; /* an array; NULL: none */
    bool imported;                   /* the import is done, import_values tells what of */
    bool enabled;
};

VEC_NAMED(chart_dependencies, struct chart_dependency);

/* All of them. Copies of a subchart under the aliases of its parent share it, as in Helm: what one of them dropped, is
 * dropped for all. */
struct chart_declared {
    bool present; /* there is a list, be it empty */
    struct chart_dependencies list;
};

struct chart;
VEC_NAMED(charts, struct chart *);

struct chart {
    const struct chart *parent;
    const char *name;           /* the alias it goes by, if it has one */
    const struct doc *metadata; /* Chart.yaml under the fields' own names; dependencies are those below */
    const struct doc *lock;     /* Chart.lock; NULL: none */
    struct chart_declared *declared;
    const struct doc
        *values;            /* an object: values.yaml, its documents merged; later what imports make of it */
    bool has_values;        /* there is a values.yaml */
    struct strv schema;     /* values.schema.json; empty: none */
    struct chart_files raw; /* all its files as they came, those of unpacked subcharts included */
    struct chart_files templates;
    struct chart_files files; /* the others, for .Files */
    struct charts charts;
};

/* A manifest of a chart's crds folder. */
struct chart_crd {
    const char *name; /* "parent/charts/child/crds/x.yaml" */
    struct strv data;
};

VEC_NAMED(chart_crds, struct chart_crd);

/*
 * The chart in the folder or the packed chart at `path`: what helm does with a chart it is named. ERR_INVALID with Helm's
 * words: "unable to detect chart at PATH/Chart.yaml: ...", "unsupported chart version", and those of chart_load.
 */
int chart_open(struct ctx *cx, const char *path, struct notes *notes, struct chart **ret) MUST_CHECK;
/* The packed chart in memory: what Helm's library does for a controller. "unable to load chart archive: ...". */
int chart_unpack(struct ctx *cx, struct strv archive, struct notes *notes, struct chart **ret) MUST_CHECK;
/*
 * A chart from its files, subcharts in charts/ (folders or packed) included. ERR_INVALID: "Chart.yaml file is missing",
 * "validation: chart.metadata.name is required", "error unpacking subchart NAME in CHART: ..."...
 */
int chart_load(struct ctx *cx, const struct chart_files *files, struct notes *notes,
               struct chart **ret) MUST_CHECK;

/* "parent/charts/child": where its templates are; "parent.child": what messages call it. */
const char *chart_path(struct arena *a, const struct chart *c);
const char *chart_dotted_path(struct arena *a, const struct chart *c);
/* A text field of Chart.yaml; "" when it is absent. */
const char *chart_field(const struct chart *c, const char *key);
/* Chart.yaml as a release stores it: the fields in Helm's order, with the name and the dependencies as they are now. */
struct doc *chart_metadata(struct arena *a, const struct chart *c);
/* The manifests in crds/ of the chart, then of its subcharts, as they are now. */
struct chart_crds chart_crds(struct arena *a, const struct chart *c);

#endif
