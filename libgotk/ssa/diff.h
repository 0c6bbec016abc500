/*
 * diff.h: what an apply would change on the cluster, without changing anything.
 *
 * The same dry-run, markers and ignore rules as apply.h; every object is judged on its own and failures of some keep none of
 * the others from being told. Follows fluxcd/pkg/ssa's Diff, and two things it reports as errors are created here as an apply
 * would create them: objects of a kind, or in a namespace, that the same set defines. Values of Secrets never show. Runs on
 * one thread.
 */
#ifndef GOTK_SSA_DIFF_H
#define GOTK_SSA_DIFF_H

#include "libgotk/ssa/apply.h"

struct diff_entry {
    const char *subject; /* Kind/namespace/name */
    enum change_action action;
    const char *text; /* CHANGE_CONFIGURED: unified diff of the YAML, without managedFields; NULL otherwise */
    const char *error; /* NULL: none; the action is CHANGE_UNKNOWN otherwise */
};

VEC_NAMED(diff_entries, struct diff_entry);

/* Compares `objects` (as for apply_open, in whose options the proof and the waits mean nothing here) with the cluster: one
 * entry each, in their order, and the same in *changes for the inventory. Fails only when nothing could be compared. */
int diff_objects(struct ctx *cx, struct kube *kube, const struct apply_options *options,
                 const struct doc *objects, struct diff_entries *ret_entries,
                 struct changes *changes) MUST_CHECK;

/* The unified diff of two states of one object, as text: what `rules` ignore left out, a Secret's values as "***" (equal, or on
 * one side only), "*** (before)" and "*** (after)". Both are changed on the way. */
const char *diff_text(struct arena *a, const struct ignore_rules *rules, struct doc *live,
                      struct doc *merged);

#endif
