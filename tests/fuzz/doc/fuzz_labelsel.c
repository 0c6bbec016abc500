/*
 * fuzz_labelsel.c: label selectors, and the selectors of patches and replacements that hold them.
 *
 * Parts: a label selector, an object, a selector as a kustomization has it.
 */
#include "libgotk/doc/labelsel.h"

#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/selector.h"
#include "tests/fuzz/lib/fuzz.h"

static void match(struct ctx *cx, const struct fuzz_part *object, const struct fuzz_part *how,
                  const struct labelsel *s)
{
    struct doc *d = NULL, *selector_doc = NULL;
    struct selector *selector = NULL;
    if (yml_parse(cx, object->text, object->len, "object", &d) < 0 || doc_kind(d) != DOC_OBJECT)
        return;
    if (s)
        labelsel_matches(s, d);
    if (!how || yml_parse(cx, how->text, how->len, "selector", &selector_doc) < 0 ||
        selector_new(cx, selector_doc, &selector) < 0)
        return;
    struct resource *r = resource_new(cx->arena, d, "object.yaml");
    struct resmap m = resmap_new(cx->arena);
    if (resmap_append(cx, &m, r) < 0)
        return;
    selector_select(cx->arena, selector, &m);
    selector_matches_id(selector, &r->id);
    selector_text(cx->arena, selector);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[3];
    struct labelsel *s = NULL;
    size_t count = fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts));
    if (!count)
        return;
    if (labelsel_parse(cx, parts[0].text, &s) < 0)
        err_clear(cx);
    if (s)
        fuzz_that(labelsel_matches(s, NULL) == labelsel_matches(s, doc_object(cx->arena)));
    if (count > 1)
        match(cx, &parts[1], count > 2 ? &parts[2] : NULL, s);
}

static const char *const seeds[] = {
    "=app=web,tier in (a, b),!legacy\n=== object\n{kind: A, metadata: {name: n, labels: {app: web, tier: a}}}\n"
    "=== selector\n{kind: A, name: n.*, labelSelector: app=web}\n",
    "=x\n=== object\n{x: ''}\n",
    "=x==1,y!=2,z notin (a,b,),w>3,v<4\n=== object\n{x: 1, w: '5', v: '-3'}\n",
    "= a . b / c = d \n",
    NULL,
};

static const char *const words[] = {
    "=",
    "==",
    "!=",
    "!",
    "in",
    "notin",
    "(",
    ")",
    ",",
    "<",
    ">",
    "kind: ",
    "name: ",
    "namespace: ",
    "group: ",
    "version: ",
    "labelSelector: ",
    "annotationSelector: ",
    "(?i)",
    "\\p{L}",
    "[[:alpha:]]",
    ".*",
    "=== object\n",
    "=== selector\n",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
