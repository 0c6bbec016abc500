/*
 * test_status.c: the one patch a run writes.
 */
#include "libgotk/doc/json.h"
#include "libgotk/runtime/status.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct doc *parse(struct ctx *cx, const char *json)
{
    struct doc *d;
    assert_ok(cx, json_parse(cx, json, strlen(json), "test", &d));
    return d;
}

static void nothing_changed_is_no_patch(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *status = "{\"observedGeneration\":2,\"conditions\":[{\"type\":\"Ready\"}]}";
    assert_null(status_diff(cx->arena, "u", parse(cx, status), parse(cx, status)));
    assert_null(status_diff(cx->arena, "u", NULL, parse(cx, "{}")));
}

static void the_difference_is_patched(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct doc *body = status_diff(
        cx->arena, "uid-1",
        parse(cx, "{\"a\":1,\"gone\":true,\"inventory\":{\"entries\":[1,2]},\"same\":{\"x\":1}}"),
        parse(cx, "{\"a\":2,\"inventory\":{\"entries\":[1,3]},\"same\":{\"x\":1},\"new\":\"n\"}"));
    assert_true(
        doc_equal(body, parse(cx, "{\"metadata\":{\"uid\":\"uid-1\"},\"status\":{\"a\":2,\"gone\":null,"
                                  "\"inventory\":{\"entries\":[1,3]},\"new\":\"n\"}}")));
}

static void the_first_status_is_patched_whole(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct doc *body = status_diff(cx->arena, "u", NULL, parse(cx, "{\"a\":1}"));
    assert_true(doc_equal(body, parse(cx, "{\"metadata\":{\"uid\":\"u\"},\"status\":{\"a\":1}}")));
}

static void versions_are_numbers(void **state)
{
    (void)state;
    assert_int_equal(status_version("12345"), 12345);
    assert_int_equal(status_version("18446744073709551615"), UINT64_MAX);
    assert_int_equal(status_version(""), 0);
    assert_int_equal(status_version(NULL), 0);
    assert_int_equal(status_version("12a"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(nothing_changed_is_no_patch),
        UNIT_TEST(the_difference_is_patched),
        UNIT_TEST(the_first_status_is_patched_whole),
        UNIT_TEST(versions_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
