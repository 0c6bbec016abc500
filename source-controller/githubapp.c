/*
 * githubapp.c: the exchange with GitHub's API, and the job around it; see githubapp.h.
 */
#include "source-controller/githubapp.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/decode.h"
#include "libgotk/doc/json.h"
#include "libgotk/net/http.h"
#include "libgotk/net/jwt.h"
#include "libgotk/net/url.h"

#define PUBLIC_API   "https://api.github.com"
#define ANSWER_MAX   ((size_t)1 << 20)
#define OUTPUT_MAX   ((size_t)64 << 10)
#define MEMORY_MAX   ((size_t)256 << 20)
#define GRACE_MS     2000
#define CLOCK_DRIFT  30  /* seconds the token's beginning lies back */
#define TOKEN_LIFE   120 /* seconds, from there */
#define TOKEN_LENGTH 4096

static const struct field app_fields[] = {
    FIELD(struct githubapp, app_id, "appID", FIELD_REQUIRED),
    FIELD(struct githubapp, installation_id, "installationID", 0),
    FIELD(struct githubapp, installation_owner, "installationOwner", 0),
    FIELD(struct githubapp, private_key, "privateKey", FIELD_REQUIRED),
    FIELD(struct githubapp, base_url, "baseURL", 0),
    FIELD(struct githubapp, ca_pem, "ca", 0),
    FIELD(struct githubapp, cert_pem, "cert", 0),
    FIELD(struct githubapp, key_pem, "key", 0),
    FIELD(struct githubapp, proxy, "proxy", 0),
    FIELD_END,
};

static const struct field token_fields[] = {
    FIELD(struct githubapp_token, token, "token", FIELD_REQUIRED),
    FIELD(struct githubapp_token, expires_at, "expiresAt", FIELD_REQUIRED),
    FIELD_END,
};

/* The decoded value of a data key; NULL when absent. */
static int value_of(struct ctx *cx, const struct doc *secret, const char *key, const char **ret)
{
    const char *text = doc_text_at(secret, "data", key);
    char *value = NULL;
    size_t len;
    if (text && base64_decode(cx, text, &value, &len) < 0)
        return err_wrap(cx, "key '%s' of the secret", key);
    *ret = value;
    return 0;
}

/* A whole positive number; a line break behind it, as `echo` leaves it, is forgiven. */
static int number_of(struct ctx *cx, const char *key, const char *text, int64_t *ret)
{
    if (!str_to_int64(str_trim(cx->arena, text), ret) || *ret <= 0)
        return err_fail(cx, ERR_INVALID, "key '%s' of the secret is no number", key);
    return 0;
}

int githubapp_read(struct ctx *cx, const struct doc *secret, struct githubapp *ret)
{
    const char *id, *installation, *owner;
    struct githubapp app = { 0 };
    if (value_of(cx, secret, "githubAppID", &id) < 0 ||
        value_of(cx, secret, "githubAppPrivateKey", &app.private_key) < 0 ||
        value_of(cx, secret, "githubAppInstallationID", &installation) < 0 ||
        value_of(cx, secret, "githubAppInstallationOwner", &owner) < 0 ||
        value_of(cx, secret, "githubAppBaseURL", &app.base_url) < 0)
        return cx->err.code;
    if (!id || !app.private_key)
        return err_fail(cx, ERR_NOT_FOUND,
                        "secretRef with github app data must be specified when provider is set to github");
    if (!installation == !owner)
        return err_fail(
            cx, ERR_INVALID,
            "secret '%s/%s' must contain exactly one of 'githubAppInstallationOwner' or 'githubAppInstallationID'",
            str_or(doc_text_at(secret, "metadata", "namespace"), ""),
            str_or(doc_text_at(secret, "metadata", "name"), ""));
    if (number_of(cx, "githubAppID", id, &app.app_id) < 0 ||
        (installation && number_of(cx, "githubAppInstallationID", installation, &app.installation_id) < 0))
        return cx->err.code;
    app.installation_owner = owner ? str_trim(cx->arena, owner) : NULL;
    app.base_url = app.base_url ? str_trim(cx->arena, app.base_url) : NULL;
    *ret = app;
    return 0;
}

const char *githubapp_key(struct arena *a, const struct githubapp *app)
{
    const char *all =
        str_fmt(a, "github\n%lld\n%lld\n%s\n%s\n%s", (long long)app->app_id, (long long)app->installation_id,
                str_or(app->installation_owner, ""), str_or(app->base_url, ""), app->private_key);
    return hash_sha256_hex(a, all, strlen(all));
}

/* One exchange, in the child. */
struct exchange {
    const struct githubapp *app;
    struct tls tls;
    const char *jwt;
};

/* What a refusal says, as go-github prints it: "POST <url>: 401 Bad credentials". */
static int refused(struct ctx *cx, const struct http_request *req, const struct http_response *answer)
{
    struct doc *said = NULL;
    if (json_parse(cx, buf_text(&answer->body), answer->body.len, "answer", &said) < 0)
        err_clear(cx);
    const char *message = str_or(doc_text_at(said, "message"), "");
    bool shown = strlen(message) < 200 && str_is_utf8(message, strlen(message));
    return err_fail(cx, http_status_code(answer->status), "%s %s: %d%s%s", req->method,
                    url_mask(cx->arena, req->url), answer->status, *message && shown ? " " : "",
                    shown ? message : "");
}

static int call(struct ctx *cx, const struct exchange *x, const char *method, const char *path,
                struct doc **ret)
{
    static const char *const headers[] = { "Accept: application/vnd.github+json",
                                           "X-GitHub-Api-Version: 2022-11-28",
                                           "User-Agent: gotk/" GOTK_VERSION, NULL };
    const char *base = str_or(x->app->base_url, PUBLIC_API);
    const struct http_request req = {
        .method = method,
        .url = str_fmt(cx->arena, "%s%s%s", base, str_ends(base, "/") ? "" : "/", path),
        .headers = headers,
        .tls = &x->tls,
        .proxy = x->app->proxy,
        .bearer = x->jwt,
        .body = str_eq(method, "POST") ? "" : NULL,
        .max_body = ANSWER_MAX,
    };
    struct http_response answer;
    if (http_do(cx, &req, &answer) < 0)
        return cx->err.code;
    if (answer.status / 100 != 2)
        return refused(cx, &req, &answer);
    if (json_parse(cx, buf_text(&answer.body), answer.body.len, "the answer of GitHub's API", ret) < 0)
        return err_wrap(cx, "%s %s", method, url_mask(cx->arena, req.url));
    return 0;
}

static int find_installation_of(struct ctx *cx, const struct exchange *x, const char *what, int64_t *ret)
{
    const char *owner = url_escape(cx->arena, x->app->installation_owner);
    struct doc *answer = NULL;
    if (call(cx, x, "GET", str_fmt(cx->arena, "%s/%s/installation", what, owner), &answer) < 0)
        return cx->err.code;
    if (!doc_get_int(doc_find(answer, "id"), ret))
        return err_fail(cx, ERR_INVALID, "the installation has no id");
    return 0;
}

/* The owner may be an organization or a user; both refusals are told. */
static int find_installation(struct ctx *cx, const struct exchange *x, int64_t *ret)
{
    *ret = x->app->installation_id;
    if (*ret || find_installation_of(cx, x, "orgs", ret) >= 0)
        return 0;
    if (ctx_check(cx) < 0)
        return cx->err.code;
    const char *first = str_dup(cx->arena, err_message(cx));
    err_clear(cx);
    if (find_installation_of(cx, x, "users", ret) >= 0)
        return 0;
    return err_fail(cx, err_code(cx),
                    "failed to find organization installation: %s\nfailed to find user installation: %s",
                    first, str_dup(cx->arena, err_message(cx)));
}

static int sign_in(struct ctx *cx, const struct githubapp *app, const char **ret)
{
    struct doc *claims = doc_object(cx->arena);
    int64_t since = gotime_now() - CLOCK_DRIFT;
    doc_set_text(cx->arena, claims, "iss", str_fmt(cx->arena, "%lld", (long long)app->app_id));
    doc_set_int(cx->arena, claims, "exp", since + TOKEN_LIFE);
    doc_set_int(cx->arena, claims, "iat", since);
    return jwt_sign(cx, app->private_key, claims, ret);
}

static int create_token(struct ctx *cx, const struct githubapp *app, struct githubapp_token *ret)
{
    struct exchange x = { .app = app };
    struct doc *answer = NULL;
    int64_t installation, expires_ns;
    x.tls = (struct tls){
        .ca_pem = app->ca_pem,
        .ca_len = app->ca_pem ? strlen(app->ca_pem) : 0,
        .cert_pem = app->cert_pem,
        .cert_len = app->cert_pem ? strlen(app->cert_pem) : 0,
        .key_pem = app->key_pem,
        .key_len = app->key_pem ? strlen(app->key_pem) : 0,
    };
    if (sign_in(cx, app, &x.jwt) < 0 || find_installation(cx, &x, &installation) < 0 ||
        call(cx, &x, "POST",
             str_fmt(cx->arena, "app/installations/%lld/access_tokens", (long long)installation),
             &answer) < 0)
        return cx->err.code;
    ret->token = doc_text_at(answer, "token");
    if (str_empty(ret->token) ||
        !gotime_parse_rfc3339(str_or(doc_text_at(answer, "expires_at"), ""), &expires_ns))
        return err_fail(cx, ERR_INVALID, "the answer of GitHub's API holds no token with an end");
    ret->expires_at = expires_ns / GOTIME_SECOND;
    return 0;
}

static int run_child(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                     struct buf *ret_output)
{
    struct githubapp app = { 0 };
    struct githubapp_token token = { 0 };
    if (decode_struct(cx, input, app_fields, "", &app) < 0)
        return cx->err.code;
    cx->http = http_open();
    int rc = create_token(cx, &app, &token);
    http_close(cx->http);
    cx->http = NULL;
    if (rc < 0)
        return rc;
    json_print(ret_output, encode_struct(cx->arena, token_fields, &token), JSON_COMPACT);
    return 0;
}

const struct job githubapp_job = { .name = "github app", .run = run_child, .network = true };

/* The token goes into a header: nothing else may come along with it. */
static bool is_token(const char *token)
{
    size_t n = strlen(token);
    for (size_t i = 0; i < n; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return false;
    return n > 0 && n <= TOKEN_LENGTH;
}

int githubapp_token(struct ctx *cx, const struct githubapp *app, int64_t timeout_ns,
                    struct githubapp_token *ret)
{
    const struct job_limits limits = {
        .memory_max = MEMORY_MAX,
        .timeout_ms = timeout_ns / GOTIME_MS + GRACE_MS,
        .output_max = OUTPUT_MAX,
    };
    struct buf output = buf_new(cx->arena, OUTPUT_MAX);
    struct githubapp_token token = { 0 };
    struct doc *answer = NULL;
    if (job_run(cx, &githubapp_job, &limits, encode_struct(cx->arena, app_fields, app), NULL, NULL, &output) <
        0)
        return cx->err.code;
    if (json_parse(cx, buf_text(&output), output.len, "github app", &answer) < 0 ||
        decode_struct(cx, answer, token_fields, "", &token) < 0)
        return err_wrap(cx, "the answer of the exchange cannot be read");
    if (!is_token(token.token))
        return err_fail(cx, ERR_INTERNAL, "the answer of the exchange makes no sense");
    *ret = token;
    return 0;
}
