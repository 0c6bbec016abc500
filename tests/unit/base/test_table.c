/* The table of nodes: finding, growth, removal, and the end. */
#include "libgotk/base/table.h"

#include "libgotk/base/str.h"
#include "tests/unit/lib/unit.h"

#define MANY 1000

struct thing {
    struct table_node node;
    int number;
};

static int ended;

static void count_end(struct table_node *node)
{
    ended += CONTAINER_OF(node, struct thing, node)->number >= 0;
}

static struct thing *fill(struct ctx *cx, struct table *t)
{
    struct thing *things = ARENA_ARRAY(cx->arena, struct thing, MANY);
    for (int i = 0; i < MANY; i++) {
        things[i] = (struct thing){ .node.key = str_fmt(cx->arena, "ns/%d", i), .number = i };
        table_add(t, &things[i].node);
    }
    return things;
}

static void finds_what_is_in(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct table t = { 0 };
    assert_null(table_find(&t, "ns/1"));
    fill(cx, &t);
    assert_int_equal(t.len, MANY);
    for (int i = 0; i < MANY; i++) {
        struct table_node *node = table_find(&t, str_fmt(cx->arena, "ns/%d", i));
        assert_non_null(node);
        assert_int_equal(CONTAINER_OF(node, struct thing, node)->number, i);
    }
    assert_null(table_find(&t, "ns/1000"));
    table_done(&t, count_end);
    assert_int_equal(ended, MANY);
    assert_null(table_find(&t, "ns/1"));
}

static void forgets_what_is_taken_out(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct table t = { 0 };
    struct thing *things = fill(cx, &t);
    for (int i = 0; i < MANY; i += 2)
        table_remove(&t, &things[i].node);
    assert_int_equal(t.len, MANY / 2);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(table_find(&t, things[i].node.key) != NULL, i % 2 == 1);
    table_add(&t, &things[0].node);
    assert_ptr_equal(table_find(&t, "ns/0"), &things[0].node);
    ended = 0;
    table_done(&t, count_end);
    assert_int_equal(ended, MANY / 2 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(finds_what_is_in),
        UNIT_TEST(forgets_what_is_taken_out),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
