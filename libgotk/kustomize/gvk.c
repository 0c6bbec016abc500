/*
 * gvk.c: see gvk.h. The two lists below are kustomize's legacy install order (kyaml resid.Gvk.IsLessThan): the first
 * list comes first in its order, the second comes last, everything else lies between, by group, version, kind.
 * Rejected: one table with numbers, which has to be renumbered for every new row.
 */
#include "libgotk/kustomize/gvk.h"

#include "libgotk/base/str.h"

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

struct gvk gvk_normal(struct gvk g)
{
    return (struct gvk){ .group = str_or(g.group, ""),
                         .version = str_or(g.version, ""),
                         .kind = str_or(g.kind, "") };
}

/* Most texts that are compared differ in their first byte. */
static bool same(const char *a, const char *b)
{
    return *a == *b && !strcmp(a, b);
}

bool gvk_equal(struct gvk a, struct gvk b)
{
    return same(a.kind, b.kind) && same(a.version, b.version) && same(a.group, b.group);
}

static bool part_selected(const char *part, const char *wanted)
{
    return !wanted[0] || same(part, wanted);
}

bool gvk_selected(struct gvk g, struct gvk row)
{
    return part_selected(g.kind, row.kind) && part_selected(g.group, row.group) &&
           part_selected(g.version, row.version);
}

const char *gvk_text(struct arena *a, struct gvk g)
{
    const char *const parts[] = { str_or(g.kind, "[noKind]"), str_or(g.version, "[noVer]"),
                                  str_or(g.group, "[noGrp]") };
    return str_join(a, parts, ARRAY_LEN(parts), ".");
}

int gvk_rank(const char *kind)
{
    if (!*kind)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds_first); i++)
        if (kind[0] == kinds_first[i][0] && !strcmp(kind, kinds_first[i]))
            return (int)i - (int)ARRAY_LEN(kinds_first);
    for (size_t i = 0; i < ARRAY_LEN(kinds_last); i++)
        if (!strcmp(kind, kinds_last[i]))
            return (int)i + 1;
    return 0;
}

/* Walks a text in parts: a part's end is followed by the next part. */
struct joined {
    const char *parts[5];
    size_t part;
    size_t at;
};

static unsigned char next_byte(struct joined *j)
{
    while (j->part < ARRAY_LEN(j->parts)) {
        char c = j->parts[j->part][j->at++];
        if (c)
            return (unsigned char)c;
        j->part++;
        j->at = 0;
    }
    return 0;
}

static struct joined join(struct gvk g)
{
    return (struct joined){ .parts = { str_or(g.group, "~G"), "_", str_or(g.version, "~V"), "_",
                                       str_or(g.kind, "~K") } };
}

/* Without writing the texts. Rows of a table often are of the same kind. */
int gvk_compare_text(struct gvk a, struct gvk b)
{
    if (gvk_equal(a, b))
        return 0;
    struct joined left = join(a), right = join(b);
    for (;;) {
        unsigned char x = next_byte(&left), y = next_byte(&right);
        if (x != y || !x)
            return x - y;
    }
}
