/* The tables of kustomize's unit tests whose rows are whole builds. */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kustomize/build.h"
#include "tests/unit/lib/rows.h"

#include <string.h>

#define OUTPUT_MAX ((size_t)16 << 20)

static const char *write_tree(struct ctx *cx, const struct rows_row *row)
{
    const char *root = unit_tmpdir(cx);
    for (size_t i = 0; i < row->sections.len; i++) {
        const struct rows_section *s = &row->sections.at[i];
        if (!strcmp(s->name, "want") || !strcmp(s->name, "error"))
            continue;
        const char *path = str_fmt(cx->arena, "%s/%s", root, s->name);
        assert_ok(cx, fs_mkdirs(cx, str_ndup(cx->arena, path, (size_t)(strrchr(path, '/') - path)), 0755));
        assert_ok(cx, fs_write_atomic(cx, path, s->text, s->len, 0644));
    }
    return root;
}

/* A row whose sections are the files of a tree. */
static bool builds(struct ctx *cx, const struct rows_row *row)
{
    struct kustomize_options options = { .root = write_tree(cx, row), .dir = "." };
    struct doc *resources = NULL;
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    int rc = kustomize_build(cx, &options, &resources);
    if (rc >= 0)
        kustomize_print(&out, resources);
    return rows_agree(cx, row, rc, buf_text(&out));
}

static void replacements(void **state UNUSED)
{
    rows_check("kustomize/replacement.rows", 95, builds);
}

static void image_transformers(void **state UNUSED)
{
    rows_check("kustomize/imagetag.rows", 24, builds);
}

static void generators(void **state UNUSED)
{
    rows_check("kustomize/generators.rows", 15, builds);
}

static void keys_and_values(void **state UNUSED)
{
    rows_check("kustomize/kv.rows", 110, builds);
}

static void files_of_resources(void **state UNUSED)
{
    rows_check("kustomize/resources.rows", 181, builds);
}

static struct doc *new_list(struct arena *a, struct doc *object, const char *key)
{
    struct doc *list = doc_array(a);
    doc_set(a, object, key, list);
    return list;
}

static struct doc *build_one(struct ctx *cx, const struct doc *file, const char *path, const char *text)
{
    struct doc *resources = NULL;
    struct kustomize_options options = { .root = unit_tmpdir(cx), .dir = ".", .file = file };
    assert_ok(cx,
              fs_write_atomic(cx, str_fmt(cx->arena, "%s/%s", options.root, path), text, strlen(text), 0644));
    return kustomize_build(cx, &options, &resources) < 0 ? NULL : resources;
}

/* A pod whose one container has the image, through an entry of `images`. */
static bool renames_image(struct ctx *cx, const struct rows_lines *all, size_t i)
{
    static const char *const fields[] = { "name", "newName", "newTag", "digest", "tagSuffix" };
    struct arena *a = cx->arena;
    char **cells = all->at[i].cells;
    struct doc *file = doc_object(a);
    struct doc *entry = doc_object(a);
    struct buf pod = buf_new(a, OUTPUT_MAX);
    for (size_t j = 0; j < ARRAY_LEN(fields); j++)
        if (cells[j + 1][0])
            doc_set_text(a, entry, fields[j], cells[j + 1]);
    doc_append_text(a, new_list(a, file, "resources"), "pod.yaml");
    doc_append(new_list(a, file, "images"), entry);
    buf_fmt(&pod, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - image: '%s'\n",
            cells[0]);
    struct doc *out = build_one(cx, file, "pod.yaml", buf_text(&pod));
    err_clear(cx);
    const struct doc *containers = doc_path(doc_at(out, 0), "spec", "containers");
    return rows_same(&all->at[i], cells[6], out ? doc_text_at(doc_at(containers, 0), "image") : "!");
}

static void images(void **state UNUSED)
{
    rows_check_lines("kustomize/image.tsv", 324, renames_image);
}

/* A patch that marks what its target selects. */
static bool selects(struct ctx *cx, const struct rows_lines *all, size_t i)
{
    struct arena *a = cx->arena;
    char **cells = all->at[i].cells;
    struct doc *file = doc_object(a);
    struct doc *patch = doc_object(a);
    struct doc *target = NULL;
    struct buf objects;
    struct buf names = buf_new(a, OUTPUT_MAX);
    assert_ok(cx, json_parse(cx, cells[0], strlen(cells[0]), "target", &target));
    assert_ok(cx, fs_read_file(cx, "tests/golden/kustomize/select.yaml", OUTPUT_MAX, &objects));
    doc_set(a, patch, "target", target);
    doc_set_text(a, patch, "patch", "[{\"op\":\"add\",\"path\":\"/hit\",\"value\":true}]");
    doc_append_text(a, new_list(a, file, "resources"), "in.yaml");
    doc_append(new_list(a, file, "patches"), patch);
    struct doc *out = build_one(cx, file, "in.yaml", buf_text(&objects));
    err_clear(cx);
    doc_each (d, out)
        if (doc_find(d, "hit"))
            buf_fmt(&names, "%s%s", names.len ? " " : "", doc_text(doc_path(d, "metadata", "name")));
    return rows_same(&all->at[i], cells[1][0] == '!' ? "!" : cells[1], out ? buf_text(&names) : "!");
}

static void targets_of_patches(void **state UNUSED)
{
    rows_check_lines("kustomize/select.tsv", 44, selects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replacements),       cmocka_unit_test(image_transformers),
        cmocka_unit_test(generators),         cmocka_unit_test(keys_and_values),
        cmocka_unit_test(files_of_resources), cmocka_unit_test(images),
        cmocka_unit_test(targets_of_patches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
