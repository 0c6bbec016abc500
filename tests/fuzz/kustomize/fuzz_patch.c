/*
 * fuzz_patch.c: strategic merge patches, JSON patches and merge patches on an object.
 *
 * Parts: the object, the patch. What a merge patch made is told apart by a diff, and the diff makes it again.
 */
#include "libgotk/doc/patch.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/smp.h"
#include "tests/fuzz/lib/fuzz.h"

#define TEXT_MAX ((size_t)32 << 20)

static void print(struct ctx *cx, const struct doc *d)
{
    struct buf out = buf_new(cx->arena, TEXT_MAX);
    yml_print(&out, d);
}

static void merge_and_diff(struct ctx *cx, const struct doc *object, const struct doc *patch)
{
    struct doc *merged = doc_copy(cx->arena, object), *again = doc_copy(cx->arena, object);
    if (patch_merge(cx, &merged, patch) < 0)
        return;
    struct doc *diff = patch_diff(cx->arena, object, merged);
    if (!diff || doc_kind(object) != DOC_OBJECT)
        return;
    if (patch_merge(cx, &again, diff) == 0)
        print(cx, again);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[2];
    struct doc *object = NULL, *patch = NULL;
    if (fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts)) != 2 ||
        yml_parse_as(cx, parts[0].text, parts[0].len, "object", YML_SOURCE, &object) < 0 ||
        yml_parse_as(cx, parts[1].text, parts[1].len, "patch", YML_SOURCE, &patch) < 0)
        return;
    struct doc *target = doc_copy(cx->arena, object), *result = NULL;
    if (patch_json6902(cx, &target, patch) == 0)
        print(cx, target);
    err_clear(cx);
    target = doc_copy(cx->arena, object);
    if (smp_apply(cx, NULL, target, doc_copy(cx->arena, patch), &result) == 0)
        print(cx, result);
    err_clear(cx);
    merge_and_diff(cx, object, patch);
}

static const char *const seeds[] = {
    "tests/golden/jsonpatch/*.jsonl#doc,patch",
    "tests/golden/kustomize/smp.rows#object,patch",
    "=kind: Deployment\napiVersion: apps/v1\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c, image: i, "
    "ports: [{containerPort: 1, protocol: TCP}], env: [{name: A, value: b}]}]}}}\n=== patch\n{spec: {replicas: 2, template: "
    "{spec: {containers: [{name: c, image: j, $patch: replace, env: [{name: A, $patch: delete}], ports: [{containerPort: 1, "
    "protocol: UDP}]}, {name: d}]}}}}\n",
    "=kind: Service\napiVersion: v1\nspec: {ports: [{port: 1}, {port: 2, protocol: UDP}]}\n=== patch\n{spec: {ports: [{port: 2, "
    "name: x}, {$patch: replace}], $retainKeys: [ports], $setElementOrder/ports: [{port: 2}]}}\n",
    "=a: {b: 1}\n=== patch\n$patch: delete\n",
    "=a: [1, 2]\n=== patch\na: [2, 3]\nb: null\n",
    NULL,
};

static const char *const words[] = {
    "$patch: delete",
    "$patch: replace",
    "$patch: merge",
    "$setElementOrder/",
    "$deleteFromPrimitiveList/",
    "$retainKeys: ",
    "op: ",
    "path: ",
    "from: ",
    "value: ",
    "add",
    "remove",
    "replace",
    "move",
    "copy",
    "test",
    "/-",
    "~0",
    "~1",
    "null",
    "name: ",
    "containerPort: ",
    "kind: Pod\napiVersion: v1\n",
    "spec: ",
    "containers: ",
    "env: ",
    "ports: ",
    "=== patch\n",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
