/*
 * frame.c: sending and receiving frames; the contract is in frame.h. Any thread, no state.
 */
#include "libgotk/job/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define POLL_MS   60000
#define PIECE_MAX ((size_t)256 << 10)
#define SMALL     2048

static int gone(struct ctx *cx)
{
    return err_fail(cx, ERR_UNAVAILABLE, "the other end of the job's socket is gone");
}

/* Waits until fd is ready, the work is cancelled, or its time is over. */
static int wait_ready(struct ctx *cx, int fd, short events)
{
    struct pollfd pfds[] = { { .fd = fd, .events = events },
                             { .fd = cx->cancel ? cx->cancel->fd : -1, .events = POLLIN } };
    do {
        if (ctx_check(cx) < 0)
            return cx->err.code;
        int64_t left = ctx_left_ms(cx, POLL_MS);
        poll(pfds, 2, left < POLL_MS ? (int)left + 1 : POLL_MS);
    } while (!pfds[0].revents);
    return 0;
}

static int send_all(struct ctx *cx, int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return gone(cx);
        if (n < 0 && wait_ready(cx, fd, POLLOUT) < 0)
            return cx->err.code;
        data += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int receive_all(struct ctx *cx, int fd, char *data, size_t size)
{
    while (size) {
        ssize_t n = recv(fd, data, size, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return gone(cx);
        if (n < 0 && wait_ready(cx, fd, POLLIN) < 0)
            return cx->err.code;
        data += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Writes a frame; returns its end. */
static char *put_frame(char *to, enum frame_kind kind, const void *data, size_t size)
{
    struct frame head = { .kind = kind, .size = size };
    to = mempcpy(to, &head, sizeof(head));
    return size ? mempcpy(to, data, size) : to;
}

/* What is small goes out in one piece, so that the reader wakes up once. */
int frame_send(struct ctx *cx, int fd, enum frame_kind kind, const void *data, size_t size)
{
    struct frame head = { .kind = kind, .size = size };
    char whole[SMALL];
    if (size <= sizeof(whole) - sizeof(head))
        return send_all(cx, fd, whole, (size_t)(put_frame(whole, kind, data, size) - whole));
    if (send_all(cx, fd, (const char *)&head, sizeof(head)) < 0)
        return cx->err.code;
    return send_all(cx, fd, data, size);
}

int frame_finish(struct ctx *cx, int fd, const void *data, size_t size)
{
    char whole[SMALL], *end = whole;
    bool small = size <= sizeof(whole) - 2 * sizeof(struct frame);
    if (size && small)
        end = put_frame(end, FRAME_OUTPUT, data, size);
    else if (size && frame_send(cx, fd, FRAME_OUTPUT, data, size) < 0)
        return cx->err.code;
    return send_all(cx, fd, whole, (size_t)(put_frame(end, FRAME_DONE, NULL, 0) - whole));
}

int frame_tell(struct ctx *cx, int fd, enum frame_kind kind, uint64_t number)
{
    struct frame head = { .kind = kind, .size = number };
    return send_all(cx, fd, (const char *)&head, sizeof(head));
}

int frame_next(struct ctx *cx, int fd, struct frame *ret)
{
    struct frame head;
    if (receive_all(cx, fd, (char *)&head, sizeof(head)) < 0)
        return cx->err.code;
    *ret = head;
    return 0;
}

int frame_body(struct ctx *cx, int fd, size_t size, struct buf *out)
{
    while (size) {
        size_t piece = size < PIECE_MAX ? size : PIECE_MAX;
        char *room = size > out->max - out->len ? NULL : buf_room(out, piece);
        if (!room)
            return err_fail(cx, ERR_LIMIT, "a frame of a job is larger than %zu bytes", out->max);
        if (receive_all(cx, fd, room, piece) < 0)
            return cx->err.code;
        buf_grown(out, piece);
        size -= piece;
    }
    return 0;
}
