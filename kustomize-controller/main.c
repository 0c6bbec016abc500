/*
 * main.c: kustomize-controller as data: its flags, gates, jobs, sub-commands and its one controller.
 */
#include "kustomize-controller/buildcommand.h"
#include "kustomize-controller/clone.h"
#include "kustomize-controller/controller.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/cloud.h"

static struct state state;

static const struct flag flags[] = {
    { .name = "concurrent-ssa",
      .kind = FLAG_INT,
      .target = &state.concurrent_ssa,
      .fallback = "4",
      .help = "The number of concurrent server-side apply operations per Kustomization." },
    { .name = "http-retry",
      .kind = FLAG_INT,
      .target = &state.http_retry,
      .fallback = "9",
      .help = "The number of retries of a failed artifact download." },
    { .name = "full-check-interval",
      .kind = FLAG_DURATION,
      .target = &state.full_check_interval_ns,
      .fallback = "1h",
      .help =
          "The time after which all objects of a Kustomization are dry-run although nothing seems to have "
          "changed; 0: at each interval." },
    { .name = "request-check-age",
      .kind = FLAG_DURATION,
      .target = &state.request_check_age_ns,
      .fallback = "1m",
      .help =
          "The age from which on the last dry-run of all objects of a Kustomization does not do for a "
          "requested reconcile, although nothing seems to have changed; 0: each request is a full check." },
    { .name = "no-remote-bases",
      .kind = FLAG_BOOL,
      .target = &state.no_remote_bases,
      .help = "Refuse resources that a kustomization names by URL." },
    { .name = "no-cross-namespace-refs",
      .kind = FLAG_BOOL,
      .target = &state.no_cross_namespace_refs,
      .help = "Refuse references to sources of other namespaces." },
    { .name = "override-manager",
      .kind = FLAG_LIST,
      .target = &state.override_managers,
      .help = "Field managers whose changes are undone; may be repeated." },
    { .name = "custom-apply-stage-kinds",
      .kind = FLAG_STRING,
      .target = &state.custom_apply_stage_kinds,
      .help = "Comma-separated `group/kind`s to apply in a stage of their own, before all others." },
    { .name = "default-decryption-service-account",
      .kind = FLAG_STRING,
      .target = &state.default_decryption_service_account,
      .help = "The service account for decryption when an object names none." },
    { .name = "default-kubeconfig-service-account",
      .kind = FLAG_STRING,
      .target = &state.default_kubeconfig_service_account,
      .help = "The service account for remote clusters when an object names none." },
    { .name = "sops-age-secret",
      .kind = FLAG_STRING,
      .target = &state.sops_age_secret,
      .help = "The Secret in the runtime namespace with age keys for all objects." },
    { .name = "sops-vault-configmap",
      .kind = FLAG_STRING,
      .target = &state.sops_vault_configmap,
      .help = "The ConfigMap in the runtime namespace with the addresses of Vault servers." },
    { .name = "insecure-kubeconfig-exec",
      .kind = FLAG_BOOL,
      .target = &state.insecure_kubeconfig_exec,
      .help = "Allow exec plugins in the kubeconfigs of objects." },
    { .name = "insecure-kubeconfig-tls",
      .kind = FLAG_BOOL,
      .target = &state.insecure_kubeconfig_tls,
      .help = "Allow kubeconfigs of objects to skip the verification of certificates." },
};

static const struct feature features[] = {
    { "StrictPostBuildSubstitutions", true, "An unset variable without a default fails the build." },
    { "DisableStatusPollerCache", true, "Health checks read objects live." },
    { "DisableFailFastBehavior", false, "Health checks wait for all objects although one has failed." },
    { "CacheSecretsAndConfigMaps", false,
      "Accepted for compatibility: Secrets and ConfigMaps are read live." },
    { "GroupChangeLog", false, "Log changes grouped by action." },
    { "AdditiveCELDependencyCheck", false, "A readyExpr is checked besides readiness." },
    { "ExternalArtifact", false, "Allow sources of kind ExternalArtifact." },
    { "CancelHealthCheckOnNewRevision", false, "A new revision ends the running health checks." },
    { "DisableConfigWatchers", false, "Do not watch ConfigMaps and Secrets." },
    { "DirectSourceFetch", false, "Read sources live." },
    { "MigrateAPIVersion", false, "Rewrite the API version in managed fields." },
    { "ObjectLevelWorkloadIdentity", false, "Use the service account of an object towards cloud providers." },
    { NULL, false, NULL },
};

static int setup(struct ctx *cx, struct manager *m)
{
    bool identity = manager_feature(m, "ObjectLevelWorkloadIdentity");
    if (!identity && !str_empty(state.default_decryption_service_account))
        return err_fail(
            cx, ERR_INVALID,
            "--default-decryption-service-account needs the feature gate ObjectLevelWorkloadIdentity");
    if (!identity && !str_empty(state.default_kubeconfig_service_account))
        return err_fail(
            cx, ERR_INVALID,
            "--default-kubeconfig-service-account needs the feature gate ObjectLevelWorkloadIdentity");
    if (!str_empty(state.custom_apply_stage_kinds)) {
        state.custom_kinds =
            str_split(cx->arena, state.custom_apply_stage_kinds, ',', &state.custom_kinds_count);
        for (size_t i = 0; i < state.custom_kinds_count; i++)
            state.custom_kinds[i] = str_trim(cx->arena, state.custom_kinds[i]);
    }
    const struct targets_options options = {
        .allow_exec = state.insecure_kubeconfig_exec,
        .allow_insecure = state.insecure_kubeconfig_tls,
        .default_account = state.default_kubeconfig_service_account,
        .object_identity = identity,
    };
    state.targets = targets_open(m, &options);
    if (manager_feature(m, "DirectSourceFetch"))
        log_info(cx->log,
                 "DirectSourceFetch feature gate is enabled, sources will be fetched directly from the API "
                 "server bypassing the cache",
                 NULL);
    state.manager = m;
    state.proofs = proofs_open();
    state.tracker = tracker_open(manager_kube(m), &(struct tracker_options){
                                                      .owner_name = KG "/name",
                                                      .owner_namespace = KG "/namespace",
                                                      .changed = prove_moved,
                                                      .user = &state,
                                                      .log = cx->log,
                                                  });
    if (!state.no_remote_bases && clones_open(cx, &state.clones) < 0)
        return err_code(cx);
    return tree_cache_open(cx, state.http_retry, &state.trees);
}

static void halt(struct manager *m UNUSED)
{
    tracker_close(state.tracker);
}

static void teardown(struct manager *m UNUSED)
{
    targets_close(state.targets);
    proofs_close(state.proofs);
    tree_cache_close(state.trees);
}

static const struct controller *const controllers[] = { &kustomization_controller, NULL };
static const struct job *const jobs[] = { &build_job, &unpack_job, &clone_job, &cloud_job, NULL };
static const struct command *const commands[] = { &build_command, &diff_command, NULL };

static const struct program program = {
    .name = "kustomize-controller",
    .title = "Applies what sources hold to the cluster, and keeps it that way.",
    .controllers = controllers,
    .flags = flags,
    .flag_count = ARRAY_LEN(flags),
    .features = features,
    .jobs = jobs,
    .commands = commands,
    .setup = setup,
    .halt = halt,
    .teardown = teardown,
    .user = &state,
};

int main(int argc, char **argv)
{
    return manager_main(argc, argv, &program);
}
