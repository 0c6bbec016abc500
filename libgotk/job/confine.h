/*
 * confine.h: taking away from a process everything its job does not need.
 *
 * Runs in the child only, once, before the first byte of a stranger's input is parsed. In order:
 * no_new_privs, resource limits, Landlock, system call filter (syscalls.h). Rejected: namespaces, which a
 * stock pod may not create.
 */
#ifndef GOTK_JOB_CONFINE_H
#define GOTK_JOB_CONFINE_H

#include "libgotk/job/job.h"

/* The exit status of a child that ran out of its memory. */
#define CONFINE_EXIT_MEMORY 86

/* True in builds whose sanitizer maps terabytes: memory is then limited by the arena alone. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFINE_HAS_SANITIZER 1
#else
#define CONFINE_HAS_SANITIZER 0
#endif

/* The Landlock version of the running kernel; 0: none. */
int confine_landlock_version(void);

/* Confines the calling process to `limits` (all set) for good; `in_use` bytes of private memory are not counted, for they were
 * there before. Fails with the system's reason; the job must not run then. */
int confine_self(struct ctx *cx, const struct job_limits *limits, bool network, size_t in_use) MUST_CHECK;

/* Private memory in use now, in bytes: what the helper's image brings along. 0 without /proc. */
size_t confine_memory_in_use(struct ctx *cx);

#endif
