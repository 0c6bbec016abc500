/*
 * targetconfig.h: a kubeconfig in a Secret, for target.c.
 *
 * A stranger wrote it: what it may not say is left out (kube/config.h, KUBE_CONFIG_FOREIGN). Worker threads.
 */
#ifndef GOTK_RUNTIME_TARGETCONFIG_H
#define GOTK_RUNTIME_TARGETCONFIG_H

#include "libgotk/kube/config.h"
#include "libgotk/runtime/target.h"

/* Reads the Secret that `ref` ({name, key}) names; without a key "value", then "value.yaml". Messages are upstream's. */
int targetconfig_of_secret(struct ctx *cx, struct kube *own, const char *ns, const struct doc *ref,
                           const struct targets_options *options, struct kube_config *ret_config) MUST_CHECK;

#endif
