/*
 * test_queue.c: the queue on a fake clock.
 */
#include "libgotk/base/str.h"
#include "libgotk/runtime/queue.h"
#include "tests/unit/lib/unit.h"

#include <stdio.h>

static const struct queue_outcome forget = { .verdict = QUEUE_FORGET };

static int dropped;

static void count_drop(void *parked)
{
    (void)parked;
    dropped++;
}

static void close_queue(void *queue)
{
    queue_close(queue, count_drop);
}

/* A queue that ends with the test. */
static struct queue *new_queue(void **state)
{
    struct queue *q = queue_open(750, 10000);
    arena_defer(unit_cx(state)->arena, close_queue, q);
    return q;
}

/* Takes the next key and checks its name; NULL: none must be ready. */
static struct queue_item *take(struct queue *q, int64_t now_ms, const char *name)
{
    struct queue_item *item = queue_take(q, now_ms);
    if (!name) {
        assert_null(item);
        return NULL;
    }
    assert_non_null(item);
    assert_string_equal(item->name, name);
    return item;
}

static void a_key_is_in_the_queue_once(void **state)
{
    struct queue *q = new_queue(state);
    queue_add(q, "ns", "a", QUEUE_INTERVAL, 0);
    queue_add(q, "ns", "a", QUEUE_INTERVAL, 1);
    queue_add(q, "other", "a", QUEUE_INTERVAL, 2);
    struct queue_item *first = take(q, 10, "a");
    assert_string_equal(first->ns, "ns");
    assert_int_equal(first->waited_ms, 10);
    struct queue_item *second = take(q, 10, "a");
    assert_string_equal(second->ns, "other");
    take(q, 10, NULL);
    assert_int_equal(queue_stats(q).adds, 3);
    assert_int_equal(queue_stats(q).running, 2);
}

static void the_depth_tells_urgent_from_interval_work(void **state)
{
    struct queue *q = new_queue(state);
    queue_add(q, "ns", "a", QUEUE_INTERVAL, 0);
    queue_add(q, "ns", "b", QUEUE_INTERVAL, 0);
    queue_add(q, "ns", "c", QUEUE_SPEC, 0);
    assert_int_equal(queue_stats(q).ready, 3);
    assert_int_equal(queue_stats(q).ready_low, 2);
    queue_add(q, "ns", "a", QUEUE_REQUESTED, 0);
    assert_int_equal(queue_stats(q).ready_low, 1);
    take(q, 1, "a");
    take(q, 1, "c");
    assert_int_equal(queue_stats(q).ready_low, 1);
    take(q, 1, "b");
    assert_int_equal(queue_stats(q).ready, 0);
    assert_int_equal(queue_stats(q).ready_low, 0);
}

static void a_running_key_is_only_marked(void **state)
{
    struct queue *q = new_queue(state);
    queue_add(q, "ns", "a", QUEUE_INTERVAL, 0);
    struct queue_item *item = take(q, 0, "a");
    queue_add(q, "ns", "a", QUEUE_WATCH, 1);
    queue_add(q, "ns", "a", QUEUE_REQUESTED, 1);
    queue_add(q, "ns", "a", QUEUE_WATCH, 1);
    take(q, 1, NULL);
    const struct queue_outcome later = { .verdict = QUEUE_AFTER, .after_ms = 60000 };
    assert_int_equal(queue_done(q, item, &later, 5), 0);
    item = take(q, 5, "a");
    assert_int_equal(item->priority, QUEUE_REQUESTED);
    queue_done(q, item, &forget, 6);
    take(q, 999999, NULL);
}

static void urgent_keys_overtake(void **state)
{
    struct queue *q = new_queue(state);
    queue_add(q, "", "interval-1", QUEUE_INTERVAL, 0);
    queue_add(q, "", "interval-2", QUEUE_INTERVAL, 0);
    queue_add(q, "", "watch", QUEUE_WATCH, 0);
    queue_add(q, "", "spec", QUEUE_SPEC, 0);
    queue_add(q, "", "requested", QUEUE_REQUESTED, 0);
    queue_add(q, "", "interval-2", QUEUE_SPEC, 0);
    take(q, 0, "requested");
    take(q, 0, "spec");
    take(q, 0, "interval-2");
    take(q, 0, "watch");
    take(q, 0, "interval-1");
    take(q, 0, NULL);
}

static void a_lower_priority_does_not_send_a_key_back(void **state)
{
    struct queue *q = new_queue(state);
    queue_add(q, "", "a", QUEUE_SPEC, 0);
    queue_add(q, "", "b", QUEUE_SPEC, 0);
    queue_add(q, "", "a", QUEUE_INTERVAL, 0);
    take(q, 0, "a");
    take(q, 0, "b");
}

static void a_delayed_key_comes_in_time(void **state)
{
    struct queue *q = new_queue(state);
    queue_add(q, "", "a", QUEUE_INTERVAL, 0);
    assert_int_equal(queue_wait_ms(q, 0), 0);
    struct queue_item *item = take(q, 0, "a");
    assert_int_equal(queue_wait_ms(q, 0), -1);
    const struct queue_outcome later = { .verdict = QUEUE_AFTER, .after_ms = 60000 };
    assert_int_equal(queue_done(q, item, &later, 100), 60000);
    assert_int_equal(queue_wait_ms(q, 100), 60000);
    take(q, 60099, NULL);
    item = take(q, 60150, "a");
    assert_int_equal(item->waited_ms, 50);
    assert_int_equal(item->priority, QUEUE_INTERVAL);
}

static void an_add_ends_the_delay(void **state)
{
    struct queue *q = new_queue(state);
    queue_add(q, "", "a", QUEUE_INTERVAL, 0);
    const struct queue_outcome later = { .verdict = QUEUE_AFTER, .after_ms = 60000 };
    queue_done(q, take(q, 0, "a"), &later, 0);
    queue_add(q, "", "a", QUEUE_SPEC, 10);
    queue_done(q, take(q, 10, "a"), &forget, 20);
    take(q, 100000, NULL);
}

static void failures_back_off_up_to_the_maximum(void **state)
{
    static const int64_t delays[] = { 750, 1500, 3000, 6000, 10000, 10000 };
    const struct queue_outcome failed = { .verdict = QUEUE_BACKOFF };
    struct queue *q = new_queue(state);
    int64_t now = 0;
    queue_add(q, "", "a", QUEUE_INTERVAL, now);
    for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
        assert_int_equal(queue_done(q, take(q, now, "a"), &failed, now), delays[i]);
        take(q, now + delays[i] - 1, NULL);
        now += delays[i];
    }
    assert_int_equal(queue_stats(q).retries, ARRAY_LEN(delays));
    const struct queue_outcome fine = { .verdict = QUEUE_AFTER, .after_ms = 5 };
    queue_done(q, take(q, now, "a"), &fine, now);
    assert_int_equal(queue_done(q, take(q, now + 5, "a"), &failed, now), 750);
}

static void a_key_that_is_gone_starts_anew(void **state)
{
    struct queue *q = new_queue(state);
    const struct queue_outcome failed = { .verdict = QUEUE_BACKOFF, .seen_version = 7 };
    const struct queue_outcome gone = { .verdict = QUEUE_GONE };
    queue_add(q, "", "a", QUEUE_SPEC, 0);
    queue_done(q, take(q, 0, "a"), &failed, 0);
    struct queue_item *item = take(q, 750, "a");
    assert_int_equal(item->seen_version, 7);
    assert_int_equal(queue_done(q, item, &gone, 800), -1);
    queue_add(q, "", "a", QUEUE_SPEC, 900);
    item = take(q, 900, "a");
    assert_int_equal(item->seen_version, 0);
    assert_int_equal(queue_done(q, item, &failed, 900), 750);
}

static void the_newest_version_seen_stands(void **state)
{
    struct queue *q = new_queue(state);
    const struct queue_outcome wrote = { .verdict = QUEUE_NOW, .seen_version = 40 };
    const struct queue_outcome wrote_nothing = { .verdict = QUEUE_NOW };
    queue_add(q, "", "a", QUEUE_SPEC, 0);
    queue_done(q, take(q, 0, "a"), &wrote, 0);
    queue_done(q, take(q, 0, "a"), &wrote_nothing, 0);
    assert_int_equal(take(q, 0, "a")->seen_version, 40);
}

static void a_parked_key_comes_back_with_what_it_left(void **state)
{
    int run = 1;
    struct queue *q = new_queue(state);
    const struct queue_outcome parks = { .verdict = QUEUE_PARK, .after_ms = 5000, .parked = &run };
    queue_add(q, "", "a", QUEUE_SPEC, 0);
    queue_wake(q, "", "unknown", 0);
    queue_done(q, take(q, 0, "a"), &parks, 0);
    assert_int_equal(queue_stats(q).parked, 1);
    take(q, 4999, NULL);
    queue_wake(q, "", "a", 100);
    struct queue_item *item = take(q, 100, "a");
    assert_ptr_equal(item->parked, &run);
    assert_false(item->restart);
    assert_int_equal(queue_stats(q).parked, 0);
    queue_done(q, item, &parks, 100);
    assert_ptr_equal(take(q, 5100, "a")->parked, &run);
}

static void a_wake_while_it_runs_is_not_lost(void **state)
{
    int run = 1;
    struct queue *q = new_queue(state);
    const struct queue_outcome parks = { .verdict = QUEUE_PARK, .after_ms = 5000, .parked = &run };
    queue_add(q, "", "a", QUEUE_SPEC, 0);
    struct queue_item *item = take(q, 0, "a");
    queue_wake(q, "", "a", 1);
    assert_int_equal(queue_done(q, item, &parks, 2), 0);
    item = take(q, 2, "a");
    assert_false(item->restart);
    assert_int_equal(item->priority, QUEUE_WATCH);
    assert_int_equal(queue_done(q, item, &parks, 3), 5000);
    take(q, 5002, NULL);
    assert_non_null(take(q, 5003, "a"));
}

static void parked_runs_can_end_before_their_keys(void **state)
{
    int run = 1;
    struct queue *q = new_queue(state);
    const struct queue_outcome parks = { .verdict = QUEUE_PARK, .after_ms = 5000, .parked = &run };
    queue_add(q, "", "a", QUEUE_SPEC, 0);
    queue_done(q, take(q, 0, "a"), &parks, 0);
    dropped = 0;
    queue_drop_parked(q, count_drop);
    assert_int_equal(dropped, 1);
    assert_int_equal(queue_stats(q).parked, 0);
    assert_null(take(q, 5000, "a")->parked);
}

static void a_change_makes_a_parked_key_start_anew(void **state)
{
    int run = 1;
    struct queue *q = new_queue(state);
    const struct queue_outcome parks = { .verdict = QUEUE_PARK, .after_ms = 5000, .parked = &run };
    queue_add(q, "", "a", QUEUE_SPEC, 0);
    queue_done(q, take(q, 0, "a"), &parks, 0);
    queue_add(q, "", "a", QUEUE_WATCH, 10);
    struct queue_item *item = take(q, 10, "a");
    assert_true(item->restart);
    queue_add(q, "", "a", QUEUE_WATCH, 11);
    queue_done(q, item, &parks, 20);
    item = take(q, 20, "a");
    assert_true(item->restart);
    assert_ptr_equal(item->parked, &run);
    queue_done(q, item, &parks, 30);
    dropped = 0;
    queue_drop_parked(q, count_drop);
    assert_int_equal(dropped, 1);
}

static void thousands_of_keys_come_in_order(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct queue *q = new_queue(state);
    for (int i = 0; i < 5000; i++)
        queue_add(q, "ns", str_fmt(cx->arena, "name-%d", i), QUEUE_INTERVAL, i);
    for (int i = 0; i < 5000; i++)
        queue_done(q, take(q, 5000, str_fmt(cx->arena, "name-%d", i)), &forget, 5000);
    take(q, 5000, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_key_is_in_the_queue_once),
        UNIT_TEST(the_depth_tells_urgent_from_interval_work),
        UNIT_TEST(a_running_key_is_only_marked),
        UNIT_TEST(urgent_keys_overtake),
        UNIT_TEST(a_lower_priority_does_not_send_a_key_back),
        UNIT_TEST(a_delayed_key_comes_in_time),
        UNIT_TEST(an_add_ends_the_delay),
        UNIT_TEST(failures_back_off_up_to_the_maximum),
        UNIT_TEST(a_key_that_is_gone_starts_anew),
        UNIT_TEST(the_newest_version_seen_stands),
        UNIT_TEST(a_parked_key_comes_back_with_what_it_left),
        UNIT_TEST(a_wake_while_it_runs_is_not_lost),
        UNIT_TEST(parked_runs_can_end_before_their_keys),
        UNIT_TEST(a_change_makes_a_parked_key_start_anew),
        UNIT_TEST(thousands_of_keys_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
