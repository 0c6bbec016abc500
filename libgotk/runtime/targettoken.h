/*
 * targettoken.h: a ConfigMap that says how to log in to another cluster, for target.c.
 *
 * Provider "generic": a token of a service account of this cluster, which the other one trusts by OIDC. Follows
 * fluxcd/pkg/auth's GetRESTConfig; the token is asked for anew before each request, from a cache. The providers of clouds
 * are refused by name. Worker threads.
 */
#ifndef GOTK_RUNTIME_TARGETTOKEN_H
#define GOTK_RUNTIME_TARGETTOKEN_H

#include "libgotk/kube/accounttoken.h"
#include "libgotk/kube/config.h"
#include "libgotk/runtime/target.h"

/* Reads the ConfigMap `map` of spec's namespace: address and CA go into *config, the token's maker into *identity, for as
 * long as cx->arena lives. */
int targettoken_of_config_map(struct ctx *cx, struct manager *m, struct account_tokens *tokens,
                              const struct target_spec *spec, const char *map,
                              const struct targets_options *options, struct kube_config *config,
                              struct kube_identity *identity) MUST_CHECK;

#endif
