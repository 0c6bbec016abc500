/*
 * resmap.h: the resources of a build, in order, found by any identity they have or had.
 *
 * The list keeps the order of appending, which is the order of output. Lookups go through a hash index that is built on
 * demand and thrown away when an identity changes (resmap_touch); names, and what appending asks for, have small ones of
 * their own. One thread, one build. Rejected: scanning the list as upstream does, which makes a build of n resources with n patches quadratic.
 */
#ifndef GOTK_KUSTOMIZE_RESMAP_H
#define GOTK_KUSTOMIZE_RESMAP_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/map.h"
#include "libgotk/kustomize/resource.h"

struct resmap {
    struct arena *arena;
    struct resources list;
    struct arena *scratch;      /* of the index, which is made anew many times in a build */
    struct arena **scratch_box; /* what ends with `arena`; NULL: no index yet */
    struct map index;           /* identity text -> struct resmap_slot */
    struct map names;           /* any name, present or past -> struct resources */
    struct map taken;           /* identity text -> the struct resource whose present one it is */
    size_t indexed;             /* how many of the list are in the index */
    size_t named;               /* how many are in the names */
    size_t counted;             /* how many are in what is taken */
    bool stale;
    bool unchecked; /* identities changed after resmap_check_unique */
    bool emptied;   /* a document went: resmap_drop_empty has something to do */
};

/* An empty map in `a`. */
struct resmap resmap_new(struct arena *a);

/* Appends; fails with ERR_EXISTS when a resource with the same present identity is there. */
int resmap_append(struct ctx *cx, struct resmap *m, struct resource *r) MUST_CHECK;

/* Appends all of `other`, which the caller no longer uses. */
int resmap_append_all(struct ctx *cx, struct resmap *m, struct resmap *other) MUST_CHECK;

/* Says that identities changed: the index is built anew at the next lookup. */
void resmap_touch(struct resmap *m);

/* Gives the memory of the index back until the next lookup. */
void resmap_rest(struct resmap *m);

/* Resources whose present identity equals `id`, in order. Valid until the map changes. */
struct resources resmap_find_current(struct resmap *m, const struct resid *id);

/* Resources that have or had an identity equal to `id`, each once, in order; deleted ones left out. */
struct resources resmap_find_any(struct resmap *m, const struct resid *id);

/* Those that can have or have had the name, in order, deleted ones among them; all for "" or NULL. Valid until the map
 * changes. */
struct resources resmap_named(struct resmap *m, const char *name);

/* The one resource that has or had `id`; none or several is ERR_NOT_FOUND or ERR_INVALID with upstream's text. */
int resmap_get(struct ctx *cx, struct resmap *m, const struct resid *id, struct resource **ret) MUST_CHECK;

/* Drops resources whose document is gone or empty. */
void resmap_drop_empty(struct resmap *m);

/* Refreshes the identity of every resource and touches the map when one changed. */
void resmap_refresh(struct resmap *m);

/* Fails with ERR_EXISTS when two resources have the same present identity. */
int resmap_check_unique(struct ctx *cx, struct resmap *m) MUST_CHECK;

/* What could have been meant by a kind ("": any) and name that nothing has: " (did you mean Deployment.v1.apps/web.x?)",
 * or "". */
const char *resmap_hint(struct arena *a, const struct resmap *m, const char *kind, const char *name);

#endif
