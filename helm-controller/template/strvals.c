/*
 * strvals.c: the grammar of --set; the contract is in strvals.h.
 *
 * A function returns below 0 with an error, SET for a value that was set, or END when the text ended.
 */
#include "helm-controller/template/strvals.h"

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
    bool strings;
};

static int read_key(struct parser *p, struct vmap *into, int nested);

static const char *quoted(struct parser *p, struct strv s)
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
        p->p += c == '\\';
        if (p->p >= p->end)
            break;
        uint32_t rune = rune_decode(p->p, (size_t)(p->end - p->p), &width);
        buf_add(&out, utf8, rune_encode(rune, utf8));
        p->p += width;
    }
    return (struct strv){ buf_text(&out), out.len };
}

static bool is_word(struct strv s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static struct value typed(const struct parser *p, struct strv s)
{
    int64_t number;
    if (p->strings)
        return v_str(s.p, s.n);
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

/* {a,b}; behind the brace. */
static int read_list(struct parser *p, struct value *ret)
{
    struct vlist *list = vlist_new(p->cx->arena, 0);
    char stop;
    do {
        struct strv item = until(p, ",}", &stop);
        if (!stop)
            return err_fail(p->cx, ERR_INVALID, "list must terminate with '}'");
        /* Go's {} is a list of nothing only by its caller's grace: an empty text is an element. */
        if (stop != '}' || item.n || list->len)
            vlist_push(p->cx->arena, list, typed(p, item));
    } while (stop != '}');
    p->p += p->p < p->end && *p->p == ',';
    *ret = v_list(V_LIST, list);
    return SET;
}

/* Behind '='. */
static int read_value(struct parser *p, struct value *ret)
{
    char stop;
    if (p->p >= p->end) {
        *ret = v_str("", 0);
        return END;
    }
    if (*p->p == '{') {
        p->p++;
        return read_list(p, ret);
    }
    *ret = typed(p, until(p, ",", &stop));
    return SET;
}

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
    return SET;
}

/* 3] */
static int read_index(struct parser *p, int64_t *ret)
{
    char stop;
    struct strv text = until(p, "]", &stop);
    if (!stop)
        return err_fail(p->cx, ERR_INVALID, "error parsing index: EOF");
    if (literal_int(text, 10, ret) != LITERAL_OK)
        return err_fail(p->cx, ERR_INVALID, "error parsing index: strconv.Atoi: parsing %s: invalid syntax",
                        quoted(p, text));
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
    if (read_index(p, &j) < 0)
        return err_code(p->cx);
    if (i < (int64_t)list->len)
        old = list->at[i];
    if (old.type != V_NIL && old.type != V_LIST)
        return bad_conversion(p, old, "[]interface {}");
    struct vlist *inner = old.type == V_LIST ? old.list : vlist_new(p->cx->arena, 0);
    int rc = read_item(p, inner, j, nested);
    if (rc < 0)
        return rc;
    return set_index(p, list, i, v_list(V_LIST, inner)) < 0 ? err_code(p->cx) : rc;
}

/* .key behind an index. */
static int read_inner_key(struct parser *p, struct vlist *list, int64_t i, int nested)
{
    bool there = i < (int64_t)list->len && list->at[i].type == V_MAP;
    struct vmap *inner = there ? list->at[i].map : vmap_new(p->cx->arena);
    int rc = read_key(p, inner, nested);
    if (rc < 0)
        return rc;
    return set_index(p, list, i, v_map(inner)) < 0 ? err_code(p->cx) : rc;
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
        return err_fail(p->cx, ERR_INVALID, "unexpected data at end of array index: %s", quoted(p, rest));
    if (!stop)
        return END;
    if (stop == '[')
        return read_inner_list(p, list, i, nested);
    if (stop == '.')
        return read_inner_key(p, list, i, nested);
    int rc = read_value(p, &v);
    return rc < 0 || set_index(p, list, i, v) < 0 ? err_code(p->cx) : rc;
}

/* key[i] */
static int read_indexed(struct parser *p, struct vmap *into, struct strv key, int nested)
{
    int64_t i;
    struct value old;
    if (read_index(p, &i) < 0)
        return err_code(p->cx);
    bool has = vmap_get(into, key, &old);
    if (has && old.type != V_LIST)
        return bad_conversion(p, old, "[]interface {}");
    struct vlist *list = has ? old.list : vlist_new(p->cx->arena, 0);
    int rc = read_item(p, list, i, nested);
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
    struct strv key = until(p, "=[,.", &stop);
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
    default: {
        int rc = read_value(p, &v);
        if (rc >= 0)
            set(into, key, v);
        return rc;
    }
    }
}

int strvals_parse(struct ctx *cx, struct strv text, bool strings, struct vmap *into)
{
    struct parser p = { cx, text.p, text.p + text.n, strings };
    int rc;
    do
        rc = read_key(&p, into, 0);
    while (rc == SET && ctx_check(cx) >= 0);
    return rc < 0 ? rc : ctx_check(cx);
}
