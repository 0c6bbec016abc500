/*
 * syscalls.h: the system calls a job may use.
 *
 * An allow-list in one table; what only an attacker asks for ends the process, what a library may try gets
 * EPERM, what nobody thought of gets ENOSYS, as from an older kernel. Rejected: a deny-list, which every new
 * kernel call outgrows.
 */
#ifndef GOTK_JOB_SYSCALLS_H
#define GOTK_JOB_SYSCALLS_H

#include "libgotk/base/ctx.h"
#include "libgotk/job/filter.h"

#include <stdbool.h>

/* Filters the system calls of the calling process for good; no_new_privs must be set. Fails with ERR_IO. */
int syscalls_restrict(struct ctx *cx, bool network) MUST_CHECK;

/* The filter's program for the calling process, for tests; returns its length. */
size_t syscalls_program(bool network, struct sock_filter out[FILTER_LENGTH]);

#endif
