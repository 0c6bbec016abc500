/*
 * azuretoken.c: the exchange with Entra or the metadata service, and the job around it; see azuretoken.h.
 */
#include "source-controller/azuretoken.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/decode.h"
#include "libgotk/doc/json.h"
#include "libgotk/net/http.h"
#include "libgotk/net/url.h"

#define PUBLIC_CLOUD "https://login.microsoftonline.com/"
#define METADATA     "http://169.254.169.254"
#define DEVOPS       "499b84ac-1321-427f-aa17-267ca6975798" /* Azure DevOps, as a resource */
#define ASSERTION    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define TIMEOUT_MS   10000 /* of one request, as upstream */
#define GRACE_MS     2000
#define ANSWER_MAX   ((size_t)1 << 20)
#define OUTPUT_MAX   ((size_t)64 << 10)
#define MEMORY_MAX   ((size_t)256 << 20)
#define TOKEN_MAX    ((size_t)16 << 10)
#define LIFE_MAX     (30 * 24 * 3600)

static const struct field request_fields[] = {
    FIELD(struct azuretoken_request, authority, "authority", 0),
    FIELD(struct azuretoken_request, tenant, "tenant", 0),
    FIELD(struct azuretoken_request, client, "client", 0),
    FIELD(struct azuretoken_request, assertion, "assertion", 0),
    FIELD(struct azuretoken_request, secret, "secret", 0),
    FIELD(struct azuretoken_request, metadata, "metadata", 0),
    FIELD(struct azuretoken_request, proxy, "proxy", 0),
    FIELD_END,
};

static const struct field token_fields[] = {
    FIELD(struct azuretoken, token, "token", FIELD_REQUIRED),
    FIELD(struct azuretoken, expires_at, "expiresAt", FIELD_REQUIRED),
    FIELD_END,
};

int azuretoken_from_environment(struct ctx *cx, struct azuretoken_request *ret)
{
    const char *tenant = getenv("AZURE_TENANT_ID"), *client = getenv("AZURE_CLIENT_ID");
    const char *secret = getenv("AZURE_CLIENT_SECRET"), *file = getenv("AZURE_FEDERATED_TOKEN_FILE");
    struct buf token;
    *ret = (struct azuretoken_request){ .authority = getenv("AZURE_AUTHORITY_HOST"),
                                        .client = client,
                                        .metadata = getenv("AZURE_POD_IDENTITY_AUTHORITY_HOST") };
    if (str_empty(tenant) || str_empty(client) || (str_empty(secret) && str_empty(file)))
        return 0;
    ret->tenant = tenant;
    ret->secret = str_empty(secret) ? NULL : secret;
    if (ret->secret)
        return 0;
    if (fs_read_file(cx, file, TOKEN_MAX, &token) < 0)
        return err_wrap(cx, "AZURE_FEDERATED_TOKEN_FILE");
    ret->assertion = str_trim(cx->arena, buf_text(&token));
    return 0;
}

/* What a refusal says: "invalid_client: AADSTS...", its first line. */
static int refused(struct ctx *cx, const struct http_request *req, const struct http_response *answer)
{
    struct doc *said = NULL;
    if (json_parse(cx, buf_text(&answer->body), answer->body.len, "answer", &said) < 0)
        err_clear(cx);
    const char *kind = str_or(doc_text_at(said, "error"), "");
    const char *text = str_or(doc_text_at(said, "error_description"), "");
    return err_fail(cx, http_status_code(answer->status), "%s %s: %d%s%.100s%s%.*s", req->method,
                    url_mask(cx->arena, req->url), answer->status, *kind ? " " : "", kind, *text ? ": " : "",
                    (int)strcspn(text, "\r\n"), text);
}

static int call(struct ctx *cx, struct http_request *req, struct doc **ret)
{
    struct http_response answer;
    req->timeout_ms = TIMEOUT_MS;
    req->max_body = ANSWER_MAX;
    if (http_do(cx, req, &answer) < 0)
        return cx->err.code;
    if (answer.status != 200)
        return refused(cx, req, &answer);
    if (json_parse(cx, buf_text(&answer.body), answer.body.len, "the answer", ret) < 0)
        return err_wrap(cx, "%s %s", req->method, url_mask(cx->arena, req->url));
    return 0;
}

/* Entra: client credentials, by assertion or secret. */
static int ask_entra(struct ctx *cx, const struct azuretoken_request *r, struct doc **ret)
{
    static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
                                           "Accept: application/json", NULL };
    struct arena *a = cx->arena;
    const char *authority = str_or(r->authority, PUBLIC_CLOUD);
    const char *proof = r->assertion ? str_fmt(a, "client_assertion_type=%s&client_assertion=%s",
                                               url_escape(a, ASSERTION), url_escape(a, r->assertion))
                                     : str_fmt(a, "client_secret=%s", url_escape(a, str_or(r->secret, "")));
    const char *body =
        str_fmt(a, "grant_type=client_credentials&client_id=%s&scope=%s&%s",
                url_escape(a, str_or(r->client, "")), url_escape(a, DEVOPS "/.default"), proof);
    struct http_request req = {
        .method = "POST",
        .url = str_fmt(a, "%s%s%s/oauth2/v2.0/token", authority, str_ends(authority, "/") ? "" : "/",
                       url_escape(a, r->tenant)),
        .headers = headers,
        .body = body,
        .body_len = strlen(body),
        .proxy = r->proxy,
    };
    return call(cx, &req, ret);
}

/* The machine's identity; its service is next door, never behind a proxy. */
static int ask_metadata(struct ctx *cx, const struct azuretoken_request *r, struct doc **ret)
{
    static const char *const headers[] = { "Metadata: true", NULL };
    struct arena *a = cx->arena;
    struct http_request req = {
        .method = "GET",
        .url = str_fmt(a, "%s/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" DEVOPS "%s%s",
                       str_or(r->metadata, METADATA), r->client ? "&client_id=" : "",
                       r->client ? url_escape(a, r->client) : ""),
        .headers = headers,
        .proxy = "",
    };
    return call(cx, &req, ret);
}

/* A number, or text that is one: the two services differ. */
static bool seconds_of(const struct doc *answer, const char *key, int64_t *ret)
{
    const struct doc *value = doc_find(answer, key);
    return doc_get_int(value, ret) || (doc_text(value) && str_to_int64(doc_text(value), ret));
}

static int run_child(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                     struct buf *ret_output)
{
    struct azuretoken_request req = { 0 };
    struct azuretoken token = { 0 };
    struct doc *answer = NULL;
    int64_t life;
    if (decode_struct(cx, input, request_fields, "", &req) < 0 ||
        (req.tenant ? ask_entra(cx, &req, &answer) : ask_metadata(cx, &req, &answer)) < 0)
        return cx->err.code;
    token.token = doc_text_at(answer, "access_token");
    if (str_empty(token.token) || !seconds_of(answer, "expires_in", &life) || life < 0 || life > LIFE_MAX)
        return err_fail(cx, ERR_INVALID, "the answer holds no token with an end");
    token.expires_at = gotime_now() + life;
    json_print(ret_output, encode_struct(cx->arena, token_fields, &token), JSON_COMPACT);
    return 0;
}

const struct job azuretoken_job = { .name = "azure token", .run = run_child, .network = true };

/* The token goes into a header: nothing else may come along with it. */
static bool is_token(const char *token)
{
    size_t n = strlen(token);
    for (size_t i = 0; i < n; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return false;
    return n > 0 && n <= TOKEN_MAX;
}

int azuretoken_get(struct ctx *cx, const struct azuretoken_request *req, struct azuretoken *ret)
{
    const struct job_limits limits = {
        .memory_max = MEMORY_MAX,
        .timeout_ms = TIMEOUT_MS + GRACE_MS,
        .output_max = OUTPUT_MAX,
    };
    struct buf output = buf_new(cx->arena, OUTPUT_MAX);
    struct azuretoken token = { 0 };
    struct doc *answer = NULL;
    if (job_run(cx, &azuretoken_job, &limits, encode_struct(cx->arena, request_fields, req), NULL, NULL,
                &output) < 0)
        return cx->err.code;
    if (json_parse(cx, buf_text(&output), output.len, "azure token", &answer) < 0 ||
        decode_struct(cx, answer, token_fields, "", &token) < 0)
        return err_wrap(cx, "the answer of the exchange cannot be read");
    if (!is_token(token.token))
        return err_fail(cx, ERR_INTERNAL, "the answer of the exchange makes no sense");
    *ret = token;
    return 0;
}
