/*
 * job.h: untrusted work in a confined child process.
 *
 * C that parses what strangers wrote (packs, tarballs, YAML, templates) never runs in the process that holds
 * the cluster's token. job_init forks a small single-threaded helper, the zygote, before any thread or secret
 * exists; job_run has it fork one child per job, confined by rlimits, Landlock and seccomp, speaks with that
 * child over a socket pair and returns its output. A crash, an endless loop or a memory bomb ends as an error
 * of that one job; all its memory goes back to the system. Jobs of several threads run at once, without a
 * common lock. Rejected: threads (share the token), exec of a helper program (start-up cost, a second binary
 * to ship), a pool of long-lived children (what one job left behind would meet the next).
 */
#ifndef GOTK_JOB_JOB_H
#define GOTK_JOB_JOB_H

#include "libgotk/base/buf.h"
#include "libgotk/doc/doc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job_side;

/* One kind of work, a static row. `run` is called in the child on a context of its own (arena, deadline, no
 * cancel, no cluster access): it reads `input`, appends its result to ret_output and returns 0, or fails as
 * any function does; its error (code, reason, message) arrives in the parent's context unchanged. A network
 * job that makes several requests puts an http_open() into its cx->http. */
struct job {
    const char *name; /* heads the messages: "<name> was ended: ..." */
    int (*run)(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *ret_output);
    /* Sets up once what every child of this job finds done: libraries, tables of certificates. Called in the zygote as soon as
     * it is there, while the controller goes on starting; without one, in job_init. NULL: nothing. */
    void (*prepare)(void);
    bool network; /* may connect by TCP and UDP, start threads, read CA bundles, resolv.conf and the like */
};

/* What one run may use; zero means the default. */
struct job_limits {
    size_t memory_max;  /* bytes; 0: 512 MiB */
    int cpu_seconds;    /* 0: 60 */
    int64_t timeout_ms; /* wall clock, answers included; 0: 120 s. cx->deadline_ms counts too */
    size_t file_max;    /* bytes of any one file written; 0: 512 MiB */
    size_t output_max;  /* bytes of ret_output; 0: 64 MiB */
    const char *const
        *read_dirs; /* NULL-terminated: files and folders readable with all that is below; NULL: none */
    const char *const *write_dirs; /* as read_dirs, to read, create, change and remove */
};

enum job_sandbox {
    JOB_SANDBOX_ON,
    JOB_SANDBOX_ALONE, /* as ON, without a helper: children are forked from the process itself, which has no threads, no secrets
                        * and no second job at once: a command */
    JOB_SANDBOX_OFF, /* jobs run inside the calling thread, unconfined: for a debugger */
};

/* Forks the zygote, unless there is to be none. Call once in main, before any thread is started and any secret is read. `jobs` (static)
 * are the only jobs job_run will take. Logs one warning when the kernel has no Landlock. Fails with ERR_IO.
 */
int job_init(struct ctx *cx, const struct job *const *jobs, size_t count,
             enum job_sandbox sandbox) MUST_CHECK;

/* Ends the zygote and waits for it; jobs must have ended. Does nothing when none runs. */
void job_exit(void);

/* Answers one question of a child (job_ask); runs in the parent on the thread that called job_run. An error
 * it returns fails that one job_ask in the child with the same code, reason and message. ret_answer lives in
 * cx->arena, which is not job_run's and ends with the answer: what is to last goes elsewhere. A child may ask
 * 2000 times. */
typedef int (*job_answer_fn)(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer);

/* Polls as readable once the zygote has ended: from then on every job fails. Owned by this module; -1: there is none. */
int job_end_fd(void);

/* Runs `job` with `input` in a child and waits. Output goes into *ret_output (a buffer in cx->arena). Without
 * `answer` every question fails with ERR_UNSUPPORTED. Fails with the child's own error; ERR_LIMIT "<name> was
 * ended: it needed more than 512 MiB of memory" (or CPU seconds, file size, output); ERR_TIMEOUT "... it ran
 * longer than 2m0s"; ERR_CANCELED; ERR_INTERNAL "... it crashed (SIGSEGV)"; ERR_DENIED "... it used a system
 * call jobs may not use". */
int job_run(struct ctx *cx, const struct job *job, const struct job_limits *limits, const struct doc *input,
            job_answer_fn answer, void *user, struct buf *ret_output) MUST_CHECK;

/* In the child: asks the parent and waits for its answer (in cx->arena). */
int job_ask(struct ctx *cx, struct job_side *side, const struct doc *request,
            struct doc **ret_answer) MUST_CHECK;

/* In the child: tells how many bytes of output are to come in all, so that the parent makes room for them once. Nothing depends on it. */
int job_expect(struct ctx *cx, struct job_side *side, size_t size) MUST_CHECK;

/* In the child: hands over what is in the job's output so far, when it is much; what comes after it is the rest. For outputs that
 * are made piece by piece. */
int job_flush(struct ctx *cx, struct job_side *side, struct buf *output) MUST_CHECK;

#endif
