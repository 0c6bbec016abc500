/*
 * ctx.h: what every function that can fail or wait is handed first.
 *
 * A context bundles the memory, deadline, cancel flag, logger, HTTP connections and error of one piece of work. It
 * belongs to one thread. A reconcile's context lives in its worker and is reset by the driver, whatever path the
 * code took. Rejected: separate parameters for each (five of them everywhere) and thread-local state (invisible).
 */
#ifndef GOTK_BASE_CTX_H
#define GOTK_BASE_CTX_H

#include "libgotk/base/arena.h"
#include "libgotk/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct http;
struct log_scope;

/* A request to stop, shared between the thread that asks and the one that works. */
struct cancel {
    atomic_bool fired;
    int fd; /* an eventfd that turns readable once fired: everything that waits, polls it */
};

struct ctx {
    struct arena *arena;
    struct cancel *cancel;       /* NULL: cannot be cancelled */
    int64_t deadline_ms;         /* on the clock of ctx_now_ms; 0: none */
    const struct log_scope *log; /* fields every log line of this work carries; may be NULL */
    struct http *http;  /* the thread's HTTP connections (net/http.h); NULL: one is made per request */
    size_t message_max; /* bytes of an error's message, which is cut there; 0: 32 KiB */
    struct err err;
};

/* Opens the cancel's eventfd; aborts when the system has no descriptor left. Undo with cancel_close. */
void cancel_open(struct cancel *c);
void cancel_close(struct cancel *c);

/* Asks the work to stop and wakes whatever waits in it; any thread, any number of times. */
void cancel_fire(struct cancel *c);

/* Makes a fired cancel usable again; only while nobody works under it. */
void cancel_rearm(struct cancel *c);

/* Milliseconds of a clock that never jumps (CLOCK_MONOTONIC). */
int64_t ctx_now_ms(void);

/* True when the work was cancelled or its deadline has passed. */
bool ctx_done(const struct ctx *cx);

/* Fails with ERR_CANCELED, ERR_TIMEOUT or ERR_LIMIT (arena full) when the work must stop; else 0. For loops. */
int ctx_check(struct ctx *cx) MUST_CHECK;

/* Milliseconds left until the deadline, at least 0; `unlimited` when there is none. */
int64_t ctx_left_ms(const struct ctx *cx, int64_t unlimited);

/* Moves the deadline to `ms` from now unless an earlier one stands; returns the old value to put back. */
int64_t ctx_deadline_in(struct ctx *cx, int64_t ms);

/* Waits `ms` milliseconds; fails as ctx_check as soon as the work is cancelled or out of time. */
int ctx_sleep(struct ctx *cx, int64_t ms) MUST_CHECK;

#endif
