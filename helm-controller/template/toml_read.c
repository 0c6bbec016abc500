/*
 * toml_read.c: tables, keys and arrays of TOML; the contract is in toml_read.h.
 *
 * Which table a key may still be put into follows the library's own books, not the specification: `implicit` names the tables
 * that came into being on the way to another one, `arrays` the keys whose value began with a bracket.
 */
#include "helm-controller/template/toml_read.h"

#include "helm-controller/template/toml_print.h"
#include "helm-controller/template/toml_scan.h"
#include "libgotk/base/quote.h"

#include <string.h>

#define DEPTH_MAX 1000
#define ERROR_MAX ((size_t)64 << 20)

static int read_value(struct toml_reader *r, bool in_array, struct value *ret);

/* -- the books ----------------------------------------------------------------------------------------------- */

static const char *text_of(struct toml_reader *r, const struct toml_path *path)
{
    return toml_path_text(r->cx->arena, path);
}

/* A path and one part more. */
static struct toml_path path_with(struct toml_reader *r, const struct toml_path *path, struct strv part)
{
    struct toml_path longer = { 0 };
    for (size_t i = 0; i < path->len; i++)
        vec_push(r->cx->arena, &longer, path->at[i]);
    vec_push(r->cx->arena, &longer, part);
    return longer;
}

/* Notes that the value of `key` in the context is an array, or that it is anything else. An empty key stands for the context. */
static void note_kind(struct toml_reader *r, struct strv key, bool array)
{
    struct toml_path path = r->context;
    if (key.n || path.len == 0)
        path = path_with(r, &path, key);
    const char *text = text_of(r, &path);
    if (array)
        map_set(&r->arrays, text, NULL);
    else
        map_remove(&r->arrays, text);
}

/* The table that a value is or that is the last of a list of tables; NULL when it is neither. */
static struct vmap *table_of(struct value v)
{
    if (v.type == V_MAPS)
        return v.list->at[v.list->len - 1].map;
    return v.type == V_MAP ? v.map : NULL;
}

/* Takes the place of what came into being implicitly, or fails. */
static int redefine(struct toml_reader *r, struct vmap *table, const struct toml_path *path, struct value v)
{
    const char *text = text_of(r, path);
    if (!map_remove(&r->implicit, text))
        return toml_fail_on(r, r->key_line, "Key '%s' has already been defined.", text);
    if (map_has(&r->arrays, text))
        vmap_set(table, path->at[path->len - 1], v);
    return 0;
}

/* Stores a value under a key of the context. */
static int set_value(struct toml_reader *r, struct strv key, struct value v)
{
    struct vmap *table = r->root;
    struct toml_path path = { 0 };
    struct value there = v_nil();
    for (size_t i = 0; i < r->context.len; i++) {
        struct strv part = r->context.at[i];
        vec_push(r->cx->arena, &path, part);
        if (!vmap_get(table, part, &there))
            return err_fail(r->cx, ERR_INVALID, "BUG: Context for key '%s' has not been established.\n\n",
                            text_of(r, &path));
        table = table_of(there);
        if (!table)
            return toml_fail_on(r, r->key_line, "Key '%s' has already been defined.", text_of(r, &path));
    }
    vec_push(r->cx->arena, &path, key);
    if (vmap_get(table, key, &there))
        return redefine(r, table, &path, v);
    vmap_set(table, key, v);
    return 0;
}

static void note_implicit(struct toml_reader *r, const struct toml_path *path)
{
    map_set(&r->implicit, text_of(r, path), NULL);
}

/* Goes down to the table that will hold the last part of a path; tables on the way come into being. */
static int descend(struct toml_reader *r, const struct toml_path *path, struct toml_path *ret_parent,
                   struct vmap **ret)
{
    struct vmap *table = r->root;
    for (size_t i = 0; i + 1 < path->len; i++) {
        struct value there = v_nil();
        vec_push(r->cx->arena, ret_parent, path->at[i]);
        if (!vmap_get(table, path->at[i], &there)) {
            note_implicit(r, ret_parent);
            there = v_map(vmap_new(r->cx->arena));
            vmap_set(table, path->at[i], there);
        }
        table = table_of(there);
        if (!table)
            return toml_fail_on(r, r->key_line, "Key '%s' was already created as a hash.",
                                text_of(r, ret_parent));
    }
    *ret = table;
    return 0;
}

/* One more table in the list under a path's last part. */
static int add_table(struct toml_reader *r, const struct toml_path *path, struct vmap *table)
{
    struct strv last = path->at[path->len - 1];
    struct value there = v_nil();
    if (!vmap_get(table, last, &there)) {
        there = v_list(V_MAPS, vlist_new(r->cx->arena, 4));
        vmap_set(table, last, there);
    }
    if (there.type != V_MAPS)
        return toml_fail_on(r, r->key_line, "Key '%s' was already created and cannot be used as an array.",
                            text_of(r, path));
    vlist_push(r->cx->arena, there.list, v_map(vmap_new(r->cx->arena)));
    return 0;
}

/* Makes a path the context: a table, or the last one of a list of tables. */
static int enter(struct toml_reader *r, const struct toml_path *path, bool list)
{
    struct toml_path parent = { 0 };
    struct vmap *table = NULL;
    ASSERT(path->at);
    struct strv last = path->at[path->len - 1];
    if (descend(r, path, &parent, &table) < 0)
        return -1;
    r->context = parent;
    if (list ? add_table(r, path, table) < 0 : set_value(r, last, v_map(vmap_new(r->cx->arena))) < 0)
        return -1;
    r->context = path_with(r, &parent, last);
    return 0;
}

/* -- headers and keys ---------------------------------------------------------------------------------------- */

/* A part of a name; notes where the first one began. */
static int read_part(struct toml_reader *r, uint32_t c, struct toml_path *path)
{
    struct strv part;
    bool quotes = c == '"' || c == '\'';
    if (quotes)
        toml_ignore(r);
    int rc = quotes ? toml_quoted_key(r, &part) : toml_bare_key(r, &part);
    if (path->len == 0)
        r->key_line = r->line;
    vec_push(r->cx->arena, path, part);
    return rc;
}

static int read_table_name(struct toml_reader *r, struct toml_path *path)
{
    for (;;) {
        toml_skip_spaces(r);
        uint32_t c = toml_peek(r);
        if (c == ']' || c == TOML_EOF)
            return toml_fail(r, "unexpected end of table name (table names cannot be empty)");
        if (c == '.')
            return toml_fail(r, "unexpected table separator (table names cannot be empty)");
        if (read_part(r, c, path) < 0)
            return -1;
        toml_skip_spaces(r);
        c = toml_next(r);
        if (c == ']')
            return 0;
        if (c != '.')
            return toml_fail_char(r, "expected '.' or ']' to end table name, but got ", c, true, " instead");
        toml_ignore(r);
    }
}

/* [a.b] or [[a.b]], whose first bracket was taken. */
static int read_header(struct toml_reader *r)
{
    struct toml_path path = { 0 };
    bool list = toml_accept(r, '[');
    if (r->failed || read_table_name(r, &path) < 0)
        return -1;
    uint32_t c = list ? toml_next(r) : ']';
    if (c != ']')
        return toml_fail_char(r, "expected end of table array name delimiter ']', but got ", c, true,
                              " instead");
    toml_ignore(r);
    if (path.len > DEPTH_MAX)
        return err_fail(r->cx, ERR_LIMIT, "TOML is nested deeper than %d", DEPTH_MAX);
    if (enter(r, &path, list) < 0)
        return -1;
    note_kind(r, (struct strv){ "", 0 }, false);
    return 0;
}

static int fail_separator(struct toml_reader *r, uint32_t c)
{
    if (c == TOML_EOF)
        return toml_fail(r, "unexpected EOF; expected key separator '='");
    if (c == '\n')
        return toml_fail_before(r, "expected '.' or '=', but got '\\n' instead");
    return toml_fail_char(r, "expected '.' or '=', but got ", c, true, " instead");
}

/* a.b = */
static int read_key(struct toml_reader *r, struct toml_path *path)
{
    for (;;) {
        toml_skip_spaces(r);
        uint32_t c = toml_peek(r);
        bool first = path->len == 0;
        if (c == '=' || c == TOML_EOF)
            return toml_fail(r, first ? "unexpected '=': key name appears blank" : "unexpected '='");
        if (c == '.')
            return toml_fail(r, first ? "unexpected '.': keys cannot start with a '.'" : "unexpected '.'");
        if (read_part(r, c, path) < 0)
            return -1;
        toml_skip_spaces(r);
        c = toml_next(r);
        toml_ignore(r);
        if (c == '=')
            return 0;
        if (c != '.')
            return fail_separator(r, c);
    }
}

/* Reads a key and enters the tables that its first parts name; r->key is the last one. */
static int enter_key(struct toml_reader *r, struct toml_path *path)
{
    if (read_key(r, path) < 0)
        return -1;
    if (path->len + r->context.len > DEPTH_MAX)
        return err_fail(r->cx, ERR_LIMIT, "TOML is nested deeper than %d", DEPTH_MAX);
    ASSERT(path->at);
    r->key = path->at[path->len - 1];
    for (size_t i = 0; i + 1 < path->len; i++) {
        struct toml_path to = path_with(r, &r->context, path->at[i]);
        note_implicit(r, &to);
        if (enter(r, &to, false) < 0)
            return -1;
    }
    return 0;
}

static int read_member(struct toml_reader *r)
{
    struct toml_path outer = r->context, path = { 0 };
    struct value v = v_nil();
    if (enter_key(r, &path) < 0 || read_value(r, false, &v) < 0 || set_value(r, r->key, v) < 0)
        return -1;
    note_kind(r, r->key, v.type == V_LIST);
    r->context = outer;
    r->key = (struct strv){ "", 0 };
    return 0;
}

/* -- arrays and inline tables -------------------------------------------------------------------------------- */

/* The next character that is neither space nor line break nor in a comment. */
static uint32_t next_solid(struct toml_reader *r)
{
    for (;;) {
        uint32_t c = toml_next(r);
        if (c == '#')
            toml_skip_comment(r);
        else if (!toml_is_space(c) && !toml_is_newline(c))
            return c;
        if (r->failed)
            return RUNE_ERROR;
        toml_ignore(r);
    }
}

/* "..., but got 'x' BEHIND", where the end has a name. */
static int fail_got(struct toml_reader *r, const char *before, uint32_t c, const char *behind)
{
    if (c == TOML_EOF)
        return toml_fail(r, "%send of file%s", before, behind);
    return toml_fail_char(r, str_fmt(r->cx->arena, "%s'", before), c, false,
                          str_fmt(r->cx->arena, "'%s", behind));
}

static int read_array(struct toml_reader *r, struct value *ret)
{
    *ret = v_list(V_LIST, vlist_new(r->cx->arena, 2));
    note_kind(r, r->key, true);
    for (;;) {
        struct value v = v_nil();
        uint32_t c = next_solid(r);
        if (c == ',')
            return toml_fail(r, "unexpected comma");
        if (c == ']')
            return 0;
        toml_back(r);
        if (read_value(r, true, &v) < 0)
            return -1;
        vlist_push(r->cx->arena, ret->list, v);
        c = next_solid(r);
        if (c == ']')
            return 0;
        if (c != ',')
            return fail_got(r, "expected a comma (',') or array terminator (']'), but got ", c, "");
    }
}

/* Stores a member of an inline table under all parts of its key. */
static int put_member(struct toml_reader *r, struct vmap *table, const struct toml_path *path, struct value v)
{
    for (size_t i = 0; i + 1 < path->len; i++) {
        struct value there = v_nil();
        if (!vmap_get(table, path->at[i], &there)) {
            there = v_map(vmap_new(r->cx->arena));
            vmap_set(table, path->at[i], there);
        }
        if (there.type != V_MAP) {
            const char *context = text_of(r, &r->context);
            return toml_fail_on(r, r->key_line, "%s is not a table",
                                quote_go(r->cx->arena, context, strlen(context)));
        }
        table = there.map;
    }
    vmap_set(table, path->at[path->len - 1], v);
    return 0;
}

static int read_inline_member(struct toml_reader *r, struct vmap *table)
{
    struct toml_path path = { 0 };
    struct value v = v_nil();
    if (enter_key(r, &path) < 0 || read_value(r, false, &v) < 0 || set_value(r, r->key, v) < 0)
        return -1;
    note_kind(r, r->key, v.type == V_LIST);
    return put_member(r, table, &path, v);
}

/* Behind a member: 1 when the table ends there. A comma may stand before the end. */
static int read_inline_separator(struct toml_reader *r)
{
    for (;;) {
        uint32_t c = next_solid(r);
        if (c == '}')
            return 1;
        if (c != ',')
            return fail_got(r, "expected a comma or an inline table terminator '}', but got ", c, " instead");
        toml_ignore(r);
        toml_skip_spaces(r);
        if (toml_peek(r) != '}')
            return r->failed ? -1 : 0;
    }
}

static int read_inline_members(struct toml_reader *r, struct vmap *table)
{
    struct toml_path context = r->context;
    for (;;) {
        uint32_t c = next_solid(r);
        if (c == ',')
            return toml_fail(r, "unexpected comma");
        if (c == '}')
            return 0;
        toml_back(r);
        if (read_inline_member(r, table) < 0)
            return -1;
        r->context = context;
        int end = read_inline_separator(r);
        if (end)
            return end < 0 ? -1 : 0;
    }
}

static int read_inline_table(struct toml_reader *r, bool in_array, struct value *ret)
{
    struct toml_path outer = r->context, inner = path_with(r, &outer, r->key);
    struct strv outer_key = r->key;
    *ret = v_map(vmap_new(r->cx->arena));
    r->context = inner;
    r->key = (struct strv){ "", 0 };
    note_implicit(r, &inner);
    if (enter(r, &inner, in_array) < 0 || read_inline_members(r, ret->map) < 0)
        return -1;
    r->context = outer;
    r->key = outer_key;
    return 0;
}

/* -- values -------------------------------------------------------------------------------------------------- */

static int read_text(struct toml_reader *r, char quote, struct value *ret)
{
    struct strv s;
    bool longer = false;
    if (toml_accept(r, (uint32_t)quote)) {
        longer = toml_accept(r, (uint32_t)quote);
        if (!longer)
            toml_back(r);
    }
    toml_ignore(r);
    if (r->failed || (longer ? toml_long_string(r, quote, &s) : toml_string(r, quote, &s)) < 0)
        return -1;
    *ret = v_str(s.p, s.n);
    return 0;
}

/* An array or inline table whose first bracket was taken. */
static int read_nested(struct toml_reader *r, bool array, bool in_array, struct value *ret)
{
    toml_ignore(r);
    if (++r->depth > DEPTH_MAX)
        return err_fail(r->cx, ERR_LIMIT, "TOML is nested deeper than %d", DEPTH_MAX);
    int rc = array ? read_array(r, ret) : read_inline_table(r, in_array, ret);
    r->depth--;
    toml_ignore(r);
    return rc;
}

static int fail_value(struct toml_reader *r, uint32_t c)
{
    if (c == '.')
        return toml_fail(r, "floats must start with a digit, not '.'");
    if (c == TOML_EOF)
        return toml_fail(r, "unexpected EOF; expected value");
    if (c == '\n')
        return toml_fail_before(r, "expected value but found '\\n' instead");
    return toml_fail_char(r, "expected value but found ", c, true, " instead");
}

static int read_value(struct toml_reader *r, bool in_array, struct value *ret)
{
    toml_skip_spaces(r);
    uint32_t c = toml_next(r);
    if (c == '[' || c == '{')
        return read_nested(r, c == '[', in_array, ret);
    if (c == '"' || c == '\'')
        return read_text(r, (char)c, ret);
    if (c == 'i' || c == 'n')
        return toml_special_float(r, ret);
    if (c == '+' || c == '-')
        return toml_signed_number(r, ret);
    if (!toml_is_digit(c) && !rune_is_letter(c))
        return fail_value(r, c);
    toml_back(r);
    return toml_is_digit(c) ? toml_number(r, ret) : toml_bool(r, ret);
}

/* -- the document -------------------------------------------------------------------------------------------- */

/* Behind a header or a member: 1 at the end of the document. */
static int read_line_end(struct toml_reader *r)
{
    for (;;) {
        uint32_t c = toml_next(r);
        if (c == TOML_EOF)
            return 1;
        if (c == '#') {
            toml_skip_comment(r);
            return r->failed ? -1 : 0;
        }
        if (toml_is_newline(c))
            return 0;
        if (!toml_is_space(c))
            return toml_fail_char(
                r, "expected a top-level item to end with a newline, comment, or EOF, but got ", c, true,
                " instead");
    }
}

static int read_document(struct toml_reader *r)
{
    for (;;) {
        uint32_t c = next_solid(r);
        if (c == TOML_EOF)
            return 0;
        if (ctx_check(r->cx) < 0)
            return -1;
        if (c == '[') {
            toml_ignore(r);
            if (read_header(r) < 0)
                return -1;
        } else {
            toml_back(r);
            if (read_member(r) < 0)
                return -1;
        }
        int end = read_line_end(r);
        if (end)
            return end < 0 ? -1 : 0;
        toml_ignore(r);
    }
}

/* Without the mark of a byte order. */
static struct strv without_mark(struct strv s)
{
    if (s.n >= 2 && (memcmp(s.p, "\xff\xfe", 2) == 0 || memcmp(s.p, "\xfe\xff", 2) == 0))
        return (struct strv){ s.p + 2, s.n - 2 };
    if (s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0)
        return (struct strv){ s.p + 3, s.n - 3 };
    return s;
}

int toml_read(struct ctx *cx, struct strv text, struct vmap **ret, struct strv *ret_error)
{
    static const char nul[] =
        "toml: line 1: files cannot contain NULL bytes; probably using UTF-16; TOML files "
        "must be UTF-8";
    struct toml_reader r = { .cx = cx, .in = without_mark(text), .line = 1, .key_line = 0 };
    r.error = buf_new(cx->arena, ERROR_MAX);
    r.root = vmap_new(cx->arena);
    r.arrays = map_new(cx->arena);
    r.implicit = map_new(cx->arena);
    *ret = NULL;
    if (r.in.n && memchr(r.in.p, 0, r.in.n < 6 ? r.in.n : 6)) {
        *ret_error = (struct strv){ nul, strlen(nul) };
        return 0;
    }
    int rc = read_document(&r);
    if (rc < 0 && !r.failed)
        return err_code(cx);
    if (r.failed)
        *ret_error = (struct strv){ buf_text(&r.error), r.error.len };
    else
        *ret = r.root;
    return 0;
}
