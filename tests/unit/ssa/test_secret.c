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

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(values_are_hidden_at_any_depth),
        UNIT_TEST(other_text_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
