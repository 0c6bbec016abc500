/*
 * vars.h: the variables of spec.postBuild.
 *
 * Collected in the order of substituteFrom (later wins) from ConfigMaps and Secrets of the object's namespace, then
 * spec.postBuild.substitute over them. Follows fluxcd/pkg/kustomize's LoadVariables. Read live: Secrets are never stored.
 */
#ifndef GOTK_KUSTOMIZE_VARS_H
#define GOTK_KUSTOMIZE_VARS_H

#include "libgotk/api/kustomization.h"
#include "libgotk/kube/client.h"

/* All variables as an object of strings in cx->arena (NULL when postBuild is absent), and those from Secrets alone, for
 * secret_mask_variables: a message may quote what was built with them. The error of a missing reference reads "substitute
 * from 'ConfigMap/x' error: ...". */
int vars_load(struct ctx *cx, struct kube *kube, const struct kustomization *ks, struct doc **ret_vars,
              struct doc **ret_hidden) MUST_CHECK;

#endif
