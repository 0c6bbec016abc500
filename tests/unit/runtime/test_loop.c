/*
 * test_loop.c: messages from threads, timers and signals on the loop.
 */
#include "libgotk/runtime/loop.h"
#include "tests/unit/lib/unit.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define MESSAGES 2000

/* What the loop's owner sees. */
struct seen {
    struct loop *loop;
    int next; /* number of the message that must come next */
    int turns;
    int signals;
    bool expired;
    int losses;
    int64_t turned_ms;
};

struct numbered {
    struct loop_message message;
    int number;
};

static void on_message(void *user, struct loop_message *message)
{
    struct seen *seen = user;
    assert_int_equal(CONTAINER_OF(message, struct numbered, message)->number, seen->next++);
}

static void on_turn(void *user)
{
    struct seen *seen = user;
    seen->turns++;
    seen->turned_ms = ctx_now_ms();
    if (seen->next == MESSAGES)
        loop_stop(seen->loop);
}

static void on_signal(void *user, int number)
{
    struct seen *seen = user;
    assert_int_equal(number, SIGTERM);
    seen->signals++;
    loop_stop(seen->loop);
}

static void on_expired(void *user)
{
    struct seen *seen = user;
    seen->expired = true;
    loop_stop(seen->loop);
}

static void on_lost(void *user)
{
    struct seen *seen = user;
    seen->losses++;
}

static void open_loop_with(struct ctx *cx, struct seen *seen, int lost_fd)
{
    const struct loop_options options = { seen, on_turn, on_signal, on_expired, on_lost, lost_fd };
    assert_ok(cx, loop_open(cx, &options, &seen->loop));
}

static void open_loop(struct ctx *cx, struct seen *seen)
{
    open_loop_with(cx, seen, -1);
}

static struct numbered messages[MESSAGES];

static void *post_all(void *loop)
{
    for (int i = 0; i < MESSAGES; i++) {
        messages[i] = (struct numbered){ .message = { .run = on_message }, .number = i };
        loop_post(loop, &messages[i].message);
    }
    return NULL;
}

static void messages_come_in_order(void **state)
{
    struct seen seen = { 0 };
    pthread_t thread;
    open_loop(unit_cx(state), &seen);
    assert_int_equal(pthread_create(&thread, NULL, post_all, seen.loop), 0);
    loop_run(seen.loop);
    pthread_join(thread, NULL);
    assert_int_equal(seen.next, MESSAGES);
    assert_in_range(seen.turns, 1, MESSAGES);
    loop_close(seen.loop);
}

static void messages_left_over_are_drained(void **state)
{
    struct seen seen = { 0 };
    open_loop(unit_cx(state), &seen);
    post_all(seen.loop);
    loop_drain(seen.loop);
    assert_int_equal(seen.next, MESSAGES);
    assert_int_equal(seen.turns, 0);
    loop_close(seen.loop);
}

static void timers_fire_in_time(void **state)
{
    struct seen seen = { 0 };
    open_loop(unit_cx(state), &seen);
    int64_t began = ctx_now_ms();
    loop_turn_in(seen.loop, 10000);
    loop_turn_in(seen.loop, 20);
    loop_expire_in(seen.loop, 60);
    loop_run(seen.loop);
    assert_int_equal(seen.turns, 1);
    assert_true(seen.expired);
    assert_true(seen.turned_ms - began >= 19);
    loop_turn_in(seen.loop, -1);
    loop_close(seen.loop);
}

static void a_signal_reaches_the_owner(void **state)
{
    struct seen seen = { 0 };
    open_loop(unit_cx(state), &seen);
    loop_expire_in(seen.loop, 5000);
    kill(getpid(), SIGTERM);
    loop_run(seen.loop);
    assert_int_equal(seen.signals, 1);
    assert_false(seen.expired);
    loop_close(seen.loop);
}

static void a_loss_is_told_once(void **state)
{
    struct seen seen = { 0 };
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    open_loop_with(unit_cx(state), &seen, pipe_fds[0]);
    loop_expire_in(seen.loop, 50);
    loop_run(seen.loop);
    assert_int_equal(seen.losses, 0);
    close(pipe_fds[1]);
    loop_expire_in(seen.loop, 50);
    loop_run(seen.loop);
    assert_int_equal(seen.losses, 1);
    loop_close(seen.loop);
    close(pipe_fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(messages_come_in_order), UNIT_TEST(messages_left_over_are_drained),
        UNIT_TEST(timers_fire_in_time),    UNIT_TEST(a_signal_reaches_the_owner),
        UNIT_TEST(a_loss_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
