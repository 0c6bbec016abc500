/*
 * kschema.c: see kschema.h. Members are checked in the order of their names, and the first that does not fit ends the check:
 * upstream makes sorted JSON of a file before it looks. Rejected: collecting all mistakes, since the messages are compared
 * with upstream's.
 */
#include "libgotk/kustomize/kschema.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <stdlib.h>
#include <string.h>

struct check {
    struct ctx *cx;
    enum kschema_mode mode;
    const char *type;
    const char *file;
    bool embedded; /* what is checked is, or stands below what is */
};

static const char *const go_names[] = {
    [KSCHEMA_STRING] = "string",    [KSCHEMA_BOOL] = "bool",
    [KSCHEMA_INT] = "int64",        [KSCHEMA_ANY] = "any",
    [KSCHEMA_OBJECT] = "struct",    [KSCHEMA_STRINGS] = "[]string",
    [KSCHEMA_OBJECTS] = "[]struct", [KSCHEMA_MAP] = "map[string]string",
};

static const char *place_of(const struct check *c, const struct doc *d)
{
    if (!doc_line(d))
        return c->file;
    return str_fmt(c->cx->arena, "%s:%d:%d", c->file, doc_line(d), doc_column(d));
}

static int unknown_field(const struct check *c, const struct kschema *rows, const struct doc *member)
{
    VEC(const char *) known = { 0 };
    for (const struct kschema *row = rows; row->name; row++)
        vec_push(c->cx->arena, &known, row->name);
    const char *near = str_nearest(doc_key(member), known.at, known.len);
    if (near)
        return err_fail(c->cx, ERR_INVALID, "json: unknown field \"%s\" (%s: did you mean \"%s\"?)",
                        doc_key(member), place_of(c, member), near);
    return err_fail(c->cx, ERR_INVALID, "json: unknown field \"%s\" (%s: the fields here are %s)",
                    doc_key(member), place_of(c, member), str_join(c->cx->arena, known.at, known.len, ", "));
}

/* What a value has to be, in YAML's words. */
static const char *const plain_names[] = {
    [KSCHEMA_STRING] = "string, in quotes if need be",
    [KSCHEMA_BOOL] = "bool, true or false",
    [KSCHEMA_INT] = "whole number",
    [KSCHEMA_ANY] = "value",
    [KSCHEMA_OBJECT] = "map",
    [KSCHEMA_STRINGS] = "list of strings",
    [KSCHEMA_OBJECTS] = "list of maps",
    [KSCHEMA_MAP] = "map of strings",
};

static const char *go_name(const struct check *c, enum kschema_kind kind, const char *go)
{
    if (kind != KSCHEMA_OBJECT && kind != KSCHEMA_OBJECTS)
        return go_names[kind];
    return str_fmt(c->cx->arena, "%stypes.%s", kind == KSCHEMA_OBJECTS ? "[]" : "", go);
}

/* `go`: the Go type of the objects that are wanted. */
static int wrong_kind(const struct check *c, const struct doc *d, const char *path, enum kschema_kind want,
                      const char *go)
{
    const char *field = path ? str_fmt(c->cx->arena, "Go struct field %s.%s", c->type, path) : "Go value";
    return err_fail(c->cx, ERR_INVALID, "json: cannot unmarshal %s into %s of type %s (%s: write a %s)",
                    doc_kind_name(d), field, go_name(c, want, go), place_of(c, d), plain_names[want]);
}

/* The text a number or boolean becomes where sigs.k8s.io/yaml wants a string: numbers were normalized when read. */
static const char *coerced(const struct doc *d)
{
    if (doc_kind(d) == DOC_BOOL)
        return doc_is_true(d, false) ? "true" : "false";
    return doc_literal(d);
}

static int check_string(const struct check *c, struct doc *parent, struct doc *d, const char *path)
{
    if (doc_kind(d) == DOC_STRING)
        return 0;
    bool coerces = c->mode == KSCHEMA_YAML || (c->mode == KSCHEMA_LENIENT && !c->embedded);
    const char *text = coerces ? coerced(d) : NULL;
    if (!text)
        return wrong_kind(c, d, path, KSCHEMA_STRING, NULL);
    doc_replace(c->cx->arena, parent, d, doc_string(c->cx->arena, text));
    return 0;
}

static int check_bool(const struct check *c, const struct doc *d, const char *path)
{
    return doc_kind(d) == DOC_BOOL ? 0 : wrong_kind(c, d, path, KSCHEMA_BOOL, NULL);
}

static int check_int(const struct check *c, const struct doc *d, const char *path)
{
    int64_t value = 0;
    return doc_get_int(d, &value) ? 0 : wrong_kind(c, d, path, KSCHEMA_INT, NULL);
}

static int check_object(const struct check *c, struct doc *d, const struct kschema *rows, const char *path);

static int check_strings(const struct check *c, struct doc *list, const char *path)
{
    struct doc *next = NULL;
    for (struct doc *d = doc_first(list); d; d = next) {
        next = doc_next(d);
        if (doc_kind(d) == DOC_NULL)
            doc_replace(c->cx->arena, list, d, doc_string(c->cx->arena, ""));
        else if (check_string(c, list, d, path) < 0)
            return err_code(c->cx);
    }
    return 0;
}

/* `c` checks the list, `inner` what it holds. */
static int check_objects(const struct check *c, const struct check *inner, struct doc *list,
                         const struct kschema *rows, const char *path)
{
    struct doc *next = NULL;
    for (struct doc *d = doc_first(list); d; d = next) {
        next = doc_next(d);
        if (doc_kind(d) == DOC_NULL && c->mode == KSCHEMA_YAML)
            doc_detach(list, d);
        else if (doc_kind(d) == DOC_NULL)
            doc_replace(c->cx->arena, list, d, doc_object(c->cx->arena));
        else if (doc_kind(d) != DOC_OBJECT)
            return wrong_kind(c, d, path, KSCHEMA_OBJECT, inner->type);
        else if (check_object(inner, d, rows, path) < 0)
            return err_code(c->cx);
    }
    return 0;
}

static int check_value(const struct check *c, struct doc *parent, struct doc *d, const struct kschema *row,
                       const char *path)
{
    bool is_list = row->kind == KSCHEMA_STRINGS || row->kind == KSCHEMA_OBJECTS;
    bool is_map = row->kind == KSCHEMA_MAP || row->kind == KSCHEMA_OBJECT;
    if ((is_list && doc_kind(d) != DOC_ARRAY) || (is_map && doc_kind(d) != DOC_OBJECT))
        return wrong_kind(c, d, path, row->kind, str_or(row->go, c->type));
    struct check own = *c;
    own.embedded = c->embedded || row->embedded;
    struct check inner = own;
    inner.type = row->go ? row->go : c->type;
    switch (row->kind) {
    case KSCHEMA_STRING:
        return check_string(&own, parent, d, path);
    case KSCHEMA_BOOL:
        return check_bool(c, d, path);
    case KSCHEMA_INT:
        return check_int(c, d, path);
    case KSCHEMA_OBJECT:
        return check_object(&inner, d, row->of, path);
    case KSCHEMA_STRINGS:
    case KSCHEMA_MAP:
        return check_strings(&own, d, path);
    case KSCHEMA_OBJECTS:
        return check_objects(&own, &inner, d, row->of, path);
    default:
        return 0;
    }
}

static const struct kschema *row_of(const struct check *c, const struct kschema *rows, const char *name)
{
    const struct kschema *folded = NULL;
    for (const struct kschema *row = rows; row->name; row++) {
        if (!strcmp(row->name, name))
            return row;
        if (!folded && c->mode != KSCHEMA_YAML && str_eq_fold(row->name, name))
            folded = row;
    }
    return folded;
}

/* Gives an object what another one has besides. */
static void lay_over(struct arena *a, const struct doc *earlier, struct doc *later)
{
    doc_each (entry, earlier) {
        struct doc *own = doc_find(later, doc_key(entry));
        if (!own)
            doc_set(a, later, doc_key(entry), doc_copy(a, entry));
        else if (doc_kind(own) == DOC_OBJECT && doc_kind(entry) == DOC_OBJECT)
            lay_over(a, entry, own);
    }
}

/* A name is spelled in one way or another, and may be there in both: as for Go's decoder the later one in order counts, objects
 * are laid over each other, and a null empties what is no scalar. Removes and returns the earlier one; NULL when it stays. */
static const struct doc *take_earlier(struct doc *object, const struct doc *member, const struct kschema *row,
                                      const char **earlier)
{
    bool scalar = row->kind == KSCHEMA_STRING || row->kind == KSCHEMA_BOOL || row->kind == KSCHEMA_INT;
    if (!*earlier || (doc_kind(member) == DOC_NULL && scalar))
        return NULL;
    struct doc *taken = doc_find(object, *earlier);
    doc_detach(object, taken);
    *earlier = NULL;
    return taken;
}

/* `taken`: for each row, the name of the member that has been taken for it; NULL: none. */
static int check_member(const struct check *c, struct doc *object, struct doc *member,
                        const struct kschema *rows, const char **taken, const char *path)
{
    const char *name = doc_key(member);
    const struct kschema *row = row_of(c, rows, name);
    if (!row && c->mode == KSCHEMA_STRICT)
        return unknown_field(c, rows, member);
    const struct doc *earlier = row ? take_earlier(object, member, row, &taken[row - rows]) : NULL;
    if (!row || doc_kind(member) == DOC_NULL) {
        doc_detach(object, member);
        return 0;
    }
    taken[row - rows] = name;
    if (check_value(c, object, member, row,
                    path ? str_fmt(c->cx->arena, "%s.%s", path, row->name) : row->name) < 0)
        return err_code(c->cx);
    if (row->kind == KSCHEMA_MAP || row->kind == KSCHEMA_OBJECT)
        lay_over(c->cx->arena, earlier, member);
    return 0;
}

static int compare_members(const void *a, const void *b)
{
    return strcmp(doc_key(*(const struct doc *const *)a), doc_key(*(const struct doc *const *)b));
}

static size_t count_rows(const struct kschema *rows)
{
    size_t n = 0;
    while (rows[n].name)
        n++;
    return n;
}

static int check_object(const struct check *c, struct doc *d, const struct kschema *rows, const char *path)
{
    VEC(struct doc *) members = { 0 };
    if (doc_kind(d) != DOC_OBJECT)
        return wrong_kind(c, d, path, KSCHEMA_OBJECT, c->type);
    size_t count = count_rows(rows);
    const char **taken = ARENA_ARRAY(c->cx->arena, const char *, count);
    doc_each (member, d)
        vec_push(c->cx->arena, &members, member);
    if (members.len > 1)
        qsort(members.at, members.len, sizeof(*members.at), compare_members);
    for (size_t i = 0; i < members.len; i++)
        if (check_member(c, d, members.at[i], rows, taken, path) < 0)
            return err_code(c->cx);
    for (size_t i = 0; i < count; i++)
        if (taken[i]) /* at last, when no other spelling is left */
            doc_rename(c->cx->arena, d, taken[i], rows[i].name);
    return 0;
}

int kschema_check(struct ctx *cx, struct doc *d, const struct kschema *rows, enum kschema_mode mode,
                  const char *type, const char *file)
{
    struct check c = { .cx = cx, .mode = mode, .type = type, .file = file };
    return check_object(&c, d, rows, NULL);
}
