/*
 * managers.h: takes over what other field managers and old Flux versions left on a live object.
 *
 * One JSON patch removes kubectl's and Flux 1's annotations and labels and moves the fields that kubectl wrote into our
 * own managedFields entry, so that the apply that follows removes what the manifest does not name. Follows
 * fluxcd/pkg/ssa's PatchReplaceFieldsManagers and the clean-up of its Apply. Any thread.
 */
#ifndef GOTK_SSA_MANAGERS_H
#define GOTK_SSA_MANAGERS_H

#include "libgotk/doc/doc.h"

/* The clean-up patch (an array of operations) for a live object, in `a`; NULL when nothing is to be cleaned.
 * `own` is our field manager; `overridden` are manager names of --override-manager. */
struct doc *managers_cleanup(struct arena *a, const struct doc *live, const char *own,
                             const char *const *overridden, size_t overridden_count);

/* The patch that has every managedFields entry of a live object name `api_version`, in `a`; NULL when all do. An entry of an
 * older version can make the API server refuse an apply in a newer one. */
struct doc *managers_migrate(struct arena *a, const struct doc *live, const char *api_version);

/* Makes a patch of the two above fail with a conflict unless the object still is the one at hand. */
void managers_only_of(struct arena *a, struct doc *patch, const struct doc *live);

#endif
