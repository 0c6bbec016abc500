/* Template snippets that the real engine answered: those that were once wrong here (tests/golden/helm), and the corpus beside the
 * checkout, which is skipped where it is not. */
#include "helm-controller/template/chartdot.h"
#include "helm-controller/template/chartvalues.h"
#include "helm-controller/template/convert.h"
#include "helm-controller/template/engine.h"
#include "helm-controller/template/exec.h"
#include "helm-controller/template/objects.h"
#include "helm-controller/template/strvals.h"
#include "libgotk/base/base64.h"
#include "libgotk/base/bigstack.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/regex.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define CORPUS     "../shared/corpus/templates"
#define GOLDEN     "tests/golden/helm"
#define FILE_MAX   ((size_t)64 << 20)
#define RENDER_MAX ((size_t)4 << 30)
#define SHOWN_MAX  20 /* failures that are printed */

/* What the cases of a file have in common, and how they went. */
struct suite {
    struct ctx *cx;
    struct doc *setup;
    struct capabilities capabilities;
    const char *file;
    size_t passed, failed;
};

/* One rendering, on a stack of its own. */
struct rendering {
    struct ctx *cx;
    struct engine_files files;
    struct engine_outputs outputs;
    int rc;
};

static void render(void *arg)
{
    struct rendering *r = arg;
    r->rc = engine_render(r->cx, &r->files, &r->outputs);
}

static struct doc *read_json(struct ctx *cx, const char *path)
{
    struct buf text;
    struct doc *d = NULL;
    assert_ok(cx, fs_read_file(cx, path, FILE_MAX, &text));
    assert_ok(cx, json_parse(cx, buf_text(&text), text.len, path, &d));
    return d;
}

/* The values a case gives, as -f and --set do. */
static struct vmap *values_of(struct ctx *cx, const struct doc *test)
{
    const char *text = doc_text_at(test, "valuesYaml"), *set = doc_text_at(test, "set");
    struct value values = convert_from_doc(cx->arena, doc_find(test, "values"));
    struct doc *d = NULL;
    if (text) {
        assert_ok(
            cx, yml_parse_as(cx, text, strlen(text), "values.yaml", YML_11 | YML_LAST_WINS | YML_FIRST, &d));
        values = convert_from_doc(cx->arena, d);
    }
    if (values.type != V_MAP)
        values = v_map(vmap_new(cx->arena));
    if (set)
        assert_ok(cx, strvals_parse(cx, (struct strv){ set, strlen(set) }, STRVALS_TYPED, values.map));
    return values.map;
}

static struct strv bytes_of(struct ctx *cx, const struct doc *test, const char *key);

static void add_file(struct ctx *cx, struct chart_files *files, const char *name, struct strv data)
{
    struct chart_file file = { name, data, 0, false };
    vec_push(cx->arena, files, file);
}

/* The chart of a case: its files, with the template and the common Chart.yaml where it has none of its own. */
static struct chart_files files_of(struct suite *s, struct ctx *cx, const struct doc *test)
{
    struct chart_files files = { 0 };
    const char *chart = doc_text_at(s->setup, "chartYaml");
    doc_each (file, doc_find(test, "files")) {
        struct value text = convert_from_doc(cx->arena, file);
        add_file(cx, &files, doc_key(file), v_view(text));
    }
    if (!doc_path(test, "files", "Chart.yaml"))
        add_file(cx, &files, "Chart.yaml", (struct strv){ chart, strlen(chart) });
    add_file(cx, &files, "templates/x.yaml", bytes_of(cx, test, "template"));
    return files;
}

/* Everything of Helm's action before the templates run. */
static int prepare(struct suite *s, struct ctx *cx, const struct doc *test, struct engine_files *ret)
{
    struct arena *a = cx->arena;
    struct chart *chart;
    struct vmap *top = vmap_new(a), *values, *user = values_of(cx, test);
    struct chart_files files = files_of(s, cx, test);
    struct value release = convert_from_doc(a, doc_find(s->setup, "release"));
    if (chart_load(cx, &files, NULL, &chart) < 0 || chartvalues_dependencies(cx, chart, user, NULL) < 0 ||
        chartvalues_coalesce(cx, chart, user, NULL, &values) < 0)
        return err_code(cx);
    vmap_set_text(release.map, "Revision", v_int(1));
    vmap_set_text(top, "Release", release);
    vmap_set_text(top, "Values", (struct value){ .type = V_VALUES, .map = values });
    vmap_set_text(top, "Capabilities", capabilities_value(a, &s->capabilities));
    chartdot_files(cx, chart, top, ret);
    return 0;
}

/* The bytes of a field, or of its base64 form. */
static struct strv bytes_of(struct ctx *cx, const struct doc *test, const char *key)
{
    const char *encoded = doc_text(doc_find(test, str_fmt(cx->arena, "%sB64", key)));
    struct value plain = convert_from_doc(cx->arena, doc_find(test, key));
    char *data = NULL;
    size_t len = 0;
    if (!encoded)
        return plain.type == V_STRING ? v_view(plain) : (struct strv){ "", 0 };
    assert_ok(cx, base64_decode(cx, encoded, &data, &len));
    return (struct strv){ data, len };
}

static bool same(struct strv a, struct strv b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* What came out: the text, or the error's. */
static struct strv outcome(const struct rendering *r)
{
    if (r->rc < 0)
        return (struct strv){ err_message(r->cx), strlen(err_message(r->cx)) };
    for (size_t i = 0; i < r->outputs.len; i++)
        if (str_ends(r->outputs.at[i].name, "chart/templates/x.yaml") ||
            (str_ends(r->outputs.at[i].name, "/templates/x.yaml") &&
             !strstr(r->outputs.at[i].name, "/charts/")))
            return r->outputs.at[i].text;
    return (struct strv){ "", 0 };
}

/* An error of many kilobytes is recorded by its length and digest. */
static bool is_long_error(struct ctx *cx, const struct doc *test, struct strv got)
{
    int64_t len = 0;
    return doc_get_int(doc_find(test, "errorLen"), &len) && (size_t)len == got.n &&
           str_eq(hash_sha256_hex(cx->arena, got.p, got.n), doc_text_at(test, "errorSha256"));
}

/* A NUL in a message stands as two bytes (str.h). */
static const char *error_of(struct ctx *cx, const struct doc *test)
{
    struct strv error = bytes_of(cx, test, "error");
    return str_without_nuls(cx->arena, error.p, error.n);
}

static bool is_right(struct ctx *cx, const struct doc *test, const struct rendering *r)
{
    struct strv got = outcome(r);
    const char *pattern = doc_text_at(test, "match");
    struct regex *re = NULL;
    if (doc_find(test, "errorLen"))
        return r->rc < 0 && is_long_error(cx, test, got);
    if (doc_find(test, "error") || doc_find(test, "errorB64"))
        return r->rc < 0 && str_eq(got.p, error_of(cx, test));
    if (!pattern)
        return r->rc >= 0 && same(got, bytes_of(cx, test, "want"));
    assert_ok(cx, regex_compile(cx, pattern, 0, &re));
    return r->rc >= 0 && regex_test(re, got.p, got.n);
}

static void tell(struct suite *s, struct ctx *cx, const struct doc *test, const struct rendering *r)
{
    struct strv want = bytes_of(cx, test, doc_find(test, "error") ? "error" : "want"), got = outcome(r);
    if (s->failed++ < SHOWN_MAX)
        print_error("%s %s: %s\n  wanted %.*s\n  got    %.*s\n", s->file, doc_text_at(test, "id"),
                    doc_text_at(test, "template"), (int)want.n, want.p, (int)got.n, got.p);
}

static void check_case(struct suite *s, const char *line, size_t len)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(RENDER_MAX);
    struct ctx cx = { .arena = a };
    struct rendering r = { .cx = &cx };
    struct doc *test = NULL;
    assert_ok(&cx, json_parse(&cx, line, len, s->file, &test));
    r.rc = prepare(s, &cx, test, &r.files);
    if (r.rc >= 0)
        bigstack_call(render, &r);
    if (is_right(&cx, test, &r))
        s->passed++;
    else
        tell(s, &cx, test, &r);
}

static struct suite open_suite(struct ctx *cx, const char *file)
{
    struct suite s = { .cx = cx, .file = file, .setup = read_json(cx, GOLDEN "/setup.json") };
    s.capabilities = (struct capabilities){
        .kube = { "v1.36.0", "v1.36.0", "1", "36" },
        .helm = { "v4.2", "", "", "go1.26.8", "v1.36" },
        .api_versions = vlist_new(cx->arena, 0),
    };
    doc_each (version, doc_find(s.setup, "apiVersions"))
        vlist_push(cx->arena, s.capabilities.api_versions, v_text(doc_text(version)));
    return s;
}

static void check_file(struct ctx *cx, const char *folder, const char *file)
{
    size_t len;
    const char *path = str_fmt(cx->arena, "%s/%s.jsonl", folder, file);
    if (!fs_exists(path))
        skip();
    struct suite s = open_suite(cx, file);
    struct unit_lines lines = unit_lines(cx, path);
    for (const char *line; (line = unit_next_line(&lines, &len));)
        check_case(&s, line, len);
    print_message("%s: %zu as expected, %zu not\n", file, s.passed, s.failed);
    assert_int_equal(s.failed, 0);
    assert_true(s.passed > 0);
}

#define FILE_TEST(name, folder, file)                                                                        \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        check_file(unit_cx(state), folder, file);                                                            \
    }
FILE_TEST(keeps_what_was_found, GOLDEN, "snippets")
FILE_TEST(lexes_and_parses, CORPUS, "01-lex-parse")
FILE_TEST(executes, CORPUS, "02-exec")
FILE_TEST(prints, CORPUS, "03-fmt")
FILE_TEST(works_on_strings, CORPUS, "04-sprig-strings")
FILE_TEST(works_on_numbers, CORPUS, "05-sprig-numbers")
FILE_TEST(works_on_lists, CORPUS, "06-sprig-lists")
FILE_TEST(works_on_dictionaries, CORPUS, "07-sprig-dicts")
FILE_TEST(works_on_dates, CORPUS, "08-sprig-dates")
FILE_TEST(takes_defaults, CORPUS, "09-sprig-defaults")
FILE_TEST(encodes, CORPUS, "10-encoding-crypto")
FILE_TEST(matches, CORPUS, "11-regex")
FILE_TEST(compares_versions, CORPUS, "12-semver")
FILE_TEST(takes_paths_and_urls_apart, CORPUS, "13-paths-urls")
FILE_TEST(reads_and_writes_yaml, CORPUS, "14-yaml")
FILE_TEST(includes, CORPUS, "15-helm")
FILE_TEST(makes_by_chance, CORPUS, "16-nondeterministic")

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(keeps_what_was_found),
        UNIT_TEST(lexes_and_parses),
        UNIT_TEST(executes),
        UNIT_TEST(prints),
        UNIT_TEST(works_on_strings),
        UNIT_TEST(works_on_numbers),
        UNIT_TEST(works_on_lists),
        UNIT_TEST(works_on_dictionaries),
        UNIT_TEST(works_on_dates),
        UNIT_TEST(takes_defaults),
        UNIT_TEST(encodes),
        UNIT_TEST(matches),
        UNIT_TEST(compares_versions),
        UNIT_TEST(takes_paths_and_urls_apart),
        UNIT_TEST(reads_and_writes_yaml),
        UNIT_TEST(includes),
        UNIT_TEST(makes_by_chance),
    };
    return cmocka_run_group_tests_name("templates", tests, NULL, NULL);
}
