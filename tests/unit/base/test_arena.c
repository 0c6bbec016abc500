/* Arena: alignment, zeroing, marks, deferred calls in order, growth in place and back, the maximum. */
#include "tests/unit/lib/unit.h"

#include <string.h>

static void gives_aligned_zeroed_memory(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    for (size_t n = 1; n < 300; n += 7) {
        char *p = arena_alloc(a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, n);
    }
}

static char order[8];
static char letters[] = "abc";
static void note(void *ptr)
{
    order[strlen(order) + 1] = 0;
    order[strlen(order)] = *(char *)ptr;
}

static void runs_defers_last_first_and_only_since_the_mark(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    order[0] = '\0';
    arena_defer(a, note, &letters[0]);
    struct arena_mark m = arena_mark(a);
    arena_defer(a, note, &letters[1]);
    arena_defer(a, note, &letters[2]);
    arena_release(a, m);
    assert_string_equal(order, "cb");
}

static void release_gives_back_everything_since_the_mark(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    char *kept = arena_alloc(a, 10);
    memcpy(kept, "kept", 5);
    struct arena_mark m = arena_mark(a);
    size_t used = arena_used(a);
    for (int i = 0; i < 100; i++)
        arena_alloc(a, 50000);
    arena_release(a, m);
    assert_int_equal(arena_used(a), used);
    assert_string_equal(kept, "kept");
}

static void the_last_block_grows_in_place(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    char *p = arena_alloc(a, 100);
    memset(p, 'x', 100);
    char *q = arena_grow(a, p, 100, 1000);
    assert_ptr_equal(p, q);
    arena_alloc(a, 1);
    char *r = arena_grow(a, q, 1000, 2000);
    assert_ptr_not_equal(q, r);
    assert_int_equal(r[99], 'x');
}

static void the_last_block_gives_back_its_end(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    size_t before = arena_used(a);
    char *p = memset(arena_alloc_raw(a, 1000), 'x', 1000);
    arena_trim(a, p, 1000, 10);
    assert_int_equal(arena_used(a) - before, 10);
    char *q = memset(arena_alloc_raw(a, 100), 'y', 100);
    assert_true(q > p && q < p + 100);
    assert_int_equal(p[9], 'x');
    arena_trim(a, p, 10, 1); /* comes last no more */
    assert_int_equal(arena_used(a) - before, 110);
    assert_int_equal(q[0], 'y');
}

static void passing_the_maximum_fails_the_next_check(void **state)
{
    (void)state;
    CLEANUP(arena_cleanup) struct arena *a = arena_new(1 << 20);
    struct ctx cx = { .arena = a };
    assert_int_equal(ctx_check(&cx), 0);
    arena_alloc(a, (1 << 20) + 1);
    assert_true(arena_exhausted(a));
    assert_int_equal(ctx_check(&cx), ERR_LIMIT);
    assert_error(&cx, ERR_LIMIT, "more than its 1 MiB of memory");
}

static void a_reset_arena_starts_again(void **state)
{
    (void)state;
    CLEANUP(arena_cleanup) struct arena *a = arena_new(1 << 20);
    for (int i = 0; i < 1000; i++) {
        memset(arena_alloc(a, 900000), 1, 900000);
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(gives_aligned_zeroed_memory),
        UNIT_TEST(runs_defers_last_first_and_only_since_the_mark),
        UNIT_TEST(release_gives_back_everything_since_the_mark),
        UNIT_TEST(the_last_block_grows_in_place),
        UNIT_TEST(the_last_block_gives_back_its_end),
        UNIT_TEST(passing_the_maximum_fails_the_next_check),
        UNIT_TEST(a_reset_arena_starts_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
