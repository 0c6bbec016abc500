/*
 * renderhints.h: what Helm does not say about a template that failed.
 */
#ifndef GOTK_HELM_CONTROLLER_RENDERHINTS_H
#define GOTK_HELM_CONTROLLER_RENDERHINTS_H

#include "helm-controller/template/engine.h"

/*
 * Lines that begin with "hint: ": through which templates it came to the mistake, which value was null, absent or no table, which
 * key, template or function that is there is spelled alike, and what is behind mistakes that all make. NULL when there is nothing
 * to add. `error` is Helm's text; `values` are those of the whole release, and may be NULL.
 */
const char *renderhints(struct arena *a, const char *error, const struct engine_trace *trace,
                        const struct vmap *values);

#endif
