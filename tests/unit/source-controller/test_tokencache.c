/* The cache of tokens: how long one counts, which goes first, and what is never kept. */
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "source-controller/tokencache.h"
#include "tests/unit/lib/unit.h"

static void a_token_counts_for_a_while(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tokencache *cache = tokencache_open(10, GOTIME_HOUR);
    assert_null(tokencache_find(cache, "a", cx->arena));
    tokencache_put(cache, "a", "one", gotime_now() + 3600);
    tokencache_put(cache, "a", "two", gotime_now() + 3600);
    tokencache_put(cache, "ended", "x", gotime_now());
    tokencache_put(cache, "ends", "x", gotime_now() + 1);
    assert_string_equal(tokencache_find(cache, "a", cx->arena), "two");
    assert_null(tokencache_find(cache, "ended", cx->arena));
    assert_null(tokencache_find(cache, "ends", cx->arena));
    assert_int_equal(tokencache_len(cache), 1);
    tokencache_drop(cache, "a");
    tokencache_drop(cache, "a");
    assert_null(tokencache_find(cache, "a", cx->arena));
    tokencache_close(cache);
}

static void the_least_used_goes_first(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tokencache *cache = tokencache_open(2, GOTIME_HOUR);
    assert_int_equal(tokencache_put(cache, "a", "1", gotime_now() + 3600), 0);
    assert_int_equal(tokencache_put(cache, "b", "2", gotime_now() + 3600), 0);
    assert_non_null(tokencache_find(cache, "a", cx->arena));
    assert_int_equal(tokencache_put(cache, "c", "3", gotime_now() + 3600), 1);
    assert_null(tokencache_find(cache, "b", cx->arena));
    assert_non_null(tokencache_find(cache, "a", cx->arena));
    assert_non_null(tokencache_find(cache, "c", cx->arena));
    tokencache_close(cache);
}

static void a_cache_may_be_turned_off(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct tokencache *none = tokencache_open(0, GOTIME_HOUR), *brief = tokencache_open(5, 0);
    tokencache_put(none, "a", "1", gotime_now() + 3600);
    tokencache_put(brief, "a", "1", gotime_now() + 3600);
    assert_null(tokencache_find(none, "a", cx->arena));
    assert_null(tokencache_find(brief, "a", cx->arena));
    tokencache_close(none);
    tokencache_close(brief);
    tokencache_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_token_counts_for_a_while),
        UNIT_TEST(the_least_used_goes_first),
        UNIT_TEST(a_cache_may_be_turned_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
