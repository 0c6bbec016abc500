/*
 * capabilities.c: versions of Kubernetes and its APIs; the contract is in capabilities.h.
 *
 * Versions are read by the rules of k8s.io/apimachinery's version.ParseGeneric.
 */
#include "helm-controller/capabilities.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/semver.h"
#include "libgotk/base/str.h"

#include <ctype.h>

#define KUBE_MAJOR "1"
#define KUBE_MINOR "36"

/* In the order of client-go's scheme, which templates can see. */
static const char *const api_versions[] = {
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha2",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
};

struct capabilities capabilities_default(struct arena *a)
{
    static const char version[] = "v" KUBE_MAJOR "." KUBE_MINOR ".0";
    struct capabilities c = {
        .kube = { version, version, KUBE_MAJOR, KUBE_MINOR },
        .helm = { "v4.2", "", "", "go1.26.8", "v" KUBE_MAJOR "." KUBE_MINOR },
        .api_versions = vlist_new(a, ARRAY_LEN(api_versions)),
    };
    for (size_t i = 0; i < ARRAY_LEN(api_versions); i++)
        vlist_push(a, c.api_versions, v_text(api_versions[i]));
    return c;
}

/* "1.30.2" at *p, which moves on; its length is 0 when there is none. */
static struct strv take_numbers(const char **p)
{
    const char *from = *p, *end = from;
    for (const char *at = from; isdigit((unsigned char)*at); at++) {
        while (isdigit((unsigned char)*at))
            at++;
        end = at;
        if (*at != '.')
            break;
    }
    *p = end;
    return (struct strv){ from, (size_t)(end - from) };
}

/* One component without leading zeros, which only the first may not have. */
static int take_component(struct ctx *cx, const char *component, bool first, const char *text,
                          const char **ret)
{
    const char *p = component;
    const char *quoted = quote_go(cx->arena, component, strlen(component));
    if (first && *p == '0' && p[1])
        return err_fail(cx, ERR_INVALID, "illegal zero-prefixed version component %s in %s", quoted,
                        quote_go(cx->arena, text, strlen(text)));
    while (*p == '0' && p[1])
        p++;
    if (strlen(p) > 20 || (strlen(p) == 20 && strcmp(p, "18446744073709551615") > 0))
        return err_fail(
            cx, ERR_INVALID,
            "illegal non-numeric version component %s in %s: strconv.ParseUint: parsing %s: value out of range",
            quoted, quote_go(cx->arena, text, strlen(text)), quoted);
    *ret = p;
    return 0;
}

int capabilities_parse_version(struct ctx *cx, const char *text, struct kube_version *ret)
{
    struct arena *a = cx->arena;
    const char *p = text + strspn(text, "\t\n\f\r ");
    size_t count = 0;
    p += *p == 'v';
    struct strv numbers = take_numbers(&p);
    if (!numbers.n || strchr(p, '\n'))
        return err_fail(cx, ERR_INVALID, "could not parse %s as version", quote_go(a, text, strlen(text)));
    char **parts = str_split(a, str_ndup(a, numbers.p, numbers.n), '.', &count);
    const char **clean = ARENA_ARRAY(a, const char *, count);
    if (count < 2)
        return err_fail(cx, ERR_INVALID, "illegal version string %s", quote_go(a, text, strlen(text)));
    for (size_t i = 0; i < count; i++)
        if (take_component(cx, parts[i], i == 0, text, &clean[i]) < 0)
            return err_code(cx);
    *ret = (struct kube_version){
        .version = str_starts(text, "v") ? text : str_fmt(a, "v%s", text),
        .normalized = str_fmt(a, "v%s", str_join(a, clean, count, ".")),
        .major = clean[0],
        .minor = clean[1],
    };
    return 0;
}

bool capabilities_allow(struct ctx *cx, const struct capabilities *c, const char *constraint)
{
    struct semver version;
    struct semver_range *range;
    const char *text = str_or(c->kube.normalized, c->kube.version);
    if (semver_parse(cx, text, &version) < 0 || semver_range_parse(cx, constraint, &range) < 0) {
        err_clear(cx);
        return false;
    }
    return semver_in_range(range, &version);
}
