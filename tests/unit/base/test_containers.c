/* buf, vec, map, heap: growth, limits, order, and agreement with a simple model under random use. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/heap.h"
#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

/* A fixed sequence of numbers that look random. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void a_buffer_grows_and_stays_a_string(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf b = buf_new(cx->arena, 100000);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 1000; i++) {
        buf_fmt(&b, "%03d", i);
        buf_char(&b, ' ');
        arena_alloc(cx->arena, 1); /* so that it must move */
        assert_int_equal(strlen(buf_text(&b)), b.len);
    }
    assert_int_equal(b.len, 4000);
    assert_memory_equal(b.data + 3996, "999 ", 5);
    buf_cut(&b, 3);
    assert_string_equal(buf_text(&b), "000");
    buf_cut(&b, 10);
    assert_int_equal(b.len, 3);
    assert_ok(cx, buf_ok(cx, &b, "it"));
}

static void room_that_is_not_used_leaves_a_string(void **state)
{
    struct buf b = buf_new(unit_cx(state)->arena, 1000);
    assert_non_null(buf_room(&b, 10));
    assert_string_equal(buf_text(&b), "");
    buf_str(&b, "ab");
    memset(buf_room(&b, 900), 'x', 900);
    buf_grown(&b, 1);
    assert_string_equal(buf_text(&b), "abx");
}

static void a_buffer_stops_at_its_maximum(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf b = buf_new(cx->arena, 5);
    buf_str(&b, "abc");
    buf_str(&b, "def"); /* dropped as a whole */
    assert_string_equal(buf_text(&b), "abc");
    buf_fmt(&b, "%s", "xy");
    assert_string_equal(buf_text(&b), "abcxy");
    buf_char(&b, '!');
    assert_null(buf_room(&b, 1));
    assert_true(buf_ok(cx, &b, "the text") < 0);
    assert_error(cx, ERR_LIMIT, "the text is larger than 5 bytes");
    struct buf none = buf_new(cx->arena, 0);
    buf_add(&none, "", 0);
    assert_string_equal(buf_text(&none), "");
    assert_ok(cx, buf_ok(cx, &none, "nothing"));
}

static void vectors_keep_order_while_growing_and_shrinking(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    VEC(int) v = { 0 };
    for (int i = 0; i < 1000; i++) {
        vec_push(a, &v, i);
        arena_alloc(a, 1);
    }
    vec_remove(&v, 0);
    vec_remove(&v, 998);
    vec_remove(&v, 499);
    assert_int_equal(v.len, 997);
    for (int i = 0; i < 997; i++)
        assert_int_equal(v.at[i], i < 499 ? i + 1 : i + 2);
}

static void a_map_agrees_with_a_plain_array(void **state)
{
    enum { KEYS = 300 };
    struct arena *a = unit_cx(state)->arena;
    struct map m = map_new(a);
    void *model[KEYS] = { NULL };
    uint32_t random = 7;
    for (int i = 0; i < 20000; i++) {
        uint32_t k = next_random(&random) % KEYS;
        char key[16];
        snprintf(key, sizeof(key), "key-%u", k);
        assert_ptr_equal(map_find(&m, key), model[k]);
        if (next_random(&random) % 3 == 0) {
            assert_int_equal(map_remove(&m, key), model[k] != NULL);
            model[k] = NULL;
        } else {
            model[k] = &model[next_random(&random) % KEYS];
            map_set(&m, key, model[k]);
        }
    }
    size_t alive = 0, cursor = 0, seen = 0;
    for (int k = 0; k < KEYS; k++)
        alive += model[k] != NULL;
    assert_int_equal(m.len, alive);
    for (const struct map_entry *e; (e = map_next(&m, &cursor)) != NULL; seen++)
        assert_ptr_equal(e->value, map_find(&m, e->key));
    assert_int_equal(seen, alive);
}

static void room_in_a_map_is_made_once(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    struct map few = map_new(a), many = map_new(a);
    map_reserve(&few, 0);
    map_reserve(&many, 1000);
    for (int i = 0; i < 1000; i++) {
        const struct map_entry *entries = many.entries;
        map_set(&many, str_fmt(a, "k%d", i), &many);
        map_set(&few, str_fmt(a, "k%d", i), &few);
        assert_ptr_equal(many.entries, entries);
    }
    assert_ptr_equal(map_find(&many, "k999"), &many);
    assert_ptr_equal(map_find(&few, "k0"), &few);
}

static void a_map_remembers_the_order_of_insertion(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    struct map m = map_new(a);
    struct buf b = buf_new(a, 100);
    char key[] = "b";
    assert_null(map_find(&m, "b"));
    assert_false(map_has(&m, "b") || map_remove(&m, "b"));
    map_set(&m, key, NULL);
    key[0] = 'x'; /* keys are copied */
    map_set(&m, "a", &m);
    map_set(&m, "c", &m);
    map_set(&m, "b", NULL); /* replaced in its place */
    assert_true(map_has(&m, "b"));
    assert_null(map_find(&m, "b"));
    assert_true(map_remove(&m, "a"));
    map_set(&m, "a", &m); /* comes in anew, at the end */
    size_t cursor = 0;
    for (const struct map_entry *e; (e = map_next(&m, &cursor)) != NULL;)
        buf_str(&b, e->key);
    assert_string_equal(buf_text(&b), "bca");
    const char **keys = map_sorted_keys(&m, a);
    assert_string_equal(str_join(a, keys, 3, ""), "abc");
    assert_null(keys[3]);
}

static void a_heap_gives_the_smallest_first_and_ties_in_order(void **state)
{
    (void)state;
    struct heap_node nodes[500] = { 0 };
    struct heap h = { 0 };
    uint32_t random = 3;
    assert_null(heap_top(&h));
    assert_null(heap_pop(&h));
    for (int i = 0; i < 500; i++)
        heap_push(&h, &nodes[i], next_random(&random) % 50);
    for (int i = 0; i < 500; i += 3)
        heap_remove(&h, &nodes[i]);
    for (int i = 0; i < 500; i += 6)
        heap_push(&h, &nodes[i], -(int64_t)(next_random(&random) % 50));
    const struct heap_node *last = NULL, *n;
    size_t count = 0;
    for (; (n = heap_pop(&h)) != NULL; last = n, count++) {
        assert_false(heap_has(n));
        if (last)
            assert_true(last->key < n->key || (last->key == n->key && last->serial < n->serial));
    }
    assert_int_equal(count, 500 - 167 + 84);
    heap_done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_buffer_grows_and_stays_a_string),
        UNIT_TEST(room_that_is_not_used_leaves_a_string),
        UNIT_TEST(a_buffer_stops_at_its_maximum),
        UNIT_TEST(vectors_keep_order_while_growing_and_shrinking),
        UNIT_TEST(a_map_agrees_with_a_plain_array),
        UNIT_TEST(room_in_a_map_is_made_once),
        UNIT_TEST(a_map_remembers_the_order_of_insertion),
        UNIT_TEST(a_heap_gives_the_smallest_first_and_ties_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
