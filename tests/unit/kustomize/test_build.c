/* What the corpus does not cover: containment, remote files, messages that help, and builds that must stay linear. */
#include "libgotk/kustomize/generators.h"
#include "libgotk/kustomize/repospec.h"
#include "tests/unit/kustomize/tree.h"

#include <stdio.h>
#include <unistd.h>

#define CM(name) "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " name "\n"

static void fails(struct ctx *cx, const struct tree_file *files, size_t count, const char *dir, int code,
                  const char *part)
{
    struct kustomize_options options = { .root = tree_make(cx, files, count), .dir = dir };
    assert_null(tree_build(cx, &options));
    assert_error(cx, code, part);
}

static void an_unknown_field_is_named_with_the_nearest(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "overlay/kustomization.yaml", "resources:\n- ../base\n" },
        { "base/kustomization.yaml", "resources: []\nconfigmapgenerators:\n- name: x\n" },
    };
    fails(
        cx, files, 2, "overlay", ERR_INVALID,
        "invalid Kustomization: json: unknown field \"configmapgenerators\" (base/kustomization.yaml:2:1: did you mean "
        "\"configMapGenerator\"?)");
}

static void wrong_kinds_are_named(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = { { "kustomization.yaml", "commonLabels:\n  a: 1\n" } };
    fails(cx, files, 1, ".", ERR_INVALID,
          "json: cannot unmarshal number into Go struct field Kustomization.commonLabels of type string "
          "(kustomization.yaml:2:");
}

/* Kustomize itself panics over them as soon as something looks at annotations. */
static void annotations_must_be_a_map(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "kustomization.yaml", "resources: [a.yaml]\n" },
        { "a.yaml", CM("a") "  annotations:\n  - x\n" },
    };
    fails(
        cx, files, 2, ".", ERR_INVALID,
        "metadata.annotations is a list and no map in object {{v1 ConfigMap} {{a } map[] map[]}} (a.yaml:5)");
}

/* A prefix joins what stands in the file, whatever YAML takes it for. */
static void names_are_taken_as_they_are_written(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char *const names[] = { "5", "5.0", "0x10", "1e3", "True", "017", "2020-01-01", "1_000" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct tree_file files[] = {
            { "kustomization.yaml", "namePrefix: p-\nresources: [a.yaml]\n" },
            { "a.yaml",
              str_fmt(cx->arena, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n", names[i]) },
        };
        struct kustomize_options options = { .root = tree_make(cx, files, 2), .dir = "." };
        assert_non_null(strstr(tree_build(cx, &options), str_fmt(cx->arena, "name: p-%s\n", names[i])));
    }
}

static void nothing_leaves_the_root(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "a/kustomization.yaml", "resources: [../../../../../etc/passwd]\n" },
        { "b/kustomization.yaml", "configMapGenerator:\n- name: x\n  files: [/etc/passwd]\n" },
        { "c/kustomization.yaml", "configMapGenerator:\n- name: x\n  files: [link]\n" },
        { "d/kustomization.yaml", "resources: [link]\n" },
    };
    struct kustomize_options options = { .root = tree_make(cx, files, ARRAY_LEN(files)) };
    assert_int_equal(symlink("/etc/passwd", str_fmt(cx->arena, "%s/c/link", options.root)), 0);
    assert_int_equal(symlink("/etc", str_fmt(cx->arena, "%s/d/link", options.root)), 0);
    options.dir = "a";
    assert_null(tree_build(cx, &options));
    assert_error(cx, ERR_DENIED,
                 "fs-security-constraint: path '../../../../../etc/passwd' is not in or below");
    options.dir = "b";
    assert_null(tree_build(cx, &options));
    assert_error(cx, ERR_DENIED, "fs-security-constraint: path '/etc/passwd' is not in or below");
    options.dir = "c";
    assert_null(tree_build(cx, &options));
    assert_error(cx, ERR_NOT_FOUND, "open c/link: no such file or directory");
    options.dir = "d";
    assert_null(tree_build(cx, &options));
    assert_error(cx, ERR_NOT_FOUND, "not a valid directory");
    options.dir = "../..";
    assert_null(tree_build(cx, &options));
    assert_error(cx, ERR_DENIED, "fs-security-constraint");
}

static void links_inside_the_root_are_followed(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "real/deep/kustomization.yaml", "resources: [../a.yaml]\n" },
        { "real/a.yaml", CM("a") },
    };
    struct kustomize_options options = { .root = tree_make(cx, files, 2), .dir = "link" };
    assert_int_equal(symlink("real/deep", str_fmt(cx->arena, "%s/link", options.root)), 0);
    assert_string_equal(tree_build(cx, &options), CM("a"));
}

static void cycles_are_found(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "a/kustomization.yaml", "resources: [../b]\n" },
        { "b/kustomization.yaml", "resources: [../a]\n" },
    };
    fails(cx, files, 2, "a", ERR_INVALID,
          "cycle detected: candidate root 'a' contains visited root 'a' (the way here was a -> b)");
}

static void a_missing_file_comes_with_a_hint(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "kustomization.yaml", "resources: [deploymnet.yaml]\n" },
        { "deployment.yaml", CM("a") },
    };
    fails(cx, files, 2, ".", ERR_NOT_FOUND,
          "open deploymnet.yaml: no such file or directory (did you mean 'deployment.yaml'?)");
}

static int fetch(struct ctx *cx, void *user, const char *url, struct buf *ret_body)
{
    size_t *count = user;
    (*count)++;
    if (strstr(url, "gone")) {
        cx->err.http_status = 0;
        int rc = err_fail(cx, ERR_NOT_FOUND, "GET %s: 404 Not Found", url);
        cx->err.http_status = 404;
        return rc;
    }
    buf_str(ret_body, CM("remote"));
    return 0;
}

static void remote_files_come_through_the_caller(void **state)
{
    struct ctx *cx = unit_cx(state);
    size_t count = 0;
    static const struct tree_file files[] = {
        { "ok/kustomization.yaml", "resources: ['https://x.example/a/release.yaml']\nnamePrefix: p-\n" },
        { "gone/kustomization.yaml", "resources: ['https://x.example/gone.yaml']\n" },
    };
    struct kustomize_options options = {
        .root = tree_make(cx, files, 2), .dir = "ok", .allow_remote = true, .fetch = fetch, .user = &count
    };
    assert_string_equal(tree_build(cx, &options), CM("p-remote"));
    options.dir = "gone";
    assert_null(tree_build(cx, &options));
    assert_error(
        cx, ERR_NOT_FOUND,
        "accumulating resources from 'https://x.example/gone.yaml': HTTP Error: status code 404: GET "
        "https://x.example/gone.yaml: 404 Not Found");
    assert_int_equal(count, 2);
    options.dir = "ok";
    options.allow_remote = false;
    assert_null(tree_build(cx, &options));
    assert_error(cx, ERR_DENIED, "remote bases are disabled here (--no-remote-bases)");
    assert_int_equal(count, 2);
}

/* Gives a folder for what it is asked for. */
struct server {
    const char *dir;
    const char *asked;
};

static int no_file(struct ctx *cx, void *user, const char *url, struct buf *ret_body)
{
    (void)user, (void)ret_body;
    err_fail(cx, ERR_NOT_FOUND, "GET %s answered 404 Not Found", url);
    cx->err.http_status = 404;
    return err_code(cx);
}

static int clone(struct ctx *cx, void *user, const struct repospec *spec, const char **ret_dir)
{
    struct server *server = user;
    const char *url = repospec_url(cx->arena, spec);
    server->asked = str_fmt(cx->arena, "%s%s at '%s'", str_or(server->asked, ""), url, spec->ref);
    if (strstr(url, "gone"))
        return err_fail(cx, ERR_NOT_FOUND, "unable to clone '%s': repository not found", url);
    *ret_dir = server->dir;
    return 0;
}

static const struct tree_file clone_users[] = {
    { "ok/kustomization.yaml", "resources: ['https://x.example/a/b//base?ref=v1']\nnamePrefix: p-\n" },
    { "short/kustomization.yaml",
      "resources: ['github.com/a/b']\ncomponents: ['git@x.example:c/d//part']\n" },
    { "gone/kustomization.yaml", "resources: ['https://x.example/gone/b']\n" },
    { "out/kustomization.yaml", "resources: ['https://x.example/a/b//out']\n" },
    { "broken/kustomization.yaml", "resources: [../ok, 'https://x.example/a/b//broken?ref=v2']\n" },
    { "cycle/kustomization.yaml", "resources: ['https://x.example/a/b//cycle']\n" },
};

static const struct tree_file cloned[] = {
    { "kustomization.yaml", "resources: [base]\n" },
    { "base/kustomization.yaml", "resources: [a.yaml]\n" },
    { "base/a.yaml", CM("a") },
    { "part/kustomization.yaml",
      "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -s\n" },
    { "out/kustomization.yaml", "resources: [../../other]\n" },
    { "broken/kustomization.yaml", "resource: []\n" },
    { "cycle/kustomization.yaml", "resources: ['https://x.example/a/b//cycle']\n" },
};

static void repositories_come_through_the_caller(void **state)
{
    static const struct {
        const char *dir;
        const char *asked;
        int code;
        const char *result; /* what is printed, or a part of the error */
    } rows[] = {
        { "ok", "https://x.example/a/b at 'v1'", 0, CM("p-a") },
        { "short", "https://github.com/a/b at ''git@x.example:c/d at ''", 0, CM("a-s") },
        { "gone", "https://x.example/gone/b at ''", ERR_NOT_FOUND,
          "accumulation err='accumulating resources from 'https://x.example/gone/b': HTTP Error: status code 404: GET "
          "https://x.example/gone/b answered 404 Not Found': unable to clone 'https://x.example/gone/b': repository not "
          "found" },
        { "out", "https://x.example/a/b at ''", ERR_DENIED,
          "security; bases in kustomizations found in cloned git repos must be within the repo, but base '../../other' is "
          "outside 'https://x.example/a/b' (named in 'https://x.example/a/b//out')" },
        { "broken", "https://x.example/a/b at 'v1'https://x.example/a/b at 'v2'", ERR_INVALID,
          "couldn't make target for path 'https://x.example/a/b//broken?ref=v2': invalid Kustomization: json: unknown field "
          "\"resource\" (https://x.example/a/b//broken/kustomization.yaml:1:1: did you mean \"resources\"?)" },
        { "cycle", "https://x.example/a/b at ''", ERR_INVALID,
          "cycle detected: URI 'https://x.example/a/b//cycle' referenced by previous URI 'https://x.example/a/b//cycle' "
          "(the way here was cycle -> https://x.example/a/b//cycle)" },
    };
    struct ctx *cx = unit_cx(state);
    const char *root = tree_make(cx, clone_users, ARRAY_LEN(clone_users));
    const char *dir = tree_make(cx, cloned, ARRAY_LEN(cloned));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = { .dir = dir };
        const struct kustomize_options options = { .root = root,
                                                   .dir = rows[i].dir,
                                                   .allow_remote = true,
                                                   .fetch = no_file,
                                                   .clone = clone,
                                                   .user = &server };
        const char *out = tree_build(cx, &options);
        assert_string_equal(server.asked, rows[i].asked);
        if (rows[i].code)
            assert_error(cx, rows[i].code, rows[i].result);
        else
            assert_string_equal(out, rows[i].result);
    }
}

static void what_would_run_programs_is_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file helm[] = { { "kustomization.yaml", "helmCharts:\n- name: x\n" } };
    static const struct tree_file plugin[] = {
        { "kustomization.yaml", "generators: [g.yaml]\n" },
        { "g.yaml", "apiVersion: x/v1\nkind: Exec\nmetadata:\n  name: x\n" },
    };
    fails(cx, helm, 1, ".", ERR_UNSUPPORTED, "must specify --enable-helm");
    fails(cx, plugin, 2, ".", ERR_UNSUPPORTED,
          "external plugins disabled; unable to load external plugin 'Exec'");
}

static void assert_hash(struct ctx *cx, const struct doc *d, const char *wanted)
{
    const char *hash = NULL;
    assert_ok(cx, generators_hash(cx, d, &hash));
    assert_string_equal(hash, wanted);
}

static void hashes_are_kustomizes(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct arena *a = cx->arena;
    struct doc *d = doc_object(a);
    doc_set_text(a, d, "kind", "ConfigMap");
    assert_hash(cx, d, "6ct58987ht");
    doc_set_text(a, doc_ensure(a, d, "data"), "a", "b");
    assert_hash(cx, d, "4h2mbtbbt6");
    struct doc *secret = doc_object(a);
    doc_set_text(a, secret, "kind", "Secret");
    doc_set_text(a, secret, "type", "Opaque");
    doc_ensure(a, secret, "data");
    assert_hash(cx, secret, "46f8b28mk5");
    doc_set_text(a, doc_ensure(a, secret, "data"), "a", "Yg==");
    assert_hash(cx, secret, "k695gkmbtk");
}

static void a_map_a_patch_deletes_stays_deleted(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct tree_file files[] = {
        { "kustomization.yaml",
          "resources: [a.yaml]\npatches:\n- patch: |\n    apiVersion: x/v1\n    kind: X\n    metadata:\n"
          "      name: a\n    spec:\n      gone:\n        $patch: delete\n        z: 1\n" },
        { "a.yaml",
          "apiVersion: x/v1\nkind: X\nmetadata:\n  name: a\nspec:\n  gone:\n    y: 1\n  kept: 1\n" },
    };
    struct kustomize_options options = { .root = tree_make(cx, files, 2) };
    assert_string_equal(tree_build(cx, &options),
                        "apiVersion: x/v1\nkind: X\nmetadata:\n  name: a\nspec:\n  kept: 1\n");
}

/* Resources, patches without target, replicas and references, all by the thousand. */
static void many_resources_stay_linear(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf all = buf_new(cx->arena, 1 << 24);
    struct buf file = buf_new(cx->arena, 1 << 24);
    buf_str(&file, "namePrefix: p-\nnamespace: ns\nresources: [all.yaml]\npatches:\n");
    for (int i = 0; i < 2000; i++) {
        buf_fmt(
            &all,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c%d\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  "
            "name: d%d\nspec:\n  volumes:\n  - name: v\n    configMap: {name: c%d}\n",
            i, i, i);
        buf_fmt(&file, "- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: c%d}, data: {a: b}}'\n",
                i);
    }
    const struct tree_file files[] = { { "kustomization.yaml", buf_text(&file) },
                                       { "all.yaml", buf_text(&all) } };
    struct kustomize_options options = { .root = tree_make(cx, files, 2) };
    int64_t start = ctx_now_ms();
    const char *out = tree_build(cx, &options);
    assert_non_null(out);
    assert_non_null(strstr(out, "      name: p-c1999\n"));
    assert_true(ctx_now_ms() - start < unit_slow(20000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_unknown_field_is_named_with_the_nearest),
        UNIT_TEST(wrong_kinds_are_named),
        UNIT_TEST(annotations_must_be_a_map),
        UNIT_TEST(names_are_taken_as_they_are_written),
        UNIT_TEST(nothing_leaves_the_root),
        UNIT_TEST(links_inside_the_root_are_followed),
        UNIT_TEST(cycles_are_found),
        UNIT_TEST(a_missing_file_comes_with_a_hint),
        UNIT_TEST(remote_files_come_through_the_caller),
        UNIT_TEST(repositories_come_through_the_caller),
        UNIT_TEST(what_would_run_programs_is_refused),
        UNIT_TEST(hashes_are_kustomizes),
        UNIT_TEST(a_map_a_patch_deletes_stays_deleted),
        UNIT_TEST(many_resources_stay_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
