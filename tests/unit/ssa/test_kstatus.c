/* The golden table of what kstatus says of objects. */
#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/ssa/kstatus.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define TABLE "tests/golden/kstatus/cases.jsonl"

static void check_row(struct ctx *cx, const struct doc *row)
{
    const struct doc *object = doc_find(row, "object"), *pods = doc_find(row, "pods");
    const char *error = doc_text_at(row, "error");
    struct kstatus got = kstatus_of(cx->arena, object);
    if (pods) {
        assert_true(kstatus_asks_pods(object));
        got = kstatus_with_pods(cx->arena, got, pods);
    }
    if (!str_eq(kstatus_name(got.code), doc_text_at(row, "want")) ||
        !str_eq(got.reason, doc_text_at(row, "reason")) || !str_eq(got.message, doc_text_at(row, "message")))
        fail_msg("%s: got %s, %s, '%s'", doc_text_at(row, "name"), kstatus_name(got.code), got.reason,
                 got.message);
    if ((got.error != NULL) != (error != NULL) || (error && !strstr(got.error, error)))
        fail_msg("%s: got the error '%s'", doc_text_at(row, "name"), str_or(got.error, ""));
}

static void judges_the_golden_table(void **state)
{
    struct ctx *cx = unit_cx(state);
    size_t count = 0, len;
    struct unit_lines lines = unit_lines(cx, TABLE);
    for (const char *line; (line = unit_next_line(&lines, &len)); count++) {
        struct doc *row = NULL;
        assert_ok(cx, json_parse(cx, line, len, TABLE, &row));
        check_row(cx, row);
    }
    assert_true(count > 100);
}

static void an_absent_object_is_not_found(void **state)
{
    struct kstatus got = kstatus_of(unit_cx(state)->arena, NULL);
    assert_int_equal(got.code, KSTATUS_NOT_FOUND);
    assert_string_equal(got.message, "Resource not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(judges_the_golden_table),
                                        UNIT_TEST(an_absent_object_is_not_found) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
