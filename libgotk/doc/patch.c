/*
 * patch.c: merge patches (RFC 7386) and their making; the contract is in patch.h. JSON patches are in patch_json.c.
 *
 * Both directions walk the trees once; a diff sorts the keys of both sides, so that objects of thousands of keys cost
 * no more than they must. Rejected: cJSON_Utils, whose lookups ignore case and whose numbers are doubles. Any thread.
 */
#include "libgotk/doc/patch.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/node.h"

#include <string.h>

static void merge_object(struct arena *a, struct doc *target, const struct doc *patch)
{
    doc_each (change, patch) {
        const char *key = doc_key(change);
        struct doc *old = doc_find(target, key);
        if (doc_kind(change) == DOC_NULL) {
            doc_remove(target, key);
        } else if (doc_kind(change) != DOC_OBJECT) {
            doc_set(a, target, key, doc_copy(a, change));
        } else {
            if (doc_kind(old) != DOC_OBJECT) {
                old = doc_object(a);
                doc_set(a, target, key, old);
            }
            merge_object(a, old, change);
        }
    }
}

int patch_merge(struct ctx *cx, struct doc **target, const struct doc *patch)
{
    if (doc_kind(patch) != DOC_OBJECT) {
        *target = patch ? doc_copy(cx->arena, patch) : doc_null(cx->arena);
        return ctx_check(cx);
    }
    if (doc_kind(*target) != DOC_OBJECT)
        *target = doc_object(cx->arena);
    merge_object(cx->arena, *target, patch);
    return ctx_check(cx);
}

/* Appends a member whose key is not there yet. */
static void link_member(struct arena *a, struct doc *object, const char *key, struct doc *value)
{
    node_of(value)->string = str_dup(a, key);
    node_link(node_of(object), node_of(value));
}

/* Adds to `patch` what makes `from` (may be NULL) into `to` (NULL: gone); merge patches cannot tell null from absent. */
static void diff_member(struct arena *a, struct doc *patch, const struct doc *from, const struct doc *to)
{
    const char *key = doc_key(to ? to : from);
    if (doc_kind(to) == DOC_NULL) {
        if (doc_kind(from) != DOC_NULL)
            link_member(a, patch, key, doc_null(a));
        return;
    }
    struct doc *change = patch_diff(a, from, to);
    if (change)
        link_member(a, patch, key, change);
}

static struct doc *diff_objects(struct arena *a, const struct doc *from, const struct doc *to)
{
    struct doc **left = doc_sorted(a, from), **right = doc_sorted(a, to), *patch = doc_object(a);
    while (*left || *right) {
        int order = !*left ? 1 : !*right ? -1 : strcmp(doc_key(*left), doc_key(*right));
        diff_member(a, patch, order <= 0 ? *left : NULL, order >= 0 ? *right : NULL);
        left += order <= 0;
        right += order >= 0;
    }
    return doc_first(patch) ? patch : NULL;
}

struct doc *patch_diff(struct arena *a, const struct doc *from, const struct doc *to)
{
    if (doc_kind(from) == DOC_OBJECT && doc_kind(to) == DOC_OBJECT)
        return diff_objects(a, from, to);
    if (from && doc_equal(from, to))
        return NULL;
    return to ? doc_copy(a, to) : doc_null(a);
}
