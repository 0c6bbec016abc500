/*
 * accounttoken.c: one request to the API server; the contract is in accounttoken.h.
 */
#include "libgotk/kube/accounttoken.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"

static struct doc *token_request(struct ctx *cx, const struct account_token *which)
{
    struct doc *request = doc_object(cx->arena), *audiences = doc_array(cx->arena);
    doc_set_text(cx->arena, request, "apiVersion", "authentication.k8s.io/v1");
    doc_set_text(cx->arena, request, "kind", "TokenRequest");
    for (size_t i = 0; i < which->audience_count; i++)
        doc_append_text(cx->arena, audiences, which->audiences[i]);
    doc_set(cx->arena, doc_ensure(cx->arena, request, "spec"), "audiences", audiences);
    return request;
}

int account_token_make(struct ctx *cx, struct kube *k, const struct account_token *which,
                       const char **ret_token, int64_t *ret_expires_at)
{
    struct kube_call call = {
        .verb = KUBE_CREATE,
        .ref = { "v1", "ServiceAccount", which->ns, which->name },
        .body = token_request(cx, which),
        .options = { .subresource = "token" },
    };
    int64_t expires_ns = 0;
    if (kube_do(cx, k, &call) < 0)
        return err_code(cx);
    const char *expires = doc_text_at(call.result, "status", "expirationTimestamp");
    const char *token = doc_text_at(call.result, "status", "token");
    if (str_empty(token))
        return err_fail(cx, ERR_UNAVAILABLE, "the API server's answer holds no token");
    *ret_expires_at = expires && gotime_parse_rfc3339(expires, &expires_ns) ? expires_ns / GOTIME_SECOND : 0;
    *ret_token = token;
    return 0;
}
