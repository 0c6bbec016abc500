/* The tables of what Flux adds to kustomize: substitution, the root kustomization it makes, and containment of links. */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/generate.h"
#include "libgotk/kustomize/read.h"
#include "libgotk/kustomize/varsub.h"
#include "tests/unit/lib/rows.h"

#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)16 << 20)

static struct map read_vars(struct ctx *cx, const char *json)
{
    struct doc *d = NULL;
    struct map vars = map_new(cx->arena);
    assert_ok(cx, json_parse(cx, json, strlen(json), "vars", &d));
    doc_each (var, d)
        map_set(&vars, doc_key(var), str_dup(cx->arena, doc_text(var)));
    return vars;
}

static bool substitutes(struct ctx *cx, const struct rows_row *row)
{
    struct resources objects = { 0 };
    struct doc *result = NULL;
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    const char *text = rows_text(row, "object");
    struct map vars = read_vars(cx, rows_text(row, "vars"));
    bool strict = !strcmp(rows_word(cx, row, "mode"), "strict");
    assert_ok(cx, read_resources(cx, text, strlen(text), NULL, &objects));
    int rc = varsub_resource(cx, objects.at[0]->doc, &vars, strict, &result);
    if (rc >= 0 && result)
        yml_print(&out, result);
    return rows_agree(cx, row, rc, result ? buf_text(&out) : "untouched\n");
}

static bool is_input(const char *section)
{
    static const char *const others[] = { "want", "error", "dir", "spec", "kustomization" };
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (!strcmp(others[i], section))
            return false;
    return true;
}

static void write_file(struct ctx *cx, const char *top, const struct rows_section *s)
{
    bool link = str_starts(s->name, "link ");
    const char *path = str_fmt(cx->arena, "%s/%s", top, s->name + (link ? strlen("link ") : 0));
    const char *text = str_replace(cx->arena, s->text, "TOP", top);
    assert_ok(cx, fs_mkdirs(cx, str_ndup(cx->arena, path, (size_t)(strrchr(path, '/') - path)), 0755));
    if (link)
        assert_int_equal(symlink(str_trim(cx->arena, text), path), 0);
    else
        assert_ok(cx, fs_write_atomic(cx, path, text, strlen(text), 0644));
}

/* Writes the row's files and links below a fresh folder and returns it. */
static const char *write_tree(struct ctx *cx, const struct rows_row *row)
{
    const char *top = unit_tmpdir(cx);
    for (size_t i = 0; i < row->sections.len; i++)
        if (is_input(row->sections.at[i].name))
            write_file(cx, top, &row->sections.at[i]);
    return top;
}

static bool builds(struct ctx *cx, const struct rows_row *row, const struct kustomize_options *options)
{
    struct doc *resources = NULL;
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    int rc = kustomize_build(cx, options, &resources);
    if (rc >= 0)
        kustomize_print(&out, resources);
    return rows_agree(cx, row, rc, buf_text(&out));
}

static bool contains(struct ctx *cx, const struct rows_row *row)
{
    struct kustomize_options options = { .root = str_fmt(cx->arena, "%s/root", write_tree(cx, row)),
                                         .dir = rows_word(cx, row, "dir") };
    return builds(cx, row, &options);
}

/* Takes out what says nothing: empty texts and lists. */
static void drop_empty(struct doc *d)
{
    struct doc *next = NULL;
    for (struct doc *child = doc_first(d); child; child = next) {
        next = doc_next(child);
        drop_empty(child);
        bool empty = doc_kind(child) == DOC_ARRAY ? !doc_len(child)
                                                  : doc_kind(child) == DOC_STRING && !doc_text(child)[0];
        if (empty && doc_kind(d) == DOC_OBJECT)
            doc_remove(d, doc_key(child));
    }
}

static bool is_as_told(struct ctx *cx, const struct rows_row *row, const struct doc *file)
{
    struct doc *d = doc_copy(cx->arena, file);
    const char *want = rows_word(cx, row, "kustomization");
    doc_remove(d, "apiVersion");
    doc_remove(d, "kind");
    drop_empty(d);
    const char *got = json_text(cx->arena, d, JSON_GO);
    if (!strcmp(got, want))
        return true;
    print_error("line %d, %s: wanted the kustomization %s, got %s\n", row->line, row->name, want, got);
    return false;
}

static bool generates(struct ctx *cx, const struct rows_row *row)
{
    struct doc *spec = NULL;
    struct doc *file = NULL;
    const char *text = rows_text(row, "spec");
    struct kustomize_options options = { .root = write_tree(cx, row), .dir = rows_word(cx, row, "dir") };
    assert_ok(cx, yml_parse(cx, text, strlen(text), "spec", &spec));
    int rc = kustomize_generate(cx, &options, spec, &file);
    if (!rows_text(row, "kustomization"))
        return rows_agree(cx, row, rc, "a kustomization");
    if (rc < 0)
        return rows_agree(cx, row, rc, NULL);
    options.file = file;
    return is_as_told(cx, row, file) & builds(cx, row, &options);
}

static void substitution(void **state UNUSED)
{
    rows_check("kustomize/varsub.rows", 115, substitutes);
}

static void the_root_kustomization(void **state UNUSED)
{
    rows_check("kustomize/generate.rows", 125, generates);
}

static void links_and_roots(void **state UNUSED)
{
    rows_check("kustomize/securefs.rows", 72, contains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(substitution),
        cmocka_unit_test(the_root_kustomization),
        cmocka_unit_test(links_and_roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
