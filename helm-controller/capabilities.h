/*
 * capabilities.h: .Capabilities without a cluster: Helm 4.2.4's own defaults, and versions given by hand.
 *
 * Static data and pure functions; results live in arenas. Any thread.
 */
#ifndef GOTK_HELM_CONTROLLER_CAPABILITIES_H
#define GOTK_HELM_CONTROLLER_CAPABILITIES_H

#include "helm-controller/template/objects.h"
#include "libgotk/base/ctx.h"

/* What Helm assumes of a cluster it does not know: Kubernetes 1.36, the API versions that client-go knows. The list of
 * versions is a new one, to be added to. */
struct capabilities capabilities_default(struct arena *a);

/* Reads "1.30", "v1.33.4-gke.1": ERR_INVALID `could not parse "x" as version`, `illegal version string "1"`. */
int capabilities_parse_version(struct ctx *cx, const char *text, struct kube_version *ret) MUST_CHECK;

/* False when the chart's kubeVersion excludes the version, or is no constraint. */
bool capabilities_allow(struct ctx *cx, const struct capabilities *c, const char *constraint);

#endif
