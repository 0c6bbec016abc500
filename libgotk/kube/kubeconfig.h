/*
 * kubeconfig.h: the kubeconfig format, for config.c only.
 *
 * Works on documents already parsed. Several files act as one, as KUBECONFIG lists do: of every name, and of
 * current-context, the first file that has it wins.
 */
#ifndef GOTK_KUBE_KUBECONFIG_H
#define GOTK_KUBE_KUBECONFIG_H

#include "libgotk/doc/doc.h"
#include "libgotk/kube/config.h"

/* One parsed file. Relative paths in it start at the folder of `name`. */
struct kubeconfig_file {
    const char *name;
    const struct doc *doc;
};

/* Fills *ret_config from the cluster and user of a context (NULL: current-context). Errors as
 * kube_config_load. */
int kubeconfig_resolve(struct ctx *cx, const struct kubeconfig_file *files, size_t count, const char *context,
                       int flags, struct kube_config *ret_config) MUST_CHECK;

#endif
