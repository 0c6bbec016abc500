/*
 * kustomization.c: field tables of the Kustomization; see kustomization.h.
 */
#include "libgotk/api/kustomization.h"

static const struct field source_ref_fields[] = {
    FIELD(struct source_ref, api_version, "apiVersion", 0),
    FIELD(struct source_ref, kind, "kind", FIELD_REQUIRED),
    FIELD(struct source_ref, name, "name", FIELD_REQUIRED),
    FIELD(struct source_ref, ns, "namespace", 0),
    FIELD_END,
};

static const struct field substitute_from_fields[] = {
    FIELD(struct substitute_from, kind, "kind", FIELD_REQUIRED),
    FIELD(struct substitute_from, name, "name", FIELD_REQUIRED),
    FIELD(struct substitute_from, optional, "optional", 0),
    FIELD_END,
};

static const struct field post_build_fields[] = {
    FIELD(struct post_build, substitute, "substitute", 0),
    FIELD_LIST(struct post_build, substitute_from, substitute_from_count, "substituteFrom", 0,
               substitute_from_fields),
    FIELD(struct post_build, substitute_strategy, "substituteStrategy", 0),
    FIELD_END,
};

static const struct field dependency_ref_fields[] = {
    FIELD(struct dependency_ref, name, "name", FIELD_REQUIRED),
    FIELD(struct dependency_ref, ns, "namespace", 0),
    FIELD(struct dependency_ref, ready_expr, "readyExpr", 0),
    FIELD_END,
};

static const struct field decryption_fields[] = {
    FIELD(struct decryption, provider, "provider", FIELD_REQUIRED),
    FIELD_POINTER(struct decryption, secret_ref, "secretRef", 0, local_ref_fields),
    FIELD(struct decryption, service_account_name, "serviceAccountName", 0),
    FIELD_END,
};

static const struct field inventory_entry_fields[] = {
    FIELD(struct inventory_entry, id, "id", FIELD_REQUIRED),
    FIELD(struct inventory_entry, v, "v", FIELD_REQUIRED),
    FIELD_END,
};

const struct field inventory_fields[] = {
    FIELD_LIST(struct inventory, entries, entries_count, "entries", FIELD_REQUIRED, inventory_entry_fields),
    FIELD_END,
};

const struct field kustomization_spec_fields[] = {
    FIELD(struct kustomization_spec, interval, "interval", FIELD_REQUIRED),
    FIELD(struct kustomization_spec, retry_interval, "retryInterval", 0),
    FIELD(struct kustomization_spec, timeout, "timeout", 0),
    FIELD(struct kustomization_spec, path, "path", 0),
    FIELD(struct kustomization_spec, deletion_policy, "deletionPolicy", 0),
    FIELD(struct kustomization_spec, target_namespace, "targetNamespace", 0),
    FIELD(struct kustomization_spec, name_prefix, "namePrefix", 0),
    FIELD(struct kustomization_spec, name_suffix, "nameSuffix", 0),
    FIELD(struct kustomization_spec, service_account_name, "serviceAccountName", 0),
    FIELD(struct kustomization_spec, validation, "validation", 0),
    FIELD_STRUCT(struct kustomization_spec, source_ref, "sourceRef", FIELD_REQUIRED, source_ref_fields),
    FIELD(struct kustomization_spec, prune, "prune", FIELD_REQUIRED),
    FIELD(struct kustomization_spec, force, "force", 0),
    FIELD(struct kustomization_spec, wait, "wait", 0),
    FIELD(struct kustomization_spec, suspend, "suspend", 0),
    FIELD(struct kustomization_spec, ignore_missing_components, "ignoreMissingComponents", 0),
    FIELD(struct kustomization_spec, common_metadata, "commonMetadata", 0),
    FIELD(struct kustomization_spec, patches, "patches", 0),
    FIELD(struct kustomization_spec, patches_strategic_merge, "patchesStrategicMerge", 0),
    FIELD(struct kustomization_spec, patches_json6902, "patchesJson6902", 0),
    FIELD(struct kustomization_spec, images, "images", 0),
    FIELD(struct kustomization_spec, health_checks, "healthChecks", 0),
    FIELD(struct kustomization_spec, health_check_exprs, "healthCheckExprs", 0),
    FIELD(struct kustomization_spec, ignore, "ignore", 0),
    FIELD(struct kustomization_spec, kube_config, "kubeConfig", 0),
    FIELD_STRING_LIST(struct kustomization_spec, components, components_count, "components", 0),
    FIELD_STRING_LIST(struct kustomization_spec, build_metadata, build_metadata_count, "buildMetadata", 0),
    FIELD_POINTER(struct kustomization_spec, post_build, "postBuild", 0, post_build_fields),
    FIELD_POINTER(struct kustomization_spec, decryption, "decryption", 0, decryption_fields),
    FIELD_LIST(struct kustomization_spec, depends_on, depends_on_count, "dependsOn", 0,
               dependency_ref_fields),
    FIELD_END,
};

const struct field kustomization_status_fields[] = {
    FIELD(struct kustomization_status, observed_generation, "observedGeneration", 0),
    FIELD(struct kustomization_status, last_handled_reconcile_at, "lastHandledReconcileAt", 0),
    FIELD(struct kustomization_status, last_attempted_revision, "lastAttemptedRevision", 0),
    FIELD(struct kustomization_status, last_applied_revision, "lastAppliedRevision", 0),
    FIELD(struct kustomization_status, last_applied_origin_revision, "lastAppliedOriginRevision", 0),
    FIELD(struct kustomization_status, conditions, "conditions", 0),
    FIELD(struct kustomization_status, history, "history", 0),
    FIELD_POINTER(struct kustomization_status, inventory, "inventory", 0, inventory_fields),
    FIELD_END,
};

const struct field kustomization_fields[] = {
    FIELD_STRUCT(struct kustomization, meta, "metadata", 0, meta_fields),
    FIELD_STRUCT(struct kustomization, spec, "spec", FIELD_REQUIRED, kustomization_spec_fields),
    FIELD_STRUCT(struct kustomization, status, "status", 0, kustomization_status_fields),
    FIELD_END,
};
