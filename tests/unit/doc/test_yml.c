/* YAML: the golden tables of reading and printing, positions, limits, encodings, streams of documents. */
#include "libgotk/base/bigstack.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define FILE_MAX ((size_t)4 << 20)

static struct doc *read_yml(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, yml_parse(cx, text, strlen(text), "f.yaml", &d));
    return d;
}

static void assert_reads(struct ctx *cx, const char *text, const char *want)
{
    assert_string_equal(json_text(cx->arena, read_yml(cx, text), JSON_GO), want);
}

static void assert_refuses(struct ctx *cx, const char *text, const char *error)
{
    struct doc *d = NULL;
    if (yml_parse(cx, text, strlen(text), "f.yaml", &d) >= 0)
        fail_msg("accepted: %s", text);
    assert_error(cx, ERR_INVALID, error);
    assert_null(d);
}

/* The rows of a golden table, an array of objects. */
static struct doc *golden(struct ctx *cx, const char *path)
{
    struct doc *rows = doc_array(cx->arena);
    struct unit_lines lines = unit_lines(cx, path);
    size_t len;
    for (const char *line; (line = unit_next_line(&lines, &len));) {
        struct doc *row = NULL;
        assert_ok(cx, json_parse(cx, line, len, path, &row));
        doc_append(rows, row);
    }
    assert_true(doc_len(rows) > 100);
    return rows;
}

/* Text with NODE_NUL back to NULs. */
static size_t to_bytes(char *text)
{
    size_t n = 0;
    for (const char *p = text; *p; p++) {
        bool nul = strncmp(p, "\xC0\x80", 2) == 0;
        text[n++] = nul ? '\0' : *p;
        p += nul;
    }
    return n;
}

static void check_reading(struct ctx *cx, const struct doc *row)
{
    char *in = str_dup(cx->arena, doc_text_at(row, "in"));
    const char *want = doc_text_at(row, "want"), *error = doc_text_at(row, "error");
    int rules = strcmp(doc_text_at(row, "rules"), "core") == 0 ? YML_BARE_KEYS : YML_11;
    struct doc *docs = NULL;
    int rc = yml_parse_all_as(cx, in, to_bytes(in), "", rules, &docs);
    const char *got = rc < 0 ? err_message(cx) + 1 : json_text(cx->arena, doc_first(docs), JSON_GO);
    if ((rc < 0) != (error != NULL) || strcmp(got, error ? error : want) != 0)
        fail_msg("%s\n  got  %s\n  want %s", doc_text_at(row, "in"), got, error ? error : want);
    err_clear(cx);
}

static void reads_the_golden_table(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *rows = golden(cx, "tests/golden/yml/read.jsonl");
    doc_each (row, rows)
        check_reading(cx, row);
}

static void prints_the_golden_table(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *rows = golden(cx, "tests/golden/yml/print.jsonl");
    doc_each (row, rows) {
        const char *in = doc_text_at(row, "in"), *want = doc_text_at(row, "want");
        struct buf out = buf_new(cx->arena, FILE_MAX);
        struct doc *d = NULL;
        assert_ok(cx, json_parse(cx, in, strlen(in), "in", &d));
        yml_print(&out, d);
        if (strcmp(buf_text(&out), want) != 0)
            fail_msg("%s\n  got\n%s\n  want\n%s", in, buf_text(&out), want);
    }
}

/* What is printed reads back as the same document under both sets of rules. */
static void reads_back_what_it_prints(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *rows = golden(cx, "tests/golden/yml/print.jsonl");
    doc_each (row, rows) {
        const char *in = doc_text_at(row, "in");
        if (strstr(in, "\"<<\":"))
            continue; /* go-yaml prints this key without quotes, which makes it a merge */
        struct buf out = buf_new(cx->arena, FILE_MAX);
        struct doc *d = NULL, *core = NULL, *old = NULL;
        assert_ok(cx, json_parse(cx, in, strlen(in), "in", &d));
        yml_print_ordered(&out, d);
        assert_ok(cx, yml_parse(cx, out.data, out.len, "out", &core));
        assert_ok(cx, yml_parse_as(cx, out.data, out.len, "out", YML_11, &old));
        if (!doc_equal(core, old))
            fail_msg("read differently by the two rules: %s", in);
    }
}

static void knows_where_nodes_were(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_yml(cx, "a: 1\nb:\n  - x\n  - y: 2\n    \xC3\xA9z: {q: 3, w: 4}\n");
    assert_int_equal(doc_line(doc_find(d, "b")), 2);
    assert_int_equal(doc_line(doc_at(doc_find(d, "b"), 0)), 3);
    assert_int_equal(doc_column(doc_at(doc_find(d, "b"), 0)), 5);
    struct doc *w = doc_path(doc_at(doc_find(d, "b"), 1), "\xC3\xA9z", "w");
    assert_int_equal(doc_line(w), 5);
    assert_int_equal(doc_column(w), 16);
}

static void names_the_place_of_errors(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_refuses(cx, "a: 1\nb:\n  c: [1\nd: 2\n",
                   "f.yaml:4:2: did not find expected ',' or ']' while parsing a flow sequence "
                   "that starts at line 3, column 6");
    assert_refuses(cx, "a: 1\n\tb: 2\n", "f.yaml:2:1: found a tab character that violates indentation");
    assert_refuses(cx, "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: mapping key \"a\" already defined at line 1");
    assert_refuses(cx, "a:\n  - b: *x\n", "f.yaml:2:8: unknown anchor 'x' referenced");
    assert_refuses(cx, "a: &x\n  b: *x\n", "f.yaml:2:6: anchor 'x' value contains itself");
    assert_refuses(cx, "a: 1\n---\nb: 2\n", "f.yaml:3:1: a second document starts here, but one is expected");
    assert_refuses(cx, "a: 1\nb: \xFF\n", "f.yaml:2:4: invalid leading UTF-8 octet (byte 0xFF)");
    assert_refuses(cx, "a: 1\n\nb: x\x01\n", "f.yaml:3:5: control characters are not allowed (byte 0x01)");
    assert_refuses(cx, "a: 1\n[b]: 2\n", "f.yaml:2:1: a key of a mapping must be a string, number or bool");
    assert_refuses(cx, "a:\n  <<: 1\n",
                   "f.yaml:2:3: map merge requires map or sequence of maps as the value");
    assert_refuses(cx, "a: !!int hush-hush\n", "f.yaml:1:4: a !!str cannot be read as !!int");
}

static void reads_streams(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *text = "# only a comment\n---\na: 1\n---\n---\n# nothing\n---\n- b\n...\n---\nnull\n--- c\n";
    struct doc *docs = NULL;
    assert_ok(cx, yml_parse_all(cx, text, strlen(text), "f.yaml", &docs));
    assert_string_equal(json_text(cx->arena, docs, 0), "[{\"a\":1},[\"b\"],\"c\"]");
    assert_ok(cx, yml_parse_all(cx, "", 0, "f.yaml", &docs));
    assert_int_equal(doc_len(docs), 0);
    const char *marked = "---\n\xEF\xBB\xBF"
                         "a: 1\nb: 2\n--- # 2\n\xEF\xBB\xBF"
                         "c: 3\nd: 4\n";
    assert_ok(cx, yml_parse_all(cx, marked, strlen(marked), "f.yaml", &docs));
    assert_string_equal(json_text(cx->arena, docs, 0), "[{\"\xEF\xBB\xBF"
                                                       "a\":1,\"b\":2},{\"c\":3,\"d\":4}]");
    assert_reads(cx, "", "null");
    assert_reads(cx, "---\n---\na: 1\n---\n", "{\"a\":1}");
    assert_refuses(cx, "a: &x 1\n---\nb: *x\n", "unknown anchor 'x'");
}

static void reads_the_unicode_encodings(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = NULL;
    static const char utf16[] = "\xFF\xFE"
                                "a\0:\0 \0\x34\xD8\x1E\xDD\n\0";
    assert_ok(cx, yml_parse(cx, utf16, sizeof(utf16) - 1, "f.yaml", &d));
    assert_string_equal(doc_text_at(d, "a"), "\xF0\x9D\x84\x9E");
    assert_reads(cx,
                 "\xEF\xBB\xBF"
                 "a: 1\n",
                 "{\"a\":1}");
    assert_reads(cx, "a: \"x\\0y\"\n", "{\"a\":\"x\\u0000y\"}");
}

static void lets_the_last_key_win_when_told(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *text = "a: 1\nb: 2\na: 3\n";
    struct doc *d = NULL;
    assert_ok(cx, yml_parse_as(cx, text, strlen(text), "f.yaml", YML_11 | YML_LAST_WINS, &d));
    assert_string_equal(json_text(cx->arena, d, 0), "{\"b\":2,\"a\":3}");
}

/* libyaml does not know the escape, and each text that holds it costs a look of its own. */
static void knows_escaped_single_quotes(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf many = buf_new(cx->arena, 4096);
    assert_reads(cx, "a: \"\\'é\\\\\\'\" # \\'\nb: ['\\', \"\\'\"]\n",
                 "{\"a\":\"'é\\\\'\",\"b\":[\"\\\\\",\"'\"]}");
    for (int i = 0; i < 65; i++)
        buf_str(&many, "- \"\\'\"\n");
    assert_refuses(cx, buf_text(&many), "found unknown escape character");
}

/* In braces and brackets a text may end in a colon, which libyaml refuses. */
static void knows_texts_that_end_in_a_colon(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_reads(
        cx, "a: [b:, c]\nd: {e:}\nf: [it's:, \"é\", é:]\ng: [two\n  words:]\n",
        "{\"a\":[\"b:\",\"c\"],\"d\":{\"e:\":null},\"f\":[\"it's:\",\"é\",\"é:\"],\"g\":[\"two words:\"]}");
    assert_refuses(cx, "a: [b:[c]]\n", "did not find expected ',' or ']'");
}

static void merges_by_the_rules(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *text = "x: &x {b: 1, c: 2}\nz:\n  c: 3\n  <<: *x\n";
    struct doc *d = NULL;
    assert_reads(cx, text, "{\"x\":{\"b\":1,\"c\":2},\"z\":{\"b\":1,\"c\":3}}");
    assert_ok(cx, yml_parse_as(cx, text, strlen(text), "f.yaml", YML_11, &d));
    assert_string_equal(json_text(cx->arena, d, JSON_GO),
                        "{\"x\":{\"b\":1,\"c\":2},\"z\":{\"b\":1,\"c\":2}}");
    assert_reads(cx, "a:\n  <<: &q {b: 1}\nc: *q\n", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}");
}

/* Changing one expansion of an anchor leaves the others alone. */
static void expands_aliases_into_copies(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_yml(cx, "a: &x {k: [v]}\nb: *x\n");
    doc_append_text(cx->arena, doc_path(d, "b", "k"), "w");
    assert_string_equal(json_text(cx->arena, d, 0), "{\"a\":{\"k\":[\"v\"]},\"b\":{\"k\":[\"v\",\"w\"]}}");
}

/* The copy of a member is an element: it has no key, which JSON would print. */
static void expands_aliases_of_members_in_lists(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_yml(cx, "a: &x {k: v}\nb: [1, *x]\nc: &y s\nd: [*y]\n");
    assert_string_equal(json_text(cx->arena, d, 0),
                        "{\"a\":{\"k\":\"v\"},\"b\":[1,{\"k\":\"v\"}],\"c\":\"s\",\"d\":[\"s\"]}");
    assert_null(doc_key(doc_at(doc_find(d, "b"), 1)));
}

static void finds_duplicates_in_large_mappings(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf text = buf_new(cx->arena, FILE_MAX);
    for (int i = 0; i < 20000; i++)
        buf_fmt(&text, "key%d: %d\n", i, i);
    struct doc *d = read_yml(cx, text.data);
    assert_int_equal(doc_len(d), 20000);
    buf_str(&text, "key777: again\n");
    assert_refuses(cx, text.data, "f.yaml:20001:1: mapping key \"key777\" already defined at line 778");
}

static void refuses_a_billion_laughs(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf text = buf_new(cx->arena, FILE_MAX);
    buf_str(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_fmt(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_fmt(&text, "%s*a%d", j ? ", " : "", i - 1);
        buf_str(&text, "]\n");
    }
    assert_refuses(cx, text.data, "the document contains excessive aliasing");
}

static void refuses_to_nest_too_deep(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d;
    char text[4096];
    memset(text, '[', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_refuses(cx, text, "f.yaml:1:1001: the document nests deeper than 1000 levels");
    err_clear(cx);
    assert_true(yml_parse_as(cx, text, strlen(text), "f.yaml", YML_11 | YML_GO_ERRORS, &d) < 0);
    assert_non_null(strstr(err_message(cx), "nests deeper than 1000 levels"));
}

/* What is parsed on a large stack. */
struct deep {
    struct ctx *cx;
    const char *text;
    int rc;
};

static void parse_deep(void *arg)
{
    struct deep *deep = arg;
    struct doc *d;
    deep->rc = yml_parse_as(deep->cx, deep->text, strlen(deep->text), "f.yaml",
                            YML_11 | YML_GO_ERRORS | YML_FIRST | YML_DEEP, &d);
}

static int parse_nested(struct ctx *cx, const char *start, const char *open, const char *close, size_t levels)
{
    struct buf text = buf_new(cx->arena, FILE_MAX);
    buf_str(&text, start);
    for (size_t i = 0; i < levels; i++)
        buf_str(&text, open);
    buf_char(&text, '1');
    for (size_t i = 0; i < levels; i++)
        buf_str(&text, close);
    struct deep deep = { cx, buf_text(&text), 0 };
    bigstack_call(parse_deep, &deep);
    return deep.rc;
}

static void nests_as_deep_as_go_on_a_large_stack(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_ok(cx, parse_nested(cx, "", "{a: ", "}", 10000));
    assert_ok(cx, parse_nested(cx, "", "[", "]", 10000));
    assert_ok(cx, parse_nested(cx, "a:\n", "- ", "", 9999));
    assert_true(parse_nested(cx, "", "[", "]", 10001) < 0);
    assert_string_equal(err_message(cx), "yaml: exceeded max depth of 10000");
    assert_true(parse_nested(cx, "a:\n", "- ", "", 10000) < 0);
    assert_string_equal(err_message(cx), "yaml: line 2: exceeded max depth of 10000");
}

static void stops_when_the_arena_is_full(void **state)
{
    (void)state;
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)1 << 20);
    struct ctx cx = { .arena = a };
    static const char start[] = "- &a [";
    size_t n = (size_t)2 << 20;
    char *text = test_malloc(n);
    memset(text, 'x', n);
    for (size_t i = 1; i < n; i += 2)
        text[i] = ',';
    memcpy(text, start, sizeof(start) - 1);
    struct doc *d = NULL;
    assert_int_equal(yml_parse(&cx, text, n, "f.yaml", &d), ERR_LIMIT);
    memset(text, 'x', n);
    err_clear(&cx);
    assert_int_equal(yml_parse(&cx, text, n, "f.yaml", &d), ERR_LIMIT);
    test_free(text);
}

static void prints_in_document_order_when_told(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_yml(cx, "b: 1\na: [x, {d: 1, c: 2}]\n");
    struct buf sorted = buf_new(cx->arena, 1000), ordered = buf_new(cx->arena, 1000);
    yml_print(&sorted, d);
    yml_print_ordered(&ordered, d);
    assert_string_equal(buf_text(&sorted), "a:\n- x\n- c: 2\n  d: 1\nb: 1\n");
    assert_string_equal(buf_text(&ordered), "b: 1\na:\n- x\n- d: 1\n  c: 2\n");
}

static void prints_sorted_keys_of_large_mappings(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = doc_object(cx->arena);
    struct buf out = buf_new(cx->arena, FILE_MAX), want = buf_new(cx->arena, FILE_MAX);
    for (int i = 0; i < 500; i++) {
        doc_set_int(cx->arena, d, str_fmt(cx->arena, "k%d", (i * 7 + 3) % 500), 1);
        buf_fmt(&want, "k%d: 1\n", i);
    }
    yml_print(&out, d);
    assert_string_equal(buf_text(&out), buf_text(&want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_the_golden_table),
        UNIT_TEST(prints_the_golden_table),
        UNIT_TEST(reads_back_what_it_prints),
        UNIT_TEST(knows_where_nodes_were),
        UNIT_TEST(names_the_place_of_errors),
        UNIT_TEST(reads_streams),
        UNIT_TEST(reads_the_unicode_encodings),
        UNIT_TEST(lets_the_last_key_win_when_told),
        UNIT_TEST(knows_escaped_single_quotes),
        UNIT_TEST(knows_texts_that_end_in_a_colon),
        UNIT_TEST(merges_by_the_rules),
        UNIT_TEST(expands_aliases_into_copies),
        UNIT_TEST(expands_aliases_of_members_in_lists),
        UNIT_TEST(finds_duplicates_in_large_mappings),
        UNIT_TEST(refuses_a_billion_laughs),
        UNIT_TEST(refuses_to_nest_too_deep),
        UNIT_TEST(nests_as_deep_as_go_on_a_large_stack),
        UNIT_TEST(stops_when_the_arena_is_full),
        UNIT_TEST(prints_in_document_order_when_told),
        UNIT_TEST(prints_sorted_keys_of_large_mappings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
