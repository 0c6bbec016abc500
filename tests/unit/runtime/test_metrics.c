/*
 * test_metrics.c: the Prometheus text, and series that come and go.
 */
#include "libgotk/base/str.h"
#include "libgotk/runtime/metrics.h"
#include "tests/unit/lib/unit.h"

#include <pthread.h>
#include <string.h>

static const char *print(struct ctx *cx, struct metrics *m)
{
    struct buf out = buf_new(cx->arena, 1 << 20);
    metrics_print(m, &out);
    return buf_text(&out);
}

#define assert_has(text, part)                                                                               \
    do {                                                                                                     \
        if (!strstr((text), (part)))                                                                         \
            fail_msg("no '%s' in:\n%s", (part), (text));                                                     \
    } while (0)

static void counters_and_gauges_are_printed(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct metrics *m = metrics_open();
    metrics_add(m, METRIC_RECONCILE_TOTAL, METRIC_LABELS("kustomization", "success"), 1);
    metrics_add(m, METRIC_RECONCILE_TOTAL, METRIC_LABELS("kustomization", "success"), 2);
    metrics_add(m, METRIC_RECONCILE_TOTAL, METRIC_LABELS("kustomization", "error"), 1);
    metrics_set(m, METRIC_LEADER, METRIC_LABELS("a \"b\" \\ \n c"), 1);
    const char *text = print(cx, m);
    assert_has(text,
               "# TYPE controller_runtime_reconcile_total counter\n"
               "controller_runtime_reconcile_total{controller=\"kustomization\",result=\"error\"} 1\n"
               "controller_runtime_reconcile_total{controller=\"kustomization\",result=\"success\"} 3\n");
    assert_has(text, "leader_election_master_status{name=\"a \\\"b\\\" \\\\ \\n c\"} 1\n");
    assert_null(strstr(text, "workqueue_depth"));
    assert_true(metrics_value(m, METRIC_RECONCILE_TOTAL, METRIC_LABELS("kustomization", "success")) == 3);
    metrics_close(m);
}

static void histograms_are_cumulative(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct metrics *m = metrics_open();
    const char *const *labels = METRIC_LABELS("Kustomization", "app", "team");
    metrics_observe(m, METRIC_RECONCILE_DURATION, labels, 0.02);
    metrics_observe(m, METRIC_RECONCILE_DURATION, labels, 0.5);
    metrics_observe(m, METRIC_RECONCILE_DURATION, labels, 5000);
    const char *text = print(cx, m);
#define SERIES(suffix)                                                                                       \
    "gotk_reconcile_duration_seconds" suffix "{kind=\"Kustomization\",name=\"app\",namespace=\"team\""
    assert_has(text, SERIES("_bucket") ",le=\"0.01\"} 0\n");
    assert_has(text, SERIES("_bucket") ",le=\"0.038363583488692544\"} 1\n");
    assert_has(text, SERIES("_bucket") ",le=\"0.5646216173286169\"} 2\n");
    assert_has(text, SERIES("_bucket") ",le=\"1799.9999999999982\"} 2\n");
    assert_has(text, SERIES("_bucket") ",le=\"+Inf\"} 3\n");
    assert_has(text, SERIES("_sum") "} 5000.52\n");
    assert_has(text, SERIES("_count") "} 3\n");
    metrics_forget(m, METRIC_RECONCILE_DURATION, labels);
    assert_null(strstr(print(cx, m), "gotk_reconcile_duration_seconds"));
    metrics_close(m);
}

static void numbers_read_as_go_writes_them(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0, " 0\n" },
        { 1, " 1\n" },
        { -2.5, " -2.5\n" },
        { 0.1, " 0.1\n" },
        { 123456, " 123456\n" },
        { 1e6, " 1e+06\n" },
        { 123456789, " 1.23456789e+08\n" },
        { 1e-8, " 1e-08\n" },
        { 0.00025, " 0.00025\n" },
    };
    struct ctx *cx = unit_cx(state);
    struct metrics *m = metrics_open();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        metrics_set(m, METRIC_LOOP_LAG, METRIC_PLAIN, rows[i].value);
        assert_has(print(cx, m), str_fmt(cx->arena, "\ngotk_loop_lag_seconds%s", rows[i].text));
    }
    metrics_close(m);
}

static void the_process_is_described(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct metrics *m = metrics_open();
    const char *text = print(cx, m);
    assert_has(text, "# TYPE process_cpu_seconds_total counter\n");
    assert_true(metrics_value(m, METRIC_PROCESS_RESIDENT, METRIC_PLAIN) > 1 << 20);
    assert_true(metrics_value(m, METRIC_PROCESS_START, METRIC_PLAIN) > 1.6e9);
    assert_true(metrics_value(m, METRIC_PROCESS_FDS, METRIC_PLAIN) >= 3);
    metrics_close(m);
}

static void *add_many(void *arg)
{
    for (int i = 0; i < 10000; i++)
        metrics_add(arg, METRIC_REST_REQUESTS, METRIC_LABELS("200", "host", i % 2 ? "GET" : "PUT"), 1);
    return NULL;
}

static void collect(struct metrics *m, void *user)
{
    metrics_set(m, METRIC_PARKED, METRIC_LABELS("x"), *(double *)user);
}

static void threads_may_share_it(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct metrics *m = metrics_open();
    double parked = 7;
    pthread_t threads[4];
    metrics_collector(m, collect, &parked);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, m), 0);
    assert_has(print(cx, m), "gotk_parked_reconciles{controller=\"x\"} 7\n");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    assert_true(metrics_value(m, METRIC_REST_REQUESTS, METRIC_LABELS("200", "host", "GET")) == 20000);
    metrics_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(counters_and_gauges_are_printed),
        UNIT_TEST(histograms_are_cumulative),
        UNIT_TEST(numbers_read_as_go_writes_them),
        UNIT_TEST(the_process_is_described),
        UNIT_TEST(threads_may_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
