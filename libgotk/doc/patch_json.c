/*
 * patch_json.c: RFC 6902 patches as evanphx/json-patch v4 carries them out; the contract is in patch.h.
 *
 * One function per operation, found in a table. Quirks of v4 that users' patches rely on are kept: replace creates a
 * missing member, negative array indices count from the end. Any thread; no state.
 */
#include "libgotk/doc/patch.h"

#include "libgotk/base/str.h"

/* One operation under way. */
struct operation {
    const struct doc *spec;
    const char *name;
    const char *path;
    struct doc **root;
};

/* The container a pointer leads to, and the last token in it. */
struct target {
    struct doc *parent; /* NULL: the whole document is meant */
    const char *token;
};

static struct doc *child_of(struct doc *parent, const char *token)
{
    int64_t index;
    if (doc_kind(parent) == DOC_OBJECT)
        return doc_find(parent, token);
    if (doc_kind(parent) != DOC_ARRAY || !str_to_int64(token, &index))
        return NULL;
    if (index < 0)
        index += (int64_t)doc_len(parent);
    return index < 0 ? NULL : doc_at(parent, (size_t)index);
}

static int missing_path(struct ctx *cx, const struct operation *op, const char *path)
{
    const char *quote = str_eq(op->name, "add") ? "\"" : "";
    return err_fail(cx, ERR_INVALID,
                    "%s operation does not apply: doc is missing path: %s%s%s: missing value", op->name,
                    quote, path, quote);
}

static int find_target(struct ctx *cx, const struct operation *op, const char *path, struct target *ret)
{
    size_t count;
    *ret = (struct target){ NULL, "" };
    if (!*path)
        return 0;
    if (*path != '/')
        return missing_path(cx, op, path);
    char **tokens = str_split(cx->arena, path + 1, '/', &count);
    struct doc *at = *op->root;
    for (size_t i = 0; i < count; i++) {
        const char *token = str_replace(cx->arena, str_replace(cx->arena, tokens[i], "~1", "/"), "~0", "~");
        if (i + 1 == count)
            *ret = (struct target){ at, token };
        else
            at = child_of(at, token);
        if (doc_kind(at) != DOC_OBJECT && doc_kind(at) != DOC_ARRAY)
            return missing_path(cx, op, path);
    }
    return 0;
}

static int invalid_index(struct ctx *cx, const char *token)
{
    return err_fail(cx, ERR_INVALID, "Unable to access invalid index: %s: invalid index referenced", token);
}

/* An index of an array that may be one past the end when `insert`. */
static int array_index(struct ctx *cx, const struct doc *array, const char *token, bool insert,
                       size_t *ret_index)
{
    int64_t index, len = (int64_t)doc_len(array);
    if (insert && str_eq(token, "-")) {
        *ret_index = (size_t)len;
        return 0;
    }
    if (!str_to_int64(token, &index))
        return err_fail(cx, ERR_INVALID, "strconv.Atoi: parsing \"%s\": invalid syntax", token);
    int64_t bound = insert ? len : len - 1;
    if (index < 0)
        index += bound + 1;
    if (index < 0 || index > bound)
        return invalid_index(cx, token);
    *ret_index = (size_t)index;
    return 0;
}

static int put(struct ctx *cx, const struct operation *op, const struct target *at, struct doc *value,
               bool replace)
{
    size_t index;
    if (!at->parent) {
        *op->root = value;
        return 0;
    }
    if (doc_kind(at->parent) == DOC_OBJECT) {
        doc_set(cx->arena, at->parent, at->token, value);
        return 0;
    }
    if (array_index(cx, at->parent, at->token, !replace, &index) < 0)
        return cx->err.code;
    if (replace)
        doc_remove_at(at->parent, index);
    doc_insert(at->parent, index, value);
    return 0;
}

/* Takes the value at a path out of its container. */
static int take(struct ctx *cx, const struct operation *op, const char *path, const struct target *at,
                struct doc **ret)
{
    size_t index;
    struct doc *found = at->parent ? child_of(at->parent, at->token) : NULL;
    if (!found && at->parent && doc_kind(at->parent) == DOC_ARRAY &&
        array_index(cx, at->parent, at->token, false, &index) < 0)
        return cx->err.code;
    if (!found)
        return err_fail(cx, ERR_INVALID,
                        "error in %s for path: '%s': Unable to remove nonexistent key: %s: missing value",
                        op->name, path, at->token);
    doc_detach(at->parent, found);
    *ret = found;
    return 0;
}

static struct doc *value_of(struct ctx *cx, const struct operation *op)
{
    const struct doc *value = doc_find(op->spec, "value");
    return value ? doc_copy(cx->arena, value) : doc_null(cx->arena);
}

static int run_add(struct ctx *cx, const struct operation *op)
{
    struct target at;
    if (find_target(cx, op, op->path, &at) < 0)
        return cx->err.code;
    return put(cx, op, &at, value_of(cx, op), false);
}

static int run_replace(struct ctx *cx, const struct operation *op)
{
    struct target at;
    if (find_target(cx, op, op->path, &at) < 0)
        return cx->err.code;
    return put(cx, op, &at, value_of(cx, op), true);
}

static int run_remove(struct ctx *cx, const struct operation *op)
{
    struct target at;
    struct doc *gone;
    if (find_target(cx, op, op->path, &at) < 0)
        return cx->err.code;
    return take(cx, op, op->path, &at, &gone);
}

static int run_move(struct ctx *cx, const struct operation *op)
{
    struct target from, to;
    struct doc *value;
    const char *path = str_or(doc_text_at(op->spec, "from"), "");
    if (find_target(cx, op, path, &from) < 0 || take(cx, op, path, &from, &value) < 0 ||
        find_target(cx, op, op->path, &to) < 0)
        return cx->err.code;
    return put(cx, op, &to, value, false);
}

static int run_copy(struct ctx *cx, const struct operation *op)
{
    struct target from, to;
    const char *path = str_or(doc_text_at(op->spec, "from"), "");
    if (find_target(cx, op, path, &from) < 0)
        return cx->err.code;
    const struct doc *value = from.parent ? child_of(from.parent, from.token) : *op->root;
    if (!value)
        return missing_path(cx, op, path);
    if (find_target(cx, op, op->path, &to) < 0)
        return cx->err.code;
    return put(cx, op, &to, doc_copy(cx->arena, value), false);
}

static int run_test(struct ctx *cx, const struct operation *op)
{
    struct target at;
    if (find_target(cx, op, op->path, &at) < 0)
        return cx->err.code;
    const struct doc *have = at.parent ? child_of(at.parent, at.token) : *op->root,
                     *want = doc_find(op->spec, "value");
    bool both_null = doc_kind(have) == DOC_NULL && doc_kind(want) == DOC_NULL;
    if (both_null || (have && want && doc_equal(have, want)))
        return 0;
    return err_fail(cx, ERR_INVALID, "testing value %s failed: test failed", op->path);
}

static const struct {
    const char *name;
    int (*run)(struct ctx *cx, const struct operation *op);
} operations[] = {
    { "add", run_add },   { "remove", run_remove }, { "replace", run_replace },
    { "move", run_move }, { "copy", run_copy },     { "test", run_test },
};

static int run_operation(struct ctx *cx, const struct operation *op)
{
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        if (str_eq(op->name, operations[i].name))
            return operations[i].run(cx, op);
    return err_fail(cx, ERR_INVALID, "Unexpected kind: %s", op->name);
}

int patch_json6902(struct ctx *cx, struct doc **target, const struct doc *list)
{
    size_t number = 0;
    if (doc_kind(list) != DOC_ARRAY)
        return err_fail(cx, ERR_INVALID, "a JSON patch is a list of operations, not %s", doc_kind_name(list));
    doc_each (spec, list) {
        const struct operation op = { spec, str_or(doc_text_at(spec, "op"), "unknown"),
                                      str_or(doc_text_at(spec, "path"), ""), target };
        number++;
        if (run_operation(cx, &op) < 0)
            return err_wrap(cx, "operation %zu (%s %s)", number, op.name, op.path);
    }
    return ctx_check(cx);
}
