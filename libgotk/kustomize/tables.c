/*
 * tables.c: see tables.h: the field rows. The reference rows are in tables_refs.c.
 */
#include "libgotk/kustomize/tables.h"

#include "libgotk/kustomize/tconfig.h"

#define PREFIX      (1u << TCONFIG_NAME_PREFIX | 1u << TCONFIG_NAME_SUFFIX)
#define NAMESPACE   (1u << TCONFIG_NAMESPACE)
#define SELECTORS   (1u << TCONFIG_COMMON_LABELS)
#define LABELS      (1u << TCONFIG_COMMON_LABELS | 1u << TCONFIG_TEMPLATE_LABELS)
#define ANNOTATIONS (1u << TCONFIG_COMMON_ANNOTATIONS)
#define VARS        (1u << TCONFIG_VAR_REFERENCE)
#define IMAGES      (1u << TCONFIG_IMAGES)
#define REPLICAS    (1u << TCONFIG_REPLICAS)

#define ROW(set, group_, version_, kind_, path_, create_)                                                    \
    {                                                                                                        \
        .lists = (set), .fs = {                                                                              \
            .gvk = { .group = (group_), .version = (version_), .kind = (kind_) },                            \
            .path = (path_),                                                                                 \
            .create = (create_)                                                                              \
        }                                                                                                    \
    }

#define POD_AFFINITY  "spec/template/spec/affinity/podAffinity/"
#define POD_AVERSION  "spec/template/spec/affinity/podAntiAffinity/"
#define PREFERRED     "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels"
#define REQUIRED      "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels"
#define SPREAD        "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"
#define APIREG        "apiregistration.k8s.io"
#define APIEXT        "apiextensions.k8s.io"
#define NETWORKING    "networking.k8s.io"
#define CRD_WEBHOOK   "spec/conversion/webhook/clientConfig/service/namespace"
#define CRON_TEMPLATE "spec/jobTemplate/spec/template/metadata/"

/* clang-format off */
const struct tables_field tables_fields[] = {
    /*  lists        group        version kind                      path                                   create */
    ROW(PREFIX,      NULL,        NULL,   NULL,                     "metadata/name",                       false),

    ROW(NAMESPACE,   NULL,        NULL,   "Namespace",              "metadata/name",                       true),
    ROW(NAMESPACE,   APIREG,      NULL,   "APIService",             "spec/service/namespace",              true),
    ROW(NAMESPACE,   APIEXT,      NULL,   "CustomResourceDefinition", CRD_WEBHOOK,                         false),

    ROW(SELECTORS,   NULL,        "v1",   "Service",                "spec/selector",                       true),
    ROW(SELECTORS,   NULL,        "v1",   "ReplicationController",  "spec/selector",                       true),
    ROW(SELECTORS,   NULL,        NULL,   "Deployment",             "spec/selector/matchLabels",           true),
    ROW(SELECTORS,   "apps",      NULL,   "Deployment",             POD_AFFINITY PREFERRED,                false),
    ROW(SELECTORS,   "apps",      NULL,   "Deployment",             POD_AFFINITY REQUIRED,                 false),
    ROW(SELECTORS,   "apps",      NULL,   "Deployment",             POD_AVERSION PREFERRED,                false),
    ROW(SELECTORS,   "apps",      NULL,   "Deployment",             POD_AVERSION REQUIRED,                 false),
    ROW(SELECTORS,   "apps",      NULL,   "Deployment",             SPREAD,                                false),
    ROW(SELECTORS,   NULL,        NULL,   "ReplicaSet",             "spec/selector/matchLabels",           true),
    ROW(SELECTORS,   NULL,        NULL,   "DaemonSet",              "spec/selector/matchLabels",           true),
    ROW(SELECTORS,   "apps",      NULL,   "StatefulSet",            "spec/selector/matchLabels",           true),
    ROW(SELECTORS,   "apps",      NULL,   "StatefulSet",            POD_AFFINITY PREFERRED,                false),
    ROW(SELECTORS,   "apps",      NULL,   "StatefulSet",            POD_AFFINITY REQUIRED,                 false),
    ROW(SELECTORS,   "apps",      NULL,   "StatefulSet",            POD_AVERSION PREFERRED,                false),
    ROW(SELECTORS,   "apps",      NULL,   "StatefulSet",            POD_AVERSION REQUIRED,                 false),
    ROW(SELECTORS,   "apps",      NULL,   "StatefulSet",            SPREAD,                                false),
    ROW(SELECTORS,   "batch",     NULL,   "Job",                    "spec/selector/matchLabels",           false),
    ROW(SELECTORS,   "batch",     NULL,   "CronJob",                "spec/jobTemplate/spec/selector/matchLabels", false),
    ROW(SELECTORS,   "policy",    NULL,   "PodDisruptionBudget",    "spec/selector/matchLabels",           false),
    ROW(SELECTORS,   NETWORKING,  NULL,   "NetworkPolicy",          "spec/podSelector/matchLabels",        false),
    ROW(SELECTORS,   NETWORKING,  NULL,   "NetworkPolicy",          "spec/ingress/from/podSelector/matchLabels", false),
    ROW(SELECTORS,   NETWORKING,  NULL,   "NetworkPolicy",          "spec/egress/to/podSelector/matchLabels", false),

    ROW(LABELS,      NULL,        NULL,   NULL,                     "metadata/labels",                     true),
    ROW(LABELS,      NULL,        "v1",   "ReplicationController",  "spec/template/metadata/labels",       true),
    ROW(LABELS,      NULL,        NULL,   "Deployment",             "spec/template/metadata/labels",       true),
    ROW(LABELS,      NULL,        NULL,   "ReplicaSet",             "spec/template/metadata/labels",       true),
    ROW(LABELS,      NULL,        NULL,   "DaemonSet",              "spec/template/metadata/labels",       true),
    ROW(LABELS,      "apps",      NULL,   "StatefulSet",            "spec/template/metadata/labels",       true),
    ROW(LABELS,      "apps",      NULL,   "StatefulSet",            "spec/volumeClaimTemplates[]/metadata/labels", true),
    ROW(LABELS,      "batch",     NULL,   "Job",                    "spec/template/metadata/labels",       true),
    ROW(LABELS,      "batch",     NULL,   "CronJob",                "spec/jobTemplate/metadata/labels",    true),
    ROW(LABELS,      "batch",     NULL,   "CronJob",                CRON_TEMPLATE "labels",                true),

    ROW(ANNOTATIONS, NULL,        NULL,   NULL,                     "metadata/annotations",                true),
    ROW(ANNOTATIONS, NULL,        "v1",   "ReplicationController",  "spec/template/metadata/annotations",  true),
    ROW(ANNOTATIONS, NULL,        NULL,   "Deployment",             "spec/template/metadata/annotations",  true),
    ROW(ANNOTATIONS, NULL,        NULL,   "ReplicaSet",             "spec/template/metadata/annotations",  true),
    ROW(ANNOTATIONS, NULL,        NULL,   "DaemonSet",              "spec/template/metadata/annotations",  true),
    ROW(ANNOTATIONS, NULL,        NULL,   "StatefulSet",            "spec/template/metadata/annotations",  true),
    ROW(ANNOTATIONS, "batch",     NULL,   "Job",                    "spec/template/metadata/annotations",  true),
    ROW(ANNOTATIONS, "batch",     NULL,   "CronJob",                "spec/jobTemplate/metadata/annotations", true),
    ROW(ANNOTATIONS, "batch",     NULL,   "CronJob",                CRON_TEMPLATE "annotations",           true),

    ROW(IMAGES,      NULL,        NULL,   NULL,                     "spec/containers[]/image",             true),
    ROW(IMAGES,      NULL,        NULL,   NULL,                     "spec/initContainers[]/image",         true),
    ROW(IMAGES,      NULL,        NULL,   NULL,                     "spec/volumes[]/image/reference",      true),
    ROW(IMAGES,      NULL,        NULL,   NULL,                     "spec/template/spec/containers[]/image", true),
    ROW(IMAGES,      NULL,        NULL,   NULL,                     "spec/template/spec/initContainers[]/image", true),
    ROW(IMAGES,      NULL,        NULL,   NULL,                     "spec/template/spec/volumes[]/image/reference", true),

    ROW(REPLICAS,    NULL,        NULL,   "Deployment",             "spec/replicas",                       true),
    ROW(REPLICAS,    NULL,        NULL,   "ReplicationController",  "spec/replicas",                       true),
    ROW(REPLICAS,    NULL,        NULL,   "ReplicaSet",             "spec/replicas",                       true),
    ROW(REPLICAS,    NULL,        NULL,   "StatefulSet",            "spec/replicas",                       true),

    ROW(VARS,        NULL,        NULL,   "CronJob",                "spec/jobTemplate/spec/template/volumes/nfs/server", false),
    ROW(VARS,        NULL,        NULL,   "DaemonSet",              "spec/template/spec/volumes/nfs/server", false),
    ROW(VARS,        NULL,        NULL,   "Deployment",             "spec/template/spec/volumes/nfs/server", false),
    ROW(VARS,        NULL,        NULL,   "Deployment",             "spec/template/metadata/annotations",  false),
    ROW(VARS,        NULL,        NULL,   "Ingress",                "spec/rules/host",                     false),
    ROW(VARS,        NULL,        NULL,   "Ingress",                "spec/tls/hosts",                      false),
    ROW(VARS,        NULL,        NULL,   "Ingress",                "spec/tls/secretName",                 false),
    ROW(VARS,        NULL,        NULL,   "Job",                    "spec/template/spec/volumes/nfs/server", false),
    ROW(VARS,        NULL,        NULL,   "Pod",                    "spec/volumes/nfs/server",             false),
    ROW(VARS,        NULL,        NULL,   "ReplicaSet",             "spec/template/spec/volumes/nfs/server", false),
    ROW(VARS,        NULL,        NULL,   "Service",                "spec/ports/port",                     false),
    ROW(VARS,        NULL,        NULL,   "Service",                "spec/ports/targetPort",               false),
    ROW(VARS,        NULL,        NULL,   "StatefulSet",            "spec/volumeClaimTemplates/spec/nfs/server", false),
    ROW(VARS,        NULL,        NULL,   "PersistentVolume",       "spec/nfs/server",                     false),
    ROW(VARS,        NULL,        NULL,   NULL,                     "metadata/labels",                     false),
    ROW(VARS,        NULL,        NULL,   NULL,                     "metadata/annotations",                false),
};
/* clang-format on */
const size_t tables_field_count = ARRAY_LEN(tables_fields);

const char *const tables_pod_variables[] = {
    "containers/args",          "containers/command",
    "containers/env/value",     "containers/volumeMounts/mountPath",
    "initContainers/args",      "initContainers/command",
    "initContainers/env/value", "initContainers/volumeMounts/mountPath",
};
const size_t tables_pod_variable_count = ARRAY_LEN(tables_pod_variables);
