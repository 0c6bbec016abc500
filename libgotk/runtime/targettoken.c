/*
 * targettoken.c: logging in by a service account's token; the contract is in targettoken.h.
 *
 * The first token is asked for at once, so that what is wrong with the account shows before anything is sent elsewhere.
 */
#include "libgotk/runtime/targettoken.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/json.h"
#include "libgotk/net/url.h"

#include <string.h>

#define POD_TOKEN     "/var/run/secrets/kubernetes.io/serviceaccount/token"
#define POD_TOKEN_MAX ((size_t)64 << 10)

/* What makes a token, in the arena of the run it is for. */
struct maker {
    struct manager *manager;
    struct account_tokens *tokens;
    const struct target_spec *spec;
    struct account_token which;
    bool is_own; /* the controller's own account */
};

/* ---- whose token ------------------------------------------------------------------------------------------------- */

/* The subject of a JSON Web Token: "system:serviceaccount:ns:name". */
static int read_subject(struct ctx *cx, const char *token, const char **ret_subject)
{
    size_t count, len;
    char **parts = str_split(cx->arena, token, '.', &count), *claims;
    struct doc *d;
    if (count != 3)
        return err_fail(cx, ERR_INVALID, "token contains an invalid number of segments");
    if (base64_decode_url(cx, parts[1], &claims, &len) < 0 || json_parse(cx, claims, len, "claims", &d) < 0)
        return err_code(cx);
    *ret_subject = str_or(doc_text_at(d, "sub"), "");
    return 0;
}

/* The account this process runs as, from the token its pod finds mounted. */
static int find_own_account(struct ctx *cx, struct account_token *which)
{
    struct buf file;
    const char *subject;
    size_t count;
    if (fs_read_file(cx, POD_TOKEN, POD_TOKEN_MAX, &file) < 0)
        return err_wrap(cx, "failed to read service account token file %s", POD_TOKEN);
    if (read_subject(cx, str_trim(cx->arena, buf_text(&file)), &subject) < 0)
        return err_wrap(cx, "failed to parse service account token");
    char **parts = str_split(cx->arena, subject, ':', &count);
    if (count != 4)
        return err_fail(cx, ERR_INVALID, "invalid subject format in service account token: %s", subject);
    which->ns = parts[2];
    which->name = parts[3];
    return 0;
}

/* The account must be there: its token may still be in the cache. */
static int check_account(struct ctx *cx, struct maker *maker, bool by_default)
{
    struct kube_ref ref = { "v1", "ServiceAccount", maker->which.ns, maker->which.name };
    struct doc *account;
    if (kube_get(cx, manager_kube(maker->manager), &ref, &account) == 0)
        return 0;
    if (by_default && err_code(cx) == ERR_NOT_FOUND)
        err_fail(cx, ERR_NOT_FOUND,
                 "the specified default service account does not exist in the object namespace. your cluster "
                 "is subject to multi-tenant workload identity lockdown, reach out to your cluster "
                 "administrator for help");
    return err_wrap(cx, "failed to get service account '%s/%s'", ref.ns, ref.name);
}

static int find_account(struct ctx *cx, struct maker *maker, const struct doc *data,
                        const struct targets_options *options)
{
    const char *named = doc_text_at(data, "serviceAccountName");
    const char *account = str_or(named, options->default_account);
    maker->is_own = str_empty(account);
    if (maker->is_own) {
        if (find_own_account(cx, &maker->which) < 0)
            return err_wrap(cx, "failed to create provider access token for the controller");
        return 0;
    }
    maker->which.ns = maker->spec->ns;
    maker->which.name = account;
    if (check_account(cx, maker, str_empty(named)) < 0)
        return err_code(cx);
    if (!options->object_identity)
        return err_fail(cx, ERR_DENIED, "ObjectLevelWorkloadIdentity feature gate is not enabled");
    return 0;
}

/* ---- the token --------------------------------------------------------------------------------------------------- */

static void count(const struct maker *maker, bool hit)
{
    const struct target_spec *spec = maker->spec;
    metrics_add(manager_metrics(maker->manager), METRIC_TOKEN_CACHE_REQUESTS, METRIC_LABELS("success"), 1);
    metrics_set(manager_metrics(maker->manager), METRIC_TOKEN_CACHE_ITEMS, METRIC_LABELS(NULL),
                (double)account_tokens_kept(maker->tokens));
    metrics_add(
        manager_metrics(maker->manager), METRIC_TOKEN_CACHE_EVENTS,
        METRIC_LABELS(hit ? "cache_hit" : "cache_miss", spec->kind, spec->name, spec->ns, "fetch_kubeconfig"),
        1);
}

static int wrap_token(struct ctx *cx, const struct maker *maker)
{
    if (maker->is_own)
        return err_wrap(cx,
                        "failed to create provider access token for the controller: failed to create "
                        "kubernetes token for controller service account '%s/%s'",
                        maker->which.ns, maker->which.name);
    return err_wrap(cx, "failed to create kubernetes token for service account '%s/%s'", maker->which.ns,
                    maker->which.name);
}

/* The bearer of one request; a kube_identity's. */
static int make_token(struct ctx *cx, void *source, const char **ret_token)
{
    const struct maker *maker = source;
    bool hit;
    if (account_tokens_get(cx, maker->tokens, manager_kube(maker->manager), &maker->which, ret_token, &hit) <
        0) {
        metrics_add(manager_metrics(maker->manager), METRIC_TOKEN_CACHE_REQUESTS, METRIC_LABELS("failure"),
                    1);
        wrap_token(cx, maker);
        return err_wrap(cx, "failed to get access token for cluster");
    }
    count(maker, hit);
    return 0;
}

/* ---- the cluster ------------------------------------------------------------------------------------------------- */

/* One audience a line; without any the address. */
static void read_audiences(struct ctx *cx, const struct doc *data, const char *address,
                           struct account_token *which)
{
    VEC(const char *) list = { 0 };
    size_t n;
    char **lines = str_split(cx->arena, str_or(doc_text_at(data, "audiences"), ""), '\n', &n);
    for (size_t i = 0; i < n; i++) {
        const char *audience = str_trim(cx->arena, lines[i]);
        if (*audience)
            vec_push(cx->arena, &list, audience);
    }
    if (!list.len)
        vec_push(cx->arena, &list, address);
    which->audiences = list.at;
    which->audience_count = list.len;
}

/* "https://host:port", whatever path the address has. */
static int read_address(struct ctx *cx, const char *address, const char **ret_server)
{
    struct url url;
    if (str_empty(address))
        return err_fail(cx, ERR_INVALID, "cluster address is required to create a REST config");
    const char *full = str_starts(address, "http") ? address : str_fmt(cx->arena, "https://%s", address);
    if (url_parse(cx, full, &url) < 0)
        return err_wrap(cx, "failed to parse Kubernetes API server address '%s'", address);
    if (!str_eq(url.scheme, "https"))
        return err_fail(cx, ERR_INVALID, "the Kubernetes API server address '%s' must use https scheme",
                        full);
    struct url origin = { .scheme = "https", .host = url.host, .port = str_or(url.port, "443"), .path = "" };
    *ret_server = url_print(cx->arena, &origin, false);
    return 0;
}

static int check_provider(struct ctx *cx, const char *provider)
{
    static const char *const clouds[] = { "aws", "azure", "gcp" };
    for (size_t i = 0; i < ARRAY_LEN(clouds); i++)
        if (str_eq(provider, clouds[i]))
            return err_fail(
                cx, ERR_UNSUPPORTED,
                "provider '%s' is not supported by this version of the controller, only 'generic' "
                "and spec.kubeConfig.secretRef are",
                provider);
    return str_eq(provider, "generic")
               ? 0
               : err_fail(cx, ERR_INVALID, "provider '%s' not implemented", str_or(provider, ""));
}

int targettoken_of_config_map(struct ctx *cx, struct manager *m, struct account_tokens *tokens,
                              const struct target_spec *spec, const char *map,
                              const struct targets_options *options, struct kube_config *config,
                              struct kube_identity *identity)
{
    struct kube_ref ref = { "v1", "ConfigMap", spec->ns, map };
    struct maker *maker = ARENA_NEW(cx->arena, struct maker);
    struct target_spec *copy = ARENA_NEW(cx->arena, struct target_spec);
    struct doc *object;
    const char *token;
    *copy = *spec;
    *maker = (struct maker){ .manager = m, .tokens = tokens, .spec = copy };
    if (kube_get(cx, manager_kube(m), &ref, &object) < 0)
        return err_wrap(cx, "failed to get configmap %s/%s", ref.ns, ref.name);
    const struct doc *data = doc_find(object, "data");
    const char *address = doc_text_at(data, "address"), *ca = doc_text_at(data, "ca.crt");
    if (check_provider(cx, doc_text_at(data, "provider")) < 0 ||
        read_address(cx, address, &config->server) < 0)
        return err_code(cx);
    if (find_account(cx, maker, data, options) < 0)
        return err_wrap(cx, "failed to get access token for cluster");
    read_audiences(cx, data, address, &maker->which);
    config->ca_pem = str_empty(ca) ? NULL : ca;
    *identity = (struct kube_identity){ .bearer = make_token, .source = maker };
    return make_token(cx, maker, &token);
}
