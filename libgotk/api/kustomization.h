/*
 * kustomization.h: the Kustomization of group kustomize.toolkit.fluxcd.io.
 *
 * One struct for every served version: v1 keeps the fields that only v1beta1 and v1beta2 offered (patchesStrategicMerge,
 * patchesJson6902, validation), so that objects written through those stay whole. Free-form parts (patches, images,
 * commonMetadata) stay documents: they are handed to the kustomize engine as they are.
 */
#ifndef GOTK_API_KUSTOMIZATION_H
#define GOTK_API_KUSTOMIZATION_H

#include "libgotk/api/meta.h"

#define KUSTOMIZATION_GROUP "kustomize.toolkit.fluxcd.io"
#define KUSTOMIZATION_API   "kustomize.toolkit.fluxcd.io/v1"

struct source_ref {
    const char *api_version;
    const char *kind;
    const char *name;
    const char *ns;
};

struct substitute_from {
    const char *kind;
    const char *name;
    bool optional;
};

struct post_build {
    const struct doc *substitute; /* object of strings, or NULL */
    struct substitute_from *substitute_from;
    size_t substitute_from_count;
    const char *substitute_strategy;
};

struct dependency_ref {
    const char *name;
    const char *ns;
    const char *ready_expr;
};

struct decryption {
    const char *provider;
    struct local_ref *secret_ref;
    const char *service_account_name;
};

struct kustomization_spec {
    const char *interval;
    const char *retry_interval;
    const char *timeout;
    const char *path;
    const char *deletion_policy;
    const char *target_namespace;
    const char *name_prefix;
    const char *name_suffix;
    const char *service_account_name;
    const char *validation; /* deprecated: accepted and without effect, as in Flux since 0.18 */
    struct source_ref source_ref;
    bool prune;
    bool force;
    bool wait;
    bool suspend;
    bool ignore_missing_components;
    const struct doc *common_metadata;
    const struct doc *patches;
    const struct doc *patches_strategic_merge; /* deprecated, still carried out */
    const struct doc *patches_json6902;        /* deprecated, still carried out */
    const struct doc *images;
    const struct doc *health_checks;
    const struct doc *health_check_exprs;
    const struct doc *ignore;
    const struct doc *kube_config;
    const char **components;
    size_t components_count;
    const char **build_metadata;
    size_t build_metadata_count;
    struct post_build *post_build;
    struct decryption *decryption;
    struct dependency_ref *depends_on;
    size_t depends_on_count;
};

struct inventory_entry {
    const char *id; /* <namespace>_<name>_<group>_<kind> */
    const char *v;  /* the API version without its group */
};

struct inventory {
    struct inventory_entry *entries;
    size_t entries_count;
};

struct kustomization_status {
    int64_t observed_generation;
    const char *last_handled_reconcile_at;
    const char *last_attempted_revision;
    const char *last_applied_revision;
    const char *last_applied_origin_revision;
    const struct doc *conditions;
    const struct doc *history;
    struct inventory *inventory;
};

struct kustomization {
    struct meta meta;
    struct kustomization_spec spec;
    struct kustomization_status status;
};

extern const struct field inventory_fields[];
extern const struct field kustomization_spec_fields[];
extern const struct field kustomization_status_fields[];
extern const struct field kustomization_fields[];

#endif
