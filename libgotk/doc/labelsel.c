/*
 * labelsel.c: see labelsel.h. A hand-written reader of the small grammar: key, !key, key = v, key == v, key != v,
 * key in (v, ...), key notin (v, ...), key > n, key < n.
 */
#include "libgotk/doc/labelsel.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

#define NAME_MAX_LEN   63
#define DOMAIN_MAX_LEN 253

enum operator{ OP_EXISTS, OP_ABSENT, OP_IN, OP_NOT_IN, OP_GREATER, OP_LESS };

struct requirement {
    const char *key;
    enum operator op;
    VEC(const char *) values;
};

struct labelsel {
    VEC(struct requirement) all;
};

struct reader {
    struct ctx *cx;
    const char *text;
    const char *p;
};

static void skip_space(struct reader *r)
{
    while (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n')
        r->p++;
}

/* The next word; "" when the next character is an operator or the end. */
static const char *word(struct reader *r)
{
    skip_space(r);
    size_t n = strcspn(r->p, " \t\r\n,=!()<>");
    const char *w = str_ndup(r->cx->arena, r->p, n);
    r->p += n;
    skip_space(r);
    return w;
}

static bool accept(struct reader *r, const char *token)
{
    skip_space(r);
    if (!str_starts(r->p, token))
        return false;
    r->p += strlen(token);
    return true;
}

static int unreadable(struct reader *r, const char *wanted)
{
    return err_fail(r->cx, ERR_INVALID, "unable to parse requirement: found '%s' in '%s', expected: %s", r->p,
                    r->text, wanted);
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters and digits at both ends, also - _ . between; at most 63. */
static bool is_name(const char *s, size_t n)
{
    static const char also[] = "-_.";
    if (!n || n > NAME_MAX_LEN || !is_alnum(s[0]) || !is_alnum(s[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(s[i]) && !memchr(also, s[i], sizeof(also) - 1))
            return false;
    return true;
}

static bool is_lower_alnum(char c)
{
    return is_alnum(c) && !(c >= 'A' && c <= 'Z');
}

/* Lower-case words joined by dots, with - between their letters; at most 253. */
static bool is_domain(const char *s, size_t n)
{
    if (!n || n > DOMAIN_MAX_LEN || !is_lower_alnum(s[0]) || !is_lower_alnum(s[n - 1]))
        return false;
    for (size_t i = 1; i < n - 1; i++) {
        bool dot = s[i] == '.' && is_lower_alnum(s[i - 1]) && is_lower_alnum(s[i + 1]);
        bool dash = s[i] == '-' && s[i - 1] != '.' && s[i + 1] != '.';
        if (!is_lower_alnum(s[i]) && !dot && !dash)
            return false;
    }
    return true;
}

static int check_key(struct reader *r, const char *key)
{
    const char *slash = strchr(key, '/');
    const char *name = slash ? slash + 1 : key;
    if (is_name(name, strlen(name)) && (!slash || is_domain(key, (size_t)(slash - key))))
        return 0;
    return err_fail(
        r->cx, ERR_INVALID,
        "unable to parse requirement: '%s' in '%s' is no label key: letters and digits with - _ . "
        "between, at most %d, and before a slash a domain",
        key, r->text, NAME_MAX_LEN);
}

static int add_value(struct reader *r, struct requirement *q, const char *value)
{
    if (value[0] && !is_name(value, strlen(value)))
        return err_fail(
            r->cx, ERR_INVALID,
            "unable to parse requirement: invalid label value '%s' in '%s': letters and digits with - _ . "
            "between, at most %d",
            value, r->text, NAME_MAX_LEN);
    vec_push(r->cx->arena, &q->values, value);
    return 0;
}

static bool comes(struct reader *r, char c)
{
    skip_space(r);
    return *r->p == c;
}

/* One value, or the nothing before, after or between commas, which is the empty value. Two commas in a row count as
 * one read, as upstream's reader has it. */
static int read_element(struct reader *r, struct requirement *q, bool *ret_closed)
{
    const char *value = word(r);
    if (value[0]) {
        *ret_closed = accept(r, ")");
        return *ret_closed || comes(r, ',') ? add_value(r, q, value) : unreadable(r, "',' or ')'");
    }
    if (!accept(r, ","))
        return unreadable(r, "',', or identifier");
    if (!q->values.len && add_value(r, q, "") < 0)
        return err_code(r->cx);
    *ret_closed = accept(r, ")");
    return *ret_closed || accept(r, ",") ? add_value(r, q, "") : 0;
}

static int read_set(struct reader *r, struct requirement *q)
{
    bool closed = false;
    if (!accept(r, "("))
        return unreadable(r, "'('");
    if (accept(r, ")"))
        return add_value(r, q, "");
    while (!closed)
        if (read_element(r, q, &closed) < 0)
            return err_code(r->cx);
    return 0;
}

static int read_value(struct reader *r, struct requirement *q, enum operator op)
{
    int64_t number = 0;
    const char *value = word(r);
    q->op = op;
    if ((op == OP_GREATER || op == OP_LESS) && !str_to_int64(value, &number))
        return err_fail(
            r->cx, ERR_INVALID,
            "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer, not '%s'",
            value);
    return add_value(r, q, value);
}

/* What follows the key. Longer operators first. */
static int read_operator(struct reader *r, struct requirement *q)
{
    static const struct {
        const char *token;
        enum operator op;
    } simple[] = {
        { "==", OP_IN }, { "=", OP_IN }, { "!=", OP_NOT_IN }, { ">", OP_GREATER }, { "<", OP_LESS },
    };
    for (size_t i = 0; i < ARRAY_LEN(simple); i++)
        if (accept(r, simple[i].token))
            return read_value(r, q, simple[i].op);
    if (!*r->p || *r->p == ',') {
        q->op = OP_EXISTS;
        return 0;
    }
    const char *name = word(r);
    if (strcmp(name, "in") != 0 && strcmp(name, "notin") != 0)
        return unreadable(r, "in, notin, =, ==, !=, gt, lt");
    q->op = !strcmp(name, "in") ? OP_IN : OP_NOT_IN;
    return read_set(r, q);
}

static int read_requirement(struct reader *r, struct requirement *q)
{
    bool absent = accept(r, "!");
    q->key = word(r);
    if (!q->key[0])
        return unreadable(r, "identifier");
    if (check_key(r, q->key) < 0)
        return err_code(r->cx);
    if (!absent)
        return read_operator(r, q);
    q->op = OP_ABSENT;
    return 0;
}

int labelsel_parse(struct ctx *cx, const char *text, struct labelsel **ret)
{
    struct labelsel *s = ARENA_NEW(cx->arena, struct labelsel);
    struct reader r = { .cx = cx, .text = text, .p = text };
    skip_space(&r);
    while (*r.p) {
        struct requirement q = { 0 };
        if (read_requirement(&r, &q) < 0)
            return err_code(cx);
        vec_push(cx->arena, &s->all, q);
        bool more = accept(&r, ",");
        if (*r.p && !more)
            return unreadable(&r, "',' or the end");
        skip_space(&r);
        if (more && !*r.p)
            return unreadable(&r, "identifier after ','");
    }
    *ret = s;
    return 0;
}

static bool has_value(const struct requirement *q, const char *value)
{
    for (size_t i = 0; value && i < q->values.len; i++)
        if (!strcmp(q->values.at[i], value))
            return true;
    return false;
}

static bool compares(const struct requirement *q, const char *value)
{
    int64_t have = 0;
    int64_t limit = 0;
    if (!value || !str_to_int64(value, &have) || !str_to_int64(q->values.at[0], &limit))
        return false;
    return q->op == OP_GREATER ? have > limit : have < limit;
}

static bool holds(const struct requirement *q, const char *value)
{
    switch (q->op) {
    case OP_EXISTS:
        return value;
    case OP_ABSENT:
        return !value;
    case OP_IN:
        return has_value(q, value);
    case OP_NOT_IN:
        return !has_value(q, value);
    default:
        return compares(q, value);
    }
}

/* A label's text; manifests that were not checked yet may hold other scalars. */
static const char *written(const struct doc *d)
{
    if (doc_source(d))
        return doc_source(d);
    if (doc_kind(d) == DOC_BOOL)
        return doc_is_true(d, false) ? "true" : "false";
    if (doc_kind(d) == DOC_NULL)
        return "null";
    return str_or(doc_kind(d) == DOC_NUMBER ? doc_literal(d) : doc_text(d), "");
}

bool labelsel_matches(const struct labelsel *s, const struct doc *labels)
{
    for (size_t i = 0; i < s->all.len; i++) {
        const struct doc *d = doc_find(labels, s->all.at[i].key);
        if (!holds(&s->all.at[i], d ? written(d) : NULL))
            return false;
    }
    return true;
}
