/*
 * iampolicy.c: see iampolicy.h.
 */
#include "libgotk/kustomize/iampolicy.h"

#include "libgotk/base/str.h"

int iampolicy_make(struct ctx *cx, const struct doc *config, struct resource **ret)
{
    struct arena *a = cx->arena;
    const char *cloud = str_or(doc_text_at(config, "cloud"), "");
    if (!str_eq(cloud, "gke"))
        return err_fail(cx, ERR_INVALID, "cloud provider %s not supported yet", cloud);
    struct doc *d = doc_object(a);
    doc_set_text(a, d, "apiVersion", "v1");
    doc_set_text(a, d, "kind", "ServiceAccount");
    struct doc *meta = doc_ensure(a, d, "metadata");
    doc_set_text(a, meta, "name", str_or(doc_text_at(config, "kubernetesService", "name"), ""));
    if (!str_empty(doc_text_at(config, "kubernetesService", "namespace")))
        doc_set_text(a, meta, "namespace", doc_text_at(config, "kubernetesService", "namespace"));
    doc_set_text(a, doc_ensure(a, meta, "annotations"), "iam.gke.io/gcp-service-account",
                 str_fmt(a, "%s@%s.iam.gserviceaccount.com",
                         str_or(doc_text_at(config, "serviceAccount", "name"), ""),
                         str_or(doc_text_at(config, "serviceAccount", "projectId"), "")));
    *ret = resource_new(a, d, NULL);
    return 0;
}
