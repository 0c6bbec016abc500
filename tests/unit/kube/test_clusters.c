/* Clients of other clusters: shared, bounded, and quick to give up on those that are gone; derived clients; account tokens. */
#include "libgotk/base/gotime.h"
#include "libgotk/kube/accounttoken.h"
#include "libgotk/kube/clusters.h"
#include "libgotk/kube/wire.h"
#include "tests/unit/kube/script.h"

#define VERSION                                                                                              \
    {                                                                                                        \
        "GET /version ", 200, SCRIPT_JSON, "{}", false, 0                                                    \
    }

/* A context of its own, as each reconcile has. */
static struct ctx fresh(struct ctx *cx)
{
    return (struct ctx){ .arena = arena_new((size_t)1 << 24), .http = cx->http };
}

static struct cluster *acquire(struct ctx *cx, struct clusters *c, struct script *s, const char *token)
{
    struct cluster *cluster = NULL;
    struct kube_config config = { .server = str_fmt(cx->arena, "http://127.0.0.1:%d", s->port),
                                  .token = token };
    assert_ok(cx, clusters_acquire(cx, c, &config, &cluster));
    return cluster;
}

static void equal_configurations_share_a_client(void **state)
{
    static const struct script_row rows[] = { VERSION };
    struct ctx *cx = unit_cx(state), one = fresh(cx), two = fresh(cx);
    struct script *s = script_start(rows, 1);
    struct kube *own = script_client(cx, s, (struct kube_config){ 0 });
    struct clusters *c = clusters_open(own, 1);
    struct cluster *a = acquire(&one, c, s, "a");
    assert_ptr_equal(acquire(&two, c, s, "a"), a);
    assert_ptr_not_equal(acquire(&two, c, s, "b"), a);
    struct kube *kube = clusters_kube(a);
    arena_free(one.arena);
    arena_free(two.arena);
    /* one of the two unused ones was closed: that used longest ago */
    struct ctx three = fresh(cx);
    acquire(&three, c, s, "b");
    assert_ptr_not_equal(clusters_kube(acquire(&three, c, s, "c")), kube);
    arena_free(three.arena);
    clusters_close(c);
    kube_close(own);
    script_stop(s);
}

static void a_cluster_that_answers_is_asked_once(void **state)
{
    static const struct script_row rows[] = { { "GET /version ", 401, NULL, "", false, 0 } };
    struct ctx *cx = unit_cx(state), one = fresh(cx);
    struct script *s = script_start(rows, 1);
    struct kube *own = script_client(cx, s, (struct kube_config){ 0 });
    struct clusters *c = clusters_open(own, 1);
    struct cluster *a = acquire(&one, c, s, "a");
    assert_int_equal(clusters_reach(&one, a), 0);
    assert_int_equal(clusters_reach(&one, a), 0);
    assert_requested(s, "GET /version", 1);
    assert_requested(s, "Authorization: Bearer a\r\n", 1);
    arena_free(one.arena);
    clusters_close(c);
    kube_close(own);
    script_stop(s);
}

static void a_dead_cluster_is_not_asked_again_at_once(void **state)
{
    struct ctx *cx = unit_cx(state), one = fresh(cx);
    static const struct script_row rows[] = { { "GET /version ", 0, NULL, "", false, 0 } };
    struct script *s = script_start(rows, 1);
    struct kube *own = script_client(cx, s, (struct kube_config){ 0 });
    struct clusters *c = clusters_open(own, 1);
    struct cluster *a = acquire(&one, c, s, "a");
    assert_int_equal(clusters_reach(&one, a), ERR_UNAVAILABLE);
    assert_error(&one, ERR_UNAVAILABLE, "does not answer: Get \"http://127.0.0.1");
    int before = script_count(s, "GET /version");
    assert_int_equal(clusters_reach(&one, a), ERR_UNAVAILABLE);
    assert_error(&one, ERR_UNAVAILABLE, " (asked 0 s ago)");
    assert_requested(s, "GET /version", before);
    arena_free(one.arena);
    clusters_close(c);
    kube_close(own);
    script_stop(s);
}

/* A batch to a cluster that went away ends with its first requests. */
static void a_batch_to_a_dead_cluster_is_given_up(void **state)
{
    static const struct script_row rows[] = { SCRIPT_DISCOVERY, { "PATCH", 0, NULL, "", false, 0 } };
    struct ctx *cx = unit_cx(state), one = fresh(cx);
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *own = script_client(cx, s, (struct kube_config){ 0 });
    struct clusters *c = clusters_open(own, 1);
    struct kube *k = clusters_kube(acquire(&one, c, s, "a"));
    struct kube_call calls[300]; /* several slices */
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        calls[i] = (struct kube_call){ .verb = KUBE_PATCH,
                                       .ref = { "v1", "ConfigMap", "ns", "x" },
                                       .body = doc_object(one.arena) };
    assert_ok(&one, kube_do_all(&one, k, calls, ARRAY_LEN(calls), 2));
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_int_equal(calls[i].code, ERR_UNAVAILABLE);
    assert_requested(s, "PATCH ", 2);
    arena_free(one.arena);
    clusters_close(c);
    kube_close(own);
    script_stop(s);
}

static int find_bearer(struct ctx *cx, void *source, const char **ret_token)
{
    int *calls = source;
    *ret_token = str_fmt(cx->arena, "made-%d", ++*calls);
    return 0;
}

static void derived_clients_share_all_but_who_they_are(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY, { "GET /api/v1/namespaces/ns/configmaps/x ", 200, SCRIPT_JSON, "{}", false, 0 }
    };
    struct ctx *cx = unit_cx(state);
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *own =
        script_client(cx, s, (struct kube_config){ .token = "own", .impersonate_user = "root" });
    int calls = 0;
    struct kube_ref ref = { "v1", "ConfigMap", "ns", "x" };
    const struct kube_identity jane = { .user = "jane" };
    const struct kube_identity made = { .user = "joe", .bearer = find_bearer, .source = &calls };
    struct doc *d;
    assert_ok(cx, kube_get(cx, own, &ref, &d));
    assert_ok(cx, kube_get(cx, kube_derive(cx->arena, own, &jane), &ref, &d));
    assert_ok(cx, kube_get(cx, kube_derive(cx->arena, own, &made), &ref, &d));
    assert_requested(s, "GET /api ", 1); /* kinds are known to all */
    assert_requested(s, "Impersonate-User: root\r\n", 3);
    assert_requested(s, "Impersonate-User: jane\r\n", 1);
    assert_requested(s, "Impersonate-User: joe\r\n", 1);
    assert_requested(s, "Authorization: Bearer made-1\r\n", 1);
    assert_requested(s, "Authorization: Bearer own\r\n", 4);
    kube_close(own);
    script_stop(s);
}

/* Who may not ask for kinds gets no answer, which says nothing about others. */
static void a_refused_discovery_is_ones_own(void **state)
{
    static const struct script_row rows[] = {
        { "GET /api ", 403, SCRIPT_JSON, "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\"}", false,
          1 },
        SCRIPT_DISCOVERY,
        { "GET /api/v1/namespaces/ns/configmaps/x ", 200, SCRIPT_JSON, "{}", false, 0 },
    };
    struct ctx *cx = unit_cx(state);
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *own = script_client(cx, s, (struct kube_config){ 0 });
    struct kube_ref ref = { "v1", "ConfigMap", "ns", "x" };
    struct doc *d;
    const struct kube_identity jane = { .user = "jane" };
    assert_int_equal(kube_get(cx, kube_derive(cx->arena, own, &jane), &ref, &d), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "");
    assert_ok(cx, kube_get(cx, own, &ref, &d));
    kube_close(own);
    script_stop(s);
}

#define TOKENS "POST /api/v1/namespaces/ns/serviceaccounts/deployer/token?fieldValidation=Ignore "
#define CORE                                                                                                 \
    "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{},\"versions\":[{\"version\":\"v1\","     \
    "\"resources\":[" SCRIPT_RESOURCE("serviceaccounts", "", "v1", "ServiceAccount", "Namespaced") "]}]}]}"

static void a_token_is_made_for_its_audience(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char one[] =
        "{\"status\":{\"token\":\"one\",\"expirationTimestamp\":\"2030-01-01T00:00:00Z\"}}";
    const struct script_row rows[] = {
        { "GET /api ", 200, SCRIPT_AGGREGATED, CORE, false, 0 },
        { "GET /apis ", 200, SCRIPT_AGGREGATED, SCRIPT_APIS, false, 0 },
        { TOKENS, 201, SCRIPT_JSON, one, false, 1 },
        { TOKENS, 201, SCRIPT_JSON, "{\"status\":{}}", false, 0 },
    };
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *k = script_client(cx, s, (struct kube_config){ 0 });
    const char *const audiences[] = { "a" }, *token;
    const struct account_token which = { "ns", "deployer", audiences, 1 };
    int64_t expires_at;
    assert_ok(cx, account_token_make(cx, k, &which, &token, &expires_at));
    assert_string_equal(token, "one");
    assert_int_equal(expires_at, 1893456000);
    assert_requested(s, "\"audiences\":[\"a\"]", 1);
    assert_int_equal(account_token_make(cx, k, &which, &token, &expires_at), ERR_UNAVAILABLE);
    assert_error(cx, ERR_UNAVAILABLE, "the API server's answer holds no token");
    kube_close(k);
    script_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(equal_configurations_share_a_client),
        UNIT_TEST(a_cluster_that_answers_is_asked_once),
        UNIT_TEST(a_dead_cluster_is_not_asked_again_at_once),
        UNIT_TEST(a_batch_to_a_dead_cluster_is_given_up),
        UNIT_TEST(derived_clients_share_all_but_who_they_are),
        UNIT_TEST(a_refused_discovery_is_ones_own),
        UNIT_TEST(a_token_is_made_for_its_audience),
    };
    return cmocka_run_group_tests_name("clusters", tests, NULL, NULL);
}
