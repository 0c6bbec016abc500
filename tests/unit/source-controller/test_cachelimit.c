/*
 * test_cachelimit.c: which caches go when all together hold too much.
 */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "source-controller/cachelimit.h"
#include "tests/unit/lib/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *dir_of(struct ctx *cx, const char *root, const char *name)
{
    return str_fmt(cx->arena, "%s/gitrepository/ns/%s/.gitcache/key", root, name);
}

static void fill(struct ctx *cx, const char *dir, size_t bytes)
{
    char *data = arena_alloc(cx->arena, bytes + 1);
    memset(data, 'x', bytes);
    assert_ok(cx, fs_mkdirs(cx, dir, 0700));
    assert_ok(cx, fs_write_atomic(cx, str_fmt(cx->arena, "%s/pack", dir), data, bytes, 0600));
}

/* A fetch of `name` that leaves so many bytes. */
static void fetch(struct ctx *cx, struct cachelimit *c, const char *root, const char *name, size_t bytes)
{
    const char *dir = dir_of(cx, root, name);
    cachelimit_begin(c, dir);
    fill(cx, dir, bytes);
    cachelimit_end(cx, c, dir);
}

static bool has(struct ctx *cx, const char *root, const char *name)
{
    return fs_exists(str_fmt(cx->arena, "%s/pack", dir_of(cx, root, name)));
}

static void what_was_used_longest_ago_goes(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = unit_tmpdir(cx);
    struct cachelimit *c = cachelimit_open(root, ".gitcache", 100);
    fetch(cx, c, root, "a", 40);
    fetch(cx, c, root, "b", 40);
    assert_int_equal(cachelimit_held(c), 80);
    fetch(cx, c, root, "a", 45);
    fetch(cx, c, root, "c", 40);
    assert_true(has(cx, root, "a") && !has(cx, root, "b") && has(cx, root, "c"));
    assert_int_equal(cachelimit_held(c), 85);
    fetch(cx, c, root, "d", 100); /* as much as all may hold */
    assert_true(!has(cx, root, "a") && !has(cx, root, "c") && has(cx, root, "d"));
    cachelimit_close(c);
}

/* Many fetches within one tick of the kernel's clock, which is what a file system stamps folders with. */
static void one_tick_keeps_the_order(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = unit_tmpdir(cx), *before = NULL;
    struct cachelimit *c = cachelimit_open(root, ".gitcache", 100);
    for (int i = 0; i < 40; i++) {
        const char *name = str_fmt(cx->arena, "n%d", i);
        fetch(cx, c, root, name, 40);
        assert_true(has(cx, root, name) && (!before || has(cx, root, before)));
        assert_int_equal(cachelimit_held(c), before ? 80 : 40);
        before = name;
    }
    cachelimit_close(c);
}

static void what_is_in_use_stays(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = unit_tmpdir(cx), *a = dir_of(cx, root, "a");
    struct cachelimit *c = cachelimit_open(root, ".gitcache", 100);
    fetch(cx, c, root, "a", 60);
    cachelimit_begin(c, a);
    fetch(cx, c, root, "b", 60); /* the older one cannot go, so this one does */
    assert_true(has(cx, root, "a") && !has(cx, root, "b"));
    cachelimit_end(cx, c, a);
    assert_true(has(cx, root, "a"));
    assert_int_equal(cachelimit_held(c), 60);
    cachelimit_close(c);
}

static void what_lies_there_at_the_start_counts(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = unit_tmpdir(cx);
    const struct timespec then[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
    fill(cx, dir_of(cx, root, "new"), 50);
    fill(cx, dir_of(cx, root, "old"), 50);
    assert_int_equal(utimensat(AT_FDCWD, dir_of(cx, root, "old"), then, 0), 0);
    struct cachelimit *c = cachelimit_open(root, ".gitcache", 100);
    fetch(cx, c, root, "b", 20);
    assert_true(has(cx, root, "new") && !has(cx, root, "old") && has(cx, root, "b"));
    assert_int_equal(cachelimit_held(c), 70);
    cachelimit_close(c);
}

static void what_went_meanwhile_does_not_count(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = unit_tmpdir(cx);
    struct cachelimit *c = cachelimit_open(root, ".gitcache", 100);
    fetch(cx, c, root, "a", 50);
    fetch(cx, c, root, "gone", 50);
    assert_ok(cx, fs_remove_tree(cx, str_fmt(cx->arena, "%s/gitrepository/ns/gone", root)));
    fetch(cx, c, root, "b", 50);
    assert_true(has(cx, root, "a") && has(cx, root, "b"));
    assert_int_equal(cachelimit_held(c), 100);
    cachelimit_close(c);
    cachelimit_close(NULL);
}

/* Objects come and go; their caches must not be remembered for ever where there is room for all. */
static void what_is_gone_is_forgotten(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = unit_tmpdir(cx);
    struct cachelimit *c = cachelimit_open(root, ".gitcache", 1000);
    fetch(cx, c, root, "gone", 50);
    assert_ok(cx, fs_remove_tree(cx, str_fmt(cx->arena, "%s/gitrepository/ns/gone", root)));
    for (int i = 0; i < 100; i++)
        fetch(cx, c, root, "a", 50);
    assert_int_equal(cachelimit_held(c), 50);
    cachelimit_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(what_was_used_longest_ago_goes),
        UNIT_TEST(one_tick_keeps_the_order),
        UNIT_TEST(what_is_in_use_stays),
        UNIT_TEST(what_lies_there_at_the_start_counts),
        UNIT_TEST(what_went_meanwhile_does_not_count),
        UNIT_TEST(what_is_gone_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
