/*
 * chartschema.h: values against the values.schema.json of a chart and of its dependencies, as Helm does it.
 *
 * Each chart with a schema sees its own section of the coalesced values, the root all of them. A dependency without a
 * section is left out. Any thread; results live in cx's arena.
 */
#ifndef GOTK_HELM_CHARTSCHEMA_H
#define GOTK_HELM_CHARTSCHEMA_H

#include "libgotk/helm/jsonschema.h"

/* A chart as far as its schema is concerned. */
struct chartschema {
    const char *name;   /* the alias, where a dependency has one */
    const char *schema; /* the bytes of values.schema.json; NULL: there is none */
    size_t schema_len;
    const struct chartschema *dependencies; /* enabled ones, in the order of the chart's tree */
    size_t dependency_count;
};

/*
 * Validates the coalesced values (no "Chart", "Release" and so on around them). ERR_INVALID "values don't meet the
 * specifications of the schema(s) in the following chart(s):\nNAME:\n- at '/age': ...\n", byte by byte what Helm says;
 * ERR_LIMIT when a schema asks for too much. `loader` as in struct jsonschema_options.
 */
int chartschema_validate(struct ctx *cx, const struct chartschema *chart, const struct doc *values,
                         const struct jsonschema_loader *loader) MUST_CHECK;

#endif
