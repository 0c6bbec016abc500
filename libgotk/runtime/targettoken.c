/*
 * targettoken.c: logging in to another cluster by a cloud provider; the contract is in targettoken.h.
 *
 * The first token is asked for at once, so that what is wrong with it shows before anything is sent elsewhere.
 */
#include "libgotk/runtime/targettoken.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/cloud/cloud.h"

/* What makes a token, in the arena of the run it is for. */
struct login {
    struct target_spec spec;
    struct cloud_cluster_request wanted;
    struct cloud *cloud;
};

struct token_user targettoken_user(const struct target_spec *spec)
{
    return (struct token_user){ spec->kind, spec->name, spec->ns, "fetch_kubeconfig" };
}

/* One audience a line. */
static void read_audiences(struct ctx *cx, const struct doc *data, struct cloud_request *req)
{
    VEC(const char *) list = { 0 };
    size_t n;
    char **lines = str_split(cx->arena, str_or(doc_text_at(data, "audiences"), ""), '\n', &n);
    for (size_t i = 0; i < n; i++) {
        const char *audience = str_trim(cx->arena, lines[i]);
        if (*audience)
            vec_push(cx->arena, &list, audience);
    }
    req->audiences = list.at;
    req->audience_count = list.len;
}

/* The bearer of one request; a kube_identity's. */
static int make_token(struct ctx *cx, void *source, const char **ret_token)
{
    const struct login *login = source;
    struct cloud_cluster cluster;
    if (cloud_cluster(cx, login->cloud, &login->wanted, &cluster) < 0)
        return err_code(cx);
    *ret_token = cluster.bearer;
    return 0;
}

static int prepare(struct ctx *cx, struct manager *m, const struct doc *data,
                   const struct targets_options *options, struct login *login)
{
    const struct target_spec *spec = &login->spec;
    struct cloud_request req = {
        .provider = doc_text_at(data, "provider"),
        .kube = manager_kube(m),
        .tokens = manager_tokens(m),
        .user = targettoken_user(spec),
        .ns = spec->ns,
        .account = doc_text_at(data, "serviceAccountName"),
        .default_account = options->default_account,
        .object_identity = options->object_identity,
        .ca_pem = login->wanted.ca_pem,
    };
    read_audiences(cx, data, &req);
    if (cloud_check_cluster(cx, req.provider, &login->wanted) < 0)
        return err_code(cx);
    if (cloud_prepare(cx, &req, &login->cloud) < 0)
        return err_wrap(cx, "failed to get access token for cluster");
    return 0;
}

int targettoken_of_config_map(struct ctx *cx, struct manager *m, const struct target_spec *spec,
                              const char *map, const struct targets_options *options,
                              struct kube_config *config, struct kube_identity *identity)
{
    struct kube_ref ref = { "v1", "ConfigMap", spec->ns, map };
    struct login *login = ARENA_NEW(cx->arena, struct login);
    struct cloud_cluster cluster;
    struct doc *object;
    if (kube_get(cx, manager_kube(m), &ref, &object) < 0)
        return err_wrap(cx, "failed to get configmap %s/%s", ref.ns, ref.name);
    const struct doc *data = doc_find(object, "data");
    *login = (struct login){ .spec = *spec,
                             .wanted = { .cluster = doc_text_at(data, "cluster"),
                                         .address = doc_text_at(data, "address"),
                                         .ca_pem = doc_text_at(data, "ca.crt") } };
    if (prepare(cx, m, data, options, login) < 0 ||
        cloud_cluster(cx, login->cloud, &login->wanted, &cluster) < 0)
        return err_code(cx);
    config->server = cluster.server;
    config->ca_pem = cluster.ca_pem;
    *identity = (struct kube_identity){ .bearer = make_token, .source = login };
    return 0;
}
