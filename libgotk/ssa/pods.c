/*
 * pods.c: selectors as text, and the pods they select; the contract is in pods.h.
 */
#include "libgotk/ssa/pods.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#define SELECTOR_MAX ((size_t)64 << 10)

static void add_values(struct buf *out, const struct doc *values)
{
    buf_char(out, '(');
    doc_each (value, values)
        buf_fmt(out, "%s%s", value == doc_first(values) ? "" : ",", str_or(doc_text(value), ""));
    buf_char(out, ')');
}

static void add_expression(struct buf *out, const struct doc *expression)
{
    const char *op = doc_text_at(expression, "operator");
    const char *key = str_or(doc_text_at(expression, "key"), "");
    bool is_list = str_eq(op, "In") || str_eq(op, "NotIn");
    buf_fmt(out, "%s%s%s", out->len ? "," : "", str_eq(op, "DoesNotExist") ? "!" : "", key);
    if (!is_list)
        return;
    buf_str(out, str_eq(op, "In") ? " in " : " notin ");
    add_values(out, doc_find(expression, "values"));
}

const char *pods_selector(struct arena *a, const struct doc *selector)
{
    struct buf out = buf_new(a, SELECTOR_MAX);
    doc_each (label, doc_find(selector, "matchLabels"))
        buf_fmt(&out, "%s%s=%s", out.len ? "," : "", doc_key(label), str_or(doc_text(label), ""));
    doc_each (expression, doc_find(selector, "matchExpressions"))
        add_expression(&out, expression);
    return buf_text(&out);
}

int pods_of(struct ctx *cx, struct kube *k, const struct doc *workload, struct doc **ret_pods)
{
    const char *selector = pods_selector(cx->arena, doc_path(workload, "spec", "selector"));
    const struct kube_ref ref = { .api_version = "v1",
                                  .kind = "Pod",
                                  .ns = doc_text_at(workload, "metadata", "namespace") };
    const struct kube_list_options options = { .label_selector = selector };
    if (*selector)
        return kube_list(cx, k, &ref, &options, ret_pods);
    *ret_pods = doc_array(cx->arena);
    return 0;
}
