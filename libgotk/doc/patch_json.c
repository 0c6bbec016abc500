/*
 * patch_json.c: JSON pointers and JSON patches (RFC 6902); the contract is in patch.h.
 *
 * Follows evanphx/json-patch v4, which kustomize and the API server use: `replace` of a missing member makes it, indexes
 * may be negative, a missing `value` is null, what stands before a pointer's first slash is ignored, and the messages
 * are its own. Two things are the RFC's instead: `test` compares numbers and strings by value, and null elements of
 * arrays are values. Each operation is a row of a table. Any thread.
 */
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- pointers ---------------------------------------------------------------------------------------------------- */

char *patch_pointer_join(struct arena *a, const char *pointer, const char *token)
{
    const char *escaped = str_replace(a, str_replace(a, token, "~", "~0"), "/", "~1");
    return str_fmt(a, "%s/%s", pointer, escaped);
}

/* The token of `n` bytes with ~1 and ~0 undone, in one pass. */
static char *unescape(struct arena *a, const char *token, size_t n)
{
    char *out = arena_alloc(a, n + 1), *w = out;
    for (size_t i = 0; i < n; i++) {
        bool escape = token[i] == '~' && i + 1 < n && (token[i + 1] == '0' || token[i + 1] == '1');
        *w++ = !escape ? token[i] : token[i + 1] == '0' ? '~' : '/';
        i += escape;
    }
    return out;
}

/* A whole decimal number as strconv.Atoi reads it, sign and leading zeros allowed. */
static bool read_index(const char *key, long *ret)
{
    const char *digits = key + (*key == '-' || *key == '+');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    *ret = strtol(key, NULL, 10);
    return errno == 0;
}

/* The element a key names, counted from the end when negative; NULL when there is none. */
static struct doc *element(const struct doc *array, const char *key)
{
    long index, len = (long)doc_len(array);
    if (!read_index(key, &index))
        return NULL;
    if (index < 0)
        index += len;
    return index < 0 || index >= len ? NULL : doc_at(array, (size_t)index);
}

static struct doc *child_of(const struct doc *d, const char *key)
{
    return doc_kind(d) == DOC_ARRAY ? element(d, key) : doc_find(d, key);
}

/* The container of what a pointer names, and the last token; NULL when the way there does not exist. */
static struct doc *find_parent(struct arena *a, struct doc *root, const char *pointer, const char **ret_key)
{
    struct doc *at = root;
    const char *token = strchr(pointer, '/');
    if (!token)
        return NULL;
    for (token++;; token++) {
        const char *end = strchrnul(token, '/');
        char *key = unescape(a, token, (size_t)(end - token));
        if (doc_kind(at) != DOC_OBJECT && doc_kind(at) != DOC_ARRAY)
            return NULL;
        if (!*end) {
            *ret_key = key;
            return at;
        }
        at = child_of(at, key);
        token = end;
    }
}

struct doc *patch_pointer(struct arena *a, const struct doc *d, const char *pointer)
{
    const char *key;
    struct doc *root = (struct doc *)(uintptr_t)d;
    if (!*pointer)
        return root;
    if (*pointer != '/')
        return NULL;
    const struct doc *parent = find_parent(a, root, pointer, &key);
    return parent ? child_of(parent, key) : NULL;
}

/* ---- JSON patches ------------------------------------------------------------------------------------------------ */

/* One operation on its way. */
struct op {
    struct ctx *cx;
    struct doc **root;
    const struct doc *spec; /* the operation as written */
    const char *name;
    const char *path;
};

static int fail_index(struct ctx *cx, const char *key)
{
    long index;
    if (!read_index(key, &index))
        return err_fail(cx, ERR_INVALID, "value was not a proper array index: '%s'", key);
    return err_fail(cx, ERR_INVALID, "Unable to access invalid index: %ld: invalid index referenced", index);
}

static int add_to(struct ctx *cx, struct doc *parent, const char *key, struct doc *value)
{
    long index, len = (long)doc_len(parent);
    if (doc_kind(parent) == DOC_OBJECT) {
        doc_set(cx->arena, parent, key, value);
        return 0;
    }
    if (strcmp(key, "-") == 0) {
        doc_append(parent, value);
        return 0;
    }
    if (!read_index(key, &index) || index > len || index < -(len + 1))
        return fail_index(cx, key);
    doc_insert(parent, (size_t)(index < 0 ? index + len + 1 : index), value);
    return 0;
}

static int remove_from(struct ctx *cx, struct doc *parent, const char *key)
{
    struct doc *old = child_of(parent, key);
    if (!old && doc_kind(parent) == DOC_ARRAY)
        return fail_index(cx, key);
    if (!old)
        return err_fail(cx, ERR_INVALID, "Unable to remove nonexistent key: %s: missing value", key);
    doc_detach(parent, old);
    return 0;
}

/* The value to put in, ready to be linked: a missing one is null. */
static struct doc *value_of(const struct op *op)
{
    const struct doc *value = doc_find(op->spec, "value");
    return value ? doc_copy(op->cx->arena, value) : doc_null(op->cx->arena);
}

static int op_add(const struct op *op)
{
    const char *key;
    struct doc *parent = find_parent(op->cx->arena, *op->root, op->path, &key);
    if (!parent)
        return err_fail(op->cx, ERR_INVALID,
                        "add operation does not apply: doc is missing path: \"%s\": missing value", op->path);
    if (add_to(op->cx, parent, key, value_of(op)) < 0)
        return err_wrap(op->cx, "error in add for path: '%s'", op->path);
    return 0;
}

static int op_remove(const struct op *op)
{
    const char *key;
    struct doc *parent = find_parent(op->cx->arena, *op->root, op->path, &key);
    if (!parent)
        return err_fail(op->cx, ERR_INVALID,
                        "remove operation does not apply: doc is missing path: \"%s\": missing value",
                        op->path);
    if (remove_from(op->cx, parent, key) < 0)
        return err_wrap(op->cx, "error in remove for path: '%s'", op->path);
    return 0;
}

static int replace_root(const struct op *op)
{
    struct doc *value = value_of(op);
    if (doc_kind(value) != DOC_OBJECT && doc_kind(value) != DOC_ARRAY)
        return err_fail(op->cx, ERR_INVALID, "replace operation value must be object or array");
    *op->root = value;
    return 0;
}

static int op_replace(const struct op *op)
{
    const char *key;
    if (!*op->path)
        return replace_root(op);
    struct doc *parent = find_parent(op->cx->arena, *op->root, op->path, &key);
    if (!parent)
        return err_fail(op->cx, ERR_INVALID,
                        "replace operation does not apply: doc is missing path: %s: missing value", op->path);
    struct doc *old = child_of(parent, key);
    if (!old && doc_kind(parent) == DOC_ARRAY)
        return err_fail(op->cx, ERR_INVALID,
                        "replace operation does not apply: doc is missing key: %s: missing value", op->path);
    if (old)
        doc_replace(op->cx->arena, parent, old, value_of(op));
    else
        doc_set(op->cx->arena, parent, key, value_of(op));
    return 0;
}

/* Finds what `from` names for move and copy; *ret_value is NULL for a missing member. */
static int find_from(const struct op *op, struct doc **ret_parent, const char **ret_key,
                     struct doc **ret_value)
{
    const struct doc *named = doc_find(op->spec, "from");
    const char *from = doc_text(named);
    if (!from && named && doc_kind(named) != DOC_NULL)
        return err_fail(
            op->cx, ERR_INVALID,
            "%s operation failed to decode from: json: cannot unmarshal %s into Go value of type string",
            op->name, doc_kind_name(named));
    if (!from)
        return err_fail(op->cx, ERR_INVALID,
                        "%s operation failed to decode from: operation, missing from field: missing value",
                        op->name);
    *ret_parent = find_parent(op->cx->arena, *op->root, from, ret_key);
    if (!*ret_parent)
        return err_fail(op->cx, ERR_INVALID,
                        "%s operation does not apply: doc is missing from path: %s: missing value", op->name,
                        from);
    *ret_value = child_of(*ret_parent, *ret_key);
    if (!*ret_value && doc_kind(*ret_parent) == DOC_ARRAY) {
        fail_index(op->cx, *ret_key);
        return err_wrap(op->cx, "error in %s for from: '%s'", op->name, from);
    }
    return 0;
}

/* Adds a value moved or copied from elsewhere. */
static int put_at_path(const struct op *op, struct doc *value)
{
    const char *key;
    struct doc *parent = find_parent(op->cx->arena, *op->root, op->path, &key);
    if (!parent)
        return err_fail(op->cx, ERR_INVALID,
                        "%s operation does not apply: doc is missing destination path: %s: missing value",
                        op->name, op->path);
    if (add_to(op->cx, parent, key, value) < 0)
        return err_wrap(op->cx, "error in %s for path: '%s'", op->name, op->path);
    return 0;
}

static int op_move(const struct op *op)
{
    struct doc *parent = NULL, *value = NULL;
    const char *key = NULL;
    int rc = find_from(op, &parent, &key, &value);
    if (rc < 0)
        return rc;
    if (remove_from(op->cx, parent, key) < 0)
        return err_wrap(op->cx, "error in move for path: '%s'", key);
    return put_at_path(op, value);
}

static int op_copy(const struct op *op)
{
    struct doc *parent = NULL, *value = NULL;
    const char *key = NULL;
    int rc = find_from(op, &parent, &key, &value);
    if (rc < 0)
        return rc;
    cJSON *copy = NULL;
    rc = value ? node_copy_here(op->cx, node_of(value), &copy) : 0;
    return rc < 0 ? rc : put_at_path(op, value ? node_doc(copy) : doc_null(op->cx->arena));
}

static int op_test(const struct op *op)
{
    const char *key;
    const struct doc *value = *op->root, *wanted = doc_find(op->spec, "value");
    if (*op->path) {
        const struct doc *parent = find_parent(op->cx->arena, *op->root, op->path, &key);
        if (!parent)
            return err_fail(op->cx, ERR_INVALID,
                            "test operation does not apply: is missing path: %s: missing value", op->path);
        value = child_of(parent, key);
        if (!value && doc_kind(parent) == DOC_ARRAY) {
            fail_index(op->cx, key);
            return err_wrap(op->cx, "error in test for path: '%s'", op->path);
        }
    }
    if (!doc_equal(value, wanted))
        return err_fail(op->cx, ERR_INVALID, "testing value %s failed: test failed", op->path);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(const struct op *op);
} operations[] = {
    { "add", op_add },   { "remove", op_remove }, { "replace", op_replace },
    { "move", op_move }, { "copy", op_copy },     { "test", op_test },
};

static int run_op(const struct op *op)
{
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        if (strcmp(operations[i].name, op->name) != 0)
            continue;
        if (!op->path)
            return err_fail(op->cx, ERR_INVALID,
                            "%s operation failed to decode path: operation missing path field: missing value",
                            op->name);
        return operations[i].run(op);
    }
    return err_fail(op->cx, ERR_INVALID,
                    "Unexpected kind: %s (an operation is add, remove, replace, move, copy or test)",
                    op->name);
}

/* What there is where the way to a place ends: the nearest name, or how many elements. Never values. */
static const char *there_is(struct arena *a, const struct doc *at, const char *key)
{
    VEC(const char *) names = { 0 };
    if (doc_kind(at) == DOC_ARRAY)
        return str_fmt(a, ": the list has %zu", doc_len(at));
    doc_each (member, doc_kind(at) == DOC_OBJECT ? at : NULL)
        vec_push(a, &names, doc_key(member));
    const char *near = key[0] && key[1] && key[2] ? str_nearest(key, names.at, names.len) : NULL;
    if (near)
        return str_fmt(a, ": did you mean \"%s\"?", near);
    return names.len && names.len <= 12 ? str_fmt(a, ", but %s", str_join(a, names.at, names.len, ", ")) : "";
}

/* How far the object has the place an operation names. */
static const char *hint(const struct op *op)
{
    struct arena *a = op->cx->arena;
    const struct doc *at = *op->root;
    bool lost = strstr(err_message(op->cx), "missing value") || strstr(err_message(op->cx), "invalid index");
    const char *token = lost && op->path ? strchr(op->path, '/') : NULL;
    while (token) {
        const char *end = strchrnul(token + 1, '/');
        const char *key = unescape(a, token + 1, (size_t)(end - token - 1));
        const struct doc *next = child_of(at, key);
        bool adds = !*end && strcmp(op->name, "remove") != 0;
        if (!next && adds && doc_kind(at) == DOC_OBJECT)
            return "";
        if (!next)
            return str_fmt(a, " (there is no %.*s%s)", (int)(end - op->path), op->path, there_is(a, at, key));
        at = next;
        token = *end ? end : NULL;
    }
    return "";
}

int patch_json6902(struct ctx *cx, struct doc **target, const struct doc *list)
{
    size_t number = 0;
    if (doc_kind(list) != DOC_ARRAY)
        return err_fail(cx, ERR_INVALID, "a JSON patch is a list of operations, got %s", doc_kind_name(list));
    doc_each (spec, list) {
        number++;
        if (doc_kind(spec) != DOC_OBJECT)
            return err_fail(cx, ERR_INVALID, "operation %zu: expected an object, got %s", number,
                            doc_kind_name(spec));
        const struct op op = {
            .cx = cx,
            .root = target,
            .spec = spec,
            .name = str_or(doc_text_at(spec, "op"), "unknown"),
            .path = doc_text_at(spec, "path"),
        };
        if (run_op(&op) < 0)
            return err_fail(cx, err_code(cx), "operation %zu (%s %s): %s%s", number, op.name,
                            str_or(op.path, "\"\""), str_dup(cx->arena, err_message(cx)), hint(&op));
        int rc = ctx_check(cx);
        if (rc < 0)
            return rc;
    }
    return 0;
}
