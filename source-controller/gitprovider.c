/*
 * gitprovider.c: the providers' rows; see gitprovider.h.
 */
#include "source-controller/gitprovider.h"

#include "libgotk/base/str.h"
#include "libgotk/cloud/cloud.h"
#include "libgotk/runtime/tokens.h"
#include "source-controller/githubapp.h"

#include <string.h>

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

static struct token_user user_of(const struct git_run *r)
{
    return (struct token_user){ "GitRepository", r->run.meta.name, r->run.meta.ns, "reconcile" };
}

/* A token that is not in the cache. */
struct app_ask {
    const struct githubapp *app;
    int64_t timeout_ns;
};

static int make_app_token(struct ctx *cx, void *user, const char **ret_token, int64_t *ret_expires_at)
{
    const struct app_ask *ask = user;
    struct githubapp_token token;
    if (githubapp_token(cx, ask->app, ask->timeout_ns, &token) < 0)
        return err_code(cx);
    *ret_token = token.token;
    *ret_expires_at = token.expires_at;
    return 0;
}

/* From the cache, else from GitHub. */
static int app_token(struct ctx *cx, struct git_run *r, const struct githubapp *app, const char **ret)
{
    struct app_ask ask = { app, r->timeout_ns };
    const struct token_maker maker = { make_app_token, &ask };
    const struct token_user who = user_of(r);
    r->token_keys[0] = githubapp_key(cx->arena, app);
    return tokencache_get(cx, manager_tokens(r->run.manager), r->token_keys[0], &who, &maker, ret);
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

/* Bearer, or user and password, of the provider. */
static int get_credentials(struct ctx *cx, struct git_run *r, struct cloud_git *ret)
{
    const struct cloud_request req = {
        .provider = r->repo.spec.provider,
        .kube = manager_kube(r->run.manager),
        .tokens = manager_tokens(r->run.manager),
        .user = user_of(r),
        .ns = r->run.meta.ns,
        .account = r->repo.spec.service_account_name,
        .default_account = manager_options(r->run.manager)->default_service_account,
        .object_identity = manager_feature(r->run.manager, IDENTITY_GATE),
        .proxy = r->proxy,
    };
    struct cloud *cloud;
    if (cloud_check_git(cx, req.provider, r->repo.spec.url) < 0)
        return err_code(cx);
    if (cloud_prepare(cx, &req, &cloud) < 0)
        return err_wrap(cx, "failed to get access token for Git repository");
    return cloud_git(cx, cloud, r->repo.spec.url, ret);
}

static int by_cloud(struct ctx *cx, struct git_run *r, const struct url *url, const struct doc *secret)
{
    struct cloud_git git;
    if (gitauth_decode(cx, url, secret, &r->auth) < 0)
        return configuration_failed(cx, r);
    if (check_gate(cx, r) < 0)
        return err_code(cx);
    if (get_credentials(cx, r, &git) < 0) {
        err_wrap(cx, "failed to configure authentication options");
        return run_fails_as(cx, &r->run, COND_FETCH_FAILED, "AuthenticationFailed");
    }
    r->auth.bearer = git.bearer;
    r->auth.user = git.user;
    r->auth.password = git.password;
    r->auth.hint = git.hint;
    memcpy(r->token_keys, git.keys, sizeof(git.keys));
    return 0;
}

static const struct {
    const char *name;
    int (*authenticate)(struct ctx *cx, struct git_run *r, const struct url *url, const struct doc *secret);
} rows[] = {
    { "generic", by_secret },
    { "github", by_app },
    { "azure", by_cloud },
    { "aws", by_cloud },
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
    for (size_t i = 0; i < ARRAY_LEN(r->token_keys); i++)
        if (r->token_keys[i])
            tokencache_drop(manager_tokens(r->run.manager), r->token_keys[i]);
}

void gitprovider_forget(const struct git_run *r)
{
    const struct token_user who = user_of(r);
    tokens_forget(manager_metrics(r->run.manager), &who);
}
