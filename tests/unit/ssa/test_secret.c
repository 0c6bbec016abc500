/* A Secret's values do not stay in messages. */
#include "libgotk/doc/yml.h"
#include "libgotk/ssa/secret.h"
#include "tests/unit/lib/unit.h"

static const char *mask(struct ctx *cx, const char *yaml, const char *text)
{
    struct doc *docs;
    assert_ok(cx, yml_parse_all_as(cx, yaml, strlen(yaml), "object", YML_11, &docs));
    return secret_mask(cx->arena, doc_first(docs), text);
}

#define SECRET "apiVersion: v1\nkind: Secret\n"

static void values_are_hidden_at_any_depth(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_string_equal(mask(cx, SECRET "stringData: {n: 4242}", "got {Value:4242}"), "got {Value:***}");
    assert_string_equal(mask(cx, SECRET "stringData: {n: [hunter2]}", "got {\"hunter2\"}"), "got {\"***\"}");
    assert_string_equal(mask(cx, SECRET "stringData: hunter2", "map, got &{hunter2}"), "map, got &{***}");
    assert_string_equal(mask(cx, SECRET "data: {n: aHVudGVyMg==}", "aHVudGVyMg== is hunter2"), "*** is ***");
}

static void other_text_stays(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_string_equal(mask(cx, SECRET "data: {key: ab}", "key: about"), "key: about");
    assert_string_equal(mask(cx, "apiVersion: v1\nkind: ConfigMap\ndata: {n: hunter2}", "hunter2"),
                        "hunter2");
    assert_string_equal(mask(cx, SECRET, "hunter2"), "hunter2");
    assert_string_equal(secret_mask(cx->arena, NULL, "hunter2"), "hunter2");
}

static void escapes_hide_nothing(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_string_equal(mask(cx, SECRET "stringData: {n: \"two\\nlines\"}", "got \"two\\nlines\""),
                        "got \"***\"");
    assert_string_equal(mask(cx, SECRET "stringData: {n: 'a\"b\\c'}", "got \"a\\\"b\\\\c\" or a\"b\\c"),
                        "got \"***\" or ***");
}

static void the_longest_value_goes_first(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_string_equal(mask(cx, SECRET "stringData: {a: hunter, b: hunter2-tail}", "hunter2-tail, hunter"),
                        "***, ***");
}

static const struct {
    const char *value;
    const char *text;
    const char *masked;
} variables[] = {
    { "hunter2-long", "xhunter2-longx", "x***x" },
    { "s3cr3t", "Invalid value: \"s3cr3t\"", "Invalid value: \"***\"" },
    { "s3cr3t", "postgres://u:s3cr3t@db, db-s3cr3t.", "postgres://u:***@db, db-***." },
    { "4711", "got &value.valueUnstructured{Value:4711}", "got &value.valueUnstructured{Value:***}" },
    { "4711", "port 47110 or 14711", "port 47110 or 14711" },
    { "prod", "ConfigMap/prod/web dry-run failed: production of \"prod\"",
      "ConfigMap/prod/web dry-run failed: production of \"***\"" },
    { "\xc3\xa9t\xc3\xa9", "l'\xc3\xa9t\xc3\xa9 et \xc3\xa9t\xc3\xa9s", "l'*** et \xc3\xa9t\xc3\xa9s" },
    { "5", "Invalid value: \"5\": must be 5 or '5' and no \"15\"",
      "Invalid value: \"***\": must be 5 or '***' and no \"15\"" },
    { "a", "a \"a' b", "a \"a' b" },
    { "aa1", "aa1aa1 aa1", "aa1aa1 ***" },
    { "", "\"\" stays", "\"\" stays" },
};

static void short_values_are_hidden_where_they_tell(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        struct doc *vars = doc_object(cx->arena);
        doc_set_text(cx->arena, vars, "v", variables[i].value);
        assert_string_equal(secret_mask_variables(cx->arena, vars, variables[i].text), variables[i].masked);
    }
    assert_string_equal(secret_mask_variables(cx->arena, NULL, "hunter2"), "hunter2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(values_are_hidden_at_any_depth),
        UNIT_TEST(other_text_stays),
        UNIT_TEST(escapes_hide_nothing),
        UNIT_TEST(the_longest_value_goes_first),
        UNIT_TEST(short_values_are_hidden_where_they_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
