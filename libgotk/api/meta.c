/*
 * meta.c: field tables and small questions about object metadata; the contract is in meta.h.
 */
#include "libgotk/api/meta.h"

#include "libgotk/base/str.h"

const struct field meta_fields[] = {
    FIELD(struct meta, name, "name", 0),
    FIELD(struct meta, ns, "namespace", 0),
    FIELD(struct meta, uid, "uid", 0),
    FIELD(struct meta, resource_version, "resourceVersion", 0),
    FIELD(struct meta, creation_timestamp, "creationTimestamp", 0),
    FIELD(struct meta, deletion_timestamp, "deletionTimestamp", 0),
    FIELD(struct meta, generation, "generation", 0),
    FIELD(struct meta, labels, "labels", 0),
    FIELD(struct meta, annotations, "annotations", 0),
    FIELD_STRING_LIST(struct meta, finalizers, finalizers_count, "finalizers", 0),
    FIELD_END,
};

const struct field local_ref_fields[] = {
    FIELD(struct local_ref, name, "name", FIELD_REQUIRED),
    FIELD_END,
};

const struct field artifact_fields[] = {
    FIELD(struct artifact, path, "path", FIELD_REQUIRED),
    FIELD(struct artifact, url, "url", FIELD_REQUIRED),
    FIELD(struct artifact, revision, "revision", FIELD_REQUIRED),
    FIELD(struct artifact, digest, "digest", FIELD_REQUIRED),
    FIELD(struct artifact, last_update_time, "lastUpdateTime", FIELD_REQUIRED),
    FIELD(struct artifact, size, "size", 0),
    FIELD(struct artifact, metadata, "metadata", 0),
    FIELD_END,
};

const char *meta_annotation(const struct meta *m, const char *key)
{
    return doc_text(doc_find(m->annotations, key));
}

bool meta_marked(const struct doc *object, const char *key, const char *value)
{
    const char *label = doc_text_at(object, "metadata", "labels", key);
    const char *annotation = doc_text_at(object, "metadata", "annotations", key);
    return (label && str_eq_fold(label, value)) || (annotation && str_eq_fold(annotation, value));
}
