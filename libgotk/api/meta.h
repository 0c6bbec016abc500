/*
 * meta.h: the parts every Kubernetes object of ours shares: ObjectMeta, references, Artifact.
 *
 * Plain structs with one field table each (doc/decode.h); strings are borrowed from the document they were decoded
 * from. Rejected: generated clients with hundreds of types; foreign objects stay documents.
 */
#ifndef GOTK_API_META_H
#define GOTK_API_META_H

#include "libgotk/doc/decode.h"

/* The finalizer of every Flux kind. */
#define API_FINALIZER "finalizers.fluxcd.io"
/* Annotation: any new value asks for a reconcile now; copied to status.lastHandledReconcileAt. */
#define API_REQUESTED_AT "reconcile.fluxcd.io/requestedAt"

/* metav1.ObjectMeta, as far as controllers read it. */
struct meta {
    const char *name;
    const char *ns;
    const char *uid;
    const char *resource_version;
    const char *creation_timestamp;
    const char *deletion_timestamp;
    int64_t generation;
    const struct doc *labels;      /* object of strings, or NULL */
    const struct doc *annotations; /* object of strings, or NULL */
    const char **finalizers;
    size_t finalizers_count;
};

/* A reference to an object of known kind in the same namespace. */
struct local_ref {
    const char *name;
};

/* meta.Artifact: what a source's status says about its newest archive. */
struct artifact {
    const char *path;
    const char *url;
    const char *revision;
    const char *digest;
    const char *last_update_time;
    int64_t size;
    const struct doc *metadata; /* object of strings, or NULL */
};

extern const struct field meta_fields[];
extern const struct field local_ref_fields[];
extern const struct field artifact_fields[];

/* The value of annotation `key`; NULL when absent. */
const char *meta_annotation(const struct meta *m, const char *key);

/* True when the label or annotation `key` of the object is `value`, letters of either case. */
bool meta_marked(const struct doc *object, const char *key, const char *value);

#endif
