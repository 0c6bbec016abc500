/*
 * The tables of the unit tests of Go, Sprig, Helm and others, which the real libraries answered; the form of rows and
 * what is left out is in tests/golden/helm/README.md.
 */
#include "helm-controller/template/chartdot.h"
#include "helm-controller/template/engine.h"
#include "helm-controller/template/exec.h"
#include "helm-controller/template/fileglob.h"
#include "helm-controller/template/gofmt.h"
#include "helm-controller/template/lex.h"
#include "helm-controller/template/objects.h"
#include "helm-controller/template/parse.h"
#include "libgotk/base/bigstack.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/regex.h"
#include "libgotk/base/semver.h"
#include "libgotk/doc/json.h"
#include "tests/unit/helm-controller/typed.h"

#define TABLES     "tests/golden/helm"
#define FILE_MAX   ((size_t)8 << 20)
#define RENDER_MAX ((size_t)4 << 30)
#define SHOWN_MAX  20 /* failures that are printed */

/* One row while it is looked at. */
struct row {
    struct ctx *cx;
    const struct doc *doc;
    const struct doc *common; /* the last line without an id; NULL before the first */
    int rc;
    struct strv got;
};

/* How a kind of row is answered: fills `got`, or returns an error. */
typedef int (*answer_fn)(struct row *row);

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static struct strv text_of(struct ctx *cx, const struct doc *d)
{
    return v_view(typed_value(cx, d));
}

/* A field of the row, or else of what its rows have in common. */
static const struct doc *field(const struct row *row, const char *key)
{
    const struct doc *d = doc_find(row->doc, key);
    return d ? d : doc_find(row->common, key);
}

static struct buf *output(struct row *row)
{
    struct buf *out = ARENA_NEW(row->cx->arena, struct buf);
    *out = buf_new(row->cx->arena, EXEC_OUTPUT_MAX);
    return out;
}

static int take(struct row *row, const struct buf *out)
{
    row->got = (struct strv){ buf_text(out), out->len };
    return buf_ok(row->cx, out, "the output");
}

/* -- templates ------------------------------------------------------------------------------------------------ */

static int parse_row(struct row *row, const char *key, struct tree_vec *ret)
{
    struct strv text = text_of(row->cx, field(row, key));
    const struct doc *encoded = doc_find(row->doc, "tB64");
    if (encoded)
        text = v_view(typed_bytes(row->cx, encoded, V_STRING));
    return parse_template(row->cx, view("row"), text, ret);
}

static int answer_template(struct row *row)
{
    struct tree_vec trees;
    struct map includes = map_new(row->cx->arena);
    struct template_set *set = template_set_new(row->cx->arena, NULL);
    struct exec x = { .cx = row->cx, .set = set, .out = output(row), .includes = &includes };
    if (parse_row(row, "t", &trees) < 0)
        return err_code(row->cx);
    template_set_add(set, &trees);
    if (exec_named(&x, view("row"), value_unboxed(typed_value(row->cx, field(row, "d")))) < 0)
        return err_code(row->cx);
    return take(row, x.out);
}

static const struct tree *main_tree(const struct tree_vec *trees)
{
    for (size_t i = 0; i < trees->len; i++)
        if (trees->at[i]->name.n == 3 && memcmp(trees->at[i]->name.p, "row", 3) == 0)
            return trees->at[i];
    return NULL;
}

static int answer_parse(struct row *row)
{
    struct tree_vec trees;
    struct buf *out = output(row);
    if (parse_row(row, "parse", &trees) < 0)
        return err_code(row->cx);
    node_print(out, main_tree(&trees)->root);
    return take(row, out);
}

static int answer_empty(struct row *row)
{
    struct tree_vec trees;
    if (parse_row(row, "empty", &trees) < 0)
        return err_code(row->cx);
    row->got = view(node_is_empty(main_tree(&trees)->root) ? "true" : "false");
    return 0;
}

/* -- tokens --------------------------------------------------------------------------------------------------- */

/* Go's names of tokens, of those that are not printed as themselves. */
static const char *const token_names[] = {
    [TOKEN_ERROR] = "error",
    [TOKEN_BOOL] = "bool",
    [TOKEN_CHAR] = "char",
    [TOKEN_RUNE] = "charconst",
    [TOKEN_COMPLEX] = "complex",
    [TOKEN_DECLARE] = ":=",
    [TOKEN_EOF] = "EOF",
    [TOKEN_FIELD] = "field",
    [TOKEN_IDENTIFIER] = "identifier",
    [TOKEN_LEFT_DELIM] = "left delim",
    [TOKEN_LEFT_PAREN] = "(",
    [TOKEN_NUMBER] = "number",
    [TOKEN_PIPE] = "pipe",
    [TOKEN_RAW_STRING] = "raw string",
    [TOKEN_RIGHT_DELIM] = "right delim",
    [TOKEN_RIGHT_PAREN] = ")",
    [TOKEN_SPACE] = "space",
    [TOKEN_STRING] = "string",
    [TOKEN_TEXT] = "text",
    [TOKEN_VARIABLE] = "variable",
    [TOKEN_ASSIGN] = "=",
    [TOKEN_WITH] = NULL,
};

static int answer_tokens(struct row *row)
{
    struct ctx *cx = row->cx;
    struct strv text = text_of(cx, field(row, "lex"));
    struct lexer l = lex_new(cx->arena, text.p, text.n);
    struct doc *all = doc_array(cx->arena);
    bool positions = doc_len(doc_first(doc_find(row->doc, "want"))) > 2;
    struct token t;
    do {
        struct doc *item = doc_array(cx->arena);
        const char *name = token_names[(t = lex_next(&l)).kind];
        doc_append(item, name ? doc_string(cx->arena, name) : doc_nstring(cx->arena, t.value.p, t.value.n));
        doc_append(item, doc_nstring(cx->arena, t.value.p, t.value.n));
        if (positions) {
            doc_append(item, doc_int(cx->arena, t.pos));
            doc_append(item, doc_int(cx->arena, t.line));
        }
        doc_append(all, item);
    } while (t.kind != TOKEN_EOF && t.kind != TOKEN_ERROR);
    row->got = view(json_text(cx->arena, all, JSON_SORTED));
    return 0;
}

/* -- numbers and patterns ------------------------------------------------------------------------------------- */

static int answer_float(struct row *row)
{
    int64_t precision = 0;
    doc_get_int(doc_find(row->doc, "prec"), &precision);
    size_t size = 2000;
    char *out = arena_alloc(row->cx->arena, size);
    const char *text = doc_text(doc_find(row->doc, "float")), *verb = doc_text(doc_find(row->doc, "verb"));
    row->got = (struct strv){ out, gofmt_float(out, size, strtod(text, NULL), verb[0], (int)precision) };
    return 0;
}

static int answer_glob(struct row *row)
{
    const struct fileglob *glob = fileglob_compile(row->cx, text_of(row->cx, field(row, "glob")));
    struct buf *out = output(row);
    if (!glob) {
        err_clear(row->cx);
        row->got = view("refused");
        return 0;
    }
    doc_each (text, field(row, "strings")) {
        buf_str(out, out->len ? "," : "[");
        buf_str(out, fileglob_match(glob, text_of(row->cx, text)) ? "true" : "false");
    }
    buf_char(out, ']');
    return take(row, out);
}

static void print_spans(struct buf *out, const struct regex_span *spans, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_str(out, i ? "," : "");
        if (spans[i].start == REGEX_NONE)
            buf_str(out, "-1,-1");
        else
            buf_fmt(out, "%zu,%zu", spans[i].start, spans[i].end);
    }
}

static int print_matches(struct row *row, const struct regex *re, struct strv text, struct buf *out)
{
    size_t n = regex_groups(re) + 1, before = out->len;
    struct regex_span *spans = ARENA_ARRAY(row->cx->arena, struct regex_span, n);
    struct regex_search search = regex_search(row->cx->arena, re, text.p, text.n);
    int found;
    while ((found = regex_next(row->cx, &search, spans, n)) > 0) {
        buf_str(out, out->len > before ? " " : "");
        print_spans(out, spans, n);
    }
    return found;
}

static int answer_regex(struct row *row)
{
    struct buf *out = output(row);
    struct regex *re = NULL;
    const char *separator = "[\"";
    if (regex_compile(row->cx, doc_text(doc_find(row->doc, "re")), 0, &re) < 0)
        return err_code(row->cx);
    doc_each (text, field(row, "strings")) {
        buf_str(out, separator);
        if (print_matches(row, re, text_of(row->cx, text), out) < 0)
            return err_code(row->cx);
        separator = "\",\"";
    }
    buf_str(out, out->len ? "\"]" : "null");
    return take(row, out);
}

static int answer_version(struct row *row)
{
    struct semver v;
    if (semver_parse_strict(row->cx, doc_text(doc_find(row->doc, "version")), &v) < 0)
        return err_code(row->cx);
    row->got = view(semver_print(row->cx->arena, &v));
    return 0;
}

/* -- charts --------------------------------------------------------------------------------------------------- */

static struct chart *chart_of(struct row *row)
{
    struct ctx *cx = row->cx;
    struct chart_files files = { 0 };
    struct chart *chart = NULL;
    doc_each (file, doc_find(row->doc, "files")) {
        struct chart_file f = { doc_key(file), text_of(cx, file), 0, false };
        vec_push(cx->arena, &files, f);
    }
    assert_ok(cx, chart_load(cx, &files, NULL, &chart));
    return chart;
}

static struct value release(struct ctx *cx)
{
    struct vmap *m = vmap_new(cx->arena);
    vmap_set_text(m, "Name", v_text("row"));
    vmap_set_text(m, "Namespace", v_text("default"));
    vmap_set_text(m, "Service", v_text("Helm"));
    vmap_set_text(m, "Revision", v_int(1));
    vmap_set_text(m, "IsInstall", v_bool(true));
    return v_map(m);
}

static int answer_chart(struct row *row)
{
    struct ctx *cx = row->cx;
    struct engine_files files = { 0 };
    struct engine_outputs outputs;
    struct vmap *top = vmap_new(cx->arena);
    vmap_set_text(top, "Values", typed_value(cx, field(row, "d")));
    vmap_set_text(top, "Release", release(cx));
    chartdot_files(cx, chart_of(row), top, &files);
    if (engine_render(cx, &files, &outputs) < 0)
        return err_code(cx);
    struct doc *all = doc_object(cx->arena);
    for (size_t i = 0; i < outputs.len; i++)
        doc_set(cx->arena, all, outputs.at[i].name,
                doc_nstring(cx->arena, outputs.at[i].text.p, outputs.at[i].text.n));
    row->got = view(json_text(cx->arena, all, JSON_SORTED));
    return 0;
}

/* -- tables --------------------------------------------------------------------------------------------------- */

static answer_fn kind_of(const struct row *row)
{
    static const struct {
        const char *key;
        answer_fn answer;
    } kinds[] = {
        { "lex", answer_tokens },  { "parse", answer_parse },     { "empty", answer_empty },
        { "float", answer_float }, { "glob", answer_glob },       { "files", answer_chart },
        { "re", answer_regex },    { "version", answer_version },
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (doc_find(row->doc, kinds[i].key))
            return kinds[i].answer;
    return answer_template;
}

static void answer(void *arg)
{
    struct row *row = arg;
    row->rc = kind_of(row)(row);
}

/* What must come out: a text, or anything else as JSON. */
static struct strv wanted(const struct row *row)
{
    struct ctx *cx = row->cx;
    const struct doc *want = doc_find(row->doc, "want"), *error = doc_find(row->doc, "error");
    const struct doc *encoded = doc_find(row->doc, "wantB64");
    if (encoded)
        return v_view(typed_bytes(cx, encoded, V_STRING));
    if (error)
        return text_of(cx, error);
    assert_non_null(want);
    return doc_kind(want) == DOC_STRING ? text_of(cx, want) : view(json_text(cx->arena, want, JSON_SORTED));
}

static bool is_right(struct row *row)
{
    struct strv want = wanted(row);
    if (row->rc < 0)
        row->got = view(err_message(row->cx));
    return (row->rc < 0) == (doc_find(row->doc, "error") != NULL) && row->got.n == want.n &&
           memcmp(row->got.p, want.p, want.n) == 0;
}

static void tell(const char *table, struct row *row)
{
    struct strv want = wanted(row);
    print_error("%s: %s: %s\n  wanted %.*s\n  got    %.*s\n", table, doc_text_at(row->doc, "id"),
                json_text(row->cx->arena, row->doc, 0), (int)want.n, want.p, (int)row->got.n, row->got.p);
}

/* Looks at one row in an arena of its own; false when something else came out. */
static bool check_row(const char *table, const struct doc *d, const struct doc *common, bool differs,
                      bool show)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(RENDER_MAX);
    struct ctx cx = { .arena = a };
    struct row row = { .cx = &cx, .doc = d, .common = common };
    bigstack_call(answer, &row);
    bool right = is_right(&row);
    if (right && differs)
        print_error("%s: %s: it is right: take its line out of tables-differ.tsv\n", table,
                    doc_text_at(d, "id"));
    else if (!right && !differs && show)
        tell(table, &row);
    err_clear(&cx);
    return right != differs;
}

/* Rows that are known to come out differently: "TABLE: ID", a tab, why. */
static struct map read_known(struct ctx *cx)
{
    struct map known = map_new(cx->arena);
    struct buf text;
    size_t n = 0;
    assert_ok(cx, fs_read_file(cx, TABLES "/tables-differ.tsv", FILE_MAX, &text));
    char **lines = str_split(cx->arena, buf_text(&text), '\n', &n);
    for (size_t i = 0; i < n; i++) {
        char *tab = strchr(lines[i], '\t');
        if (lines[i][0] != '#' && tab)
            map_set(&known, str_ndup(cx->arena, lines[i], (size_t)(tab - lines[i])), tab);
    }
    return known;
}

static void check_table(struct ctx *cx, const char *table, size_t count)
{
    const struct doc *common = NULL;
    struct map known = read_known(cx);
    size_t rows = 0, failed = 0, len;
    struct unit_lines lines = unit_lines(cx, str_fmt(cx->arena, TABLES "/%s.jsonl", table));
    for (const char *line; (line = unit_next_line(&lines, &len));) {
        struct doc *d = NULL;
        assert_ok(cx, json_parse(cx, line, len, table, &d));
        const char *id = doc_text_at(d, "id");
        if (!id) {
            common = d;
            continue;
        }
        bool differs = map_has(&known, str_fmt(cx->arena, "%s: %s", table, id));
        failed += !check_row(table, d, common, differs, failed < SHOWN_MAX);
        rows++;
    }
    print_message("%s: %zu rows, %zu failed\n", table, rows, failed);
    assert_int_equal(failed, 0);
    assert_int_equal(rows, count);
}

#define TABLE_TEST(name, table, count)                                                                       \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        check_table(unit_cx(state), table, count);                                                           \
    }
TABLE_TEST(lexes_and_parses, "parse", 298)
TABLE_TEST(executes, "exec", 461)
TABLE_TEST(prints, "fmt", 624)
TABLE_TEST(runs_sprig, "sprig", 614)
TABLE_TEST(compares_versions, "semver", 587)
TABLE_TEST(globs, "glob", 211)
TABLE_TEST(renders, "helm", 95)
TABLE_TEST(reads_and_writes_times, "time", 497)
TABLE_TEST(reads_and_writes_numbers_and_text, "text", 1687)
TABLE_TEST(reads_yaml, "yaml", 169)
TABLE_TEST(matches, "regex", 1839)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(lexes_and_parses),
        UNIT_TEST(executes),
        UNIT_TEST(prints),
        UNIT_TEST(runs_sprig),
        UNIT_TEST(compares_versions),
        UNIT_TEST(globs),
        UNIT_TEST(matches),
        UNIT_TEST(renders),
        UNIT_TEST(reads_and_writes_times),
        UNIT_TEST(reads_and_writes_numbers_and_text),
        UNIT_TEST(reads_yaml),
    };
    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
