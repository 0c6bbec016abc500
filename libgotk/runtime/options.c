/*
 * options.c: the shared flags, one row each, and what their values may be; the contract is in options.h.
 *
 * Targets of flag rows are addresses, so the table points into one static struct, which is copied out at the end: flags
 * are parsed once, in main.
 */
#include "libgotk/runtime/options.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"

static struct options values;

/* clang-format off */
static const struct flag shared[] = {
    { .name = "metrics-addr", .kind = FLAG_STRING, .target = &values.metrics_addr, .fallback = ":8080", .env = "METRICS_ADDR",
      .help = "The address the metric endpoint binds to; 0 for none." },
    { .name = "health-addr", .kind = FLAG_STRING, .target = &values.health_addr, .fallback = ":9440", .env = "HEALTH_ADDR",
      .help = "The address the health endpoint binds to; 0 for none." },
    { .name = "events-addr", .kind = FLAG_STRING, .target = &values.events_addr, .env = "EVENTS_ADDR",
      .help = "The address of the events receiver." },
    { .name = "concurrent", .kind = FLAG_INT, .target = &values.concurrent, .fallback = "4",
      .help = "The number of concurrent reconciles per controller." },
    { .name = "requeue-dependency", .kind = FLAG_DURATION, .target = &values.requeue_dependency_ns, .fallback = "30s",
      .help = "The interval at which failing dependencies are reevaluated." },
    { .name = "min-retry-delay", .kind = FLAG_DURATION, .target = &values.min_retry_delay_ns, .fallback = "750ms",
      .help = "The shortest time a failed object waits before it is tried again." },
    { .name = "max-retry-delay", .kind = FLAG_DURATION, .target = &values.max_retry_delay_ns, .fallback = "15m0s",
      .help = "The longest time a failed object waits before it is tried again." },
    { .name = "interval-jitter-percentage", .kind = FLAG_INT, .target = &values.interval_jitter_percentage, .fallback = "5",
      .help = "How much intervals vary: 10 means by up to 10 percent either way. From 0 to 99." },
    { .name = "kube-api-qps", .kind = FLAG_FLOAT, .target = &values.kube_api_qps, .fallback = "50",
      .help = "Accepted for compatibility: API servers limit requests by priority and fairness." },
    { .name = "kube-api-burst", .kind = FLAG_INT, .target = &values.kube_api_burst, .fallback = "300",
      .help = "Accepted for compatibility: API servers limit requests by priority and fairness." },
    { .name = "log-level", .kind = FLAG_STRING, .target = &values.log_level_name, .fallback = "info",
      .help = "Log verbosity level. Can be one of 'trace', 'debug', 'info', 'error'." },
    { .name = "log-encoding", .kind = FLAG_STRING, .target = &values.log_encoding_name, .fallback = "json",
      .help = "Log encoding format. Can be 'json' or 'console'." },
    { .name = "feature-gates", .kind = FLAG_LIST, .target = &values.feature_gates,
      .help = "A comma separated list of `Name=bool` pairs that switch features." },
    { .name = "enable-leader-election", .kind = FLAG_BOOL, .target = &values.leader_election, .fallback = "false",
      .help = "Only one process at a time, the one that holds the lease, reconciles." },
    { .name = "leader-election-release-on-cancel", .kind = FLAG_BOOL, .target = &values.leader_election_release, .fallback = "true",
      .help = "The leader gives its lease back when it ends." },
    { .name = "leader-election-lease-duration", .kind = FLAG_DURATION, .target = &values.lease_duration_ns, .fallback = "35s",
      .help = "How long others wait before they take over a lease that is not renewed." },
    { .name = "leader-election-renew-deadline", .kind = FLAG_DURATION, .target = &values.lease_renew_deadline_ns, .fallback = "30s",
      .help = "How long the leader tries to renew its lease before it gives up." },
    { .name = "leader-election-retry-period", .kind = FLAG_DURATION, .target = &values.lease_retry_period_ns, .fallback = "5s",
      .help = "The time between tries to take or renew the lease." },
    { .name = "watch-all-namespaces", .kind = FLAG_BOOL, .target = &values.watch_all_namespaces, .fallback = "true",
      .help = "Watch objects in all namespaces; if false, only in the namespace of this process." },
    { .name = "watch-label-selector", .kind = FLAG_STRING, .target = &values.watch_label_selector,
      .help = "Reconcile only objects with matching labels, e.g. 'sharding.fluxcd.io/key=shard1'." },
    { .name = "watch-configs-label-selector", .kind = FLAG_STRING, .target = &values.watch_configs_label_selector,
      .fallback = "reconcile.fluxcd.io/watch=Enabled", .help = "Watch ConfigMaps and Secrets with matching labels." },
    { .name = "default-service-account", .kind = FLAG_STRING, .target = &values.default_service_account,
      .help = "Default service account for workload identity and impersonation." },
    { .name = "token-cache-max-size", .kind = FLAG_INT, .target = &values.token_cache_max_size, .fallback = "100",
      .help = "The most tokens kept in the cache; 0 for none." },
    { .name = "token-cache-max-duration", .kind = FLAG_DURATION, .target = &values.token_cache_max_duration_ns, .fallback = "1h0m0s",
      .help = "The longest time a token is kept in the cache." },
    { .name = "sandbox", .kind = FLAG_STRING, .target = &values.sandbox, .fallback = "on",
      .help = "'on' runs untrusted work in confined child processes, 'off' inside this one, for a debugger." },
};
/* clang-format on */

/* One number that must lie within bounds. */
struct bound {
    const char *name;
    const int64_t *value;
    int64_t min;
    int64_t max;
};

static const struct bound bounds[] = {
    { "concurrent", &values.concurrent, 1, 1000 },
    { "interval-jitter-percentage", &values.interval_jitter_percentage, 0, 99 },
    { "token-cache-max-size", &values.token_cache_max_size, 0, INT64_MAX },
    { "min-retry-delay", &values.min_retry_delay_ns, 1, INT64_MAX },
    { "max-retry-delay", &values.max_retry_delay_ns, 1, INT64_MAX },
    { "requeue-dependency", &values.requeue_dependency_ns, 1, INT64_MAX },
};

static const struct flag *find_row(const struct flag *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i].name, name))
            return &rows[i];
    return NULL;
}

struct flag options_sandbox_flag(const char **target)
{
    struct flag row = *find_row(shared, ARRAY_LEN(shared), "sandbox");
    row.target = target;
    return row;
}

/* A row of the program; one without a target is a shared row with another default. */
static struct flag own_row(const struct flag *own)
{
    const struct flag *known = own->target ? NULL : find_row(shared, ARRAY_LEN(shared), own->name);
    struct flag row = known ? *known : *own;
    row.fallback = own->fallback;
    return row;
}

/* The program's rows and the shared ones it does not replace. */
static struct flag *all_rows(struct arena *a, const struct flag *own, size_t own_count, size_t *ret_count)
{
    struct flag *rows = ARENA_ARRAY(a, struct flag, own_count + ARRAY_LEN(shared));
    size_t n = 0;
    for (size_t i = 0; i < own_count; i++)
        rows[n++] = own_row(&own[i]);
    for (size_t i = 0; i < ARRAY_LEN(shared); i++)
        if (!find_row(own, own_count, shared[i].name))
            rows[n++] = shared[i];
    *ret_count = n;
    return rows;
}

static int check_bounds(struct ctx *cx)
{
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        const struct bound *b = &bounds[i];
        if (*b->value < b->min || *b->value > b->max)
            return err_fail(cx, ERR_INVALID, "--%s is out of range: it can be from %lld to %lld", b->name,
                            (long long)b->min, (long long)b->max);
    }
    if (!str_eq(values.sandbox, "on") && !str_eq(values.sandbox, "off"))
        return err_fail(cx, ERR_INVALID, "--sandbox is '%s': it can be 'on' or 'off'", values.sandbox);
    return 0;
}

static int check_values(struct ctx *cx)
{
    if (check_bounds(cx) < 0)
        return cx->err.code;
    if (log_parse_level(cx, values.log_level_name, &values.log_level) < 0)
        return err_wrap(cx, "--log-level");
    if (log_parse_encoding(cx, values.log_encoding_name, &values.log_encoding) < 0)
        return err_wrap(cx, "--log-encoding");
    return 0;
}

int options_parse(struct ctx *cx, const struct flag *own, size_t own_count, int argc, char *const *argv,
                  struct options *ret_options, const char **ret_help)
{
    size_t count;
    const char *const *words;
    const struct flag *rows = all_rows(cx->arena, own, own_count, &count);
    int rc = flags_parse(cx, rows, count, argc, argv, &words);
    if (rc == FLAGS_HELP)
        *ret_help = flags_help(cx->arena, rows, count);
    if (rc != 0)
        return rc;
    if (words[0])
        return err_fail(cx, ERR_INVALID, "unknown command or argument '%s'", words[0]);
    if (check_values(cx) < 0)
        return cx->err.code;
    *ret_options = values;
    return 0;
}
