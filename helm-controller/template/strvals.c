/*
 * strvals.c: the grammar of --set and its kin; the contract is in strvals.h.
 *
 * A function returns below 0 with an error, SET for a value that was set, or END when the text ended first; what becomes of
 * a text that ends too soon is as odd as upstream, where an end of file is an error that some callers forgive.
 */
#include "helm-controller/template/strvals.h"

#include "helm-controller/template/gojson.h"
#include "helm-controller/template/literal.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <string.h>

#define INDEX_MAX 65536
#define NEST_MAX  30

enum { SET = 0, END = 1 };

struct parser {
    struct ctx *cx;
    const char *p;
    const char *end;
    enum strvals_mode mode;
    strvals_read_fn read;
    void *user;
};

static int read_key(struct parser *p, struct vmap *into, int nested);

static const char *quoted(const struct parser *p, struct strv s)
{
    return quote_go(p->cx->arena, s.p, s.n);
}

/* Text up to one of `stops`, without backslashes; *ret_stop is it, or NUL at the end. */
static struct strv until(struct parser *p, const char *stops, char *ret_stop)
{
    struct buf out = buf_new(p->cx->arena, (size_t)(p->end - p->p) * 3 + 1);
    *ret_stop = '\0';
    while (p->p < p->end) {
        size_t width;
        char utf8[4], c = *p->p;
        if (c && strchr(stops, c)) {
            *ret_stop = c;
            p->p++;
            break;
        }
        p->p += c == '\\' && p->mode != STRVALS_LITERAL;
        if (p->p >= p->end)
            break;
        uint32_t rune = rune_decode(p->p, (size_t)(p->end - p->p), &width);
        buf_add(&out, utf8, rune_encode(rune, utf8));
        p->p += width;
    }
    return (struct strv){ buf_text(&out), out.len };
}

/* -- values ------------------------------------------------------------------------------------------------------- */

static bool is_word(struct strv s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static struct value typed(struct strv s)
{
    int64_t number;
    if (is_word(s, "true") || is_word(s, "false"))
        return v_bool(s.n == 4);
    if (is_word(s, "null"))
        return (struct value){ .type = V_NIL };
    if (is_word(s, "0"))
        return v_int64(0);
    if (s.n && s.p[0] != '0' && literal_int(s, 10, &number) == LITERAL_OK)
        return v_int64(number);
    return v_str(s.p, s.n);
}

static int value_of(struct parser *p, struct strv s, struct value *ret)
{
    struct strv content;
    if (p->mode == STRVALS_FILES) {
        if (p->read(p->cx, p->user, s.p, &content) < 0)
            return err_code(p->cx);
        s = content;
    }
    *ret = p->mode == STRVALS_TYPED ? typed(s) : v_str(s.p, s.n);
    return SET;
}

/* {a,b}; behind the brace. {} is a list of one empty text. */
static int read_list(struct parser *p, struct value *ret)
{
    struct vlist *list = vlist_new(p->cx->arena, 0);
    char stop;
    do {
        struct value v = { .type = V_NIL };
        struct strv item = until(p, ",}", &stop);
        if (!stop)
            return err_fail(p->cx, ERR_INVALID, "list must terminate with '}'");
        if (value_of(p, item, &v) < 0)
            return err_code(p->cx);
        vlist_push(p->cx->arena, list, v);
    } while (stop != '}');
    p->p += p->p < p->end && *p->p == ',';
    *ret = v_list(V_LIST, list);
    return SET;
}

/* Goes behind white space and one comma; true when nothing else was there. */
static bool skip_blank(struct parser *p)
{
    while (p->p < p->end) {
        size_t width;
        if (*p->p == ',') {
            p->p++;
            return true;
        }
        if (!rune_is_space(rune_decode(p->p, (size_t)(p->end - p->p), &width)))
            return false;
        p->p += width;
    }
    return true;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static const char *number_end(const char *p, const char *end)
{
    p += *p == '-';
    p = p < end && *p == '0' ? p + 1 : skip_digits(p, end);
    if (p < end && *p == '.')
        p = skip_digits(p + 1, end);
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        p = skip_digits(p, end);
    }
    return p;
}

/* Where the JSON text ends that starts at `p`, as far as brackets and quotes tell; gojson_parse finds what is wrong in it. */
static const char *json_end(const char *p, const char *end)
{
    size_t depth = 0;
    bool text = false;
    if (*p == '-' || (*p >= '0' && *p <= '9'))
        return number_end(p, end);
    if (*p >= 'a' && *p <= 'z') {
        size_t n = *p == 'f' ? 5 : 4;
        return (size_t)(end - p) < n ? end : p + n;
    }
    do {
        char c = *p++;
        if (text && c == '\\' && p < end)
            p++;
        else if (c == '"')
            text = !text;
        else if (!text && (c == '{' || c == '['))
            depth++;
        else if (!text && (c == '}' || c == ']') && depth)
            depth--;
    } while ((depth || text) && p < end);
    return p;
}

static int read_json(struct parser *p, struct value *ret)
{
    *ret = (struct value){ .type = V_NIL };
    if (skip_blank(p))
        return SET;
    const char *stop = json_end(p->p, p->end);
    if (gojson_parse(p->cx, (struct strv){ p->p, (size_t)(stop - p->p) }, ret) < 0)
        return err_code(p->cx);
    p->p = stop;
    (void)skip_blank(p);
    return SET;
}

/* Behind '='. */
static int read_value(struct parser *p, struct value *ret)
{
    char stop;
    if (p->mode == STRVALS_JSON)
        return read_json(p, ret);
    if (p->p >= p->end) {
        *ret = v_str("", 0);
        return p->mode == STRVALS_LITERAL ? SET : END;
    }
    if (p->mode != STRVALS_LITERAL && *p->p == '{') {
        p->p++;
        return read_list(p, ret);
    }
    return value_of(p, until(p, p->mode == STRVALS_LITERAL ? "" : ",", &stop), ret);
}

/* -- lists -------------------------------------------------------------------------------------------------------- */

static void set(struct vmap *into, struct strv key, struct value v)
{
    if (key.n)
        vmap_set(into, key, v);
}

static int set_index(struct parser *p, struct vlist *list, int64_t i, struct value v)
{
    if (i > INDEX_MAX)
        return err_fail(p->cx, ERR_INVALID, "index of %ld is greater than maximum supported index of %d", i,
                        INDEX_MAX);
    while ((int64_t)list->len <= i)
        vlist_push(p->cx->arena, list, (struct value){ .type = V_NIL });
    list->at[i] = v;
    return ctx_check(p->cx);
}

/* 3] */
static int read_index(struct parser *p, int64_t *ret)
{
    char stop;
    struct strv text = until(p, "]", &stop);
    if (!stop)
        return END;
    enum literal_result rc = literal_int(text, 10, ret);
    if (rc != LITERAL_OK)
        return err_fail(p->cx, ERR_INVALID, "error parsing index: strconv.Atoi: parsing %s: %s",
                        quoted(p, text), rc == LITERAL_RANGE ? "value out of range" : "invalid syntax");
    return SET;
}

/* A conversion that panics in Go. */
static int bad_conversion(struct parser *p, struct value v, const char *to)
{
    return err_fail(p->cx, ERR_INVALID,
                    "unable to parse key: interface conversion: interface {} is %s, not %s",
                    v.type == V_NIL ? "nil" : value_type_name(v), to);
}

static int read_item(struct parser *p, struct vlist *list, int64_t i, int nested);

/* [j] behind an index. */
static int read_inner_list(struct parser *p, struct vlist *list, int64_t i, int nested)
{
    int64_t j;
    struct value old = { .type = V_NIL };
    int rc = read_index(p, &j);
    if (rc != SET)
        return rc;
    if (i < (int64_t)list->len)
        old = list->at[i];
    if (old.type != V_NIL && old.type != V_LIST)
        return bad_conversion(p, old, "[]interface {}");
    struct vlist *inner = old.type == V_LIST ? old.list : vlist_new(p->cx->arena, 0);
    rc = read_item(p, inner, j, nested);
    return rc == SET ? set_index(p, list, i, v_list(V_LIST, inner)) : rc;
}

/* .key behind an index. */
static int read_inner_key(struct parser *p, struct vlist *list, int64_t i, int nested)
{
    bool there = i < (int64_t)list->len;
    struct vmap *inner = there && list->at[i].type == V_MAP ? list->at[i].map : vmap_new(p->cx->arena);
    if (there)
        list->at[i] = v_map(inner);
    int rc = read_key(p, inner, nested);
    return rc == SET ? set_index(p, list, i, v_map(inner)) : rc;
}

/* Runes in single quotes between brackets, as %q prints them. */
static const char *quoted_runes(const struct parser *p, struct strv s)
{
    size_t width;
    struct buf out = buf_new(p->cx->arena, s.n * 14 + 3);
    for (size_t i = 0; i < s.n; i += width) {
        buf_char(&out, i ? ' ' : '[');
        quote_rune_to(&out, rune_decode(s.p + i, s.n - i, &width), false);
    }
    buf_char(&out, ']');
    return buf_text(&out);
}

/* Behind "[i]". */
static int read_item(struct parser *p, struct vlist *list, int64_t i, int nested)
{
    char stop;
    struct value v;
    if (i < 0)
        return err_fail(p->cx, ERR_INVALID, "negative %ld index not allowed", i);
    struct strv rest = until(p, "[.=", &stop);
    if (rest.n)
        return err_fail(p->cx, ERR_INVALID, "unexpected data at end of array index: %s",
                        quoted_runes(p, rest));
    if (!stop)
        return END;
    if (stop == '[')
        return read_inner_list(p, list, i, nested);
    if (stop == '.')
        return read_inner_key(p, list, i, nested);
    return read_value(p, &v) < 0 ? err_code(p->cx) : set_index(p, list, i, v);
}

/* -- keys --------------------------------------------------------------------------------------------------------- */

/* key[i] */
static int read_indexed(struct parser *p, struct vmap *into, struct strv key, int nested)
{
    int64_t i;
    struct value old;
    int rc = read_index(p, &i);
    if (rc != SET)
        return rc;
    bool has = vmap_get(into, key, &old);
    if (has && old.type != V_LIST)
        return bad_conversion(p, old, "[]interface {}");
    struct vlist *list = has ? old.list : vlist_new(p->cx->arena, 0);
    rc = read_item(p, list, i, nested);
    set(into, key, v_list(V_LIST, list));
    return rc;
}

/* key. */
static int read_nested(struct parser *p, struct vmap *into, struct strv key, int nested)
{
    struct value old;
    if (nested + 1 > NEST_MAX)
        return err_fail(p->cx, ERR_INVALID,
                        "value name nested level is greater than maximum supported nested level of %d",
                        NEST_MAX);
    bool has = vmap_get(into, key, &old);
    if (has && old.type != V_MAP)
        return bad_conversion(p, old, "map[string]interface {}");
    struct vmap *inner = has ? old.map : vmap_new(p->cx->arena);
    int rc = read_key(p, inner, nested + 1);
    if (rc == SET && inner->len == 0)
        return err_fail(p->cx, ERR_INVALID, "key map %s has no value", quoted(p, key));
    if (inner->len)
        set(into, key, v_map(inner));
    return rc;
}

static int read_key(struct parser *p, struct vmap *into, int nested)
{
    char stop;
    struct value v;
    int rc;
    struct strv key = until(p, p->mode == STRVALS_LITERAL ? "=[." : "=[,.", &stop);
    switch (stop) {
    case '\0':
        return key.n ? err_fail(p->cx, ERR_INVALID, "key %s has no value", quoted(p, key)) : END;
    case '[':
        return read_indexed(p, into, key, nested);
    case ',':
        set(into, key, v_str("", 0));
        return err_fail(p->cx, ERR_INVALID, "key %s has no value (cannot end with ,)", quoted(p, key));
    case '.':
        return read_nested(p, into, key, nested);
    default:
        rc = read_value(p, &v);
        if (rc >= 0)
            set(into, key, v);
        return rc;
    }
}

static int parse(struct parser *p, struct vmap *into)
{
    int rc;
    do
        rc = read_key(p, into, 0);
    while (rc == SET && ctx_check(p->cx) >= 0);
    return rc < 0 ? rc : ctx_check(p->cx);
}

int strvals_parse(struct ctx *cx, struct strv text, enum strvals_mode mode, struct vmap *into)
{
    struct parser p = { .cx = cx, .p = text.p, .end = text.p + text.n, .mode = mode };
    ASSERT(mode != STRVALS_FILES);
    return parse(&p, into);
}

int strvals_parse_files(struct ctx *cx, struct strv text, strvals_read_fn read, void *user, struct vmap *into)
{
    struct parser p = {
        .cx = cx, .p = text.p, .end = text.p + text.n, .mode = STRVALS_FILES, .read = read, .user = user
    };
    return parse(&p, into);
}
