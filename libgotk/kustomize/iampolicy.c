/*
 * iampolicy.c: see iampolicy.h.
 */
#include "libgotk/kustomize/iampolicy.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"

#include <string.h>

/* Names are not quoted, as upstream does not: what is no YAML then is refused. */
static const char *manifest(struct arena *a, const struct doc *config)
{
    const char *ns = str_or(doc_text_at(config, "kubernetesService", "namespace"), "");
    return str_fmt(a,
                   "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  annotations:\n"
                   "    iam.gke.io/gcp-service-account: %s@%s.iam.gserviceaccount.com\n  name: %s\n%s%s",
                   str_or(doc_text_at(config, "serviceAccount", "name"), ""),
                   str_or(doc_text_at(config, "serviceAccount", "projectId"), ""),
                   str_or(doc_text_at(config, "kubernetesService", "name"), ""),
                   ns[0] ? "\n  namespace: " : "", ns);
}

int iampolicy_make(struct ctx *cx, const struct doc *config, struct resource **ret)
{
    struct arena *a = cx->arena;
    const char *cloud = str_or(doc_text_at(config, "cloud"), "");
    if (!str_eq(cloud, "gke"))
        return err_fail(cx, ERR_INVALID, "cloud provider %s not supported yet", cloud);
    const char *text = manifest(a, config);
    struct doc *d = NULL;
    if (yml_parse_as(cx, text, strlen(text), "IAMPolicyGenerator", YML_CORE | YML_SOURCE, &d) < 0)
        return err_wrap(cx, "the names of a generated ServiceAccount");
    *ret = resource_new(a, d, NULL);
    return 0;
}
