/*
 * target.c: as whom and on which cluster a Kustomization's objects are applied, pruned and looked at.
 *
 * spec.serviceAccountName and spec.kubeConfig, carried out by libgotk/runtime/target.h. Worker threads.
 */
#include "kustomize-controller/controller.h"

#define ASK_AGAIN_MS 200 /* while another worker finds out whether the cluster is there */

static struct target_spec spec_of(const struct ks_run *r)
{
    return (struct target_spec){
        .kind = "Kustomization",
        .ns = r->ks.meta.ns,
        .name = r->ks.meta.name,
        .account = r->ks.spec.service_account_name,
        .kube_config = r->ks.spec.kube_config,
    };
}

int connect_target(struct ctx *cx, struct ks_run *r)
{
    const struct target_spec spec = spec_of(r);
    int rc = target_connect(cx, r->state->targets, &spec, &r->target);
    if (rc == STEP_WAIT)
        r->run.wait_ms = ASK_AGAIN_MS;
    return rc;
}

void forget_target(const struct ks_run *r)
{
    const struct target_spec spec = spec_of(r);
    target_forget(r->state->targets, &spec);
}

int check_target_account(struct ctx *cx, const struct ks_run *r, bool *ret_exists)
{
    const struct target_spec spec = spec_of(r);
    return target_account_exists(cx, r->state->targets, &spec, ret_exists);
}
