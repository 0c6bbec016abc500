/*
 * fieldpath.c: see fieldpath.h.
 */
#include "libgotk/kustomize/fieldpath.h"

#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/fieldspec.h"
#include "libgotk/kustomize/resource.h"
#include "libgotk/kustomize/transform.h"

#include <stdlib.h>
#include <string.h>

VEC_NAMED(parts, const char *);

/* Joins parts from `i` until one closes the bracket that parts[i] opened; returns the index of the last one used. */
static size_t join_bracket(struct arena *a, const char **raw, size_t count, size_t i, struct parts *out)
{
    const char *joined = raw[i];
    while (i + 1 < count) {
        i++;
        joined = str_fmt(a, "%s.%s", joined, raw[i]);
        if (str_ends(raw[i], "]"))
            break;
    }
    if (!strchr(joined, '=')) {
        size_t n = strlen(joined);
        joined = str_ndup(a, joined + 1, n - 1 - (str_ends(joined, "]") ? 1 : 0));
    }
    vec_push(a, out, joined);
    return i;
}

const char **fieldpath_split(struct arena *a, const char *path)
{
    size_t count = 0;
    const char **raw = fieldspec_split(a, path, '.', &count);
    struct parts out = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (raw[i][0] == '[' && !str_ends(raw[i], "]"))
            i = join_bracket(a, raw, count, i, &out);
        else
            vec_push(a, &out, raw[i]);
    }
    vec_push(a, &out, NULL);
    return out.at;
}

static bool is_index(const char *s)
{
    s += *s == '+';
    return *s && s[strspn(s, "0123456789")] == '\0';
}

const char **fieldpath_of_var(struct arena *a, const char *path)
{
    struct parts out = { 0 };
    for (const char **part = fieldpath_split(a, path); *part; part++) {
        const char *open = strrchr(*part, '[');
        const char *inner = open && str_ends(*part, "]") ? str_ndup(a, open + 1, strlen(open) - 2) : "";
        if (!is_index(inner)) {
            vec_push(a, &out, *part);
            continue;
        }
        if (open > *part)
            vec_push(a, &out, str_ndup(a, *part, (size_t)(open - *part)));
        vec_push(a, &out, inner);
    }
    vec_push(a, &out, NULL);
    return out.at;
}

static bool is_bracket(const char *part)
{
    return part[0] == '[' && str_ends(part, "]");
}

/* Splits "[key=value]". */
static int split_bracket(struct ctx *cx, const char *part, const char **ret_key, const char **ret_value)
{
    const char *inner = str_ndup(cx->arena, part + 1, strlen(part) - 2);
    const char *equals = strchr(inner, '=');
    if (!equals)
        return err_fail(cx, ERR_INVALID,
                        "list path element must contain fieldName=fieldValue for element to match: '%s'",
                        part);
    *ret_key = str_ndup(cx->arena, inner, (size_t)(equals - inner));
    *ret_value = equals + 1;
    return 0;
}

static int want_list(struct ctx *cx, const struct doc *d)
{
    return doc_kind(d) == DOC_ARRAY ? 0 : transform_wrong_kind(cx, "SequenceNode", d);
}

/* The text of an element, or of its field `key`. */
static const char *keyed_text(const struct doc *element, const char *key)
{
    const struct doc *d = key[0] ? doc_find(element, key) : element;
    return d ? resource_scalar(d) : NULL;
}

static int lookup_bracket(struct ctx *cx, struct doc *list, const char *part, struct doc **ret)
{
    const char *key = NULL;
    const char *value = NULL;
    if (split_bracket(cx, part, &key, &value) < 0 || want_list(cx, list) < 0)
        return err_code(cx);
    doc_each (element, list) {
        const char *text = keyed_text(element, key);
        if (!text || strcmp(text, value) != 0)
            continue;
        *ret = element;
        break;
    }
    return 0;
}

static int lookup_part(struct ctx *cx, struct doc *d, const char *part, struct doc **ret)
{
    *ret = NULL;
    bool last = !strcmp(part, "-");
    if (doc_kind(d) == DOC_NULL)
        return 0;
    if (!strcmp(part, "*"))
        return err_fail(cx, ERR_INVALID, "wildcard is not supported in PathGetter");
    if (is_bracket(part))
        return lookup_bracket(cx, d, part, ret);
    if (is_index(part) || last) {
        if (want_list(cx, d) < 0)
            return err_code(cx);
        size_t n = doc_len(d);
        if (last && !n)
            return err_fail(cx, ERR_INVALID, "an empty list has no last element (line %d)", doc_line(d));
        *ret = last ? (n ? doc_at(d, n - 1) : NULL) : doc_at(d, strtoul(part, NULL, 10));
        return 0;
    }
    if (doc_kind(d) != DOC_OBJECT)
        return transform_wrong_kind(cx, "MappingNode", d);
    *ret = doc_find(d, part);
    return 0;
}

/* The parts without the space around them; empty ones count for nothing. */
static const char **without_blanks(struct arena *a, const char *const *parts)
{
    struct parts out = { 0 };
    for (; *parts; parts++) {
        const char *part = str_trim(a, *parts);
        if (part[0])
            vec_push(a, &out, part);
    }
    vec_push(a, &out, NULL);
    return out.at;
}

int fieldpath_lookup(struct ctx *cx, struct doc *d, const char *const *parts, struct doc **ret)
{
    struct doc *at = d;
    for (const char **part = without_blanks(cx->arena, parts); *part && at; part++)
        if (lookup_part(cx, at, *part, &at) < 0)
            return err_code(cx);
    *ret = at;
    return 0;
}

struct matcher {
    struct ctx *cx;
    int create;
    struct fieldpath_hits *hits;
};

static int match_parts(const struct matcher *m, struct doc *parent, struct doc *d, const char *const *parts);

/* A scalar that takes the type of whatever text it is given. */
static struct doc *created_scalar(struct arena *a)
{
    struct doc *d = yml_plain(a, "");
    doc_set_tag(d, DOC_TAG_ANY);
    return d;
}

/* The kind of node to create in front of the next part. */
static struct doc *created(const struct matcher *m, const char *next)
{
    struct arena *a = m->cx->arena;
    if (next && (is_bracket(next) || is_index(next)))
        return doc_array(a);
    if (next || m->create == DOC_OBJECT)
        return doc_object(a);
    return m->create == DOC_ARRAY ? doc_array(a) : created_scalar(a);
}

static int match_index(const struct matcher *m, struct doc *list, const char *const *parts)
{
    size_t index = strtoul(parts[0], NULL, 10);
    if (want_list(m->cx, list) < 0)
        return err_code(m->cx);
    if (index == doc_len(list) && m->create >= 0)
        doc_append(list, created(m, parts[1]));
    struct doc *element = doc_at(list, index);
    if (!element)
        return err_fail(m->cx, ERR_INVALID, "index %zu specified but only %zu elements found", index,
                        doc_len(list));
    return match_parts(m, list, element, parts + 1);
}

static int match_every(const struct matcher *m, struct doc *list, const char *const *parts)
{
    if (want_list(m->cx, list) < 0)
        return err_code(m->cx);
    doc_each (element, list)
        if (match_parts(m, list, element, parts + 1) < 0)
            return err_code(m->cx);
    return 0;
}

/* Elements whose text, or whose field's text, the expression finds something in. */
static int match_elements(const struct matcher *m, struct doc *list, const char *const *parts,
                          const char *key, const struct regex *re)
{
    doc_each (element, list) {
        const char *text = keyed_text(element, key);
        if (!text || !regex_test(re, text, strlen(text)))
            continue;
        struct fieldpath_hit hit = { .parent = list, .node = element };
        if (!key[0])
            vec_push(m->cx->arena, m->hits, hit);
        else if (match_parts(m, list, element, parts + 1) < 0)
            return err_code(m->cx);
    }
    return 0;
}

static int match_bracket(const struct matcher *m, struct doc *list, const char *const *parts)
{
    struct arena *a = m->cx->arena;
    const char *key = NULL;
    const char *pattern = NULL;
    struct regex *re = NULL;
    size_t before = m->hits->len;
    if (split_bracket(m->cx, parts[0], &key, &pattern) < 0 || want_list(m->cx, list) < 0 ||
        regex_compile(m->cx, pattern, 0, &re) < 0 || match_elements(m, list, parts, key, re) < 0)
        return err_code(m->cx);
    if (m->create < 0 || m->hits->len > before)
        return 0;
    struct doc *text = resource_untyped(a, NULL, pattern);
    struct doc *element = key[0] ? doc_object(a) : text;
    if (key[0]) {
        doc_set(a, element, key, text);
        resource_mark_key(text);
    }
    doc_append(list, element);
    return match_elements(m, list, parts, key, re);
}

/* In a null that is written down, upstream makes whatever is asked for by name. */
static bool is_made_in_null(const struct matcher *m, const char *text, const struct doc *inner,
                            const char *part)
{
    bool by_name = strcmp(part, "*") != 0 && (!is_index(part) || !strtoul(part, NULL, 10));
    bool blank = !text[strspn(text, " \t\n")];
    return m->create >= 0 && !blank && doc_kind(inner) == DOC_NULL && by_name;
}

/* Documents inside a scalar are opened for reading; what is written there is lost, as upstream. */
static int match_inside(const struct matcher *m, const struct doc *scalar, const char *const *parts)
{
    struct doc *inner = NULL;
    const char *text = resource_written(scalar);
    if (yml_parse(m->cx, text, strlen(text), "value", &inner) < 0)
        return err_code(m->cx);
    if (is_made_in_null(m, text, inner, parts[0])) {
        struct fieldpath_hit lost = { .node = inner };
        vec_push(m->cx->arena, m->hits, lost);
        return 0;
    }
    return match_parts(m, NULL, inner, parts);
}

static int match_field(const struct matcher *m, struct doc *d, const char *const *parts)
{
    if (doc_kind(d) == DOC_NULL)
        return 0;
    if (doc_kind(d) != DOC_OBJECT)
        return transform_wrong_kind(m->cx, "MappingNode", d);
    if (!parts[0][0]) /* for upstream that names the map itself */
        return transform_wrong_kind(m->cx, "ScalarNode", d);
    struct doc *field = doc_find(d, parts[0]);
    if (!field && m->create < 0)
        return 0;
    if (!field) {
        doc_set(m->cx->arena, d, parts[0], created(m, parts[1]));
        field = doc_find(d, parts[0]);
        resource_mark_key(field);
    }
    if (parts[1] && resource_scalar(field))
        return match_inside(m, field, parts + 1);
    return match_parts(m, d, field, parts + 1);
}

static int match_parts(const struct matcher *m, struct doc *parent, struct doc *d, const char *const *parts)
{
    struct fieldpath_hit hit = { .parent = parent, .node = d };
    if (!parts[0]) {
        vec_push(m->cx->arena, m->hits, hit);
        return 0;
    }
    if (is_index(parts[0]))
        return match_index(m, d, parts);
    if (is_bracket(parts[0]))
        return match_bracket(m, d, parts);
    if (!strcmp(parts[0], "*"))
        return match_every(m, d, parts);
    return match_field(m, d, parts);
}

int fieldpath_match(struct ctx *cx, struct doc *d, const char *const *parts, int create,
                    struct fieldpath_hits *ret)
{
    struct fieldpath_hits hits = { 0 };
    struct matcher m = { .cx = cx, .create = create, .hits = &hits };
    if (match_parts(&m, NULL, d, parts) < 0)
        return err_code(cx);
    *ret = hits;
    return 0;
}

/* A member or, asked for by its text, an element that is not there yet; a number makes none. */
static struct doc *make_part(const struct matcher *m, struct doc *d, const char *const *parts)
{
    struct arena *a = m->cx->arena;
    const char *key = NULL, *value = NULL;
    struct doc *made = NULL;
    if (doc_kind(d) == DOC_OBJECT) {
        made = created(m, parts[1]);
        doc_set(a, d, parts[0], made);
        resource_mark_key(made);
    } else if (is_bracket(parts[0]) && split_bracket(m->cx, parts[0], &key, &value) >= 0) {
        struct doc *text = yml_plain(a, value);
        made = key[0] ? doc_object(a) : text;
        if (key[0]) {
            doc_set(a, made, key, text);
            resource_mark_key(text);
        }
        doc_append(d, made);
    }
    return made;
}

int fieldpath_reach(struct ctx *cx, struct doc *d, const char *const *parts, struct fieldpath_hit *ret)
{
    const struct matcher m = { .cx = cx, .create = DOC_STRING };
    struct fieldpath_hit at = { .node = d };
    for (const char **part = without_blanks(cx->arena, parts); *part && at.node; part++) {
        at.parent = at.node;
        if (lookup_part(cx, at.parent, *part, &at.node) < 0)
            return err_code(cx);
        if (!at.node && doc_kind(at.parent) != DOC_NULL)
            at.node = make_part(&m, at.parent, part);
    }
    *ret = at;
    return 0;
}

const char *fieldpath_hint(struct arena *a, const struct doc *d, const char *const *parts)
{
    struct parts names = { 0 };
    while (*parts && doc_kind(d) == DOC_OBJECT && doc_find(d, *parts))
        d = doc_find(d, *parts++);
    doc_each (member, doc_kind(d) == DOC_OBJECT ? d : NULL)
        vec_push(a, &names, doc_key(member));
    const char *near = *parts ? str_nearest(*parts, names.at, names.len) : NULL;
    if (near)
        return str_fmt(a, " (did you mean \"%s\"?)", near);
    if (!names.len || !*parts || names.len > 12)
        return "";
    return str_fmt(a, " (instead of \"%s\" there is %s)", *parts, str_join(a, names.at, names.len, ", "));
}
