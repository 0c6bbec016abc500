/*
 * recreate.c: deletion of objects with immutable fields; the contract is in recreate.h.
 */
#include "libgotk/ssa/recreate.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <string.h>

bool recreate_would_help(const struct kube_call *call)
{
    const char *message = str_or(call->err.message, "");
    return call->code == ERR_CONFLICT || call->code == ERR_INVALID || strstr(message, "is immutable") ||
           strstr(message, "immutable field");
}

/* Why an object that was deleted is still there. */
static int fail_waiting(struct ctx *cx, const struct doc *live)
{
    struct buf holders = buf_new(cx->arena, (size_t)16 << 10);
    doc_each (finalizer, doc_path(live, "metadata", "finalizers"))
        buf_fmt(&holders, "%s%s", holders.len ? ", " : "", str_or(doc_text(finalizer), "?"));
    return err_fail(cx, ERR_TIMEOUT, "it is still there%s%s", holders.len ? ", held by its finalizers " : "",
                    buf_text(&holders));
}

int recreate_gone(struct ctx *cx, struct kube *kube, const struct kube_ref *ref, bool timed_out,
                  bool *ret_gone)
{
    struct kube_call call = { .verb = KUBE_GET, .ref = *ref, .metadata_only = true };
    int rc = kube_do(cx, kube, &call);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        return rc;
    err_clear(cx);
    if (rc == 0 && timed_out)
        return fail_waiting(cx, call.result);
    *ret_gone = rc < 0;
    return 0;
}

int recreate_delete(struct ctx *cx, struct kube *kube, const struct kube_ref *ref)
{
    if (kube_delete(cx, kube, ref, "Background", NULL) < 0 && cx->err.code != ERR_NOT_FOUND)
        return err_code(cx);
    err_clear(cx);
    return 0;
}
