/*
 * prune.h: deletes objects that left the wanted set.
 *
 * Follows fluxcd/pkg/ssa's DeleteAll: reverse order of apply, only objects that carry the owner's labels and no marker
 * against it, propagation Background; all are tried before an error is returned. Runs on a worker thread.
 */
#ifndef GOTK_SSA_PRUNE_H
#define GOTK_SSA_PRUNE_H

#include "libgotk/kube/client.h"
#include "libgotk/ssa/inventory.h"

struct prune_options {
    const char *group; /* of the owner labels and markers: "kustomize.toolkit.fluxcd.io" */
    const char *owner_name;
    const char *owner_namespace;
    const char *propagation; /* "Background" */
};

/* Deletes the inventory's objects and records every one in *changes, also when it fails. The error reads
 * "delete failed, errors: Kind/namespace/name delete failed: ...;". */
int prune_delete(struct ctx *cx, struct kube *kube, const struct prune_options *options,
                 const struct inventory *stale, struct changes *changes) MUST_CHECK;

#endif
