/* Versions and ranges: what Masterminds/semver v3.5 answers (600,000 random ones agree too). */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/semver.h"
#include "libgotk/base/str.h"

#include <string.h>

static const struct {
    const char *text;
    const char *lenient; /* as printed; NULL: refused */
    const char *strict;
} versions[] = {
    { "1.2.3", "1.2.3", "1.2.3" },
    { "1.2.3-rc.1+build.01", "1.2.3-rc.1+build.01", "1.2.3-rc.1+build.01" },
    { "v1.2.3", "1.2.3", NULL },
    { "1.2", "1.2.0", NULL },
    { "v1", "1.0.0", NULL },
    { "1.2-beta.5", "1.2.0-beta.5", NULL },
    { "01.02.03", "1.2.3", NULL },
    { "1.2.3+-", "1.2.3+-", "1.2.3+-" },
    { "1.2.3--", "1.2.3--", "1.2.3--" },
    { "18446744073709551615.0.0", "18446744073709551615.0.0", "18446744073709551615.0.0" },
    { "18446744073709551616.0.0", NULL, NULL },
    { "1.2.3-01", NULL, NULL },
    { "1.2.3-0a", "1.2.3-0a", "1.2.3-0a" },
    { "1.2.3-a..b", NULL, NULL },
    { "1.2.3-", NULL, NULL },
    { "1.2.3+", NULL, NULL },
    { "1.2.3.4", NULL, NULL },
    { "1..3", NULL, NULL },
    { "1.2.", NULL, NULL },
    { "", NULL, NULL },
    { "v", NULL, NULL },
    { "V1.2.3", NULL, NULL },
    { " 1.2.3", NULL, NULL },
    { "1.2.3 ", NULL, NULL },
    { "1.2.3-\xC3\xA9", NULL, NULL },
    { "latest", NULL, NULL },
};

static void check_version(struct ctx *cx, int rc, const struct semver *v, const char *text, const char *want)
{
    if ((rc < 0) != (want == NULL))
        fail_msg("'%s': %s", text, rc < 0 ? err_message(cx) : semver_print(cx->arena, v));
    if (want)
        assert_string_equal(semver_print(cx->arena, v), want);
}

static void reads_versions_leniently_and_strictly(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct semver v;
        int rc = semver_parse(cx, versions[i].text, &v);
        check_version(cx, rc, &v, versions[i].text, versions[i].lenient);
        if (rc == 0)
            assert_string_equal(v.original, versions[i].text);
        rc = semver_parse_strict(cx, versions[i].text, &v);
        check_version(cx, rc, &v, versions[i].text, versions[i].strict);
    }
}

static void says_what_is_wrong_with_a_version(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct semver v;
    char *long_text = arena_alloc(cx->arena, 300);
    memset(long_text, '1', 257);
    assert_true(semver_parse(cx, "x", &v) < 0);
    assert_error(cx, ERR_INVALID, "invalid semantic version");
    assert_true(semver_parse(cx, "1.2.3-01", &v) < 0);
    assert_error(cx, ERR_INVALID, "version segment starts with 0");
    assert_true(semver_parse(cx, long_text, &v) < 0);
    assert_error(cx, ERR_INVALID, "version string is too long (max 256 bytes)");
    assert_true(semver_parse_strict(cx, "", &v) < 0);
    assert_error(cx, ERR_INVALID, "version string empty");
    assert_true(semver_parse_strict(cx, "1.2.x", &v) < 0);
    assert_error(cx, ERR_INVALID, "invalid characters in version");
}

static void orders_versions_by_precedence(void **state)
{
    static const char *const rising[] = {
        "0.0.0-0",
        "0.0.0",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-beta.99999999999999999999",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.2.0",
        "1.10.0",
        "2.0.0",
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rising); i++)
        for (size_t j = 0; j < ARRAY_LEN(rising); j++) {
            struct semver a, b;
            assert_ok(cx, semver_parse(cx, rising[i], &a));
            assert_ok(cx, semver_parse(cx, rising[j], &b));
            int order = semver_compare(&a, &b);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    struct semver a, b;
    assert_ok(cx, semver_parse(cx, "v1.0+a", &a));
    assert_ok(cx, semver_parse(cx, "1.0.0+b", &b));
    assert_int_equal(semver_compare(&a, &b), 0);
}

static const struct {
    const char *range, *version;
    bool in;
} ranges[] = {
    { "*", "1.2.3", true },
    { "*", "1.2.3-rc", false },
    { "*-0", "1.2.3-rc", true },
    { ">=1.0.0 <2.0.0", "1.9.9", true },
    { ">=1.0.0, <2.0.0", "2.0.0", false },
    { ">=1.0.0 <2.0.0", "2.0.0-rc.1", false },
    { ">=1.0.0-0 <2.0.0", "2.0.0-rc.1", true },
    { ">=1.0.0-0", "1.0.0-alpha", true },
    { ">=1.0.0", "1.1.0-alpha", false },
    { "1.2.3", "1.2.3", true },
    { "1.2.3", "1.2.4", false },
    { "v1.2.3", "1.2.3+meta", true },
    { "1.x", "1.99.0", true },
    { "1.x", "2.0.0", false },
    { "1.2", "1.2.9", true },
    { "1.2", "1.3.0", false },
    { "=1.2", "1.2.9", true },
    { "!=1.2.3", "1.2.4", true },
    { "!=1.2.x", "1.2.4", false },
    { "!=1.x", "1.2.4", false },
    { "!=1.x", "2.0.0", true },
    { ">11", "11.5.0", false },
    { ">11", "12.0.0", true },
    { ">11.1", "11.1.5", false },
    { ">11.1", "11.2.0", true },
    { ">=11.x", "11.0.0", true },
    { "<11.1", "11.0.9", true },
    { "<=11", "11.9.9", true },
    { "<=11.2", "11.2.9", true },
    { "<=11.2", "11.3.0", false },
    { "=>1.2", "1.2.0", true },
    { "=<1.2", "1.3.0", false },
    { "~1", "1.9.0", true },
    { "~1.2", "1.2.9", true },
    { "~1.2", "1.3.0", false },
    { "~1.2.3", "1.2.2", false },
    { "~>1.2.3", "1.2.9", true },
    { "~0.0.0", "7.0.0", true },
    { "~0.0", "0.1.0", false },
    { "^1.2.3", "1.9.9", true },
    { "^1.2.3", "1.2.2", false },
    { "^0.2.3", "0.2.9", true },
    { "^0.2.3", "0.3.0", false },
    { "^0.0.3", "0.0.4", false },
    { "^0.0", "0.0.9", true },
    { "^0", "0.9.9", true },
    { "^1.2.0-beta.1", "1.2.0-beta.2", true },
    { "^1.2.0-beta.1", "1.2.0-alpha", false },
    { "1.2 - 1.4", "1.3.0", true },
    { "1.2 - 1.4", "1.4.9", true },
    { "1.2 - 1.4.5", "1.4.6", false },
    { "1.2 - 1.4, !=1.3.5", "1.3.5", false },
    { "1 - 2>1.5", "1.4.0", false },
    { "<1.0.0 || >=2.0.0", "2.1.0", true },
    { "<1.0.0 || >=2.0.0", "1.5.0", false },
    { "1.x || >=3.0.0-0", "2.0.0-rc", false },
    { "1.x || >=3.0.0-0", "4.0.0-rc", true },
    { " >= 1.2 ,  < 2 ", "1.5.0", true },
};

static void ranges_hold_as_upstreams(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        struct semver_range *range;
        struct semver v;
        assert_ok(cx, semver_range_parse(cx, ranges[i].range, &range));
        assert_ok(cx, semver_parse(cx, ranges[i].version, &v));
        if (semver_in_range(range, &v) != ranges[i].in)
            fail_msg("'%s' against '%s'", ranges[i].version, ranges[i].range);
    }
}

static void refuses_bad_ranges(void **state)
{
    static const char *const bad[] = {
        "",        " ",     "||",     "1 ||",     ",",      "1,",   "1,,2", "foo",    ">",  "==1",  "><1",
        "1.2.3.4", ">=1<2", "1.2.3-", "=1 2 - 3", ">1 - 2", "1 -2", "1- 2", "1.2.3+", "a1", "> =1", "1 |2",
    };
    struct ctx *cx = unit_cx(state);
    struct semver_range *range;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (semver_range_parse(cx, bad[i], &range) >= 0)
            fail_msg("'%s' was taken", bad[i]);
        err_clear(cx);
    }
    assert_true(semver_range_parse(cx, ">=1 || foo", &range) < 0);
    assert_error(cx, ERR_INVALID, "improper constraint: \" foo\"");
    assert_true(semver_range_parse(cx, "1x", &range) < 0);
    assert_error(cx, ERR_INVALID, "constraint parser error");
    assert_true(semver_range_parse(cx, "1|2", &range) < 0);
    assert_error(cx, ERR_INVALID, "constraint parser error");
}

static void ranges_have_limits(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct semver_range *range;
    struct buf b = buf_new(cx->arena, 4096);
    for (int i = 0; i < 31; i++)
        buf_str(&b, "1||");
    buf_str(&b, "1");
    assert_ok(cx, semver_range_parse(cx, buf_text(&b), &range));
    buf_str(&b, "||1");
    assert_true(semver_range_parse(cx, buf_text(&b), &range) < 0);
    assert_error(cx, ERR_INVALID, "too many constraint groups (max 32)");
    while (b.len <= 512)
        buf_char(&b, ' ');
    assert_true(semver_range_parse(cx, buf_text(&b), &range) < 0);
    assert_error(cx, ERR_INVALID, "constraint string is too long (max 512 bytes)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_versions_leniently_and_strictly),
        UNIT_TEST(says_what_is_wrong_with_a_version),
        UNIT_TEST(orders_versions_by_precedence),
        UNIT_TEST(ranges_hold_as_upstreams),
        UNIT_TEST(refuses_bad_ranges),
        UNIT_TEST(ranges_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
