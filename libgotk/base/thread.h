/*
 * thread.h: conditions that threads wait on until a time.
 *
 * The time is that of ctx_now_ms, which nobody sets back: a wait on the wall clock would last as much longer. Any thread;
 * locks and conditions themselves are pthread's.
 */
#ifndef GOTK_BASE_THREAD_H
#define GOTK_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Makes a condition for thread_wait_until; ends with pthread_cond_destroy. */
void thread_cond_init(pthread_cond_t *cond);

/* Waits with `lock` held, as pthread_cond_wait does, but not beyond `due_ms` of ctx_now_ms; false when that has come. */
bool thread_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t due_ms);

#endif
