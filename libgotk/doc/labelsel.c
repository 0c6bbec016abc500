/*
 * labelsel.c: see labelsel.h. A hand-written reader of the small grammar: key, !key, key = v, key == v, key != v,
 * key in (v, ...), key notin (v, ...), key > n, key < n.
 */
#include "libgotk/doc/labelsel.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

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

static int read_set(struct reader *r, struct requirement *q)
{
    if (!accept(r, "("))
        return unreadable(r, "'('");
    do {
        vec_push(r->cx->arena, &q->values, word(r));
    } while (accept(r, ","));
    return accept(r, ")") ? 0 : unreadable(r, "',', or ')'");
}

static int read_value(struct reader *r, struct requirement *q, enum operator op)
{
    q->op = op;
    vec_push(r->cx->arena, &q->values, word(r));
    return 0;
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
        if (*r.p && !accept(&r, ","))
            return unreadable(&r, "',' or the end");
        skip_space(&r);
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
