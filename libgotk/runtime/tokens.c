/*
 * tokens.c: look-ups of tokens, counted; see tokens.h.
 */
#include "libgotk/runtime/tokens.h"

static void count_event(struct metrics *m, const struct token_user *who, const char *type)
{
    metrics_add(m, METRIC_TOKEN_CACHE_EVENTS,
                METRIC_LABELS(type, who->kind, who->name, who->ns, who->operation), 1);
}

static void count(void *user, const struct tokencache_outcome *outcome)
{
    struct metrics *m = user;
    count_event(m, outcome->who, outcome->hit ? "cache_hit" : "cache_miss");
    metrics_add(m, METRIC_TOKEN_CACHE_REQUESTS, METRIC_LABELS(outcome->failed ? "failure" : "success"), 1);
    metrics_add(m, METRIC_TOKEN_CACHE_EVICTIONS, METRIC_PLAIN, (double)outcome->evicted);
    metrics_set(m, METRIC_TOKEN_CACHE_ITEMS, METRIC_PLAIN, (double)outcome->kept);
}

struct tokencache *tokens_open(const struct options *options, struct metrics *m)
{
    if (options->token_cache_max_size > 0) {
        metrics_set(m, METRIC_TOKEN_CACHE_ITEMS, METRIC_PLAIN, 0);
        metrics_add(m, METRIC_TOKEN_CACHE_EVICTIONS, METRIC_PLAIN, 0);
    }
    return tokencache_open(options->token_cache_max_size, options->token_cache_max_duration_ns,
                           &(struct tokencache_observer){ count, m });
}

void tokens_forget(struct metrics *m, const struct token_user *who)
{
    static const char *const types[] = { "cache_hit", "cache_miss" };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        metrics_forget(m, METRIC_TOKEN_CACHE_EVENTS,
                       METRIC_LABELS(types[i], who->kind, who->name, who->ns, who->operation));
}
