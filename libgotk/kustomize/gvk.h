/*
 * gvk.h: group, version and kind: what a resource is.
 *
 * Owns parsing of apiVersion, the selecting of kinds by partial rows, and the order kustomize sorts kinds in. Strings are
 * borrowed from documents or static tables and never NULL ("" stands for absent). Any thread. Rejected: interning
 * kinds as numbers, because most builds hold a handful of kinds and strings keep messages simple.
 */
#ifndef GOTK_KUSTOMIZE_GVK_H
#define GOTK_KUSTOMIZE_GVK_H

#include "libgotk/base/arena.h"

#include <stdbool.h>

struct gvk {
    const char *group;
    const char *version;
    const char *kind;
};

/* Splits "group/version" (the group is empty without a slash) and adds the kind; NULL counts as "". */
struct gvk gvk_parse(struct arena *a, const char *api_version, const char *kind);

/* "group/version", or the version alone. */
const char *gvk_api_version(struct arena *a, struct gvk g);

/* With "" in the place of NULL. */
struct gvk gvk_normal(struct gvk g);

/* True when all three parts are equal. */
bool gvk_equal(struct gvk a, struct gvk b);

/* True when every part of `row` that is not empty equals that part of `g`. */
bool gvk_selected(struct gvk g, struct gvk row);

/* "Deployment.v1.apps", absent parts as [noKind], [noVer], [noGrp]: kustomize's spelling in messages. */
const char *gvk_text(struct arena *a, struct gvk g);

/* The order of kinds of the same rank: that of "group_version_kind" texts. */
int gvk_compare_text(struct gvk a, struct gvk b);

/* The place of a kind among those sorted first (negative) and last (positive); 0 for all others. */
int gvk_rank(const char *kind);

#endif
