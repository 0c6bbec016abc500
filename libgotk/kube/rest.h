/*
 * rest.h: from apiVersion and kind to the path of a request, by the server's discovery documents.
 *
 * One cache per struct kube, filled at the first question by aggregated discovery (two requests; plain
 * discovery, one request per group version, when the server is older), shared by all threads under a leaf
 * lock that is not held while requests run. A kind the cache does not know asks the server again, because a
 * CRD may just have been made: whoever misses waits for a refresh that began after the question, and
 * refreshes begin at most twice a second, mostly answered "304 Not Modified". Rejected: remembering misses (a
 * new CRD would fail until that memory fades), and polling.
 */
#ifndef GOTK_KUBE_REST_H
#define GOTK_KUBE_REST_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>

struct kube;

/* All strings live in the arena of the context that asked. */
struct kube_mapping {
    const char *group;   /* "" for the core group */
    const char *version; /* "v1" */
    const char *kind;
    const char *plural; /* the resource's name in paths */
    bool namespaced;
};

/* How the server serves this kind. ERR_NOT_FOUND `no matches for kind "X" in version "g/v"`, reason
 * "NoKindMatch"; ERR_UNAVAILABLE when the group's own server is down. */
int kube_map(struct ctx *cx, struct kube *k, const char *api_version, const char *kind,
             struct kube_mapping *ret_mapping) MUST_CHECK;

/* As kube_map for the version the server prefers among those of `group` that have the kind ("" is the core
 * group). ERR_NOT_FOUND `no matches for kind "X" in group "g"`, reason "NoKindMatch". */
int kube_map_preferred(struct ctx *cx, struct kube *k, const char *group, const char *kind,
                       struct kube_mapping *ret_mapping) MUST_CHECK;

/* Forgets the cache, so that the next question asks the server: after CRDs were deleted or replaced. Any
 * thread. */
void kube_map_forget(struct kube *k);

/* The path of a resource: "/apis/apps/v1/namespaces/default/deployments/web/status". `ns`, `name` and
 * `subresource` may be NULL; `ns` is left out for cluster-scoped kinds. Lives in `a`. */
char *kube_path(struct arena *a, const struct kube_mapping *mapping, const char *ns, const char *name,
                const char *subresource);

#endif
