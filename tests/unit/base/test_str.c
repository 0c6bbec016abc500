/* Strings in arenas: copies, tests, splitting, replacing, numbers, nearest names, UTF-8. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/str.h"

#include <string.h>

static void copies_and_formats(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    assert_string_equal(str_dup(a, "abc"), "abc");
    assert_null(str_dup(a, NULL));
    assert_string_equal(str_ndup(a, "abc", 2), "ab");
    assert_string_equal(str_ndup(a, NULL, 0), "");
    char *text = str_fmt(a, "%s-%d-%5000s", "x", 7, "y");
    assert_int_equal(strlen(text), 5004);
    assert_memory_equal(text, "x-7-", 4);
    for (int n = 1; n < 300; n++) {
        text = str_fmt(a, "%*s", n, "z");
        assert_string_equal(str_dup(a, "next"), "next");
        assert_int_equal(strlen(text), n);
        assert_int_equal(text[n - 1], 'z');
    }
}

static void compares_with_null_as_absent(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, NULL) && str_eq("a", "a"));
    assert_false(str_eq(NULL, "") || str_eq("", NULL) || str_eq("a", "A"));
    assert_true(str_eq_fold("aB", "Ab") && str_eq_fold(NULL, NULL));
    assert_false(str_eq_fold(NULL, "a"));
    assert_true(str_empty(NULL) && str_empty(""));
    assert_false(str_empty(" "));
    assert_true(str_starts("abc", "ab") && str_starts("abc", "") && str_ends("abc", "bc") &&
                str_ends("", ""));
    assert_false(str_starts("a", "ab") || str_starts(NULL, "") || str_ends("c", "bc") || str_ends(NULL, ""));
    assert_string_equal(str_or(NULL, "x"), "x");
    assert_string_equal(str_or("", "x"), "x");
    assert_string_equal(str_or("y", "x"), "y");
}

static void trims_and_lowers(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    assert_string_equal(str_trim(a, " \t\r\n\v\fa b \n"), "a b");
    assert_string_equal(str_trim(a, "   "), "");
    assert_string_equal(str_trim(a, ""), "");
    assert_string_equal(str_lower(a, "AbZ[\xC3\x84"), "abz[\xC3\x84");
    assert_null(str_lower(a, NULL));
}

static void splits_and_joins(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = { { "", 1 }, { "a", 1 }, { ",", 2 }, { "a,b", 2 }, { ",a,,b,", 5 } };
    struct arena *a = unit_cx(state)->arena;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t count;
        char **parts = str_split(a, rows[i].text, ',', &count);
        assert_int_equal(count, rows[i].count);
        assert_null(parts[count]);
        assert_string_equal(str_join(a, (const char *const *)parts, count, ","), rows[i].text);
    }
    assert_string_equal(str_join(a, NULL, 0, ", "), "");
    assert_string_equal(str_split(a, "a,b", ',', NULL)[1], "b");
}

static void replaces_every_occurrence(void **state)
{
    static const struct {
        const char *text, *from, *to, *result;
    } rows[] = {
        { "aaa", "a", "bb", "bbbbbb" }, { "aaa", "aa", "b", "ba" }, { "abc", "b", "", "ac" },
        { "abc", "x", "yyy", "abc" },   { "", "x", "y", "" },       { "a/b", "/", "//", "a//b" },
    };
    struct arena *a = unit_cx(state)->arena;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(str_replace(a, rows[i].text, rows[i].from, rows[i].to), rows[i].result);
}

static void reads_whole_decimal_integers_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = { { "0", 0 },
                 { "-5", -5 },
                 { "007", 7 },
                 { "9223372036854775807", INT64_MAX },
                 { "-9223372036854775808", INT64_MIN } };
    static const char *const bad[] = { "",
                                       "-",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1.0",
                                       "0x10",
                                       "1e3",
                                       "--1",
                                       "- 1",
                                       "9223372036854775808",
                                       "-9223372036854775809" };
    int64_t v = 0;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(str_to_int64(good[i].text, &v));
        assert_int_equal(v, good[i].value);
    }
    v = 42;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_int64(bad[i], &v));
    assert_false(str_to_int64(NULL, &v));
    assert_int_equal(v, 42);
}

static void finds_the_nearest_name(void **state)
{
    static const char *const names[] = { "metrics-addr", "events-addr", "concurrent", "health-addr" };
    static const struct {
        const char *typed, *meant; /* NULL: nothing is near */
    } rows[] = {
        { "metric-addr", "metrics-addr" },
        { "concurent", "concurrent" },
        { "evnets-addr", "events-addr" },
        { "concurrent", "concurrent" },
        { "something", NULL },
        { "x", NULL },
        { "", NULL },
    };
    struct arena *a = unit_cx(state)->arena;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *found = str_nearest(rows[i].typed, names, ARRAY_LEN(names));
        if (!str_eq(found, rows[i].meant))
            fail_msg("'%s' gave '%s'", rows[i].typed, str_or(found, "nothing"));
    }
    char *long_name = arena_alloc(a, 1001);
    memset(long_name, 'a', 1000);
    assert_null(str_nearest(long_name, names, ARRAY_LEN(names)));
    assert_null(str_nearest("a", (const char *const[]){ long_name }, 1));
}

static void knows_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t first; /* length of the first sequence; 0: invalid */
    } rows[] = {
        { "a", 1 },
        { "\xC3\xA9", 2 },
        { "\xE2\x82\xAC", 3 },
        { "\xF0\x9F\x98\x80", 4 },
        { "\xF4\x8F\xBF\xBF", 4 },
        { "\x80", 0 },
        { "\xC3", 0 },             /* cut off */
        { "\xC0\x80", 0 },         /* over-long */
        { "\xE0\x80\x80", 0 },     /* over-long */
        { "\xF0\x80\x80\x80", 0 }, /* over-long */
        { "\xED\xA0\x80", 0 },     /* surrogate */
        { "\xF4\x90\x80\x80", 0 }, /* beyond Unicode */
        { "\xFF", 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = strlen(rows[i].text);
        assert_int_equal(str_utf8_len(rows[i].text, n), rows[i].first);
        assert_int_equal(str_is_utf8(rows[i].text, n), rows[i].first == n);
    }
    assert_int_equal(str_utf8_len("a", 0), 0);
    assert_true(str_is_utf8("", 0));
    assert_false(str_is_utf8("abc\xFF", 4));
}

static void nuls_go_and_come_back(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char bytes[] = "a\0b\0\0\xC3\x80";
    char *text = str_without_nuls(cx->arena, bytes, sizeof(bytes) - 1);
    assert_string_equal(text, "a" STR_NUL "b" STR_NUL STR_NUL "\xC3\x80");
    struct strv back = str_with_nuls(cx->arena, text);
    assert_int_equal(back.n, sizeof(bytes) - 1);
    assert_memory_equal(back.p, bytes, back.n);
    const char *plain = "plain";
    assert_ptr_equal(str_with_nuls(cx->arena, plain).p, plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(copies_and_formats),        UNIT_TEST(compares_with_null_as_absent),
        UNIT_TEST(trims_and_lowers),          UNIT_TEST(splits_and_joins),
        UNIT_TEST(replaces_every_occurrence), UNIT_TEST(reads_whole_decimal_integers_only),
        UNIT_TEST(finds_the_nearest_name),    UNIT_TEST(knows_utf8),
        UNIT_TEST(nuls_go_and_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
