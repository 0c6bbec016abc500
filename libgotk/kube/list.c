/*
 * list.c: lists in pages; the contracts are in list.h and client.h (kube_list).
 *
 * Every page states no resourceVersion, so that the first is as fresh as a read can be and the others
 * continue it. Any thread.
 */
#include "libgotk/kube/list.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/failure.h"
#include "libgotk/kube/wire.h"

#define PATH_LIMIT ((size_t)64 << 10)

static bool is_secret(const struct kube_mapping *m)
{
    return str_empty(m->group) && str_eq(m->kind, "Secret");
}

struct buf list_path(struct arena *a, const struct list_query *q)
{
    struct buf path = buf_new(a, PATH_LIMIT);
    buf_str(&path, kube_path(a, &q->mapping, q->ns, NULL, NULL));
    wire_query(&path, "labelSelector", q->label_selector);
    wire_query(&path, "fieldSelector", q->field_selector);
    return path;
}

const char *list_accept(struct arena *a, const struct list_query *q, const char *as)
{
    if (!q->metadata_only)
        return NULL;
    return str_fmt(a, "application/json;as=%s;g=meta.k8s.io;v=v1%s", as,
                   is_secret(&q->mapping) ? "" : ",application/json");
}

int list_page(struct ctx *cx, struct kube *k, const struct list_query *q, size_t limit, const char *token,
              struct doc **ret_list)
{
    struct http_response answer;
    struct buf path = list_path(cx->arena, q);
    wire_query(&path, "limit", limit ? str_fmt(cx->arena, "%zu", limit) : NULL);
    wire_query(&path, "continue", token);
    struct wire_request req = { .path = buf_text(&path),
                                .accept = list_accept(cx->arena, q, "PartialObjectMetadataList") };
    if (wire_send(cx, k, &req, &answer) < 0)
        return err_code(cx);
    struct failure_subject subject = { "GET", q->mapping.group, q->mapping.plural, NULL };
    if (!wire_is_success(&answer))
        return failure_of_answer(cx, &answer, &subject, NULL);
    return json_parse(cx, buf_text(&answer.body), answer.body.len, q->mapping.plural, ret_list);
}

static bool is_identity(const char *key)
{
    return str_eq(key, "apiVersion") || str_eq(key, "kind") || str_eq(key, "metadata");
}

static void drop_body(struct doc *item)
{
    for (struct doc *child = doc_first(item), *next; child; child = next) {
        next = doc_next(child);
        if (!is_identity(doc_key(child)))
            doc_detach(item, child);
    }
}

void list_identify(struct arena *a, const struct list_query *q, struct doc *item)
{
    const struct kube_mapping *m = &q->mapping;
    doc_set_text(a, item, "apiVersion",
                 str_empty(m->group) ? m->version : str_fmt(a, "%s/%s", m->group, m->version));
    doc_set_text(a, item, "kind", m->kind);
    if (q->metadata_only)
        drop_body(item);
}

/* Moves the items of one page to the end of `items`. */
static void move_items(struct arena *a, const struct list_query *q, struct doc *page, struct doc *items)
{
    struct doc *from = doc_find(page, "items");
    for (struct doc *item = doc_first(from), *next; item; item = next) {
        next = doc_next(item);
        doc_detach(from, item);
        list_identify(a, q, item);
        doc_append(items, item);
    }
}

static int read_all(struct ctx *cx, struct kube *k, const struct list_query *q, size_t limit,
                    struct doc **ret_items)
{
    struct doc *items = doc_array(cx->arena);
    const char *token = NULL;
    do {
        struct doc *page = NULL;
        if (ctx_check(cx) < 0 || list_page(cx, k, q, limit, token, &page) < 0)
            return err_code(cx);
        move_items(cx->arena, q, page, items);
        token = doc_text_at(page, "metadata", "continue");
    } while (!str_empty(token));
    *ret_items = items;
    return 0;
}

int kube_list(struct ctx *cx, struct kube *k, const struct kube_ref *ref,
              const struct kube_list_options *options, struct doc **ret_items)
{
    struct list_query q = { .ns = ref->ns };
    if (options) {
        q.label_selector = options->label_selector;
        q.field_selector = options->field_selector;
        q.metadata_only = options->metadata_only;
    }
    if (kube_map(cx, k, ref->api_version, ref->kind, &q.mapping) < 0)
        return err_code(cx);
    int rc = read_all(cx, k, &q, LIST_PAGE, ret_items);
    if (rc == ERR_GONE) { /* the list took longer than the server keeps its state: all at once then */
        err_clear(cx);
        rc = read_all(cx, k, &q, 0, ret_items);
    }
    return rc;
}
