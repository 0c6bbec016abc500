/* Contexts and errors: wrapping, codes, cancelling from another thread, deadlines, sleeping. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/str.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static void errors_are_wrapped_outermost_first(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_int_equal(err_fail(cx, ERR_NOT_FOUND, "file %d", 7), ERR_NOT_FOUND);
    assert_int_equal(err_wrap(cx, "failed to build '%s'", "x"), ERR_NOT_FOUND);
    assert_string_equal(err_message(cx), "failed to build 'x': file 7");
    assert_int_equal(err_reason(cx, "BuildFailed"), ERR_NOT_FOUND);
    assert_int_equal(err_recode(cx, ERR_INVALID), ERR_INVALID);
    assert_int_equal(err_wrap(cx, "outer"), ERR_INVALID);
    assert_string_equal(err_reason_of(cx), "BuildFailed");
    assert_string_equal(err_message(cx), "outer: failed to build 'x': file 7");
    err_fail(cx, ERR_IO, "another"); /* replaces all of the old one */
    assert_null(err_reason_of(cx));
    err_clear(cx);
    assert_int_equal(err_code(cx), 0);
    assert_string_equal(err_message(cx), "");
}

static void errno_becomes_code_and_text(void **state)
{
    static const struct {
        int number, code;
        const char *text;
    } rows[] = {
        { ENOENT, ERR_NOT_FOUND, "open x: No such file or directory" },
        { EACCES, ERR_DENIED, "open x: Permission denied" },
        { EEXIST, ERR_EXISTS, "open x: File exists" },
        { EXDEV, ERR_DENIED, "open x: " },
        { ENOSPC, ERR_IO, "open x: No space left on device" },
        { EMFILE, ERR_IO, "open x: Too many open files" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        errno = rows[i].number;
        assert_int_equal(err_errno(cx, "open %s", "x"), rows[i].code);
        assert_error(cx, rows[i].code, rows[i].text);
    }
}

static void every_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = ERR_INTERNAL; a <= ERR_INVALID; a++) {
        assert_string_not_equal(err_name(a), "unknown");
        for (int b = a + 1; b <= ERR_INVALID; b++)
            assert_string_not_equal(err_name(a), err_name(b));
    }
    assert_string_equal(err_name(0), "unknown");
}

static void deadlines_only_move_closer(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_int_equal(ctx_left_ms(cx, 77), 77);
    assert_int_equal(ctx_deadline_in(cx, 60000), 0);
    int64_t first = cx->deadline_ms;
    assert_int_equal(ctx_deadline_in(cx, 120000), first);
    assert_int_equal(cx->deadline_ms, first);
    assert_int_equal(ctx_deadline_in(cx, 1000), first);
    assert_in_range(ctx_left_ms(cx, 77), 900, 1000);
    assert_false(ctx_done(cx));
    cx->deadline_ms = ctx_now_ms() - 1;
    assert_true(ctx_done(cx));
    assert_int_equal(ctx_left_ms(cx, 77), 0);
    assert_true(ctx_check(cx) < 0);
    assert_error(cx, ERR_TIMEOUT, "context deadline exceeded");
}

static void sleeping_lasts_as_asked_or_until_the_deadline(void **state)
{
    struct ctx *cx = unit_cx(state);
    int64_t start = ctx_now_ms();
    assert_ok(cx, ctx_sleep(cx, 30));
    assert_in_range(ctx_now_ms() - start, 30, unit_slow(1000));
    start = ctx_now_ms();
    ctx_deadline_in(cx, 30);
    assert_true(ctx_sleep(cx, 60000) < 0);
    assert_error(cx, ERR_TIMEOUT, "deadline exceeded");
    assert_in_range(ctx_now_ms() - start, 29, unit_slow(1000));
}

static void *fire_later(void *cancel)
{
    usleep(30000);
    cancel_fire(cancel);
    cancel_fire(cancel);
    return NULL;
}

static void a_cancel_from_another_thread_wakes_a_sleeper(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct cancel cancel;
    pthread_t thread;
    cancel_open(&cancel);
    cx->cancel = &cancel;
    assert_ok(cx, ctx_check(cx));
    int64_t start = ctx_now_ms();
    assert_int_equal(pthread_create(&thread, NULL, fire_later, &cancel), 0);
    assert_true(ctx_sleep(cx, 60000) < 0);
    assert_error(cx, ERR_CANCELED, "context canceled");
    assert_in_range(ctx_now_ms() - start, 10, unit_slow(5000));
    pthread_join(thread, NULL);
    assert_true(ctx_done(cx));
    struct pollfd pfd = { .fd = cancel.fd, .events = POLLIN };
    assert_int_equal(poll(&pfd, 1, 0), 1);
    cancel_rearm(&cancel);
    assert_int_equal(poll(&pfd, 1, 0), 0);
    assert_ok(cx, ctx_sleep(cx, 1));
    cx->cancel = NULL;
    cancel_close(&cancel);
}

static void a_message_has_an_end(void **state)
{
    struct ctx *cx = unit_cx(state);
    enum { LONG = 100000 };
    char *text = arena_alloc(cx->arena, LONG + 1);
    for (size_t i = 0; i < LONG; i += 2)
        memcpy(text + i, "\xC3\xA4", 2);
    err_fail(cx, ERR_INVALID, "x%s", text);
    assert_int_equal(strlen(err_message(cx)), 32768);
    assert_true(str_is_utf8(err_message(cx), 32768));
    for (int i = 0; i < 3; i++)
        err_wrap(cx, "outer");
    assert_true(str_starts(err_message(cx), "outer: outer: outer: x") && strlen(err_message(cx)) <= 32768);
    assert_error(cx, ERR_INVALID, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(errors_are_wrapped_outermost_first),
        UNIT_TEST(errno_becomes_code_and_text),
        UNIT_TEST(every_code_has_its_own_name),
        UNIT_TEST(deadlines_only_move_closer),
        UNIT_TEST(sleeping_lasts_as_asked_or_until_the_deadline),
        UNIT_TEST(a_cancel_from_another_thread_wakes_a_sleeper),
        UNIT_TEST(a_message_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
