/*
 * discovery_plain.c: one request per group version; the contract is in discovery_plain.h.
 *
 * All versions are asked for in one parallel batch. Any thread. Rejected: asking only for the versions
 * somebody needs, which would be a second kind of cache for servers that hardly exist any more.
 */
#include "libgotk/kube/discovery_plain.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/wire.h"

#define PARALLEL 8

struct version {
    const char *group;
    const char *name;
};

VEC_NAMED(version_list, struct version);

/* Versions in the order of preference: the preferred one first, then as listed. */
static void collect_group(struct arena *a, struct version_list *list, const struct doc *group)
{
    const char *name = str_or(doc_text_at(group, "name"), "");
    const char *preferred = doc_text_at(group, "preferredVersion", "version");
    if (!str_empty(preferred))
        vec_push(a, list, (struct version){ name, preferred });
    doc_each (v, doc_find(group, "versions")) {
        const char *version = doc_text_at(v, "version");
        if (!str_empty(version) && !str_eq(version, preferred))
            vec_push(a, list, (struct version){ name, version });
    }
}

static void collect(struct arena *a, struct version_list *list, const struct doc *document)
{
    doc_each (v, doc_find(document, "versions")) { /* APIVersions: names of core versions */
        if (doc_text(v))
            vec_push(a, list, (struct version){ "", doc_text(v) });
    }
    doc_each (group, doc_find(document, "groups")) /* APIGroupList */
        collect_group(a, list, group);
}

static void add_resources(struct discovery *d, const struct version *v, const struct doc *list)
{
    doc_each (item, doc_find(list, "resources")) {
        struct kube_mapping row = {
            .group = v->group,
            .version = v->name,
            .kind = doc_text_at(item, "kind"),
            .plural = doc_text_at(item, "name"),
            .namespaced = doc_is_true(doc_find(item, "namespaced"), false),
        };
        if (!str_empty(row.kind) && !str_empty(row.plural) && !strchr(row.plural, '/'))
            discovery_add_kind(d, &row);
    }
}

static void add_answer(struct ctx *cx, struct discovery *d, const struct version *v,
                       const struct http_exchange *x)
{
    struct doc *list = NULL;
    bool ok = !x->err.code && wire_is_success(&x->response) &&
              json_parse(cx, buf_text(&x->response.body), x->response.body.len, x->request.url, &list) == 0;
    err_clear(cx);
    discovery_add_version(d, v->group, v->name, !ok);
    if (ok)
        add_resources(d, v, list);
}

int discovery_add_plain(struct ctx *cx, struct kube *k, const struct doc *document, struct discovery *d)
{
    struct version_list versions = { 0 };
    collect(cx->arena, &versions, document);
    struct http_exchange *list = ARENA_ARRAY(cx->arena, struct http_exchange, versions.len + 1);
    for (size_t i = 0; i < versions.len; i++) {
        const struct version *v = &versions.at[i];
        struct wire_request req = { .path = v->group[0] ? str_fmt(cx->arena, "/apis/%s/%s", v->group, v->name)
                                                        : str_fmt(cx->arena, "/api/%s", v->name) };
        if (wire_prepare(cx, k, &req, &list[i].request) < 0)
            return err_code(cx);
    }
    if (wire_send_all(cx, k, list, versions.len, PARALLEL) < 0)
        return err_code(cx);
    for (size_t i = 0; i < versions.len; i++)
        add_answer(cx, d, &versions.at[i], &list[i]);
    return 0;
}
