/*
 * subject.h: what server-side apply needs to know about one object: its name in messages, order and stage.
 *
 * Follows fluxcd/pkg/ssa: FmtUnstructured (Kind/namespace/name), the kind order of its SortableUnstructureds, and the
 * stages of ApplyAllStaged. Pure functions on documents; any thread.
 */
#ifndef GOTK_SSA_SUBJECT_H
#define GOTK_SSA_SUBJECT_H

#include "libgotk/doc/doc.h"

/* The stages of a staged apply, in order. */
enum ssa_stage {
    SSA_STAGE_DEFINITIONS, /* CustomResourceDefinition, Namespace, ClusterRole: others depend on them */
    SSA_STAGE_CLASSES,     /* kinds that end in "Class" */
    SSA_STAGE_CUSTOM,      /* group kinds named by --custom-apply-stage-kinds */
    SSA_STAGE_REST,
    SSA_STAGE_COUNT,
};

/* "Kind/namespace/name", or "Kind/name" without a namespace; in `a`. */
char *subject_name(struct arena *a, const struct doc *object);

/* The API group of an apiVersion: "" for the core group; in `a`. */
char *subject_group(struct arena *a, const char *api_version);

/* The version of an apiVersion without its group; borrowed from it. */
const char *subject_version(const char *api_version);

/* The stage an object belongs to; `custom` holds "group/Kind" (or "Kind" for the core group), may be NULL. */
enum ssa_stage subject_stage(struct arena *a, const struct doc *object, const char *const *custom,
                             size_t custom_count);

/* Sorts objects in the order they are applied: by kind's rank, then group, kind, namespace, name. */
void subject_sort(struct arena *a, struct doc **objects, size_t count);

#endif
