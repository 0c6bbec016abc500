/* Frames: what is sent arrives whole and in order, whatever its size. */
#include "libgotk/job/frame.h"
#include "tests/unit/lib/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 5000

static char *text_of(struct ctx *cx, size_t n)
{
    char *text = arena_alloc(cx->arena, n + 1);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + (i * 7 + n) % 26);
    return text;
}

static void assert_arrives(struct ctx *cx, int fd, enum frame_kind kind, const char *text, size_t n)
{
    struct frame head;
    struct buf body = buf_new(cx->arena, MOST);
    assert_ok(cx, frame_next(cx, fd, &head));
    assert_int_equal(head.kind, kind);
    assert_int_equal(head.size, n);
    assert_ok(cx, frame_body(cx, fd, n, &body));
    assert_int_equal(body.len, n);
    assert_memory_equal(buf_text(&body), text, n);
}

static void frames_of_any_size_arrive(void **state)
{
    struct ctx *cx = unit_cx(state);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (size_t n = 0; n<MOST; n += n> 1950 && n < 2060 ? 1 : 49) {
        const char *text = text_of(cx, n);
        assert_ok(cx, frame_send(cx, fds[0], FRAME_QUESTION, text, n));
        assert_ok(cx, frame_finish(cx, fds[0], text, n));
        assert_arrives(cx, fds[1], FRAME_QUESTION, text, n);
        if (n)
            assert_arrives(cx, fds[1], FRAME_OUTPUT, text, n);
        assert_arrives(cx, fds[1], FRAME_DONE, "", 0);
    }
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(frames_of_any_size_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
