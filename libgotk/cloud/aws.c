/*
 * aws.c: provider "aws": roles by web identity, CodeCommit, EKS. Any worker.
 *
 * A cluster's token is a presigned request to the token service for the caller's identity, which the cluster's authenticator
 * sends; it is good for fifteen minutes.
 */
#include "libgotk/cloud/aws.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/ask.h"
#include "libgotk/cloud/sigv4.h"
#include "libgotk/net/url.h"

#include <string.h>

#define ROLE_ANNOTATION "eks.amazonaws.com/role-arn"
#define ROLE_PATTERN    "^arn:aws[\\w-]*:iam::[0-9]{1,30}:role/.{1,200}$"
#define STS_PATTERN     "^https://(.+\\.)?sts(-fips)?(\\.[^.]+)?(\\.vpce)?\\.amazonaws\\.com$"
#define CLUSTER_PATTERN "^arn:aws[\\w-]*:eks:([^:]{1,100}):[0-9]{1,30}:cluster/(.{1,200})$"
#define SIGNED_SECONDS  900 /* how long CodeCommit's passwords and clusters' tokens are good */
#define STS_VERSION     "2011-06-15"

/* Regions of partitions that are not AWS's public one. */
static const struct {
    const char *prefix;
    const char *suffix;
} partitions[] = {
    { "cn-", "amazonaws.com.cn" },    { "eusc-", "amazonaws.eu" },      { "us-isob-", "sc2s.sgov.gov" },
    { "us-isof-", "csp.hci.ic.gov" }, { "eu-isoe-", "cloud.adc-e.uk" }, { "us-iso-", "c2s.ic.gov" },
};

const char *aws_public_url(struct arena *a, const char *service, const char *region)
{
    const char *suffix = "amazonaws.com";
    for (size_t i = 0; i < ARRAY_LEN(partitions); i++)
        if (str_starts(region, partitions[i].prefix))
            suffix = partitions[i].suffix;
    return str_fmt(a, "https://%s.%s.%s", service, region, suffix);
}

const char *aws_url(struct arena *a, const char *service, const char *region)
{
    char *name = str_fmt(a, "AWS_ENDPOINT_URL_%s", service);
    for (char *p = name; *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    const char *set = str_or(cloud_env(name), cloud_env("AWS_ENDPOINT_URL"));
    if (!set || str_eq_fold(cloud_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true"))
        return aws_public_url(a, service, region);
    return str_ends(set, "/") ? str_ndup(a, set, strlen(set) - 1) : set;
}

int aws_sts(struct ctx *cx, const struct cloud_aim *aim, const char **ret_url)
{
    if (str_empty(aim->sts_endpoint)) {
        *ret_url = aws_url(cx->arena, "sts", aim->region);
        return 0;
    }
    *ret_url = aim->sts_endpoint;
    return cloud_match(cx, "STS endpoint", STS_PATTERN, aim->sts_endpoint, NULL, 0);
}

/* ---- accounts ---------------------------------------------------------------------------------------------------- */

static int audience(struct ctx *cx UNUSED, const struct doc *account UNUSED, const char **ret)
{
    *ret = "sts.amazonaws.com";
    return 0;
}

static int identify(struct ctx *cx, const struct doc *account, const char **ret)
{
    *ret = cloud_annotation(account, ROLE_ANNOTATION);
    return cloud_match(cx, ROLE_ANNOTATION " annotation", ROLE_PATTERN, *ret, NULL, 0);
}

int aws_assume(struct ctx *cx, const struct aws_role *role, struct cloud_token *ret)
{
    const char *const form[] = {
        "Action",  "AssumeRoleWithWebIdentity", "Version",     STS_VERSION,        "RoleArn",
        role->arn, "RoleSessionName",           role->session, "WebIdentityToken", role->assertion,
        NULL
    };
    const struct cloud_ask ask = {
        .method = "POST",
        .url = str_fmt(cx->arena, "%s/", role->endpoint),
        .body = cloud_form(cx->arena, form),
        .proxy = role->proxy,
        .as = CLOUD_XML,
    };
    struct doc *answer;
    int64_t expires_ns;
    if (cloud_ask(cx, &ask, &answer) < 0)
        return err_code(cx);
    const struct doc *given = doc_path(answer, "AssumeRoleWithWebIdentityResponse",
                                       "AssumeRoleWithWebIdentityResult", "Credentials");
    struct cloud_token token = {
        .key_id = doc_text_at(given, "AccessKeyId"),
        .secret = doc_text_at(given, "SecretAccessKey"),
        .token = doc_text_at(given, "SessionToken"),
    };
    if (!cloud_is_token(token.key_id) || !cloud_is_token(token.secret) || !cloud_is_token(token.token) ||
        !gotime_parse_rfc3339(str_or(doc_text_at(given, "Expiration"), ""), &expires_ns))
        return err_fail(cx, ERR_INVALID, "the answer of %s holds no credentials with an end",
                        url_mask(cx->arena, ask.url));
    token.expires_at = expires_ns / GOTIME_SECOND;
    *ret = token;
    return 0;
}

static int exchange(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, const char *assertion,
                    struct cloud_token *ret)
{
    struct aws_role role = {
        .arn = c->identity,
        .assertion = assertion,
        .proxy = c->req.proxy,
    };
    if (str_empty(aim->region))
        return err_fail(
            cx, ERR_INVALID,
            "an AWS region is required for authenticating with a service account. please configure "
            "one in the object spec");
    role.session = str_fmt(cx->arena, "%s.%s.%s.fluxcd.io", c->account_name, c->req.ns, aim->region);
    return aws_sts(cx, aim, &role.endpoint) < 0 ? err_code(cx) : aws_assume(cx, &role, ret);
}

/* A signature is worth no more than the session of who signed. */
static int64_t signed_until(const struct sigv4 *s)
{
    int64_t end = s->now + SIGNED_SECONDS, session = s->token->expires_at;
    return session && session < end ? session : end;
}

/* ---- CodeCommit -------------------------------------------------------------------------------------------------- */

/* "https://git-codecommit.<region>.amazonaws.com/...". */
static int region_of_git(struct ctx *cx, const char *url, const char **ret_region)
{
    struct url u;
    size_t count;
    if (url_parse(cx, url, &u) < 0)
        return err_wrap(cx, "failed to parse CodeCommit URL");
    if (!str_eq(u.scheme, "https"))
        return err_fail(cx, ERR_INVALID, "AWS CodeCommit authentication requires an HTTPS Git URL");
    char **labels = str_split(cx->arena, str_or(u.host, ""), '.', &count);
    bool known = str_eq(labels[0], "git-codecommit") || str_eq(labels[0], "git-codecommit-fips");
    if (count < 4 || !known ||
        (!str_ends(u.host, ".amazonaws.com") && !str_ends(u.host, ".amazonaws.com.cn")))
        return err_fail(cx, ERR_INVALID, "invalid AWS CodeCommit Git URL: %s", str_or(u.host, ""));
    *ret_region = labels[1];
    return 0;
}

static int git_aim(struct ctx *cx, const char *url, struct cloud_aim *ret_aim, const char **ret_input)
{
    if (region_of_git(cx, url, &ret_aim->region) < 0)
        return err_code(cx);
    *ret_input = url;
    return 0;
}

static int git(struct ctx *cx, const char *input, const struct cloud_token *token, struct cloud_git *ret,
               int64_t *ret_expires_at)
{
    struct sigv4 s = { .token = token, .service = "codecommit", .now = gotime_now() };
    if (region_of_git(cx, input, &s.region) < 0 || sigv4_codecommit(cx, &s, input, &ret->password) < 0)
        return err_code(cx);
    ret->user =
        str_empty(token->token) ? token->key_id : str_fmt(cx->arena, "%s%%%s", token->key_id, token->token);
    *ret_expires_at = signed_until(&s);
    return 0;
}

/* ---- EKS --------------------------------------------------------------------------------------------------------- */

static int parse_cluster(struct ctx *cx, const char *cluster, const char **ret_region, const char **ret_name)
{
    const char *groups[2];
    if (cloud_match(cx, "EKS cluster ARN", CLUSTER_PATTERN, cluster, groups, 2) < 0)
        return err_code(cx);
    *ret_region = groups[0];
    *ret_name = groups[1];
    return 0;
}

static int cluster_aims(struct ctx *cx, const struct cloud_cluster_request *req, struct cloud_aim *ret_aims,
                        size_t *ret_count)
{
    const char *name;
    *ret_count = 1;
    return parse_cluster(cx, req->cluster, &ret_aims[0].region, &name);
}

static int describe(struct ctx *cx, const struct cloud *c, const struct sigv4 *s, const char *name,
                    struct doc **ret)
{
    struct sigv4 eks = *s;
    struct cloud_ask ask = {
        .url = str_fmt(cx->arena, "%s/clusters/%s", aws_url(cx->arena, "eks", s->region),
                       url_escape(cx->arena, name)),
        .proxy = c->req.proxy,
    };
    eks.service = "eks";
    if (sigv4_headers(cx, &eks, "GET", ask.url, SIGV4_EMPTY, &ask.headers, &ask.header_count) < 0)
        return err_code(cx);
    return cloud_ask(cx, &ask, ret);
}

/* What the request does not say of where the cluster is. */
static int complete(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                    const struct sigv4 *s, const char *name, struct cloud_cluster *ret)
{
    struct doc *answer;
    if (!str_empty(req->address) && ret->ca_pem)
        return cloud_server(cx, req->address, &ret->server);
    if (describe(cx, c, s, name, &answer) < 0)
        return err_wrap(cx, "failed to describe EKS cluster '%s'", req->cluster);
    if (!ret->ca_pem &&
        cloud_decode_ca(cx, "EKS", doc_text_at(answer, "cluster", "certificateAuthority", "data"),
                        &ret->ca_pem) < 0)
        return err_code(cx);
    return cloud_endpoint(cx, "EKS", req, doc_text_at(answer, "cluster", "endpoint"), &ret->server);
}

static int cluster(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                   const struct cloud_token *tokens, struct cloud_cluster *ret)
{
    struct sigv4 s = { .token = &tokens[0], .service = "sts", .now = gotime_now() };
    const char *name, *url;
    ret->ca_pem = str_empty(req->ca_pem) ? NULL : req->ca_pem;
    ret->expires_at = signed_until(&s);
    if (parse_cluster(cx, req->cluster, &s.region, &name) < 0 || complete(cx, c, req, &s, name, ret) < 0)
        return err_code(cx);
    const char *identity = str_fmt(cx->arena, "%s/?Action=GetCallerIdentity&Version=" STS_VERSION,
                                   aws_public_url(cx->arena, "sts", s.region));
    if (sigv4_presign(cx, &s, identity, str_fmt(cx->arena, "x-k8s-aws-id:%s", name), SIGNED_SECONDS, &url) <
        0)
        return err_wrap(cx, "failed to presign GetCallerIdentity request");
    ret->bearer = str_fmt(cx->arena, "k8s-aws-v1.%s", base64_encode_url(cx->arena, url, strlen(url)));
    return 0;
}

const struct cloud_provider cloud_aws = {
    .name = "aws",
    .audience = audience,
    .identify = identify,
    .own = aws_own,
    .exchange = exchange,
    .git_aim = git_aim,
    .git = git,
    .git_hint = "with a signature for AWS CodeCommit",
    .cluster_aims = cluster_aims,
    .cluster = cluster,
};
