/*
 * aws_own.c: the controller's own credentials at AWS, from its environment; the contract is in aws.h.
 *
 * Profiles in files count with their keys only: roles by other profiles, single sign-on and programs are for people's
 * machines, and are refused by name instead of being passed over.
 */
#include "libgotk/cloud/aws.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/ask.h"
#include "libgotk/net/url.h"

#include <string.h>

#define MACHINE       "http://169.254.169.254"
#define MACHINE_MS    5000
#define CONTAINERS    "http://169.254.170.2"
#define TOKEN_SECONDS "X-aws-ec2-metadata-token-ttl-seconds: 21600"
#define MACHINE_ROLES "/latest/meta-data/iam/security-credentials/"

/* One source: is it configured, and what does it give? */
struct source {
    bool (*is_set)(void);
    int (*get)(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, struct cloud_token *ret);
};

static bool has_keys(void)
{
    return (cloud_env("AWS_ACCESS_KEY_ID") || cloud_env("AWS_ACCESS_KEY")) &&
           (cloud_env("AWS_SECRET_ACCESS_KEY") || cloud_env("AWS_SECRET_KEY"));
}

static int by_keys(struct ctx *cx UNUSED, const struct cloud *c UNUSED, const struct cloud_aim *aim UNUSED,
                   struct cloud_token *ret)
{
    *ret = (struct cloud_token){
        .key_id = str_or(cloud_env("AWS_ACCESS_KEY_ID"), cloud_env("AWS_ACCESS_KEY")),
        .secret = str_or(cloud_env("AWS_SECRET_ACCESS_KEY"), cloud_env("AWS_SECRET_KEY")),
        .token = cloud_env("AWS_SESSION_TOKEN"),
    };
    return 0;
}

static bool has_role(void)
{
    return cloud_env("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL;
}

static int by_role(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim,
                   struct cloud_token *ret)
{
    const char *session = str_fmt(cx->arena, "%lld", (long long)gotime_now_ns());
    struct aws_role role = {
        .arn = cloud_env("AWS_ROLE_ARN"),
        .session = str_or(cloud_env("AWS_ROLE_SESSION_NAME"), session),
        .proxy = c->req.proxy,
    };
    if (!role.arn)
        return err_fail(cx, ERR_INVALID,
                        "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN, the role to assume, is not");
    if (cloud_read_file(cx, "AWS_WEB_IDENTITY_TOKEN_FILE", cloud_env("AWS_WEB_IDENTITY_TOKEN_FILE"),
                        &role.assertion) < 0 ||
        aws_sts(cx, aim, &role.endpoint) < 0)
        return err_code(cx);
    return aws_assume(cx, &role, ret);
}

static bool has_profiles(void)
{
    return cloud_env("AWS_SHARED_CREDENTIALS_FILE") != NULL;
}

/* "key = value" of the section [profile]; NULL when absent. */
static const char *ini_value(struct arena *a, const char *text, const char *profile, const char *key)
{
    const char *heading = str_fmt(a, "[%s]", profile);
    bool inside = false;
    size_t n;
    char **lines = str_split(a, text, '\n', &n);
    for (size_t i = 0; i < n; i++) {
        const char *line = str_trim(a, lines[i]);
        const char *equals = strchr(line, '=');
        if (*line == '[')
            inside = str_eq(line, heading);
        else if (inside && equals && str_eq(str_trim(a, str_ndup(a, line, (size_t)(equals - line))), key))
            return str_trim(a, equals + 1);
    }
    return NULL;
}

static int by_profile(struct ctx *cx, const struct cloud *c UNUSED, const struct cloud_aim *aim UNUSED,
                      struct cloud_token *ret)
{
    const char *path = cloud_env("AWS_SHARED_CREDENTIALS_FILE"), *text;
    const char *profile = str_or(cloud_env("AWS_PROFILE"), "default");
    if (cloud_read_file(cx, "AWS_SHARED_CREDENTIALS_FILE", path, &text) < 0)
        return err_code(cx);
    struct cloud_token token = {
        .key_id = ini_value(cx->arena, text, profile, "aws_access_key_id"),
        .secret = ini_value(cx->arena, text, profile, "aws_secret_access_key"),
        .token = ini_value(cx->arena, text, profile, "aws_session_token"),
    };
    if (!cloud_is_token(token.key_id) || !cloud_is_token(token.secret))
        return err_fail(cx, ERR_UNSUPPORTED,
                        "AWS_SHARED_CREDENTIALS_FILE: profile '%s' of %s has no aws_access_key_id with "
                        "aws_secret_access_key; other ways of a profile to get credentials are not supported",
                        profile, path);
    *ret = token;
    return 0;
}

/* What containers and machines answer: {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}. */
static int read_credentials(struct ctx *cx, const char *url, const struct doc *answer,
                            struct cloud_token *ret)
{
    int64_t expires_ns;
    struct cloud_token token = {
        .key_id = doc_text_at(answer, "AccessKeyId"),
        .secret = doc_text_at(answer, "SecretAccessKey"),
        .token = doc_text_at(answer, "Token"),
    };
    if (!cloud_is_token(token.key_id) || !cloud_is_token(token.secret) ||
        !gotime_parse_rfc3339(str_or(doc_text_at(answer, "Expiration"), ""), &expires_ns))
        return err_fail(cx, ERR_INVALID, "the answer of %s holds no credentials with an end",
                        url_mask(cx->arena, url));
    token.expires_at = expires_ns / GOTIME_SECOND;
    *ret = token;
    return 0;
}

static bool has_containers(void)
{
    return cloud_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
           cloud_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

/* A service that is not AWS's must not be sent the token in the clear. */
static int check_containers(struct ctx *cx, const char *text)
{
    static const char *const near[] = { "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost",
                                        "::1" };
    struct url url;
    if (url_parse(cx, text, &url) < 0)
        return err_wrap(cx, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    bool known = str_eq(url.scheme, "https") || str_starts(url.host, "127.");
    for (size_t i = 0; i < ARRAY_LEN(near); i++)
        known = known || str_eq(url.host, near[i]);
    if (!known)
        return err_fail(
            cx, ERR_INVALID,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI: host '%s' is neither this machine nor the service "
            "of ECS or EKS: only https is taken elsewhere",
            url.host);
    return 0;
}

static int by_containers(struct ctx *cx, const struct cloud *c UNUSED, const struct cloud_aim *aim UNUSED,
                         struct cloud_token *ret)
{
    const char *relative = cloud_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *token = cloud_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    const char *path = cloud_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    struct cloud_ask ask = { .url = relative ? str_fmt(cx->arena, CONTAINERS "%s", relative)
                                             : cloud_env("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
                             .direct = true };
    struct doc *answer;
    if (check_containers(cx, ask.url) < 0 ||
        (path && cloud_read_file(cx, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, &token) < 0))
        return err_code(cx);
    const char *header = str_fmt(cx->arena, "Authorization: %s", str_or(token, ""));
    ask.headers = &header;
    ask.header_count = token != NULL;
    return cloud_ask(cx, &ask, &answer) < 0 ? err_code(cx) : read_credentials(cx, ask.url, answer, ret);
}

static bool always(void)
{
    return true;
}

/* One question to the machine's service, with the session's token. */
static int ask_machine(struct ctx *cx, const char *path, const char *header, bool put, int64_t as,
                       struct doc **ret)
{
    const struct cloud_ask ask = {
        .method = put ? "PUT" : "GET",
        .url =
            str_fmt(cx->arena, "%s%s", str_or(cloud_env("AWS_EC2_METADATA_SERVICE_ENDPOINT"), MACHINE), path),
        .headers = &header,
        .header_count = 1,
        .direct = true,
        .as = as,
        .timeout_ms = MACHINE_MS,
    };
    return cloud_ask(cx, &ask, ret);
}

static int by_machine(struct ctx *cx, const struct cloud *c UNUSED, const struct cloud_aim *aim UNUSED,
                      struct cloud_token *ret)
{
    struct doc *session, *role, *answer;
    if (str_eq_fold(cloud_env("AWS_EC2_METADATA_DISABLED"), "true"))
        return err_fail(
            cx, ERR_NOT_FOUND,
            "no credentials are configured for this controller, and AWS_EC2_METADATA_DISABLED keeps "
            "it from asking for the machine's");
    if (ask_machine(cx, "/latest/api/token", TOKEN_SECONDS, true, CLOUD_TEXT, &session) < 0)
        return err_wrap(cx, "no credentials are configured for this controller, and the machine has none");
    const char *header = str_fmt(cx->arena, "X-aws-ec2-metadata-token: %s", doc_text(session));
    if (ask_machine(cx, MACHINE_ROLES, header, false, CLOUD_TEXT, &role) < 0)
        return err_wrap(cx, "the machine has no role");
    const char *path = str_fmt(cx->arena, MACHINE_ROLES "%s", url_escape(cx->arena, doc_text(role)));
    if (ask_machine(cx, path, header, false, CLOUD_JSON, &answer) < 0)
        return err_code(cx);
    return read_credentials(cx, path, answer, ret);
}

static const struct source sources[] = {
    { has_keys, by_keys },        { has_role, by_role },
    { has_profiles, by_profile }, { has_containers, by_containers },
    { always, by_machine },
};

int aws_own(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, struct cloud_token *ret)
{
    struct cloud_aim own = *aim;
    size_t i = 0;
    own.region = str_empty(own.region) ? cloud_env("AWS_REGION") : own.region;
    if (!own.region)
        return err_fail(
            cx, ERR_INVALID,
            "AWS_REGION environment variable is not set in the Flux controller. if you have properly configured "
            "IAM Roles for Service Accounts (IRSA) or EKS Pod Identity, please delete/replace the controller "
            "pod so the EKS admission controllers can inject this environment variable, or set it manually if "
            "the cluster is not EKS");
    while (!sources[i].is_set())
        i++;
    return sources[i].get(cx, c, &own, ret);
}
