/*
 * generic.c: provider "generic": tokens of this cluster's service accounts, which another cluster trusts by OIDC.
 */
#include "libgotk/cloud/provider.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/accounttoken.h"

#define POD_TOKEN     "/var/run/secrets/kubernetes.io/serviceaccount/token"
#define POD_TOKEN_MAX ((size_t)64 << 10)

static int read_claims(struct ctx *cx, const char *token, struct doc **ret)
{
    size_t count, len;
    char **parts = str_split(cx->arena, token, '.', &count), *claims;
    if (count != 3)
        err_fail(cx, ERR_INVALID, "token contains an invalid number of segments");
    else if (base64_decode_url(cx, parts[1], &claims, &len) == 0 &&
             json_parse(cx, claims, len, "claims", ret) == 0)
        return 0;
    return err_wrap(cx, "failed to parse service account token");
}

/* The account this process runs as, from the token its pod finds mounted: "system:serviceaccount:ns:name". */
static int find_own(struct ctx *cx, struct account_token *which)
{
    struct buf file;
    struct doc *claims;
    size_t count;
    if (fs_read_file(cx, POD_TOKEN, POD_TOKEN_MAX, &file) < 0)
        return err_wrap(cx, "failed to read service account token file %s", POD_TOKEN);
    if (read_claims(cx, str_trim(cx->arena, buf_text(&file)), &claims) < 0)
        return err_code(cx);
    const char *subject = str_or(doc_text_at(claims, "sub"), "");
    char **parts = str_split(cx->arena, subject, ':', &count);
    if (count != 4)
        return err_fail(cx, ERR_INVALID, "invalid subject format in service account token: %s", subject);
    which->ns = parts[2];
    which->name = parts[3];
    return 0;
}

static int own(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, struct cloud_token *ret)
{
    struct account_token which = { .audiences = c->req.audiences, .audience_count = c->req.audience_count };
    if (!which.audience_count) {
        which.audiences = aim->audiences;
        which.audience_count = aim->audience_count;
    }
    if (find_own(cx, &which) < 0)
        return err_code(cx);
    if (account_token_make(cx, c->req.kube, &which, &ret->token, &ret->expires_at) < 0)
        return err_wrap(cx, "failed to create kubernetes token for controller service account '%s/%s'",
                        which.ns, which.name);
    return 0;
}

static int identify(struct ctx *cx, const struct doc *account, const char **ret)
{
    *ret = str_fmt(cx->arena, "system:serviceaccount:%s:%s",
                   str_or(doc_text_at(account, "metadata", "namespace"), ""),
                   str_or(doc_text_at(account, "metadata", "name"), ""));
    return 0;
}

/* The token is what was asked for. */
static int exchange(struct ctx *cx, const struct cloud *c UNUSED, const struct cloud_aim *aim UNUSED,
                    const char *assertion, struct cloud_token *ret)
{
    struct doc *claims;
    if (read_claims(cx, assertion, &claims) < 0)
        return err_code(cx);
    if (!doc_get_int(doc_find(claims, "exp"), &ret->expires_at))
        return err_fail(cx, ERR_INVALID, "failed to get expiration time from service account token");
    ret->token = assertion;
    return 0;
}

/* Whom the token is for: the address, unless audiences are named. Checked first: it must not be asked for in vain. */
static int cluster_aims(struct ctx *cx, const struct cloud_cluster_request *req, struct cloud_aim *ret_aims,
                        size_t *ret_count)
{
    const char *server, **list = ARENA_NEW(cx->arena, const char *);
    if (str_empty(req->address))
        return err_fail(cx, ERR_INVALID, "cluster address is required to create a REST config");
    if (cloud_server(cx, req->address, &server) < 0)
        return err_wrap(cx, "failed to parse cluster address %s", req->address);
    *list = req->address;
    ret_aims[0].audiences = list;
    ret_aims[0].audience_count = 1;
    *ret_count = 1;
    return 0;
}

static int cluster(struct ctx *cx, const struct cloud *c UNUSED, const struct cloud_cluster_request *req,
                   const struct cloud_token *tokens, struct cloud_cluster *ret)
{
    *ret = (struct cloud_cluster){ .ca_pem = str_empty(req->ca_pem) ? NULL : req->ca_pem,
                                   .bearer = tokens[0].token,
                                   .expires_at = tokens[0].expires_at };
    return cloud_server(cx, req->address, &ret->server);
}

const struct cloud_provider cloud_generic = {
    .name = "generic",
    .identify = identify,
    .own = own,
    .exchange = exchange,
    .cluster_aims = cluster_aims,
    .cluster = cluster,
};
