/*
 * answer.h: reading the head of an HTTP answer.
 *
 * Collects header lines, and knows statuses and Retry-After. Internal to the HTTP client and server; the
 * thread of the request. Rejected: curl's header API, which is experimental in the oldest version we build
 * with.
 */
#ifndef GOTK_NET_ANSWER_H
#define GOTK_NET_ANSWER_H

#include "libgotk/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header lines of one answer so far, "lower-case-name: value". */
struct answer_head {
    VEC(const char *) lines;
    size_t bytes;
    bool complete; /* the empty line behind them was seen */
};

/* Takes one line as it came; a status line starts the head anew, a line that holds a NUL is passed by. False when the head is larger than 1 MiB. */
bool answer_add_line(struct arena *a, struct answer_head *head, const char *line, size_t n);

/* The lines as a NULL-terminated array in `a`. */
const char *const *answer_lines(struct arena *a, const struct answer_head *head);

/* The value of header `name` (any case) in such an array; NULL when absent. */
const char *answer_find(const char *const *lines, const char *name);

/* The standard text of a status, e.g. "Not Found"; "" for unknown ones. */
const char *answer_status_text(int status);

/* Milliseconds until the time a Retry-After value names (seconds or an HTTP date) given wall-clock `now_unix`; 0 when it
 * names none or the past. At most one day. */
int64_t answer_retry_after_ms(const char *value, int64_t now_unix);

#endif
