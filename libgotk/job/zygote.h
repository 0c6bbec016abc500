/*
 * zygote.h: the small process that children of jobs are forked from.
 *
 * Forked from the controller before it has threads or secrets; single-threaded; parses nothing. Internal to
 * libgotk/job. Rejected: forking from the controller itself, which copies the token and whatever locks other
 * threads hold.
 */
#ifndef GOTK_JOB_ZYGOTE_H
#define GOTK_JOB_ZYGOTE_H

#include "libgotk/job/job.h"

#include <stdint.h>
#include <sys/types.h>

struct side_start;

/* The packet that asks for a child; two sockets travel with it: the job's data, the zygote's reports. */
struct zygote_order {
    uint32_t job; /* index into the jobs */
};

/* What the zygote reports about one child, as packets on its socket. */
enum zygote_news {
    ZYGOTE_STARTED = 1, /* a pidfd travels with it */
    ZYGOTE_FAILED,      /* value: errno; there is no child */
    ZYGOTE_ENDED,       /* value: as waitpid */
};
struct zygote_report {
    int32_t news; /* enum zygote_news */
    int32_t value;
};

/* Forks the zygote. *ret_control is the socket orders go to; any thread may send one packet at a time,
 * without a lock. */
int zygote_start(struct ctx *cx, const struct job *const *jobs, size_t count, pid_t *ret_pid,
                 int *ret_control) MUST_CHECK;

/* Forks a child of the calling process itself, which must be single-threaded, for `job`; it speaks over `data`, which the caller
 * closes. Returns 0 or an errno. */
int zygote_fork(const struct job *job, int data, const struct side_start *start, pid_t *ret_pid);

/* Orders a child for job `index`. The zygote gets `data` and `reports`; the caller keeps its own copies. */
int zygote_order(struct ctx *cx, int control, size_t index, int data, int reports) MUST_CHECK;

/* Waits for the next report of a child; *ret_pidfd (may be NULL) gets the descriptor that came with it, or
 * -1. */
int zygote_wait(struct ctx *cx, int reports, struct zygote_report *ret, int *ret_pidfd) MUST_CHECK;

#endif
