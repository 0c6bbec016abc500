/* JSON: what is read, what is refused and where, and the exact bytes of the printer. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct doc *read_json(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, text, strlen(text), "f.json", &d));
    return d;
}

static void assert_prints(struct ctx *cx, const char *text, int style, const char *want)
{
    assert_string_equal(json_text(cx->arena, read_json(cx, text), style), want);
}

static void reads_and_prints(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *text, *want;
    } rows[] = {
        { " null\n", "null" },
        { "[true , false]", "[true,false]" },
        { "{ }", "{}" },
        { "[ ]", "[]" },
        { "{\"b\":1,\"a\":{\"y\":[],\"x\":{}}}", "{\"b\":1,\"a\":{\"y\":[],\"x\":{}}}" },
        { "[0,-0,1.50,1e3,1E-2,9007199254740993,123456789012345678901234567890]",
          "[0,-0,1.50,1e3,1E-2,9007199254740993,123456789012345678901234567890]" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
        { "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "\"A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"" },
        { "\"\\ud800\"", "\"\xEF\xBF\xBD\"" },
        { "\"\\ud800\\u0041\\udc00\"", "\"\xEF\xBF\xBD"
                                       "A\xEF\xBF\xBD\"" },
        { "\"a\\u0000b\"", "\"a\\u0000b\"" },
        { "{\"\\u0000\":\"\\u0001\\u001f\\u007f\"}", "{\"\\u0000\":\"\\u0001\\u001f\x7f\"}" },
        { "\"\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA\"", "\"\\u2028\\u2029\xE2\x80\xAA\"" },
        { "\"<a href='x'>&</a>\"", "\"<a href='x'>&</a>\"" },
        { "{\"\":\"\"}", "{\"\":\"\"}" },
        { "{\"a\\nb\":1}", "{\"a\\nb\":1}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_prints(cx, rows[i].text, JSON_COMPACT, rows[i].want);
}

static void prints_in_every_style(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *text = "{\"b\":[1,{\"d\":{},\"c\":[]}],\"a\":\"<&>\"}";
    assert_prints(cx, text, JSON_SORTED, "{\"a\":\"<&>\",\"b\":[1,{\"c\":[],\"d\":{}}]}");
    assert_prints(cx, text, JSON_GO, "{\"a\":\"\\u003c\\u0026\\u003e\",\"b\":[1,{\"c\":[],\"d\":{}}]}");
    assert_prints(
        cx, text, JSON_INDENT | JSON_SORTED,
        "{\n  \"a\": \"<&>\",\n  \"b\": [\n    1,\n    {\n      \"c\": [],\n      \"d\": {}\n    }\n  ]\n}");
    assert_string_equal(json_text(cx->arena, NULL, 0), "null");
}

static void prints_bytes_that_are_no_utf8_as_go(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *bytes, *want;
    } rows[] = {
        { "\xFF", "\"\\ufffd\"" },
        { "a\xC3", "\"a\\ufffd\"" },
        { "\xE2\x82", "\"\\ufffd\\ufffd\"" },
        { "\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
        { "\xC1\x81", "\"\\ufffd\\ufffd\"" },
        { "\xF4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(json_text(cx->arena, doc_string(cx->arena, rows[i].bytes), 0), rows[i].want);
    assert_string_equal(json_text(cx->arena, doc_nstring(cx->arena, "a\0b", 3), 0), "\"a\\u0000b\"");
}

static void sorts_large_objects(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = doc_object(cx->arena);
    for (int i = 999; i >= 0; i--)
        doc_set_int(cx->arena, d, str_fmt(cx->arena, "k%03d", i), i);
    const char *text = json_text(cx->arena, d, JSON_SORTED), *at = text;
    for (int i = 0; i < 1000; i++) {
        at = strstr(at, str_fmt(cx->arena, "\"k%03d\":%d", i, i));
        assert_non_null(at);
    }
}

static void refuses_with_a_position(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *text, *error;
    } rows[] = {
        { "", "f.json:1:1: expected a value, but the text ends" },
        { "  \n ", "f.json:2:2: expected a value, but the text ends" },
        { "{\n  \"a\": 1,\n}", "f.json:3:1: expected a key in double quotes, got '}'" },
        { "{\"a\" 1}", "f.json:1:6: expected ':' after a key, got '1'" },
        { "{\"a\":1 \"b\":2}", "f.json:1:8: expected ',' or '}' after a member, got '\"'" },
        { "{\"a\":1", "f.json:1:7: expected ',' or '}' after a member, but the text ends" },
        { "[1,]", "f.json:1:4: expected a value, got ']'" },
        { "[1 2]", "f.json:1:4: expected ',' or ']' after an element, got '2'" },
        { "[1]]", "f.json:1:4: expected the end of the text after the value, got ']'" },
        { "01", "f.json:1:1: a number is malformed" },
        { "-", "a number is malformed" },
        { "[1.]", "f.json:1:2: a number is malformed" },
        { "1e", "a number is malformed" },
        { "+1", "expected a value, got '+'" },
        { "nul", "expected a value, got 'n'" },
        { "NaN", "expected a value" },
        { "\"a", "f.json:1:1: a string is not closed" },
        { "\"a\\\"", "f.json:1:1: a string is not closed" },
        { "\"a\nb\"", "f.json:1:3: a string holds a control character" },
        { "\"\\x\"", "f.json:1:2: a string has an escape that JSON does not know" },
        { "\"\\u12\"", "escape that JSON does not know" },
        { "\"\\u12G4\"", "escape that JSON does not know" },
        { "\"\xFF\"", "f.json:1:1: a string is not valid UTF-8" },
        { "\"\xC0\x80\"", "a string is not valid UTF-8" },
        { "{\"a\":1,\n\"a\":2}", "f.json:2:1: key \"a\" is there twice in one object" },
        { "{\"a\":1,\"\\u0061\":2}", "f.json:1:8: key \"a\" is there twice in one object" },
        { "\xEF\xBB\xBF{}", "byte order mark" },
        { "[\x01]", "expected a value, got byte 0x01" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *d = NULL;
        if (json_parse(cx, rows[i].text, strlen(rows[i].text), "f.json", &d) >= 0)
            fail_msg("accepted: %s", rows[i].text);
        assert_error(cx, ERR_INVALID, rows[i].error);
        assert_null(d);
    }
}

static void finds_duplicates_in_large_objects(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf text = buf_new(cx->arena, 1 << 20);
    buf_char(&text, '{');
    for (int i = 0; i < 1000; i++)
        buf_fmt(&text, "\"k%d\":1,\n", i);
    buf_str(&text, "\"k500\":2}");
    struct doc *d = NULL;
    assert_int_equal(json_parse(cx, text.data, text.len, "f.json", &d), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "f.json:1001:1: key \"k500\" is there twice");
}

static void refuses_to_nest_too_deep(void **state)
{
    struct ctx *cx = unit_cx(state);
    char text[2002];
    memset(text, '[', 1001);
    memset(text + 1001, ']', 1001);
    struct doc *d = NULL;
    assert_int_equal(json_parse(cx, text, 2002, "f.json", &d), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "f.json:1:1001: the document nests deeper than 1000 levels");
    assert_ok(cx, json_parse(cx, text + 1, 2000, "f.json", &d));
}

static void respects_the_end_given(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, "123", 2, "f.json", &d));
    assert_string_equal(doc_literal(d), "12");
    assert_int_equal(json_parse(cx, "true", 3, "f.json", &d), ERR_INVALID);
    assert_int_equal(json_parse(cx, "\"\\u00411\"", 6, "f.json", &d), ERR_INVALID);
    assert_int_equal(json_parse(cx, "1.5", 2, "f.json", &d), ERR_INVALID);
}

static void stops_when_the_arena_is_full(void **state)
{
    (void)state;
    CLEANUP(arena_cleanup) struct arena *a = arena_new(1 << 20);
    struct ctx cx = { .arena = a };
    size_t n = (size_t)4 << 20;
    char *text = test_malloc(n);
    memset(text, ',', n);
    for (size_t i = 1; i < n; i += 2)
        text[i] = '1';
    text[0] = '[';
    struct doc *d = NULL;
    assert_int_equal(json_parse(&cx, text, n, "f.json", &d), ERR_LIMIT);
    test_free(text);
}

/* An annotation of every object is such a text. */
static void a_small_text_takes_little_memory(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d;
    size_t before = arena_used(cx->arena);
    for (int i = 0; i < 1000; i++)
        assert_ok(cx, json_parse(cx, "{}", 2, "x", &d));
    assert_true(arena_used(cx->arena) - before < 500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_and_prints),
        UNIT_TEST(prints_in_every_style),
        UNIT_TEST(prints_bytes_that_are_no_utf8_as_go),
        UNIT_TEST(sorts_large_objects),
        UNIT_TEST(refuses_with_a_position),
        UNIT_TEST(finds_duplicates_in_large_objects),
        UNIT_TEST(refuses_to_nest_too_deep),
        UNIT_TEST(respects_the_end_given),
        UNIT_TEST(stops_when_the_arena_is_full),
        UNIT_TEST(a_small_text_takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
