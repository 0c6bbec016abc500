/* What a user is told: what went wrong, in which file and line, and what would help. Whole messages. */
#include "tests/unit/kustomize/tree.h"

#define CM(name) "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " name "\n"

static const struct row {
    struct tree_file files[3];
    const char *message;
} rows[] = {
    { { { "kustomization.yaml",
          "resources: [a.yaml]\npatches:\n- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: ap}}'\n" },
        { "a.yaml", CM("app") } },
      "patches (kustomization.yaml:3): no resource matches strategic merge patch \"ConfigMap.v1.[noGrp]/ap.[noNs]\": no matches for Id ConfigMap.v1.[noGrp]/ap.[noNs]; failed to find unique target for patch ConfigMap.v1.[noGrp]/ap.[noNs] (did you mean ConfigMap.v1.[noGrp]/app.[noNs]?)" },
    { { { "kustomization.yaml", "resources: [a.yaml]\npatchesStrategicMerge:\n- p.yaml\n" },
        { "a.yaml", CM("app") },
        { "p.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n" } },
      "patchesStrategicMerge (kustomization.yaml:3): no matches for Id Secret.v1.[noGrp]/app.[noNs]; failed to find unique target for patch Secret.v1.[noGrp]/app.[noNs] (there is no Secret here at all)" },
    { { { "kustomization.yaml", "resources: [a.yaml, b.yaml]\n" },
        { "a.yaml", CM("app") },
        { "b.yaml", CM("app") } },
      "accumulating resources: accumulation err='accumulating resources from 'b.yaml': merging resources from 'b.yaml': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/app.[noNs] (there is one from a.yaml already)': must build at directory: 'b.yaml': file is not directory" },
    { { { "kustomization.yaml",
          "resources: [a.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: ap}\n  targets:\n  - select: {kind: ConfigMap}\n" },
        { "a.yaml", CM("app") } },
      "replacements (kustomization.yaml:3): nothing selected by ConfigMap.[noVer].[noGrp]/ap.[noNs] (did you mean ConfigMap.v1.[noGrp]/app.[noNs]?)" },
    { { { "kustomization.yaml",
          "resources: [a.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: app}\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [metadata.nam]\n" },
        { "a.yaml", CM("app") } },
      "replacements (kustomization.yaml:3): unable to find field \"metadata.nam\" in replacement target ConfigMap.v1.[noGrp]/app.[noNs] (did you mean \"name\"?)" },
    { { { "kustomization.yaml", "resources: [a.yaml]\nreplacements:\n- path: r.yaml\n" },
        { "a.yaml", CM("app") },
        { "r.yaml",
          "# one\n- source: {kind: ConfigMap}\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [spec.x.y]\n" } },
      "replacements (r.yaml:2): unable to find field \"spec.x.y\" in replacement target ConfigMap.v1.[noGrp]/app.[noNs] (instead of \"spec\" there is apiVersion, kind, metadata)" },
    { { { "kustomization.yaml", "resources: [a.yaml]\nreplacements:\n- source: {kind: ConfigMap}\n" },
        { "a.yaml", CM("app") } },
      "replacements (kustomization.yaml:3): replacements must specify a source and at least one target" },
    { { { "kustomization.yaml", "resources: [a.yaml]\nreplicas:\n- {name: ap, count: 2}\n" },
        { "a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\n" } },
      "replicas (kustomization.yaml:3): resource with name ap does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]] (did you mean Deployment.v1.apps/app.[noNs]?)" },
    { { { "kustomization.yaml", "configMapGenerator:\n- name: g\n  envs: [e.env]\n" },
        { "e.env", "A=b\n# c\nS=\xff\n" } },
      "configMapGenerator 'g' (kustomization.yaml:2): loading KV pairs: env source files: [e.env]: e.env: line 3 has invalid utf8 bytes: an env file is text in UTF-8" },
    { { { "kustomization.yaml", "resources: [a.yaml]\nopenapi:\n  path: schem.json\n" },
        { "a.yaml", CM("app") },
        { "schema.json", "{}" } },
      "openapi (kustomization.yaml:3): open schem.json: no such file or directory (did you mean 'schema.json'?)" },
    { { { "kustomization.yaml",
          "resources: [a.yaml]\npatchesJson6902:\n- target: {version: v1, kind: ConfigMap, name: app}\n  patch: '[{\"op\": \"remove\", \"path\": \"/data/x\"}]'\n" },
        { "a.yaml", CM("app") } },
      "patchesJson6902 (kustomization.yaml:3): patch of patchesJson6902 for ConfigMap.v1.[noGrp]/app.[noNs]: operation 1 (remove /data/x): remove operation does not apply: doc is missing path: \"/data/x\": missing value (there is no /data, but apiVersion, kind, metadata)" },
    { { { "kustomization.yaml", "resources: [a.yaml]\npatches:\n- path: p.yaml\n" },
        { "a.yaml", CM("app") },
        { "x.yaml", "" } },
      "trouble configuring builtin PatchTransformer: patches (kustomization.yaml:3): failed to get the patch file from path(p.yaml): open p.yaml: no such file or directory (did you mean 'a.yaml'?)" },
    { { { "kustomization.yaml",
          "resources: [a.yaml]\npatches:\n- patch: '[{\"op\": \"add\", \"path\": \"/a\", \"value\": 1}]'\n" },
        { "a.yaml", CM("app") } },
      "patches (kustomization.yaml:3): must specify a target for JSON patch [patch: \"[{\\\"op\\\": \\\"add\\\", \\\"path\\\": \\\"/a\\\", \\\"value\\\": 1}]\"]: say which resources it is for, e.g. target: {kind: Deployment, name: web}" },
    { { { "kustomization.yaml", "resources: [a.yaml, c.yaml]\nnamespace: x\n" },
        { "a.yaml", CM("app") },
        { "c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app, namespace: y}\n" } },
      "namespace (kustomization.yaml:2): namespace transformation produces ID conflict: [{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"app\"}} {\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"app\"}}] (from a.yaml and c.yaml)" },
};

static void messages_say_where_and_what_would_help(void **state)
{
    struct ctx *cx = unit_cx(state);
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = 0;
        while (n < ARRAY_LEN(rows[i].files) && rows[i].files[n].path)
            n++;
        struct kustomize_options options = { .root = tree_make(cx, rows[i].files, n) };
        assert_null(tree_build(cx, &options));
        if (strcmp(err_message(cx), rows[i].message) != 0) {
            print_error("wanted %s\ngot    %s\n", rows[i].message, err_message(cx));
            wrong++;
        }
        err_clear(cx);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(messages_say_where_and_what_would_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
