/*
 * status.c: patches on the reconciled object; the contract is in status.h.
 */
#include "libgotk/runtime/status.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/patch.h"

#include <stdlib.h>

#define TRIES 5

uint64_t status_version(const char *resource_version)
{
    if (str_empty(resource_version))
        return 0;
    char *end;
    unsigned long long version = strtoull(resource_version, &end, 10);
    return *end ? 0 : version;
}

struct doc *status_diff(struct arena *a, const char *uid, const struct doc *published,
                        const struct doc *status)
{
    struct doc *diff = patch_diff(a, published ? published : doc_object(a), status);
    if (!diff)
        return NULL;
    struct doc *body = doc_object(a);
    doc_set_text(a, doc_ensure(a, body, "metadata"), "uid", uid);
    doc_set(a, body, "status", diff);
    return body;
}

static uint64_t version_of(const struct doc *object)
{
    return status_version(doc_text_at(object, "metadata", "resourceVersion"));
}

static int patch_once(struct ctx *cx, struct kube *k, const struct kube_ref *ref, const char *owner,
                      const struct doc *body, uint64_t version, uint64_t *ret_version)
{
    struct kube_patch_options options = { .field_manager = owner, .subresource = "status" };
    struct doc *locked = doc_copy(cx->arena, body);
    struct doc *meta = doc_ensure(cx->arena, locked, "metadata");
    struct doc *after;
    if (version)
        doc_set(cx->arena, meta, "resourceVersion", doc_fmt(cx->arena, "%llu", (unsigned long long)version));
    if (kube_patch(cx, k, ref, KUBE_PATCH_MERGE, locked, &options, &after) < 0)
        return cx->err.code;
    *ret_version = version_of(after);
    return 0;
}

/* The version of the object as it is now, when it is still the same one. */
static int read_version(struct ctx *cx, struct kube *k, const struct kube_ref *ref, const char *uid,
                        uint64_t *ret_version)
{
    struct doc *fresh;
    if (kube_get(cx, k, ref, &fresh) < 0)
        return cx->err.code;
    if (!str_eq(doc_text_at(fresh, "metadata", "uid"), uid))
        return err_fail(cx, ERR_NOT_FOUND, "%s %s/%s was replaced by another one", ref->kind, ref->ns,
                        ref->name);
    *ret_version = version_of(fresh);
    return 0;
}

int status_patch(struct ctx *cx, struct kube *k, const struct kube_ref *ref, const char *owner,
                 const struct doc *body, uint64_t version, uint64_t *ret_version)
{
    const char *uid = doc_text_at(body, "metadata", "uid");
    struct arena_mark answers =
        arena_mark(cx->arena); /* of which only the version is kept: the run may park */
    for (int tries = 1;; tries++) {
        int rc = patch_once(cx, k, ref, owner, body, version, ret_version);
        if (rc == 0)
            arena_release(cx->arena, answers);
        if (rc != ERR_CONFLICT || tries == TRIES)
            return rc;
        err_clear(cx);
        if (read_version(cx, k, ref, uid, &version) < 0)
            return cx->err.code;
    }
}

/* The finalizers of an object with `finalizer` in or out; NULL when that is so already. */
static struct doc *changed_finalizers(struct arena *a, const struct doc *object, const char *finalizer,
                                      bool wanted)
{
    struct doc *list = doc_array(a);
    bool there = false;
    doc_each (old, doc_path(object, "metadata", "finalizers")) {
        bool match = str_eq(doc_text(old), finalizer);
        there = there || match;
        if (!match || wanted)
            doc_append(list, doc_copy(a, old));
    }
    if (there == wanted)
        return NULL;
    if (wanted)
        doc_append_text(a, list, finalizer);
    return list;
}

static int patch_finalizers(struct ctx *cx, struct kube *k, const struct doc *object, struct doc *list,
                            const char *owner, uint64_t *ret_version)
{
    struct kube_ref ref = kube_ref_of(object);
    struct kube_patch_options options = { .field_manager = owner };
    struct doc *body = doc_object(cx->arena);
    struct doc *meta = doc_ensure(cx->arena, body, "metadata");
    doc_set_text(cx->arena, meta, "uid", doc_text_at(object, "metadata", "uid"));
    doc_set_text(cx->arena, meta, "resourceVersion", doc_text_at(object, "metadata", "resourceVersion"));
    doc_set(cx->arena, meta, "finalizers", list);
    struct doc *after;
    if (kube_patch(cx, k, &ref, KUBE_PATCH_MERGE, body, &options, &after) < 0)
        return cx->err.code;
    *ret_version = version_of(after);
    return 0;
}

/* Patches and, when the object changed meanwhile, reads it and tries again. */
static int set_finalizer(struct ctx *cx, struct kube *k, const struct doc *object, const char *finalizer,
                         const char *owner, bool wanted, uint64_t *ret_version)
{
    const char *uid = doc_text_at(object, "metadata", "uid");
    struct kube_ref ref = kube_ref_of(object);
    for (int tries = 1;; tries++) {
        struct doc *list = changed_finalizers(cx->arena, object, finalizer, wanted);
        if (!list || !str_eq(doc_text_at(object, "metadata", "uid"), uid))
            return 0;
        int rc = patch_finalizers(cx, k, object, list, owner, ret_version);
        if (rc != ERR_CONFLICT || tries == TRIES)
            return rc;
        err_clear(cx);
        struct doc *fresh;
        if (kube_get(cx, k, &ref, &fresh) < 0)
            return cx->err.code;
        object = fresh;
    }
}

/* An object that is gone needs no finalizer and has none. */
static int keep_unless_gone(struct ctx *cx, int rc, const char *what)
{
    if (rc == ERR_NOT_FOUND) {
        err_clear(cx);
        return 0;
    }
    return rc < 0 ? err_wrap(cx, "%s", what) : 0;
}

int status_add_finalizer(struct ctx *cx, struct kube *k, const struct doc *object, const char *finalizer,
                         const char *owner, uint64_t *ret_version)
{
    struct arena_mark answers = arena_mark(cx->arena);
    int rc = keep_unless_gone(cx, set_finalizer(cx, k, object, finalizer, owner, true, ret_version),
                              "failed to add the finalizer");
    if (rc == 0)
        arena_release(cx->arena, answers);
    return rc;
}

int status_remove_finalizer(struct ctx *cx, struct kube *k, const struct doc *object, const char *finalizer,
                            const char *owner, uint64_t *ret_version)
{
    return keep_unless_gone(cx, set_finalizer(cx, k, object, finalizer, owner, false, ret_version),
                            "failed to remove the finalizer");
}
