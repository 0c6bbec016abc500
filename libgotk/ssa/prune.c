/*
 * prune.c: deletion of stale objects; the contract is in prune.h.
 */
#include "libgotk/ssa/prune.h"

#include "libgotk/base/str.h"
#include "libgotk/ssa/subject.h"

static const char *key(struct ctx *cx, const struct prune_options *options, const char *name)
{
    return str_fmt(cx->arena, "%s/%s", options->group, name);
}

/* Ours by its labels, and not excluded by a marker. */
static bool may_delete(struct ctx *cx, const struct prune_options *options, const struct doc *live)
{
    const char *name = doc_text_at(live, "metadata", "labels", key(cx, options, "name"));
    const char *ns = doc_text_at(live, "metadata", "labels", key(cx, options, "namespace"));
    if (!str_eq(name, options->owner_name) || !str_eq(ns, options->owner_namespace))
        return false;
    return !meta_marked(live, key(cx, options, "prune"), "disabled") &&
           !meta_marked(live, key(cx, options, "reconcile"), "disabled") &&
           !meta_marked(live, key(cx, options, "ssa"), "Ignore");
}

/* The object is known not to be there. A kind the API server does not serve says nothing: its CRD may come back, or its
 * API be out of order for a while. */
static bool is_absent(struct ctx *cx)
{
    return err_code(cx) == ERR_NOT_FOUND && !str_eq(cx->err.reason, "NoKindMatch");
}

static int delete_one(struct ctx *cx, struct kube *kube, const struct prune_options *options,
                      const struct doc *object, enum change_action *ret_action)
{
    struct kube_ref ref = kube_ref_of(object);
    const char *name = subject_name(cx->arena, object);
    struct doc *live;
    *ret_action = CHANGE_UNKNOWN;
    if (kube_get(cx, kube, &ref, &live) < 0)
        return is_absent(cx) ? 0 : err_wrap(cx, "%s query failed", name);
    if (!may_delete(cx, options, live)) {
        *ret_action = CHANGE_SKIPPED;
        return 0;
    }
    if (kube_delete(cx, kube, &ref, options->propagation, NULL) < 0 && cx->err.code != ERR_NOT_FOUND)
        return err_wrap(cx, "%s delete failed", name);
    *ret_action = CHANGE_DELETED;
    return 0;
}

static int objects_of(struct ctx *cx, const struct inventory *stale, struct doc ***ret_objects)
{
    struct doc **objects = ARENA_ARRAY(cx->arena, struct doc *, stale->entries_count);
    for (size_t i = 0; i < stale->entries_count; i++)
        if (inventory_object(cx, &stale->entries[i], &objects[i]) < 0)
            return err_code(cx);
    subject_sort(cx->arena, objects, stale->entries_count);
    *ret_objects = objects;
    return 0;
}

int prune_delete(struct ctx *cx, struct kube *kube, const struct prune_options *options,
                 const struct inventory *stale, struct changes *changes)
{
    struct doc **objects = NULL;
    if (objects_of(cx, stale, &objects) < 0)
        return err_code(cx);
    struct buf errors = buf_new(cx->arena, (size_t)32 << 10);
    int code = 0;
    for (size_t i = stale->entries_count; i-- > 0;) {
        enum change_action action;
        if (delete_one(cx, kube, options, objects[i], &action) < 0) {
            buf_fmt(&errors, "%s;", err_message(cx));
            code = code ? code : err_code(cx);
        } else if (action == CHANGE_UNKNOWN) {
            action = CHANGE_DELETED; /* it was gone already */
        }
        err_clear(cx);
        change_add(cx->arena, changes, objects[i], action);
    }
    return code ? err_fail(cx, code, "delete failed, errors: %s", buf_text(&errors)) : 0;
}
