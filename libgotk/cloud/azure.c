/*
 * azure.c: provider "azure": tokens of Microsoft Entra, Azure DevOps, AKS. Any worker.
 *
 * Three ways lead to a token: one that Kubernetes made for a service account (workload identity), a client's secret, or the
 * machine's own identity (the metadata service). Rejected: asking the `az` program, which upstream's controllers leave out
 * too.
 */
#include "libgotk/cloud/provider.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/ask.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/config.h"
#include "libgotk/net/url.h"

#include <string.h>

#define PUBLIC_CLOUD    "https://login.microsoftonline.com/"
#define METADATA        "http://169.254.169.254"
#define TENANT          "azure.workload.identity/tenant-id"
#define CLIENT          "azure.workload.identity/client-id"
#define ASSERTION       "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define DEVOPS_SCOPE    "499b84ac-1321-427f-aa17-267ca6975798/.default" /* Azure DevOps, as a resource */
#define AKS_SCOPE       "6dae42f8-4368-4678-94ff-3960e28e3630/.default" /* all AKS clusters */
#define DEFAULT_SCOPE   "/.default"
#define ENVIRONMENT     "AZURE_ENVIRONMENT_FILEPATH"
#define CLUSTER_VERSION "2022-04-01"
#define CLUSTER_PATTERN                                                                                      \
    "(?i)^/subscriptions/([^/]{36})/resourceGroups/([^/]{1,200})/providers/Microsoft\\.ContainerService/"    \
    "managedClusters/([^/]{1,200})$"
#define LIFE_MAX (30 * 24 * 3600)

/* Clouds besides the public one, by what AZURE_AUTHORITY_HOST contains. */
static const struct {
    const char *authority;
    const char *audience;
    const char *endpoint;
} managers[] = {
    { "chinacloudapi.cn", "https://management.core.chinacloudapi.cn/",
      "https://management.chinacloudapi.cn" },
    { "microsoftonline.us", "https://management.core.usgovcloudapi.net/",
      "https://management.usgovcloudapi.net" },
    { "", "https://management.core.windows.net/", "https://management.azure.com" },
};

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

static int read_token(struct ctx *cx, const struct doc *answer, struct cloud_token *ret)
{
    const char *token = doc_text_at(answer, "access_token");
    int64_t life;
    if (str_empty(token) || !cloud_number(doc_find(answer, "expires_in"), &life) || life < 0 ||
        life > LIFE_MAX)
        return err_fail(cx, ERR_INVALID, "the answer holds no token with an end");
    if (!cloud_is_token(token))
        return err_fail(cx, ERR_INVALID, "the answer of the exchange makes no sense");
    *ret = (struct cloud_token){ .token = token, .expires_at = gotime_now() + life };
    return 0;
}

/* Who asks Entra: a client, with an assertion or a secret. */
struct client {
    const char *tenant;
    const char *id;
    const char *assertion;
    const char *secret;
};

static int ask_entra(struct ctx *cx, const struct cloud *c, const struct client *client, const char *scope,
                     struct cloud_token *ret)
{
    const char *authority = str_or(cloud_env("AZURE_AUTHORITY_HOST"), PUBLIC_CLOUD);
    const char *const form[] = { "grant_type",
                                 "client_credentials",
                                 "client_id",
                                 client->id,
                                 "scope",
                                 scope,
                                 "client_assertion_type",
                                 client->assertion ? ASSERTION : NULL,
                                 "client_assertion",
                                 client->assertion,
                                 "client_secret",
                                 client->secret,
                                 NULL };
    const struct cloud_ask ask = {
        .method = "POST",
        .url = str_fmt(cx->arena, "%s%s%s/oauth2/v2.0/token", authority, str_ends(authority, "/") ? "" : "/",
                       url_escape(cx->arena, client->tenant)),
        .body = cloud_form(cx->arena, form),
        .proxy = c->req.proxy,
    };
    struct doc *answer;
    return cloud_ask(cx, &ask, &answer) < 0 ? err_code(cx) : read_token(cx, answer, ret);
}

/* The machine's identity; its service is next door, never behind a proxy. */
static int ask_machine(struct ctx *cx, const char *client, const char *scope, struct cloud_token *ret)
{
    static const char *const headers[] = { "Metadata: true" };
    size_t resource = strlen(scope) - (str_ends(scope, DEFAULT_SCOPE) ? strlen(DEFAULT_SCOPE) : 0);
    const char *const form[] = { "api-version", "2018-02-01",
                                 "resource",    str_ndup(cx->arena, scope, resource),
                                 "client_id",   client,
                                 NULL };
    const struct cloud_ask ask = {
        .url = str_fmt(cx->arena, "%s/metadata/identity/oauth2/token?%s",
                       str_or(cloud_env("AZURE_POD_IDENTITY_AUTHORITY_HOST"), METADATA),
                       cloud_form(cx->arena, form)),
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .direct = true,
    };
    struct doc *answer;
    return cloud_ask(cx, &ask, &answer) < 0 ? err_code(cx) : read_token(cx, answer, ret);
}

static int own(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, struct cloud_token *ret)
{
    struct client client = { .tenant = cloud_env("AZURE_TENANT_ID"),
                             .id = cloud_env("AZURE_CLIENT_ID"),
                             .secret = cloud_env("AZURE_CLIENT_SECRET") };
    const char *file = cloud_env("AZURE_FEDERATED_TOKEN_FILE");
    if (!client.tenant || !client.id || (!client.secret && !file))
        return ask_machine(cx, client.id, aim->scope, ret);
    if (!client.secret && cloud_read_file(cx, "AZURE_FEDERATED_TOKEN_FILE", file, &client.assertion) < 0)
        return err_code(cx);
    return ask_entra(cx, c, &client, aim->scope, ret);
}

static int audience(struct ctx *cx UNUSED, const struct doc *account UNUSED, const char **ret)
{
    *ret = "api://AzureADTokenExchange";
    return 0;
}

static int identify(struct ctx *cx, const struct doc *account, const char **ret)
{
    const char *tenant = cloud_annotation(account, TENANT), *client = cloud_annotation(account, CLIENT);
    if (!tenant || !client)
        return err_fail(cx, ERR_INVALID, "azure %s is not set in the service account annotation %s",
                        tenant ? "client ID" : "tenant ID", tenant ? CLIENT : TENANT);
    *ret = str_fmt(cx->arena, "%s/%s", tenant, client);
    return 0;
}

static int exchange(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, const char *assertion,
                    struct cloud_token *ret)
{
    const struct client client = {
        .tenant = cloud_annotation(c->account, TENANT),
        .id = cloud_annotation(c->account, CLIENT),
        .assertion = assertion,
    };
    return ask_entra(cx, c, &client, aim->scope, ret);
}

/* ---- Azure DevOps ------------------------------------------------------------------------------------------------ */

static int git_aim(struct ctx *cx UNUSED, const char *url UNUSED, struct cloud_aim *ret_aim,
                   const char **ret_input)
{
    ret_aim->scope = DEVOPS_SCOPE;
    *ret_input = "azure-devops";
    return 0;
}

static int git(struct ctx *cx UNUSED, const char *input UNUSED, const struct cloud_token *token,
               struct cloud_git *ret, int64_t *ret_expires_at)
{
    ret->bearer = token->token;
    *ret_expires_at = token->expires_at;
    return 0;
}

/* ---- AKS --------------------------------------------------------------------------------------------------------- */

/* The resource manager: of the file that describes a cloud, or of the cloud of the authority. */
static int find_manager(struct ctx *cx, const char **ret_audience, const char **ret_endpoint)
{
    const char *authority = str_or(cloud_env("AZURE_AUTHORITY_HOST"), ""), *path = cloud_env(ENVIRONMENT);
    const char *text;
    struct doc *d;
    size_t i = 0;
    if (!path) {
        while (!strstr(authority, managers[i].authority))
            i++;
        *ret_audience = managers[i].audience;
        *ret_endpoint = managers[i].endpoint;
        return 0;
    }
    if (cloud_read_file(cx, ENVIRONMENT, path, &text) < 0 || json_parse(cx, text, strlen(text), path, &d) < 0)
        return err_code(cx);
    *ret_audience = doc_text_at(d, "tokenAudience");
    *ret_endpoint = doc_text_at(d, "resourceManagerEndpoint");
    if (str_empty(*ret_audience) || str_empty(*ret_endpoint))
        return err_fail(cx, ERR_INVALID,
                        "resourceManagerEndpoint and tokenAudience must be set in the environment file");
    return 0;
}

static bool is_complete(const struct cloud_cluster_request *req)
{
    return !str_empty(req->address) && !str_empty(req->ca_pem);
}

static int cluster_aims(struct ctx *cx, const struct cloud_cluster_request *req, struct cloud_aim *ret_aims,
                        size_t *ret_count)
{
    const char *resource, *endpoint;
    ret_aims[0].scope = AKS_SCOPE;
    *ret_count = 1;
    if (is_complete(req))
        return 0;
    if (find_manager(cx, &resource, &endpoint) < 0)
        return err_code(cx);
    ret_aims[1].scope = str_fmt(cx->arena, "%s" DEFAULT_SCOPE, resource);
    *ret_count = 2;
    return 0;
}

/* A cluster at the resource manager. */
struct resource {
    const char *url; /* without "?api-version" */
    const struct cloud_token *token;
    const char *proxy;
};

static int ask_manager(struct ctx *cx, const struct resource *r, const char *action, struct doc **ret)
{
    const struct cloud_ask ask = {
        .method = action ? "POST" : "GET",
        .url = str_fmt(cx->arena, "%s%s?api-version=" CLUSTER_VERSION, r->url, str_or(action, "")),
        .bearer = r->token->token,
        .proxy = r->proxy,
    };
    return cloud_ask(cx, &ask, ret);
}

static int find_resource(struct ctx *cx, const char *cluster, struct resource *r)
{
    const char *parts[3], *resource, *endpoint;
    struct arena *a = cx->arena;
    if (cloud_match(cx, "AKS cluster ID", CLUSTER_PATTERN, cluster, parts, 3) < 0 ||
        find_manager(cx, &resource, &endpoint) < 0)
        return err_code(cx);
    size_t len = strlen(endpoint) - str_ends(endpoint, "/");
    r->url = str_fmt(
        a, "%.*s/subscriptions/%s/resourceGroups/%s/providers/Microsoft.ContainerService/managedClusters/%s",
        (int)len, endpoint, url_escape(a, parts[0]), url_escape(a, parts[1]), url_escape(a, parts[2]));
    return 0;
}

/* One kubeconfig of the answer. */
static int read_kubeconfig(struct ctx *cx, const struct doc *entry, size_t i, struct kube_config *ret)
{
    const char *name = str_fmt(cx->arena, "kubeconfig[%zu]", i);
    char *text;
    size_t len;
    if (base64_decode(cx, str_or(doc_text_at(entry, "value"), ""), &text, &len) < 0 ||
        kube_config_parse(cx, text, len, name, NULL, KUBE_CONFIG_FOREIGN, ret) < 0)
        return err_wrap(cx, "failed to parse %s", name);
    return 0;
}

/* The kubeconfig whose server is `wanted` (NULL: the first); only where the cluster is counts of it. */
static int choose(struct ctx *cx, const struct doc *answer, const struct cloud_cluster_request *req,
                  const char *wanted, struct kube_config *ret)
{
    struct buf seen = buf_new(cx->arena, (size_t)1 << 20);
    const char *server;
    size_t i = 0;
    doc_each (entry, doc_find(answer, "kubeconfigs")) {
        struct kube_config config = { 0 };
        if (read_kubeconfig(cx, entry, i++, &config) < 0)
            return err_code(cx);
        buf_fmt(&seen, "%s'%s'", seen.len ? ", " : "", config.server);
        if (cloud_server(cx, config.server, &server) < 0)
            return err_wrap(cx, "failed to parse address '%s' from kubeconfig[%zu]", config.server, i - 1);
        if (!wanted || str_eq(server, wanted)) {
            *ret = config;
            ret->server = server;
            return 0;
        }
    }
    if (!wanted)
        return err_fail(cx, ERR_NOT_FOUND, "no kubeconfig found for AKS cluster %s", req->cluster);
    return err_fail(
        cx, ERR_NOT_FOUND,
        "no kubeconfig found for AKS cluster %s matching the specified address '%s'. cluster addresses: [%s]",
        req->cluster, req->address, buf_text(&seen));
}

/* Where the cluster is, by the resource manager. */
static int look_up(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                   const struct cloud_token *token, struct cloud_cluster *ret)
{
    struct resource r = { .token = token, .proxy = c->req.proxy };
    struct kube_config config = { 0 };
    const char *wanted = NULL;
    struct doc *answer;
    if (find_resource(cx, req->cluster, &r) < 0)
        return err_code(cx);
    if (ask_manager(cx, &r, NULL, &answer) < 0)
        return err_wrap(cx, "failed to describe AKS cluster");
    if (!doc_path(answer, "properties", "aadProfile"))
        return err_fail(
            cx, ERR_INVALID,
            "AKS cluster %s does not have Microsoft Entra ID integration enabled. See docs for "
            "enabling: "
            "https://learn.microsoft.com/en-us/azure/aks/enable-authentication-microsoft-entra-id",
            req->cluster);
    if (!str_empty(req->address) && cloud_server(cx, req->address, &wanted) < 0)
        return err_wrap(cx, "failed to parse specified cluster address '%s'", req->address);
    if (ask_manager(cx, &r, "/listClusterUserCredential", &answer) < 0 ||
        choose(cx, answer, req, wanted, &config) < 0)
        return err_code(cx);
    ret->server = config.server;
    ret->ca_pem = ret->ca_pem ? ret->ca_pem : config.ca_pem;
    return 0;
}

static int cluster(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                   const struct cloud_token *tokens, struct cloud_cluster *ret)
{
    ret->ca_pem = str_empty(req->ca_pem) ? NULL : req->ca_pem;
    ret->bearer = tokens[0].token;
    ret->expires_at = tokens[0].expires_at;
    if (is_complete(req))
        return cloud_server(cx, req->address, &ret->server);
    return look_up(cx, c, req, &tokens[1], ret);
}

const struct cloud_provider cloud_azure = {
    .name = "azure",
    .audience = audience,
    .identify = identify,
    .own = own,
    .exchange = exchange,
    .git_aim = git_aim,
    .git = git,
    .git_hint = "with an access token of Microsoft Entra",
    .cluster_aims = cluster_aims,
    .cluster = cluster,
};
