/*
 * vars.c: see vars.h. "$$" is a dollar, unknown names stay as they are, and a text that is one reference and nothing else
 * takes the value's type.
 */
#include "libgotk/kustomize/vars.h"

#include "libgotk/base/str.h"
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

/* Keeps the order of names, in which they are read: the first that cannot be is told. */
static int add(struct ctx *cx, struct vars *into, struct var var)
{
    size_t place = 0;
    while (place < into->len && strcmp(name_of(into->at[place].d), name_of(var.d)) < 0)
        place++;
    if (place < into->len && !strcmp(name_of(into->at[place].d), name_of(var.d)))
        return err_fail(cx, ERR_INVALID, "var '%s' already encountered: in %s and in %s", name_of(var.d),
                        into->at[place].place, var.place);
    vec_push(cx->arena, into, var);
    memmove(&into->at[place + 1], &into->at[place], (into->len - 1 - place) * sizeof(var));
    into->at[place] = var;
    return 0;
}

int vars_add_all(struct ctx *cx, struct vars *into, const struct vars *from)
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

static const char *path_of(const struct doc *var)
{
    return str_or(doc_text_at(var, "fieldref", "fieldPath"), "metadata.name");
}

/* As Go prints a types.Var. */
static const char *show(struct arena *a, const struct doc *var)
{
    return str_fmt(a, "{%s %s {%s}}", name_of(var), gvk_text(a, object_of(a, var).gvk), path_of(var));
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
                        show(cx->arena, var));
    if (found)
        vec_push(cx->arena, &found->vars, name_of(var));
    return 0;
}

int vars_declare(struct ctx *cx, const struct ktarget *t, struct ktarget_result *result)
{
    const struct doc *vars = doc_find(t->file, "vars");
    const char *file = kload_show(cx->arena, t->load, t->file_name);
    doc_each (var, vars)
        if (declare_one(cx, var, result) < 0)
            return err_wrap(cx, "merging vars (%s:%d)", file, doc_line(var));
    doc_each (var, vars) {
        struct var declared = { .d = var, .place = str_fmt(cx->arena, "%s:%d", file, doc_line(var)) };
        if (add(cx, &result->vars, declared) < 0)
            return err_wrap(cx, "merging vars");
    }
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
    if (!strchr("+-0123456789", text[0]) || end == text || *end || errno)
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
    if (!text)
        return true;
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

static int no_owner(struct ctx *cx, const struct var *var, const struct resmap *m)
{
    struct resid want = object_of(cx->arena, var->d);
    return err_fail(cx, ERR_INVALID,
                    "var '%s' cannot be mapped to a field in the set of known resources: there is no %s "
                    "(vars, %s)%s",
                    show(cx->arena, var->d), resid_text(cx->arena, &want), var->place,
                    resmap_hint(cx->arena, m, want.gvk.kind, want.name));
}

static int read_value(struct ctx *cx, const struct var *var, const struct resmap *m, struct expander *e)
{
    const struct resource *r = owner_of(m, name_of(var->d));
    struct value *value = ARENA_NEW(cx->arena, struct value);
    struct doc *found = NULL;
    if (!r)
        return no_owner(cx, var, m);
    const char **parts = fieldpath_of_var(cx->arena, path_of(var->d));
    bool there = fieldpath_lookup(cx, r->doc, parts, &found) >= 0 && found;
    err_clear(cx);
    if (!there || !value_of(cx->arena, found, value))
        return err_fail(cx, ERR_INVALID,
                        "field specified in var '%s' not found in corresponding resource %s (vars, %s)%s",
                        show(cx->arena, var->d), resid_text(cx->arena, &r->id), var->place,
                        there ? " (the number there is not a plain decimal one of 64 bits: quote it)"
                              : fieldpath_hint(cx->arena, r->doc, parts));
    map_set(&e->values, name_of(var->d), value);
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
    bool untyped = doc_tag(child) == DOC_TAG_ANY;
    const char *text = resource_written(child);
    struct doc *value = untyped || strchr(text, '$') ? expand_text(e, text) : child;
    if (doc_kind(value) == DOC_STRING)
        doc_set_style(value, strchr(doc_text(value), '\n') ? DOC_STYLE_LITERAL : doc_style(child));
    if (value != child)
        doc_replace(e->a, parent, child, value);
}

/* True for what upstream takes for a string: names, too, whatever they look like; but no times. */
static bool is_text(const struct doc *d)
{
    bool scalar = doc_kind(d) != DOC_OBJECT && doc_kind(d) != DOC_ARRAY && doc_kind(d) != DOC_NULL;
    enum doc_tag tag = resource_tag(d);
    return scalar && (tag == DOC_TAG_NONE || tag == DOC_TAG_ANY);
}

static int expand_node(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct expander *e = user;
    struct doc *next = NULL;
    if (is_text(node))
        expand_child(e, parent, node);
    for (struct doc *child = doc_first(node); child; child = next) {
        next = doc_next(child);
        if (is_text(child))
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
        if (read_value(cx, &result->vars.at[i], &result->map, &e) < 0)
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
