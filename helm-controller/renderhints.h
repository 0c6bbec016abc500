/*
 * renderhints.h: what Helm does not say about a template that failed.
 */
#ifndef GOTK_HELM_CONTROLLER_RENDERHINTS_H
#define GOTK_HELM_CONTROLLER_RENDERHINTS_H

#include "helm-controller/template/engine.h"

/*
 * Lines that begin with "hint: ": through which templates it came to the mistake, which value was null or absent, and which
 * key that is there is spelled alike. NULL when there is nothing to add. `values` are those of the whole release; may be NULL.
 */
const char *renderhints(struct arena *a, const struct engine_trace *trace, const struct vmap *values);

#endif
