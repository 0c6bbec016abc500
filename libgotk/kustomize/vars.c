/*
 * vars.c: see vars.h. "$$" is a dollar, unknown names stay as they are, and a text that is one reference and nothing else
 * takes the value's type.
 */
#include "libgotk/kustomize/vars.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kustomize/fieldpath.h"
#include "libgotk/kustomize/transform.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 << 20)

static const char *name_of(const struct doc *var)
{
    return str_or(doc_text_at(var, "name"), "");
}

static int add(struct ctx *cx, struct docs *into, const struct doc *var)
{
    for (size_t i = 0; i < into->len; i++)
        if (!strcmp(name_of(into->at[i]), name_of(var)))
            return err_fail(cx, ERR_INVALID, "var '%s' already encountered", name_of(var));
    vec_push(cx->arena, into, var);
    return 0;
}

int vars_add_all(struct ctx *cx, struct docs *into, const struct docs *from)
{
    for (size_t i = 0; i < from->len; i++)
        if (add(cx, into, from->at[i]) < 0)
            return err_code(cx);
    return 0;
}

static struct resid object_of(struct arena *a, const struct doc *var)
{
    const struct doc *ref = doc_find(var, "objref");
    struct gvk g = gvk_parse(a, doc_text_at(ref, "apiVersion"), doc_text_at(ref, "kind"));
    if (str_empty(doc_text_at(ref, "apiVersion"))) {
        g.group = str_or(doc_text_at(ref, "group"), "");
        g.version = str_or(doc_text_at(ref, "version"), "");
    }
    return resid_new(g, doc_text_at(ref, "name"), doc_text_at(ref, "namespace"));
}

/* Without a namespace, the object is looked for in all of them. */
static bool is_object(const struct resource *r, const struct resid *want)
{
    bool exact = want->ns[0] || want->cluster;
    for (size_t i = 0; i <= r->past.len; i++) {
        struct resid id = resource_id_at(r, i);
        if (exact ? resid_equal(want, &id) : gvk_equal(want->gvk, id.gvk) && !strcmp(want->name, id.name))
            return true;
    }
    return false;
}

static int declare_one(struct ctx *cx, const struct doc *var, struct ktarget_result *result)
{
    struct resid want = object_of(cx->arena, var);
    struct resource *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < result->map.list.len; i++) {
        struct resource *r = result->map.list.at[i];
        if (!r->doc || !is_object(r, &want))
            continue;
        found = r;
        count++;
    }
    if (count > 1)
        return err_fail(cx, ERR_INVALID, "found %zu resId matches for var %s (unable to disambiguate)", count,
                        json_text(cx->arena, var, JSON_COMPACT));
    if (found)
        vec_push(cx->arena, &found->vars, name_of(var));
    return 0;
}

int vars_declare(struct ctx *cx, const struct doc *vars, struct ktarget_result *result)
{
    doc_each (var, vars)
        if (declare_one(cx, var, result) < 0)
            return err_wrap(cx, "merging vars");
    doc_each (var, vars)
        if (add(cx, &result->vars, var) < 0)
            return err_wrap(cx, "merging vars");
    return 0;
}

/* What a variable stands for. */
struct value {
    struct doc *whole; /* where a text is the variable and nothing else */
    const char *text;  /* inside a longer text */
};

struct expander {
    struct arena *a;
    struct map values; /* name -> struct value; with NULL members for maps and lists */
};

static const struct resource *owner_of(const struct resmap *m, const char *name)
{
    for (size_t i = 0; i < m->list.len; i++)
        for (size_t j = 0; j < m->list.at[i]->vars.len; j++)
            if (!strcmp(m->list.at[i]->vars.at[j], name))
                return m->list.at[i];
    return NULL;
}

/* An integer as strconv.Atoi reads it: "0644" is 644, "0x1F" is none. */
static bool read_int(struct arena *a, const char *text, struct value *ret)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (!strchr("+-0123456789", text[0]) || *end || errno)
        return false;
    ret->whole = doc_int(a, value);
    ret->text = doc_literal(ret->whole);
    return true;
}

/* A float as strconv.ParseFloat reads it: underscores stand between digits. */
static bool read_float(struct arena *a, const char *text, struct value *ret)
{
    struct buf digits = buf_new(a, TEXT_MAX);
    for (const char *p = text; *p; p++) {
        if (*p != '_')
            buf_char(&digits, *p);
        else if (p == text || !isdigit((unsigned char)p[-1]) || !isdigit((unsigned char)p[1]))
            return false;
    }
    double value = strtod(buf_text(&digits), NULL);
    ret->whole = doc_double_in_full(a, value);
    ret->text = doc_source(doc_double_as_written(a, value));
    return isfinite(value);
}

/* False for a number that Go's strconv cannot read: upstream has no value then. */
static bool value_of(struct arena *a, const struct doc *d, struct value *ret)
{
    enum doc_kind kind = doc_kind(d);
    const char *text = kind == DOC_OBJECT || kind == DOC_ARRAY ? NULL : resource_written(d);
    *ret = (struct value){ .text = text, .whole = text ? doc_string(a, text) : NULL };
    switch (resource_tag(d)) {
    case DOC_TAG_INT:
        return read_int(a, text, ret);
    case DOC_TAG_FLOAT:
        return read_float(a, text, ret);
    case DOC_TAG_BOOL:
        ret->whole = doc_bool(a, doc_is_true(d, false));
        ret->text = resource_scalar(ret->whole);
        return true;
    default:
        return true;
    }
}

static int read_value(struct ctx *cx, const struct doc *var, const struct resmap *m, struct expander *e)
{
    const struct resource *r = owner_of(m, name_of(var));
    const char *shown = json_text(cx->arena, var, JSON_COMPACT);
    struct value *value = ARENA_NEW(cx->arena, struct value);
    struct doc *found = NULL;
    if (!r)
        return err_fail(cx, ERR_INVALID, "var '%s' cannot be mapped to a field in the set of known resources",
                        shown);
    const char *path = str_or(doc_text_at(var, "fieldref", "fieldPath"), "metadata.name");
    bool there = fieldpath_lookup(cx, r->doc, fieldpath_of_var(cx->arena, path), &found) >= 0 && found;
    err_clear(cx);
    if (!there || !value_of(cx->arena, found, value))
        return err_fail(cx, ERR_INVALID,
                        "field specified in var '%s' not found in corresponding resource %s%s", shown,
                        resid_text(cx->arena, &r->id),
                        there ? " (the number there is not a plain decimal one of 64 bits: quote it)" : "");
    map_set(&e->values, name_of(var), value);
    return 0;
}

/* The value as text inside a longer one; NULL for maps, lists and unknown names. */
static const char *value_text(const struct expander *e, const char *name)
{
    const struct value *value = map_find(&e->values, name);
    return value ? value->text : NULL;
}

/* Copies what one "$" starts and returns how many bytes of the input that was. */
static size_t expand_at(const struct expander *e, const char *p, struct buf *out)
{
    const char *close = p[1] == '(' ? strchr(p, ')') : NULL;
    if (p[1] == '$') {
        buf_char(out, '$');
        return 2;
    }
    if (!close) {
        buf_add(out, p, p[1] ? 2 : 1);
        return p[1] ? 2 : 1;
    }
    const char *name = str_ndup(e->a, p + 2, (size_t)(close - p - 2));
    const char *text = value_text(e, name);
    if (text)
        buf_str(out, text);
    else
        buf_fmt(out, "$(%s)", name);
    return (size_t)(close - p + 1);
}

/* What the text becomes; the value itself when the text is one reference. */
static struct doc *expand_text(const struct expander *e, const char *text)
{
    struct buf out = buf_new(e->a, TEXT_MAX);
    size_t n = strlen(text);
    if (str_starts(text, "$(") && text[n - 1] == ')') {
        const char *name = str_ndup(e->a, text + 2, n - 3);
        const struct value *value = map_find(&e->values, name);
        if (value && value->whole)
            return doc_copy(e->a, value->whole);
    }
    for (const char *p = text; *p;) {
        size_t plain = strcspn(p, "$");
        buf_add(&out, p, plain);
        p += plain;
        if (*p)
            p += expand_at(e, p, &out);
    }
    return doc_string(e->a, buf_text(&out));
}

/* A text of several lines is a block from here on, whether something was put into it or not. */
static void expand_child(const struct expander *e, struct doc *parent, struct doc *child)
{
    struct doc *value = strchr(doc_text(child), '$') ? expand_text(e, doc_text(child)) : child;
    if (doc_kind(value) == DOC_STRING)
        doc_set_style(value, strchr(doc_text(value), '\n') ? DOC_STYLE_LITERAL : doc_style(child));
    if (value != child)
        doc_replace(e->a, parent, child, value);
}

static int expand_node(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct expander *e = user;
    struct doc *next = NULL;
    if (doc_kind(node) == DOC_STRING)
        expand_child(e, parent, node);
    for (struct doc *child = doc_first(node); child; child = next) {
        next = doc_next(child);
        if (doc_kind(child) == DOC_STRING && (doc_kind(node) != DOC_ARRAY || !doc_source(child)))
            expand_child(e, node, child);
        else if (doc_kind(node) == DOC_ARRAY)
            return err_fail(cx, ERR_INVALID, "invalid value type expect a string, but line %d holds a %s",
                            doc_line(child), doc_kind_name(child));
    }
    return 0;
}

int vars_expand(struct ctx *cx, struct ktarget_result *result)
{
    struct expander e = { .a = cx->arena, .values = map_new(cx->arena) };
    for (size_t i = 0; i < result->vars.len; i++)
        if (read_value(cx, result->vars.at[i], &result->map, &e) < 0)
            return err_code(cx);
    if (!e.values.len)
        return 0;
    const struct fieldspecs *fields = tconfig_list(cx->arena, result->config, TCONFIG_VAR_REFERENCE);
    for (size_t i = 0; i < result->map.list.len; i++) {
        struct resource *r = result->map.list.at[i];
        if (r->doc && fieldspec_apply_all(cx, fields, r->doc, FIELDSPEC_NO_CREATE, expand_node, &e) < 0)
            return err_code(cx);
    }
    return 0;
}
