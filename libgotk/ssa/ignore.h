/*
 * ignore.h: spec.ignore: fields that other controllers may change without their change being drift.
 *
 * A rule selects objects and names fields by JSON pointers. Such fields are left out when live object and dry-run are
 * compared; when the object is applied all the same, for another difference, its payload is corrected so that the apply
 * does not undo what the rule protects. Follows fluxcd/pkg/ssa's DriftIgnoreRules; which objects a rule is for is decided on
 * the dry-run's result. Rules are read once per reconcile; any thread.
 */
#ifndef GOTK_SSA_IGNORE_H
#define GOTK_SSA_IGNORE_H

#include "libgotk/doc/doc.h"

struct ignore_rules;

/* Reads a list of {paths, target}, as in spec.ignore. *ret_rules is NULL when there are none. ERR_INVALID "failed to create
 * ignore rule selector: invalid name regex: ..." . */
int ignore_compile(struct ctx *cx, const struct doc *list, struct ignore_rules **ret_rules) MUST_CHECK;

/* True when a rule may select the object once it is applied: labels and annotations, which others may add, are not looked
 * at. Such an object cannot be judged without its live state. `rules` NULL: false. */
bool ignore_may_select(const struct ignore_rules *rules, const struct doc *wanted);

/* Removes the ignored fields from `object`, which may be `dry_run` itself; missing ones are no error. */
void ignore_strip(struct arena *a, const struct ignore_rules *rules, const struct doc *dry_run,
                  struct doc *object);

/* As drift_found, without the ignored fields; both documents stay as they are. */
bool ignore_drift_found(struct arena *a, const struct ignore_rules *rules, const struct doc *live,
                        const struct doc *dry_run);

/* Corrects what is about to be applied to a live object: an ignored field in which live and dry-run differ is removed from
 * *payload when another field manager has applied it, and takes its live value otherwise. `own` is our field manager.
 * *payload becomes a copy when anything changes. */
int ignore_correct(struct ctx *cx, const struct ignore_rules *rules, const struct doc *live,
                   const struct doc *dry_run, const char *own, struct doc **payload) MUST_CHECK;

#endif
