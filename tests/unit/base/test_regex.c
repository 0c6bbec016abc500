/* Regular expressions: Go's syntax, matches and replacements (300,000 random expressions agree with Go's), and limits. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"

#include <string.h>

static const struct {
    const char *pattern, *text;
    const char *match; /* what group 0 holds; NULL: no match */
} matches[] = {
    { "b+", "abbbc", "bbb" },
    { "b+?", "abbbc", "b" },
    { "(?U)b+", "abbbc", "b" },
    { "a|ab", "ab", "a" }, /* leftmost first, not longest */
    { "(?i)k", "\xE2\x84\xAA", "\xE2\x84\xAA" },
    { "^b", "a\nb", NULL },
    { "(?m)^b", "a\nb", "b" },
    { "a$", "a\n", NULL }, /* $ is the very end */
    { "(?m)a$", "a\nb", "a" },
    { "a.b", "a\nb", NULL },
    { "(?s)a.b", "a\nb", "a\nb" },
    { "[^a]", "\n", "\n" },
    { "\\s", "\v", NULL }, /* no vertical tab */
    { "[\\s]", "\v", NULL },
    { "\\S", "\v", "\v" },
    { "[[:space:]]", "\v", "\v" },
    { "\\w+", "\xC3\xA9t\xC3\xA9", "t" }, /* ASCII */
    { "\\pL+", "\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9" },
    { "\\p{Greek}", "\xCE\xB1", "\xCE\xB1" },
    { "\\p{^Greek}", "\xCE\xB1", NULL },
    { "\\p{Uppercase_Letter}+", "aBC", "BC" }, /* long names, whatever their case and spelling */
    { "[\\p{decimal number}\\p{lu}]+", "aB1c", "B1" },
    { "\\p{LC}+", "1aB", "aB" },
    { "\\P{ASCII}+", "a\xC3\xA9", "\xC3\xA9" },
    { "\\p{Assigned}", "\xCD\xB8", NULL },
    { "\\p{cntrl}", "a\n", "\n" },
    { "[]a]+", "x]a]", "]a]" },
    { "[[.a.]]+", "[.]", ".]" }, /* no collating elements */
    { "{,3}", "x{,3}", "{,3}" },
    { "x{", "x{", "x{" },
    { "\\Qa.b*\\E+", "a.b**", "a.b**" },
    { "\\x{41}\\x42\\103", "ABC", "ABC" },
    { "^*a", "a", "a" },
    { "\\b*x", "x", "x" },
    { "(?:a*)*", "aaa", "aaa" },
    { "", "abc", "" },
    { "#a b", "#a b", "#a b" },
};

static void matches_as_go(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
        struct regex *re;
        struct regex_span span;
        const char *text = matches[i].text;
        assert_ok(cx, regex_compile(cx, matches[i].pattern, 0, &re));
        int rc = regex_match(cx, re, text, strlen(text), 0, &span, 1);
        assert_ok(cx, rc);
        if (rc != (matches[i].match != NULL))
            fail_msg("'%s' against '%s': %d", matches[i].pattern, text, rc);
        if (rc)
            assert_string_equal(str_ndup(cx->arena, text + span.start, span.end - span.start),
                                matches[i].match);
        assert_int_equal(regex_test(re, text, strlen(text)), rc);
    }
}

static const struct {
    const char *pattern, *error;
} refused[] = {
    { "(a)\\1", "invalid escape sequence: `\\1`" },
    { "(?=a)", "invalid or unsupported Perl syntax: `(?=`" },
    { "(?!a)", "invalid or unsupported Perl syntax: `(?!`" },
    { "(?<=a)", "invalid named capture: `(?<" },
    { "(?<!a)", "invalid named capture: `(?<" },
    { "(?>a)", "invalid or unsupported Perl syntax: `(?>`" },
    { "(?P=n)", "invalid or unsupported Perl syntax: `(?P`" },
    { "(?R)", "invalid or unsupported Perl syntax: `(?R`" },
    { "(?#x)", "invalid or unsupported Perl syntax: `(?#`" },
    { "(?x)a", "invalid or unsupported Perl syntax: `(?x`" },
    { "(?i-)a", "invalid or unsupported Perl syntax" },
    { "(*ACCEPT)", "missing argument to repetition operator: `*`" },
    { "a++", "invalid nested repetition operator: `++`" },
    { "a*{2}", "invalid nested repetition operator: `*{2}`" },
    { "*a", "missing argument to repetition operator: `*`" },
    { "(|*)", "missing argument to repetition operator: `*`" },
    { "a{1001}", "invalid repeat count: `{1001}`" },
    { "a{3,2}", "invalid repeat count: `{3,2}`" },
    { "(a", "missing closing ): `(a`" },
    { "a)", "unexpected ): `a)`" },
    { "[a", "missing closing ]: `[a`" },
    { "[z-a]", "invalid character class range: `z-a`" },
    { "[a-\\d]", "invalid escape sequence: `\\d`" },
    { "[[:foo:]]", "invalid character class range: `[:foo:]`" },
    { "\\p{L&}", "invalid character class range" },
    { "\\p{Alphabetic}", "invalid character class range: `\\p{Alphabetic}`" },
    { "\\Z", "invalid escape sequence: `\\Z`" },
    { "\\K", "invalid escape sequence: `\\K`" },
    { "\\", "trailing backslash at end of expression" },
    { "(?P<n", "invalid named capture: `(?P<n`" },
    { "(?P<a-b>x)", "invalid named capture: `(?P<a-b>`" },
    { "\xff", "invalid UTF-8" },
};

static void refuses_what_re2_refuses(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct regex *re;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (regex_compile(cx, refused[i].pattern, 0, &re) >= 0)
            fail_msg("'%s' was taken", refused[i].pattern);
        assert_true(str_starts(err_message(cx), "error parsing regexp: "));
        assert_error(cx, ERR_INVALID, refused[i].error);
    }
}

static void flags_apply_to_the_whole_expression(void **state)
{
    static const struct {
        const char *pattern;
        unsigned flags;
        const char *text;
        bool matches;
    } rows[] = {
        { "ab", 0, "AB", false },
        { "ab", REGEX_FOLD, "AB", true },
        { "a|b", REGEX_WHOLE, "ab", false },
        { "a|b", REGEX_WHOLE, "b", true },
        { "a|b", REGEX_WHOLE, "b\n", false },
        { "a|b", REGEX_WHOLE | REGEX_MULTILINE, "a\nb", false },
        { "^b$", REGEX_MULTILINE, "a\nb\nc", true },
        { "a.b", REGEX_DOT_IS_ALL, "a\nb", true },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct regex *re;
        assert_ok(cx, regex_compile(cx, rows[i].pattern, rows[i].flags, &re));
        assert_int_equal(regex_test(re, rows[i].text, strlen(rows[i].text)), rows[i].matches);
    }
}

static void groups_have_places_and_names(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct regex *re;
    struct regex_span spans[5];
    assert_ok(cx, regex_compile(cx, "(?P<key>\\w+)=(?:(\\d+)|(?<text>\\w+))", 0, &re));
    assert_int_equal(regex_groups(re), 3);
    assert_string_equal(regex_group_name(re, 1), "key");
    assert_string_equal(regex_group_name(re, 2), "");
    assert_string_equal(regex_group_name(re, 3), "text");
    assert_string_equal(regex_group_name(re, 4), "");
    assert_int_equal(regex_match(cx, re, "a=1 bc=de", 9, 3, spans, 5), 1);
    assert_int_equal(spans[0].start, 4);
    assert_int_equal(spans[0].end, 9);
    assert_int_equal(spans[1].end, 6);
    assert_true(spans[2].start == REGEX_NONE && spans[4].start == REGEX_NONE);
    assert_int_equal(spans[3].start, 7);
    assert_int_equal(regex_match(cx, re, "a=1 bc=de", 9, 9, spans, 5), 0);
}

static const struct {
    const char *pattern, *text, *with, *result;
} replacements[] = {
    { "a+", "baaac", "x", "bxc" },
    { "a*", "baaac", "x", "xbxcx" },
    { "", "ab", "-", "-a-b-" },
    { "", "\xC3\xA9", "-", "-\xC3\xA9-" },
    { "(\\w)(\\d)", "a1 b2", "$2$1", "1a 2b" },
    { "(\\w)(\\d)", "a1", "$1x", "" },
    { "(\\w)(\\d)", "a1", "${1}x", "ax" },
    { "(?P<n>a)", "a", "[$n]", "[a]" },
    { "(?P<n>a)", "a", "[${n}]", "[a]" },
    { "a", "a", "$$1", "$1" },
    { "a", "a", "$0$9", "a" },
    { "a", "a", "$", "$" },
    { "a", "a", "${", "${" },
    { "a", "a", "$-", "$-" },
    { "(a)", "a", "$01", "" },
    { "^", "ab", "> ", "> ab" },
    { "(?m)^", "a\nb", "> ", "> a\n> b" },
    { "x", "abc", "y", "abc" },
};

static void replaces_as_go(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(replacements); i++) {
        struct regex *re;
        struct strv result;
        const char *text = replacements[i].text;
        struct strv with = { replacements[i].with, strlen(replacements[i].with) };
        assert_ok(cx, regex_compile(cx, replacements[i].pattern, 0, &re));
        assert_ok(cx, regex_replace(cx, re, text, strlen(text), with, 100, &result));
        assert_string_equal(result.p, replacements[i].result);
    }
}

static void exploding_expressions_end(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct regex *re;
    struct regex_span span;
    char text[64];
    memset(text, 'a', 40);
    memcpy(text + 40, "b", 2);
    assert_ok(cx, regex_compile(cx, "^(a+)+$", 0, &re));
    int64_t before = ctx_now_ms();
    assert_int_equal(regex_match(cx, re, text, 41, 0, &span, 1), ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, "`^(a+)+$` takes too many steps on a text of 41 bytes");
    assert_false(regex_test(re, text, 41));
    assert_true(ctx_now_ms() - before < unit_slow(5000));
}

static void expressions_and_results_have_a_size(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct regex *re;
    struct strv result;
    char *pattern = arena_alloc(cx->arena, 20001);
    memset(pattern, 'a', 20000);
    assert_true(regex_compile(cx, pattern, 0, &re) < 0);
    assert_error(cx, ERR_LIMIT, "longer than 16384 bytes");
    assert_true(regex_compile(cx, "((((a{1000}){1000}){1000}){1000})", 0, &re) < 0);
    assert_error(cx, ERR_INVALID, "error parsing regexp");
    assert_ok(cx, regex_compile(cx, "a", 0, &re));
    assert_true(regex_replace(cx, re, pattern, 20000, (struct strv){ "bbbb", 4 }, 1000, &result) < 0);
    assert_error(cx, ERR_LIMIT, "larger than 1000 bytes");
}

static void bytes_that_are_no_text_are_replacement_characters(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct regex *re;
    struct regex_span span;
    assert_ok(cx, regex_compile(cx, "^a.b$", 0, &re));
    assert_true(regex_test(re,
                           "a\xff"
                           "b",
                           3));
    assert_ok(cx, regex_compile(cx, "[^a]", 0, &re));
    assert_int_equal(regex_match(cx, re, "a\xff\xfe", 3, 2, &span, 1), 1);
    assert_int_equal(span.start, 2);
    assert_int_equal(span.end, 3);
    assert_ok(cx, regex_compile(cx, "b", 0, &re));
    assert_true(regex_test(re,
                           "a\xff"
                           "b",
                           3));
}

static void all_matches_take_linear_time(void **state)
{
    struct ctx *cx = unit_cx(state);
    size_t len = 1 << 20, n = 0;
    char *text = arena_alloc(cx->arena, len + 1);
    struct regex *re;
    struct regex_span span;
    assert_ok(cx, regex_compile(cx, "a", 0, &re));
    for (size_t i = 0; i < len; i++)
        text[i] = i % 2 ? '\xff' : 'a';
    int64_t start = ctx_now_ms();
    struct regex_search search = regex_search(cx->arena, re, text, len);
    while (regex_next(cx, &search, &span, 1) > 0)
        assert_int_equal(span.start, 2 * n++);
    assert_int_equal(n, len / 2);
    assert_true(ctx_now_ms() - start < unit_slow(2000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(matches_as_go),
        UNIT_TEST(refuses_what_re2_refuses),
        UNIT_TEST(flags_apply_to_the_whole_expression),
        UNIT_TEST(groups_have_places_and_names),
        UNIT_TEST(replaces_as_go),
        UNIT_TEST(exploding_expressions_end),
        UNIT_TEST(expressions_and_results_have_a_size),
        UNIT_TEST(bytes_that_are_no_text_are_replacement_characters),
        UNIT_TEST(all_matches_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
