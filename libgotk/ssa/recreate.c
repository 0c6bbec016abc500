/*
 * recreate.c: deletion of objects with immutable fields; the contract is in recreate.h.
 */
#include "libgotk/ssa/recreate.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <string.h>

#define POLL_FIRST_MS 50
#define POLL_MAX_MS   2000
#define WAIT_MS       60000

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

static int wait_until_gone(struct ctx *cx, struct kube *kube, const struct kube_ref *ref, int64_t timeout_ms)
{
    int64_t until = ctx_now_ms() + timeout_ms;
    for (int64_t pause = POLL_FIRST_MS;; pause = pause * 2 > POLL_MAX_MS ? POLL_MAX_MS : pause * 2) {
        struct doc *live;
        if (kube_get(cx, kube, ref, &live) < 0) {
            if (cx->err.code != ERR_NOT_FOUND)
                return err_code(cx);
            err_clear(cx);
            return 0;
        }
        if (ctx_now_ms() >= until)
            return fail_waiting(cx, live);
        if (ctx_sleep(cx, pause) < 0)
            return err_code(cx);
    }
}

int recreate_delete(struct ctx *cx, struct kube *kube, const struct kube_ref *ref, int64_t timeout_ms)
{
    if (kube_delete(cx, kube, ref, "Background", NULL) < 0) {
        if (cx->err.code != ERR_NOT_FOUND)
            return err_wrap(cx, "failed to delete object");
        err_clear(cx);
    }
    if (wait_until_gone(cx, kube, ref, timeout_ms ? timeout_ms : WAIT_MS) < 0)
        return err_wrap(cx, "failed to wait for object to be deleted");
    return 0;
}
