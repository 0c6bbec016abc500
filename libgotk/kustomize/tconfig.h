/*
 * tconfig.h: which fields each transformer touches: the built-in tables, widened by configuration files and CRDs.
 *
 * A tconfig is immutable once made and shared by pointer, so that 200 overlays without configuration of their own share
 * one. Merging makes a new one. Lives in the build's arena. Rejected: copying the defaults for every kustomization
 * file, as upstream does.
 */
#ifndef GOTK_KUSTOMIZE_TCONFIG_H
#define GOTK_KUSTOMIZE_TCONFIG_H

#include "libgotk/kustomize/fieldspec.h"

enum tconfig_list {
    TCONFIG_NAME_PREFIX,
    TCONFIG_NAME_SUFFIX,
    TCONFIG_NAMESPACE,
    TCONFIG_COMMON_LABELS,
    TCONFIG_LABELS,
    TCONFIG_TEMPLATE_LABELS,
    TCONFIG_COMMON_ANNOTATIONS,
    TCONFIG_VAR_REFERENCE,
    TCONFIG_IMAGES,
    TCONFIG_REPLICAS,
    TCONFIG_LISTS,
};

/* Objects of kind `target` are referred to by name from these fields. */
struct nameref {
    struct gvk target;
    struct fieldspecs referrers;
};

VEC_NAMED(namerefs, struct nameref);

struct tconfig {
    struct fieldspecs lists[TCONFIG_LISTS]; /* by tconfig_list */
    struct namerefs refs;                   /* by tconfig_refs_from */
    unsigned
        unmade; /* of the built-in configuration: what nobody asked for yet; of lists, bits 1 << TCONFIG_... */
    bool normal; /* merging it into nothing gives itself */
};

/* The built-in configuration of kustomize 5.8.1, sorted. */
struct tconfig *tconfig_default(struct arena *a);

/* One of its lists. The built-in ones are made, in `a`, when they are first asked for: a small build needs few, and all of them
 * take longer than the rest of it. */
const struct fieldspecs *tconfig_list(struct arena *a, const struct tconfig *t, enum tconfig_list list);

/* The references from objects of a kind, and, unless `t` is the built-in configuration alone, those from others: of that one only
 * what is asked for is made, in `a`. */
struct namerefs tconfig_refs_from(struct arena *a, const struct tconfig *t, struct gvk referrer);

/* The union of both; either may be NULL or they may be the same (then nothing is copied). ERR_INVALID on specs that
 * differ only in `create`. */
int tconfig_merge(struct ctx *cx, const struct tconfig *left, const struct tconfig *right,
                  const struct tconfig **ret) MUST_CHECK;

/* The configuration in a document of a `configurations` file; unknown fields are refused. */
int tconfig_parse(struct ctx *cx, struct doc *d, const char *file, struct tconfig **ret) MUST_CHECK;

/* Adds one name reference spec. */
int tconfig_add_ref(struct ctx *cx, struct tconfig *t, struct gvk target,
                    struct fieldspec referrer) MUST_CHECK;

#endif
