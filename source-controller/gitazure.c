/*
 * gitazure.c: from a GitRepository to an identity at Entra; see gitazure.h.
 */
#include "source-controller/gitazure.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/accounttoken.h"

#define TENANT "azure.workload.identity/tenant-id"
#define CLIENT "azure.workload.identity/client-id"

/* The service account that counts; NULL: the controller itself. */
static const char *account_of(const struct git_run *r)
{
    const char *fallback = manager_options(r->run.manager)->default_service_account;
    const char *name = str_or(r->repo.spec.service_account_name, fallback);
    return str_empty(name) ? NULL : name;
}

static int get_account(struct ctx *cx, const struct git_run *r, const char *name, struct doc **ret)
{
    const struct kube_ref ref = { "v1", "ServiceAccount", r->run.meta.ns, name };
    if (kube_get(cx, manager_kube(r->run.manager), &ref, ret) >= 0)
        return 0;
    if (err_code(cx) == ERR_NOT_FOUND && str_empty(r->repo.spec.service_account_name))
        err_fail(
            cx, ERR_NOT_FOUND,
            "the specified default service account does not exist in the object namespace. your cluster is "
            "subject to multi-tenant workload identity lockdown, reach out to your cluster administrator "
            "for help");
    return err_wrap(cx, "failed to get service account '%s/%s'", r->run.meta.ns, name);
}

static int identity_of(struct ctx *cx, const struct git_run *r, const char *name,
                       struct azuretoken_request *ret)
{
    struct doc *account = NULL;
    if (get_account(cx, r, name, &account) < 0)
        return cx->err.code;
    const struct doc *annotations = doc_path(account, "metadata", "annotations");
    ret->authority = getenv("AZURE_AUTHORITY_HOST");
    ret->tenant = doc_text_at(annotations, TENANT);
    ret->client = doc_text_at(annotations, CLIENT);
    if (ret->tenant && ret->client)
        return 0;
    err_fail(cx, ERR_INVALID, "azure %s is not set in the service account annotation %s",
             ret->tenant ? "client ID" : "tenant ID", ret->tenant ? CLIENT : TENANT);
    return err_wrap(cx, "failed to get provider identity from service account '%s/%s' annotations",
                    r->run.meta.ns, name);
}

int gitazure_prepare(struct ctx *cx, const struct git_run *r, struct azuretoken_request *ret,
                     const char **ret_key)
{
    struct azuretoken_request req = { 0 };
    const char *account = account_of(r);
    int rc = account ? identity_of(cx, r, account, &req) : azuretoken_from_environment(cx, &req);
    if (rc < 0)
        return cx->err.code;
    req.proxy = r->proxy;
    const char *all = str_fmt(cx->arena, "azure\n%s\n%s\n%s\n%s\n%s\n%s", str_or(req.authority, ""),
                              str_or(req.tenant, ""), str_or(req.client, ""), str_or(account, ""),
                              account ? r->run.meta.ns : "", str_or(req.proxy, ""));
    *ret_key = hash_sha256_hex(cx->arena, all, strlen(all));
    *ret = req;
    return 0;
}

/* A token of the service account for Entra; used at once and kept by nobody. */
static int make_assertion(struct ctx *cx, const struct git_run *r, const char *name, const char **ret)
{
    static const char *const audiences[] = { AZURETOKEN_AUDIENCE };
    const struct account_token which = { r->run.meta.ns, name, audiences, 1 };
    struct account_tokens *none = account_tokens_open(0, 0);
    bool hit;
    int rc = account_tokens_get(cx, none, manager_kube(r->run.manager), &which, ret, &hit);
    account_tokens_close(none);
    if (rc < 0)
        return err_wrap(cx, "failed to create kubernetes token for service account '%s/%s'", r->run.meta.ns,
                        name);
    return 0;
}

int gitazure_token(struct ctx *cx, const struct git_run *r, struct azuretoken_request *req,
                   struct azuretoken *ret)
{
    const char *account = account_of(r);
    if (account && make_assertion(cx, r, account, &req->assertion) < 0)
        return cx->err.code;
    if (azuretoken_get(cx, req, ret) >= 0)
        return 0;
    if (account)
        return err_wrap(cx, "failed to create provider access token for service account '%s/%s'",
                        r->run.meta.ns, account);
    return err_wrap(cx, "failed to create provider access token for the controller");
}
