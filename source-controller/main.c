/*
 * main.c: source-controller as data: its flags, gates, jobs, sub-commands and its controllers.
 *
 * Flags of kinds that are not here yet are accepted, so that the arguments of a Flux installation keep working.
 */
#include "libgotk/base/str.h"
#include "libgotk/cloud/cloud.h"
#include "source-controller/githubapp.h"
#include "source-controller/serve.h"
#include "source-controller/source.h"

#define STOP_GRACE_MS 5000

static struct state state;

static const struct flag flags[] = {
    { .name = "concurrent", .fallback = "2" },
    { .name = "storage-path",
      .kind = FLAG_STRING,
      .target = &state.storage_path,
      .fallback = "/data",
      .env = "STORAGE_PATH",
      .help = "The folder artifacts are stored in." },
    { .name = "storage-addr",
      .kind = FLAG_STRING,
      .target = &state.storage_addr,
      .fallback = ":9090",
      .env = "STORAGE_ADDRESS",
      .help = "The address the artifact server listens on." },
    { .name = "storage-adv-addr",
      .kind = FLAG_STRING,
      .target = &state.storage_adv_addr,
      .env = "STORAGE_ADV_ADDR",
      .help = "The address other pods reach the artifact server by." },
    { .name = "artifact-retention-ttl",
      .kind = FLAG_DURATION,
      .target = &state.retention_ttl_ns,
      .fallback = "1m",
      .help = "How long artifacts are kept that a newer one has replaced." },
    { .name = "artifact-retention-records",
      .kind = FLAG_INT,
      .target = &state.retention_records,
      .fallback = "2",
      .help = "How many artifacts of one object are kept at most." },
    { .name = "artifact-digest-algo",
      .kind = FLAG_STRING,
      .target = &state.digest_algo,
      .fallback = "sha256",
      .help = "The digest of artifacts: sha256, sha384, sha512, sha1 or blake3." },
    { .name = "git-cache-max-size",
      .kind = FLAG_INT,
      .target = &state.git_cache_max_size,
      .fallback = "536870912",
      .help =
          "How many `bytes` of Git objects are kept beside the artifacts, for all GitRepositories together, so that a "
          "new commit moves only what changed; beyond, those used longest ago go. 0 keeps none." },
    { .name = "ssh-kex-algos",
      .kind = FLAG_LIST,
      .target = &state.ssh_kex_algos,
      .help = "Key exchange algorithms for SSH, most preferred first." },
    { .name = "ssh-hostkey-algos",
      .kind = FLAG_LIST,
      .target = &state.ssh_hostkey_algos,
      .help = "Host key algorithms for SSH, most preferred first." },
    { .name = "helm-index-max-size",
      .kind = FLAG_INT,
      .target = &state.helm_index_max_size,
      .fallback = "52428800",
      .help = "The largest index of a Helm repository, in bytes." },
    { .name = "helm-chart-max-size",
      .kind = FLAG_INT,
      .target = &state.helm_chart_max_size,
      .fallback = "10485760",
      .help = "The largest chart archive, in bytes." },
    { .name = "helm-chart-file-max-size",
      .kind = FLAG_INT,
      .target = &state.helm_chart_file_max_size,
      .fallback = "5242880",
      .help = "The largest file in a chart, in bytes." },
    { .name = "helm-cache-max-size",
      .kind = FLAG_INT,
      .target = &state.helm_cache_max_size,
      .fallback = "0",
      .help = "How many indexes of Helm repositories are kept in memory." },
    { .name = "helm-cache-ttl",
      .kind = FLAG_STRING,
      .target = &state.helm_cache_ttl,
      .fallback = "15m",
      .help = "How long an index is kept in memory." },
    { .name = "helm-cache-purge-interval",
      .kind = FLAG_STRING,
      .target = &state.helm_cache_purge_interval,
      .fallback = "1m",
      .help = "How often expired indexes are looked for." },
};

static const struct feature features[] = {
    { "CacheSecretsAndConfigMaps", false,
      "Accepted for compatibility: Secrets and ConfigMaps are read live." },
    { "ObjectLevelWorkloadIdentity", false, "Use the service account of an object towards cloud providers." },
    { NULL, false, NULL },
};

static int setup(struct ctx *cx, struct manager *m)
{
    const struct options *options = manager_options(m);
    if (!str_empty(options->default_service_account) && !manager_feature(m, "ObjectLevelWorkloadIdentity"))
        return err_fail(cx, ERR_INVALID,
                        "--default-service-account needs the feature gate ObjectLevelWorkloadIdentity");
    state.storage = (struct storage){
        .root = state.storage_path,
        .root_fd = -1,
        .host = storage_host(cx->arena, state.storage_adv_addr, state.storage_addr),
        .algorithm = state.digest_algo,
        .retention = { state.retention_ttl_ns, state.retention_records },
    };
    state.cache_limit = cachelimit_open(state.storage_path, STORAGE_CACHE_NAME, state.git_cache_max_size);
    return storage_open(cx, &state.storage);
}

static int lead(struct ctx *cx, struct manager *m UNUSED)
{
    if (serve_start(cx, state.storage_addr, &state.storage, &state.server) < 0)
        return err_wrap(cx, "--storage-addr");
    return 0;
}

static void teardown(struct manager *m UNUSED)
{
    server_stop(state.server, STOP_GRACE_MS);
    storage_close(&state.storage);
    cachelimit_close(state.cache_limit);
}

static const struct controller *const controllers[] = { &gitrepository_controller, NULL };
static const struct job *const jobs[] = { &gitfetch_job, &githubapp_job, &cloud_job, NULL };
static const struct command *const commands[] = { &fetch_command, NULL };

static const struct program program = {
    .name = "source-controller",
    .title = "Turns what sources hold into artifacts that other controllers apply.",
    .controllers = controllers,
    .flags = flags,
    .flag_count = ARRAY_LEN(flags),
    .features = features,
    .jobs = jobs,
    .commands = commands,
    .setup = setup,
    .lead = lead,
    .teardown = teardown,
    .user = &state,
};

int main(int argc, char **argv)
{
    return manager_main(argc, argv, &program);
}
