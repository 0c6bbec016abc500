/* The root kustomization of a Flux object: found, made, and laid over. */
#include "libgotk/doc/json.h"
#include "libgotk/kustomize/generate.h"
#include "tests/unit/kustomize/tree.h"

#define CONFIG_MAP "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"

static const char *generate(struct ctx *cx, const char *root, const char *dir, const char *spec_json)
{
    struct doc *spec = NULL;
    struct doc *file = NULL;
    struct kustomize_options options = { .root = root, .dir = dir };
    if (spec_json)
        assert_ok(cx, json_parse(cx, spec_json, strlen(spec_json), "spec", &spec));
    if (kustomize_generate(cx, &options, spec, &file) < 0)
        return NULL;
    return json_text(cx->arena, file, JSON_SORTED);
}

static void names_all_manifests_when_there_is_no_file(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "app/b.yaml", CONFIG_MAP },
        { "app/a.yml", CONFIG_MAP },
        { "app/c.json", "{}" },
        { "app/sub/x.yaml", CONFIG_MAP },
        { "app/own/y.yaml", "broken: [" },
        { "app/own/kustomization.yml", "{}" },
        { "app/.hidden.yaml", "" },
    };
    const char *root = tree_make(cx, files, ARRAY_LEN(files));
    assert_string_equal(
        generate(cx, root, "app", NULL),
        "{\"resources\":[\"./.hidden.yaml\",\"./a.yml\",\"./b.yaml\",\"./own\",\"./sub/x.yaml\"]}");
    assert_string_equal(generate(cx, root, "app/own", "{\"targetNamespace\":\"x\"}"),
                        "{\"buildMetadata\":[\"originAnnotations\"],\"namespace\":\"x\"}");
}

static void an_empty_folder_gets_a_placeholder(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = { { "app/readme.md", "" } };
    assert_string_equal(generate(cx, tree_make(cx, files, 1), "app", NULL),
                        "{\"namespace\":\"_placeholder\"}");
}

static void a_broken_manifest_is_named(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = { { "app/values.yaml", "replicas: 3\n" } };
    assert_null(generate(cx, tree_make(cx, files, 1), "app", NULL));
    assert_error(cx, ERR_INVALID,
                 "failed to decode Kubernetes YAML from app/values.yaml: missing Resource metadata");
}

static void reads_the_file_leniently(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "kustomization.yaml", "Resources: [a.yaml]\nfoo: bar\nimages:\n- name: x\n  newTag: 1.20\n"
                                "commonLabels: {a: yes, b: 3}\n" },
    };
    assert_string_equal(
        generate(cx, tree_make(cx, files, 1), ".", NULL),
        "{\"commonLabels\":{\"a\":\"true\",\"b\":\"3\"},\"images\":[{\"name\":\"x\",\"newTag\":\"1.2\"}],"
        "\"resources\":[\"a.yaml\"]}");
}

static void lays_the_spec_over(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "kustomization.yaml",
          "resources: [a.yaml]\nnamespace: old\nimages:\n- {name: x, newName: yy, digest: d}\n" },
        { "here/kustomization.yaml", "kind: Component\n" },
    };
    const char *root = tree_make(cx, files, ARRAY_LEN(files));
    assert_string_equal(
        generate(
            cx, root, ".",
            "{\"targetNamespace\":\"ns\",\"namePrefix\":\"p-\",\"nameSuffix\":\"-s\",\"ignoreMissingComponents\":true,"
            "\"components\":[\"here\",\"gone\"],\"images\":[{\"name\":\"x\",\"newTag\":\"1\"},{\"name\":\"z\",\"newName\":\"q\"}],"
            "\"patches\":[{\"patch\":\"t\",\"target\":{\"kind\":\"A\",\"other\":1}}],"
            "\"patchesStrategicMerge\":[{\"kind\":\"B\"}],"
            "\"patchesJson6902\":[{\"patch\":[{\"op\":\"add\"}],\"target\":{\"name\":\"c\"}}],"
            "\"buildMetadata\":[\"managedByLabel\"]}"),
        "{\"buildMetadata\":[\"managedByLabel\"],\"components\":[\"here\"],\"images\":[{\"digest\":\"\",\"name\":\"x\","
        "\"newName\":\"yy\",\"newTag\":\"1\"},{\"name\":\"z\",\"newName\":\"q\"}],\"namePrefix\":\"p-\",\"nameSuffix\":\"-s\","
        "\"namespace\":\"ns\",\"patches\":[{\"patch\":\"t\",\"target\":{\"kind\":\"A\"}}],"
        "\"patchesJson6902\":[{\"patch\":\"[{\\\"op\\\":\\\"add\\\"}]\",\"target\":{\"name\":\"c\"}}],"
        "\"patchesStrategicMerge\":[\"{\\\"kind\\\":\\\"B\\\"}\"],\"resources\":[\"a.yaml\"]}");
}

static void components_must_be_local(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = { { "kustomization.yaml", "resources: []\n" } };
    static const char *const paths[] = { "https://x/y", "GIT@h:x", "github.com/a/b", "/abs", "FILE:///x" };
    const char *root = tree_make(cx, files, 1);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_null(generate(cx, root, ".", str_fmt(cx->arena, "{\"components\":[\"%s\"]}", paths[i])));
        assert_error(cx, ERR_INVALID,
                     str_fmt(cx->arena, "component path '%s' must be local and relative", paths[i]));
    }
}

static void the_build_takes_the_generated_file(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = { { "app/a.yaml", CONFIG_MAP } };
    struct kustomize_options options = { .root = tree_make(cx, files, 1), .dir = "app" };
    struct doc *spec = doc_object(cx->arena);
    struct doc *file = NULL;
    doc_set_text(cx->arena, spec, "targetNamespace", "ns");
    assert_ok(cx, kustomize_generate(cx, &options, spec, &file));
    options.file = file;
    assert_string_equal(tree_build(cx, &options),
                        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: ns\n");
    assert_false(fs_exists(str_fmt(cx->arena, "%s/app/kustomization.yaml", options.root)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(names_all_manifests_when_there_is_no_file),
        UNIT_TEST(an_empty_folder_gets_a_placeholder),
        UNIT_TEST(a_broken_manifest_is_named),
        UNIT_TEST(reads_the_file_leniently),
        UNIT_TEST(lays_the_spec_over),
        UNIT_TEST(components_must_be_local),
        UNIT_TEST(the_build_takes_the_generated_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
