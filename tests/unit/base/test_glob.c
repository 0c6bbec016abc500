/* Shell patterns and gitignore lists: what Go's path.Match and go-git answer (half a million random ones agree too). */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/glob.h"
#include "libgotk/base/ignore.h"
#include "libgotk/base/str.h"

#include <string.h>

static const struct {
    const char *pattern, *text;
    bool matches;
} globs[] = {
    { "", "", true },
    { "", "a", false },
    { "abc", "abc", true },
    { "abc", "ab", false },
    { "*", "", true },
    { "*", "abc", true },
    { "*", "a/b", false },
    { "*/b", "a/b", true },
    { "a*b*c", "axxbyybzzc", true },
    { "a*b*c", "axxbyybzz", false },
    { "*.tar.gz", "x.tar.gz", true },
    { "?", "\xC3\xA9", true }, /* one character of two bytes */
    { "?", "/", false },
    { "?", "", false },
    { "[a-c]x", "bx", true },
    { "[^a-c]x", "bx", false },
    { "[^a-c]x", "dx", true },
    { "[!a]", "!", true }, /* only ^ negates */
    { "[!a]", "b", false },
    { "[\\]a]", "]", true },
    { "[\xC3\xA0-\xC3\xBC]", "\xC3\xA9", true },
    { "\\*", "*", true },
    { "\\*", "a", false },
    { "a**c", "abbc", true },
    { "*[^q]*c", "x/yc", false }, /* an earlier star is not extended again */
};

static void matches_as_path_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(globs); i++)
        if (glob_match(globs[i].pattern, globs[i].text) != globs[i].matches)
            fail_msg("'%s' against '%s'", globs[i].pattern, globs[i].text);
}

static void malformed_patterns_match_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[", "[]", "[]a]", "[a", "[a-", "[a-]", "[-a]", "\\", "a\\", "[\xff]"
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(glob_valid(bad[i]));
        assert_false(glob_match(bad[i], bad[i]));
        assert_false(glob_match(bad[i], "a"));
    }
    assert_true(glob_valid("a]b*?[x-z]\\["));
}

static void an_exploding_pattern_ends_soon(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    char *text = arena_alloc(a, 4001);
    memset(text, 'a', 4000);
    assert_false(glob_match("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

#define DIR   true
#define FILE_ false

static const struct {
    const char *base;
    const char *lines; /* of one file */
    const char *path;
    bool is_dir;
    bool ignored;
} ignores[] = {
    { "", "*.jpg", "a/b.jpg", FILE_, true },
    { "", "*.jpg", "a/b.jpeg", FILE_, false },
    { "", "name", "x/name/y", FILE_, true },
    { "", "dir/", "dir", FILE_, false },
    { "", "dir/", "dir", DIR, true },
    { "", "dir/", "a/dir/b/c", FILE_, true },
    { "", "/top", "top", FILE_, true },
    { "", "/top", "a/top", FILE_, false },
    { "", "a/b", "a/b", FILE_, true },
    { "", "a/b", "x/a/b", FILE_, false },
    { "", "a/b", "a/b/c/d", FILE_, true },
    { "", "**/b", "a/x/b", FILE_, true },
    { "", "**/.sops.yaml", ".sops.yaml", FILE_, true },
    { "", "a/**", "a/x/y", FILE_, true },
    { "", "a/**/b", "a/b", FILE_, true },
    { "", "a/**/b", "a/x/y/b", FILE_, true },
    { "", "a/**/b/", "a/x/b", FILE_, false },
    { "", "a**b", "axb", FILE_, true },
    { "", "/a**b", "axb", FILE_, false }, /* with a slash, ** inside a name never matches */
    { "", "*\n!keep", "keep", FILE_, false },
    { "", "dir/\n!dir/keep", "dir/keep", FILE_, false }, /* git would not */
    { "", "!keep\n*", "keep", FILE_, true },
    { "", "#name", "#name", FILE_, false },
    { "", "\\#name", "#name", FILE_, true },
    { "", "\\!name", "!name", FILE_, true },
    { "", "name   ", "name", FILE_, true },
    { "", "name\\ ", "name ", FILE_, true },
    { "", "name\r\nother\r\n", "name", FILE_, true },
    { "", "\n  \n\t\n", "  ", FILE_, false },
    { "", "[", "[", FILE_, false },
    { "sub", "name", "name", FILE_, false },
    { "sub", "name", "sub/name", FILE_, true },
    { "sub", "/name", "sub/x/name", FILE_, false },
    { "sub/deep", "*", "sub/deep", DIR, false },
    { "sub/deep", "*", "sub/deep/x", FILE_, true },
    { "sub", "*", "substitute/x", FILE_, false },
    { "", "*", ".", DIR, false },
    { "", "*", "", DIR, false },
};

static void ignores_as_go_git(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    for (size_t i = 0; i < ARRAY_LEN(ignores); i++) {
        struct ignore *ig = ignore_new(a);
        ignore_add_text(ig, ignores[i].base, ignores[i].lines);
        if (ignore_match(ig, ignores[i].path, ignores[i].is_dir) != ignores[i].ignored)
            fail_msg("'%s' in '%s' against '%s'", ignores[i].lines, ignores[i].base, ignores[i].path);
    }
}

static void counts_the_patterns_of_a_text(void **state)
{
    struct ignore *ig = ignore_new(unit_cx(state)->arena);
    assert_int_equal(ignore_add_text(ig, "", "# only a comment\n\n   \n"), 0);
    assert_int_equal(ignore_add_text(ig, "", "a\n#b\n!c"), 2);
    ignore_add(ig, "", "#d");
    assert_int_equal(ignore_len(ig), 3);
    assert_true(ignore_match(ig, "#d", false));
}

static void a_path_longer_than_any_file_system_allows_is_kept(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    struct ignore *ig = ignore_new(a);
    char *path = arena_alloc(a, 10001);
    memset(path, 'a', 10000);
    ignore_add(ig, "", "*");
    assert_false(ignore_match(ig, path, false));
    path[4095] = '\0';
    assert_true(ignore_match(ig, path, false));
    for (size_t i = 1; i < 4095; i += 2)
        path[i] = '/';
    assert_true(ignore_match(ig, path, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(matches_as_path_match),
        UNIT_TEST(malformed_patterns_match_nothing),
        UNIT_TEST(an_exploding_pattern_ends_soon),
        UNIT_TEST(ignores_as_go_git),
        UNIT_TEST(counts_the_patterns_of_a_text),
        UNIT_TEST(a_path_longer_than_any_file_system_allows_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
