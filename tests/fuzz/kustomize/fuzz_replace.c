/*
 * fuzz_replace.c: paths of replacements, and whole replacements.
 *
 * Parts: a path, or a list of replacements as a kustomization has it, or one that has; the objects.
 */
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/fieldpath.h"
#include "libgotk/kustomize/read.h"
#include "libgotk/kustomize/transform.h"
#include "tests/fuzz/lib/fuzz.h"

#define TEXT_MAX ((size_t)32 << 20)

/* A path's parts, as they come out of a text or are listed; NULL when it is neither. */
static const char **parts_of(struct arena *a, const struct doc *path)
{
    size_t n = 0;
    const char **parts = ARENA_ARRAY(a, const char *, doc_len(path) + 1);
    if (doc_text(path))
        return fieldpath_split(a, doc_text(path));
    doc_each (part, path)
        if (doc_text(part))
            parts[n++] = doc_text(part);
    return n && n == doc_len(path) ? parts : NULL;
}

static void follow(struct ctx *cx, const char **parts, struct doc *d)
{
    static const int create[] = { -1, DOC_STRING, DOC_OBJECT, DOC_ARRAY };
    struct doc *found = NULL;
    struct fieldpath_hits hits = { 0 };
    if (fieldpath_lookup(cx, d, parts, &found) < 0)
        err_clear(cx);
    for (size_t i = 0; i < ARRAY_LEN(create); i++) {
        if (fieldpath_match(cx, doc_copy(cx->arena, d), parts, create[i], &hits) < 0)
            err_clear(cx);
    }
}

static void follow_path(struct ctx *cx, const struct doc *path, struct doc *d)
{
    struct doc *found = NULL;
    const char **parts = parts_of(cx->arena, path);
    if (parts)
        follow(cx, parts, d);
    if (doc_text(path) && fieldpath_lookup(cx, d, fieldpath_of_var(cx->arena, doc_text(path)), &found) < 0)
        err_clear(cx);
}

static void replace(struct ctx *cx, const struct doc *replacements, const struct resources *list)
{
    struct doc *config = doc_object(cx->arena);
    struct ktarget_build build = { 0 };
    struct kload load = { .root = "/", .rootfd = -1, .dir = "." };
    struct ktarget target = { .build = &build, .load = &load, .file_name = "kustomization.yaml" };
    struct transform_plan plan = { .target = &target };
    struct resmap m = resmap_new(cx->arena);
    doc_set(cx->arena, config, "replacements", doc_copy(cx->arena, replacements));
    for (size_t i = 0; i < list->len; i++)
        if (resmap_append(cx, &m, list->at[i]) < 0)
            return;
    doc_each (entry, doc_find(config, "replacements"))
        doc_remove(entry, "path"); /* names a file */
    if (transform_replace_config(cx, &plan, config) < 0 || transform_run(cx, &plan, &m) < 0)
        return;
    for (size_t i = 0; i < m.list.len; i++) {
        struct buf out = buf_new(cx->arena, TEXT_MAX);
        yml_print(&out, m.list.at[i]->doc);
    }
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[2];
    struct doc *what = NULL;
    struct resources list = { 0 };
    if (fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts)) != 2 ||
        yml_parse_as(cx, parts[0].text, parts[0].len, "replacements", YML_11 | YML_LAST_WINS, &what) < 0 ||
        read_resources(cx, parts[1].text, parts[1].len, "objects.yaml", &list) < 0)
        return;
    for (size_t i = 0; i < list.len; i++)
        follow_path(cx, what, list.at[i]->doc);
    if (doc_kind(what) == DOC_OBJECT)
        what = doc_find(what, "replacements"); /* of a kustomization */
    if (doc_kind(what) == DOC_ARRAY)
        replace(cx, what, &list);
}

#define OBJECTS                                                                                                             \
    "=== objects\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {x.y/z: '{\"a\": [1, {\"b\": 2}]}'}}\n" \
    "data: {k: 'one/two', j: '{\"a\": {\"b\": 1}}', y: \"a:\\n- b: c\\n\"}\n---\napiVersion: apps/v1\nkind: Deployment\n"   \
    "metadata: {name: d}\nspec: {replicas: 1, template: {spec: {containers: [{name: c, image: i:1}, {name: e, image: j}]}}}\n"

static const char *const seeds[] = {
    "tests/golden/kustomize/match.rows#path,object",
    "tests/golden/kustomize/replacement.rows#kustomization.yaml,in.yaml",
    "=spec.template.spec.containers.[name=c].image\n" OBJECTS,
    "=spec.template.spec.containers.*.image\n" OBJECTS,
    "=spec.template.spec.containers.0.env.[name=A].value\n" OBJECTS,
    "=metadata.annotations.[x.y/z].a.1.b\n" OBJECTS,
    "=metadata.annotations.x\\.y/z\n" OBJECTS,
    "=data.j.a.b\n" OBJECTS,
    "=spec.template.spec.containers.-.name\n" OBJECTS,
    "=- source: {kind: ConfigMap, name: a, fieldPath: data.k, options: {delimiter: /, index: 1}}\n  targets:\n"
    "  - select: {kind: Deployment}\n    reject: [{name: x}]\n    fieldPaths: ['spec.template.spec.containers.[name=c].image']\n"
    "    options: {delimiter: ':', index: 1}\n" OBJECTS,
    "=- source: {kind: Deployment, fieldPath: spec.replicas}\n  targets:\n  - select: {kind: ConfigMap, labelSelector: '!a'}\n"
    "    fieldPaths: [data.j.a.b, data.y.a.0.b, data.new.x]\n    options: {create: true}\n" OBJECTS,
    "=- sourceValue: v\n  targets:\n  - select: {name: a}\n    fieldPaths: [metadata.annotations.q, spec.a.b.-.c]\n"
    "    options: {create: true, delimiter: '', index: -1}\n" OBJECTS,
    NULL,
};

static const char *const words[] = {
    "source: ",
    "sourceValue: ",
    "targets: ",
    "select: ",
    "reject: ",
    "fieldPaths: ",
    "fieldPath: ",
    "options: ",
    "delimiter: ",
    "index: ",
    "create: true",
    "kind: ",
    "name: ",
    "namespace: ",
    "labelSelector: ",
    ".[name=",
    "].",
    ".*.",
    ".-",
    "\\.",
    ".0.",
    "{\"a\":",
    "[1]",
    "=== objects\n",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
