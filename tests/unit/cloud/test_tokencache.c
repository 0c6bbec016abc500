/*
 * test_tokencache.c: which tokens still count, which go first, and what is told of it.
 */
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/cloud/tokencache.h"
#include "tests/unit/lib/unit.h"

static const struct token_user who = { "GitRepository", "app", "ns", "reconcile" };

/* Makes "<name> <n>", the n-th it made, good for `life` seconds; a negative life fails. */
struct source {
    const char *name;
    int64_t life;
    int made;
};

static int make(struct ctx *cx, void *user, const char **ret_token, int64_t *ret_expires_at)
{
    struct source *s = user;
    if (s->life < 0)
        return err_fail(cx, ERR_DENIED, "no token for %s", s->name);
    *ret_token = str_fmt(cx->arena, "%s %d", s->name, ++s->made);
    *ret_expires_at = gotime_now() + s->life;
    return 0;
}

static const char *get(struct ctx *cx, struct tokencache *cache, struct source *s)
{
    const struct token_maker maker = { make, s };
    const char *token = NULL;
    assert_ok(cx, tokencache_get(cx, cache, s->name, &who, &maker, &token));
    return token;
}

static void a_token_counts_for_most_of_its_life(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tokencache *cache = tokencache_open(10, GOTIME_HOUR, NULL);
    struct source good = { "good", 3600, 0 }, ended = { "ended", 0, 0 }, ends = { "ends", 1, 0 };
    assert_string_equal(get(cx, cache, &good), "good 1");
    assert_string_equal(get(cx, cache, &good), "good 1");
    assert_string_equal(get(cx, cache, &ended), "ended 1");
    assert_string_equal(get(cx, cache, &ended), "ended 2");
    assert_string_equal(get(cx, cache, &ends), "ends 1"); /* 80 % of a second are none */
    assert_string_equal(get(cx, cache, &ends), "ends 2");
    assert_int_equal(tokencache_len(cache), 1);
    tokencache_drop(cache, "good");
    tokencache_drop(cache, "good");
    assert_string_equal(get(cx, cache, &good), "good 2");
    tokencache_close(cache);
}

/* A server may say anything. */
static void a_life_may_be_of_any_length(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tokencache *cache = tokencache_open(10, GOTIME_HOUR, NULL);
    struct source endless = { "endless", INT64_MAX / 8 + 1 - gotime_now(), 0 }, past = { "past", 0, 0 };
    struct source last = { "last", INT64_MAX - gotime_now() - 1000, 0 };
    assert_string_equal(get(cx, cache, &endless), "endless 1");
    assert_string_equal(get(cx, cache, &endless), "endless 1");
    assert_string_equal(get(cx, cache, &last), "last 1");
    assert_string_equal(get(cx, cache, &last), "last 1");
    assert_string_equal(get(cx, cache, &past), "past 1");
    assert_string_equal(get(cx, cache, &past), "past 2");
    tokencache_close(cache);
}

static void the_least_used_goes_first(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tokencache *cache = tokencache_open(2, GOTIME_HOUR, NULL);
    struct source a = { "a", 3600, 0 }, b = { "b", 3600, 0 }, c = { "c", 3600, 0 };
    get(cx, cache, &a);
    get(cx, cache, &b);
    get(cx, cache, &a);
    get(cx, cache, &c); /* instead of b */
    assert_string_equal(get(cx, cache, &a), "a 1");
    assert_string_equal(get(cx, cache, &c), "c 1");
    assert_string_equal(get(cx, cache, &b), "b 2");
    tokencache_close(cache);
}

static void a_cache_may_be_turned_off(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tokencache *none = tokencache_open(0, GOTIME_HOUR, NULL), *brief = tokencache_open(5, 0, NULL);
    struct source a = { "a", 3600, 0 };
    assert_string_equal(get(cx, none, &a), "a 1");
    assert_string_equal(get(cx, none, &a), "a 2");
    assert_string_equal(get(cx, brief, &a), "a 3");
    assert_string_equal(get(cx, brief, &a), "a 4");
    tokencache_close(none);
    tokencache_close(brief);
    tokencache_close(NULL);
}

/* What an observer was told last. */
struct told {
    struct tokencache_outcome last;
    int times;
};

static void observe(void *user, const struct tokencache_outcome *outcome)
{
    struct told *told = user;
    told->last = *outcome;
    told->times++;
}

static void who_counts_is_told(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct told told = { 0 };
    struct tokencache *cache =
        tokencache_open(1, GOTIME_HOUR, &(struct tokencache_observer){ observe, &told });
    struct source a = { "a", 3600, 0 }, b = { "b", 3600, 0 }, bad = { "bad", -1, 0 };
    const struct token_maker maker = { make, &bad };
    const char *token = "untouched";
    get(cx, cache, &a);
    assert_true(!told.last.hit && !told.last.failed && told.last.evicted == 0 && told.last.kept == 1);
    assert_ptr_equal(told.last.who, &who);
    get(cx, cache, &a);
    assert_true(told.last.hit && told.last.evicted == 0);
    get(cx, cache, &b);
    assert_true(!told.last.hit && told.last.evicted == 1 && told.last.kept == 1);
    assert_int_equal(tokencache_get(cx, cache, "bad", &who, &maker, &token), ERR_DENIED);
    assert_error(cx, ERR_DENIED, "no token for bad");
    assert_string_equal(token, "untouched");
    assert_true(!told.last.hit && told.last.failed && told.last.kept == 1);
    assert_int_equal(told.times, 4);
    tokencache_close(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_token_counts_for_most_of_its_life),
        UNIT_TEST(a_life_may_be_of_any_length),
        UNIT_TEST(the_least_used_goes_first),
        UNIT_TEST(a_cache_may_be_turned_off),
        UNIT_TEST(who_counts_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
