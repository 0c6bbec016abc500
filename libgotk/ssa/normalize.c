/*
 * normalize.c: corrections before apply; the contract is in normalize.h. One row per kind in `rules`.
 */
#include "libgotk/ssa/normalize.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"
#include "libgotk/ssa/subject.h"

#include <string.h>

static void default_protocol(struct arena *a, struct doc *ports)
{
    if (doc_kind(ports) != DOC_ARRAY)
        return;
    doc_each (port, ports)
        if (doc_kind(port) == DOC_OBJECT && str_empty(doc_text_at(port, "protocol")))
            doc_set_text(a, port, "protocol", "TCP");
}

static void container_ports(struct arena *a, struct doc *pod_spec)
{
    struct doc *containers = doc_find(pod_spec, "containers");
    if (doc_kind(containers) != DOC_ARRAY)
        return;
    doc_each (container, containers)
        default_protocol(a, doc_find(container, "ports"));
}

static int normalize_pod(struct ctx *cx, struct doc *object)
{
    container_ports(cx->arena, doc_find(object, "spec"));
    return 0;
}

static int normalize_workload(struct ctx *cx, struct doc *object)
{
    container_ports(cx->arena, doc_path(object, "spec", "template", "spec"));
    return 0;
}

static int normalize_cronjob(struct ctx *cx, struct doc *object)
{
    container_ports(cx->arena, doc_path(object, "spec", "jobTemplate", "spec", "template", "spec"));
    return 0;
}

static int normalize_service(struct ctx *cx, struct doc *object)
{
    default_protocol(cx->arena, doc_path(object, "spec", "ports"));
    return 0;
}

/* stringData is written to data in base64 and wins over it; the API server would do so too late for the dry-run. */
static int normalize_secret(struct ctx *cx, struct doc *object)
{
    struct doc *text = doc_find(object, "stringData");
    if (doc_kind(text) != DOC_OBJECT)
        return 0;
    doc_each (entry, text)
        if (doc_kind(entry) != DOC_STRING && doc_kind(entry) != DOC_NULL)
            return 0; /* stays as written: the API server names the fault */
    struct doc *data = doc_ensure(cx->arena, object, "data");
    doc_each (entry, text) {
        const char *value = str_or(doc_text(entry), "");
        doc_set_text(cx->arena, data, doc_key(entry), base64_encode(cx->arena, value, strlen(value)));
    }
    doc_remove(object, "stringData");
    return 0;
}

/* A CA bundle that is no PEM is a placeholder which a CA injector fills in later: it must not be applied. */
static int normalize_crd(struct ctx *cx, struct doc *object)
{
    struct doc *config = doc_path(object, "spec", "conversion", "webhook", "clientConfig");
    const char *bundle = doc_text_at(config, "caBundle");
    if (!bundle)
        return 0;
    char *pem;
    size_t len;
    bool valid = base64_decode(cx, bundle, &pem, &len) == 0 && strstr(pem, "-----BEGIN CERTIFICATE-----");
    err_clear(cx);
    if (!valid)
        doc_remove(config, "caBundle");
    return 0;
}

/* One row per kind with a correction of its own. */
static const struct {
    const char *group;
    const char *kind;
    int (*run)(struct ctx *cx, struct doc *object);
} rules[] = {
    { "", "Pod", normalize_pod },
    { "apps", "Deployment", normalize_workload },
    { "apps", "StatefulSet", normalize_workload },
    { "apps", "DaemonSet", normalize_workload },
    { "apps", "ReplicaSet", normalize_workload },
    { "batch", "Job", normalize_workload },
    { "batch", "CronJob", normalize_cronjob },
    { "", "Service", normalize_service },
    { "", "Secret", normalize_secret },
    { "apiextensions.k8s.io", "CustomResourceDefinition", normalize_crd },
};

static bool is_rbac_role(const char *api_version, const char *kind)
{
    return str_eq(api_version, "rbac.authorization.k8s.io/v1") &&
           (str_eq(kind, "Role") || str_eq(kind, "ClusterRole"));
}

static int run_rule(struct ctx *cx, struct doc *object, const char *group, const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (str_eq(group, rules[i].group) && str_eq(kind, rules[i].kind))
            return rules[i].run(cx, object);
    return 0;
}

int normalize_object(struct ctx *cx, struct doc *object)
{
    const char *api_version = doc_text_at(object, "apiVersion"), *kind = doc_text_at(object, "kind");
    if (is_rbac_role(api_version, kind))
        return 0;
    if (run_rule(cx, object, subject_group(cx->arena, api_version), kind) < 0)
        return err_wrap(cx, "%s normalization error", subject_name(cx->arena, object));
    struct doc *meta = doc_find(object, "metadata");
    doc_remove(meta, "creationTimestamp");
    if (doc_len(doc_find(meta, "managedFields")) == 0)
        doc_remove(meta, "managedFields"); /* apply refuses it even when empty */
    if (!str_eq(kind, "CustomResourceDefinition"))
        doc_remove(object, "status");
    return 0;
}
