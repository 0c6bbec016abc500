/*
 * patch.c: RFC 7386 merge patches, their making, and JSON pointers; the contract is in patch.h. JSON patches are in
 * patch_json.c. Any thread; no state.
 */
#include "libgotk/doc/patch.h"

#include "libgotk/base/str.h"

/* ---- merge patches ------------------------------------------------------------------------------------------------ */

static struct doc *merged(struct arena *a, struct doc *target, const struct doc *patch)
{
    if (doc_kind(patch) != DOC_OBJECT)
        return doc_copy(a, patch);
    if (doc_kind(target) != DOC_OBJECT)
        target = doc_object(a);
    doc_each (member, patch) {
        const char *key = doc_key(member);
        if (doc_kind(member) == DOC_NULL) {
            doc_remove(target, key);
            continue;
        }
        struct doc *old = doc_find(target, key), *value = merged(a, old, member);
        if (value != old)
            doc_set(a, target, key, value);
    }
    return target;
}

int patch_merge(struct ctx *cx, struct doc **target, const struct doc *patch)
{
    *target = merged(cx->arena, *target, patch);
    return ctx_check(cx);
}

static void diff_removed(struct arena *a, struct doc *patch, const struct doc *from, const struct doc *to)
{
    doc_each (member, from)
        if (!doc_find(to, doc_key(member)))
            doc_set(a, patch, doc_key(member), doc_null(a));
}

static void diff_member(struct arena *a, struct doc *patch, const struct doc *old, const struct doc *new)
{
    bool both = old && doc_kind(old) == DOC_OBJECT && doc_kind(new) == DOC_OBJECT;
    if (old && doc_equal(old, new))
        return;
    struct doc *value = both ? patch_diff(a, old, new) : doc_copy(a, new);
    if (value)
        doc_set(a, patch, doc_key(new), value);
}

struct doc *patch_diff(struct arena *a, const struct doc *from, const struct doc *to)
{
    struct doc *patch = doc_object(a);
    diff_removed(a, patch, from, to);
    doc_each (member, to)
        diff_member(a, patch, doc_find(from, doc_key(member)), member);
    return doc_len(patch) ? patch : NULL;
}

/* ---- pointers ------------------------------------------------------------------------------------------------------ */

char *patch_pointer_join(struct arena *a, const char *pointer, const char *token)
{
    const char *escaped = str_replace(a, str_replace(a, token, "~", "~0"), "/", "~1");
    return str_fmt(a, "%s/%s", pointer, escaped);
}

static struct doc *step_into(const struct doc *d, const char *token)
{
    int64_t index;
    if (doc_kind(d) == DOC_OBJECT)
        return doc_find(d, token);
    if (doc_kind(d) != DOC_ARRAY || !str_to_int64(token, &index) || index < 0)
        return NULL;
    return doc_at(d, (size_t)index);
}

struct doc *patch_pointer(struct arena *a, const struct doc *d, const char *pointer)
{
    size_t count;
    if (!*pointer)
        return (struct doc *)(uintptr_t)d;
    if (*pointer != '/')
        return NULL;
    char **tokens = str_split(a, pointer + 1, '/', &count);
    struct doc *at = (struct doc *)(uintptr_t)d;
    for (size_t i = 0; i < count && at; i++)
        at = step_into(at, str_replace(a, str_replace(a, tokens[i], "~1", "/"), "~0", "~"));
    return at;
}
