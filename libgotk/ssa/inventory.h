/*
 * inventory.h: the list of objects a Kustomization owns, as its status keeps it.
 *
 * An id is `<namespace>_<name>_<group>_<kind>` (cluster-scoped and core-group parts empty; `:` in RBAC names written
 * `__`), as upstream's inventory writes it, so that controllers can be swapped. Any thread.
 */
#ifndef GOTK_SSA_INVENTORY_H
#define GOTK_SSA_INVENTORY_H

#include "libgotk/api/kustomization.h"
#include "libgotk/ssa/change.h"

/* The id of an object; in `a`. */
char *inventory_id(struct arena *a, const struct doc *object);

/* A bare object (apiVersion, kind, metadata.name and namespace) for an entry; ERR_INVALID for a malformed id. */
int inventory_object(struct ctx *cx, const struct inventory_entry *entry, struct doc **ret_object) MUST_CHECK;

/* The inventory of all entries of a change set, in its order. An object applied in two versions is listed twice. */
struct inventory *inventory_of_changes(struct arena *a, const struct changes *set);

/* The entries of `old` (may be NULL) whose id is not in `now`; as an inventory in `a`. */
struct inventory *inventory_stale(struct arena *a, const struct inventory *old, const struct inventory *now);

/* Appends entries whose id is not there yet. */
void inventory_append(struct arena *a, struct inventory *into, const struct inventory_entry *entries,
                      size_t count);

#endif
