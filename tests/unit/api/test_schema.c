/*
 * The field tables of libgotk/api against the schemas in crds/: each property of a schema has a row and each row a
 * property, with the right kind and required flag, in every nested object. Runs from the project's root.
 */
#include "libgotk/api/kustomization.h"
#include "libgotk/api/source.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static const struct {
    enum field_kind kind;
    const char *types; /* schema types that fit, space-separated */
} kind_types[] = {
    { FIELD_KIND_STRING, "string" },     { FIELD_KIND_BOOL, "boolean" },     { FIELD_KIND_INT, "integer" },
    { FIELD_KIND_STRUCT, "object" },     { FIELD_KIND_POINTER, "object" },   { FIELD_KIND_LIST, "array" },
    { FIELD_KIND_STRING_LIST, "array" }, { FIELD_KIND_DOC, "object array" },
};

static const struct field *find_row(const struct field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (str_eq(fields->name, name))
            return fields;
    return NULL;
}

static bool is_required(const struct doc *schema, const char *name)
{
    doc_each (entry, doc_find(schema, "required"))
        if (str_eq(doc_text(entry), name))
            return true;
    return false;
}

static bool kind_fits(enum field_kind kind, const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(kind_types); i++)
        if (kind_types[i].kind == kind)
            return strstr(kind_types[i].types, type) != NULL;
    return false;
}

static int check_object(struct ctx *cx, const struct doc *schema, const struct field *fields,
                        const char *path);

static int check_row(struct ctx *cx, const struct doc *schema, const struct doc *property,
                     const struct field *row, const char *path)
{
    const char *type = str_or(doc_text_at(property, "type"), "object");
    int bad = 0;
    if (!kind_fits(row->kind, type))
        bad += (print_error("%s: the schema says %s\n", path, type), 1);
    if (is_required(schema, row->name) != ((row->flags & FIELD_REQUIRED) != 0))
        bad += (print_error("%s: the required flags disagree\n", path), 1);
    if (row->fields)
        bad += check_object(cx, row->kind == FIELD_KIND_LIST ? doc_find(property, "items") : property,
                            row->fields, path);
    return bad;
}

static int check_object(struct ctx *cx, const struct doc *schema, const struct field *fields,
                        const char *path)
{
    int bad = 0;
    const struct doc *properties = doc_find(schema, "properties");
    doc_each (property, properties) {
        const char *name = str_fmt(cx->arena, "%s.%s", path, doc_key(property));
        const struct field *row = find_row(fields, doc_key(property));
        bad += row ? check_row(cx, schema, property, row, name) : (print_error("%s: no row\n", name), 1);
    }
    return bad;
}

static int check_rows_exist(const struct doc *schema, const struct field *fields, const char *path)
{
    int bad = 0;
    for (; fields->name; fields++)
        if (!doc_path(schema, "properties", fields->name))
            bad += (print_error("%s.%s: not in the schema\n", path, fields->name), 1);
    return bad;
}

static const struct doc *schema_of(struct ctx *cx, const char *file, const char *version)
{
    struct buf text;
    struct doc *crd = NULL;
    assert_ok(cx, fs_read_file(cx, file, (size_t)4 << 20, &text));
    assert_ok(cx, yml_parse(cx, buf_text(&text), text.len, file, &crd));
    doc_each (entry, doc_path(crd, "spec", "versions"))
        if (str_eq(doc_text_at(entry, "name"), version))
            return doc_path(entry, "schema", "openAPIV3Schema");
    fail_msg("%s has no version %s", file, version);
    return NULL;
}

static void check_kind(struct ctx *cx, const char *file, const struct field *spec, const struct field *status)
{
    const struct doc *schema = schema_of(cx, file, "v1");
    const struct doc *spec_schema = doc_path(schema, "properties", "spec");
    const struct doc *status_schema = doc_path(schema, "properties", "status");
    int bad = check_object(cx, spec_schema, spec, "spec") + check_object(cx, status_schema, status, "status");
    bad += check_rows_exist(spec_schema, spec, "spec") + check_rows_exist(status_schema, status, "status");
    assert_int_equal(bad, 0);
}

static void gitrepository_matches_its_schema(void **state)
{
    check_kind(unit_cx(state), "crds/source.toolkit.fluxcd.io_gitrepositories.yaml",
               gitrepository_spec_fields, gitrepository_status_fields);
}

static void kustomization_matches_its_schema(void **state)
{
    check_kind(unit_cx(state), "crds/kustomize.toolkit.fluxcd.io_kustomizations.yaml",
               kustomization_spec_fields, kustomization_status_fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(gitrepository_matches_its_schema),
        UNIT_TEST(kustomization_matches_its_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
