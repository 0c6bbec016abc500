/*
 * history.h: status.history, the last five outcomes of a Kustomization.
 *
 * Follows upstream's History.Upsert: an entry with the same digest and status is counted up and moves to the front, any
 * other outcome becomes a new first entry. Pure functions on documents.
 */
#ifndef GOTK_KUSTOMIZE_HISTORY_H
#define GOTK_KUSTOMIZE_HISTORY_H

#include "libgotk/doc/doc.h"

struct history_outcome {
    const char *digest;  /* "sha256:..." of the built YAML */
    const char *status;  /* the Ready reason of the run */
    const char *took;    /* how long the run took, as Go prints a duration */
    int64_t finished_ns; /* wall clock, Unix */
    const char *revision;
    const char *origin_revision; /* may be NULL */
};

/* The new history (an array of at most five) after `outcome`, in `a`; `old` may be NULL. */
struct doc *history_upsert(struct arena *a, const struct doc *old, const struct history_outcome *outcome);

#endif
