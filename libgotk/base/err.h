/*
 * err.h: how a function says that it failed, and why.
 *
 * A failing function returns a negative code and leaves the story in its context: `return err_fail(cx, ERR_INVALID,
 * "spec.path: '%s' does not exist", path)`. Callers add what they were doing, outermost first, as Go prints wrapped
 * errors: `return err_wrap(cx, "failed to build")` gives "failed to build: spec.path: ...". The message lives in the
 * context's arena. Rejected: thread-local last errors (stale messages), and bare -1.
 */
#ifndef GOTK_BASE_ERR_H
#define GOTK_BASE_ERR_H

#include "libgotk/base/attr.h"

#include <stdarg.h>
#include <stdint.h>

struct ctx;

enum err_code {
    ERR_INVALID = -1,      /* the input is wrong; only changing it helps */
    ERR_DENIED = -2,       /* forbidden by policy or by the API server (403) */
    ERR_UNAUTHORIZED = -3, /* credentials missing or refused (401) */
    ERR_NOT_FOUND = -4,
    ERR_EXISTS = -5,
    ERR_CONFLICT = -6,     /* a newer version is stored (409) */
    ERR_GONE = -7,         /* the history asked for is no longer kept (410) */
    ERR_NOT_READY = -8,    /* something we depend on is not ready yet */
    ERR_TIMEOUT = -9,      /* the deadline passed */
    ERR_CANCELED = -10,    /* someone asked us to stop */
    ERR_UNAVAILABLE = -11, /* the other side cannot answer now; try again */
    ERR_LIMIT = -12,       /* a size, time or count limit was passed */
    ERR_IO = -13,          /* the operating system refused */
    ERR_UNSUPPORTED = -14, /* known but not offered here */
    ERR_INTERNAL = -15,    /* a defect of ours */
};

/* What went wrong; all strings live in the context's arena. */
struct err {
    int code; /* 0: no error */
    const char *message;
    const char *reason;     /* a condition reason or a Status reason such as "Forbidden"; may be NULL */
    int http_status;        /* 0 when no HTTP answer was involved */
    int64_t retry_after_ms; /* the other side's wish; 0: none */
};

/* Puts an error into cx, replacing an older one, and returns `code`. */
int err_fail(struct ctx *cx, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_fail with a va_list. */
int err_vfail(struct ctx *cx, int code, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

/* As err_fail with a message that cx's arena holds already: it is neither copied nor cut, however long, for users compare it
 * with the text of other programs. What lives in another arena goes by err_copy. */
int err_take(struct ctx *cx, int code, const char *message);

/* As err_fail, appending ": " and the text of errno; picks the code from errno (ENOENT: ERR_NOT_FOUND, ...). */
int err_errno(struct ctx *cx, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* What errno says of a path, as Go's os package words it: "open x/y: no such file or directory". */
int err_path(struct ctx *cx, const char *operation, const char *path);

/* Prepends "fmt: " to the error in cx and returns its code. An error must be there. */
int err_wrap(struct ctx *cx, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Sets the reason of the error in cx (copied) and returns its code. */
int err_reason(struct ctx *cx, const char *reason);

/* Changes the code of the error in cx and returns it. */
int err_recode(struct ctx *cx, int code);

/* Carries an error, or none, over from another context: a copy, for its strings live elsewhere. Returns its code. */
int err_copy(struct ctx *cx, const struct err *from);

/* Forgets the error: the caller dealt with it. */
void err_clear(struct ctx *cx);

/* The message, code and reason of the error in cx: "" and 0 and NULL without one. */
const char *err_message(const struct ctx *cx);
int err_code(const struct ctx *cx);
const char *err_reason_of(const struct ctx *cx);

/* The lower-case name of a code for logs and metrics, e.g. "not_found"; "unknown" for others. */
const char *err_name(int code);

/* The static analyser cannot see that these never return 0: tell it, so that it does not follow impossible paths. */
#if defined(__clang_analyzer__) && !defined(GOTK_ERR_ITSELF)
static inline int err_negative(int code)
{
    ASSERT(code < 0);
    return code;
}
#define err_fail(...)   err_negative(err_fail(__VA_ARGS__))
#define err_take(...)   err_negative(err_take(__VA_ARGS__))
#define err_errno(...)  err_negative(err_errno(__VA_ARGS__))
#define err_path(...)   err_negative(err_path(__VA_ARGS__))
#define err_wrap(...)   err_negative(err_wrap(__VA_ARGS__))
#define err_reason(...) err_negative(err_reason(__VA_ARGS__))
#define err_recode(...) err_negative(err_recode(__VA_ARGS__))
#define err_code(...)   err_negative(err_code(__VA_ARGS__))
#endif

#endif
