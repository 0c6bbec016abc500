/* What a fetch's child says is checked before it is believed. */
#include "libgotk/base/gotime.h"
#include "source-controller/gitfetch.h"
#include "tests/unit/lib/unit.h"

#include <limits.h>

#define HASH "0123456789abcdef0123456789abcdef01234567"

static struct gitfetch_result good(void)
{
    return (struct gitfetch_result){
        .clone = { .revision = "main@sha1:" HASH, .commit = HASH, .subject = "x" }, .archived = true
    };
}

static const struct gitfetch_request request = { .archive_dir = "/somewhere" };

static void an_honest_answer_is_believed(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct gitfetch_result r = good();
    assert_ok(cx, gitfetch_check(cx, &request, &r));
    r.clone.revision = "sha1:" HASH;
    assert_ok(cx, gitfetch_check(cx, &request, &r));
    r = (struct gitfetch_result){ .clone.empty = true };
    assert_ok(cx, gitfetch_check(cx, &request, &r));
}

static void refused(struct ctx *cx, struct gitfetch_result r)
{
    assert_int_equal(gitfetch_check(cx, &request, &r), ERR_INTERNAL);
    assert_error(cx, ERR_INTERNAL, "makes no sense");
}

static void a_commit_is_a_hash(void **state)
{
    static const char *const commits[] = { NULL, "", "abc", "../../../gitrepository/other/app/" HASH,
                                           "0123456789ABCDEF0123456789abcdef01234567" };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(commits); i++) {
        struct gitfetch_result r = good();
        r.clone.commit = commits[i];
        refused(cx, r);
    }
}

static void a_revision_ends_in_its_commit(void **state)
{
    static const char *const revisions[] = { NULL, "main", "main@sha1:abc", "ma\nin@sha1:" HASH };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(revisions); i++) {
        struct gitfetch_result r = good();
        r.clone.revision = revisions[i];
        refused(cx, r);
    }
}

static void an_archive_is_there_when_one_was_wanted(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct gitfetch_result r = good();
    r.archived = false;
    refused(cx, r);
}

static void unchanged_needs_something_that_stands(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct gitfetch_request again = request;
    struct gitfetch_result r = good();
    r.clone.unchanged = true;
    r.archived = false;
    refused(cx, r);
    again.clone.last_revision = "main/" HASH;
    assert_ok(cx, gitfetch_check(cx, &again, &r));
}

static void the_cpu_time_is_that_of_the_timeout(void **state)
{
    (void)state;
    assert_int_equal(gitfetch_cpu_seconds(GOTIME_SECOND / 2), 1);
    assert_int_equal(gitfetch_cpu_seconds(60 * GOTIME_SECOND), 61);
    assert_int_equal(gitfetch_cpu_seconds(((int64_t)1 << 32) * GOTIME_SECOND), INT_MAX);
    assert_int_equal(gitfetch_cpu_seconds(INT64_MAX), INT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_honest_answer_is_believed),
        UNIT_TEST(a_commit_is_a_hash),
        UNIT_TEST(a_revision_ends_in_its_commit),
        UNIT_TEST(the_cpu_time_is_that_of_the_timeout),
        UNIT_TEST(an_archive_is_there_when_one_was_wanted),
        UNIT_TEST(unchanged_needs_something_that_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
