/* Unified diffs, as diff -u prints them. */
#include "libgotk/base/linediff.h"
#include "tests/unit/lib/unit.h"

static const struct {
    const char *before;
    const char *after;
    const char *diff;
} rows[] = {
    { "", "", "" },
    { "a\nb\n", "a\nb\n", "" },
    { "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n" },
    { "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n" },
    { "a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n" },
    { "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
      "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
    { "1\n2\n3\n", "0\n1\n2\n3\n4\n", "@@ -1,3 +1,5 @@\n+0\n 1\n 2\n 3\n+4\n" },
    { "a\n1\n2\n3\n4\n5\n6\n7\n8\n9\nb\n", "x\n1\n2\n3\n4\n5\n6\n7\n8\n9\ny\n",
      "@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n@@ -8,4 +8,4 @@\n 7\n 8\n 9\n-b\n+y\n" },
    { "a\n1\n2\n3\n4\n5\n6\nb\n", "x\n1\n2\n3\n4\n5\n6\ny\n",
      "@@ -1,8 +1,8 @@\n-a\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+y\n" },
    { "a: 1\nb:\n- x\n- y\nc: 2\n", "a: 1\nb:\n- x\n- z\n- y\nc: 2\n",
      "@@ -1,5 +1,6 @@\n a: 1\n b:\n - x\n+- z\n - y\n c: 2\n" },
};

static void prints_as_diff_does(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = buf_new(cx->arena, 4096);
        linediff_unified(&out, rows[i].before, rows[i].after);
        assert_string_equal(buf_text(&out), rows[i].diff);
    }
}

static void large_middles_are_replaced_whole(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf before = buf_new(cx->arena, 1 << 20), after = buf_new(cx->arena, 1 << 20),
               out = buf_new(cx->arena, 1 << 20);
    for (int i = 0; i < 3000; i++) {
        buf_fmt(&before, "a%d\n", i);
        buf_fmt(&after, "b%d\n", i);
    }
    linediff_unified(&out, buf_text(&before), buf_text(&after));
    assert_memory_equal(buf_text(&out), "@@ -1,3000 +1,3000 @@\n-a0\n", 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(prints_as_diff_does),
                                        UNIT_TEST(large_middles_are_replaced_whole) };
    return cmocka_run_group_tests_name("linediff", tests, NULL, NULL);
}
