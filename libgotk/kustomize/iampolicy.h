/*
 * iampolicy.h: kustomize's IAMPolicyGenerator: a ServiceAccount bound to a Google Cloud identity.
 */
#ifndef GOTK_KUSTOMIZE_IAMPOLICY_H
#define GOTK_KUSTOMIZE_IAMPOLICY_H

#include "libgotk/kustomize/resource.h"

/* Makes the ServiceAccount of a config {cloud: gke, kubernetesService, serviceAccount}. ERR_INVALID. */
int iampolicy_make(struct ctx *cx, const struct doc *config, struct resource **ret) MUST_CHECK;

#endif
