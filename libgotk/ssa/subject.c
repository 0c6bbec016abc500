/*
 * subject.c: names, order and stages of objects; see subject.h.
 *
 * The order of kinds is upstream's, to the row (facts: "Order of kinds"): what others need comes first, webhooks that
 * could block the rest come last.
 */
#include "libgotk/ssa/subject.h"

#include "libgotk/base/str.h"

#include <stdlib.h>
#include <string.h>

static const char *const first_kinds[] = {
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
};

static const char *const last_kinds[] = { "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration" };

/* The definitions of stage one; an empty group stands for the core group. */
static const struct {
    const char *group;
    const char *kind;
} definitions[] = {
    { "apiextensions.k8s.io", "CustomResourceDefinition" },
    { "", "Namespace" },
    { "rbac.authorization.k8s.io", "ClusterRole" },
};

char *subject_name(struct arena *a, const struct doc *object)
{
    const char *kind = str_or(doc_text_at(object, "kind"), "<no kind>");
    const char *name = str_or(doc_text_at(object, "metadata", "name"), "<no name>");
    const char *ns = doc_text_at(object, "metadata", "namespace");
    return str_empty(ns) ? str_fmt(a, "%s/%s", kind, name) : str_fmt(a, "%s/%s/%s", kind, ns, name);
}

char *subject_group(struct arena *a, const char *api_version)
{
    const char *slash = strchr(str_or(api_version, ""), '/');
    return slash ? str_ndup(a, api_version, (size_t)(slash - api_version)) : str_dup(a, "");
}

const char *subject_version(const char *api_version)
{
    const char *slash = strchr(str_or(api_version, ""), '/');
    return slash ? slash + 1 : str_or(api_version, "");
}

static bool is_definition(const char *group, const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(definitions); i++)
        if (str_eq(group, definitions[i].group) && str_eq_fold(kind, definitions[i].kind))
            return true;
    return false;
}

static bool is_custom(struct arena *a, const char *group, const char *kind, const char *const *custom,
                      size_t count)
{
    const char *wanted = *group ? str_fmt(a, "%s/%s", group, kind) : kind;
    for (size_t i = 0; i < count; i++)
        if (str_eq(custom[i], wanted))
            return true;
    return false;
}

enum ssa_stage subject_stage(struct arena *a, const struct doc *object, const char *const *custom,
                             size_t custom_count)
{
    const char *group = subject_group(a, doc_text_at(object, "apiVersion"));
    const char *kind = str_or(doc_text_at(object, "kind"), "");
    if (is_definition(group, kind))
        return SSA_STAGE_DEFINITIONS;
    if (str_ends(kind, "Class"))
        return SSA_STAGE_CLASSES;
    return is_custom(a, group, kind, custom, custom_count) ? SSA_STAGE_CUSTOM : SSA_STAGE_REST;
}

static int rank_of(const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(first_kinds); i++)
        if (str_eq(kind, first_kinds[i]))
            return (int)i;
    for (size_t i = 0; i < ARRAY_LEN(last_kinds); i++)
        if (str_eq(kind, last_kinds[i]))
            return (int)(1000 + i);
    return 500;
}

/* An object with its sort keys taken out once. */
struct sortable {
    int rank;
    const char *keys[4]; /* group, kind, namespace, name */
    struct doc *object;
};

static int compare(const void *pa, const void *pb)
{
    const struct sortable *a = pa, *b = pb;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    for (size_t i = 0; i < ARRAY_LEN(a->keys); i++) {
        int order = strcmp(a->keys[i], b->keys[i]);
        if (order)
            return order;
    }
    return 0;
}

void subject_sort(struct arena *a, struct doc **objects, size_t count)
{
    struct sortable *rows = ARENA_ARRAY(a, struct sortable, count);
    for (size_t i = 0; i < count; i++) {
        struct doc *o = objects[i];
        const char *kind = str_or(doc_text_at(o, "kind"), "");
        rows[i] = (struct sortable){
            .rank = rank_of(kind),
            .keys = { subject_group(a, doc_text_at(o, "apiVersion")), kind,
                      str_or(doc_text_at(o, "metadata", "namespace"), ""),
                      str_or(doc_text_at(o, "metadata", "name"), "") },
            .object = o,
        };
    }
    qsort(rows, count, sizeof(*rows), compare);
    for (size_t i = 0; i < count; i++)
        objects[i] = rows[i].object;
}
