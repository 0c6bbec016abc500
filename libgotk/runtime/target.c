/*
 * target.c: from a spec to a client; the contract is in target.h.
 */
#include "libgotk/runtime/target.h"

#include "libgotk/base/str.h"
#include "libgotk/kube/clusters.h"
#include "libgotk/runtime/targetconfig.h"
#include "libgotk/runtime/targettoken.h"
#include "libgotk/runtime/tokens.h"

#define CLUSTERS_MAX 64

struct targets {
    struct manager *manager;
    struct arena *arena;
    struct targets_options options;
    struct clusters *clusters;
};

struct targets *targets_open(struct manager *m, const struct targets_options *options)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct targets *t = ARENA_NEW(arena, struct targets);
    t->manager = m;
    t->arena = arena;
    t->options = *options;
    t->clusters = clusters_open(manager_kube(m), CLUSTERS_MAX);
    return t;
}

void targets_close(struct targets *t)
{
    if (!t)
        return;
    clusters_close(t->clusters);
    arena_free(t->arena);
}

const char *target_account(const struct targets *t, const struct target_spec *spec)
{
    const char *account = str_or(spec->account, manager_options(t->manager)->default_service_account);
    return str_empty(account) ? NULL : account;
}

/* The configuration of another cluster, and, when tokens for it are made, who makes them. */
static int configure(struct ctx *cx, struct targets *t, const struct target_spec *spec,
                     struct kube_config *config, struct kube_identity *identity)
{
    struct kube *own = manager_kube(t->manager);
    const struct doc *secret = doc_find(spec->kube_config, "secretRef");
    const char *map = doc_text_at(spec->kube_config, "configMapRef", "name");
    if (secret)
        return targetconfig_of_secret(cx, own, spec->ns, secret, &t->options, config, identity);
    if (map)
        return targettoken_of_config_map(cx, t->manager, spec, map, &t->options, config, identity);
    return err_fail(cx, ERR_INVALID,
                    "invalid .spec.kubeConfig, neither .spec.kubeConfig.configMapRef nor "
                    ".spec.kubeConfig.secretRef is set");
}

static int connect_elsewhere(struct ctx *cx, struct targets *t, const struct target_spec *spec,
                             struct kube_identity *identity, struct kube **ret_kube)
{
    struct kube_config config = { 0 };
    struct cluster *cluster;
    if (configure(cx, t, spec, &config, identity) < 0 ||
        clusters_acquire(cx, t->clusters, &config, &cluster) < 0)
        return err_code(cx);
    int rc = clusters_reach(cx, cluster);
    *ret_kube = clusters_kube(cluster);
    return rc > 0 ? STEP_WAIT : rc;
}

int target_connect(struct ctx *cx, struct targets *t, const struct target_spec *spec, struct kube **ret_kube)
{
    struct kube *kube = manager_kube(t->manager);
    struct kube_identity identity = { 0 };
    const char *account = target_account(t, spec);
    int rc = spec->kube_config ? connect_elsewhere(cx, t, spec, &identity, &kube) : 0;
    if (rc != 0)
        return rc;
    if (account)
        identity.user = str_fmt(cx->arena, "system:serviceaccount:%s:%s", spec->ns, account);
    *ret_kube = identity.user || identity.bearer ? kube_derive(cx->arena, kube, &identity) : kube;
    return 0;
}

void target_forget(const struct targets *t, const struct target_spec *spec)
{
    const struct token_user who = targettoken_user(spec);
    tokens_forget(manager_metrics(t->manager), &who);
}

int target_account_exists(struct ctx *cx, struct targets *t, const struct target_spec *spec, bool *ret_exists)
{
    struct kube_ref ref = { "v1", "ServiceAccount", spec->ns, target_account(t, spec) };
    struct doc *account;
    *ret_exists = true;
    if (!ref.name || kube_get(cx, manager_kube(t->manager), &ref, &account) == 0)
        return 0;
    if (err_code(cx) != ERR_NOT_FOUND)
        return err_wrap(cx, "failed to look for the account to impersonate");
    err_clear(cx);
    *ret_exists = false;
    return 0;
}
