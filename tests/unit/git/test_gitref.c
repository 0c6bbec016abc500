/* Choosing a commit: order of the fields, annotated tags, versions, what is said when nothing fits, revisions. */
#include "libgotk/base/str.h"
#include "libgotk/git/gitref.h"
#include "tests/unit/lib/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"
#define D "dddddddddddddddddddddddddddddddddddddddd"
#define E "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

static const struct gitref_head heads[] = {
    { "HEAD", A },
    { "refs/heads/main", A },
    { "refs/heads/dev", B },
    { "refs/heads/feature/x", C },
    { "refs/pull/1/head", D },
    { "refs/tags/v1.0.0", A },
    { "refs/tags/v1.1.0", E },
    { "refs/tags/v1.1.0^{}", B },
    { "refs/tags/v1.2.0-rc.1", C },
    { "refs/tags/2.0", D },
    { "refs/tags/nightly", D },
};
static const struct gitref_list list = { heads, ARRAY_LEN(heads), "refs/heads/main" };

static const struct row {
    struct git_ref ref;
    const char *revision;
    const char *fetch;
    bool shallow;
} rows[] = {
    { { .branch = "main" }, "main@sha1:" A, "refs/heads/main", true },
    { { .branch = "feature/x" }, "feature/x@sha1:" C, "refs/heads/feature/x", true },
    { { .tag = "v1.0.0" }, "v1.0.0@sha1:" A, "refs/tags/v1.0.0", true },
    { { .tag = "v1.1.0" }, "v1.1.0@sha1:" B, "refs/tags/v1.1.0", true },
    { { .tag = "v1.0.0", .semver = "*", .branch = "dev" }, "v1.0.0@sha1:" A, "refs/tags/v1.0.0", true },
    { { .semver = "*", .branch = "dev" }, "v1.1.0@sha1:" B, "refs/tags/v1.1.0", true },
    { { .semver = ">=1.0.0-0" }, "v1.2.0-rc.1@sha1:" C, "refs/tags/v1.2.0-rc.1", true },
    { { .semver = "<1.1.0" }, "v1.0.0@sha1:" A, "refs/tags/v1.0.0", true },
    { { .name = "refs/heads/main" }, "refs/heads/main@sha1:" A, "refs/heads/main", true },
    { { .name = "refs/tags/v1.1.0" }, "refs/tags/v1.1.0@sha1:" B, "refs/tags/v1.1.0", true },
    { { .name = "refs/tags/v1.1.0^{}" }, "refs/tags/v1.1.0^{}@sha1:" B, "refs/tags/v1.1.0", true },
    { { .name = "refs/pull/1/head", .tag = "v1.0.0" }, "refs/pull/1/head@sha1:" D, "refs/pull/1/head", true },
    { { .commit = D }, "sha1:" D, "refs/tags/2.0", true },
    { { .commit = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }, "sha1:" A, "refs/heads/main", true },
    { { .commit = "1111111111111111111111111111111111111111", .name = "refs/heads/main" },
      "sha1:1111111111111111111111111111111111111111",
      NULL,
      false },
    { { .commit = A, .branch = "main" }, "main@sha1:" A, "refs/heads/main", true },
    { { .commit = C, .branch = "dev" }, "dev@sha1:" C, "refs/heads/dev", false },
    { { .branch = "", .tag = "", .name = "", .semver = "", .commit = D }, "sha1:" D, "refs/tags/2.0", true },
};

static void each_ref_means_one_commit(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gitref_choice got = { 0 };
        assert_ok(cx, gitref_choose(cx, &rows[i].ref, &list, &got));
        assert_string_equal(gitref_revision(cx->arena, got.reference, got.hash, got.absolute),
                            rows[i].revision);
        assert_string_equal(str_or(got.fetch, "-"), str_or(rows[i].fetch, "-"));
        assert_int_equal(got.shallow, rows[i].shallow);
        assert_int_equal(got.tie_count, 0);
    }
}

static const struct {
    struct git_ref ref;
    int code;
    const char *message;
} failures[] = {
    { { 0 }, ERR_NOT_FOUND, "couldn't find remote ref \"refs/heads/master\" (the default branch is 'main'" },
    { { .branch = "mian" },
      ERR_NOT_FOUND,
      "couldn't find remote ref \"refs/heads/mian\" (did you mean 'main'?)" },
    { { .tag = "v1.0.O" },
      ERR_NOT_FOUND,
      "couldn't find remote ref \"refs/tags/v1.0.O\" (did you mean 'v1.0.0'?)" },
    { { .tag = "quite-different" }, ERR_NOT_FOUND, "couldn't find remote ref \"refs/tags/quite-different\"" },
    { { .semver = ">=5" }, ERR_NOT_FOUND, "no match found for semver: >=5" },
    { { .semver = "not a range" }, ERR_INVALID, "semver parse error: " },
    { { .name = "refs/heads/gone" },
      ERR_NOT_FOUND,
      "unable to resolve ref 'refs/heads/gone' to a specific commit" },
    { { .name = "/refs/heads/main" }, ERR_INVALID, "Git refs cannot begin or end with a slash" },
    { { .name = "refs/heads/main/" }, ERR_INVALID, "Git refs cannot begin or end with a slash" },
    { { .name = "main" }, ERR_NOT_FOUND, "unable to resolve ref 'main' to a specific commit" },
    { { .commit = "abc123" }, ERR_INVALID, "unable to resolve commit object for 'abc123': object not found" },
    { { .commit = A, .branch = "gone" }, ERR_NOT_FOUND, "couldn't find remote ref \"refs/heads/gone\"" },
};

static void what_is_not_there_is_told_with_what_is(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct gitref_choice got = { 0 };
        assert_int_equal(gitref_choose(cx, &failures[i].ref, &list, &got), failures[i].code);
        assert_error(cx, failures[i].code, failures[i].message);
        assert_null(got.hash);
    }
}

static void equal_versions_are_left_to_their_dates(void **state)
{
    static const struct gitref_head tagged[] = {
        { "refs/tags/1.0.0+a", A }, { "refs/tags/1.0.0+b", E }, { "refs/tags/1.0.0+b^{}", B },
        { "refs/tags/0.9.0", C },   { "refs/tags/1.0", D },
    };
    const struct gitref_list few = { tagged, ARRAY_LEN(tagged), NULL };
    const struct git_ref ref = { .semver = "*" };
    struct ctx *cx = unit_cx(state);
    struct gitref_choice got = { 0 };
    assert_ok(cx, gitref_choose(cx, &ref, &few, &got));
    assert_null(got.hash);
    assert_int_equal(got.tie_count, 2);
    assert_string_equal(got.ties[0].reference, "refs/tags/1.0.0+a");
    assert_string_equal(got.ties[1].hash, B);
    assert_true(got.shallow);
}

static void revisions_are_compared_in_old_and_new_spelling(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    assert_true(gitref_same_revision(a, "main@sha1:" A, "main/" A));
    assert_true(gitref_same_revision(a, "feature/x@sha1:" A, "feature/x/" A));
    assert_true(gitref_same_revision(a, "sha1:" A, "HEAD/" A));
    assert_true(gitref_same_revision(a, "sha1:" A, A));
    assert_false(gitref_same_revision(a, "main@sha1:" A, "main@sha1:" B));
    assert_false(gitref_same_revision(a, "main@sha1:" A, "sha1:" A));
    assert_false(gitref_same_revision(a, "main@sha1:" A, NULL));
    assert_false(gitref_same_revision(a, NULL, NULL));
}

static void revisions_drop_two_parts_of_the_reference(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    assert_string_equal(gitref_revision(a, "refs/pull/1/head", A, false), "1/head@sha1:" A);
    assert_string_equal(gitref_revision(a, "HEAD", A, false), "sha1:" A);
    assert_string_equal(gitref_revision(a, "HEAD", A, true), "HEAD@sha1:" A);
    assert_string_equal(gitref_revision(a, NULL, A, true), "sha1:" A);
}

static void any_name_means_what_git_fetch_takes_it_for(void **state)
{
    static const char there[] = "1111111111111111111111111111111111111111";
    static const struct {
        const char *name;
        const char *hash;  /* NULL: an error */
        const char *fetch; /* or the error */
        bool by_id;
    } names[] = {
        { "", A, "HEAD", false },
        { "HEAD", A, "HEAD", false },
        { "main", A, "refs/heads/main", false },
        { "heads/dev", B, "refs/heads/dev", false },
        { "feature/x", C, "refs/heads/feature/x", false },
        { "v1.1.0", B, "refs/tags/v1.1.0", false },
        { "tags/v1.1.0", B, "refs/tags/v1.1.0", false },
        { "refs/pull/1/head", D, "refs/pull/1/head", false },
        { "pull/1/head", D, "refs/pull/1/head", false },
        { D, D, "refs/tags/2.0", false },
        { there, there, there, true },
        { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL, "couldn't find remote ref AAAA", false },
        { "aaaaaaa", NULL, "couldn't find remote ref aaaaaaa (the default branch is 'main')", false },
        { "mian", NULL, "couldn't find remote ref mian (did you mean the branch 'main'?)", false },
        { "v1.0.1", NULL, "couldn't find remote ref v1.0.1 (did you mean the tag 'v1.0.0'?)", false },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct gitref_choice got = { 0 };
        int rc = gitref_choose_any(cx, names[i].name, &list, &got);
        if (!names[i].hash) {
            assert_error(cx, ERR_NOT_FOUND, names[i].fetch);
            continue;
        }
        assert_ok(cx, rc);
        assert_string_equal(got.hash, names[i].hash);
        assert_string_equal(got.fetch, names[i].fetch);
        assert_true(got.shallow && got.by_id == names[i].by_id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(each_ref_means_one_commit),
        UNIT_TEST(any_name_means_what_git_fetch_takes_it_for),
        UNIT_TEST(what_is_not_there_is_told_with_what_is),
        UNIT_TEST(equal_versions_are_left_to_their_dates),
        UNIT_TEST(revisions_are_compared_in_old_and_new_spelling),
        UNIT_TEST(revisions_drop_two_parts_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
