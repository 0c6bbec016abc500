/*
 * filter.h: a seccomp filter from a table of verdicts: the program the kernel runs at each system call.
 *
 * Internal to libgotk/job. Every job child assembles its own, so this has to be quick: it takes some microseconds, and so does
 * the kernel, which runs the program once for every number in advance. Rejected: libseccomp, whose names and numbers we use, for
 * it spends half a millisecond on a table of this size, more than a small build takes, and lines the numbers up where this
 * halves the distance at each step.
 */
#ifndef GOTK_JOB_FILTER_H
#define GOTK_JOB_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_CALLS          512 /* numbers from here on are what nobody thought of */
#define FILTER_LENGTH         400 /* of any program that comes of it */
#define FILTER_VERDICTS       5
#define FILTER_CONDITIONS_MAX 64

/* A call is let through when one of its conditions holds: (argument `arg` & mask) == value. */
struct filter_condition {
    int number;
    int arg;
    uint64_t mask;
    uint64_t value;
};

struct filter {
    uint32_t returns
        [FILTER_VERDICTS]; /* what the kernel does (SECCOMP_RET_...), by verdict; 0 is for unknown calls */
    uint8_t verdicts[FILTER_CALLS]; /* by number; with FILTER_CONDITIONS: unless a condition holds */
    const struct filter_condition *conditions;
    size_t count;
};

/* Beside a verdict: conditions let the call through. */
#define FILTER_CONDITIONS 0x80

/* Writes the program into `out`, which has room for FILTER_LENGTH instructions; returns its length. Calls in another
 * architecture's convention end the process. Aborts when it does not fit: the table is ours. */
size_t filter_assemble(const struct filter *f, struct sock_filter *out);

#endif
