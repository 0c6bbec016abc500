/*
 * targetconfig.h: a kubeconfig in a Secret, for target.c.
 *
 * A stranger wrote it: what it may not say is left out (kube/config.h, KUBE_CONFIG_FOREIGN). Worker threads.
 */
#ifndef GOTK_RUNTIME_TARGETCONFIG_H
#define GOTK_RUNTIME_TARGETCONFIG_H

#include "libgotk/kube/config.h"
#include "libgotk/runtime/target.h"

/* Reads the Secret that `ref` ({name, key}) names; without a key "value", then "value.yaml". Where its program may run, it
 * has run, and runs again by *identity when its token is about to expire. Messages are upstream's. */
int targetconfig_of_secret(struct ctx *cx, struct kube *own, const char *ns, const struct doc *ref,
                           const struct targets_options *options, struct kube_config *ret_config,
                           struct kube_identity *identity) MUST_CHECK;

#endif
