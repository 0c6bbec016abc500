/*
 * kinds.h: what kustomize knows about built-in kinds: their scope, and which of their lists merge by key.
 *
 * The facts are those of Kubernetes 1.21.2, the schema kustomize 5.8.1 carries; newer kinds and custom resources are
 * unknown on purpose: they count as namespaced and their lists are replaced whole. Static tables, any thread. Rejected:
 * shipping the OpenAPI document (4 MB to parse for 49 facts).
 */
#ifndef GOTK_KUSTOMIZE_KINDS_H
#define GOTK_KUSTOMIZE_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#define KINDS_KEYS_MAX 2

/* A field of an object, and what lies below it. Rows end with a NULL name. */
struct kinds_field {
    const char *name;
    const struct kinds_field *fields; /* of the map, or of the elements of the list */
    bool merge;                       /* a list that merges */
    const char *keys[KINDS_KEYS_MAX]; /* by these; both NULL: a list of scalars */
};

/* True when (group, version, kind) is certainly cluster-scoped; the match is exact. */
bool kinds_is_cluster(const char *group, const char *version, const char *kind);

/* True when the scope of (group, version, kind) is known. */
bool kinds_is_known(const char *group, const char *version, const char *kind);

/* The fields of a built-in kind; NULL for any other. */
const struct kinds_field *kinds_fields(const char *group, const char *version, const char *kind);

/* The fields of a definition of Kubernetes' OpenAPI document that custom schemas refer to, e.g.
 * "io.k8s.api.core.v1.PodTemplateSpec"; NULL when it leads to no list that merges. */
const struct kinds_field *kinds_definition(const char *name);

/* The row called `name`; NULL when there is none (or `fields` is NULL). */
const struct kinds_field *kinds_field_find(const struct kinds_field *fields, const char *name);

#endif
