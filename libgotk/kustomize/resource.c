/*
 * resource.c: see resource.h. The identity is cached in the struct and refreshed by whoever changes apiVersion, kind,
 * name or namespace, because lookups by identity outnumber changes by far. Rejected: reading it from the document each
 * time, which made name references the slowest part of a build.
 */
#include "libgotk/kustomize/resource.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOUBLE_DIGITS   15
#define INTERNAL        "internal.config.kubernetes.io/"
#define NEEDS_HASH      INTERNAL "needsHashSuffix"
#define PAST_NAMES      INTERNAL "previousNames"
#define PAST_NAMESPACES INTERNAL "previousNamespaces"
#define PAST_KINDS      INTERNAL "previousKinds"

const char *resource_scalar(const struct doc *d)
{
    switch (doc_kind(d)) {
    case DOC_STRING:
        return str_or(doc_source(d), doc_text(d));
    case DOC_NUMBER:
        return str_or(doc_source(d), doc_literal(d));
    case DOC_BOOL:
        return str_or(doc_source(d), doc_is_true(d, false) ? "true" : "false");
    case DOC_NULL:
        return "";
    default:
        return NULL;
    }
}

const char *resource_written(const struct doc *d)
{
    if (doc_source(d))
        return doc_source(d);
    return doc_kind(d) == DOC_NULL ? "null" : str_or(resource_scalar(d), "");
}

/* As go-yaml reads numbers: "1e3" is no integer. */
static bool is_float(const char *text)
{
    return strpbrk(text, ".eE") && !str_starts(text, "0x");
}

static enum doc_tag string_tag(const struct doc *d)
{
    return doc_source(d) && yml_tag(doc_source(d)) == DOC_TAG_TIME ? DOC_TAG_TIME : DOC_TAG_NONE;
}

enum doc_tag resource_tag(const struct doc *d)
{
    enum doc_tag tag = doc_tag(d);
    if (tag)
        return tag;
    switch (doc_kind(d)) {
    case DOC_NUMBER:
        return yml_tag(resource_scalar(d)) == DOC_TAG_FLOAT ? DOC_TAG_FLOAT : DOC_TAG_INT;
    case DOC_BOOL:
        return DOC_TAG_BOOL;
    case DOC_NULL:
        return DOC_TAG_NULL;
    default:
        return string_tag(d);
    }
}

struct doc *resource_string(struct ctx *cx, const char *text)
{
    struct doc *d = doc_string(cx->arena, text);
    doc_set_style(d, yml_is_no_text(cx, text) ? DOC_STYLE_QUOTED : DOC_STYLE_PLAIN);
    return d;
}

struct doc *resource_quoted(struct arena *a, const struct doc *d)
{
    struct doc *result = doc_string(a, resource_scalar(d));
    doc_set_tag(result, resource_tag(d));
    return result;
}

bool resource_fits(enum doc_tag tag, const char *text)
{
    enum doc_tag own = yml_tag(text);
    return tag == DOC_TAG_ANY || tag == own || (tag == DOC_TAG_FLOAT && own == DOC_TAG_INT);
}

static enum doc_style style_from_json(const char *s, bool quote_all)
{
    if (!quote_all && strchr(s, '\n'))
        return DOC_STYLE_LITERAL;
    return quote_all || yml_is_quoted(s) ? DOC_STYLE_QUOTED : DOC_STYLE_PLAIN;
}

/* JSON patches read numbers as float64, which loses digits of long ones and writes others anew (1.0 is 1); list items keep
 * them. */
static void pass_number(struct arena *a, struct doc *parent, struct doc *d, bool exact)
{
    const char *text = doc_literal(d);
    double value = strtod(text, NULL);
    if (!exact && (is_float(text) || strlen(text) > DOUBLE_DIGITS || fabs(value) >= 1e6))
        doc_replace(a, parent, d, doc_double_as_written(a, value));
    else if (doc_source(d))
        doc_replace(a, parent, d, doc_number(a, text));
}

void resource_pass_json(struct arena *a, struct doc *parent, struct doc *d, bool quote_all)
{
    struct doc *next = NULL;
    doc_unshare(d);
    if (doc_kind(d) == DOC_OBJECT || doc_kind(d) == DOC_ARRAY)
        doc_set_style(d, quote_all ? DOC_STYLE_QUOTED : DOC_STYLE_PLAIN);
    if (doc_kind(d) == DOC_STRING)
        doc_set_style(d, style_from_json(doc_text(d), quote_all));
    if (doc_kind(d) == DOC_NULL && doc_source(d))
        doc_replace(a, parent, d, doc_null(a));
    else if (doc_kind(d) == DOC_BOOL && doc_source(d))
        doc_replace(a, parent, d, doc_bool(a, doc_is_true(d, false)));
    else if (doc_kind(d) == DOC_NUMBER)
        pass_number(a, parent, d, quote_all);
    else if (doc_kind(d) == DOC_STRING && doc_source(d))
        doc_replace(a, parent, d, doc_string(a, doc_text(d)));
    for (struct doc *child = doc_first(d); child; child = next) {
        next = doc_next(child);
        resource_pass_json(a, d, child, quote_all);
    }
}

static const char *text_of(const struct doc *d, const char *key)
{
    return str_or(resource_scalar(doc_find(d, key)), "");
}

struct resid resid_new(struct gvk g, const char *name, const char *ns)
{
    return (struct resid){ .gvk = g,
                           .name = str_or(name, ""),
                           .ns = str_or(ns, ""),
                           .cluster = kinds_is_cluster(g.group, g.version, g.kind) };
}

/* True when the text is the group and version of `g`. */
static bool is_api_version(const char *text, const struct gvk *g)
{
    size_t n = strlen(g->group);
    return n && strncmp(text, g->group, n) == 0 && text[n] == '/' && strcmp(text + n + 1, g->version) == 0;
}

/* `before` is what it was the last time, and most likely still is; NULL: not known. */
static struct resid read_id(struct arena *a, const struct doc *d, const struct gvk *before)
{
    const struct doc *meta = doc_find(d, "metadata");
    const char *api_version = text_of(d, "apiVersion"), *kind = text_of(d, "kind");
    struct gvk g = before && is_api_version(api_version, before)
                       ? (struct gvk){ before->group, before->version, kind }
                       : gvk_parse(a, api_version, kind);
    return resid_new(g, text_of(meta, "name"), text_of(meta, "namespace"));
}

static char **split_annotation(struct arena *a, const struct resource *r, const char *key, size_t *ret_count)
{
    return str_split(a, str_or(resource_annotation(r, key), ""), ',', ret_count);
}

/* Earlier identities that the object itself tells of: lists of equal length, oldest first. */
static void read_past(struct arena *a, struct resource *r)
{
    size_t counts[3] = { 0 };
    if (!resource_annotation(r, PAST_NAMES))
        return;
    char **names = split_annotation(a, r, PAST_NAMES, &counts[0]);
    char **spaces = split_annotation(a, r, PAST_NAMESPACES, &counts[1]);
    char **kinds = split_annotation(a, r, PAST_KINDS, &counts[2]);
    for (size_t i = 0; counts[0] == counts[1] && counts[0] == counts[2] && i < counts[0]; i++) {
        struct resid id = { .gvk = { r->id.gvk.group, r->id.gvk.version, kinds[i] },
                            .name = names[i],
                            .ns = spaces[i] };
        vec_push(a, &r->past, id);
    }
}

struct resource *resource_new(struct arena *a, struct doc *d, const char *file)
{
    struct resource *r = ARENA_NEW(a, struct resource);
    r->doc = d;
    r->file = file;
    r->id = read_id(a, d, NULL);
    if (doc_path(d, "metadata", "annotations")) {
        r->needs_hash = str_eq(resource_annotation(r, NEEDS_HASH), "enabled");
        read_past(a, r);
    }
    return r;
}

static void copy_names(struct arena *a, struct names *to, const struct names *from)
{
    *to = (struct names){ 0 };
    for (size_t i = 0; i < from->len; i++)
        vec_push(a, to, from->at[i]);
}

struct resource *resource_copy(struct arena *a, const struct resource *r)
{
    struct resource *copy = ARENA_NEW(a, struct resource);
    *copy = *r;
    copy->doc = doc_copy(a, r->doc);
    copy->past = (struct resids){ 0 };
    for (size_t i = 0; i < r->past.len; i++)
        vec_push(a, &copy->past, r->past.at[i]);
    copy_names(a, &copy->prefixes, &r->prefixes);
    copy_names(a, &copy->suffixes, &r->suffixes);
    copy_names(a, &copy->vars, &r->vars);
    if (copy->doc)
        copy->id = read_id(a, copy->doc, &r->id.gvk);
    return copy;
}

/* Past identities keep their kind but follow the present group and version, as upstream computes them. */
static void realign_past(struct resource *r)
{
    for (size_t i = 0; i < r->past.len; i++) {
        struct resid *old = &r->past.at[i];
        old->gvk.group = r->id.gvk.group;
        old->gvk.version = r->id.gvk.version;
    }
}

bool resource_refresh(struct arena *a, struct resource *r)
{
    if (!r->doc)
        return true;
    struct resid old = r->id;
    r->id = read_id(a, r->doc, &old.gvk);
    bool regrouped =
        strcmp(old.gvk.group, r->id.gvk.group) != 0 || strcmp(old.gvk.version, r->id.gvk.version) != 0;
    if (regrouped)
        realign_past(r);
    return regrouped || strcmp(old.gvk.kind, r->id.gvk.kind) != 0 || strcmp(old.name, r->id.name) != 0 ||
           strcmp(old.ns, r->id.ns) != 0;
}

void resource_store_past(struct arena *a, struct resource *r)
{
    struct resid id = r->id;
    id.ns = resid_namespace(&r->id);
    id.cluster = false; /* past identities are never taken for cluster-scoped: their namespace says it */
    bool comma = strchr(id.name, ',') || strchr(id.ns, ',') || strchr(id.gvk.kind, ',');
    r->past_nameless = r->past_nameless || !id.name[0];
    if (!id.name[0] && !r->past.len) /* as long as there is no name, upstream reads none of its lists */
        return;
    r->lost_past = r->lost_past || r->past_nameless || !id.gvk.kind[0] || comma;
    vec_push(a, &r->past, id);
}

struct resid resource_original(const struct resource *r)
{
    return r->past.len ? r->past.at[0] : r->id;
}

struct resid resource_id_at(const struct resource *r, size_t i)
{
    return i < r->past.len ? r->past.at[i] : r->id;
}

struct doc *resource_untyped(struct arena *a, const struct doc *like, const char *text)
{
    struct doc *d = doc_quoted(like) ? doc_string(a, text) : yml_plain(a, text);
    doc_set_style(d, doc_style(like));
    doc_set_tag(d, DOC_TAG_ANY);
    return d;
}

static void set_untyped(struct arena *a, struct doc *owner, const char *field, const char *text)
{
    doc_set(a, owner, field, resource_untyped(a, doc_find(owner, field), text));
}

void resource_set_name(struct arena *a, struct resource *r, const char *name)
{
    set_untyped(a, doc_ensure(a, r->doc, "metadata"), "name", name);
}

void resource_set_namespace(struct arena *a, struct resource *r, const char *ns)
{
    struct doc *meta = doc_ensure(a, r->doc, "metadata");
    if (str_empty(ns))
        doc_remove(meta, "namespace");
    else
        set_untyped(a, meta, "namespace", ns);
}

void resource_set_kind(struct arena *a, struct resource *r, const char *kind)
{
    doc_set(a, r->doc, "kind", kind[0] ? doc_string(a, kind) : doc_null(a));
}

const char *resource_annotation(const struct resource *r, const char *key)
{
    const struct doc *d = doc_find(doc_path(r->doc, "metadata", "annotations"), key);
    return d ? resource_written(d) : NULL;
}

struct doc *resource_metadata_map(struct arena *a, struct resource *r, const char *field)
{
    return doc_ensure(a, doc_ensure(a, r->doc, "metadata"), field);
}

void resource_make_notes(struct arena *a, struct resource *r)
{
    if (r->past.len || r->prefixes.len || r->suffixes.len || r->needs_hash || r->generated)
        resource_metadata_map(a, r, "annotations");
}

void resource_mark_key(struct doc *member)
{
    if (yml_tag(doc_key(member)) != DOC_TAG_NONE)
        doc_set_bare_key(member);
}

void resource_stringify(struct arena *a, struct doc *d, const char *field)
{
    struct doc *meta = doc_find(d, "metadata");
    struct doc *map = doc_find(meta, field);
    struct doc *text = doc_object(a);
    if (!map)
        return;
    doc_each (member, map)
        if (doc_kind(map) == DOC_OBJECT)
            doc_set_text(a, text, doc_key(member), resource_written(member));
    doc_remove(meta, field);
    struct doc *second = doc_find(meta, field); /* it was given twice */
    if ((!second || doc_kind(second) == DOC_NULL) && doc_len(text))
        doc_set(a, meta, field, text);
    doc_each (member, text)
        if (doc_kind(second) == DOC_OBJECT)
            doc_set_text(a, second, doc_key(member), doc_text(member));
}

const char *resid_namespace(const struct resid *id)
{
    if (id->cluster)
        return RESOURCE_NO_NAMESPACE;
    return str_or(id->ns, "default");
}

bool resid_equal(const struct resid *a, const struct resid *b)
{
    return !strcmp(a->name, b->name) && gvk_equal(a->gvk, b->gvk) &&
           !strcmp(resid_namespace(a), resid_namespace(b));
}

const char *resid_text(struct arena *a, const struct resid *id)
{
    return str_fmt(a, "%s/%s.%s", gvk_text(a, id->gvk), str_or(id->name, "[noName]"),
                   str_or(id->ns, "[noNs]"));
}
