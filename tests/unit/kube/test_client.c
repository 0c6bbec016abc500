/* The client against a scripted server: paths, retries, credentials, discovery in both forms, refreshes. */
#include "libgotk/doc/json.h"
#include "libgotk/kube/rest.h"
#include "tests/unit/kube/script.h"

#define START(rows)                                                                                          \
    struct ctx *cx = unit_cx(state);                                                                         \
    struct script *s = script_start((rows), ARRAY_LEN(rows));                                                \
    struct kube *k = script_client(cx, s, (struct kube_config){ 0 })

#define STOP()                                                                                               \
    do {                                                                                                     \
        kube_close(k);                                                                                       \
        script_stop(s);                                                                                      \
    } while (0)

static const struct kube_ref map_ref = { "v1", "ConfigMap", "ns", "one" };
#define CM_PATH "/api/v1/namespaces/ns/configmaps/one"
#define CM_BODY "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"one\"}}"

static struct doc *parse(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, text, strlen(text), "test", &d));
    return d;
}

static void verbs_become_requests(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH " ", 200, SCRIPT_JSON, CM_BODY, false, 0 },
        { "POST /api/v1/namespaces/ns/configmaps?fieldValidation=Ignore ", 201, SCRIPT_JSON, CM_BODY, false,
          0 },
        { "PUT " CM_PATH "?fieldValidation=Ignore ", 200, SCRIPT_JSON, CM_BODY, false, 0 },
        { "PATCH " CM_PATH "?dryRun=All&fieldManager=me%20too&fieldValidation=Ignore&force=true ", 200,
          SCRIPT_JSON, CM_BODY, false, 0 },
        { "PATCH /apis/apps/v1/namespaces/ns/deployments/d/status?fieldValidation=Ignore ", 200, SCRIPT_JSON,
          CM_BODY, false, 0 },
        { "DELETE /api/v1/namespaces/n ", 200, SCRIPT_JSON, "{}", false, 0 },
    };
    START(rows);
    struct doc *object =
        parse(cx, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"one\","
                  "\"namespace\":\"ns\"},\"data\":{\"big\":9007199254740993}}");
    struct doc *got = NULL;
    struct kube_patch_options apply = { .field_manager = "me too", .force = true, .dry_run = true };
    struct kube_patch_options status = { .subresource = "status" };
    assert_ok(cx, kube_get(cx, k, &map_ref, &got));
    assert_string_equal(doc_text_at(got, "metadata", "name"), "one");
    assert_ok(cx, kube_create(cx, k, object, NULL));
    assert_ok(cx, kube_update(cx, k, object, NULL));
    assert_ok(cx, kube_patch(cx, k, &map_ref, KUBE_PATCH_APPLY, object, &apply, &got));
    assert_ok(cx, kube_patch(cx, k, &(struct kube_ref){ "apps/v1", "Deployment", "ns", "d" },
                             KUBE_PATCH_MERGE, object, &status, NULL));
    assert_ok(cx, kube_delete(cx, k, &(struct kube_ref){ "v1", "Namespace", "ignored", "n" }, "Background",
                              "uid-1"));
    assert_requested(s, "GET /api ", 1);
    assert_requested(s, "User-Agent: test-controller/v1", 8);
    assert_requested(s, "Content-Type: application/apply-patch+yaml", 1);
    assert_requested(s, "Content-Type: application/merge-patch+json", 1);
    assert_requested(s, "\"big\":9007199254740993", 4);
    assert_requested(s, "\"propagationPolicy\":\"Background\",\"preconditions\":{\"uid\":\"uid-1\"}", 1);
    STOP();
}

static void bad_references_are_not_sent(void **state)
{
    static const struct script_row rows[] = { SCRIPT_DISCOVERY };
    static const struct {
        struct kube_ref ref;
        const char *part;
    } bad[] = {
        { { "v1", "ConfigMap", "ns", "" }, "resource name may not be empty" },
        { { "v1", "ConfigMap", "ns", NULL }, "resource name may not be empty" },
        { { "v1", "ConfigMap", "ns", ".." }, "invalid resource name" },
        { { "v1", "ConfigMap", "a/b", "x" }, "invalid namespace" },
        { { "v1", NULL, "ns", "x" }, "has no kind" },
        { { NULL, "ConfigMap", "ns", "x" }, "has no apiVersion" },
    };
    START(rows);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(kube_delete(cx, k, &bad[i].ref, NULL, NULL) < 0);
        assert_error(cx, ERR_INVALID, bad[i].part);
    }
    assert_requested(s, "DELETE", 0);
    STOP();
}

static void waits_out_retry_after(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "PATCH " CM_PATH, 429, "Retry-After: 1\r\n", "busy", false, 1 },
        { "PATCH " CM_PATH, 200, SCRIPT_JSON, CM_BODY, false, 0 },
    };
    START(rows);
    int64_t began = ctx_now_ms();
    assert_ok(cx, kube_patch(cx, k, &map_ref, KUBE_PATCH_MERGE, doc_object(cx->arena), NULL, NULL));
    assert_in_range(ctx_now_ms() - began, 990, unit_slow(3000));
    assert_requested(s, "PATCH", 2);
    STOP();
}

static void a_wait_past_the_deadline_ends_with_the_answer(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH, 503, "Retry-After: 60\r\n", "", false, 0 },
    };
    START(rows);
    cx->deadline_ms = ctx_now_ms() + 5000;
    assert_true(kube_get(cx, k, &map_ref, &(struct doc *){ NULL }) < 0);
    assert_int_equal(cx->err.retry_after_ms, 60000);
    assert_error(cx, ERR_UNAVAILABLE,
                 "the server is currently unable to handle the request (get configmaps one)");
    assert_requested(s, "GET " CM_PATH, 1);
    STOP();
}

static void errors_without_retry_after_are_final(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH, 500, NULL, "boom", false, 1 },
        { "GET " CM_PATH, 200, SCRIPT_JSON, CM_BODY, false, 0 },
    };
    START(rows);
    assert_true(kube_get(cx, k, &map_ref, &(struct doc *){ NULL }) < 0);
    assert_error(cx, ERR_UNAVAILABLE, "an error on the server (");
    STOP();
}

static void broken_connections_repeat_reads_only(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH, 0, NULL, NULL, false, 1 },
        { "GET " CM_PATH, 200, SCRIPT_JSON, CM_BODY, false, 0 },
        { "POST ", 0, NULL, NULL, false, 0 },
    };
    START(rows);
    struct doc *got = NULL;
    struct doc *object =
        parse(cx, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"namespace\":\"ns\"}}");
    assert_ok(cx, kube_get(cx, k, &map_ref, &got));
    assert_requested(s, "GET " CM_PATH, 2);
    assert_true(kube_create(cx, k, object, NULL) < 0);
    assert_error(cx, ERR_UNAVAILABLE, "EOF");
    STOP();
}

static void a_batch_fails_one_by_one(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH " ", 200, SCRIPT_JSON, CM_BODY, false, 0 },
        { "GET /api/v1/namespaces/ns/configmaps/two ", 409, SCRIPT_JSON,
          "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"conflicts\",\"reason\":\"Conflict\",\"code\":409,"
          "\"details\":{\"causes\":[{\"reason\":\"FieldManagerConflict\"}]}}",
          false, 0 },
    };
    START(rows);
    struct kube_call calls[4] = {
        { .verb = KUBE_GET, .ref = map_ref },
        { .verb = KUBE_GET, .ref = { "v1", "ConfigMap", "ns", "two" } },
        { .verb = KUBE_GET, .ref = { "v1", "Nonsense", "ns", "x" } },
        { .verb = KUBE_GET, .ref = map_ref, .metadata_only = true },
    };
    assert_ok(cx, kube_do_all(cx, k, calls, 4, 4));
    assert_int_equal(calls[0].code, 0);
    assert_non_null(calls[0].result);
    assert_int_equal(calls[1].code, ERR_CONFLICT);
    assert_true(kube_has_cause(calls[1].status, "FieldManagerConflict"));
    assert_false(kube_has_cause(calls[1].status, "Other"));
    assert_int_equal(calls[2].code, ERR_NOT_FOUND);
    assert_string_equal(calls[2].err.message, "no matches for kind \"Nonsense\" in version \"v1\"");
    assert_string_equal(calls[2].err.reason, "NoKindMatch");
    assert_int_equal(kube_call_fail(cx, &calls[1]), ERR_CONFLICT);
    assert_error(cx, ERR_CONFLICT, "conflicts");
    assert_requested(s, "as=PartialObjectMetadata;", 1);
    STOP();
}

/* So many that they are sent in slices: each call still has its own outcome, with strings that last. */
static void a_long_batch_fails_one_by_one(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH " ", 200, SCRIPT_JSON, CM_BODY, false, 0 },
        { "GET /api/v1/namespaces/ns/configmaps/two ", 403, SCRIPT_JSON,
          "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"no\",\"reason\":\"Forbidden\",\"code\":403}",
          false, 0 },
    };
    static const struct kube_ref refs[] = { { "v1", "ConfigMap", "ns", "one" },
                                            { "v1", "ConfigMap", "ns", "two" },
                                            { "v1", "ConfigMap", "ns", ".." } };
    static const int codes[] = { 0, ERR_DENIED, ERR_INVALID };
    static const char *const messages[] = { "", "no", "invalid resource name" };
    START(rows);
    struct kube_call calls[150];
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        calls[i] = (struct kube_call){ .verb = KUBE_GET, .ref = refs[i % 3] };
    assert_ok(cx, kube_do_all(cx, k, calls, ARRAY_LEN(calls), 8));
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        assert_int_equal(calls[i].code, codes[i % 3]);
        assert_int_equal(calls[i].result != NULL, i % 3 == 0);
        if (i % 3 == 0)
            assert_string_equal(doc_text_at(calls[i].result, "metadata", "name"), "one");
        else
            assert_true(str_starts(calls[i].err.message, messages[i % 3]));
    }
    assert_requested(s, "GET " CM_PATH " ", 50);
    STOP();
}

static void cancelling_ends_a_batch(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH, 429, "Retry-After: 30\r\n", "busy", false, 0 },
    };
    START(rows);
    struct cancel cancel;
    cancel_open(&cancel);
    cx->cancel = &cancel;
    struct kube_call calls[150];
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        calls[i] = (struct kube_call){ .verb = KUBE_GET, .ref = map_ref };
    assert_ok(cx, kube_map(cx, k, "v1", "ConfigMap", &(struct kube_mapping){ 0 }));
    cancel_fire(&cancel);
    assert_int_equal(kube_do_all(cx, k, calls, ARRAY_LEN(calls), 2), ERR_CANCELED);
    assert_error(cx, ERR_CANCELED, "");
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_int_equal(calls[i].code, ERR_CANCELED);
    cx->cancel = NULL;
    cancel_close(&cancel);
    STOP();
}

static void lists_come_in_pages(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET /api/v1/configmaps?labelSelector=a%3Db&limit=500 ", 200, SCRIPT_JSON,
          "{\"metadata\":{\"continue\":\"t/1\"},\"items\":[{\"metadata\":{\"name\":\"one\"}}]}", false, 0 },
        { "GET /api/v1/configmaps?labelSelector=a%3Db&limit=500&continue=t%2F1 ", 410, SCRIPT_JSON,
          "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"too old\",\"reason\":\"Expired\",\"code\":410}",
          false, 1 },
        { "GET /api/v1/configmaps?labelSelector=a%3Db ", 200, SCRIPT_JSON,
          "{\"items\":[{\"metadata\":{\"name\":\"one\"}},{\"metadata\":{\"name\":\"two\"}}]}", false, 0 },
    };
    START(rows);
    struct doc *items = NULL;
    struct kube_list_options options = { .label_selector = "a=b" };
    assert_ok(cx, kube_list(cx, k, &(struct kube_ref){ "v1", "ConfigMap", NULL, NULL }, &options, &items));
    assert_int_equal(doc_len(items), 2);
    assert_string_equal(doc_text_at(doc_at(items, 1), "kind"), "ConfigMap");
    assert_string_equal(doc_text_at(doc_at(items, 1), "apiVersion"), "v1");
    STOP();
}

static void a_new_kind_is_found_and_nothing_is_read_twice(void **state)
{
    static const struct script_row rows[] = {
        { "GET /api ", 200, SCRIPT_AGGREGATED "ETag: \"1\"\r\n", SCRIPT_CORE, false, 1 },
        { "GET /apis ", 200, SCRIPT_AGGREGATED "ETag: \"2\"\r\n", "{\"items\":[]}", false, 1 },
        { "GET /api ", 304, NULL, NULL, false, 1 },
        { "GET /apis ", 304, NULL, NULL, false, 1 },
        { "GET /api ", 304, NULL, NULL, false, 1 },
        SCRIPT_DISCOVERY,
    };
    START(rows);
    struct kube_mapping m;
    assert_ok(cx, kube_map(cx, k, "v1", "ConfigMap", &m));
    assert_requested(s, "GET /api ", 1);
    assert_true(kube_map(cx, k, "apps/v1", "Deployment", &m) < 0);
    assert_string_equal(err_reason_of(cx), "NoKindMatch");
    assert_error(cx, ERR_NOT_FOUND, "no matches for kind \"Deployment\" in version \"apps/v1\"");
    assert_requested(s, "If-None-Match: \"1\"", 1);
    assert_requested(s, "If-None-Match: \"2\"", 1);
    assert_ok(cx, kube_map(cx, k, "apps/v1", "Deployment", &m));
    assert_string_equal(m.plural, "deployments");
    assert_true(m.namespaced);
    int asked = script_count(s, "GET /apis ");
    assert_ok(cx, kube_map_preferred(cx, k, "apps", "Deployment", &m));
    assert_string_equal(m.version, "v1");
    assert_int_equal(script_count(s, "GET /apis "), asked);
    assert_true(kube_map_preferred(cx, k, "apps", "Nonsense", &m) < 0);
    assert_error(cx, ERR_NOT_FOUND, "no matches for kind \"Nonsense\" in group \"apps\"");
    STOP();
}

static void plain_discovery_works_too(void **state)
{
    static const struct script_row rows[] = {
        { "GET /api ", 200, SCRIPT_JSON, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}", false, 0 },
        { "GET /apis ", 200, SCRIPT_JSON,
          "{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"g.io\",\"versions\":[{\"version\":\"v1beta1\"},"
          "{\"version\":\"v1\"}],\"preferredVersion\":{\"version\":\"v1\"}},{\"name\":\"down.io\",\"versions\":["
          "{\"version\":\"v1\"}]}]}",
          false, 0 },
        { "GET /api/v1 ", 200, SCRIPT_JSON,
          "{\"resources\":[{\"name\":\"pods\",\"kind\":\"Pod\",\"namespaced\":true},{\"name\":\"pods/log\",\"kind\":"
          "\"Pod\"}]}",
          false, 0 },
        { "GET /apis/g.io/v1 ", 200, SCRIPT_JSON,
          "{\"resources\":[{\"name\":\"things\",\"kind\":\"Thing\"}]}", false, 0 },
        { "GET /apis/g.io/v1beta1 ", 200, SCRIPT_JSON,
          "{\"resources\":[{\"name\":\"things\",\"kind\":\"Thing\"},{\"name\":\"olds\",\"kind\":\"Old\"}]}",
          false, 0 },
        { "GET /apis/down.io/v1 ", 503, NULL, "", false, 0 },
    };
    START(rows);
    struct kube_mapping m;
    assert_ok(cx, kube_map(cx, k, "v1", "Pod", &m));
    assert_string_equal(kube_path(cx->arena, &m, "ns", "p", "status"), "/api/v1/namespaces/ns/pods/p/status");
    assert_string_equal(kube_path(cx->arena, &m, "n#s", "p?dryRun=All", NULL),
                        "/api/v1/namespaces/n%23s/pods/p%3FdryRun%3DAll");
    assert_string_equal(kube_path(cx->arena, &m, "ns", "system:p", NULL),
                        "/api/v1/namespaces/ns/pods/system:p");
    assert_ok(cx, kube_map_preferred(cx, k, "g.io", "Thing", &m));
    assert_string_equal(m.version, "v1");
    assert_false(m.namespaced);
    assert_string_equal(kube_path(cx->arena, &m, "ns", "t", NULL), "/apis/g.io/v1/things/t");
    assert_ok(cx, kube_map_preferred(cx, k, "g.io", "Old", &m));
    assert_string_equal(m.version, "v1beta1");
    assert_true(kube_map(cx, k, "down.io/v1", "Thing", &m) < 0);
    assert_error(cx, ERR_UNAVAILABLE, "\"down.io/v1\" (kind \"Thing\") is not available");
    STOP();
}

static void a_resource_that_vanished_is_looked_up_again(void **state)
{
    static const struct script_row rows[] = { SCRIPT_DISCOVERY };
    START(rows);
    struct doc *got;
    assert_true(kube_get(cx, k, &map_ref, &got) < 0); /* "404 page not found", no Status */
    assert_error(cx, ERR_NOT_FOUND, "the server could not find the requested resource");
    assert_true(kube_get(cx, k, &map_ref, &got) < 0);
    err_clear(cx);
    assert_requested(s, "GET /apis ", 2);
    STOP();
}

static void discovery_failures_are_told(void **state)
{
    static const struct script_row rows[] = { { "GET /api", 403, "Content-Type: text/plain\r\n", "no entry",
                                                false, 0 } };
    START(rows);
    struct doc *got;
    assert_true(kube_get(cx, k, &map_ref, &got) < 0);
    assert_error(cx, ERR_DENIED, "failed to ask the API server for its kinds: no entry");
    STOP();
}

static void write_token(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    fclose(f);
}

static void a_refused_token_is_read_again(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { "GET " CM_PATH, 401, NULL, "", false, 1 },
        { "GET " CM_PATH, 200, SCRIPT_JSON, CM_BODY, false, 0 },
    };
    struct ctx *cx = unit_cx(state);
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    const char *path = str_fmt(cx->arena, "%s/token", unit_tmpdir(cx));
    write_token(path, "first\n");
    struct kube *k =
        script_client(cx, s, (struct kube_config){ .token_file = path, .impersonate_user = "jane" });
    struct doc *got;
    assert_true(kube_get(cx, k, &map_ref, &got) < 0);
    assert_error(cx, ERR_UNAUTHORIZED, "the server has asked for the client to provide credentials");
    write_token(path, "second\n");
    assert_ok(cx, kube_get(cx, k, &map_ref, &got));
    assert_requested(s, "Authorization: Bearer first\r\n", 3);
    assert_requested(s, "Authorization: Bearer second\r\n", 1);
    assert_requested(s, "Impersonate-User: jane\r\n", 4);
    write_token(path, "third\n");
    assert_ok(cx, kube_get(cx, k, &map_ref, &got)); /* within the minute */
    assert_requested(s, "Bearer third", 0);
    STOP();
}

static int observed[600];
static void observe(void *user, const char *method, const char *host, int status)
{
    assert_ptr_equal(user, observed);
    assert_string_equal(method, "GET");
    assert_true(str_starts(host, "127.0.0.1:"));
    observed[status]++;
}

static void exchanges_are_observed(void **state)
{
    static const struct script_row rows[] = { SCRIPT_DISCOVERY };
    struct ctx *cx = unit_cx(state);
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube_config config = { .server = str_fmt(cx->arena, "http://127.0.0.1:%d", s->port) };
    struct kube_options options = { .user_agent = "t", .observe = observe, .user = observed };
    struct kube *k = NULL;
    struct doc *got;
    assert_ok(cx, kube_open(cx, &config, &options, &k));
    assert_true(kube_get(cx, k, &map_ref, &got) < 0);
    err_clear(cx);
    assert_int_equal(observed[200], 2);
    assert_int_equal(observed[404], 1);
    STOP();
}

static void refuses_impossible_configurations(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct kube *k = NULL;
    struct kube_options options = { 0 };
    assert_true(kube_open(cx, &(struct kube_config){ 0 }, &options, &k) < 0);
    assert_error(cx, ERR_INVALID, "URL is missing");
    assert_true(kube_open(cx, &(struct kube_config){ .server = "ftp://x" }, &options, &k) < 0);
    assert_error(cx, ERR_INVALID, "must start with https:// or http://");
    assert_true(
        kube_open(cx, &(struct kube_config){ .server = "https://x", .ca_pem = "junk" }, &options, &k) < 0);
    assert_error(cx, ERR_INVALID, "certificates for the API server https://x");
    assert_null(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(verbs_become_requests),
        UNIT_TEST(bad_references_are_not_sent),
        UNIT_TEST(waits_out_retry_after),
        UNIT_TEST(a_wait_past_the_deadline_ends_with_the_answer),
        UNIT_TEST(errors_without_retry_after_are_final),
        UNIT_TEST(broken_connections_repeat_reads_only),
        UNIT_TEST(a_batch_fails_one_by_one),
        UNIT_TEST(a_long_batch_fails_one_by_one),
        UNIT_TEST(cancelling_ends_a_batch),
        UNIT_TEST(lists_come_in_pages),
        UNIT_TEST(a_new_kind_is_found_and_nothing_is_read_twice),
        UNIT_TEST(plain_discovery_works_too),
        UNIT_TEST(a_resource_that_vanished_is_looked_up_again),
        UNIT_TEST(discovery_failures_are_told),
        UNIT_TEST(a_refused_token_is_read_again),
        UNIT_TEST(exchanges_are_observed),
        UNIT_TEST(refuses_impossible_configurations),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
