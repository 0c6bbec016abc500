/* Retention: what is garbage, by age and by count; the current file never is. */
#include "source-controller/retention.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define SECOND ((int64_t)1000000000)
#define NOW    (1000 * SECOND)

/* Each row: files as letters from the oldest to the newest with their age in seconds; a capital is the current one. */
static const struct row {
    const char *files;
    int ages[6];
    int ttl_s;
    int records;
    const char *garbage; /* letters expected to go */
} rows[] = {
    { "A", { 500 }, 60, 2, "" },
    { "aB", { 30, 10 }, 60, 2, "" },
    { "aB", { 61, 10 }, 60, 2, "a" },
    { "abC", { 30, 20, 10 }, 60, 2, "a" },
    { "abcD", { 40, 30, 20, 10 }, 60, 2, "ab" },
    { "Abc", { 300, 200, 10 }, 60, 2, "b" },
    { "Abcd", { 40, 30, 20, 10 }, 60, 1, "bcd" },
    { "abcD", { 300, 200, 20, 10 }, 60, 2, "ab" },
    { "abcdE", { 300, 50, 40, 30, 20 }, 60, 2, "abc" },
    { "abC", { 90, 80, 70 }, 60, 10, "ab" },
    { "abC", { 3, 2, 1 }, 60, 0, "ab" },
};

static void marks_what_is_old_or_too_many(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct retention_file files[6] = { 0 };
        char names[6][2] = { 0 };
        size_t n = strlen(row->files);
        const struct retention_rule rule = { row->ttl_s * SECOND, row->records };
        for (size_t k = 0; k < n; k++) {
            names[k][0] = row->files[k];
            /* Given in reverse, so that sorting matters. */
            files[n - 1 - k] = (struct retention_file){ .name = names[k],
                                                        .mtime_ns = NOW - row->ages[k] * SECOND,
                                                        .current = row->files[k] < 'a' };
        }
        assert_int_equal(retention_mark(files, n, &rule, NOW), strlen(row->garbage));
        char got[8] = "";
        for (size_t k = 0, at = 0; k < n; k++)
            if (files[k].garbage)
                got[at++] = files[k].name[0];
        assert_string_equal(got, row->garbage);
    }
}

static void nothing_is_no_garbage(void **state)
{
    (void)state;
    const struct retention_rule rule = { SECOND, 1 };
    assert_int_equal(retention_mark(NULL, 0, &rule, NOW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(marks_what_is_old_or_too_many),
        UNIT_TEST(nothing_is_no_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
