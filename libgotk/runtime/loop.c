/*
 * loop.c: the loop thread on libuv; the contract is in loop.h.
 *
 * The inbox is a list under one lock; uv_async wakes the loop. Messages posted while the list is being worked off wait for
 * the next round, so a flood of them cannot starve timers and signals.
 */
#include "libgotk/runtime/loop.h"

#include "libgotk/base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t turn_timer;
    uv_timer_t expire_timer;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_poll_t lost;
    struct loop_options options;
    int64_t turn_due_ms;
    int64_t lag_ms;
    pthread_mutex_t lock; /* of the list */
    struct loop_message *first;
    struct loop_message **end;
};

static struct loop_message *take_all(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct loop_message *first = l->first;
    l->first = NULL;
    l->end = &l->first;
    pthread_mutex_unlock(&l->lock);
    return first;
}

void loop_drain(struct loop *l)
{
    for (struct loop_message *m = take_all(l), *next; m; m = next) {
        next = m->next;
        m->run(l->options.user, m);
    }
}

static void on_wake(uv_async_t *handle)
{
    struct loop *l = handle->data;
    loop_drain(l);
    l->options.turn(l->options.user);
}

static void on_turn(uv_timer_t *handle)
{
    struct loop *l = handle->data;
    int64_t late = ctx_now_ms() - l->turn_due_ms;
    l->lag_ms = late > 0 ? late : 0;
    l->options.turn(l->options.user);
}

static void on_expired(uv_timer_t *handle)
{
    struct loop *l = handle->data;
    l->options.expired(l->options.user);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop *l = handle->data;
    l->options.signalled(l->options.user, number);
}

static void on_lost(uv_poll_t *handle, int status, int events)
{
    struct loop *l = handle->data;
    (void)status;
    (void)events;
    uv_poll_stop(handle);
    l->options.lost(l->options.user);
}

static void watch_loss(struct loop *l)
{
    if (l->options.lost_fd <= 0)
        return;
    ASSERT(uv_poll_init(&l->uv, &l->lost, l->options.lost_fd) == 0);
    l->lost.data = l;
    ASSERT(uv_poll_start(&l->lost, UV_READABLE, on_lost) == 0);
}

int loop_open(struct ctx *cx, const struct loop_options *options, struct loop **ret)
{
    struct loop *l = mem_alloc(sizeof(*l));
    l->options = *options;
    l->end = &l->first;
    pthread_mutex_init(&l->lock, NULL);
    if (uv_loop_init(&l->uv) < 0) {
        mem_free(l);
        return err_fail(cx, ERR_IO, "cannot make an event loop: no file descriptors left?");
    }
    ASSERT(uv_async_init(&l->uv, &l->wake, on_wake) == 0);
    ASSERT(uv_timer_init(&l->uv, &l->turn_timer) == 0);
    ASSERT(uv_timer_init(&l->uv, &l->expire_timer) == 0);
    ASSERT(uv_signal_init(&l->uv, &l->terminate) == 0);
    ASSERT(uv_signal_init(&l->uv, &l->interrupt) == 0);
    l->wake.data = l->turn_timer.data = l->expire_timer.data = l->terminate.data = l->interrupt.data = l;
    ASSERT(uv_signal_start(&l->terminate, on_signal, SIGTERM) == 0);
    ASSERT(uv_signal_start(&l->interrupt, on_signal, SIGINT) == 0);
    watch_loss(l);
    *ret = l;
    return 0;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_close(struct loop *l)
{
    uv_walk(&l->uv, close_handle, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    ASSERT(uv_loop_close(&l->uv) == 0);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

void loop_post(struct loop *l, struct loop_message *message)
{
    message->next = NULL;
    pthread_mutex_lock(&l->lock);
    *l->end = message;
    l->end = &message->next;
    pthread_mutex_unlock(&l->lock);
    uv_async_send(&l->wake);
}

void loop_turn_in(struct loop *l, int64_t ms)
{
    if (ms < 0) {
        uv_timer_stop(&l->turn_timer);
        return;
    }
    l->turn_due_ms = ctx_now_ms() + ms;
    uv_update_time(&l->uv);
    uv_timer_start(&l->turn_timer, on_turn, (uint64_t)ms, 0);
}

void loop_expire_in(struct loop *l, int64_t ms)
{
    uv_update_time(&l->uv);
    uv_timer_start(&l->expire_timer, on_expired, (uint64_t)ms, 0);
}

int64_t loop_lag_ms(const struct loop *l)
{
    return l->lag_ms;
}
