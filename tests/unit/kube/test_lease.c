/* Leader election without an API server: times that make no sense, names, and the end of an outage. */
#include "libgotk/kube/lease.h"
#include "tests/unit/kube/script.h"

static void refuses_times_that_cannot_work(void **state)
{
    static const struct {
        struct lease_options o;
        const char *part;
    } rows[] = {
        { { .duration_ms = 10000, .renew_deadline_ms = 10000 }, "the lease duration must be greater" },
        { { .renew_deadline_ms = 6000, .retry_period_ms = 5000 }, "the retry period times 1.2" },
        { { .retry_period_ms = -1 }, "the retry period must be greater than zero" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct lease *l = NULL;
        struct lease_options o = rows[i].o;
        o.ns = "ns";
        o.name = "n";
        assert_int_equal(lease_start(cx, NULL, &o, &l), ERR_INVALID);
        assert_error(cx, ERR_INVALID, rows[i].part);
        assert_null(l);
    }
}

static void identities_differ(void **state)
{
    struct ctx *cx = unit_cx(state);
    char host[256] = { 0 };
    gethostname(host, sizeof(host) - 1);
    const char *one = lease_identity(cx->arena);
    const char *two = lease_identity(cx->arena);
    assert_true(str_starts(one, host));
    assert_int_equal(one[strlen(host)], '_');
    assert_int_equal(strlen(one), strlen(host) + 1 + 36);
    assert_string_not_equal(one, two);
}

struct witness {
    struct cancel acquired;
    struct cancel lost;
    atomic_int leaders;
    int64_t lost_ms;
};

static void see_acquired(void *user)
{
    cancel_fire(&((struct witness *)user)->acquired);
}

static void see_lost(void *user)
{
    struct witness *w = user;
    w->lost_ms = ctx_now_ms();
    cancel_fire(&w->lost);
}

static void see_leader(void *user, const char *identity)
{
    struct witness *w = user;
    atomic_fetch_add(&w->leaders, str_eq(identity, "me") ? 1 : 100);
}

static void wait_fired(struct cancel *c)
{
    for (int64_t i = 0; i < unit_slow(1000) && !atomic_load(&c->fired); i++)
        usleep(5000);
    assert_true(atomic_load(&c->fired));
}

#define LEASE "/apis/coordination.k8s.io/v1/namespaces/ns/leases"
#define LEASE_BODY                                                                                           \
    "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","                                         \
    "\"metadata\":{\"name\":\"n\",\"namespace\":\"ns\",\"resourceVersion\":\"1\"},"                          \
    "\"spec\":{\"holderIdentity\":\"me\",\"leaseDurationSeconds\":2,\"leaseTransitions\":0}}"
#define LEASE_ROW SCRIPT_RESOURCE("leases", "coordination.k8s.io", "v1", "Lease", "Namespaced")
#define LEASE_DISCOVERY                                                                                      \
    "{\"items\":[{\"metadata\":{\"name\":\"coordination.k8s.io\"},\"versions\":[{\"version\":\"v1\","        \
    "\"resources\":[" LEASE_ROW "]}]}]}"
#define NOT_FOUND "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"NotFound\",\"code\":404}"

static void an_outage_ends_leadership_at_the_renew_deadline(void **state)
{
    static const struct script_row rows[] = {
        { "GET /api ", 200, SCRIPT_AGGREGATED, SCRIPT_CORE, false, 0 },
        { "GET /apis ", 200, SCRIPT_AGGREGATED, LEASE_DISCOVERY, false, 0 },
        { "GET " LEASE "/n ", 404, SCRIPT_JSON, NOT_FOUND, false, 1 },
        { "POST " LEASE "?", 201, SCRIPT_JSON, LEASE_BODY, false, 1 },
        { "PUT " LEASE "/n?", 200, SCRIPT_JSON, LEASE_BODY, false, 2 },
        { "PUT ", 500, NULL, "down", false, 0 },
        { "GET " LEASE, 500, NULL, "down", false, 0 },
    };
    struct ctx *cx = unit_cx(state);
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *k = script_client(cx, s, (struct kube_config){ 0 });
    struct witness w = { 0 };
    struct lease *l = NULL;
    cancel_open(&w.acquired);
    cancel_open(&w.lost);
    struct lease_options o = { .ns = "ns",
                               .name = "n",
                               .identity = "me",
                               .duration_ms = unit_slow(2000),
                               .renew_deadline_ms = unit_slow(900),
                               .retry_period_ms = 100,
                               .on_acquired = see_acquired,
                               .on_lost = see_lost,
                               .on_leader = see_leader,
                               .user = &w };
    int64_t began = ctx_now_ms();
    assert_ok(cx, lease_start(cx, k, &o, &l));
    wait_fired(&w.acquired);
    assert_true(lease_is_leader(l));
    wait_fired(&w.lost);
    assert_false(lease_is_leader(l));
    assert_true(w.lost_ms - began >= 1100); /* two renewals, 100 ms each, then the deadline */
    assert_int_equal(atomic_load(&w.leaders), 1);
    lease_stop(l);
    assert_true(script_count(s, "PUT ") > 3);
    assert_requested(s, "POST ", 1);
    assert_requested(s, "\"holderIdentity\":\"\"", 0);
    cancel_close(&w.acquired);
    cancel_close(&w.lost);
    kube_close(k);
    script_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_times_that_cannot_work),
        UNIT_TEST(identities_differ),
        UNIT_TEST(an_outage_ends_leadership_at_the_renew_deadline),
    };
    return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
