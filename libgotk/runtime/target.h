/*
 * target.h: who acts on which cluster: spec.serviceAccountName and spec.kubeConfig.
 *
 * Objects are applied, pruned and looked at as the service account the object names (or --default-service-account), in this
 * cluster or in the one its kubeConfig describes; everything else is read by the controller itself. Follows
 * fluxcd/pkg/runtime's Impersonator. Clients of other clusters are shared by all reconciles (kube/clusters.h); a client of an
 * account is a few words in the reconcile's arena. Any worker.
 */
#ifndef GOTK_RUNTIME_TARGET_H
#define GOTK_RUNTIME_TARGET_H

#include "libgotk/runtime/manager.h"

struct targets;

/* How far kubeconfigs are trusted, and who asks for tokens by default. */
struct targets_options {
    bool allow_exec;             /* --insecure-kubeconfig-exec */
    bool allow_insecure;         /* --insecure-kubeconfig-tls */
    const char *default_account; /* --default-kubeconfig-service-account; may be NULL */
    bool object_identity;        /* the gate ObjectLevelWorkloadIdentity */
};

/* What an object says of its target; all borrowed. */
struct target_spec {
    const char *kind; /* of the object, for metrics */
    const char *ns;
    const char *name;
    const char *account;           /* spec.serviceAccountName; NULL or "": none */
    const struct doc *kube_config; /* spec.kubeConfig; NULL: this cluster */
};

/* What is shared by all reconciles of the process; the caller owns *ret (targets_close). */
struct targets *targets_open(struct manager *m, const struct targets_options *options);

/* No worker may use a target any more. NULL is allowed. */
void targets_close(struct targets *t);

/* A client that acts as the spec says, until cx->arena is reset. Returns STEP_WAIT (call again a little later, and free the
 * worker meanwhile) while another worker finds out whether the cluster is there. Errors name the Secret, ConfigMap or
 * cluster. */
int target_connect(struct ctx *cx, struct targets *t, const struct target_spec *spec,
                   struct kube **ret_kube) MUST_CHECK;

/* The object goes: what was counted of its target goes too. */
void target_forget(const struct targets *t, const struct target_spec *spec);

/* The account to impersonate; NULL: none. */
const char *target_account(const struct targets *t, const struct target_spec *spec);

/* *ret_exists is false when the account to impersonate is known not to exist. */
int target_account_exists(struct ctx *cx, struct targets *t, const struct target_spec *spec,
                          bool *ret_exists) MUST_CHECK;

#endif
