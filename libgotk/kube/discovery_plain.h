/*
 * discovery_plain.h: discovery as API servers before 1.27 offer it, and any that switched aggregation off.
 */
#ifndef GOTK_KUBE_DISCOVERY_PLAIN_H
#define GOTK_KUBE_DISCOVERY_PLAIN_H

#include "libgotk/kube/discovery.h"

/* Adds the groups of an APIVersions or APIGroupList document to `d`, asking for each version's resources. A
 * version that cannot be listed is added as stale. Fails only when the batch could not run. */
int discovery_add_plain(struct ctx *cx, struct kube *k, const struct doc *document,
                        struct discovery *d) MUST_CHECK;

#endif
