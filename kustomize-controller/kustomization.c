/*
 * kustomization.c: the story of one reconcile of a Kustomization.
 *
 * An artifact is fetched, built into objects, applied to the cluster; what left the set is pruned; then the run waits until
 * what it applied is healthy. The driver (runtime/run.h) does what is the same for every kind: deletion, finalizer,
 * suspend, conditions, status, requeue. Runs on a worker thread; a run's memory ends with it. Rejected: upstream's early
 * returns with fourteen hand-written status updates; here a step that fails names its reason in the table.
 */
#include "kustomize-controller/controller.h"
#include "kustomize-controller/history.h"
#include "kustomize-controller/remote.h"
#include "kustomize-controller/unsupported.h"
#include "kustomize-controller/vars.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/inventory.h"
#include "libgotk/ssa/secret.h"

#include <string.h>

#define MIN_TIMEOUT_NS (30 * GOTIME_SECOND)

static int check_supported(struct ctx *cx, void *run);
static int resolve_source(struct ctx *cx, void *run);
static int fetch_artifact(struct ctx *cx, void *run);
static int connect(struct ctx *cx, void *run);
static int build_manifests(struct ctx *cx, void *run);
static int apply_manifests(struct ctx *cx, void *run);
static int prune_stale(struct ctx *cx, void *run);

static const struct step steps[] = {
    /* progress shown in status   reason if it fails        step            */
    { NULL, "UnsupportedFeature", check_supported, NULL },
    { NULL, "ArtifactFailed", resolve_source, NULL },
    { NULL, "DependencyNotReady", check_dependencies, NULL },
    { NULL, "BuildFailed", prove_unchanged, NULL },
    { "Fetching manifests", "ArtifactFailed", fetch_artifact, NULL },
    { "Building manifests", "ReconciliationFailed", connect, NULL },
    { "Building manifests", "BuildFailed", build_manifests, NULL },
    { "Detecting drift", "ReconciliationFailed", apply_manifests, NULL },
    { NULL, "PruneFailed", prune_stale, NULL },
    { NULL, "HealthCheckFailed", check_health, NULL },
    { NULL, "ReconciliationFailed", conclude, NULL },
};

static int begin(struct ctx *cx, void *run);
static void make_way(struct ctx *cx, void *run);
static void close_history(struct ctx *cx, void *run);
static void tell(struct ctx *cx, void *run);

const struct controller kustomization_controller = {
    .name = "kustomization",
    .group = KUSTOMIZATION_GROUP,
    .version = "v1",
    .kind = "Kustomization",
    .finalizer = API_FINALIZER,
    .field_owner = "gotk-kustomize-controller",
    .run_size = sizeof(struct ks_run),
    .watches = kustomization_watches,
    .watch_count = KUSTOMIZATION_WATCHES,
    .index = kustomization_index,
    .begin = begin,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .retries = true,
    .finalize = prune_all,
    .closing = close_history,
    .replaced = make_way,
    .finished = tell,
};

struct state *state_of(const struct run *run)
{
    return manager_user(run->manager);
}

/* Intervals: retryInterval defaults to interval, timeout to interval - 30 s. */
static int parse_intervals(struct ctx *cx, struct ks_run *r)
{
    const struct kustomization_spec *spec = &r->ks.spec;
    if (gotime_parse_duration(cx, spec->interval, &r->run.interval_ns) < 0)
        return err_wrap(cx, "spec.interval");
    r->run.retry_ns = r->run.interval_ns;
    if (spec->retry_interval && gotime_parse_duration(cx, spec->retry_interval, &r->run.retry_ns) < 0)
        return err_wrap(cx, "spec.retryInterval");
    r->timeout_ns = r->run.interval_ns - MIN_TIMEOUT_NS;
    if (spec->timeout && gotime_parse_duration(cx, spec->timeout, &r->timeout_ns) < 0)
        return err_wrap(cx, "spec.timeout");
    return 0;
}

/* The timeout is never less than 30 s. An object that is deleted goes, whatever its intervals are. */
static int read_intervals(struct ctx *cx, struct ks_run *r)
{
    if (parse_intervals(cx, r) < 0) {
        if (!r->run.meta.deletion_timestamp)
            return err_code(cx);
        err_clear(cx);
    }
    if (r->timeout_ns < MIN_TIMEOUT_NS)
        r->timeout_ns = MIN_TIMEOUT_NS;
    return 0;
}

static int begin(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    r->state = state_of(&r->run);
    r->kube = manager_kube(r->run.manager);
    if (decode_struct(cx, r->run.object, kustomization_fields, "", &r->ks) < 0)
        return err_code(cx);
    r->tracker = r->ks.spec.kube_config ? NULL : r->state->tracker;
    if (r->ks.spec.suspend && !r->run.meta.deletion_timestamp)
        log_info(cx->log, "Reconciliation is suspended for this object", NULL);
    return read_intervals(cx, r);
}

static int check_supported(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (unsupported_check(cx, &r->ks) < 0)
        return run_stall(cx, &r->run);
    return 0;
}

void name_revision(struct ctx *cx, struct ks_run *r, const char *revision, const char *origin_revision)
{
    struct doc *metadata = r->run.event_metadata = doc_object(cx->arena);
    doc_set_text(cx->arena, metadata, KG "/revision", revision);
    doc_set_text(cx->arena, metadata, KG "/originRevision", origin_revision);
}

static int resolve_source(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (source_resolve(cx, r) < 0)
        return err_code(cx);
    name_revision(cx, r, r->artifact.revision, r->origin_revision);
    r->run.progress = str_fmt(cx->arena, " for revision %s with a timeout of %s", r->artifact.revision,
                              gotime_print_duration(cx->arena, r->timeout_ns));
    return 0;
}

/* The artifact's server lost the file: source-controller is about to publish another one. */
static int artifact_lost(struct ctx *cx, struct ks_run *r)
{
    int64_t wait = manager_options(r->run.manager)->requeue_dependency_ns;
    err_fail(cx, ERR_NOT_FOUND, "Source is not ready, artifact not found, retrying in %s",
             gotime_print_duration(cx->arena, wait));
    return run_retry_in(cx, &r->run, wait, RESULT_SILENT);
}

/* spec.path, without a way out of the artifact. */
static int find_dir(struct ctx *cx, struct ks_run *r)
{
    const char *path = str_or(r->ks.spec.path, "."), *full;
    if (fs_join_secure(cx, r->tree, path, &full) < 0)
        return err_wrap(cx, "kustomization path not found: %s", path);
    if (!fs_is_dir(full))
        return err_fail(cx, ERR_NOT_FOUND,
                        "kustomization path not found: %s: the artifact of revision %s has no such "
                        "directory",
                        path, r->artifact.revision);
    r->dir = str_eq(full, r->tree) ? "." : full + strlen(r->tree) + 1;
    return 0;
}

static int fetch_artifact(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (tree_cache_acquire(cx, r->state->trees, &r->artifact, &r->tree) < 0)
        return cx->err.code == ERR_NOT_FOUND ? artifact_lost(cx, r) : cx->err.code;
    if (find_dir(cx, r) < 0)
        return err_code(cx);
    doc_set_text(cx->arena, r->run.status, "lastAttemptedRevision", r->artifact.revision);
    return 0;
}

static int connect(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    int rc = connect_target(cx, r);
    return rc < 0 ? err_wrap(cx, "failed to build kube client") : rc;
}

/* Variables that cannot be had fail the first object they would be for: not before the build itself, and not when it has
 * no objects. */
int vars_load_for(struct ctx *cx, struct ks_run *r)
{
    int rc = vars_load(cx, manager_kube(r->run.manager), &r->ks, &r->vars, &r->hidden_vars);
    if (rc != ERR_NOT_FOUND && rc != ERR_INVALID && rc != ERR_DENIED)
        return rc;
    r->vars_error = err_message(cx);
    err_clear(cx);
    return 0;
}

/* Objects that variables of Secrets went into are quoted by what refuses them. */
static int hide_vars(struct ctx *cx, const struct ks_run *r)
{
    cx->err.message = secret_mask_variables(cx->arena, r->hidden_vars, err_message(cx));
    return err_code(cx);
}

static int build_all(struct ctx *cx, struct ks_run *r)
{
    struct build_input input = build_input_of(&r->ks, doc_find(r->run.object, "spec"));
    input.root = r->tree;
    input.dir = r->dir;
    input.strict = manager_feature(r->run.manager, "StrictPostBuildSubstitutions");
    input.vars = r->vars;
    input.vars_error = r->vars_error;
    if (remote_offer(cx, r->state->clones, r->ks.meta.ns, &input.remote) < 0)
        return err_code(cx);
    return build_run(cx, &input, &r->built) < 0 ? hide_vars(cx, r) : 0;
}

static int build_manifests(struct ctx *cx, void *run)
{
    return scratch_run(cx, run, build_all);
}

void set_inventory(struct ctx *cx, struct ks_run *r, const struct inventory *inventory)
{
    doc_set(cx->arena, r->run.status, "inventory", encode_struct(cx->arena, inventory_fields, inventory));
}

static int apply_manifests(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    int rc = scratch_run(cx, r, apply_objects);
    if (rc != STEP_NEXT)
        return rc < 0 ? hide_vars(cx, r) : rc;
    const char *changes = change_text(cx->arena, &r->applied, true);
    if (*changes)
        run_event(cx, &r->run, EVENT_INFO, NULL, NULL, "%s", changes);
    return 0;
}

static int prune_stale(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    struct inventory *now = inventory_of_changes(cx->arena, &r->applied);
    int rc = prune_removed(cx, r, r->ks.status.inventory, now);
    set_inventory(cx, r, now);
    return rc;
}

int conclude(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    struct doc *status = r->run.status;
    doc_set_text(cx->arena, status, "lastAppliedRevision", r->artifact.revision);
    doc_remove(status, "lastAppliedOriginRevision");
    doc_set_text(cx->arena, status, "lastAppliedOriginRevision", r->origin_revision);
    cond_set(&r->run.conds, COND_READY, COND_TRUE, "ReconciliationSucceeded", "Applied revision: %s",
             r->artifact.revision);
    return prove_success(cx, r);
}

static void make_way(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (r->applying)
        apply_leave(cx, r);
    cancel_health(cx, r);
}

/* The digest of what was built; by the proof, of what would have been. */
static const char *built_digest(const struct ks_run *r)
{
    const struct doc *newest = doc_first(doc_find(r->run.status, "history"));
    return r->proof.holds ? doc_text_at(newest, "digest") : r->built.digest;
}

/* A run that got past its build is remembered with its outcome. One that failed leaves no proof. */
static void close_history(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (r->run.failure.code < 0)
        proofs_drop(r->state->proofs, &r->ks.meta);
    if (!built_digest(r))
        return;
    const struct history_outcome outcome = {
        .digest = built_digest(r),
        .status = cond_reason(r->run.status, COND_READY),
        .took = run_took(cx, &r->run),
        .finished_ns = gotime_now_ns(),
        .revision = r->artifact.revision,
        .origin_revision = r->origin_revision,
    };
    doc_set(cx->arena, r->run.status, "history",
            history_upsert(cx->arena, doc_find(r->run.status, "history"), &outcome));
}

static void tell(struct ctx *cx, void *run)
{
    struct ks_run *r = run;
    if (!r->run.failure.code)
        tell_finished(cx, r);
}

void tell_finished(struct ctx *cx, struct ks_run *r)
{
    struct doc *metadata = doc_object(cx->arena);
    doc_set_text(cx->arena, metadata, KG "/commit_status", "update");
    const char *message =
        str_fmt(cx->arena, "Reconciliation finished in %s, next run in %s", run_took(cx, &r->run),
                gotime_print_duration(cx->arena, r->run.interval_ns));
    log_info(cx->log, message, "revision", doc_text_at(r->run.status, "lastAttemptedRevision"), NULL);
    run_event(cx, &r->run, EVENT_INFO, NULL, metadata, "%s", message);
}
