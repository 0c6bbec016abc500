/*
 * kinds.c: see kinds.h. First the merge rows, from containers up to whole objects, then the kinds. A field that neither
 * merges nor leads to one that does has no row. Upstream's oddities are kept: ports of ephemeral containers, the
 * imagePullSecrets of a ServiceAccount and tolerations are replaced.
 */
#include "libgotk/kustomize/kinds.h"

#include "libgotk/base/attr.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define MAP(name, fields)             { name, fields, false, { NULL, NULL } }
#define LIST(name, fields)            { name, fields, false, { NULL, NULL } }
#define MERGE(name, fields, key)      { name, fields, true, { key, NULL } }
#define MERGE2(name, fields, k1, k2)  { name, fields, true, { k1, k2 } }
#define SCALARS(name)                 { name, NULL, true, { NULL, NULL } }
#define END                           { NULL, NULL, false, { NULL, NULL } }

static const struct kinds_field meta_fields[] = {
    SCALARS("finalizers"),
    MERGE("ownerReferences", NULL, "uid"),
    END,
};

static const struct kinds_field ephemeral_fields[] = {
    MERGE("env", NULL, "name"),
    MERGE("volumeMounts", NULL, "mountPath"),
    MERGE("volumeDevices", NULL, "devicePath"),
    END,
};

static const struct kinds_field container_fields[] = {
    MERGE("env", NULL, "name"),
    MERGE2("ports", NULL, "containerPort", "protocol"),
    MERGE("volumeMounts", NULL, "mountPath"),
    MERGE("volumeDevices", NULL, "devicePath"),
    END,
};

static const struct kinds_field conditions_fields[] = {
    MERGE("conditions", NULL, "type"),
    END,
};

static const struct kinds_field claim_template_fields[] = {
    MAP("metadata", meta_fields),
    MAP("status", conditions_fields),
    END,
};

static const struct kinds_field ephemeral_claim_fields[] = {
    MAP("volumeClaimTemplate", claim_template_fields),
    END,
};

static const struct kinds_field volume_fields[] = {
    MAP("ephemeral", ephemeral_claim_fields),
    END,
};

static const struct kinds_field pod_spec_fields[] = {
    MERGE("containers", container_fields, "name"),
    MERGE("initContainers", container_fields, "name"),
    MERGE("ephemeralContainers", ephemeral_fields, "name"),
    MERGE("volumes", volume_fields, "name"),
    MERGE("imagePullSecrets", NULL, "name"),
    MERGE("hostAliases", NULL, "ip"),
    MERGE2("topologySpreadConstraints", NULL, "topologyKey", "whenUnsatisfiable"),
    END,
};

static const struct kinds_field pod_template_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", pod_spec_fields),
    END,
};

static const struct kinds_field templated_spec_fields[] = {
    MAP("template", pod_template_fields),
    LIST("volumeClaimTemplates", claim_template_fields),
    END,
};

static const struct kinds_field workload_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", templated_spec_fields),
    MAP("status", conditions_fields),
    END,
};

static const struct kinds_field job_template_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", templated_spec_fields),
    END,
};

static const struct kinds_field cron_spec_fields[] = {
    MAP("jobTemplate", job_template_fields),
    END,
};

static const struct kinds_field cron_job_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", cron_spec_fields),
    END,
};

static const struct kinds_field pod_status_fields[] = {
    MERGE("conditions", NULL, "type"),
    MERGE("podIPs", NULL, "ip"),
    END,
};

static const struct kinds_field pod_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", pod_spec_fields),
    MAP("status", pod_status_fields),
    END,
};

static const struct kinds_field pod_template_kind_fields[] = {
    MAP("metadata", meta_fields),
    MAP("template", pod_template_fields),
    END,
};

static const struct kinds_field service_spec_fields[] = {
    MERGE2("ports", NULL, "port", "protocol"),
    END,
};

static const struct kinds_field service_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", service_spec_fields),
    MAP("status", conditions_fields),
    END,
};

static const struct kinds_field account_fields[] = {
    MAP("metadata", meta_fields),
    MERGE("secrets", NULL, "name"),
    END,
};

static const struct kinds_field webhook_fields[] = {
    MAP("metadata", meta_fields),
    MERGE("webhooks", NULL, "name"),
    END,
};

static const struct kinds_field csi_node_spec_fields[] = {
    MERGE("drivers", NULL, "name"),
    END,
};

static const struct kinds_field csi_node_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", csi_node_spec_fields),
    END,
};

static const struct kinds_field node_spec_fields[] = {
    SCALARS("podCIDRs"),
    END,
};

static const struct kinds_field node_status_fields[] = {
    MERGE("addresses", NULL, "type"),
    MERGE("conditions", NULL, "type"),
    END,
};

static const struct kinds_field node_fields[] = {
    MAP("metadata", meta_fields),
    MAP("spec", node_spec_fields),
    MAP("status", node_status_fields),
    END,
};

static const struct kinds_field component_status_fields[] = {
    MAP("metadata", meta_fields),
    MERGE("conditions", NULL, "type"),
    END,
};

static const struct kinds_field conditioned_fields[] = {
    MAP("metadata", meta_fields),
    MAP("status", conditions_fields),
    END,
};

static const struct kinds_field plain_fields[] = {
    MAP("metadata", meta_fields),
    END,
};

static const struct kinds_field kustomization_fields[] = {
    MERGE("configMapGenerator", NULL, "name"),
    MERGE("secretGenerator", NULL, "name"),
    END,
};

#define ADMISSION "admissionregistration.k8s.io"
#define FLOW      "flowcontrol.apiserver.k8s.io"
#define RBAC      "rbac.authorization.k8s.io"
#define CLUSTER   true
#define SPACED    false

/* Sorted by kind; a kind of several groups has several rows. */
static const struct kind_row {
    const char *kind;
    const char *group;
    const char *versions[3];
    bool cluster;
    const struct kinds_field *fields;
} rows[] = {
    { "APIService",                     "apiregistration.k8s.io",    { "v1", "v1beta1" }, CLUSTER, conditioned_fields },
    { "Binding",                        "",                          { "v1" },            SPACED,  plain_fields },
    { "CSIDriver",                      "storage.k8s.io",            { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "CSINode",                        "storage.k8s.io",            { "v1", "v1beta1" }, CLUSTER, csi_node_fields },
    { "CSIStorageCapacity",             "storage.k8s.io",            { "v1beta1" },       SPACED,  plain_fields },
    { "CertificateSigningRequest",      "certificates.k8s.io",       { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "ClusterRole",                    RBAC,                        { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "ClusterRoleBinding",             RBAC,                        { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "ComponentStatus",                "",                          { "v1" },            CLUSTER, component_status_fields },
    { "ConfigMap",                      "",                          { "v1" },            SPACED,  plain_fields },
    { "ControllerRevision",             "apps",                      { "v1" },            SPACED,  plain_fields },
    { "CronJob",                        "batch",                     { "v1", "v1beta1" }, SPACED,  cron_job_fields },
    { "CustomResourceDefinition",       "apiextensions.k8s.io",      { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "DaemonSet",                      "apps",                      { "v1" },            SPACED,  workload_fields },
    { "Deployment",                     "apps",                      { "v1" },            SPACED,  workload_fields },
    { "EndpointSlice",                  "discovery.k8s.io",          { "v1", "v1beta1" }, SPACED,  plain_fields },
    { "Endpoints",                      "",                          { "v1" },            SPACED,  plain_fields },
    { "Event",                          "",                          { "v1" },            SPACED,  plain_fields },
    { "Event",                          "events.k8s.io",             { "v1", "v1beta1" }, SPACED,  plain_fields },
    { "FlowSchema",                     FLOW,                        { "v1beta1" },       CLUSTER, plain_fields },
    { "HorizontalPodAutoscaler",        "autoscaling",               { "v1", "v2beta1", "v2beta2" }, SPACED, plain_fields },
    { "Ingress",                        "extensions",                { "v1beta1" },       SPACED,  plain_fields },
    { "Ingress",                        "networking.k8s.io",         { "v1", "v1beta1" }, SPACED,  plain_fields },
    { "IngressClass",                   "networking.k8s.io",         { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "Job",                            "batch",                     { "v1" },            SPACED,  workload_fields },
    { "Kustomization",                  "kustomize.config.k8s.io",   { "v1beta1" },       SPACED,  kustomization_fields },
    { "Lease",                          "coordination.k8s.io",       { "v1", "v1beta1" }, SPACED,  plain_fields },
    { "LimitRange",                     "",                          { "v1" },            SPACED,  plain_fields },
    { "LocalSubjectAccessReview",       "authorization.k8s.io",      { "v1", "v1beta1" }, SPACED,  plain_fields },
    { "MutatingWebhookConfiguration",   ADMISSION,                   { "v1", "v1beta1" }, CLUSTER, webhook_fields },
    { "Namespace",                      "",                          { "v1" },            CLUSTER, conditioned_fields },
    { "NetworkPolicy",                  "networking.k8s.io",         { "v1" },            SPACED,  plain_fields },
    { "Node",                           "",                          { "v1" },            CLUSTER, node_fields },
    { "NodeProxyOptions",               "",                          { "v1" },            CLUSTER, NULL },
    { "PersistentVolume",               "",                          { "v1" },            CLUSTER, plain_fields },
    { "PersistentVolumeClaim",          "",                          { "v1" },            SPACED,  conditioned_fields },
    { "Pod",                            "",                          { "v1" },            SPACED,  pod_fields },
    { "PodDisruptionBudget",            "policy",                    { "v1", "v1beta1" }, SPACED,  conditioned_fields },
    { "PodSecurityPolicy",              "policy",                    { "v1beta1" },       CLUSTER, plain_fields },
    { "PodTemplate",                    "",                          { "v1" },            SPACED,  pod_template_kind_fields },
    { "PriorityClass",                  "scheduling.k8s.io",         { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "PriorityLevelConfiguration",     FLOW,                        { "v1beta1" },       CLUSTER, plain_fields },
    { "ReplicaSet",                     "apps",                      { "v1" },            SPACED,  workload_fields },
    { "ReplicationController",          "",                          { "v1" },            SPACED,  workload_fields },
    { "ResourceQuota",                  "",                          { "v1" },            SPACED,  plain_fields },
    { "Role",                           RBAC,                        { "v1", "v1beta1" }, SPACED,  plain_fields },
    { "RoleBinding",                    RBAC,                        { "v1", "v1beta1" }, SPACED,  plain_fields },
    { "RuntimeClass",                   "node.k8s.io",               { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "Scale",                          "autoscaling",               { "v1" },            SPACED,  plain_fields },
    { "Secret",                         "",                          { "v1" },            SPACED,  plain_fields },
    { "Service",                        "",                          { "v1" },            SPACED,  service_fields },
    { "ServiceAccount",                 "",                          { "v1" },            SPACED,  account_fields },
    { "StatefulSet",                    "apps",                      { "v1" },            SPACED,  workload_fields },
    { "StorageClass",                   "storage.k8s.io",            { "v1", "v1beta1" }, CLUSTER, plain_fields },
    { "ValidatingWebhookConfiguration", ADMISSION,                   { "v1", "v1beta1" }, CLUSTER, webhook_fields },
    { "VolumeAttachment",               "storage.k8s.io",            { "v1", "v1beta1" }, CLUSTER, plain_fields },
};

static const struct {
    const char *name;
    const struct kinds_field *fields;
} definitions[] = {
    { "io.k8s.api.core.v1.Container",                            container_fields },
    { "io.k8s.api.core.v1.EphemeralContainer",                   ephemeral_fields },
    { "io.k8s.api.core.v1.PodSpec",                              pod_spec_fields },
    { "io.k8s.api.core.v1.PodTemplateSpec",                      pod_template_fields },
    { "io.k8s.api.core.v1.ServiceSpec",                          service_spec_fields },
    { "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",         meta_fields },
};
/* clang-format on */

static int by_kind(const void *kind, const void *row)
{
    return strcmp(kind, ((const struct kind_row *)row)->kind);
}

static bool row_matches(const struct kind_row *row, const char *group, const char *version)
{
    if (strcmp(row->group, group) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(row->versions) && row->versions[i]; i++)
        if (!strcmp(row->versions[i], version))
            return true;
    return false;
}

static const struct kind_row *row_find(const char *group, const char *version, const char *kind)
{
    const struct kind_row *row = bsearch(kind, rows, ARRAY_LEN(rows), sizeof(rows[0]), by_kind);
    while (row && row > rows && !strcmp(row[-1].kind, kind))
        row--;
    for (; row && row < rows + ARRAY_LEN(rows) && !strcmp(row->kind, kind); row++)
        if (row_matches(row, group, version))
            return row;
    return NULL;
}

bool kinds_is_cluster(const char *group, const char *version, const char *kind)
{
    const struct kind_row *row = row_find(group, version, kind);
    return row && row->cluster;
}

bool kinds_is_known(const char *group, const char *version, const char *kind)
{
    return row_find(group, version, kind) != NULL;
}

const struct kinds_field *kinds_fields(const char *group, const char *version, const char *kind)
{
    const struct kind_row *row = row_find(group, version, kind);
    return row ? row->fields : NULL;
}

const struct kinds_field *kinds_field_find(const struct kinds_field *fields, const char *name)
{
    for (; fields && fields->name; fields++)
        if (!strcmp(fields->name, name))
            return fields;
    return NULL;
}

const struct kinds_field *kinds_definition(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(definitions); i++)
        if (!strcmp(definitions[i].name, name))
            return definitions[i].fields;
    return NULL;
}
