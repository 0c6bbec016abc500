/*
 * bigstack.h: calling a function on a stack of 1 GiB, of which only what is used is ever there.
 *
 * For code that recurses as deep as its input says: templates may nest 100,000 deep. Works in job children too, where
 * threads cannot be started and memory is limited: a stack does not count as memory in use until its pages are touched.
 * The caller waits; no two threads share anything. Rejected: a thread with a large stack, which a job may not have, and
 * raising RLIMIT_STACK, which the address space laid out at start-up bounds.
 */
#ifndef GOTK_BASE_BIGSTACK_H
#define GOTK_BASE_BIGSTACK_H

/* Calls fn(arg) there; on the caller's own stack when the system has no such room. */
void bigstack_call(void (*fn)(void *arg), void *arg);

#endif
