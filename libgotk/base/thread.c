/*
 * thread.c: waiting for a condition until a time; the contract is in thread.h.
 */
#include "libgotk/base/thread.h"

#include <errno.h>
#include <time.h>

void thread_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool thread_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t due_ms)
{
    struct timespec due = { .tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000 };
    return pthread_cond_timedwait(cond, lock, &due) != ETIMEDOUT;
}
