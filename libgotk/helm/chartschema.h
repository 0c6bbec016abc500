/*
 * chartschema.h: values against the values.schema.json of a chart and of its dependencies, as Helm does it.
 *
 * Each chart with a schema sees its own section of the coalesced values, the root all of them. A dependency without a
 * section is left out. Any thread; results live in cx's arena.
 */
#ifndef GOTK_HELM_CHARTSCHEMA_H
#define GOTK_HELM_CHARTSCHEMA_H

#include "libgotk/helm/chart.h"
#include "libgotk/helm/jsonschema.h"

/* A chart as far as its schema is concerned. */
struct chartschema {
    const char *name;   /* the alias, where a dependency has one */
    const char *schema; /* the bytes of values.schema.json; NULL: there is none. An empty one fits nothing */
    size_t schema_len;
    const struct chartschema *dependencies; /* enabled ones, in the order of the chart's tree */
    size_t dependency_count;
};

/* Whether a chart or one of its dependencies has a schema, and all of them in `a`. */
bool chartschema_exists(const struct chart *chart);
struct chartschema chartschema_of(struct arena *a, const struct chart *chart);

/*
 * Validates the coalesced values (no "Chart", "Release" and so on around them). ERR_INVALID "values don't meet the
 * specifications of the schema(s) in the following chart(s):\nNAME:\n- at '/age': ...\n", byte by byte what Helm says;
 * ERR_LIMIT when a schema asks for too much. `notes` as in struct jsonschema_options: once for all charts.
 */
int chartschema_validate(struct ctx *cx, const struct chartschema *chart, const struct doc *values,
                         struct notes *notes) MUST_CHECK;

#endif
