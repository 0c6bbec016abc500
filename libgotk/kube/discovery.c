/*
 * discovery.c: the table of kinds, and aggregated discovery; the contract is in discovery.h.
 *
 * Two requests in parallel, /api for the core group and /apis for the others, each answered 304 when nothing
 * changed since the table we have. The documents are large (a megabyte with many CRDs) and read once, so they
 * are parsed in the caller's arena and given back; the table keeps five short strings per kind. Any thread.
 */
#include "libgotk/kube/discovery.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/discovery_plain.h"
#include "libgotk/kube/failure.h"
#include "libgotk/kube/wire.h"

#define TABLE_MAX ((size_t)64 << 20)

static const char accept_aggregated[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

struct discovery *discovery_new(void)
{
    struct arena *arena = arena_new(TABLE_MAX);
    struct discovery *d = ARENA_NEW(arena, struct discovery);
    atomic_init(&d->refs, 1);
    d->arena = arena;
    d->kinds = map_new(arena);
    d->groups = map_new(arena);
    return d;
}

struct discovery *discovery_ref(struct discovery *d)
{
    if (d)
        atomic_fetch_add(&d->refs, 1);
    return d;
}

void discovery_unref(struct discovery *d)
{
    if (d && atomic_fetch_sub(&d->refs, 1) == 1)
        arena_free(d->arena);
}

void discovery_add_version(struct discovery *d, const char *group, const char *version, bool stale)
{
    struct discovery_group *g = map_find(&d->groups, group);
    if (!g) {
        g = ARENA_NEW(d->arena, struct discovery_group);
        map_set(&d->groups, group, g);
    }
    struct discovery_version row = { str_dup(d->arena, version), stale };
    vec_push(d->arena, g, row);
}

/* "group/version/Kind" on the stack of the caller; NULL when it does not fit, which no valid name does. */
static const char *kind_key(char *out, size_t size, const char *group, const char *version, const char *kind)
{
    int n = snprintf(out, size, "%s/%s/%s", group, version, kind);
    return n >= 0 && (size_t)n < size ? out : NULL;
}

void discovery_add_kind(struct discovery *d, const struct kube_mapping *row)
{
    char buffer[512];
    const char *key = kind_key(buffer, sizeof(buffer), row->group, row->version, row->kind);
    if (!key || map_has(&d->kinds, key))
        return;
    struct kube_mapping *kept = ARENA_NEW(d->arena, struct kube_mapping);
    kept->group = str_dup(d->arena, row->group);
    kept->version = str_dup(d->arena, row->version);
    kept->kind = str_dup(d->arena, row->kind);
    kept->plural = str_dup(d->arena, row->plural);
    kept->namespaced = row->namespaced;
    map_set(&d->kinds, key, kept);
}

const struct kube_mapping *discovery_find(const struct discovery *d, const char *group, const char *version,
                                          const char *kind)
{
    char buffer[512];
    const char *key = kind_key(buffer, sizeof(buffer), group, version, kind);
    return key ? map_find(&d->kinds, key) : NULL;
}

const struct kube_mapping *discovery_find_preferred(const struct discovery *d, const char *group,
                                                    const char *kind)
{
    const struct discovery_group *g = map_find(&d->groups, group);
    const struct kube_mapping *row = NULL;
    for (size_t i = 0; g && !row && i < g->len; i++)
        row = discovery_find(d, group, g->at[i].name, kind);
    return row;
}

bool discovery_is_stale(const struct discovery *d, const char *group, const char *version)
{
    const struct discovery_group *g = map_find(&d->groups, group);
    for (size_t i = 0; g && i < g->len; i++) {
        if (g->at[i].stale && (!version || str_eq(g->at[i].name, version)))
            return true;
    }
    return false;
}

static void add_resources(struct discovery *d, const char *group, const char *version, const struct doc *list)
{
    doc_each (item, list) {
        struct kube_mapping row = {
            .group = group,
            .version = version,
            .kind = doc_text_at(item, "responseKind", "kind"),
            .plural = doc_text_at(item, "resource"),
            .namespaced = str_eq(doc_text_at(item, "scope"), "Namespaced"),
        };
        if (!str_empty(row.kind) && !str_empty(row.plural))
            discovery_add_kind(d, &row);
    }
}

/* Adds the groups of an APIGroupDiscoveryList. */
static void add_aggregated(struct discovery *d, const struct doc *list)
{
    doc_each (group, doc_find(list, "items")) {
        const char *name = str_or(doc_text_at(group, "metadata", "name"), "");
        doc_each (version, doc_find(group, "versions")) {
            const char *version_name = doc_text_at(version, "version");
            if (str_empty(version_name))
                continue;
            discovery_add_version(d, name, version_name, str_eq(doc_text_at(version, "freshness"), "Stale"));
            add_resources(d, name, version_name, doc_find(version, "resources"));
        }
    }
}

static bool is_aggregated(const struct http_response *answer)
{
    return strstr(answer->content_type, "g=apidiscovery.k8s.io") != NULL;
}

static int ask(struct ctx *cx, struct kube *k, const struct discovery *known, struct http_exchange list[2])
{
    static const char *const paths[2] = { "/api", "/apis" };
    const char *etags[2] = { known ? known->core_etag : NULL, known ? known->apis_etag : NULL };
    for (int i = 0; i < 2; i++) {
        struct wire_request req = { .path = paths[i],
                                    .accept = accept_aggregated,
                                    .if_none_match = etags[i] };
        list[i] = (struct http_exchange){ 0 };
        if (wire_prepare(cx, k, &req, &list[i].request) < 0)
            return err_code(cx);
    }
    if (wire_send_all(cx, k, list, 2, 2) < 0)
        return err_code(cx);
    for (int i = 0; i < 2; i++) {
        if (list[i].err.code) {
            cx->err = list[i].err;
            return cx->err.code;
        }
    }
    return 0;
}

/* Parses one answer; fails with the server's error when it is none of success. */
static int read_document(struct ctx *cx, const struct http_exchange *x, struct doc **ret)
{
    if (!wire_is_success(&x->response))
        return failure_of_answer(cx, &x->response, &(struct failure_subject){ .method = "GET" }, NULL);
    return json_parse(cx, buf_text(&x->response.body), x->response.body.len, x->request.url, ret);
}

static int fill(struct ctx *cx, struct kube *k, const struct http_exchange list[2], struct discovery *d)
{
    for (int i = 0; i < 2; i++) {
        struct doc *document = NULL;
        if (read_document(cx, &list[i], &document) < 0)
            return err_code(cx);
        if (is_aggregated(&list[i].response))
            add_aggregated(d, document);
        else if (discovery_add_plain(cx, k, document, d) < 0)
            return err_code(cx);
    }
    d->core_etag = str_dup(d->arena, list[0].response.etag);
    d->apis_etag = str_dup(d->arena, list[1].response.etag);
    return 0;
}

static int fetch(struct ctx *cx, struct kube *k, struct discovery *known, struct discovery **ret)
{
    struct http_exchange list[2];
    if (ask(cx, k, known, list) < 0)
        return err_code(cx);
    bool same[2] = { list[0].response.status == 304, list[1].response.status == 304 };
    if (same[0] && same[1]) {
        *ret = discovery_ref(known);
        return 0;
    }
    if ((same[0] || same[1]) && ask(cx, k, NULL, list) < 0) /* one half changed: read both */
        return err_code(cx);
    struct discovery *d = discovery_new();
    if (fill(cx, k, list, d) < 0) {
        discovery_unref(d);
        return err_code(cx);
    }
    *ret = d;
    return 0;
}

int discovery_fetch(struct ctx *cx, struct kube *k, struct discovery *known, struct discovery **ret)
{
    struct arena_mark mark = arena_mark(cx->arena);
    if (fetch(cx, k, known, ret) < 0)
        return err_wrap(cx, "failed to ask the API server for its kinds");
    arena_release(cx->arena, mark);
    return 0;
}
