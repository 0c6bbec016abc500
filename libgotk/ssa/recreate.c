/*
 * recreate.c: deletion of objects with immutable fields; the contract is in recreate.h.
 */
#include "libgotk/ssa/recreate.h"

#include "libgotk/base/str.h"

#include <string.h>

#define POLL_FIRST_MS 50
#define POLL_MAX_MS   2000

bool recreate_would_help(const struct kube_call *call)
{
    const char *message = str_or(call->err.message, "");
    return call->code == ERR_CONFLICT || call->code == ERR_INVALID || strstr(message, "is immutable") ||
           strstr(message, "immutable field");
}

static int wait_until_gone(struct ctx *cx, struct kube *kube, const struct kube_ref *ref)
{
    for (int64_t pause = POLL_FIRST_MS;; pause = pause * 2 > POLL_MAX_MS ? POLL_MAX_MS : pause * 2) {
        struct doc *live;
        if (kube_get(cx, kube, ref, &live) < 0) {
            if (cx->err.code != ERR_NOT_FOUND)
                return cx->err.code;
            err_clear(cx);
            return 0;
        }
        if (ctx_sleep(cx, pause) < 0)
            return cx->err.code;
    }
}

int recreate_delete(struct ctx *cx, struct kube *kube, const struct kube_ref *ref)
{
    if (kube_delete(cx, kube, ref, "Background", NULL) < 0) {
        if (cx->err.code != ERR_NOT_FOUND)
            return err_wrap(cx, "failed to delete object");
        err_clear(cx);
    }
    if (wait_until_gone(cx, kube, ref) < 0)
        return err_wrap(cx, "failed to wait for object to be deleted");
    return 0;
}
