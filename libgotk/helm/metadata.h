/*
 * metadata.h: Chart.yaml and Chart.lock: what they may hold, and Helm's rules for it. Private to libgotk/helm.
 */
#ifndef GOTK_HELM_METADATA_H
#define GOTK_HELM_METADATA_H

#include "libgotk/base/str.h"
#include "libgotk/doc/doc.h"

/* Chart.yaml, or requirements.yaml, over what `into` holds; errors of godecode_yaml. */
int metadata_read(struct ctx *cx, struct strv text, struct doc *into) MUST_CHECK;
/* Chart.lock or requirements.lock; NULL for a text that is null. */
int metadata_read_lock(struct ctx *cx, struct strv text, const struct doc **ret) MUST_CHECK;
/* The apiVersion alone, "" for none; it must be a text. */
int metadata_read_version(struct ctx *cx, struct strv text, const char **ret) MUST_CHECK;
/* ERR_INVALID "validation: chart.metadata.name is required" and its like. */
int metadata_validate(struct ctx *cx, const struct doc *d) MUST_CHECK;
/* Its fields in the order of Helm's struct, empty ones left out. */
struct doc *metadata_ordered(struct arena *a, const struct doc *d);

#endif
