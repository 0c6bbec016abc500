/*
 * drift.c: comparison of live object and dry-run; the contract is in drift.h.
 *
 * Rejected: comparing digests of a canonical print, because emptiness rules would need a rewrite of both trees first.
 */
#include "libgotk/ssa/drift.h"

#include "libgotk/base/str.h"

static bool is_empty(const struct doc *d)
{
    enum doc_kind kind = doc_kind(d);
    return kind == DOC_NULL || ((kind == DOC_OBJECT || kind == DOC_ARRAY) && doc_len(d) == 0);
}

static bool arrays_equal(const struct doc *a, const struct doc *b)
{
    const struct doc *x = doc_first(a), *y = doc_first(b);
    for (; x && y; x = doc_next(x), y = doc_next(y))
        if (!drift_equal(x, y))
            return false;
    return !x && !y;
}

/* Every member of `a` that is not left out has an equal in `b`; absent counts as empty. */
static bool members_equal(const struct doc *a, const struct doc *b, const char *const *left_out)
{
    doc_each (member, a) {
        const char *key = doc_key(member);
        bool skip = false;
        for (size_t i = 0; left_out && left_out[i]; i++)
            skip = skip || str_eq(key, left_out[i]);
        if (!skip && !drift_equal(member, doc_find(b, key)))
            return false;
    }
    return true;
}

static bool objects_equal(const struct doc *a, const struct doc *b, const char *const *left_out)
{
    return members_equal(a, b, left_out) && members_equal(b, a, left_out);
}

bool drift_equal(const struct doc *a, const struct doc *b)
{
    if (is_empty(a) || is_empty(b))
        return is_empty(a) && is_empty(b);
    if (doc_kind(a) == DOC_OBJECT && doc_kind(b) == DOC_OBJECT)
        return objects_equal(a, b, NULL);
    if (doc_kind(a) == DOC_ARRAY && doc_kind(b) == DOC_ARRAY)
        return arrays_equal(a, b);
    return doc_equal(a, b);
}

bool drift_found(const struct doc *live, const struct doc *dry_run)
{
    static const char *const left_out[] = { "metadata", "status", NULL };
    if (!live || str_empty(doc_text_at(dry_run, "metadata", "resourceVersion")))
        return true;
    if (!drift_equal(doc_path(live, "metadata", "labels"), doc_path(dry_run, "metadata", "labels")))
        return true;
    if (!drift_equal(doc_path(live, "metadata", "annotations"), doc_path(dry_run, "metadata", "annotations")))
        return true;
    return !objects_equal(live, dry_run, left_out);
}
