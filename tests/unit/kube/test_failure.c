/* Errors: Status documents and plain answers, as client-go words them. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/failure.h"
#include "tests/unit/lib/unit.h"

static struct http_response answer_of(struct ctx *cx, int status, const char *type, const char *body)
{
    struct http_response r = { .status = status, .content_type = type, .body = buf_new(cx->arena, 1 << 20) };
    buf_str(&r.body, body);
    return r;
}

static void a_status_document_speaks_for_itself(void **state)
{
    static const struct {
        int status;
        const char *reason;
        int code;
    } rows[] = {
        { 400, "BadRequest", ERR_INVALID },
        { 401, "Unauthorized", ERR_UNAUTHORIZED },
        { 403, "Forbidden", ERR_DENIED },
        { 404, "NotFound", ERR_NOT_FOUND },
        { 409, "Conflict", ERR_CONFLICT },
        { 409, "AlreadyExists", ERR_EXISTS },
        { 410, "Expired", ERR_GONE },
        { 410, "Gone", ERR_GONE },
        { 422, "Invalid", ERR_INVALID },
        { 429, "TooManyRequests", ERR_UNAVAILABLE },
        { 500, "InternalError", ERR_UNAVAILABLE },
        { 503, "ServiceUnavailable", ERR_UNAVAILABLE },
        { 418, "Teapot", ERR_INVALID },
    };
    struct ctx *cx = unit_cx(state);
    struct failure_subject subject = { "GET", "apps", "deployments", "web" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *status = NULL;
        struct http_response r =
            answer_of(cx, rows[i].status, "application/json",
                      str_fmt(cx->arena,
                              "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
                              "\"message\":\"what went wrong\",\"reason\":\"%s\",\"code\":%d}",
                              rows[i].reason, rows[i].status));
        assert_int_equal(failure_of_answer(cx, &r, &subject, &status), rows[i].code);
        assert_non_null(status);
        assert_string_equal(err_message(cx), "what went wrong");
        assert_string_equal(err_reason_of(cx), rows[i].reason);
        assert_int_equal(cx->err.http_status, rows[i].status);
        err_clear(cx);
    }
}

static void plain_answers_get_client_gos_words(void **state)
{
    static const struct {
        const char *method;
        int status;
        const char *body;
        int code;
        const char *reason;
        const char *message;
    } rows[] = {
        { "GET", 404, "404 page not found\n", ERR_NOT_FOUND, "NotFound",
          "the server could not find the requested resource (get deployments.apps web)" },
        { "POST", 409, "", ERR_EXISTS, "AlreadyExists",
          "the server reported a conflict (post deployments.apps web)" },
        { "GET", 403, "no way", ERR_DENIED, "Forbidden", "no way (get deployments.apps web)" },
        { "PATCH", 502, "bad\ngateway", ERR_UNAVAILABLE, "InternalError",
          "an error on the server (\"bad\\ngateway\") has prevented the request from succeeding (patch "
          "deployments.apps web)" },
        { "GET", 503, "", ERR_UNAVAILABLE, "ServiceUnavailable",
          "the server is currently unable to handle the request (get deployments.apps web)" },
        { "GET", 302, "", ERR_INVALID, NULL,
          "the server responded with the status code 302 but did not return more information (get deployments.apps "
          "web)" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct failure_subject subject = { rows[i].method, "apps", "deployments", "web" };
        struct doc *status = doc_object(cx->arena);
        struct http_response r = answer_of(cx, rows[i].status, "text/plain; charset=utf-8", rows[i].body);
        assert_int_equal(failure_of_answer(cx, &r, &subject, &status), rows[i].code);
        assert_null(status);
        assert_string_equal(err_message(cx), rows[i].message);
        assert_true(str_eq(err_reason_of(cx), rows[i].reason));
        err_clear(cx);
    }
}

static void core_kinds_and_lists_have_shorter_subjects(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct http_response r = answer_of(cx, 404, "", "");
    failure_of_answer(cx, &r, &(struct failure_subject){ "GET", "", "pods", NULL }, NULL);
    assert_error(cx, ERR_NOT_FOUND, "the server could not find the requested resource (get pods)");
    failure_of_answer(cx, &r, &(struct failure_subject){ .method = "GET" }, NULL);
    assert_string_equal(err_message(cx), "the server could not find the requested resource");
    err_clear(cx);
}

static void keeps_the_wish_to_wait(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct failure_subject subject = { .method = "GET" };
    struct http_response r =
        answer_of(cx, 504, "application/json",
                  "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"m\",\"reason\":"
                  "\"Timeout\",\"details\":{\"retryAfterSeconds\":3},\"code\":504}");
    assert_int_equal(failure_of_answer(cx, &r, &subject, NULL), ERR_UNAVAILABLE);
    assert_int_equal(cx->err.retry_after_ms, 3000);
    r = answer_of(cx, 429, "text/plain", "slow down");
    r.retry_after_ms = 1500;
    assert_int_equal(failure_of_answer(cx, &r, &subject, NULL), ERR_UNAVAILABLE);
    assert_int_equal(cx->err.retry_after_ms, 1500);
    err_clear(cx);
}

static void success_is_no_failure(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = doc_object(cx->arena);
    doc_set_text(cx->arena, d, "kind", "Status");
    doc_set_text(cx->arena, d, "status", "Success");
    assert_false(failure_is_status(d));
    doc_set_text(cx->arena, d, "status", "Failure");
    assert_true(failure_is_status(d));
    doc_set_text(cx->arena, d, "kind", "Pod");
    assert_false(failure_is_status(d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_status_document_speaks_for_itself),
        UNIT_TEST(plain_answers_get_client_gos_words),
        UNIT_TEST(core_kinds_and_lists_have_shorter_subjects),
        UNIT_TEST(keeps_the_wish_to_wait),
        UNIT_TEST(success_is_no_failure),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
