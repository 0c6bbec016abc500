/*
 * controller.h: what the files of this controller share: its own options and state, and the run of one reconcile.
 *
 * One struct state per process, read-only after start-up but for what has a lock of its own: trees, clones,
 * targets, tracker, proofs. One struct ks_run per reconcile, in the reconcile's arena.
 */
#ifndef GOTK_KUSTOMIZE_CONTROLLER_H
#define GOTK_KUSTOMIZE_CONTROLLER_H

#include "kustomize-controller/build.h"
#include "kustomize-controller/cache.h"
#include "kustomize-controller/clones.h"
#include "kustomize-controller/health.h"
#include "kustomize-controller/proofs.h"
#include "libgotk/api/kustomization.h"
#include "libgotk/base/flags.h"
#include "libgotk/base/gotime.h"
#include "libgotk/runtime/manager.h"
#include "libgotk/runtime/target.h"
#include "libgotk/ssa/apply.h"

/* The annotation and label prefix of the kind, and the field manager of all that is applied. */
#define KG            KUSTOMIZATION_GROUP
#define FIELD_MANAGER "kustomize-controller"

/* The controller's own flags and what it keeps between reconciles. */
struct state {
    int64_t concurrent_ssa;
    int64_t http_retry;
    bool no_remote_bases;
    bool no_cross_namespace_refs;
    const char *custom_apply_stage_kinds;
    struct str_list override_managers;
    const char *default_kubeconfig_service_account;
    const char *default_decryption_service_account;
    const char *sops_age_secret;
    const char *sops_vault_configmap;
    bool insecure_kubeconfig_exec;
    bool insecure_kubeconfig_tls;

    char **custom_kinds; /* --custom-apply-stage-kinds, split */
    size_t custom_kinds_count;
    int64_t full_check_interval_ns;
    int64_t request_check_age_ns;
    struct tree_cache *trees;
    struct clones *clones; /* bases that are Git repositories; NULL: --no-remote-bases */
    struct targets *targets;
    struct manager *manager;
    struct tracker *tracker; /* of what was applied to this cluster */
    struct proofs *proofs;
};

/* What a run knows and learns of a proof of no change (prove.c). */
struct proving {
    int64_t began_ms;         /* as ctx_now_ms counts */
    bool requested;           /* somebody asked for this run */
    bool known;               /* `before` is there */
    bool full;                /* every object is dry-run, whatever is known of it */
    bool drift;               /* it runs because an object moved, and for nothing else */
    bool holds;               /* nothing moved: nothing is fetched, built or applied */
    struct kept_proof before; /* of the last run that went well */
    struct proof seen;        /* by this one */
    unsigned char inputs[PROOF_DIGEST_SIZE];
};

/* All that one reconcile knows. */
struct ks_run {
    struct run run; /* must be first */
    struct kustomization ks;
    struct state *state;
    struct kube *kube;       /* as the controller itself: sources, variables, Secrets with kubeconfigs */
    struct kube *target;     /* as whom and where objects are applied; NULL until connected */
    struct tracker *tracker; /* of the cluster that is applied to; NULL: it is a remote one */
    struct proving proof;
    struct doc *vars; /* of spec.postBuild; NULL: none */
    struct doc
        *hidden_vars; /* those that no message may show, as secret_mask_variables wants them; NULL: none */
    const char *vars_error;      /* why they could not be had; NULL: they are there */
    int64_t timeout_ns;          /* of health checks; shown in progress texts */
    struct artifact artifact;    /* of the source */
    const char *origin_revision; /* of the artifact, when it has one */
    int64_t
        dependency_until_ms; /* how long it waits unseen for a dependency, as ctx_now_ms counts; 0: it does not */
    const char *tree;        /* the unpacked artifact, shared and read-only */
    const char *dir;         /* spec.path in it */
    struct arena *scratch; /* what was built and applied, until the run waits; NULL: nothing, or no more */
    struct build_output built;
    struct apply *applying; /* an apply that is not over, in `scratch`; NULL: none */
    int64_t
        apply_shown_ms; /* when the status is to tell that it waits, as ctx_now_ms counts; 0: it does not wait */
    struct changes applied;
    struct health health;
    struct changes deleted;      /* with the Kustomization */
    int64_t deletion_timeout_ms; /* when waiting for them ends, as ctx_now_ms counts */
};

/* The state of this process. */
struct state *state_of(const struct run *run);

/* target.c: fills r->target; may return STEP_WAIT. */
int connect_target(struct ctx *cx, struct ks_run *r) MUST_CHECK;

/* target.c: *ret_exists is false when the account that objects are deleted as is gone. */
int check_target_account(struct ctx *cx, const struct ks_run *r, bool *ret_exists) MUST_CHECK;

/* The object goes: what was counted of its target goes too. */
void forget_target(const struct ks_run *r);

/* apply.c: gives built objects the owner's labels, corrections and common metadata, in place; ERR_INVALID for a Secret that is
 * still encrypted. */
int prepare_objects(struct ctx *cx, const struct kustomization *ks, struct doc *objects) MUST_CHECK;

/* scratch.c: does a step's work in the memory of r->scratch; an error of it comes along. */
int scratch_run(struct ctx *cx, struct ks_run *r, int (*work)(struct ctx *cx, struct ks_run *r)) MUST_CHECK;

/* scratch.c: the run waits: of r->built and r->applied only what is still needed stays, and no object. */
void scratch_end(struct ctx *cx, struct ks_run *r);

/* apply.c: labels, metadata and corrections, then the staged apply; fills r->applied. Returns a step_next or fails. */
int apply_objects(struct ctx *cx, struct ks_run *r) MUST_CHECK;

/* apply.c: a new run takes the place of one whose apply waits: tells and writes into the inventory what was applied. */
void apply_leave(struct ctx *cx, struct ks_run *r);

/* kustomization.c: makes it the status's inventory. */
void set_inventory(struct ctx *cx, struct ks_run *r, const struct inventory *inventory);

/* dependencies.c: the step that holds a run back until all of spec.dependsOn is ready. */
int check_dependencies(struct ctx *cx, void *run) MUST_CHECK;

/* health.c: the step that waits until the applied objects, or those of spec.healthChecks, are healthy. */
int check_health(struct ctx *cx, void *run) MUST_CHECK;

/* health.c: tells that a new run takes the place of one that waited for health. */
void cancel_health(struct ctx *cx, struct ks_run *r);

/* prove.c: ends a run for which there is nothing to do, or has it skip to the end, by the proof of the last one; reads the
 * variables on the way. */
int prove_unchanged(struct ctx *cx, void *run) MUST_CHECK;

/* prove.c: all went well: what was seen becomes the proof. Returns a step_next. */
int prove_success(struct ctx *cx, struct ks_run *r) MUST_CHECK;

/* prove.c: an object moved; for tracker_options.changed, with the struct state. */
void prove_moved(struct ctx *cx, void *user, const char *owner_ns, const char *owner,
                 const struct kube_ref *ref, const struct tracker_mark *mark);

/* kustomization.c: the variables of spec.postBuild; those that cannot be had fail the build later. */
int vars_load_for(struct ctx *cx, struct ks_run *r) MUST_CHECK;

/* kustomization.c: the last step. */
int conclude(struct ctx *cx, void *run);

/* prune.c: deletes what left the inventory and keeps what could not be deleted; takes the old inventory. */
int prune_removed(struct ctx *cx, struct ks_run *r, const struct inventory *old,
                  struct inventory *now) MUST_CHECK;

/* prune.c: deletes everything in the inventory as spec.deletionPolicy says; the Kustomization is going. */
int prune_all(struct ctx *cx, void *run) MUST_CHECK;

/* watches.c: which Kustomizations a change of a source, ConfigMap or Secret concerns. */
#define KUSTOMIZATION_WATCHES 7
#define DEPENDS_ON            "depends on" /* the index that has each dependency, as "namespace/name" */
extern const struct controller_watch kustomization_watches[KUSTOMIZATION_WATCHES];
void kustomization_index(struct watch_index *to, const struct doc *object);

/* kustomization.c: the revision that events of this run carry; origin_revision may be NULL. */
void name_revision(struct ctx *cx, struct ks_run *r, const char *revision, const char *origin_revision);

/* kustomization.c: "Reconciliation finished in ...", as an event and in the log. */
void tell_finished(struct ctx *cx, struct ks_run *r);

/* source.c: finds spec.sourceRef and its artifact; fills r->artifact. */
int source_resolve(struct ctx *cx, struct ks_run *r) MUST_CHECK;

/* diffcommand.c: `kustomize-controller diff`. */
extern const struct command diff_command;

/* kustomization.c: the controller itself. */
extern const struct controller kustomization_controller;

#endif
