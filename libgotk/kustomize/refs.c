/*
 * refs.c: see refs.h. Candidates for a name are found through an index of all former names, then sieved as upstream
 * does: kind, roleRef, namespace, and, while several are left, the prefixes and suffixes both sides went through.
 * Which fields a kind refers from is looked up once per kind. Rejected: upstream's scan of all resources for each field
 * of each resource.
 */
#include "libgotk/kustomize/refs.h"

#include "libgotk/base/str.h"

#include <stdio.h>
#include <string.h>

struct rule {
    struct gvk target;
    const struct fieldspec *field;
};

VEC_NAMED(rules, struct rule);

struct fixer {
    struct ctx *cx;
    struct arena *a;
    struct arena *scratch; /* of the maps, and of what is found in them */
    const struct tconfig *config;
    struct resmap *m;
    struct map by_old_name;    /* former name -> struct resources */
    struct map by_original_ns; /* original namespace -> struct resources */
    struct map rules;          /* original kind -> struct rules */
    struct resource *referrer; /* whose fields are being fixed */
    struct rule rule;
    struct names extra_ns; /* a RoleBinding also sees the namespaces of its accounts */
};

static void index_add(struct arena *a, struct map *index, const char *key, struct resource *r)
{
    struct resources *list = map_find(index, key);
    if (!list) {
        list = ARENA_NEW(a, struct resources);
        map_set(index, key, list);
    }
    if (!list->len || list->at[list->len - 1] != r)
        vec_push(a, list, r);
}

static void build_index(struct fixer *f)
{
    f->by_old_name = map_new(f->scratch);
    f->by_original_ns = map_new(f->scratch);
    f->rules = map_new(f->scratch);
    for (size_t i = 0; i < f->m->list.len; i++) {
        struct resource *r = f->m->list.at[i];
        for (size_t j = 0; j < r->past.len; j++)
            index_add(f->scratch, &f->by_old_name, r->past.at[j].name, r);
        struct resid original = resource_original(r);
        if (strcmp(resid_namespace(&original), RESOURCE_NO_NAMESPACE) != 0)
            index_add(f->scratch, &f->by_original_ns, resid_namespace(&original), r);
    }
}

static bool same_namespace(const struct resource *a, const struct resource *b)
{
    return !strcmp(resid_namespace(&a->id), resid_namespace(&b->id));
}

/* What the referrer could see at all. */
static bool visible(const struct fixer *f, const struct resource *r)
{
    if (f->referrer->id.cluster || r->id.cluster || same_namespace(f->referrer, r))
        return true;
    for (size_t i = 0; i < f->extra_ns.len; i++)
        if (!strcmp(f->extra_ns.at[i], r->id.ns))
            return true;
    return false;
}

static bool was_kind(const struct resource *r, struct gvk row)
{
    for (size_t i = 0; i < r->past.len; i++)
        if (gvk_selected(r->past.at[i].gvk, row))
            return true;
    return false;
}

/* A roleRef says itself which kind it means. */
static bool fits_role(const struct fixer *f, const struct resource *r)
{
    const struct doc *role = doc_find(f->referrer->doc, "roleRef");
    const struct doc *group = doc_find(role, "apiGroup");
    const struct doc *kind = doc_find(role, "kind");
    if (!str_ends(f->rule.field->path, "roleRef/name") || !group || !kind)
        return true;
    struct gvk row = { .group = str_or(resource_scalar(group), ""),
                       .version = "",
                       .kind = str_or(resource_scalar(kind), "") };
    return was_kind(r, row);
}

static bool fits_namespace(const struct fixer *f, const struct resource *r)
{
    return f->referrer->id.cluster || r->id.cluster || !strcmp(r->id.gvk.kind, "ServiceAccount") ||
           same_namespace(f->referrer, r);
}

/* True when the shorter list is the end of the longer one; an empty list only fits an empty one. */
static bool same_ending(const struct names *a, const struct names *b)
{
    const struct names *longer = a->len > b->len ? a : b;
    const struct names *shorter = a->len > b->len ? b : a;
    size_t skip = longer->len - shorter->len;
    if (!shorter->len)
        return !skip;
    for (size_t i = 0; i < shorter->len; i++)
        if (strcmp(longer->at[i + skip], shorter->at[i]) != 0)
            return false;
    return true;
}

static bool same_affixes(const struct resource *a, const struct resource *b, bool allow_empty)
{
    bool any_prefix = allow_empty && (!a->prefixes.len || !b->prefixes.len);
    bool any_suffix = allow_empty && (!a->suffixes.len || !b->suffixes.len);
    return (any_prefix || same_ending(&a->prefixes, &b->prefixes)) &&
           (any_suffix || same_ending(&a->suffixes, &b->suffixes));
}

static void sieve_affixes(const struct fixer *f, struct resources *list, bool allow_empty)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->len; i++)
        if (same_affixes(list->at[i], f->referrer, allow_empty))
            list->at[kept++] = list->at[i];
    list->len = kept;
}

static bool all_alike(const struct resources *list, bool with_namespace)
{
    for (size_t i = 1; i < list->len; i++) {
        if (strcmp(list->at[i]->id.name, list->at[0]->id.name) != 0)
            return false;
        if (with_namespace && strcmp(list->at[i]->id.ns, list->at[0]->id.ns) != 0)
            return false;
    }
    return true;
}

static int ambiguous(struct ctx *cx, const char *name, const struct resources *list)
{
    VEC(const char *) ids = { 0 };
    for (size_t i = 0; i < list->len; i++)
        vec_push(cx->arena, &ids, resid_text(cx->arena, &list->at[i]->id));
    return err_fail(
        cx, ERR_INVALID,
        "found multiple possible referrals: %s (the name '%s' was theirs before prefixes, suffixes or "
        "namespaces were changed: give the objects different names)",
        str_join(cx->arena, ids.at, ids.len, ", "), name);
}

/* Which namespace a reference in map form asks for. */
enum ns_test { NS_ANY, NS_ORIGINAL, NS_CURRENT };

static bool passes_ns(const struct resource *r, enum ns_test test, const char *ns)
{
    struct resid original = resource_original(r);
    if (test == NS_ANY)
        return true;
    const struct resid *id = test == NS_ORIGINAL ? &original : &r->id;
    return !strcmp(resid_namespace(id), ns);
}

/* The object that `name` stands for; NULL when there is none or the name means nothing here. */
static int select_referral(const struct fixer *f, const char *name, enum ns_test test, const char *ns,
                           bool with_namespace, struct resource **ret)
{
    const struct resources *named = map_find(&f->by_old_name, name);
    struct resources list = { 0 };
    *ret = NULL;
    for (size_t i = 0; named && i < named->len; i++) {
        struct resource *r = named->at[i];
        if (r->doc && visible(f, r) && passes_ns(r, test, ns) && was_kind(r, f->rule.target) &&
            fits_role(f, r) && fits_namespace(f, r))
            vec_push(f->scratch, &list, r);
    }
    if (list.len > 1)
        sieve_affixes(f, &list, true);
    if (list.len > 1)
        sieve_affixes(f, &list, false);
    if (list.len > 1 && !all_alike(&list, with_namespace))
        return ambiguous(f->cx, name, &list);
    *ret = list.len ? list.at[0] : NULL;
    return 0;
}

static int fix_scalar(const struct fixer *f, struct doc *parent, struct doc *node)
{
    struct resource *r = NULL;
    const char *name = resource_scalar(node);
    if (select_referral(f, name, NS_ANY, "", false, &r) < 0)
        return err_code(f->cx);
    if (r && strcmp(r->id.name, name) != 0)
        doc_replace(f->a, parent, node, resource_untyped(f->a, node, r->id.name));
    return 0;
}

/* Candidates with that namespace originally, if anything visible had it; else those that have it now. */
static enum ns_test namespace_test(const struct fixer *f, const struct doc *ns)
{
    if (!ns)
        return NS_ANY;
    const struct resources *list = map_find(&f->by_original_ns, str_or(resource_scalar(ns), ""));
    for (size_t i = 0; list && i < list->len; i++)
        if (visible(f, list->at[i]))
            return NS_ORIGINAL;
    return NS_CURRENT;
}

static int fix_map(const struct fixer *f, struct doc *node)
{
    struct resource *r = NULL;
    const struct doc *name = doc_find(node, "name");
    const struct doc *ns = doc_find(node, "namespace");
    if (!name)
        return err_fail(f->cx, ERR_INVALID, "path config error; no 'name' field in node (line %d)",
                        doc_line(node));
    const char *old = str_or(resource_scalar(name), "");
    if (select_referral(f, old, namespace_test(f, ns), str_or(resource_scalar(ns), ""), true, &r) < 0)
        return err_code(f->cx);
    if (!r)
        return 0;
    doc_set(f->a, node, "name", resource_untyped(f->a, name, r->id.name));
    if (r->id.ns[0])
        doc_set(f->a, node, "namespace",
                ns ? resource_untyped(f->a, ns, r->id.ns) : resource_string(f->cx, r->id.ns));
    return 0;
}

static int fix_node(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct fixer *f = user;
    switch (doc_kind(node)) {
    case DOC_NULL:
        return 0;
    case DOC_OBJECT:
        return fix_map(f, node);
    case DOC_ARRAY:
        break;
    default:
        return fix_scalar(f, parent, node);
    }
    struct doc *next = NULL;
    for (struct doc *element = doc_first(node); element; element = next) {
        next = doc_next(element);
        if (doc_kind(element) == DOC_ARRAY)
            return err_fail(cx, ERR_INVALID,
                            "a list in a list is expected to be either a string or a map of string");
        if (fix_node(cx, user, node, element) < 0)
            return err_code(cx);
    }
    return 0;
}

/* The rules whose field belongs to this kind; found once per kind. */
static const struct rules *rules_of(struct fixer *f, struct gvk g)
{
    char small[256];
    int n = snprintf(small, sizeof(small), "%s.%s.%s", g.kind, g.version, g.group);
    const char *key = n >= 0 && (size_t)n < sizeof(small) ? small : gvk_text(f->a, g);
    struct rules *found = map_find(&f->rules, key);
    if (found)
        return found;
    found = ARENA_NEW(f->scratch, struct rules);
    struct namerefs refs = tconfig_refs_from(f->a, f->config, g);
    for (size_t i = 0; i < refs.len; i++) {
        const struct nameref *ref = &refs.at[i];
        for (size_t j = 0; j < ref->referrers.len; j++) {
            struct rule rule = { .target = ref->target, .field = &ref->referrers.at[j] };
            if (gvk_selected(g, rule.field->gvk))
                vec_push(f->scratch, found, rule);
        }
    }
    map_set(&f->rules, key, found);
    return found;
}

/* Upstream panics over these. */
static int check_subject(const struct fixer *f, const struct doc *subject)
{
    const struct doc *kind = doc_find(subject, "kind");
    bool odd_kind = kind && (doc_kind(kind) != DOC_STRING || resource_tag(kind) == DOC_TAG_TIME);
    if (doc_kind(subject) == DOC_OBJECT && !(odd_kind && doc_find(subject, "namespace")))
        return 0;
    return err_fail(f->cx, ERR_INVALID,
                    "%s of resource %s is no %s, but a %s (line %d): write e.g. {kind: ServiceAccount, name: "
                    "app, namespace: apps}",
                    odd_kind ? "the kind of a subject" : "a subject", resid_text(f->a, &f->referrer->id),
                    odd_kind ? "text" : "map", doc_kind_name(odd_kind ? kind : subject),
                    doc_line(odd_kind ? kind : subject));
}

/* The namespaces of the ServiceAccounts a RoleBinding names. */
static int account_namespaces(struct fixer *f)
{
    f->extra_ns = (struct names){ 0 };
    if (strcmp(f->referrer->id.gvk.kind, "RoleBinding") != 0)
        return 0;
    doc_each (subject, doc_find(f->referrer->doc, "subjects")) {
        const struct doc *ns = doc_find(subject, "namespace");
        if (check_subject(f, subject) < 0)
            return err_code(f->cx);
        if (!ns || !str_eq(doc_text_at(subject, "kind"), "ServiceAccount"))
            continue;
        if (!doc_text(ns))
            return err_fail(
                f->cx, ERR_INVALID,
                "Invalid Input: namespace is blank for resource \"%s\": give the ServiceAccount subject in "
                "line %d a namespace",
                resid_text(f->a, &f->referrer->id), doc_line(subject));
        vec_push(f->a, &f->extra_ns, doc_text(ns));
    }
    return 0;
}

static int fix_resource(struct fixer *f, struct resource *r)
{
    const struct rules *rules = rules_of(f, resource_original(r).gvk);
    f->referrer = r;
    if (rules->len && account_namespaces(f) < 0)
        return err_code(f->cx);
    for (size_t i = 0; i < rules->len; i++) {
        fieldspec_parts(f->cx->arena, rules->at[i].field);
        struct fieldspec any_kind = *rules->at[i].field;
        any_kind.gvk = (struct gvk){ "", "", "" };
        f->rule = rules->at[i];
        if (fieldspec_apply(f->cx, &any_kind, r->doc, FIELDSPEC_NO_CREATE, fix_node, f) < 0)
            return err_wrap(f->cx, "updating name reference in '%s' field of '%s'", any_kind.path,
                            resid_text(f->a, &r->id));
    }
    return 0;
}

int refs_fix(struct ctx *cx, const struct tconfig *config, struct resmap *m)
{
    CLEANUP(arena_cleanup) struct arena *scratch = arena_new(arena_max(cx->arena));
    struct fixer f = { .cx = cx, .a = cx->arena, .scratch = scratch, .config = config, .m = m };
    if (!config)
        return 0;
    build_index(&f);
    for (size_t i = 0; i < m->list.len; i++)
        if (m->list.at[i]->doc && fix_resource(&f, m->list.at[i]) < 0)
            return err_code(cx);
    return 0;
}
