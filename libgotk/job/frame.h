/*
 * frame.h: what parent and child of a job say to each other: a kind, a length, bytes.
 *
 * Both ends are non-blocking stream sockets; every wait ends with the context's cancel or deadline. The
 * reader states the most it will take, because the other end may be a child that strangers took over.
 * Rejected: datagrams (a limit of some hundred kilobytes) and shared memory (the child could change what the
 * parent has checked).
 */
#ifndef GOTK_JOB_FRAME_H
#define GOTK_JOB_FRAME_H

#include "libgotk/base/buf.h"

#include <stddef.h>
#include <stdint.h>

enum frame_kind {
    FRAME_START = 1, /* parent: limits, JSON */
    FRAME_INPUT,     /* parent: the job's input, JSON */
    FRAME_ANSWER,    /* parent: to a question, JSON */
    FRAME_REFUSAL,   /* parent: to a question, an error as JSON */
    FRAME_QUESTION,  /* child: JSON */
    FRAME_EXPECT, /* child: how many bytes of output are to come; its size is the number, there is no body */
    FRAME_OUTPUT, /* child: bytes of the output */
    FRAME_DONE,   /* child: the output is complete */
    FRAME_ERROR,  /* child: the job failed, an error as JSON */
};

struct frame {
    uint32_t kind;
    uint32_t zero;
    uint64_t size;
};

/* Sends one frame. Fails with ERR_UNAVAILABLE when the other end is gone, or as ctx_check. */
int frame_send(struct ctx *cx, int fd, enum frame_kind kind, const void *data, size_t size) MUST_CHECK;

/* Sends a head alone, whose size is a number. Fails as frame_send. */
int frame_tell(struct ctx *cx, int fd, enum frame_kind kind, uint64_t number) MUST_CHECK;

/* Sends the rest of the output, which may be nothing, and that it is complete. As frame_send. */
int frame_finish(struct ctx *cx, int fd, const void *data, size_t size) MUST_CHECK;

/* Waits for the head of the next frame. Fails with ERR_UNAVAILABLE when the other end is gone, or as
 * ctx_check. */
int frame_next(struct ctx *cx, int fd, struct frame *ret) MUST_CHECK;

/* Appends the `size` bytes behind a head to `out`; ERR_LIMIT when they do not fit. Otherwise as frame_next.
 */
int frame_body(struct ctx *cx, int fd, size_t size, struct buf *out) MUST_CHECK;

#endif
