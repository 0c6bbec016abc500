/*
 * source.c: field tables of the source kinds; see source.h.
 */
#include "libgotk/api/source.h"

static const struct field git_ref_fields[] = {
    FIELD(struct git_ref, branch, "branch", 0), FIELD(struct git_ref, tag, "tag", 0),
    FIELD(struct git_ref, semver, "semver", 0), FIELD(struct git_ref, name, "name", 0),
    FIELD(struct git_ref, commit, "commit", 0), FIELD_END,
};

static const struct field git_verify_fields[] = {
    FIELD(struct git_verify, mode, "mode", 0),
    FIELD_STRUCT(struct git_verify, secret_ref, "secretRef", FIELD_REQUIRED, local_ref_fields),
    FIELD_END,
};

static const struct field git_include_fields[] = {
    FIELD_STRUCT(struct git_include, repository, "repository", FIELD_REQUIRED, local_ref_fields),
    FIELD(struct git_include, from_path, "fromPath", 0),
    FIELD(struct git_include, to_path, "toPath", 0),
    FIELD_END,
};

const struct field gitrepository_spec_fields[] = {
    FIELD(struct gitrepository_spec, url, "url", FIELD_REQUIRED),
    FIELD(struct gitrepository_spec, interval, "interval", FIELD_REQUIRED),
    FIELD(struct gitrepository_spec, timeout, "timeout", 0),
    FIELD(struct gitrepository_spec, provider, "provider", 0),
    FIELD(struct gitrepository_spec, service_account_name, "serviceAccountName", 0),
    FIELD(struct gitrepository_spec, ignore, "ignore", 0),
    FIELD_POINTER(struct gitrepository_spec, secret_ref, "secretRef", 0, local_ref_fields),
    FIELD_POINTER(struct gitrepository_spec, proxy_secret_ref, "proxySecretRef", 0, local_ref_fields),
    FIELD_POINTER(struct gitrepository_spec, ref, "ref", 0, git_ref_fields),
    FIELD_POINTER(struct gitrepository_spec, verify, "verify", 0, git_verify_fields),
    FIELD_LIST(struct gitrepository_spec, include, include_count, "include", 0, git_include_fields),
    FIELD_STRING_LIST(struct gitrepository_spec, sparse_checkout, sparse_checkout_count, "sparseCheckout", 0),
    FIELD(struct gitrepository_spec, recurse_submodules, "recurseSubmodules", 0),
    FIELD(struct gitrepository_spec, suspend, "suspend", 0),
    FIELD(struct gitrepository_spec, git_implementation, "gitImplementation", 0),
    FIELD(struct gitrepository_spec, access_from, "accessFrom", 0),
    FIELD_END,
};

const struct field gitrepository_status_fields[] = {
    FIELD(struct gitrepository_status, observed_generation, "observedGeneration", 0),
    FIELD(struct gitrepository_status, last_handled_reconcile_at, "lastHandledReconcileAt", 0),
    FIELD(struct gitrepository_status, conditions, "conditions", 0),
    FIELD_POINTER(struct gitrepository_status, artifact, "artifact", 0, artifact_fields),
    FIELD_LIST(struct gitrepository_status, included_artifacts, included_artifacts_count, "includedArtifacts",
               0, artifact_fields),
    FIELD(struct gitrepository_status, observed_ignore, "observedIgnore", 0),
    FIELD(struct gitrepository_status, observed_recurse_submodules, "observedRecurseSubmodules", 0),
    FIELD_LIST(struct gitrepository_status, observed_include, observed_include_count, "observedInclude", 0,
               git_include_fields),
    FIELD_STRING_LIST(struct gitrepository_status, observed_sparse_checkout, observed_sparse_checkout_count,
                      "observedSparseCheckout", 0),
    FIELD(struct gitrepository_status, source_verification_mode, "sourceVerificationMode", 0),
    FIELD_END,
};

const struct field gitrepository_fields[] = {
    FIELD_STRUCT(struct gitrepository, meta, "metadata", 0, meta_fields),
    FIELD_STRUCT(struct gitrepository, spec, "spec", FIELD_REQUIRED, gitrepository_spec_fields),
    FIELD_STRUCT(struct gitrepository, status, "status", 0, gitrepository_status_fields),
    FIELD_END,
};
