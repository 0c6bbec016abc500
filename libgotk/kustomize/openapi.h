/*
 * openapi.h: which lists of a resource merge by which keys, from a build's own schema or the built-in table.
 *
 * A kustomization may name a schema file (openapi.path); its definitions come before the built-in ones, which stay
 * underneath, as in Flux (`kustomize build` forgets them). A position in a schema is a small value that is walked along with the document. One build.
 * Rejected: compiling a schema to a tree, since schemas are recursive and builds touch few definitions.
 */
#ifndef GOTK_KUSTOMIZE_OPENAPI_H
#define GOTK_KUSTOMIZE_OPENAPI_H

#include "libgotk/doc/doc.h"
#include "libgotk/kustomize/gvk.h"

struct kinds_field;
struct openapi;

/* A position in a schema; all NULL: nothing is known here. */
struct openapi_at {
    const struct openapi *api;
    const struct doc *custom;         /* a schema object of the build's own document */
    const struct kinds_field *fields; /* built-in rows below this place */
    const struct kinds_field *row;    /* the built-in row of this place itself */
};

/* Reads the swagger document of a build, JSON or YAML; `alone`: nothing is built in beside it. A broken one only fails
 * where it is asked, by openapi_check: upstream does not look at it before. */
int openapi_new(struct ctx *cx, const char *text, size_t len, const char *file, bool alone,
                struct openapi **ret) MUST_CHECK;

/* ERR_INVALID when the document is broken; `api` may be NULL. */
int openapi_check(struct ctx *cx, const struct openapi *api) MUST_CHECK;

/* Where a resource of this kind starts; `api` may be NULL. */
struct openapi_at openapi_resource(const struct openapi *api, struct gvk g);

/* The place of a member, and of a list's elements. */
struct openapi_at openapi_field(struct openapi_at at, const char *name);
struct openapi_at openapi_elements(struct openapi_at at);

/* True when the list at this place merges; its keys go to `ret_keys` (none: a list of scalars). */
bool openapi_merges(struct arena *a, struct openapi_at at, const char ***ret_keys, size_t *ret_count);

#endif
