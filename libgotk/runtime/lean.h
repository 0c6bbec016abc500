/*
 * lean.h: what the small executable has in place of parts of a C library: a heap, copies, and the texts of errors.
 *
 * glibc asks the processor some sixty times about its caches before main; each time the hypervisor of a virtual machine answers,
 * in a microsecond at best and in eight where machines are nested. That is half of what a small build takes, linked statically or
 * not. musl asks nothing. But its heap maps and unmaps pages for each YAML parser, it copies by an instruction that takes a while
 * to start, and it lacks what glibc alone has: that is here, and libgotk/runtime/leanlibc.c gives it the names under which
 * it is looked for. On other architectures, without musl, and with sanitizers the small executable is linked with glibc, and this
 * is idle. Rejected: to skip a part of glibc's start (its innards differ from version to version).
 *
 * One thread. All of it is compiled everywhere, for the unit tests.
 */
#ifndef GOTK_RUNTIME_LEAN_H
#define GOTK_RUNTIME_LEAN_H

#include <stddef.h>

/* As malloc: `size` bytes, aligned for any type; NULL with ENOMEM when there are none. Goes back by lean_free. */
void *lean_alloc(size_t size);

/* As realloc, of what lean_alloc gave; NULL leaves `old` as it is. */
void *lean_resize(void *old, size_t size);

/* As free: NULL is allowed. Aborts when `p` was given back before, or what lies in front of it was overwritten. */
void lean_free(void *p);

/* The bytes that the heap has of the system, used or not. */
size_t lean_mapped(void);

/* As memcpy and memmove; both return `to`. */
void *lean_copy(void *to, const void *from, size_t size);
void *lean_move(void *to, const void *from, size_t size);

/* As memchr. */
void *lean_find(const void *from, int c, size_t size);

/* How glibc words the error, where musl does so differently and a build may meet it; NULL for others. */
const char *lean_error_text(int number);

/* As sigabbrev_np of the signals a job may end by, "SEGV" for SIGSEGV; NULL for others. */
const char *lean_signal_name(int number);

#endif
