/*
 * gitprovider.c: the providers' rows; see gitprovider.h.
 */
#include "source-controller/gitprovider.h"

#include "libgotk/base/str.h"
#include "source-controller/gitazure.h"
#include "source-controller/githubapp.h"

#define CONFIGURATION "InvalidProviderConfiguration"
#define IDENTITY_GATE "ObjectLevelWorkloadIdentity"

/* Errors without a reason of their own are about what the Secret holds. */
static int configuration_failed(struct ctx *cx, struct git_run *r)
{
    const char *reason = err_reason_of(cx);
    if (!reason)
        err_wrap(cx, "failed to configure authentication options");
    return run_fails_as(cx, &r->run, COND_FETCH_FAILED, reason);
}

static int by_secret(struct ctx *cx, struct git_run *r, const struct url *url, const struct doc *secret)
{
    return gitauth_decode(cx, url, secret, &r->auth) < 0 ? configuration_failed(cx, r) : 0;
}

static void count_event(const struct git_run *r, const char *type)
{
    metrics_add(manager_metrics(r->run.manager), METRIC_TOKEN_CACHE_EVENTS,
                METRIC_LABELS(type, "GitRepository", r->run.meta.name, r->run.meta.ns, "reconcile"), 1);
}

static void count_tokens(const struct git_run *r, size_t evicted)
{
    struct metrics *m = manager_metrics(r->run.manager);
    metrics_add(m, METRIC_TOKEN_CACHE_REQUESTS, METRIC_LABELS("success"), 1);
    metrics_set(m, METRIC_TOKEN_CACHE_ITEMS, METRIC_PLAIN, (double)tokencache_len(r->state->tokens));
    if (evicted)
        metrics_add(m, METRIC_TOKEN_CACHE_EVICTIONS, METRIC_PLAIN, (double)evicted);
}

/* From the cache, else from GitHub. */
static int app_token(struct ctx *cx, struct git_run *r, const struct githubapp *app, const char **ret)
{
    struct githubapp_token token;
    r->token_key = githubapp_key(cx->arena, app);
    *ret = tokencache_find(r->state->tokens, r->token_key, cx->arena);
    count_event(r, *ret ? "cache_hit" : "cache_miss");
    if (*ret) {
        count_tokens(r, 0);
        return 0;
    }
    if (githubapp_token(cx, app, r->timeout_ns, &token) < 0) {
        metrics_add(manager_metrics(r->run.manager), METRIC_TOKEN_CACHE_REQUESTS, METRIC_LABELS("failure"),
                    1);
        return cx->err.code;
    }
    count_tokens(r, tokencache_put(r->state->tokens, r->token_key, token.token, token.expires_at));
    *ret = token.token;
    return 0;
}

/* The Secret without what only the app needs: its TLS is the Git server's too. */
static const struct doc *without_app(struct arena *a, const struct doc *secret)
{
    static const char *const keys[] = { "githubAppID", "githubAppPrivateKey", "githubAppInstallationID",
                                        "githubAppInstallationOwner", "githubAppBaseURL" };
    struct doc *rest = doc_copy(a, secret);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        doc_remove(doc_find(rest, "data"), keys[i]);
    return rest;
}

/* Only another spec helps. */
static int failed_as(struct ctx *cx, struct git_run *r, const char *reason)
{
    run_fails_as(cx, &r->run, COND_FETCH_FAILED, reason);
    return run_stall(cx, &r->run);
}

static int by_app(struct ctx *cx, struct git_run *r, const struct url *url, const struct doc *secret)
{
    struct githubapp app;
    if (!secret) {
        err_fail(cx, ERR_INVALID,
                 "secretRef with github app data must be specified when provider is set to github");
        return failed_as(cx, r, CONFIGURATION);
    }
    if (gitauth_decode(cx, url, without_app(cx->arena, secret), &r->auth) < 0)
        return configuration_failed(cx, r);
    if (githubapp_read(cx, secret, &app) < 0)
        return run_fails_as(cx, &r->run, COND_FETCH_FAILED, CONFIGURATION);
    app.ca_pem = r->auth.ca_pem;
    app.cert_pem = r->auth.cert_pem;
    app.key_pem = r->auth.key_pem;
    app.proxy = r->proxy;
    if (app_token(cx, r, &app, &r->auth.password) < 0) {
        err_wrap(cx, "failed to configure authentication options");
        return run_fails_as(cx, &r->run, COND_FETCH_FAILED, "AuthenticationFailed");
    }
    r->auth.user = GITHUBAPP_USER;
    r->auth.bearer = NULL;
    r->auth.hint = str_fmt(cx->arena, "with an access token of the GitHub App of secret '%s'",
                           doc_text_at(secret, "metadata", "name"));
    return 0;
}

/* spec.serviceAccountName is honoured with the gate only. */
static int check_gate(struct ctx *cx, struct git_run *r)
{
    if (str_empty(r->repo.spec.service_account_name) || manager_feature(r->run.manager, IDENTITY_GATE))
        return 0;
    err_fail(cx, ERR_INVALID,
             "to use spec.serviceAccountName for provider authentication please enable the " IDENTITY_GATE
             " feature gate in the controller");
    return failed_as(cx, r, "FeatureGateDisabled");
}

/* From the cache, else from Entra. */
static int azure_token(struct ctx *cx, struct git_run *r, const char **ret)
{
    struct azuretoken_request req;
    struct azuretoken token;
    if (gitazure_prepare(cx, r, &req, &r->token_key) < 0)
        return cx->err.code;
    *ret = tokencache_find(r->state->tokens, r->token_key, cx->arena);
    count_event(r, *ret ? "cache_hit" : "cache_miss");
    if (*ret) {
        count_tokens(r, 0);
        return 0;
    }
    if (gitazure_token(cx, r, &req, &token) < 0) {
        metrics_add(manager_metrics(r->run.manager), METRIC_TOKEN_CACHE_REQUESTS, METRIC_LABELS("failure"),
                    1);
        return cx->err.code;
    }
    count_tokens(r, tokencache_put(r->state->tokens, r->token_key, token.token, token.expires_at));
    *ret = token.token;
    return 0;
}

static int by_azure(struct ctx *cx, struct git_run *r, const struct url *url, const struct doc *secret)
{
    if (gitauth_decode(cx, url, secret, &r->auth) < 0)
        return configuration_failed(cx, r);
    if (check_gate(cx, r) < 0)
        return cx->err.code;
    if (azure_token(cx, r, &r->auth.bearer) < 0) {
        err_wrap(cx, "failed to configure authentication options");
        return run_fails_as(cx, &r->run, COND_FETCH_FAILED, "AuthenticationFailed");
    }
    r->auth.user = r->auth.password = NULL;
    r->auth.hint = "with an access token of Microsoft Entra";
    return 0;
}

static int by_aws(struct ctx *cx, struct git_run *r, const struct url *url UNUSED,
                  const struct doc *secret UNUSED)
{
    if (check_gate(cx, r) < 0)
        return cx->err.code;
    err_fail(cx, ERR_UNSUPPORTED,
             "spec.provider '%s' is not supported by this version of the controller: nothing was fetched; "
             "use a token in spec.secretRef with provider generic",
             r->repo.spec.provider);
    return failed_as(cx, r, "UnsupportedFeature");
}

static const struct {
    const char *name;
    int (*authenticate)(struct ctx *cx, struct git_run *r, const struct url *url, const struct doc *secret);
} rows[] = {
    { "generic", by_secret },
    { "github", by_app },
    { "azure", by_azure },
    { "aws", by_aws },
};

int gitprovider_authenticate(struct ctx *cx, struct git_run *r, const struct url *url,
                             const struct doc *secret)
{
    const char *wanted = str_or(r->repo.spec.provider, "generic");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_eq(rows[i].name, wanted))
            return rows[i].authenticate(cx, r, url, secret);
    return err_fail(cx, ERR_UNSUPPORTED, "spec.provider '%s' is unknown", wanted);
}

void gitprovider_refused(struct git_run *r)
{
    if (r->token_key)
        tokencache_drop(r->state->tokens, r->token_key);
}

void gitprovider_forget(const struct git_run *r)
{
    static const char *const types[] = { "cache_hit", "cache_miss" };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        metrics_forget(
            manager_metrics(r->run.manager), METRIC_TOKEN_CACHE_EVENTS,
            METRIC_LABELS(types[i], "GitRepository", r->run.meta.name, r->run.meta.ns, "reconcile"));
}
