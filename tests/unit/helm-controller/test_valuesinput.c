/* Values from files and flags: which wins, and what is said of a wrong one. */
#include "helm-controller/template/convert.h"
#include "helm-controller/template/valuesinput.h"
#include "libgotk/base/fs.h"
#include "libgotk/doc/json.h"
#include "tests/unit/lib/unit.h"

#define LIST(...)                                                                                            \
    {                                                                                                        \
        .at = (const char *[]){ __VA_ARGS__ },                                                               \
        .len = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)                                      \
    }

static const char *json(struct ctx *cx, struct vmap *values)
{
    struct doc *d;
    assert_ok(cx, convert_to_doc(cx, v_map(values), false, &d));
    return json_text(cx->arena, d, JSON_SORTED);
}

static const char *file(struct ctx *cx, const char *dir, const char *name, const char *text)
{
    const char *path = str_fmt(cx->arena, "%s/%s", dir, name);
    assert_ok(cx, fs_write_atomic(cx, path, text, strlen(text), 0600));
    return path;
}

static void each_kind_wins_over_the_one_before(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct vmap *values;
    const char *dir = unit_tmpdir(cx);
    const char *first = file(cx, dir, "a", "all: 1\na: {b: 1, c: 1}\n---\na: {c: 2}\n");
    const char *second = file(cx, dir, "b", "all: 2\nb: [1]\n"), *third = file(cx, dir, "c", "text\n");
    struct valuesinput in = {
        .set_literals = LIST("f=x,{y}"),
        .set_files = LIST(str_fmt(cx->arena, "all=%s", third), str_fmt(cx->arena, "e=%s", third)),
        .set_strings = LIST("all=5,d=5"),
        .sets = LIST("all=4,c=4"),
        .json = LIST("all=3", " {\"a\": {\"b\": null}}", "j=[1,{}]"),
        .files = LIST(first, second),
    };
    assert_ok(cx, valuesinput_merge(cx, &in, &values));
    assert_string_equal(json(cx, values),
                        "{\"a\":{\"b\":null,\"c\":2},\"all\":\"text\\n\",\"b\":[1],\"c\":4,\"d\":\"5\",\"e\":"
                        "\"text\\n\",\"f\":\"x,{y}\",\"j\":[1,{}]}");
}

static void of_equal_members_the_last_counts(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct vmap *values;
    struct valuesinput in = { .json = LIST("{\"a\": {\"x\": 1}, \"a\": {\"y\": 2}}", "b={\"c\":1,\"c\":2}") };
    assert_ok(cx, valuesinput_merge(cx, &in, &values));
    assert_string_equal(json(cx, values), "{\"a\":{\"y\":2},\"b\":{\"c\":2}}");
}

static void whole_numbers_of_set_are_integers(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct vmap *values;
    struct value v;
    struct valuesinput in = { .sets = LIST("a=5,b=1.5"), .json = LIST("c=5") };
    assert_ok(cx, valuesinput_merge(cx, &in, &values));
    assert_true(vmap_get(values, (struct strv){ "a", 1 }, &v) && v.type == V_INT64);
    assert_true(vmap_get(values, (struct strv){ "b", 1 }, &v) && v.type == V_STRING);
    assert_true(vmap_get(values, (struct strv){ "c", 1 }, &v) && v.type == V_FLOAT64);
}

static const char *merged(struct ctx *cx, struct valuesinput *in)
{
    struct vmap *values;
    assert_ok(cx, valuesinput_merge(cx, in, &values));
    return json(cx, values);
}

static void a_stream_is_read_once(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct valuesinput_stream streams[] = { { "-", { "a: 1\n", 5 } }, { "/dev/fd/9", { "b: 2\n", 5 } } };
    struct valuesinput in = { .files = LIST(" -"),
                              .set_files = LIST("t=-,u=/dev/fd/9,v=/dev/fd/9"),
                              .streams = { .at = streams, .len = ARRAY_LEN(streams) } };
    assert_string_equal(merged(cx, &in), "{\"a\":1,\"t\":\"\",\"u\":\"b: 2\\n\",\"v\":\"\"}");
}

static void streams_are_known_by_what_they_are(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct strv text;
    const char *dir = unit_tmpdir(cx), *plain = file(cx, dir, "plain", "a: 1\n");
    struct str_list files = LIST(plain), set_files = LIST(str_fmt(cx->arena, "a=%s,b=-x,c=", plain));
    assert_int_equal(valuesinput_stream_paths(cx, &files, &set_files).len, 0);
    files = (struct str_list)LIST("- ", "/dev/null", dir, "/nope");
    set_files = (struct str_list)LIST("a=-,b=/dev/null,c=/dev/zero", "[");
    struct str_list paths = valuesinput_stream_paths(cx, &files, &set_files);
    assert_int_equal(paths.len, 3);
    assert_string_equal(str_join(cx->arena, paths.at, 3, " "), "- /dev/null /dev/zero");
    assert_ok(cx, valuesinput_read_stream(cx, "/dev/null", &text));
    assert_int_equal(text.n, 0);
    assert_int_equal(valuesinput_read_stream(cx, "/dev/zero", &text), ERR_LIMIT);
}

static void wrong_input_is_told_in_helms_words(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = unit_tmpdir(cx), *bad = file(cx, dir, "bad", "a: [\n");
    struct {
        struct valuesinput in;
        const char *message;
    } rows[] = {
        { { .files = LIST("/nope") }, "open /nope: no such file or directory" },
        { { .files = LIST(bad) },
          str_fmt(cx->arena,
                  "failed to parse %s: cannot unmarshal yaml document: error converting YAML to JSON: yaml: "
                  "line 1: did not find expected node content",
                  bad) },
        { { .files = LIST("https://example.com/x") },
          "https://example.com/x: values are read from files only" },
        { { .files = LIST("%zz") }, "parse \"%zz\": invalid URL escape \"%zz\"" },
        { { .json = LIST("{\"a\"") }, "failed parsing --set-json data JSON: {\"a\"" },
        { { .json = LIST("{\"a\": 1e999}") }, "failed parsing --set-json data JSON: {\"a\": 1e999}" },
        { { .json = LIST("a=[1e999]") }, "failed parsing --set-json data a=[1e999]" },
        { { .json = LIST("a={") }, "failed parsing --set-json data a={" },
        { { .sets = LIST("a") }, "failed parsing --set data: key \"a\" has no value" },
        { { .set_strings = LIST("a.b") }, "failed parsing --set-string data: key \"b\" has no value" },
        { { .set_files = LIST("a=/nope") },
          "failed parsing --set-file data: open /nope: no such file or directory" },
        { { .set_literals = LIST("a") }, "failed parsing --set-literal data: key \"a\" has no value" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct vmap *values;
        assert_true(valuesinput_merge(cx, &rows[i].in, &values) < 0);
        if (!str_starts(err_message(cx), rows[i].message))
            fail_msg("wanted %s, got %s", rows[i].message, err_message(cx));
        err_clear(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(each_kind_wins_over_the_one_before), UNIT_TEST(of_equal_members_the_last_counts),
        UNIT_TEST(whole_numbers_of_set_are_integers),  UNIT_TEST(a_stream_is_read_once),
        UNIT_TEST(streams_are_known_by_what_they_are), UNIT_TEST(wrong_input_is_told_in_helms_words),
    };
    return cmocka_run_group_tests_name("valuesinput", tests, NULL, NULL);
}
