/*
 * drift.h: does the cluster's object differ from what a dry-run says it should be?
 *
 * Both sides come from the API server, so its defaults are on both. Follows fluxcd/pkg/ssa: labels, annotations, and
 * everything outside metadata and status are compared; empty and absent maps and lists are equal. Any thread.
 */
#ifndef GOTK_SSA_DRIFT_H
#define GOTK_SSA_DRIFT_H

#include "libgotk/doc/doc.h"

/* True when the dry-run result creates the object or differs from `live` (may be NULL) where drift counts. */
bool drift_found(const struct doc *live, const struct doc *dry_run);

/* As doc_equal, with null, {} and [] equal to an absent member. */
bool drift_equal(const struct doc *a, const struct doc *b);

#endif
