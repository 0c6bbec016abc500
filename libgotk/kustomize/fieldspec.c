/*
 * fieldspec.c: see fieldspec.h. The walk mirrors kustomize's filters/fieldspec: maps are followed by name, lists are
 * entered without consuming a path element, "name[]" asks for a list, and creation never reaches through a list.
 * Paths are split
 * once and shared by all resources; a spec of another kind costs a few string compares. Rejected:
 * creating missing lists, which would invent elements.
 */
#include "libgotk/kustomize/fieldspec.h"

#include "libgotk/base/str.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct ctx *cx;
    const struct fieldspec *fs;
    enum fieldspec_leaf leaf;
    fieldspec_set set;
    void *user;
};

/* True when the text ends in a backslash, which is then cut off: the separator behind it was escaped. */
static bool cut_escape(char *s)
{
    size_t n = strlen(s);
    if (!n || s[n - 1] != '\\')
        return false;
    s[n - 1] = '\0';
    return true;
}

/* As fieldspec_split for a path without escapes: one copy of the text, cut into pieces. */
static const char **split_plain(struct arena *a, const char *path, char sep, size_t *ret_count)
{
    size_t count = 1;
    char *at = str_dup(a, path[0] == sep ? path + 1 : path);
    for (const char *p = at; *p; p++)
        count += *p == sep;
    const char **parts = ARENA_ARRAY(a, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        parts[i] = at;
        at = strchrnul(at, sep);
        if (*at)
            *at++ = '\0';
    }
    if (ret_count)
        *ret_count = count;
    return parts;
}

const char **fieldspec_split(struct arena *a, const char *path, char sep, size_t *ret_count)
{
    if (!strchr(path, '\\'))
        return split_plain(a, path, sep, ret_count);
    size_t n = 0;
    char **raw = str_split(a, path, sep, &n);
    const char **parts = ARENA_ARRAY(a, const char *, n + 1);
    size_t from = n > 1 && !raw[0][0] ? 1 : 0;
    char *last = raw[from];
    size_t count = 0;
    for (size_t i = from + 1; i < n; i++) {
        if (cut_escape(last)) {
            last = str_fmt(a, "%s%c%s", last, sep, raw[i]);
            continue;
        }
        parts[count++] = last;
        last = raw[i];
    }
    parts[count++] = last;
    if (ret_count)
        *ret_count = count;
    return parts;
}

struct fieldspec fieldspec_normal(struct fieldspec row)
{
    row.gvk = gvk_normal(row.gvk);
    return row;
}

static int walk_node(const struct walk *w, const char *const *path, struct doc *parent, struct doc *node);

static int wrap_traversal(struct ctx *cx, const char *const *path)
{
    size_t n = 0;
    while (path[n])
        n++;
    return err_wrap(cx, "visit traversal on path: [%s]", str_join(cx->arena, path, n, " "));
}

static int walk_list(const struct walk *w, const char *const *path, struct doc *list)
{
    struct doc *next = NULL;
    for (struct doc *element = doc_first(list); element; element = next) {
        next = doc_next(element);
        if (walk_node(w, path, list, element) < 0)
            return wrap_traversal(w->cx, path);
    }
    return 0;
}

/* The kind of node to create for the field, or to turn a null into; -1 when nothing is created. */
static int kind_to_create(const struct walk *w, bool last, bool is_list)
{
    if (is_list)
        return DOC_ARRAY;
    if (!w->fs->create || w->leaf == FIELDSPEC_NO_CREATE)
        return -1;
    return !last || w->leaf == FIELDSPEC_MAP ? DOC_OBJECT : DOC_NULL;
}

static struct doc *new_node(struct arena *a, int kind)
{
    if (kind == DOC_OBJECT)
        return doc_object(a);
    return kind == DOC_ARRAY ? doc_array(a) : doc_string(a, "");
}

/* The field's node, created or changed from null when the spec asks for it; NULL when there is none. */
static struct doc *field_of(const struct walk *w, struct doc *map, const char *name, bool last, bool is_list)
{
    struct arena *a = w->cx->arena;
    int kind = kind_to_create(w, last, is_list);
    struct doc *field = doc_find(map, name);
    if (!field && (kind < 0 || is_list))
        return NULL;
    bool created = !field;
    if (!field || (doc_kind(field) == DOC_NULL && kind >= 0)) {
        doc_set(a, map, name, new_node(a, kind));
        field = doc_find(map, name);
    }
    if (created)
        resource_mark_key(field);
    return field;
}

/* What upstream's path getter takes for an element of a list: it finds none in a map. */
static bool is_element(const char *name)
{
    const char *digits = name + (*name == '-' || *name == '+');
    bool number = *digits && !digits[strspn(digits, "0123456789")];
    return number || !strcmp(name, "-") || (name[0] == '[' && str_ends(name, "]"));
}

static int walk_map(const struct walk *w, const char *const *path, struct doc *map)
{
    char small[64];
    const char *name = path[0];
    size_t n = strlen(name) - 2;
    bool is_list = str_ends(name, "[]");
    if (is_list && n < sizeof(small)) { /* it is asked for in each object */
        name = memcpy(small, name, n);
        small[n] = '\0';
    } else if (is_list) {
        name = str_ndup(w->cx->arena, name, n);
    }
    if (!name[0])
        return err_fail(w->cx, ERR_INVALID, "cannot set or create an empty field name");
    if (strcmp(name, "*") == 0)
        return err_fail(w->cx, ERR_INVALID, "fieldName: *: wildcard is not supported in PathGetter");
    if (is_element(name))
        return err_fail(w->cx, ERR_INVALID,
                        "fieldName: %s: wrong node kind: expected SequenceNode but got MappingNode (line %d)",
                        name, doc_line(map));
    struct doc *field = field_of(w, map, name, !path[1], is_list);
    return field ? walk_node(w, path + 1, map, field) : 0;
}

static int walk_node(const struct walk *w, const char *const *path, struct doc *parent, struct doc *node)
{
    if (!path[0])
        return w->set(w->cx, w->user, parent, node);
    switch (doc_kind(node)) {
    case DOC_NULL:
        return 0;
    case DOC_ARRAY:
        return walk_list(w, path, node);
    case DOC_OBJECT:
        return walk_map(w, path, node);
    default:
        return err_fail(w->cx, ERR_INVALID, "expected sequence or mapping node, but line %d holds a %s",
                        doc_line(node), doc_kind_name(node));
    }
}

static int wrap_with_object(struct ctx *cx, const struct fieldspec *fs, struct doc *d)
{
    const struct resource *r = resource_new(cx->arena, d, NULL);
    return err_wrap(cx, "considering field '%s' of object %s", fs->path, resid_text(cx->arena, &r->id));
}

/* Compares without building a struct gvk for the document, since most specs do not match. */
static bool kind_matches(const struct gvk *want, const struct doc *d)
{
    const char *kind = str_or(doc_text_at(d, "kind"), "");
    if (want->kind[0] && strcmp(want->kind, kind) != 0)
        return false;
    if (!want->group[0] && !want->version[0])
        return true;
    const char *api = str_or(doc_text_at(d, "apiVersion"), "");
    const char *slash = strchr(api, '/');
    size_t group_len = slash ? (size_t)(slash - api) : 0;
    if (want->group[0] && (strlen(want->group) != group_len || strncmp(want->group, api, group_len) != 0))
        return false;
    return !want->version[0] || !strcmp(want->version, slash ? slash + 1 : api);
}

const char *const *fieldspec_parts(struct arena *a, const struct fieldspec *fs)
{
    struct fieldspec *memo = (struct fieldspec *)(uintptr_t)fs;
    if (!memo->parts)
        memo->parts = fieldspec_split(a, fs->path, '/', NULL);
    return memo->parts;
}

int fieldspec_apply(struct ctx *cx, const struct fieldspec *fs, struct doc *d, enum fieldspec_leaf leaf,
                    fieldspec_set set, void *user)
{
    if (!kind_matches(&fs->gvk, d))
        return 0;
    struct walk w = { .cx = cx, .fs = fs, .leaf = leaf, .set = set, .user = user };
    return walk_node(&w, fieldspec_parts(cx->arena, fs), NULL, d) < 0 ? wrap_with_object(cx, fs, d) : 0;
}

int fieldspec_apply_all(struct ctx *cx, const struct fieldspecs *list, struct doc *d,
                        enum fieldspec_leaf leaf, fieldspec_set set, void *user)
{
    for (size_t i = 0; i < list->len; i++)
        if (fieldspec_apply(cx, &list->at[i], d, leaf, set, user) < 0)
            return err_code(cx);
    return 0;
}

int fieldspec_merge(struct ctx *cx, struct fieldspecs *list, struct fieldspec fs)
{
    for (size_t i = 0; i < list->len; i++) {
        const struct fieldspec *old = &list->at[i];
        if (!gvk_selected(old->gvk, fs.gvk) || strcmp(old->path, fs.path) != 0)
            continue;
        if (old->create != fs.create)
            return err_fail(cx, ERR_INVALID,
                            "conflicting fieldspecs: '%s' of %s is listed with create %s and %s", fs.path,
                            gvk_text(cx->arena, fs.gvk), old->create ? "true" : "false",
                            fs.create ? "true" : "false");
        return 0;
    }
    vec_push(cx->arena, list, fs);
    return 0;
}

int fieldspec_merge_all(struct ctx *cx, struct fieldspecs *list, const struct fieldspecs *from)
{
    for (size_t i = 0; i < from->len; i++)
        if (fieldspec_merge(cx, list, from->at[i]) < 0)
            return err_code(cx);
    return 0;
}

struct sortable {
    const struct fieldspec *fs; /* in the old order */
    int rank;                   /* asked once: it is looked up in a list */
};

static int compare_sortable(const void *a, const void *b)
{
    const struct sortable *left = a;
    const struct sortable *right = b;
    int order = left->rank - right->rank;
    if (!order)
        order = gvk_compare_text(left->fs->gvk, right->fs->gvk);
    if (order)
        return order;
    return left->fs < right->fs ? -1 : 1;
}

void fieldspec_sort(struct arena *a, struct fieldspecs *list)
{
    if (list->len < 2)
        return;
    struct sortable *all = ARENA_ARRAY(a, struct sortable, list->len);
    struct fieldspec *sorted = ARENA_ARRAY(a, struct fieldspec, list->len);
    for (size_t i = 0; i < list->len; i++)
        all[i] = (struct sortable){ .fs = &list->at[i], .rank = gvk_rank(list->at[i].gvk.kind) };
    qsort(all, list->len, sizeof(all[0]), compare_sortable);
    for (size_t i = 0; i < list->len; i++)
        sorted[i] = *all[i].fs;
    *list = (struct fieldspecs){ .at = sorted, .len = list->len, .cap = list->len };
}

struct fieldspecs fieldspec_list(struct arena *a, const struct doc *list)
{
    struct fieldspecs result = { 0 };
    doc_each (row, list) {
        struct fieldspec fs = {
            .gvk = { .group = str_or(doc_text_at(row, "group"), ""),
                     .version = str_or(doc_text_at(row, "version"), ""),
                     .kind = str_or(doc_text_at(row, "kind"), "") },
            .path = str_or(doc_text_at(row, "path"), ""),
            .create = doc_is_true(doc_find(row, "create"), false),
        };
        vec_push(a, &result, fieldspec_normal(fs));
    }
    return result;
}
