/*
 * gcp.c: provider "gcp": workload identity federation, inside GKE and elsewhere, and GKE clusters. Any worker.
 *
 * Inside GKE the pool and its provider follow from where the cluster is, which the metadata service knows: asked once per
 * process, since it does not change, and kept behind one mutex.
 */
#include "libgotk/cloud/gcp.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/ask.h"
#include "libgotk/net/url.h"

#include <pthread.h>
#include <string.h>

#define EMAIL_ANNOTATION    "iam.gke.io/gcp-service-account"
#define EMAIL_PATTERN       "^[a-zA-Z0-9-]{1,100}@[a-zA-Z0-9-]{1,100}\\.iam\\.gserviceaccount\\.com$"
#define PROVIDER_ANNOTATION "gcp.auth.fluxcd.io/workload-identity-provider"
#define PROVIDER_PATTERN                                                                                     \
    "^projects/\\d{1,30}/locations/global/workloadIdentityPools/[^/]{1,100}/providers/[^/]{1,100}$"
#define CLUSTER_PATTERN "^projects/[^/]{1,200}/locations/[^/]{1,200}/clusters/[^/]{1,200}$"
#define METADATA        "169.254.169.254"
#define METADATA_MS     5000
#define TOKEN_TYPE_JWT  "urn:ietf:params:oauth:token-type:jwt"
#define LIFE_MAX        (30 * 24 * 3600)
#define FACT_MAX        256

/* ---- the machine's metadata -------------------------------------------------------------------------------------- */

/* What GKE says of the cluster this process runs in. */
static const char *const fact_paths[] = { "project/project-id", "instance/attributes/cluster-location",
                                          "instance/attributes/cluster-name" };
static const char *const fact_names[] = { "project ID", "location", "name" };

enum { PROJECT, LOCATION, NAME, FACTS };

static struct {
    pthread_mutex_t lock;
    bool loaded;
    char facts[FACTS][FACT_MAX];
} gke = { .lock = PTHREAD_MUTEX_INITIALIZER };

int gcp_metadata(struct ctx *cx, const char *path, int64_t as, struct doc **ret)
{
    static const char *const headers[] = { "Metadata-Flavor: Google" };
    const struct cloud_ask ask = {
        .url = str_fmt(cx->arena, "http://%s/computeMetadata/v1/%s",
                       str_or(cloud_env("GCE_METADATA_HOST"), METADATA), path),
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .direct = true,
        .as = as,
        .timeout_ms = METADATA_MS,
    };
    return cloud_ask(cx, &ask, ret);
}

static int load_facts(struct ctx *cx, char facts[FACTS][FACT_MAX])
{
    for (int i = 0; i < FACTS; i++) {
        struct doc *answer;
        if (gcp_metadata(cx, fact_paths[i], CLOUD_TEXT, &answer) == 0) {
            const char *text = str_or(doc_text(answer), "");
            if (*text && strlen(text) < FACT_MAX) {
                memcpy(facts[i], text, strlen(text) + 1);
                continue;
            }
            err_fail(cx, ERR_INVALID, *text ? "the value is too long" : "empty value");
        }
        return err_wrap(cx, "failed to get GKE cluster %s from the metadata service", fact_names[i]);
    }
    return 0;
}

/* Copies the facts; two workers that come first both ask. */
static int find_facts(struct ctx *cx, char facts[FACTS][FACT_MAX])
{
    pthread_mutex_lock(&gke.lock);
    bool loaded = gke.loaded;
    memcpy(facts, gke.facts, sizeof(gke.facts));
    pthread_mutex_unlock(&gke.lock);
    if (loaded)
        return 0;
    if (load_facts(cx, facts) < 0)
        return err_code(cx);
    pthread_mutex_lock(&gke.lock);
    memcpy(gke.facts, facts, sizeof(gke.facts));
    gke.loaded = true;
    pthread_mutex_unlock(&gke.lock);
    return 0;
}

/* ---- accounts ---------------------------------------------------------------------------------------------------- */

/* The provider that knows this cluster, when it is not GKE; NULL in *ret: it is. */
static int find_provider(struct ctx *cx, const struct doc *account, const char **ret)
{
    const char *provider = cloud_annotation(account, PROVIDER_ANNOTATION);
    *ret = NULL;
    if (str_empty(provider))
        return 0;
    if (cloud_match(cx, PROVIDER_ANNOTATION " annotation", PROVIDER_PATTERN, provider, NULL, 0) < 0)
        return err_code(cx);
    *ret = str_fmt(cx->arena, "//iam.googleapis.com/%s", provider);
    return 0;
}

static int audience(struct ctx *cx, const struct doc *account, const char **ret)
{
    char facts[FACTS][FACT_MAX];
    if (find_provider(cx, account, ret) < 0)
        return err_code(cx);
    if (*ret)
        return 0;
    if (find_facts(cx, facts) < 0)
        return err_code(cx);
    *ret = str_fmt(cx->arena, "%s.svc.id.goog", facts[PROJECT]);
    return 0;
}

/* The Google service account to act as; "" for the account's own principal. */
static int identify(struct ctx *cx, const struct doc *account, const char **ret)
{
    const char *email = str_or(cloud_annotation(account, EMAIL_ANNOTATION), "");
    *ret = email;
    return *email ? cloud_match(cx, EMAIL_ANNOTATION " annotation", EMAIL_PATTERN, email, NULL, 0) : 0;
}

/* Whom Google's token service takes the account's token for. */
static int find_pool(struct ctx *cx, const struct cloud *c, const char **ret)
{
    char facts[FACTS][FACT_MAX];
    if (find_provider(cx, c->account, ret) < 0)
        return err_code(cx);
    if (*ret)
        return 0;
    if (find_facts(cx, facts) < 0)
        return err_code(cx);
    *ret = str_fmt(cx->arena,
                   "identitynamespace:%s.svc.id.goog:https://container.googleapis.com/v1/projects/%s/"
                   "locations/%s/clusters/%s",
                   facts[PROJECT], facts[PROJECT], facts[LOCATION], facts[NAME]);
    return 0;
}

/* A service's address, unless gcloud's variable says otherwise; ends with a slash. */
static const char *service_url(struct arena *a, const char *variable, const char *usual)
{
    const char *url = str_or(cloud_env(variable), usual);
    return str_ends(url, "/") ? url : str_fmt(a, "%s/", url);
}

static int exchange(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim UNUSED,
                    const char *assertion, struct cloud_token *ret)
{
    struct arena *a = cx->arena;
    struct gcp_exchange x = {
        .url = str_fmt(a, "%sv1/token",
                       service_url(a, "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "https://sts.googleapis.com/")),
        .token = assertion,
        .token_type = TOKEN_TYPE_JWT,
        .proxy = c->req.proxy,
    };
    if (find_pool(cx, c, &x.audience) < 0)
        return err_code(cx);
    if (*c->identity)
        x.impersonate = str_fmt(a, "%sv1/projects/-/serviceAccounts/%s:generateAccessToken",
                                service_url(a, "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS",
                                            "https://iamcredentials.googleapis.com/"),
                                c->identity);
    return gcp_exchange(cx, &x, ret);
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

int gcp_read_token(struct ctx *cx, const struct doc *answer, struct cloud_token *ret)
{
    const char *token = doc_text_at(answer, "access_token");
    int64_t life;
    if (!cloud_is_token(token) || !cloud_number(doc_find(answer, "expires_in"), &life) || life < 0 ||
        life > LIFE_MAX)
        return err_fail(cx, ERR_INVALID, "the answer holds no token with an end");
    *ret = (struct cloud_token){ .token = token, .expires_at = gotime_now() + life };
    return 0;
}

/* As the Google service account, by the token of who may act as it. */
static int impersonate(struct ctx *cx, const struct gcp_exchange *x, const char *bearer,
                       struct cloud_token *ret)
{
    const struct cloud_ask ask = {
        .method = "POST",
        .url = x->impersonate,
        .body = "{\"lifetime\":\"3600s\",\"scope\":[\"" GCP_PLATFORM "\",\"" GCP_EMAIL "\"]}",
        .bearer = bearer,
        .proxy = x->proxy,
    };
    struct doc *answer;
    int64_t expires_ns;
    if (cloud_ask(cx, &ask, &answer) < 0)
        return err_code(cx);
    const char *token = doc_text_at(answer, "accessToken");
    if (!cloud_is_token(token) ||
        !gotime_parse_rfc3339(str_or(doc_text_at(answer, "expireTime"), ""), &expires_ns))
        return err_fail(cx, ERR_INVALID, "the answer holds no token with an end");
    *ret = (struct cloud_token){ .token = token, .expires_at = expires_ns / GOTIME_SECOND };
    return 0;
}

int gcp_exchange(struct ctx *cx, const struct gcp_exchange *x, struct cloud_token *ret)
{
    const char *const form[] = { "grant_type",
                                 "urn:ietf:params:oauth:grant-type:token-exchange",
                                 "audience",
                                 x->audience,
                                 "scope",
                                 x->impersonate ? GCP_PLATFORM : GCP_PLATFORM " " GCP_EMAIL,
                                 "requested_token_type",
                                 "urn:ietf:params:oauth:token-type:access_token",
                                 "subject_token",
                                 x->token,
                                 "subject_token_type",
                                 x->token_type,
                                 NULL };
    const struct cloud_ask ask = {
        .method = "POST",
        .url = x->url,
        .body = cloud_form(cx->arena, form),
        .proxy = x->proxy,
    };
    struct cloud_token token;
    struct doc *answer;
    if (cloud_ask(cx, &ask, &answer) < 0 || gcp_read_token(cx, answer, &token) < 0)
        return err_code(cx);
    if (x->impersonate)
        return impersonate(cx, x, token.token, ret);
    *ret = token;
    return 0;
}

/* ---- GKE --------------------------------------------------------------------------------------------------------- */

static int cluster_aims(struct ctx *cx UNUSED, const struct cloud_cluster_request *req UNUSED,
                        struct cloud_aim *ret_aims UNUSED, size_t *ret_count)
{
    *ret_count = 1;
    return 0;
}

static int describe(struct ctx *cx, const struct cloud *c, const char *cluster,
                    const struct cloud_token *token, struct doc **ret)
{
    const char *base = service_url(cx->arena, "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER",
                                   "https://container.googleapis.com/");
    struct cloud_ask ask = { .bearer = token->token, .proxy = c->req.proxy };
    size_t n;
    char **parts = str_split(cx->arena, cluster, '/', &n);
    for (size_t i = 0; i < n; i++)
        parts[i] = url_escape(cx->arena, parts[i]);
    ask.url = str_fmt(cx->arena, "%sv1/%s", base, str_join(cx->arena, (const char *const *)parts, n, "/"));
    if (cloud_ask(cx, &ask, ret) < 0)
        return err_wrap(cx, "failed to describe GKE cluster '%s'", cluster);
    return 0;
}

static int cluster(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                   const struct cloud_token *tokens, struct cloud_cluster *ret)
{
    struct doc *answer;
    ret->ca_pem = str_empty(req->ca_pem) ? NULL : req->ca_pem;
    ret->bearer = tokens[0].token;
    ret->expires_at = tokens[0].expires_at;
    if (!str_empty(req->address) && ret->ca_pem)
        return cloud_server(cx, req->address, &ret->server);
    if (cloud_match(cx, "GKE cluster ID", CLUSTER_PATTERN, req->cluster, NULL, 0) < 0 ||
        describe(cx, c, req->cluster, &tokens[0], &answer) < 0)
        return err_code(cx);
    if (!ret->ca_pem && cloud_decode_ca(cx, "GKE", doc_text_at(answer, "masterAuth", "clusterCaCertificate"),
                                        &ret->ca_pem) < 0)
        return err_code(cx);
    return cloud_endpoint(cx, "GKE", req, doc_text_at(answer, "endpoint"), &ret->server);
}

const struct cloud_provider cloud_gcp = {
    .name = "gcp",
    .audience = audience,
    .identify = identify,
    .own = gcp_own,
    .exchange = exchange,
    .cluster_aims = cluster_aims,
    .cluster = cluster,
};
