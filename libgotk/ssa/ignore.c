/*
 * ignore.c: rules for ignored drift; the contract is in ignore.h.
 *
 * Who owns a field is read from managedFields, whose fieldsV1 are trees of "f:name" and "k:{keys of a list item}". A path
 * that cannot be found there counts as nobody's. Rejected: asking the API server by another dry-run, one request per field.
 */
#include "libgotk/ssa/ignore.h"

#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/labelsel.h"
#include "libgotk/doc/patch.h"
#include "libgotk/ssa/drift.h"
#include "libgotk/ssa/subject.h"

#include <string.h>

enum part { PART_GROUP, PART_VERSION, PART_KIND, PART_NAME, PART_NAMESPACE, PARTS };

static const char *const part_names[PARTS] = { "group", "version", "kind", "name", "namespace" };

struct rule {
    struct regex *parts[PARTS]; /* NULL: anything */
    struct labelsel *labels;
    struct labelsel *annotations;
    const struct doc *paths;
};

struct ignore_rules {
    VEC(struct rule) all;
};

static int compile_rule(struct ctx *cx, const struct doc *d, struct rule *r)
{
    const struct doc *target = doc_find(d, "target");
    for (size_t i = 0; i < PARTS; i++) {
        const char *pattern = doc_text_at(target, part_names[i]);
        if (!str_empty(pattern) && regex_compile(cx, pattern, REGEX_WHOLE, &r->parts[i]) < 0)
            return err_wrap(cx, "invalid %s regex", part_names[i]);
    }
    if (labelsel_parse(cx, str_or(doc_text_at(target, "labelSelector"), ""), &r->labels) < 0)
        return err_wrap(cx, "invalid label selector");
    if (labelsel_parse(cx, str_or(doc_text_at(target, "annotationSelector"), ""), &r->annotations) < 0)
        return err_wrap(cx, "invalid annotation selector");
    r->paths = doc_find(d, "paths");
    return 0;
}

int ignore_compile(struct ctx *cx, const struct doc *list, struct ignore_rules **ret_rules)
{
    struct ignore_rules *rules = ARENA_NEW(cx->arena, struct ignore_rules);
    doc_each (d, list) {
        struct rule r = { 0 };
        if (compile_rule(cx, d, &r) < 0)
            return err_wrap(cx, "failed to create ignore rule selector");
        vec_push(cx->arena, &rules->all, r);
    }
    *ret_rules = rules->all.len ? rules : NULL;
    return 0;
}

/* ---- which objects ----------------------------------------------------------------------------------------------- */

static bool fits(const struct regex *re, const char *text, size_t len)
{
    return !re || regex_test(re, text, len);
}

static bool fits_text(const struct regex *re, const char *text)
{
    return fits(re, str_or(text, ""), strlen(str_or(text, "")));
}

static bool selects_identity(const struct rule *r, const struct doc *object)
{
    const char *api_version = str_or(doc_text_at(object, "apiVersion"), "");
    const char *slash = strchr(api_version, '/');
    return fits(r->parts[PART_GROUP], api_version, slash ? (size_t)(slash - api_version) : 0) &&
           fits_text(r->parts[PART_VERSION], subject_version(api_version)) &&
           fits_text(r->parts[PART_KIND], doc_text_at(object, "kind")) &&
           fits_text(r->parts[PART_NAME], doc_text_at(object, "metadata", "name")) &&
           fits_text(r->parts[PART_NAMESPACE], doc_text_at(object, "metadata", "namespace"));
}

static bool selects(const struct rule *r, const struct doc *object)
{
    return selects_identity(r, object) &&
           labelsel_matches(r->labels, doc_path(object, "metadata", "labels")) &&
           labelsel_matches(r->annotations, doc_path(object, "metadata", "annotations"));
}

bool ignore_may_select(const struct ignore_rules *rules, const struct doc *wanted)
{
    for (size_t i = 0; rules && i < rules->all.len; i++)
        if (selects_identity(&rules->all.at[i], wanted))
            return true;
    return false;
}

/* ---- pointers ---------------------------------------------------------------------------------------------------- */

/* The pointer of what holds the field a pointer names; "" for the root. */
static const char *parent_pointer(struct arena *a, const char *pointer)
{
    const char *slash = strrchr(pointer, '/');
    return slash ? str_ndup(a, pointer, (size_t)(slash - pointer)) : "";
}

/* The last token of a pointer, unescaped. */
static const char *last_token(struct arena *a, const char *pointer)
{
    const char *slash = strrchr(pointer, '/');
    return str_replace(a, str_replace(a, slash ? slash + 1 : "", "~1", "/"), "~0", "~");
}

static void remove_at(struct arena *a, struct doc *object, const char *pointer)
{
    struct doc *field = *pointer ? patch_pointer(a, object, pointer) : NULL;
    if (field)
        doc_detach(patch_pointer(a, object, parent_pointer(a, pointer)), field);
}

/* Puts the live value (NULL: null) where the pointer says; a place without a parent stays as it is. */
static void put_at(struct arena *a, struct doc *object, const char *pointer, const struct doc *value)
{
    struct doc *old = *pointer ? patch_pointer(a, object, pointer) : NULL;
    struct doc *parent = *pointer ? patch_pointer(a, object, parent_pointer(a, pointer)) : NULL;
    struct doc *copy = value ? doc_copy(a, value) : doc_null(a);
    if (old)
        doc_replace(a, parent, old, copy);
    else if (parent && doc_kind(parent) == DOC_OBJECT && value)
        doc_set(a, parent, last_token(a, pointer), copy);
}

void ignore_strip(struct arena *a, const struct ignore_rules *rules, const struct doc *dry_run,
                  struct doc *object)
{
    VEC(const char *) pointers = { 0 };
    for (size_t i = 0; rules && i < rules->all.len; i++) {
        if (!selects(&rules->all.at[i], dry_run))
            continue;
        doc_each (path, rules->all.at[i].paths)
            vec_push(a, &pointers, str_or(doc_text(path), ""));
    }
    for (size_t i = 0; i < pointers.len; i++)
        remove_at(a, object, pointers.at[i]);
}

bool ignore_drift_found(struct arena *a, const struct ignore_rules *rules, const struct doc *live,
                        const struct doc *dry_run)
{
    if (!live || !ignore_may_select(rules, dry_run))
        return drift_found(live, dry_run);
    struct doc *live_copy = doc_copy(a, live), *dry_run_copy = doc_copy(a, dry_run);
    ignore_strip(a, rules, dry_run, live_copy);
    ignore_strip(a, rules, dry_run, dry_run_copy);
    return drift_found(live_copy, dry_run_copy);
}

/* ---- who owns a field -------------------------------------------------------------------------------------------- */

static bool is_apply(const struct doc *entry)
{
    return str_eq(doc_text_at(entry, "operation"), "Apply") && str_empty(doc_text_at(entry, "subresource"));
}

/* The segments of a path through fieldsV1: "f:spec", "k:{\"name\":\"web\"}". */
VEC_NAMED(segments, const char *);

/* The node at the end of the segments; NULL when a manager does not own so far. */
static const struct doc *walk(const struct doc *fields, const struct segments *path)
{
    for (size_t i = 0; fields && i < path->len; i++)
        fields = doc_find(fields, path->at[i]);
    return fields;
}

static bool has_keys(struct arena *a, const struct doc *item, const char *segment)
{
    struct ctx scratch = { .arena = a };
    struct doc *keys = NULL;
    if (json_parse(&scratch, segment + 2, strlen(segment + 2), "managedFields", &keys) < 0)
        return false;
    doc_each (key, keys)
        if (!drift_equal(doc_find(item, doc_key(key)), key))
            return false;
    return true;
}

/* The "k:" segment by which managers know a list item; NULL when none does. */
static const char *key_segment(struct arena *a, const struct doc *live, const struct segments *path,
                               const struct doc *item)
{
    doc_each (entry, doc_path(live, "metadata", "managedFields")) {
        const struct doc *list = is_apply(entry) ? walk(doc_find(entry, "fieldsV1"), path) : NULL;
        doc_each (field, list)
            if (str_starts(doc_key(field), "k:") && has_keys(a, item, doc_key(field)))
                return doc_key(field);
    }
    return NULL;
}

static bool is_number(const char *token)
{
    int64_t index;
    return str_to_int64(token, &index);
}

/* Translates a pointer into segments; false when a list item cannot be told by its keys. */
static bool find_segments(struct arena *a, const struct doc *live, const char *pointer, struct segments *ret)
{
    size_t count;
    char **tokens = str_split(a, *pointer ? pointer + 1 : "", '/', &count);
    const char *so_far = "";
    for (size_t i = 0; i < count; i++) {
        const char *segment = str_fmt(a, "f:%s", last_token(a, str_fmt(a, "/%s", tokens[i])));
        so_far = str_fmt(a, "%s/%s", so_far, tokens[i]);
        if (is_number(tokens[i]))
            segment = key_segment(a, live, ret, patch_pointer(a, live, so_far));
        if (!segment)
            return false;
        vec_push(a, ret, segment);
    }
    return *pointer == '/';
}

static bool is_owned_by_others(struct arena *a, const struct doc *live, const char *pointer, const char *own)
{
    struct segments path = { 0 };
    if (!find_segments(a, live, pointer, &path))
        return false;
    doc_each (entry, doc_path(live, "metadata", "managedFields"))
        if (is_apply(entry) && !str_eq(doc_text_at(entry, "manager"), own) &&
            walk(doc_find(entry, "fieldsV1"), &path))
            return true;
    return false;
}

/* ---- the payload ------------------------------------------------------------------------------------------------- */

/* One field to correct; value NULL with `remove` false: null. */
struct correction {
    const char *pointer;
    bool remove;
    const struct doc *value;
};

VEC_NAMED(corrections, struct correction);

static void find_correction(struct arena *a, const struct doc *live, const struct doc *dry_run,
                            const char *pointer, const char *own, struct corrections *to)
{
    const struct doc *before = patch_pointer(a, live, pointer), *after = patch_pointer(a, dry_run, pointer);
    if (!before == !after && drift_equal(before, after))
        return;
    struct correction c = { pointer, is_owned_by_others(a, live, pointer, own), before };
    vec_push(a, to, c);
}

/* Removals go first, as upstream's do: they may move the items of lists. */
static void carry_out(struct arena *a, const struct corrections *list, struct doc *payload)
{
    for (size_t i = 0; i < list->len; i++)
        if (list->at[i].remove)
            remove_at(a, payload, list->at[i].pointer);
    for (size_t i = 0; i < list->len; i++)
        if (!list->at[i].remove)
            put_at(a, payload, list->at[i].pointer, list->at[i].value);
}

int ignore_correct(struct ctx *cx, const struct ignore_rules *rules, const struct doc *live,
                   const struct doc *dry_run, const char *own, struct doc **payload)
{
    struct corrections list = { 0 };
    for (size_t i = 0; live && rules && i < rules->all.len; i++) {
        if (!selects(&rules->all.at[i], dry_run))
            continue;
        doc_each (path, rules->all.at[i].paths)
            find_correction(cx->arena, live, dry_run, str_or(doc_text(path), ""), own, &list);
    }
    if (list.len) {
        *payload = doc_copy(cx->arena, *payload);
        carry_out(cx->arena, &list, *payload);
    }
    return ctx_check(cx);
}
