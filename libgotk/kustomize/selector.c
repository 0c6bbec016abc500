/*
 * selector.c: see selector.h.
 */
#include "libgotk/kustomize/selector.h"

#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/labelsel.h"

#include <string.h>

enum part { PART_GROUP, PART_VERSION, PART_KIND, PART_NAME, PART_NAMESPACE, PARTS };

static const char *const part_names[PARTS] = { "group", "version", "kind", "name", "namespace" };

struct pattern {
    const char *text;    /* "": anything */
    struct regex *regex; /* NULL: compare the text */
};

struct selector {
    struct pattern parts[PARTS];
    const char *label_text;
    const char *annotation_text;
    struct labelsel *labels;
    struct labelsel *annotations;
};

static int pattern_new(struct ctx *cx, const char *text, struct pattern *p)
{
    p->text = str_or(text, "");
    if (!strpbrk(p->text, "\\^$.|?*+()[]{}"))
        return 0;
    return regex_compile(cx, str_fmt(cx->arena, "^(?:%s)$", p->text), 0, &p->regex);
}

static bool pattern_matches(const struct pattern *p, const char *value)
{
    if (!p->text[0])
        return true;
    return p->regex ? regex_test(p->regex, value, strlen(value)) : !strcmp(p->text, value);
}

int selector_new(struct ctx *cx, const struct doc *d, struct selector **ret)
{
    struct selector *s = ARENA_NEW(cx->arena, struct selector);
    for (size_t i = 0; i < PARTS; i++)
        if (pattern_new(cx, doc_text_at(d, part_names[i]), &s->parts[i]) < 0)
            return err_wrap(cx, "target %s '%s'", part_names[i], s->parts[i].text);
    s->label_text = str_or(doc_text_at(d, "labelSelector"), "");
    s->annotation_text = str_or(doc_text_at(d, "annotationSelector"), "");
    if (labelsel_parse(cx, s->label_text, &s->labels) < 0)
        return err_wrap(cx, "labelSelector");
    if (labelsel_parse(cx, s->annotation_text, &s->annotations) < 0)
        return err_wrap(cx, "annotationSelector");
    *ret = s;
    return 0;
}

static bool matches_gvk(const struct selector *s, struct gvk g)
{
    return pattern_matches(&s->parts[PART_KIND], g.kind) && pattern_matches(&s->parts[PART_GROUP], g.group) &&
           pattern_matches(&s->parts[PART_VERSION], g.version);
}

static bool matches_either(const struct pattern *p, const char *original, const char *present)
{
    return pattern_matches(p, original) || pattern_matches(p, present);
}

static bool selects(const struct selector *s, const struct resource *r)
{
    struct resid original = resource_original(r);
    return r->doc && matches_either(&s->parts[PART_NAME], original.name, r->id.name) &&
           matches_gvk(s, r->id.gvk) &&
           matches_either(&s->parts[PART_NAMESPACE], resid_namespace(&original), resid_namespace(&r->id)) &&
           selector_matches_labels(s, r);
}

struct resources selector_candidates(const struct selector *s, struct resmap *m)
{
    const struct pattern *name = &s->parts[PART_NAME];
    return resmap_named(m, name->regex ? "" : name->text);
}

struct resources selector_select(struct arena *a, const struct selector *s, struct resmap *m)
{
    struct resources found = { 0 }, all = selector_candidates(s, m);
    for (size_t i = 0; i < all.len; i++)
        if (selects(s, all.at[i]))
            vec_push(a, &found, all.at[i]);
    return found;
}

bool selector_matches_id(const struct selector *s, const struct resid *id)
{
    return pattern_matches(&s->parts[PART_NAME], id->name) && matches_gvk(s, id->gvk) &&
           pattern_matches(&s->parts[PART_NAMESPACE], id->ns);
}

bool selector_matches_labels(const struct selector *s, const struct resource *r)
{
    return labelsel_matches(s->labels, doc_path(r->doc, "metadata", "labels")) &&
           labelsel_matches(s->annotations, doc_path(r->doc, "metadata", "annotations"));
}

bool selector_has_labels(const struct selector *s)
{
    return s->label_text[0] || s->annotation_text[0];
}

const char *selector_text(struct arena *a, const struct selector *s)
{
    struct gvk g = { s->parts[PART_GROUP].text, s->parts[PART_VERSION].text, s->parts[PART_KIND].text };
    struct resid id = { .gvk = g, .name = s->parts[PART_NAME].text, .ns = s->parts[PART_NAMESPACE].text };
    return str_fmt(a, "%s:a=%s:l=%s", resid_text(a, &id), s->annotation_text, s->label_text);
}
