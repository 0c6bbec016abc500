/*
 * tables_refs.c: see tables.h: which fields name other objects. Rows with a set of pods stand for one field of every
 * kind in that set; the others name their kind. Upstream's gaps are kept: ReplicationControllers do not follow
 * ConfigMaps, ReplicaSets do not follow accounts, references to an IngressClass are never followed.
 */
#include "libgotk/kustomize/tables.h"

#define MOUNTING  TABLES_PODS_MOUNTING
#define USING     TABLES_PODS_USING
#define VARS      TABLES_PODS_WITH_VARS
#define HPA       "HorizontalPodAutoscaler"
#define RBAC      "rbac.authorization.k8s.io"
#define ADMISSION "admissionregistration.k8s.io"
#define CRON_SPEC "spec/jobTemplate/spec/template/spec"

/* clang-format off */
const struct tables_pod_home tables_pod_homes[] = {
    { "Pod",                   "v1", "spec",               MOUNTING | USING | VARS },
    { "PodTemplate",           NULL, "template/spec",      MOUNTING },
    { "Deployment",            NULL, "spec/template/spec", MOUNTING | USING | VARS },
    { "ReplicaSet",            NULL, "spec/template/spec", MOUNTING | VARS },
    { "DaemonSet",             NULL, "spec/template/spec", MOUNTING | USING | VARS },
    { "StatefulSet",           NULL, "spec/template/spec", MOUNTING | USING | VARS },
    { "ReplicationController", NULL, "spec/template/spec", USING },
    { "Job",                   NULL, "spec/template/spec", MOUNTING | USING | VARS },
    { "CronJob",               NULL, CRON_SPEC,            MOUNTING | USING | VARS },
};
const size_t tables_pod_home_count = ARRAY_LEN(tables_pod_homes);

#define SCALED(target) { target, NULL, NULL, "spec/scaleTargetRef/name", 0, HPA, NULL, NULL }
#define IN_PODS(target, path, set)      { target, NULL, "v1", path, set, NULL, NULL, NULL }
#define IN_KIND(target, path, kind)     { target, NULL, "v1", path, 0, kind, NULL, NULL }
#define IN_GROUP(target, path, kind, group) { target, NULL, "v1", path, 0, kind, group, NULL }
#define NGINX "metadata/annotations/nginx.ingress.kubernetes.io\\/"

const struct tables_reference tables_references[] = {
    SCALED("Deployment"), SCALED("ReplicationController"), SCALED("ReplicaSet"), SCALED("StatefulSet"),

    IN_PODS("ConfigMap", "volumes/configMap/name",                            MOUNTING),
    IN_PODS("ConfigMap", "containers/env/valueFrom/configMapKeyRef/name",     MOUNTING),
    IN_PODS("ConfigMap", "initContainers/env/valueFrom/configMapKeyRef/name", MOUNTING),
    IN_PODS("ConfigMap", "containers/envFrom/configMapRef/name",              MOUNTING),
    IN_PODS("ConfigMap", "initContainers/envFrom/configMapRef/name",          MOUNTING),
    IN_PODS("ConfigMap", "volumes/projected/sources/configMap/name",          MOUNTING),
    IN_KIND("ConfigMap", "spec/configSource/configMap",                       "Node"),
    IN_KIND("ConfigMap", "rules/resourceNames",                               "Role"),
    IN_KIND("ConfigMap", "rules/resourceNames",                               "ClusterRole"),
    IN_KIND("ConfigMap", NGINX "fastcgi-params-configmap",                    "Ingress"),

    IN_PODS("Secret", "volumes/secret/secretName",                         MOUNTING),
    IN_PODS("Secret", "containers/env/valueFrom/secretKeyRef/name",        MOUNTING),
    IN_PODS("Secret", "initContainers/env/valueFrom/secretKeyRef/name",    MOUNTING),
    IN_PODS("Secret", "containers/envFrom/secretRef/name",                 MOUNTING),
    IN_PODS("Secret", "initContainers/envFrom/secretRef/name",             MOUNTING),
    IN_PODS("Secret", "imagePullSecrets/name",                             MOUNTING),
    IN_PODS("Secret", "volumes/projected/sources/secret/name",             MOUNTING),
    IN_KIND("Secret", "spec/tls/secretName",                               "Ingress"),
    IN_KIND("Secret", "metadata/annotations/ingress.kubernetes.io\\/auth-secret", "Ingress"),
    IN_KIND("Secret", NGINX "auth-secret",                                 "Ingress"),
    IN_KIND("Secret", NGINX "auth-tls-secret",                             "Ingress"),
    IN_KIND("Secret", "imagePullSecrets/name",                             "ServiceAccount"),
    IN_KIND("Secret", "parameters/secretName",                             "StorageClass"),
    IN_KIND("Secret", "parameters/adminSecretName",                        "StorageClass"),
    IN_KIND("Secret", "parameters/userSecretName",                         "StorageClass"),
    IN_KIND("Secret", "parameters/secretRef",                              "StorageClass"),
    IN_KIND("Secret", "rules/resourceNames",                               "Role"),
    IN_KIND("Secret", "rules/resourceNames",                               "ClusterRole"),
    { "Secret", NULL, "v1", "spec/template/spec/containers/env/valueFrom/secretKeyRef/name", 0, "Service",
      "serving.knative.dev", "v1" },
    IN_KIND("Secret", "spec/azureFile/secretName",                         "PersistentVolume"),

    IN_GROUP("Service", "spec/serviceName",                          "StatefulSet", "apps"),
    IN_KIND("Service",  "spec/rules/http/paths/backend/serviceName", "Ingress"),
    IN_KIND("Service",  "spec/backend/serviceName",                  "Ingress"),
    IN_KIND("Service",  "spec/rules/http/paths/backend/service/name", "Ingress"),
    IN_KIND("Service",  "spec/defaultBackend/service/name",          "Ingress"),
    IN_GROUP("Service", "spec/service/name",                         "APIService", "apiregistration.k8s.io"),
    IN_GROUP("Service", "webhooks/clientConfig/service",             "ValidatingWebhookConfiguration", ADMISSION),
    IN_GROUP("Service", "webhooks/clientConfig/service",             "MutatingWebhookConfiguration", ADMISSION),

    { "Role",        RBAC, NULL, "roleRef/name", 0, "RoleBinding",        RBAC, NULL },
    { "ClusterRole", RBAC, NULL, "roleRef/name", 0, "RoleBinding",        RBAC, NULL },
    { "ClusterRole", RBAC, NULL, "roleRef/name", 0, "ClusterRoleBinding", RBAC, NULL },

    IN_GROUP("ServiceAccount", "subjects", "RoleBinding",        RBAC),
    IN_GROUP("ServiceAccount", "subjects", "ClusterRoleBinding", RBAC),
    IN_PODS("ServiceAccount",  "serviceAccountName",             USING),

    IN_PODS("PersistentVolumeClaim", "volumes/persistentVolumeClaim/claimName", USING),

    IN_KIND("PersistentVolume", "spec/volumeName",     "PersistentVolumeClaim"),
    IN_KIND("PersistentVolume", "rules/resourceNames", "ClusterRole"),

    { "StorageClass", "storage.k8s.io", "v1", "spec/storageClassName", 0, "PersistentVolume", NULL, NULL },
    { "StorageClass", "storage.k8s.io", "v1", "spec/storageClassName", 0, "PersistentVolumeClaim", NULL, NULL },
    { "StorageClass", "storage.k8s.io", "v1", "spec/volumeClaimTemplates/spec/storageClassName", 0, "StatefulSet",
      NULL, NULL },

    { "PriorityClass", "scheduling.k8s.io", "v1", "priorityClassName", USING, NULL, NULL, NULL },

    { "IngressClass", "networking.k8s.io/v1", "v1", "spec/ingressClassName", 0, "Ingress", NULL, NULL },

    { "ValidatingAdmissionPolicy", ADMISSION, NULL, "spec/policyName", 0, "ValidatingAdmissionPolicyBinding",
      ADMISSION, NULL },
};
/* clang-format on */
const size_t tables_reference_count = ARRAY_LEN(tables_references);
