/*
 * smp.c: see smp.h. merge_node is handed the two nodes at one place of the documents (either may be NULL) and answers
 * with the node that belongs there: the changed target, a node taken from the patch, or NULL for none. The patch is
 * nobody else's, so its nodes may be moved. Where the target has nothing, the patch is merged with itself, which is how
 * directives and nulls inside it disappear. Lists that merge are in smp_list.c.
 */
#include "libgotk/kustomize/smp.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/smp_walk.h"

#include <stdlib.h>
#include <string.h>

#define DIRECTIVE "$patch"

static const char *kind_title(enum doc_kind kind)
{
    switch (kind) {
    case DOC_OBJECT:
        return "MappingNode";
    case DOC_ARRAY:
        return "SequenceNode";
    default:
        return "ScalarNode";
    }
}

static enum doc_kind node_class(const struct doc *d)
{
    enum doc_kind kind = doc_kind(d);
    return kind == DOC_OBJECT || kind == DOC_ARRAY || kind == DOC_NULL ? kind : DOC_STRING;
}

/* Without the node's contents, which upstream shows: they may be values of a Secret. */
static int wrong_kind(struct ctx *cx, enum doc_kind want, const struct doc *d)
{
    return err_fail(cx, ERR_INVALID, "wrong node kind: expected %s but got %s (line %d)", kind_title(want),
                    kind_title(doc_kind(d)), doc_line(d));
}

int smp_directive(struct ctx *cx, const char *value, enum smp_directive *ret)
{
    static const struct {
        const char *value;
        enum smp_directive directive;
    } known[] = { { "delete", SMP_DELETE }, { "replace", SMP_REPLACE }, { "merge", SMP_MERGE } };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!str_eq(known[i].value, value))
            continue;
        *ret = known[i].directive;
        return 0;
    }
    return err_fail(cx, ERR_INVALID, "unknown patch strategy '%s': it can be replace, delete or merge",
                    str_or(value, ""));
}

/* Reads and removes the $patch member of a map of the patch. */
static int map_directive(struct ctx *cx, struct doc *patch, enum smp_directive *ret)
{
    const struct doc *d = doc_find(patch, DIRECTIVE);
    *ret = SMP_MERGE;
    if (!d)
        return 0;
    if (smp_directive(cx, resource_scalar(d), ret) < 0)
        return err_code(cx);
    doc_remove(patch, DIRECTIVE);
    return 0;
}

/* A text that a merge comes by without changing it, or adds, gets quotes when it would be read as something else. */
static struct doc *found_quotes(struct ctx *cx, struct doc *d)
{
    bool untyped = doc_tag(d) == DOC_TAG_ANY && doc_kind(d) != DOC_OBJECT && doc_kind(d) != DOC_ARRAY;
    bool text = untyped || (doc_kind(d) == DOC_STRING && resource_tag(d) == DOC_TAG_NONE);
    if (!text || doc_quoted(d) || !yml_is_no_text(cx, resource_written(d)))
        return d;
    struct doc *quoted = doc_kind(d) == DOC_STRING ? d : doc_string(cx->arena, resource_written(d));
    doc_set_style(quoted, DOC_STYLE_QUOTED);
    doc_set_tag(quoted, doc_tag(d));
    return quoted;
}

static int merge_member(const struct smp *s, struct doc *map, struct doc *patch, const char *key,
                        struct openapi_at at)
{
    struct doc *old = doc_find(map, key);
    struct doc *new = doc_find(patch, key);
    struct doc *result = NULL;
    bool keep_null = false;
    if (!key[0])
        return err_fail(s->cx, ERR_INVALID,
                        "wrong node kind: expected ScalarNode but got MappingNode: a key is empty (line %d)",
                        doc_line(old ? old : new));
    if (smp_merge_node(s, old, new, openapi_field(at, key), &result, &keep_null) < 0)
        return err_code(s->cx);
    if (!result || (doc_kind(result) == DOC_NULL && !keep_null)) {
        doc_remove(map, key);
        return 0;
    }
    if (result == new &&result != old)
        doc_detach(patch, new);
    struct doc *quoted = old && result != old ? result : found_quotes(s->cx, result);
    if (quoted != old)
        doc_set(s->cx->arena, map, key, quoted);
    return 0;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of both maps, each once and sorted, taken before anything is merged: members come and go. */
static const char **keys_of(struct arena *a, const struct doc *map, const struct doc *patch,
                            size_t *ret_count)
{
    bool both = patch && patch != map;
    const char **keys = ARENA_ARRAY(a, const char *, doc_len(map) + (both ? doc_len(patch) : 0) + 1);
    size_t n = 0;
    bool repeats = doc_repeated(map);
    doc_each (member, map)
        if (!repeats || doc_find(map, doc_key(member)) == member)
            keys[n++] = doc_key(member);
    for (const struct doc *member = both ? doc_first(patch) : NULL; member; member = doc_next(member))
        if (!doc_find(map, doc_key(member)) && doc_find(patch, doc_key(member)) == member)
            keys[n++] = doc_key(member);
    qsort(keys, n, sizeof(*keys), compare_keys);
    *ret_count = n;
    return keys;
}

static int merge_members(const struct smp *s, struct doc *map, struct doc *patch, struct openapi_at at)
{
    size_t n = 0;
    const char **keys = keys_of(s->scratch, map, patch, &n);
    for (size_t i = 0; i < n; i++)
        if (merge_member(s, map, patch, keys[i], at) < 0)
            return err_code(s->cx);
    return 0;
}

/* The target has no map here: the patch's own map is taken, unless it asks for deletion. */
static int add_map(const struct smp *s, struct doc *target, struct doc *patch, struct openapi_at at,
                   struct doc **ret, bool *ret_keep_null)
{
    enum smp_directive directive = SMP_MERGE;
    if (doc_kind(patch) == DOC_OBJECT && map_directive(s->cx, patch, &directive) < 0)
        err_clear(s->cx); /* upstream ignores an unknown directive here */
    if (directive == SMP_DELETE)
        return 0;
    if (!patch) {
        *ret = target;
        *ret_keep_null = target && !str_eq(doc_source(target), "");
        return 0;
    }
    *ret = patch;
    return doc_kind(patch) == DOC_OBJECT ? merge_members(s, patch, patch, at) : 0;
}

static int merge_map(const struct smp *s, struct doc *target, struct doc *patch, struct openapi_at at,
                     struct doc **ret, bool *ret_keep_null)
{
    enum smp_directive directive = SMP_MERGE;
    if (doc_kind(target) == DOC_NULL)
        return add_map(s, target, patch, at, ret, ret_keep_null);
    if (patch && doc_kind(patch) == DOC_NULL)
        return 0;
    if (patch && map_directive(s->cx, patch, &directive) < 0)
        return err_code(s->cx);
    if (directive == SMP_DELETE)
        return 0;
    *ret = directive == SMP_REPLACE ? patch : target;
    return merge_members(s, *ret, patch, at);
}

static bool is_known(struct openapi_at at)
{
    return at.custom || at.fields || at.row;
}

/* The schema of the target's kind, or of the patch's when that is not known. */
static struct openapi_at schema_of(struct arena *a, const struct openapi *api, const struct doc *target,
                                   const struct doc *patch)
{
    struct gvk g = gvk_parse(a, doc_text_at(target, "apiVersion"), doc_text_at(target, "kind"));
    struct openapi_at at = openapi_resource(api, g);
    if (is_known(at))
        return at;
    return openapi_resource(api, gvk_parse(a, doc_text_at(patch, "apiVersion"), doc_text_at(patch, "kind")));
}

/* Where nothing is known, an object that says its kind brings its own schema (a Deployment inside a custom resource). */
static struct openapi_at embedded_schema(const struct smp *s, const struct doc *target,
                                         const struct doc *patch, struct openapi_at at)
{
    if (is_known(at))
        return at;
    return schema_of(s->cx->arena, at.api, target, patch);
}

/* A scalar of the patch takes over the target's quotes, or their absence: a number between quotes is a string. */
static struct doc *quote_like(struct arena *a, const struct doc *target, struct doc *patch)
{
    enum doc_kind kind = doc_kind(patch);
    if (!target || kind == DOC_NULL)
        return patch;
    if (doc_quoted(target) &&
        (kind != DOC_STRING || doc_source(patch))) /* a time is a string with a source */
        patch = resource_quoted(a, patch);
    if (doc_kind(patch) == DOC_STRING)
        doc_set_style(patch, doc_style(target));
    return patch;
}

int smp_merge_node(const struct smp *s, struct doc *target, struct doc *patch, struct openapi_at at,
                   struct doc **ret, bool *ret_keep_null)
{
    struct openapi_at here = embedded_schema(s, target, patch, at);
    enum doc_kind kind = node_class(target) != DOC_NULL ? node_class(target) : node_class(patch);
    if (patch && node_class(patch) != DOC_NULL && node_class(patch) != kind)
        return wrong_kind(s->cx, kind, patch);
    *ret = NULL;
    switch (kind) {
    case DOC_OBJECT:
    case DOC_NULL:
        return merge_map(s, target, patch, here, ret, ret_keep_null);
    case DOC_ARRAY:
        return smp_merge_list(s, target, patch, here, ret);
    default:
        *ret = patch ? quote_like(s->cx->arena, target, patch) : target;
        return 0;
    }
}

int smp_apply(struct ctx *cx, const struct openapi *api, struct doc *target, struct doc *patch,
              struct doc **ret_result)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(arena_max(cx->arena));
    struct smp s = { .cx = cx, .scratch = scratch };
    bool keep_null = false;
    struct doc *result = NULL;
    if (openapi_check(cx, api) < 0)
        return err_code(cx);
    struct openapi_at at = schema_of(cx->arena, api, target, patch);
    if (smp_merge_node(&s, target, patch, at, &result, &keep_null) < 0)
        return err_code(cx);
    *ret_result = result ? target : NULL; /* upstream forgets what a $patch: replace at the root comes to */
    return 0;
}
