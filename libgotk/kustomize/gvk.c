/*
 * gvk.c: see gvk.h. The two lists below are kustomize's legacy install order (kyaml resid.Gvk.IsLessThan): the first
 * list comes first in its order, the second comes last, everything else lies between, by group, version, kind.
 * Rejected: one table with numbers, which has to be renumbered for every new row.
 */
#include "libgotk/kustomize/gvk.h"

#include "libgotk/base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds_first[] = {
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
};

static const char *const kinds_last[] = {
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
};

struct gvk gvk_parse(struct arena *a, const char *api_version, const char *kind)
{
    const char *text = str_or(api_version, "");
    const char *slash = strchr(text, '/');
    struct gvk g = { .group = "", .version = text, .kind = str_or(kind, "") };
    if (slash) {
        g.group = str_ndup(a, text, (size_t)(slash - text));
        g.version = slash + 1;
    }
    return g;
}

const char *gvk_api_version(struct arena *a, struct gvk g)
{
    return g.group[0] ? str_fmt(a, "%s/%s", g.group, g.version) : g.version;
}

bool gvk_equal(struct gvk a, struct gvk b)
{
    return !strcmp(a.kind, b.kind) && !strcmp(a.version, b.version) && !strcmp(a.group, b.group);
}

static bool part_selected(const char *part, const char *wanted)
{
    return !wanted[0] || !strcmp(part, wanted);
}

bool gvk_selected(struct gvk g, struct gvk row)
{
    return part_selected(g.kind, row.kind) && part_selected(g.group, row.group) &&
           part_selected(g.version, row.version);
}

const char *gvk_text(struct arena *a, struct gvk g)
{
    return str_fmt(a, "%s.%s.%s", str_or(g.kind, "[noKind]"), str_or(g.version, "[noVer]"),
                   str_or(g.group, "[noGrp]"));
}

int gvk_rank(const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds_first); i++)
        if (!strcmp(kind, kinds_first[i]))
            return (int)i - (int)ARRAY_LEN(kinds_first);
    for (size_t i = 0; i < ARRAY_LEN(kinds_last); i++)
        if (!strcmp(kind, kinds_last[i]))
            return (int)i + 1;
    return 0;
}

/* Compares "group_version_kind" texts. */
static int compare_joined(struct gvk a, struct gvk b)
{
    char left[512];
    char right[512];
    snprintf(left, sizeof(left), "%s_%s_%s", str_or(a.group, "~G"), str_or(a.version, "~V"),
             str_or(a.kind, "~K"));
    snprintf(right, sizeof(right), "%s_%s_%s", str_or(b.group, "~G"), str_or(b.version, "~V"),
             str_or(b.kind, "~K"));
    return strcmp(left, right);
}

int gvk_compare(struct gvk a, struct gvk b)
{
    int left = gvk_rank(a.kind);
    int right = gvk_rank(b.kind);
    return left != right ? left - right : compare_joined(a, b);
}
