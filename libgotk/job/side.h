/*
 * side.h: the child's side of a job, and how errors and limits travel as documents.
 *
 * Internal to libgotk/job. The child confines itself before it parses the first byte of the input. Rejected:
 * running anything of the job before the confinement stands, however harmless it looks.
 */
#ifndef GOTK_JOB_SIDE_H
#define GOTK_JOB_SIDE_H

#include "libgotk/job/job.h"

/* What job_ask works on: a socket in a child, the caller's answer function when the sandbox is off. */
struct job_side {
    int fd; /* -1: in the same process */
    struct ctx *parent;
    job_answer_fn answer;
    void *user;
};

#define SIDE_MESSAGE_MAX ((size_t)16 << 20) /* of one question or error */
#define SIDE_ANSWER_MAX  ((size_t)512 << 20)

/* What a child that was forked from the very process that runs the job finds in its memory. */
struct side_start {
    const struct job_limits *limits;
    const struct doc *input;
};

/* Runs one job in a freshly forked child that speaks over `fd`; the result is the child's exit status. Limits and input come over
 * `fd` too, unless they are at hand: `start` may be NULL. */
int side_main(const struct job *job, int fd, const struct side_start *start);

/* Sends a question and waits for the answer. */
int side_ask(struct ctx *cx, struct job_side *side, const struct doc *request,
             struct doc **ret_answer) MUST_CHECK;

/* Sends the output when it is more than a piece, and empties it. */
int side_flush(struct ctx *cx, int fd, struct buf *output) MUST_CHECK;

/* An error as a document in cx->arena, and back into cx (returns its code). */
struct doc *side_error_doc(struct arena *a, const struct err *e);
int side_raise(struct ctx *cx, const struct doc *error);

/* Limits as a document, and back (all strings in `a`). */
struct doc *side_limits_doc(struct arena *a, const struct job_limits *limits);
struct job_limits side_limits(struct arena *a, const struct doc *d);

#endif
