/*
 * apply_create.c: the one object of a stage that is made without a dry-run; the contract is in apply_parts.h.
 *
 * A dry-run of every object goes before the first apply, so that one that is refused spares the cluster all others. The first
 * to be applied needs none of its own: once the dry-runs of the others went well, to make it is to try it, and nothing has
 * happened yet when it is refused. That holds for an object that is not there; the tracker tells of those with our label only,
 * and one without it may carry a marker that keeps us away. So the object is applied as the successor of a version that no
 * object ever had: where there is one the server reports a conflict, and the long way is gone. Worker threads.
 */
#include "libgotk/base/str.h"
#include "libgotk/ssa/apply_parts.h"

#define NO_VERSION "1" /* etcd's revision before the first write */

static bool has_version(const struct item *it)
{
    return doc_find(doc_find(it->wanted, "metadata"), "resourceVersion") != NULL;
}

static struct item *first_to_apply(const struct apply *ap)
{
    for (size_t i = 0; i < ap->count; i++)
        if (!ap->items[i].settled && ap->items[i].action != CHANGE_SKIPPED)
            return &ap->items[i];
    return NULL;
}

void apply_dare(struct apply *ap)
{
    struct item *it = first_to_apply(ap);
    bool dares = it && it->absent && !it->applied && !has_version(it);
    ap->daring = dares ? it : NULL;
}

static bool may_apply(const struct apply *ap)
{
    for (size_t i = 0; i < ap->count; i++)
        if (ap->items[i].error || ap->items[i].going)
            return false;
    return true;
}

static int create(struct ctx *cx, struct apply *ap, struct item *it)
{
    struct kube_call call = apply_call(ap, it->wanted, false);
    struct doc *metadata = doc_find(it->wanted, "metadata");
    doc_set_text(cx->arena, metadata, "resourceVersion", NO_VERSION);
    int rc = kube_do(cx, ap->kube, &call);
    doc_remove(metadata, "resourceVersion");
    if (rc < 0)
        return rc;
    it->after = call.result;
    it->applied = true;
    it->action = CHANGE_CREATED;
    return 0;
}

int apply_create_daring(struct ctx *cx, struct apply *ap)
{
    struct item *it = ap->daring;
    if (!it)
        return APPLY_DONE;
    ap->daring = NULL;
    if (may_apply(ap) && create(cx, ap, it) == 0)
        return APPLY_DONE;
    err_clear(cx);
    return apply_dry_run(cx, ap) < 0 ? err_code(cx) : APPLY_DONE;
}
