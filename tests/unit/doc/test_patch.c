/* Patches: RFC 7386 in both directions, pointers, and the golden table of JSON patches. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/patch.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct doc *read_json(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, text, strlen(text), "test", &d));
    return d;
}

static void assert_doc(struct ctx *cx, const struct doc *d, const char *want)
{
    assert_string_equal(json_text(cx->arena, d, JSON_COMPACT), want);
}

/* The table of RFC 7386's appendix, and what it leaves open. */
static void merges_as_rfc_7386(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *target, *patch, *want;
    } rows[] = {
        { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
        { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
        { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
        { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
        { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
        { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
        { "{\"a\":\"foo\"}", "null", "null" },
        { "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
        { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
        { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
        { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
        { "{\"a\":1,\"b\":{\"x\":1,\"y\":2},\"c\":3}", "{\"b\":{\"x\":9}}",
          "{\"a\":1,\"b\":{\"x\":9,\"y\":2},\"c\":3}" },
        { "{}", "{\"A\":1,\"a\":2}", "{\"A\":1,\"a\":2}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *target = read_json(cx, rows[i].target);
        assert_ok(cx, patch_merge(cx, &target, read_json(cx, rows[i].patch)));
        assert_doc(cx, target, rows[i].want);
    }
}

static void makes_the_patch_between_two_documents(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *from, *to, *patch;
    } rows[] = {
        { "{\"a\":1}", "{\"a\":1.0}", NULL },
        { "{\"b\":2,\"a\":1}", "{\"a\":1,\"b\":2}", NULL },
        { "{\"a\":1}", "{}", "{\"a\":null}" },
        { "{}", "{\"a\":1}", "{\"a\":1}" },
        { "{\"a\":null}", "{}", NULL },
        { "{}", "{\"a\":null}", NULL },
        { "{\"a\":1}", "{\"a\":null}", "{\"a\":null}" },
        { "{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"x\":1,\"y\":3}}", "{\"a\":{\"y\":3}}" },
        { "{\"a\":{\"x\":1}}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "{\"a\":[1,2]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "{\"z\":1,\"m\":2}", "{\"m\":3,\"b\":4}", "{\"b\":4,\"m\":3,\"z\":null}" },
        { "[1]", "[2]", "[2]" },
        { "[1]", "[1]", NULL },
        { "{\"a\":{}}", "{\"a\":{\"b\":{}}}", "{\"a\":{\"b\":{}}}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *from = read_json(cx, rows[i].from), *to = read_json(cx, rows[i].to);
        struct doc *patch = patch_diff(cx->arena, from, to);
        if (!rows[i].patch) {
            assert_null(patch);
            continue;
        }
        assert_doc(cx, patch, rows[i].patch);
    }
}

static void a_made_patch_leads_there(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *from = doc_object(cx->arena), *to = doc_object(cx->arena);
    for (int i = 0; i < 2000; i++) {
        if (i % 3)
            doc_set_int(cx->arena, from, str_fmt(cx->arena, "k%d", i), i);
        if (i % 5)
            doc_set_int(cx->arena, to, str_fmt(cx->arena, "k%d", 1999 - i), i % 7);
    }
    struct doc *patch = patch_diff(cx->arena, from, to);
    assert_ok(cx, patch_merge(cx, &from, patch));
    assert_true(doc_equal(from, to));
}

static void finds_by_pointer(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"a/b\":{\"m~n\":[10,{\"\":20}]},\"~1\":3}");
    static const struct {
        const char *pointer, *want;
    } rows[] = {
        { "/a~1b/m~0n/0", "10" },
        { "/a~1b/m~0n/1/", "20" },
        { "/~01", "3" },
        { "/a~1b/m~0n/2", NULL },
        { "/x", NULL },
        { "a~1b", NULL },
        { "/a~1b/m~0n/0/y", NULL },
        { "/~01/", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *hit = patch_pointer(cx->arena, d, rows[i].pointer);
        if (rows[i].want)
            assert_doc(cx, hit, rows[i].want);
        else
            assert_null(hit);
    }
    assert_ptr_equal(patch_pointer(cx->arena, d, ""), d);
    assert_string_equal(patch_pointer_join(cx->arena, "/x", "a/b~c"), "/x/a~1b~0c");
}

static void check_row(struct ctx *cx, const struct doc *row)
{
    struct doc *d = doc_copy(cx->arena, doc_find(row, "doc"));
    const char *error = doc_text_at(row, "error");
    int rc = patch_json6902(cx, &d, doc_find(row, "patch"));
    const char *message = err_message(cx);
    bool good =
        error ? rc == ERR_INVALID && strstr(message, error) : rc == 0 && doc_equal(d, doc_find(row, "want"));
    if (!good)
        fail_msg("%s\n  got %s %s", json_text(cx->arena, row, 0), json_text(cx->arena, d, 0), message);
    err_clear(cx);
}

static void applies_the_golden_table(void **state)
{
    struct ctx *cx = unit_cx(state);
    size_t count = 0, len;
    struct unit_lines lines = unit_lines(cx, "tests/golden/jsonpatch/cases.jsonl");
    for (const char *line; (line = unit_next_line(&lines, &len)); count++)
        check_row(cx, read_json(cx, line));
    assert_true(count > 200);
}

static void names_the_operation_that_failed(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"a\":1}");
    struct doc *ops = read_json(
        cx, "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1.0},{\"op\":\"remove\",\"path\":\"/b/c\"}]");
    assert_int_equal(patch_json6902(cx, &d, ops), ERR_INVALID);
    assert_error(cx, ERR_INVALID,
                 "operation 2 (remove /b/c): remove operation does not apply: doc is missing path: \"/b/c\"");
    assert_int_equal(patch_json6902(cx, &d, read_json(cx, "{}")), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "a JSON patch is a list of operations, got object");
    assert_int_equal(patch_json6902(cx, &d, read_json(cx, "[1]")), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "operation 1: expected an object, got number");
}

/* Each copy doubles the document: the arena's maximum ends it, not the machine's. */
static void copies_stop_at_the_maximum(void **state)
{
    (void)state;
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)1 << 20);
    struct ctx cx = { .arena = a };
    struct doc *d = read_json(&cx, "{\"a\":[1]}"), *ops = doc_array(a);
    for (int i = 0; i < 60; i++)
        doc_append(ops, read_json(&cx, "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}"));
    assert_int_equal(patch_json6902(&cx, &d, ops), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(merges_as_rfc_7386),         UNIT_TEST(makes_the_patch_between_two_documents),
        UNIT_TEST(a_made_patch_leads_there),   UNIT_TEST(finds_by_pointer),
        UNIT_TEST(applies_the_golden_table),   UNIT_TEST(names_the_operation_that_failed),
        UNIT_TEST(copies_stop_at_the_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
