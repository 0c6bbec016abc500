/*
 * source.h: the kinds of group source.toolkit.fluxcd.io that our controllers reconcile or read.
 *
 * GitRepository in full; of the other sources a consumer needs only status.artifact (struct source_status), which is the
 * same for all. Tables are held against crds/ by tests/unit/api/test_schema.c.
 */
#ifndef GOTK_API_SOURCE_H
#define GOTK_API_SOURCE_H

#include "libgotk/api/meta.h"

#define SOURCE_GROUP "source.toolkit.fluxcd.io"
#define SOURCE_API   "source.toolkit.fluxcd.io/v1"

/* spec.ref: which commit; at most one of these decides (commit, name, tag, semver, branch: in this order). */
struct git_ref {
    const char *branch;
    const char *tag;
    const char *semver;
    const char *name;
    const char *commit;
};

struct git_verify {
    const char *mode;
    struct local_ref secret_ref;
};

struct git_include {
    struct local_ref repository;
    const char *from_path;
    const char *to_path;
};

struct gitrepository_spec {
    const char *url;
    const char *interval;
    const char *timeout;
    const char *provider;
    const char *service_account_name;
    const char *ignore; /* NULL: not set; "" counts as no pattern */
    struct local_ref *secret_ref;
    struct local_ref *proxy_secret_ref;
    struct git_ref *ref;
    struct git_verify *verify;
    struct git_include *include;
    size_t include_count;
    const char **sparse_checkout;
    size_t sparse_checkout_count;
    bool recurse_submodules;
    bool suspend;
    const char *git_implementation; /* deprecated: accepted and without effect */
    const struct doc *access_from;  /* deprecated: accepted and without effect */
};

struct gitrepository_status {
    int64_t observed_generation;
    const char *last_handled_reconcile_at;
    const struct doc *conditions;
    struct artifact *artifact;
    struct artifact *included_artifacts;
    size_t included_artifacts_count;
    const char *observed_ignore;
    bool observed_recurse_submodules;
    struct git_include *observed_include;
    size_t observed_include_count;
    const char **observed_sparse_checkout;
    size_t observed_sparse_checkout_count;
    const char *source_verification_mode;
};

struct gitrepository {
    struct meta meta;
    struct gitrepository_spec spec;
    struct gitrepository_status status;
};

extern const struct field gitrepository_spec_fields[];
extern const struct field gitrepository_status_fields[];
extern const struct field gitrepository_fields[];

#endif
