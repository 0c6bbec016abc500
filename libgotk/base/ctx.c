/*
 * ctx.c: cancel flags, deadlines and interruptible waiting; the contract is in ctx.h.
 *
 * cancel_fire may run on any thread; all else runs on the thread that owns the context.
 */
#include "libgotk/base/ctx.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

void cancel_open(struct cancel *c)
{
    atomic_init(&c->fired, false);
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ASSERT(c->fd >= 0);
}

void cancel_close(struct cancel *c)
{
    close(c->fd);
    c->fd = -1;
}

void cancel_fire(struct cancel *c)
{
    atomic_store(&c->fired, true);
    uint64_t one = 1;
    ssize_t n = write(c->fd, &one, sizeof(one));
    (void)n; /* a full counter is readable already */
}

void cancel_rearm(struct cancel *c)
{
    uint64_t count;
    ssize_t n = read(c->fd, &count, sizeof(count));
    (void)n; /* an empty counter needs no draining */
    atomic_store(&c->fired, false);
}

int64_t ctx_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_canceled(const struct ctx *cx)
{
    return cx->cancel && atomic_load(&cx->cancel->fired);
}

static bool is_late(const struct ctx *cx)
{
    return cx->deadline_ms && ctx_now_ms() >= cx->deadline_ms;
}

bool ctx_done(const struct ctx *cx)
{
    return is_canceled(cx) || is_late(cx);
}

int ctx_check(struct ctx *cx)
{
    if (is_canceled(cx))
        return err_fail(cx, ERR_CANCELED, "context canceled");
    if (is_late(cx))
        return err_fail(cx, ERR_TIMEOUT, "context deadline exceeded");
    if (arena_exhausted(cx->arena))
        return err_fail(cx, ERR_LIMIT, "the work needs more than its %zu MiB of memory",
                        arena_max(cx->arena) >> 20);
    return 0;
}

int64_t ctx_left_ms(const struct ctx *cx, int64_t unlimited)
{
    if (!cx->deadline_ms)
        return unlimited;
    int64_t left = cx->deadline_ms - ctx_now_ms();
    return left > 0 ? left : 0;
}

int64_t ctx_deadline_in(struct ctx *cx, int64_t ms)
{
    int64_t old = cx->deadline_ms;
    int64_t wanted = ctx_now_ms() + ms;
    if (!old || wanted < old)
        cx->deadline_ms = wanted;
    return old;
}

int ctx_sleep(struct ctx *cx, int64_t ms)
{
    int64_t until = ctx_now_ms() + ms;
    for (int64_t left = ms; left > 0; left = until - ctx_now_ms()) {
        if (ctx_check(cx) < 0)
            return cx->err.code;
        int64_t bound = ctx_left_ms(cx, left);
        struct pollfd pfd = { .fd = cx->cancel ? cx->cancel->fd : -1, .events = POLLIN };
        poll(&pfd, 1,
             (int)((bound < left ? bound : left) > 60000 ? 60000 : (bound < left ? bound + 1 : left)));
    }
    return ctx_check(cx);
}
