/* File replies: preconditions in their order, one range, broken ranges. */
#include "libgotk/net/filereply.h"
#include "tests/unit/lib/unit.h"

#define BEFORE "Mon, 01 Jan 2024 00:00:00 GMT" /* 1704067200 */
#define EXACT  "Mon, 01 Jan 2024 00:00:01 GMT"

static const struct filereply_file file = { .size = 100, .last_modified = 1704067201, .etag = "\"abc\"" };

static void decides_by_the_rules(void **state)
{
    (void)state;
    static const struct {
        struct filereply_request req;
        struct filereply want;
    } rows[] = {
        { { 0 }, { 200, 0, 100 } },
        { { .if_none_match = "\"abc\"" }, { 304, 0, 0 } },
        { { .if_none_match = "\"x\", W/\"abc\"" }, { 304, 0, 0 } },
        { { .if_none_match = "*" }, { 304, 0, 0 } },
        { { .if_none_match = "\"x\"", .if_modified_since = EXACT }, { 200, 0, 100 } },
        { { .if_none_match = "abc" }, { 200, 0, 100 } },
        { { .if_modified_since = EXACT }, { 304, 0, 0 } },
        { { .if_modified_since = BEFORE }, { 200, 0, 100 } },
        { { .if_modified_since = "yesterday" }, { 200, 0, 100 } },
        { { .if_match = "\"abc\"" }, { 200, 0, 100 } },
        { { .if_match = "W/\"abc\"" }, { 412, 0, 0 } },
        { { .if_match = "\"x\"" }, { 412, 0, 0 } },
        { { .if_unmodified_since = BEFORE }, { 412, 0, 0 } },
        { { .if_unmodified_since = EXACT }, { 200, 0, 100 } },
        { { .range = "bytes=0-0" }, { 206, 0, 1 } },
        { { .range = "bytes=10-19" }, { 206, 10, 10 } },
        { { .range = "bytes=90-" }, { 206, 90, 10 } },
        { { .range = "bytes=90-1000" }, { 206, 90, 10 } },
        { { .range = "bytes=-5" }, { 206, 95, 5 } },
        { { .range = "bytes=-500" }, { 206, 0, 100 } },
        { { .range = "bytes=0-1,5-6" }, { 200, 0, 100 } },
        { { .range = "bytes=100-" }, { 416, 0, 0 } },
        { { .range = "bytes=5-4" }, { 416, 0, 0 } },
        { { .range = "bytes=-0" }, { 416, 0, 0 } },
        { { .range = "bytes=-" }, { 416, 0, 0 } },
        { { .range = "bytes=a-b" }, { 416, 0, 0 } },
        { { .range = "bytes=99999999999999999999-" }, { 416, 0, 0 } },
        { { .range = "bytes=1-2x" }, { 416, 0, 0 } },
        { { .range = "lines=1-2" }, { 416, 0, 0 } },
        { { .range = "bytes=0-9", .if_range = "\"abc\"" }, { 206, 0, 10 } },
        { { .range = "bytes=0-9", .if_range = "\"old\"" }, { 200, 0, 100 } },
        { { .range = "bytes=0-9", .if_range = EXACT }, { 206, 0, 10 } },
        { { .range = "bytes=0-9", .if_range = BEFORE }, { 200, 0, 100 } },
        { { .range = "bytes=0-9", .if_none_match = "\"abc\"" }, { 304, 0, 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct filereply got = filereply_decide(&rows[i].req, &file);
        if (got.status != rows[i].want.status || got.offset != rows[i].want.offset ||
            got.length != rows[i].want.length)
            fail_msg("row %zu: %d %jd+%jd", i, got.status, (intmax_t)got.offset, (intmax_t)got.length);
    }
}

static void a_file_without_a_tag_still_has_a_date(void **state)
{
    (void)state;
    struct filereply_file untagged = { .size = 0, .last_modified = 1704067201 };
    struct filereply_request req = { .if_none_match = "\"abc\"" };
    assert_int_equal(filereply_decide(&req, &untagged).status, 200);
    req = (struct filereply_request){ .if_modified_since = EXACT };
    assert_int_equal(filereply_decide(&req, &untagged).status, 304);
    req = (struct filereply_request){ .range = "bytes=0-" };
    assert_int_equal(filereply_decide(&req, &untagged).status, 416);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(decides_by_the_rules),
        UNIT_TEST(a_file_without_a_tag_still_has_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
