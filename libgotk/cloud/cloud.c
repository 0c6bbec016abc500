/*
 * cloud.c: from an object's account to tokens, and what is made of them; the contract is in cloud.h. Any worker.
 */
#include "libgotk/cloud/provider.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/ask.h"
#include "libgotk/doc/decode.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/accounttoken.h"
#include "libgotk/net/url.h"

#define KEY_MAX    ((size_t)1 << 20)
#define FILE_MAX   ((size_t)64 << 10)
#define GROUPS_MAX 4

static const struct cloud_provider *const providers[] = { &cloud_aws, &cloud_azure, &cloud_gcp,
                                                          &cloud_generic };

static const struct field token_fields[] = {
    FIELD(struct cloud_token, token, "token", 0),
    FIELD(struct cloud_token, key_id, "keyID", 0),
    FIELD(struct cloud_token, secret, "secret", 0),
    FIELD(struct cloud_token, expires_at, "expiresAt", 0),
    FIELD_END,
};

static const struct field git_fields[] = {
    FIELD(struct cloud_git, bearer, "bearer", 0),
    FIELD(struct cloud_git, user, "user", 0),
    FIELD(struct cloud_git, password, "password", 0),
    FIELD_END,
};

static const struct field cluster_fields[] = {
    FIELD(struct cloud_cluster, server, "server", FIELD_REQUIRED),
    FIELD(struct cloud_cluster, ca_pem, "ca", 0),
    FIELD(struct cloud_cluster, bearer, "bearer", FIELD_REQUIRED),
    FIELD(struct cloud_cluster, expires_at, "expiresAt", 0),
    FIELD_END,
};

/* ---- who asks ---------------------------------------------------------------------------------------------------- */

static int find_provider(struct ctx *cx, const char *name, const struct cloud_provider **ret)
{
    for (size_t i = 0; i < ARRAY_LEN(providers); i++)
        if (str_eq(providers[i]->name, name)) {
            *ret = providers[i];
            return 0;
        }
    return err_fail(cx, ERR_INVALID, "provider '%s' not implemented", str_or(name, ""));
}

static int get_account(struct ctx *cx, const struct cloud *c, struct doc **ret)
{
    const struct kube_ref ref = { "v1", "ServiceAccount", c->req.ns, c->account_name };
    if (kube_get(cx, c->req.kube, &ref, ret) >= 0)
        return 0;
    if (err_code(cx) == ERR_NOT_FOUND && str_empty(c->req.account))
        err_fail(cx, ERR_NOT_FOUND,
                 "the specified default service account does not exist in the object namespace. your cluster "
                 "is subject to multi-tenant workload identity lockdown, reach out to your cluster "
                 "administrator for help");
    return err_wrap(cx, "failed to get service account '%s/%s'", ref.ns, ref.name);
}

/* Whom the account's token is for: as wanted, else as the provider has it. */
static int find_audience(struct ctx *cx, struct cloud *c)
{
    const char **list = ARENA_NEW(cx->arena, const char *);
    c->audiences = c->req.audiences;
    c->audience_count = c->req.audience_count;
    if (c->audience_count || !c->provider->audience)
        return 0;
    if (c->provider->audience(cx, c->account, list) < 0)
        return err_wrap(cx, "failed to get provider audience");
    c->audiences = list;
    c->audience_count = *list != NULL;
    return 0;
}

int cloud_prepare(struct ctx *cx, const struct cloud_request *req, struct cloud **ret)
{
    struct cloud *c = ARENA_NEW(cx->arena, struct cloud);
    const char *account = str_or(req->account, req->default_account);
    struct doc *object;
    *c = (struct cloud){ .req = *req, .identity = "" };
    if (find_provider(cx, req->provider, &c->provider) < 0)
        return err_code(cx);
    *ret = c;
    if (str_empty(account))
        return 0;
    c->account_name = account;
    if (get_account(cx, c, &object) < 0)
        return err_code(cx);
    c->account = object;
    if (find_audience(cx, c) < 0)
        return err_code(cx);
    if (c->provider->identify && c->provider->identify(cx, c->account, &c->identity) < 0)
        return err_wrap(cx, "failed to get provider identity from service account '%s/%s' annotations",
                        req->ns, account);
    return 0;
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

/* One look-up of a token. */
struct look_up {
    const struct cloud *cloud;
    const struct cloud_aim *aim;
};

/* The text and the end of what is kept. */
static void keep(struct ctx *cx, const struct field *fields, const void *what, const char **ret_text)
{
    *ret_text = json_text(cx->arena, encode_struct(cx->arena, fields, what), JSON_COMPACT);
}

static int take(struct ctx *cx, const struct field *fields, const char *text, void *ret)
{
    struct doc *d;
    return json_parse(cx, text, strlen(text), "token", &d) < 0 ? err_code(cx)
                                                               : decode_struct(cx, d, fields, "", ret);
}

static int by_account(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim,
                      struct cloud_token *ret)
{
    struct account_token which = { c->req.ns, c->account_name, c->audiences, c->audience_count };
    const char *assertion;
    int64_t expires_at;
    if (!which.audience_count) {
        which.audiences = aim->audiences;
        which.audience_count = aim->audience_count;
    }
    if (!c->req.object_identity)
        return err_fail(cx, ERR_DENIED, "ObjectLevelWorkloadIdentity feature gate is not enabled");
    if (account_token_make(cx, c->req.kube, &which, &assertion, &expires_at) < 0)
        return err_wrap(cx, "failed to create kubernetes token for service account '%s/%s'", which.ns,
                        which.name);
    if (c->provider->exchange(cx, c, aim, assertion, ret) < 0)
        return err_wrap(cx, "failed to create provider access token for service account '%s/%s'", which.ns,
                        which.name);
    return 0;
}

static int make_token(struct ctx *cx, void *user, const char **ret_text, int64_t *ret_expires_at)
{
    const struct look_up *l = user;
    const struct cloud *c = l->cloud;
    struct cloud_token token = { 0 };
    if (c->account && by_account(cx, c, l->aim, &token) < 0)
        return err_code(cx);
    if (!c->account && c->provider->own(cx, c, l->aim, &token) < 0)
        return err_wrap(cx, "failed to create provider access token for the controller");
    keep(cx, token_fields, &token, ret_text);
    *ret_expires_at = token.expires_at;
    return 0;
}

static const char *digest(struct arena *a, const struct buf *text)
{
    return hash_sha256_hex(a, buf_text(text), text->len);
}

/* All that makes a token what it is. */
static const char *token_key(struct arena *a, const struct cloud *c, const struct cloud_aim *aim)
{
    bool own = !c->audience_count;
    struct buf text = buf_new(a, KEY_MAX);
    buf_fmt(&text, "provider=%s\n", c->provider->name);
    for (size_t i = 0; i < (own ? aim->audience_count : c->audience_count); i++)
        buf_fmt(&text, "audience=%s\n", own ? aim->audiences[i] : c->audiences[i]);
    if (c->account)
        buf_fmt(&text, "identity=%s\naccount=%s/%s\n", c->identity, c->req.ns, c->account_name);
    buf_fmt(&text, "scope=%s\nregion=%s\nendpoint=%s\nproxy=%s\nca=%s\n", str_or(aim->scope, ""),
            str_or(aim->region, ""), str_or(aim->sts_endpoint, ""), str_or(c->req.proxy, ""),
            str_or(c->req.ca_pem, ""));
    return digest(a, &text);
}

int cloud_token(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, struct cloud_token *ret,
                const char **ret_key)
{
    struct look_up l = { c, aim };
    const struct token_maker maker = { make_token, &l };
    const char *key = token_key(cx->arena, c, aim), *text;
    struct cloud_token token = { 0 };
    if (ret_key)
        *ret_key = key;
    if (tokencache_get(cx, c->req.tokens, key, &c->req.user, &maker, &text) < 0 ||
        take(cx, token_fields, text, &token) < 0)
        return err_code(cx);
    *ret = token;
    return 0;
}

/* ---- Git --------------------------------------------------------------------------------------------------------- */

struct git_look_up {
    const struct cloud *cloud;
    const char *input;
    struct cloud_token token;
};

static int make_git(struct ctx *cx, void *user, const char **ret_text, int64_t *ret_expires_at)
{
    const struct git_look_up *l = user;
    struct cloud_git git = { 0 };
    if (l->cloud->provider->git(cx, l->input, &l->token, &git, ret_expires_at) < 0)
        return err_wrap(cx, "failed to create Git credentials");
    keep(cx, git_fields, &git, ret_text);
    return 0;
}

/* What the token is for, and what the cache's key depends on. */
static int git_aim(struct ctx *cx, const struct cloud_provider *p, const char *url, struct cloud_aim *aim,
                   const char **ret_input)
{
    if (!p->git)
        return err_fail(cx, ERR_UNSUPPORTED, "provider '%s' does not support Git credentials", p->name);
    return p->git_aim(cx, url, aim, ret_input);
}

int cloud_check_git(struct ctx *cx, const char *provider, const char *url)
{
    const struct cloud_provider *p;
    struct cloud_aim aim = { 0 };
    const char *input;
    return find_provider(cx, provider, &p) < 0 ? err_code(cx) : git_aim(cx, p, url, &aim, &input);
}

int cloud_git(struct ctx *cx, const struct cloud *c, const char *url, struct cloud_git *ret)
{
    struct git_look_up l = { .cloud = c };
    const struct token_maker maker = { make_git, &l };
    struct cloud_aim aim = { 0 };
    struct cloud_git git = { .hint = c->provider->git_hint };
    const char *text;
    if (git_aim(cx, c->provider, url, &aim, &l.input) < 0)
        return err_code(cx);
    if (cloud_token(cx, c, &aim, &l.token, &git.keys[0]) < 0)
        return err_wrap(cx, "failed to get access token for Git repository");
    const char *all = str_fmt(cx->arena, "token=%s\ngit=%s\n", git.keys[0], l.input);
    git.keys[1] = hash_sha256_hex(cx->arena, all, strlen(all));
    if (tokencache_get(cx, c->req.tokens, git.keys[1], &c->req.user, &maker, &text) < 0 ||
        take(cx, git_fields, text, &git) < 0)
        return err_code(cx);
    *ret = git;
    return 0;
}

/* ---- clusters ---------------------------------------------------------------------------------------------------- */

struct cluster_look_up {
    const struct cloud *cloud;
    const struct cloud_cluster_request *req;
    struct cloud_token tokens[CLOUD_AIMS_MAX];
};

static int make_cluster(struct ctx *cx, void *user, const char **ret_text, int64_t *ret_expires_at)
{
    const struct cluster_look_up *l = user;
    struct cloud_cluster cluster = { 0 };
    if (l->cloud->provider->cluster(cx, l->cloud, l->req, l->tokens, &cluster) < 0)
        return err_code(cx);
    keep(cx, cluster_fields, &cluster, ret_text);
    *ret_expires_at = cluster.expires_at;
    return 0;
}

int cloud_check_cluster(struct ctx *cx, const char *provider, const struct cloud_cluster_request *req)
{
    struct cloud_aim aims[CLOUD_AIMS_MAX] = { 0 };
    const struct cloud_provider *p;
    size_t count;
    return find_provider(cx, provider, &p) < 0 ? err_code(cx) : p->cluster_aims(cx, req, aims, &count);
}

int cloud_cluster(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                  struct cloud_cluster *ret)
{
    struct cluster_look_up l = { .cloud = c, .req = req };
    const struct token_maker maker = { make_cluster, &l };
    struct cloud_aim aims[CLOUD_AIMS_MAX] = { 0 };
    struct buf keys = buf_new(cx->arena, KEY_MAX);
    struct cloud_cluster cluster = { 0 };
    const char *key, *text;
    size_t count;
    if (c->provider->cluster_aims(cx, req, aims, &count) < 0)
        return err_code(cx);
    for (size_t i = 0; i < count; i++) {
        if (cloud_token(cx, c, &aims[i], &l.tokens[i], &key) < 0)
            return err_wrap(cx, "failed to get access token for cluster");
        buf_fmt(&keys, "token=%s\n", key);
    }
    buf_fmt(&keys, "cluster=%s\naddress=%s\n", str_or(req->cluster, ""), str_or(req->address, ""));
    if (tokencache_get(cx, c->req.tokens, digest(cx->arena, &keys), &c->req.user, &maker, &text) < 0 ||
        take(cx, cluster_fields, text, &cluster) < 0)
        return err_code(cx);
    *ret = cluster;
    return 0;
}

/* ---- what providers share ---------------------------------------------------------------------------------------- */

const char *cloud_annotation(const struct doc *account, const char *key)
{
    return doc_text_at(account, "metadata", "annotations", key);
}

const char *cloud_env(const char *name)
{
    const char *value = getenv(name);
    return str_empty(value) ? NULL : value;
}

int cloud_read_file(struct ctx *cx, const char *variable, const char *path, const char **ret_text)
{
    struct buf file;
    if (fs_read_file(cx, path, FILE_MAX, &file) < 0)
        return err_wrap(cx, "%s", variable);
    *ret_text = str_trim(cx->arena, buf_text(&file));
    return 0;
}

int cloud_match(struct ctx *cx, const char *what, const char *pattern, const char *text, const char **ret,
                size_t count)
{
    struct regex_span spans[GROUPS_MAX];
    struct regex *re;
    ASSERT(count < GROUPS_MAX);
    text = str_or(text, "");
    if (regex_compile(cx, pattern, 0, &re) < 0)
        return err_code(cx);
    int rc = regex_match(cx, re, text, strlen(text), 0, spans, count + 1);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_fail(cx, ERR_INVALID, "invalid %s: '%s'. must match %s", what, text, pattern);
    for (size_t i = 0; i < count; i++)
        ret[i] = str_ndup(cx->arena, text + spans[i + 1].start, spans[i + 1].end - spans[i + 1].start);
    return 0;
}

int cloud_server(struct ctx *cx, const char *address, const char **ret_server)
{
    const char *full = str_starts(address, "http") ? address : str_fmt(cx->arena, "https://%s", address);
    struct url url;
    if (url_parse(cx, full, &url) < 0)
        return err_wrap(cx, "failed to parse Kubernetes API server address '%s'", address);
    if (!str_eq(url.scheme, "https"))
        return err_fail(cx, ERR_INVALID, "the Kubernetes API server address '%s' must use https scheme",
                        full);
    struct url origin = { .scheme = "https", .host = url.host, .port = str_or(url.port, "443"), .path = "" };
    *ret_server = url_print(cx->arena, &origin, false);
    return 0;
}

int cloud_endpoint(struct ctx *cx, const char *what, const struct cloud_cluster_request *req,
                   const char *endpoint, const char **ret_server)
{
    const char *wanted = NULL;
    if (str_empty(endpoint))
        return err_fail(cx, ERR_NOT_READY, "%s cluster '%s' has no endpoint yet", what, req->cluster);
    if (!str_empty(req->address) && cloud_server(cx, req->address, &wanted) < 0)
        return err_wrap(cx, "failed to parse specified cluster address '%s'", req->address);
    if (cloud_server(cx, endpoint, ret_server) < 0)
        return err_wrap(cx, "failed to parse %s endpoint '%s'", what, endpoint);
    if (wanted && !str_eq(wanted, *ret_server))
        return err_fail(cx, ERR_INVALID, "%s endpoint '%s' does not match specified address: '%s'", what,
                        endpoint, req->address);
    return 0;
}

int cloud_decode_ca(struct ctx *cx, const char *what, const char *text, const char **ret_pem)
{
    char *pem;
    size_t len;
    if (base64_decode(cx, str_or(text, ""), &pem, &len) < 0)
        return err_wrap(cx, "failed to decode %s CA certificate", what);
    *ret_pem = len ? pem : NULL;
    return 0;
}
