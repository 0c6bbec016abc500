/* Documents: editing keeps order and links, lookups are exact, equality is by value. */
#include "libgotk/base/str.h"
#include "libgotk/doc/doc.h"
#include "libgotk/doc/json.h"
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

/* The list is sound: walked backwards by its last child it is the same. */
static void assert_links(const struct doc *d)
{
    const struct doc *last = NULL;
    doc_each (child, d)
        last = child;
    assert_ptr_equal(last, doc_last(d));
}

static void finds_keys_exactly(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"Name\":1,\"spec\":{\"a\":{\"b\":\"x\"}},\"list\":[{\"b\":2}]}");
    assert_null(doc_find(d, "name"));
    assert_non_null(doc_find(d, "Name"));
    assert_string_equal(doc_text_at(d, "spec", "a", "b"), "x");
    assert_null(doc_path(d, "spec", "a", "b", "c"));
    assert_null(doc_path(d, "list", "b"));
    assert_null(doc_find(NULL, "x"));
    assert_null(doc_text(doc_find(d, "Name")));
    assert_string_equal(doc_literal(doc_find(d, "Name")), "1");
}

static void sets_in_place_or_at_the_end(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"a\":1,\"b\":2,\"c\":3}");
    doc_set_int(cx->arena, d, "a", 10);
    doc_set_int(cx->arena, d, "c", 30);
    doc_set_int(cx->arena, d, "b", 20);
    doc_set_int(cx->arena, d, "d", 40);
    assert_doc(cx, d, "{\"a\":10,\"b\":20,\"c\":30,\"d\":40}");
    assert_links(d);
    doc_set(cx->arena, d, "a", doc_find(d, "a"));
    assert_doc(cx, d, "{\"a\":10,\"b\":20,\"c\":30,\"d\":40}");
    struct doc *one = read_json(cx, "{\"a\":1}");
    doc_set_bool(cx->arena, one, "a", true);
    doc_set_text(cx->arena, one, "b", "x");
    doc_set_text(cx->arena, one, "c", NULL);
    assert_doc(cx, one, "{\"a\":true,\"b\":\"x\"}");
    assert_links(one);
}

static void removes_first_middle_last_and_only(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char *const order[] = { "b", "a", "d", "c" };
    static const char *const left[] = { "{\"a\":1,\"c\":3,\"d\":4}", "{\"c\":3,\"d\":4}", "{\"c\":3}", "{}" };
    struct doc *d = read_json(cx, "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}");
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        assert_true(doc_remove(d, order[i]));
        assert_false(doc_remove(d, order[i]));
        assert_doc(cx, d, left[i]);
        assert_links(d);
    }
    doc_set_int(cx->arena, d, "e", 5);
    assert_doc(cx, d, "{\"e\":5}");
}

static void renames_in_place(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"a\":1,\"b\":2,\"c\":3}");
    doc_rename(cx->arena, d, "a", "x");
    doc_rename(cx->arena, d, "b", "c");
    doc_rename(cx->arena, d, "none", "y");
    assert_doc(cx, d, "{\"x\":1,\"c\":2}");
}

static void ensures_objects(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"metadata\":null}");
    struct doc *labels = doc_ensure(cx->arena, doc_ensure(cx->arena, d, "metadata"), "labels");
    doc_set_text(cx->arena, labels, "a", "b");
    assert_ptr_equal(doc_ensure(cx->arena, doc_find(d, "metadata"), "labels"), labels);
    assert_doc(cx, d, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
}

static void edits_arrays(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "[1,2,3]");
    doc_insert(d, 0, doc_int(cx->arena, 0));
    doc_insert(d, 4, doc_int(cx->arena, 9));
    doc_insert(d, 2, doc_fmt(cx->arena, "%d", 7));
    doc_insert(d, 99, doc_null(cx->arena));
    assert_doc(cx, d, "[0,1,\"7\",2,3,9,null]");
    assert_links(d);
    assert_int_equal(doc_len(d), 7);
    assert_true(doc_remove_at(d, 6));
    assert_true(doc_remove_at(d, 0));
    assert_false(doc_remove_at(d, 5));
    assert_doc(cx, d, "[1,\"7\",2,3,9]");
    doc_replace(cx->arena, d, doc_at(d, 4), doc_array(cx->arena));
    doc_replace(cx->arena, d, doc_at(d, 0), doc_object(cx->arena));
    doc_append_text(cx->arena, d, "end");
    assert_doc(cx, d, "[{},\"7\",2,3,[],\"end\"]");
    assert_links(d);
    assert_null(doc_at(d, 6));
}

static void replaces_a_member_keeping_its_key(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"a\":1,\"b\":2}");
    doc_replace(cx->arena, d, doc_find(d, "a"), doc_string(cx->arena, "x"));
    doc_detach(d, doc_find(d, "b"));
    assert_doc(cx, d, "{\"a\":\"x\"}");
}

static void copies_deeply_with_positions(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *text = "{\n  \"a\": [1, {\"b\": \"x\"}],\n  \"c\": null}";
    struct doc *d = read_json(cx, text), *copy = doc_copy(cx->arena, d);
    assert_int_equal(doc_line(doc_find(copy, "c")), 3);
    assert_int_equal(doc_column(doc_find(copy, "c")), 3);
    assert_int_equal(doc_column(doc_at(doc_find(copy, "a"), 1)), 12);
    doc_set_int(cx->arena, doc_at(doc_find(copy, "a"), 1), "b", 5);
    assert_doc(cx, d, "{\"a\":[1,{\"b\":\"x\"}],\"c\":null}");
    assert_doc(cx, copy, "{\"a\":[1,{\"b\":5}],\"c\":null}");
    assert_null(doc_copy(cx->arena, NULL));
}

static void compares_by_value(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        { "1", "1.0", true },
        { "1", "1e0", true },
        { "100", "1e2", true },
        { "0.001", "1E-3", true },
        { "0", "-0.0", true },
        { "0e5", "0.000", true },
        { "120", "12", false },
        { "12e1", "120.00", true },
        { "1.5", "15e-1", true },
        { "-1", "1", false },
        { "9007199254740993", "9007199254740992", false },
        { "9007199254740993", "9007199254740993.0", true },
        { "1e400", "1E+400", true },
        { "1e400", "1e401", false },
        { "1e99999999999999999999", "1", false },
        { "0.10", "0.1", true },
        { "10.01", "1.001e1", true },
        { "1", "\"1\"", false },
        { "null", "false", false },
        { "true", "true", true },
        { "true", "false", false },
        { "\"a\"", "\"A\"", false },
        { "[1,2]", "[1,2]", true },
        { "[1,2]", "[2,1]", false },
        { "[1]", "[1,2]", false },
        { "{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1.0}", true },
        { "{\"a\":1}", "{\"A\":1}", false },
        { "{\"a\":1}", "{\"a\":1,\"b\":1}", false },
        { "{\"a\":null}", "{\"b\":null}", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *a = read_json(cx, rows[i].a), *b = read_json(cx, rows[i].b);
        if (doc_equal(a, b) != rows[i].equal || doc_equal(b, a) != rows[i].equal)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
    }
    assert_true(doc_equal(NULL, doc_null(cx->arena)));
}

static void compares_large_objects_in_any_order(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *a = doc_object(cx->arena), *b = doc_object(cx->arena);
    enum { N = 3000 };
    for (int i = 0; i < N; i++) {
        doc_set_int(cx->arena, a, str_fmt(cx->arena, "k%d", i), i);
        doc_set_int(cx->arena, b, str_fmt(cx->arena, "k%d", N - 1 - i), N - 1 - i);
    }
    assert_true(doc_equal(a, b));
    doc_set_int(cx->arena, b, "k1500", 1);
    assert_false(doc_equal(a, b));
}

static void reads_whole_integers_only(void **state)
{
    struct ctx *cx = unit_cx(state);
    int64_t v = 7;
    assert_true(doc_get_int(read_json(cx, "-9223372036854775808"), &v) && v == INT64_MIN);
    v = 7;
    assert_false(doc_get_int(read_json(cx, "9223372036854775808"), &v));
    assert_false(doc_get_int(read_json(cx, "1.0"), &v));
    assert_false(doc_get_int(read_json(cx, "1e3"), &v));
    assert_false(doc_get_int(read_json(cx, "\"1\""), &v));
    assert_false(doc_get_int(NULL, &v));
    assert_int_equal(v, 7);
}

static void prints_doubles_as_go(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        double value;
        const char *want;
    } rows[] = {
        { 0.0, "0" },
        { 1.0, "1" },
        { -1.5, "-1.5" },
        { 0.1, "0.1" },
        { 1e6, "1000000" },
        { 123456789.0, "123456789" },
        { 1e20, "100000000000000000000" },
        { 1e21, "1e+21" },
        { 0.000001, "0.000001" },
        { 1.25e-6, "0.00000125" },
        { 1e-7, "1e-7" },
        { 5e-324, "5e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { 5.684341886080802e-14, "5.684341886080802e-14" }, /* 2^-44: a lopsided interval */
        { 9007199254740993.0, "9007199254740992" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(doc_literal(doc_double(cx->arena, rows[i].value)), rows[i].want);
}

static void names_kinds(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "[null,true,1,\"\",[],{}]");
    static const char *const names[] = { "null", "bool", "number", "string", "array", "object" };
    size_t i = 0;
    doc_each (child, d)
        assert_string_equal(doc_kind_name(child), names[i++]);
    assert_int_equal(i, 6);
    assert_string_equal(doc_kind_name(NULL), "null");
    assert_true(doc_is_true(doc_at(d, 1), false));
    assert_true(doc_is_true(doc_at(d, 0), true));
}

static void sorts_by_bytes(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct doc *d = read_json(cx, "{\"b\":1,\"a\":2,\"\xC3\xA9\":3,\"B\":4,\"\":5}");
    struct doc **at = doc_sorted(cx->arena, d);
    static const char *const want[] = { "", "B", "a", "b", "\xC3\xA9" };
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_string_equal(doc_key(at[i]), want[i]);
    assert_null(at[ARRAY_LEN(want)]);
    assert_null(doc_sorted(cx->arena, NULL)[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(finds_keys_exactly),
        UNIT_TEST(sets_in_place_or_at_the_end),
        UNIT_TEST(removes_first_middle_last_and_only),
        UNIT_TEST(renames_in_place),
        UNIT_TEST(ensures_objects),
        UNIT_TEST(edits_arrays),
        UNIT_TEST(replaces_a_member_keeping_its_key),
        UNIT_TEST(copies_deeply_with_positions),
        UNIT_TEST(compares_by_value),
        UNIT_TEST(compares_large_objects_in_any_order),
        UNIT_TEST(reads_whole_integers_only),
        UNIT_TEST(prints_doubles_as_go),
        UNIT_TEST(names_kinds),
        UNIT_TEST(sorts_by_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
