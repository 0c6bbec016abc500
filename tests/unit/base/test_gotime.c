/* Go's durations, RFC 3339, HTTP dates, jitter. The expected values are what Go 1.26's time package answers. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/gotime.h"

#include <string.h>

static const struct {
    const char *in;
    int64_t ns;
    const char *printed; /* NULL: refused with `error` */
    const char *error;
} durations[] = {
    { "0", 0, "0s", NULL },
    { "-0", 0, "0s", NULL },
    { "+5s", 5000000000, "5s", NULL },
    { "1.s", 1000000000, "1s", NULL },
    { ".5s", 500000000, "500ms", NULL },
    { "1h30m", 5400000000000, "1h30m0s", NULL },
    { "1.5h", 5400000000000, "1h30m0s", NULL },
    { "-1m5.5s", -65500000000, "-1m5.5s", NULL },
    { "100ms", 100000000, "100ms", NULL },
    { "1\xC2\xB5s", 1000, "1\xC2\xB5s", NULL },
    { "1\xCE\xBCs", 1000, "1\xC2\xB5s", NULL },
    { "1us", 1000, "1\xC2\xB5s", NULL },
    { "1ns", 1, "1ns", NULL },
    { "0.3333333333333333333h", 1200000000000, "20m0s", NULL },
    { "0.9223372036854775807h", 3320413933267, "55m20.413933267s", NULL },
    { "0.830103483285477580700h", 2988372539827, "49m48.372539827s", NULL },
    { "0.100000000000000000000h", 360000000000, "6m0s", NULL },
    { "39h9m14.425s", 140954425000000, "39h9m14.425s", NULL },
    { "1m1.000000001s", 61000000001, "1m1.000000001s", NULL },
    { "9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s", NULL },
    { "2562047h47m16.854775807s", INT64_MAX, "2562047h47m16.854775807s", NULL },
    { "-9223372036854775808ns", INT64_MIN, "-2562047h47m16.854775808s", NULL },
    { "", 0, NULL, "time: invalid duration \"\"" },
    { "-", 0, NULL, "time: invalid duration \"-\"" },
    { "-.s", 0, NULL, "time: invalid duration \"-.s\"" },
    { "3", 0, NULL, "time: missing unit in duration \"3\"" },
    { "3.", 0, NULL, "time: missing unit in duration \"3.\"" },
    { "5s5", 0, NULL, "time: missing unit in duration \"5s5\"" },
    { "5d", 0, NULL, "time: unknown unit \"d\" in duration \"5d\"" },
    { "1h 30m", 0, NULL, "time: unknown unit \"h \" in duration \"1h 30m\"" },
    { "1H", 0, NULL, "time: unknown unit \"H\" in duration \"1H\"" },
    { "1e3s", 0, NULL, "time: unknown unit \"e\" in duration \"1e3s\"" },
    { " 1s", 0, NULL, "time: invalid duration \" 1s\"" },
    { "--1s", 0, NULL, "time: invalid duration \"--1s\"" },
    { "9223372036854775808ns", 0, NULL, "time: invalid duration \"9223372036854775808ns\"" },
    { "-9223372036854775809ns", 0, NULL, "time: invalid duration \"-9223372036854775809ns\"" },
    { "9223372036.854775808s", 0, NULL, "time: invalid duration \"9223372036.854775808s\"" },
    { "99999999999999999999h", 0, NULL, "time: invalid duration \"99999999999999999999h\"" },
};

static void reads_and_prints_durations_as_go(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        int64_t ns = 42;
        int rc = gotime_parse_duration(cx, durations[i].in, &ns);
        if (!durations[i].printed) {
            assert_int_equal(rc, ERR_INVALID);
            assert_string_equal(err_message(cx), durations[i].error);
            assert_int_equal(ns, 42);
            err_clear(cx);
            continue;
        }
        assert_ok(cx, rc);
        assert_int_equal(ns, durations[i].ns);
        assert_string_equal(gotime_print_duration(cx->arena, ns), durations[i].printed);
    }
}

static const struct {
    const char *in;
    int64_t ns;
    const char *printed;
} points[] = {
    { "2006-01-02T15:04:05Z", 1136214245000000000, "2006-01-02T15:04:05Z" },
    { "2026-11-23T21:50:01.123Z", 1795470601123000000, "2026-11-23T21:50:01.123Z" },
    { "2026-11-23T21:50:01.1234567891Z", 1795470601123456789, "2026-11-23T21:50:01.123456789Z" },
    { "2024-02-29T00:00:00Z", 1709164800000000000, "2024-02-29T00:00:00Z" },
    { "2026-11-23T23:50:01+02:00", 1795470601000000000, "2026-11-23T21:50:01Z" },
    { "2026-11-23T21:50:01-07:30", 1795497601000000000, "2026-11-24T05:20:01Z" },
    { "1969-12-31T23:59:59.5Z", -500000000, "1969-12-31T23:59:59.5Z" },
    { "1900-03-01T00:00:00Z", -2203891200000000000, "1900-03-01T00:00:00Z" },
    { "2262-04-11T23:47:16.854775807Z", INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
};

static void reads_and_prints_points_in_time_as_go(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        int64_t ns = 0;
        assert_true(gotime_parse_rfc3339(points[i].in, &ns));
        assert_int_equal(ns, points[i].ns);
        assert_string_equal(gotime_rfc3339_nano(a, ns), points[i].printed);
    }
}

static void refuses_what_is_no_rfc3339(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2023-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-11-23t21:50:01z",
        "2026-11-23T21:50:60Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T21:50:01",
        "2026-11-23 21:50:01Z",
        "2026-11-23T21:50:01.Z",
        "2026-11-23T21:50:01Zx",
        "2026-11-23T21:50:01+0200",
        "0001-01-01T00:00:00Z", /* does not fit nanoseconds */
    };
    int64_t ns = 42;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(gotime_parse_rfc3339(bad[i], &ns));
    assert_false(gotime_parse_rfc3339(NULL, &ns));
    assert_int_equal(ns, 42);
}

static const struct {
    int64_t seconds;
    const char *rfc3339;
    const char *http;
} dates[] = {
    { 0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
    { 951782400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT" },
    { 1795470601, "2026-11-23T21:50:01Z", "Mon, 23 Nov 2026 21:50:01 GMT" },
    { -1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT" },
    { -2208988800, "1900-01-01T00:00:00Z", "Mon, 01 Jan 1900 00:00:00 GMT" },
    { 253402300799, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT" },
};

static void prints_and_reads_http_dates(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        int64_t back = 0;
        assert_string_equal(gotime_rfc3339(a, dates[i].seconds), dates[i].rfc3339);
        assert_string_equal(gotime_http_date(a, dates[i].seconds), dates[i].http);
        assert_true(gotime_parse_http_date(dates[i].http, &back));
        assert_int_equal(back, dates[i].seconds);
    }
    int64_t ignored;
    assert_false(gotime_parse_http_date("Monday, 23-Nov-26 21:50:01 GMT", &ignored));
    assert_false(gotime_parse_http_date("Mon, 31 Feb 2026 21:50:01 GMT", &ignored));
    assert_false(gotime_parse_http_date(NULL, &ignored));
}

static void keeps_the_digits_of_logs_and_leases(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    assert_string_equal(gotime_rfc3339_milli(a, 1795470601000000000), "2026-11-23T21:50:01.000Z");
    assert_string_equal(gotime_rfc3339_milli(a, 1795470601009999999), "2026-11-23T21:50:01.009Z");
    assert_string_equal(gotime_rfc3339_micro(a, 1795470601000001999), "2026-11-23T21:50:01.000001Z");
    assert_string_equal(gotime_rfc3339_milli(a, -1), "1969-12-31T23:59:59.999Z");
}

static void every_day_of_280_years_survives(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    const char *last = "";
    struct arena_mark mark = arena_mark(a);
    for (int64_t day = 0; day < 365 * 280; day++) {
        int64_t back;
        if (day % 1000 == 0)
            arena_release(a, mark), last = "";
        const char *text = gotime_rfc3339(a, day * 86400);
        assert_true(strcmp(last, text) < 0);
        assert_true(gotime_parse_rfc3339(text, &back));
        assert_int_equal(back / GOTIME_SECOND, day * 86400);
        last = text;
    }
}

static void jitter_stays_within_its_percentage(void **state)
{
    (void)state;
    int64_t low = INT64_MAX, high = 0;
    for (int i = 0; i < 2000; i++) {
        int64_t ns = gotime_jitter(GOTIME_MINUTE, 5);
        assert_in_range(ns, 57 * GOTIME_SECOND, 63 * GOTIME_SECOND);
        low = ns < low ? ns : low;
        high = ns > high ? ns : high;
    }
    assert_true(low < 58 * GOTIME_SECOND && high > 62 * GOTIME_SECOND);
    assert_int_equal(gotime_jitter(GOTIME_MINUTE, 0), GOTIME_MINUTE);
    assert_int_equal(gotime_jitter(0, 5), 0);
    for (int i = 0; i < 100; i++)
        assert_true(gotime_jitter(INT64_MAX, 99) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_and_prints_durations_as_go),    UNIT_TEST(reads_and_prints_points_in_time_as_go),
        UNIT_TEST(refuses_what_is_no_rfc3339),          UNIT_TEST(prints_and_reads_http_dates),
        UNIT_TEST(keeps_the_digits_of_logs_and_leases), UNIT_TEST(every_day_of_280_years_survives),
        UNIT_TEST(jitter_stays_within_its_percentage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
