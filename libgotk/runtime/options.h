/*
 * options.h: the flags all controllers share, in one table, and their values.
 *
 * Filled once in main, read-only afterwards. A program adds rows of its own (struct program); a row of its own with the name
 * of a shared one takes its place; without a target it only gives that one another default.
 */
#ifndef GOTK_RUNTIME_OPTIONS_H
#define GOTK_RUNTIME_OPTIONS_H

#include "libgotk/base/flags.h"
#include "libgotk/base/log.h"

struct options {
    const char *metrics_addr;
    const char *health_addr;
    const char *events_addr;
    int64_t concurrent;
    int64_t requeue_dependency_ns;
    int64_t min_retry_delay_ns;
    int64_t max_retry_delay_ns;
    int64_t interval_jitter_percentage;
    double kube_api_qps; /* accepted for compatibility: API servers queue fairly by themselves */
    int64_t kube_api_burst;
    const char *log_level_name;
    const char *log_encoding_name;
    struct str_list feature_gates;
    bool leader_election;
    bool leader_election_release;
    int64_t lease_duration_ns;
    int64_t lease_renew_deadline_ns;
    int64_t lease_retry_period_ns;
    bool watch_all_namespaces;
    const char *watch_label_selector;
    const char *watch_configs_label_selector;
    const char *default_service_account;
    int64_t token_cache_max_size;
    int64_t token_cache_max_duration_ns;
    const char *sandbox; /* "on" or "off" */

    enum log_level log_level; /* the names above, parsed */
    enum log_encoding log_encoding;
};

/* Reads the command line by the shared rows and the program's `own`. Returns 0, FLAGS_HELP (the text is then in
 * *ret_help), or ERR_INVALID for a word that is no flag, an unknown flag or a value out of range. */
int options_parse(struct ctx *cx, const struct flag *own, size_t own_count, int argc, char *const *argv,
                  struct options *ret_options, const char **ret_help) MUST_CHECK;

/* The row of --sandbox, for sub-commands: target is a const char *. */
struct flag options_sandbox_flag(const char **target);

#endif
