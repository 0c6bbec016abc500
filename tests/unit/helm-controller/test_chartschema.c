/* Charts' own schemas over the values of real charts: what helm says of those that do not fit, and nothing of the others.
 * The corpus lies beside the checkout; without it, that part is skipped. */
#include "helm-controller/template/chartvalues.h"
#include "helm-controller/template/convert.h"
#include "libgotk/base/fs.h"
#include "libgotk/doc/json.h"
#include "libgotk/helm/chartschema.h"
#include "libgotk/helm/valuesfile.h"
#include "tests/unit/lib/unit.h"

#include <stdlib.h>
#include <string.h>

#define CORPUS   "../shared/corpus/charts"
#define FILE_MAX ((size_t)8 << 20)
#define HEAD     "Error: values don't meet the specifications"

static const char *slurp(struct ctx *cx, const char *folder, const char *name)
{
    struct buf text = { 0 };
    const char *path = str_fmt(cx->arena, "%s/%s", folder, name);
    bool there = fs_read_file(cx, path, FILE_MAX, &text) == 0;
    err_clear(cx);
    return there ? buf_text(&text) : NULL;
}

/* Validates the coalesced values; *ret_validated is false when the chart did not come so far. */
static int validate(struct ctx *cx, const char *corpus, const char *folder, bool *ret_validated)
{
    const char *text = slurp(cx, folder, "case.json"), *values = slurp(cx, folder, "values.yaml");
    struct doc *options = NULL, *user = NULL, *all = NULL;
    struct chart *chart = NULL;
    struct vmap *coalesced = NULL;
    *ret_validated = false;
    assert_ok(cx, json_parse(cx, text, strlen(text), "case.json", &options));
    if (*values == '-') /* no map at all */
        return 0;
    const char *path = str_fmt(cx->arena, "%s/charts/%s", corpus, doc_text_at(options, "chart"));
    if (valuesfile_parse(cx, (struct strv){ values, strlen(values) }, "values.yaml", &user) < 0 ||
        chart_open(cx, path, NULL, &chart) < 0)
        return err_code(cx);
    struct vmap *map = convert_from_doc(cx->arena, user).map;
    if (chartvalues_dependencies(cx, chart, map, NULL) < 0 ||
        chartvalues_coalesce(cx, chart, map, NULL, &coalesced) < 0)
        return err_code(cx);
    assert_ok(cx, convert_to_doc(cx, v_map(coalesced), false, &all));
    struct chartschema schema = chartschema_of(cx->arena, chart);
    *ret_validated = true;
    return chartschema_validate(cx, &schema, all, NULL);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* helm's own order of lines is random where Go's maps are. */
static const char *sorted(struct arena *a, const char *text)
{
    size_t n;
    char **lines = str_split(a, text, '\n', &n);
    qsort(lines, n, sizeof(*lines), by_text);
    return str_join(a, (const char *const *)lines, n, "\n");
}

static bool case_passes(struct ctx *cx, const char *corpus, const char *folder, size_t *refused)
{
    bool validated;
    const char *error = slurp(cx, folder, "error.txt"), *about = slurp(cx, folder, "case.json");
    int rc = validate(cx, corpus, folder, &validated);
    const char *got = rc < 0 ? str_fmt(cx->arena, "Error: %s\n", err_message(cx)) : "";
    const char *want = error && str_starts(error, HEAD) ? error : "";
    err_clear(cx);
    *refused += validated && *want;
    if (strstr(about, "lineOrderVaries")) {
        want = sorted(cx->arena, want);
        got = sorted(cx->arena, got);
    }
    if (!validated || strcmp(got, want) == 0)
        return true;
    print_error("%s\n  wanted %s\n  got    %s\n", folder, want, got);
    return false;
}

/* Cases lie one level below the names of charts. */
static void check_cases(struct ctx *list, const char *corpus, size_t *passed, size_t *refused)
{
    const char **charts, **cases;
    size_t chart_count, case_count;
    assert_ok(list, fs_list(list, str_fmt(list->arena, "%s/cases", corpus), &charts, &chart_count));
    for (size_t i = 0; i < chart_count; i++) {
        const char *folder = str_fmt(list->arena, "%s/cases/%s", corpus, charts[i]);
        assert_ok(list, fs_list(list, folder, &cases, &case_count));
        for (size_t j = 0; j < case_count; j++) {
            void *state = NULL;
            unit_setup(&state);
            const char *path = str_fmt(list->arena, "%s/%s", folder, cases[j]);
            bool ok = case_passes(unit_cx(&state), corpus, path, refused);
            unit_teardown(&state);
            assert_true(ok);
            *passed += ok;
        }
    }
}

static void refuses_what_helm_refuses(void **state)
{
    const char *corpus = str_or(getenv("CHARTS_CORPUS"), CORPUS);
    size_t passed = 0, refused = 0;
    if (!fs_is_dir(corpus)) {
        print_message("skipped: the corpus is not at %s\n", corpus);
        skip();
    }
    check_cases(unit_cx(state), corpus, &passed, &refused);
    assert_int_equal(refused, 23);
    assert_true(passed >= 250);
}

/* The chart of a folder with one schema in it. */
static struct chart *chart_with_schema(struct ctx *cx, const char *folder, const char *schema,
                                       const char *text)
{
    const char *const files[][2] = { { "Chart.yaml", "apiVersion: v2\nname: main\nversion: 1.0.0\n" },
                                     { "charts/sub/Chart.yaml",
                                       "apiVersion: v2\nname: sub\nversion: 1.0.0\n" },
                                     { schema, text } };
    struct chart *chart;
    assert_ok(cx, fs_mkdirs(cx, str_fmt(cx->arena, "%s/charts/sub", folder), 0755));
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        assert_ok(cx, fs_write_atomic(cx, str_fmt(cx->arena, "%s/%s", folder, files[i][0]), files[i][1],
                                      strlen(files[i][1]), 0644));
    assert_ok(cx, chart_open(cx, folder, NULL, &chart));
    return chart;
}

/* What helm 4.2.4 says, whose error of an empty JSON text ends without a line feed. */
static void takes_an_empty_file_for_a_schema(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char *const rows[][3] = { { "a", "values.schema.json", "main:\nEOF" },
                                           { "b", "charts/sub/values.schema.json", "sub:\nEOF" } };
    struct doc *values = doc_object(cx->arena);
    doc_set(cx->arena, values, "sub", doc_object(cx->arena));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *folder = str_fmt(cx->arena, "%s/%s", unit_tmpdir(cx), rows[i][0]);
        struct chart *chart = chart_with_schema(cx, folder, rows[i][1], "");
        struct chartschema tree = chartschema_of(cx->arena, chart);
        assert_true(chartschema_exists(chart));
        assert_int_equal(chartschema_validate(cx, &tree, values, NULL), ERR_INVALID);
        assert_string_equal(err_message(cx),
                            str_fmt(cx->arena, "%s of the schema(s) in the following chart(s):\n%s",
                                    strchr(HEAD, 'v'), rows[i][2]));
    }
}

static void warns_once_of_each_urn(void **state)
{
    static const char schema[] = "{\"properties\":{\"a\":{\"$ref\":\"urn:x:y\"},\"b\":{\"$ref\":\"urn:x:y\"},"
                                 "\"c\":{\"$ref\":\"urn:z:w\"},\"d\":{\"$ref\":\"urn:q\"}}}";
    static const char *const urns[] = { "urn:x:y", "urn:z:w", "urn:q" };
    struct ctx *cx = unit_cx(state);
    struct notes notes = { 0 };
    struct chart *chart = chart_with_schema(cx, unit_tmpdir(cx), "values.schema.json", schema);
    struct chartschema tree = chartschema_of(cx->arena, chart);
    for (int i = 0; i < 2; i++)
        assert_ok(cx, chartschema_validate(cx, &tree, doc_object(cx->arena), &notes));
    assert_int_equal(notes.len, ARRAY_LEN(urns));
    for (size_t i = 0; i < ARRAY_LEN(urns); i++)
        assert_string_equal(
            notes.at[i].text,
            str_fmt(cx->arena, "msg=\"unresolved URN reference ignored; using permissive schema\" urn=%s",
                    urns[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(refuses_what_helm_refuses),
                                        UNIT_TEST(takes_an_empty_file_for_a_schema),
                                        UNIT_TEST(warns_once_of_each_urn) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
