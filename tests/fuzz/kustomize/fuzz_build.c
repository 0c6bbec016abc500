/*
 * fuzz_build.c: a whole small build, of a tree whose files are the parts of the input.
 *
 * The tree lies in memory (/dev/shm); a part's name is a path below it. The folder "over" is built when there is one, as
 * `kustomize build` does and, in the same tree, as Flux does. The first part may be the spec of a Flux Kustomization. A file
 * behind a URL is the tree's file of that name; every repository is the tree's folder "clone", unless it is not there.
 */
#include "libgotk/kustomize/build.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/generate.h"
#include "libgotk/kustomize/repospec.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

#define FILES_MAX 40
#define TEXT_MAX  ((size_t)32 << 20)

/* What was printed is YAML again. */
static void build(struct ctx *cx, const struct kustomize_options *options)
{
    struct doc *resources = NULL, *again = NULL;
    struct buf out = buf_new(cx->arena, TEXT_MAX);
    if (kustomize_build(cx, options, &resources) < 0) {
        fuzz_that(err_message(cx)[0] && err_code(cx) != ERR_INTERNAL);
        return;
    }
    kustomize_print(&out, resources);
    if (!out.overflow && yml_parse_all(cx, buf_text(&out), out.len, "printed", &again) < 0)
        fuzz_that(err_code(cx) == ERR_LIMIT || err_code(cx) == ERR_TIMEOUT);
}

static int fetch(struct ctx *cx, void *user, const char *url, struct buf *ret_body)
{
    const char *path = str_fmt(cx->arena, "%s%s", (const char *)user, strrchr(url, '/'));
    return fs_is_dir(path) ? err_fail(cx, ERR_NOT_FOUND, "%s: 404", url)
                           : fs_read_file(cx, path, TEXT_MAX, ret_body);
}

static int clone(struct ctx *cx, void *user, const struct repospec *spec, const char **ret_dir)
{
    *ret_dir = str_fmt(cx->arena, "%s/clone", (const char *)user);
    return fs_is_dir(*ret_dir) ? 0 : err_fail(cx, ERR_NOT_FOUND, "%s: no such repository", spec->repo);
}

static void build_as_flux(struct ctx *cx, struct kustomize_options *options, const struct fuzz_part *spec)
{
    struct doc *d = NULL, *file = NULL;
    if (spec && yml_parse(cx, spec->text, spec->len, "spec", &d) < 0)
        err_clear(cx);
    if (kustomize_generate(cx, options, doc_kind(d) == DOC_OBJECT ? d : NULL, &file) < 0)
        return;
    options->file = file;
    build(cx, options);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[FILES_MAX];
    const char *root = fuzz_folder();
    size_t count = fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts));
    if (!count)
        return;
    fuzz_write_tree(cx, root, parts, count);
    struct kustomize_options options = {
        .root = root,
        .dir = fs_exists(str_fmt(cx->arena, "%s/over", root)) ? "over" : ".",
        .reorder = KUSTOMIZE_REORDER_LEGACY,
        .root_only = true,
        .allow_remote = true,
        .fetch = fetch,
        .clone = clone,
        .user = (void *)(uintptr_t)root,
    };
    build(cx, &options);
    err_clear(cx);
    options.reorder = KUSTOMIZE_REORDER_NONE;
    options.root_only = false;
    build_as_flux(cx, &options, parts[0].name[0] ? NULL : &parts[0]);
}

static const char *const seeds[] = {
    "tests/golden/kustomize/generate.rows#spec,*",
    "tests/golden/kustomize/generators.rows#*",
    "tests/golden/kustomize/imagetag.rows#*",
    "tests/golden/kustomize/kv.rows#*",
    "tests/golden/kustomize/replacement.rows#*",
    "tests/golden/kustomize/resources.rows#*",
    "tests/golden/kustomize/trees/*.txt#*",
    "../shared/corpus/kustomize/krusty/*/input/",
    "../shared/corpus/kustomize/plugins/*/input/",
    "=targetNamespace: x\nnamePrefix: p-\nnameSuffix: -s\nimages: [{name: i, newTag: '2'}]\npatches: [{patch: '{apiVersion: v1, kind: "
    "A, metadata: {name: a}, x: 1}'}]\ncomponents: [c]\nbuildMetadata: [originAnnotations]\n=== a.yaml\napiVersion: v1\nkind: A\n"
    "metadata: {name: a}\n=== c/kustomization.yaml\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n",
    "=\n=== kustomization.yaml\nresources: ['https://x.y/z/a.yaml', 'https://github.com/o/r//d?ref=v1', 'git@github.com:o/r.git']\n"
    "=== a.yaml\n{apiVersion: v1, kind: A, metadata: {name: a}}\n=== clone/kustomization.yaml\nresources: [a.yaml]\n"
    "=== clone/a.yaml\n{apiVersion: v1, kind: B, metadata: {name: b}}\n=== clone/d/kustomization.yaml\nresources: [../, 'https://github.com/o/r']\n",
    "=\n=== kustomization.yaml\nresources: [a.yaml]\nhelmCharts: [{name: x, repo: 'https://x.y'}]\ngenerators: [g.yaml]\n=== a.yaml\n"
    "{apiVersion: v1, kind: A, metadata: {name: a}}\n=== g.yaml\napiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\n",
    "=\n=== kustomization.yaml\nresources: [a.yaml]\nsortOptions: {order: legacy, legacySortOptions: {orderFirst: [B], orderLast: [A]}}\n"
    "buildMetadata: [managedByLabel, originAnnotations, transformerAnnotations]\n=== a.yaml\n{apiVersion: v1, kind: A, metadata: {name: a}}\n---\n"
    "apiVersion: v1\nkind: B\nmetadata:\n  name: a\n  annotations:\n    x: >-\n      folded text\n      of lines\n\n      and more\n",
    NULL,
};

static const char *const words[] = {
    "=== kustomization.yaml\n",
    "=== over/kustomization.yaml\n",
    "=== a.yaml\n",
    "resources:\n- ",
    "bases: ",
    "components: ",
    "crds: ",
    "generators: ",
    "transformers: ",
    "validators: ",
    "configMapGenerator:\n- ",
    "secretGenerator:\n- ",
    "generatorOptions: ",
    "patches:\n- ",
    "patchesStrategicMerge:\n- ",
    "patchesJson6902:\n- ",
    "images:\n- ",
    "replicas:\n- ",
    "replacements:\n- ",
    "vars:\n- ",
    "namespace: ",
    "namePrefix: ",
    "nameSuffix: ",
    "labels:\n- ",
    "commonLabels: ",
    "commonAnnotations: ",
    "openapi: ",
    "configurations:\n- ",
    "sortOptions: ",
    "buildMetadata: ",
    "literals: ",
    "envs: ",
    "files: ",
    "behavior: merge",
    "options: ",
    "disableNameSuffixHash: true",
    "target: ",
    "path: ",
    "patch: ",
    "pairs: ",
    "includeSelectors: true",
    "newName: ",
    "newTag: ",
    "digest: ",
    "objref: ",
    "fieldref: ",
    "kind: List\n",
    "items:\n- ",
    "apiVersion: v1\n",
    "kind: ",
    "metadata: ",
    "name: ",
    "$(VAR)",
    "../",
    "https://a/b",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
