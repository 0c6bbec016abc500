/*
 * test_sigv4.c: signatures of AWS, against what AWS's own SDK for Go and AWS's documents say.
 *
 * The passwords and URLs were made by fluxcd/pkg/auth 0.54 with aws-sdk-go-v2; the signed request is the example of the
 * Signature Version 4 documents for S3.
 */
#include "libgotk/base/str.h"
#include "libgotk/cloud/sigv4.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define T014033 1795657233 /* 2026-11-26T01:40:33Z */
#define GIT     "https://git-codecommit.us-east-1.amazonaws.com"
#define STS     "sts.us-east-2.amazonaws.com"
#define CHINA   "sts.cn-north-1.amazonaws.com.cn"
#define CALLER  "/?Action=GetCallerIdentity&Version=2011-06-15"

static const struct cloud_token session = { .key_id = "AKIDEXAMPLE",
                                            .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                            .token = "IQoJb3JpZ2luX2VjE+/=token" };
static const struct cloud_token keys = { .key_id = "AKIDEXAMPLE",
                                         .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

static void passwords_for_codecommit(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *url;
        int64_t now;
        const struct cloud_token *token;
        const char *password;
    } rows[] = {
        { GIT "/v1/repos/fleet", T014033, &session,
          "20261126T014033Z57cce08c5b6650b53a78060bbb29e757d591777aa378bed814c9e9213dbdeb64" },
        { GIT "/v1/repos/fl%20eet", T014033, &session,
          "20261126T014033Z6b762f4297b1834741642c9f86a6157d9c28f787032758904d24423a1c40224c" },
        { GIT "/v1/repos/fleet", T014033 + 1, &keys,
          "20261126T014034Z6160ae9cb582543cdb604f56a96b693d9e81474de807064bc1c785eae9136988" },
        { GIT "/", T014033 + 1, &keys,
          "20261126T014034Z2af0d035a52c5784ca75a9eec0458aaf7953376a16ccf96819e88f94fa6af5f5" },
        { GIT, T014033 + 1, &keys,
          "20261126T014034Z2af0d035a52c5784ca75a9eec0458aaf7953376a16ccf96819e88f94fa6af5f5" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sigv4 s = { rows[i].token, "us-east-1", "codecommit", rows[i].now };
        const char *password;
        assert_ok(cx, sigv4_codecommit(cx, &s, rows[i].url, &password));
        assert_string_equal(password, rows[i].password);
    }
}

static void urls_of_clusters(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *host;
        const char *region;
        int64_t now;
        const struct cloud_token *token;
        const char *rest;
    } rows[] = {
        { STS, "us-east-2", T014033 + 1, &session,
          "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261126%2Fus-east-2%2Fsts%2Faws4_"
          "request&X-Amz-Date=20261126T014034Z&X-Amz-Expires=900&X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2B%2F%"
          "3Dtoken&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature="
          "fd94a2870954d41e80b8cae452355e36d4c7369c13bbcd56c31a95e8d3ba90e4" },
        { CHINA, "cn-north-1", T014033, &session,
          "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261126%2Fcn-north-1%2Fsts%2Faws4_"
          "request&X-Amz-Date=20261126T014033Z&X-Amz-Expires=900&X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2B%2F%"
          "3Dtoken&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature="
          "c79a4a017336e7870e4791dd5087afdc54cce4e75be9964369188d2089d2b713" },
        { STS, "us-east-2", T014033 + 1, &keys,
          "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261126%2Fus-east-2%2Fsts%2Faws4_"
          "request&X-Amz-Date=20261126T014034Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-"
          "Signature=434d0ad1c6179ec62c610ff81a8f89508fc1697a38eaae18a7200b677512bef3" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sigv4 s = { rows[i].token, rows[i].region, "sts", rows[i].now };
        const char *plain = str_fmt(cx->arena, "https://%s" CALLER, rows[i].host), *url;
        assert_ok(cx, sigv4_presign(cx, &s, plain, "x-k8s-aws-id: prod", 900, &url));
        assert_string_equal(url, str_fmt(cx->arena, "%s%s", plain, rows[i].rest));
    }
}

/* "GET Bucket Lifecycle" and a presigned GET of the S3 documents. */
static void requests_to_s3(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct cloud_token token = { .key_id = "AKIAIOSFODNN7EXAMPLE",
                                              .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
    const struct sigv4 s = { &token, "us-east-1", "s3", 1369353600 /* 2013-05-24 */ };
    const char *const *headers, *url;
    size_t n;
    assert_ok(cx, sigv4_headers(cx, &s, "GET", "https://examplebucket.s3.amazonaws.com/?lifecycle=",
                                SIGV4_EMPTY, &headers, &n));
    assert_int_equal(n, 3);
    assert_string_equal(headers[0], "X-Amz-Content-Sha256: " SIGV4_EMPTY);
    assert_string_equal(headers[1], "X-Amz-Date: 20130524T000000Z");
    assert_string_equal(
        headers[2], "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                    "aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
                    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    assert_ok(cx,
              sigv4_presign(cx, &s, "https://examplebucket.s3.amazonaws.com/test.txt", NULL, 86400, &url));
    assert_non_null(
        strstr(url, "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"));
}

static void a_session_is_signed_too(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct sigv4 s = { &session, "us-east-1", "eks", T014033 };
    const char *const *headers;
    size_t n;
    assert_ok(
        cx, sigv4_headers(cx, &s, "GET", "https://127.0.0.1:8443/clusters/prod", SIGV4_EMPTY, &headers, &n));
    assert_int_equal(n, 3);
    assert_string_equal(headers[1], "X-Amz-Security-Token: IQoJb3JpZ2luX2VjE+/=token");
    assert_non_null(strstr(headers[2], "SignedHeaders=host;x-amz-date;x-amz-security-token, "));
    assert_int_equal(sigv4_headers(cx, &s, "GET", "nonsense", SIGV4_EMPTY, &headers, &n), ERR_INVALID);
    err_clear(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(passwords_for_codecommit),
        UNIT_TEST(urls_of_clusters),
        UNIT_TEST(requests_to_s3),
        UNIT_TEST(a_session_is_signed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
