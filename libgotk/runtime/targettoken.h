/*
 * targettoken.h: a ConfigMap that says how to log in to another cluster, for target.c.
 *
 * By a provider of libgotk/cloud: "generic" (a token of a service account of this cluster, which the other one trusts by
 * OIDC), "aws" (EKS), "azure" (AKS), "gcp" (GKE). Follows fluxcd/pkg/auth's GetRESTConfig; the token is asked for anew before
 * each request, from the token cache. Worker threads.
 */
#ifndef GOTK_RUNTIME_TARGETTOKEN_H
#define GOTK_RUNTIME_TARGETTOKEN_H

#include "libgotk/cloud/tokencache.h"
#include "libgotk/kube/config.h"
#include "libgotk/runtime/target.h"

/* Reads the ConfigMap `map` of spec's namespace: address and CA go into *config, the token's maker into *identity, for as
 * long as cx->arena lasts. Messages are upstream's. */
int targettoken_of_config_map(struct ctx *cx, struct manager *m, const struct target_spec *spec,
                              const char *map, const struct targets_options *options,
                              struct kube_config *config, struct kube_identity *identity) MUST_CHECK;

/* As what its look-ups of tokens are counted. */
struct token_user targettoken_user(const struct target_spec *spec);

#endif
