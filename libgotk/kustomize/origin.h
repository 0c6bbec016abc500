/*
 * origin.h: where resources came from, as the annotations buildMetadata asks for.
 *
 * config.kubernetes.io/origin says which file or generator a resource came from,
 * alpha.config.kubernetes.io/transformations which transformers it went through. Both are YAML text in upstream's
 * layout. One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_ORIGIN_H
#define GOTK_KUSTOMIZE_ORIGIN_H

#include "libgotk/kustomize/resmap.h"

#define ORIGIN_ANNOTATION   "config.kubernetes.io/origin"
#define ORIGIN_TRANSFORMERS "alpha.config.kubernetes.io/transformations"

/* The way to a folder, as the kustomization files name it: "" at the top; in a repository, from its root. */
struct origin {
    const char *path;
    const char *repo; /* what is cloned; NULL: nothing was */
    const char *ref;
};

/* The origin one step further. */
struct origin origin_append(struct arena *a, struct origin o, const char *path);

/* Marks the resources of a file. */
void origin_mark_file(struct resmap *m, size_t from, struct origin o);

/* The document that names a built-in generator or transformer asked for in the kustomization file at `o`. */
struct doc *origin_of_field(struct arena *a, struct origin o, const char *plugin);

/* The same for a plugin's own document, which knows where it came from. */
struct doc *origin_of_plugin(struct ctx *cx, const struct resource *plugin);

/* Sets the origin of one resource unless it has one. */
void origin_mark_generated(struct arena *a, struct resource *r, const struct doc *origin);

/* Notes a transformer on every resource; one without an origin was made by it. */
void origin_mark_transformed(struct resmap *m, const struct doc *origin);

/* Removes what was not asked for, at the end of a build. */
void origin_clean(struct resmap *m, bool keep_origin, bool keep_transformations);

#endif
