/*
 * log.h: Flux's log lines.
 *
 * One call is one line and one write(2), so lines of different threads never mix and no lock is held while a line is
 * formatted. Encodings are those of fluxcd/pkg/runtime/logger (zap): json, with the keys level, ts, logger, msg, the
 * fields of the scopes from the outermost in, the call's own, and error last; and console, tab-separated. There are no
 * format strings: a message is a constant, what varies is a field, and every value is escaped. Rejected: sampling as
 * zap does in production, because a line that was asked for should be there.
 *
 *     static const struct log_scope setup = { .logger = "setup" };
 *     log_info(&setup, "starting manager", NULL);
 *     log_info(cx->log, "artifact up-to-date", "revision", revision, NULL);
 *     log_error(cx->log, err_message(cx), "Reconciler error", NULL);
 */
#ifndef GOTK_BASE_LOG_H
#define GOTK_BASE_LOG_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

/* In rising order of detail; the names printed are "error", "info", "debug" and "trace". */
enum log_level {
    LOG_ERROR,
    LOG_INFO,
    LOG_DEBUG,
    LOG_TRACE,
};

enum log_encoding {
    LOG_JSON,
    LOG_CONSOLE,
};

/* One key and value. A raw value is JSON text and is printed as it stands: an object, a number, true. */
struct log_field {
    const char *key;
    const char *value; /* NULL prints null */
    bool raw;
};

/* Fields that every line of some piece of work carries; scopes nest, the outermost comes first in the line. */
struct log_scope {
    const struct log_scope *outer; /* may be NULL */
    const struct log_field *fields;
    size_t count;
    const char
        *logger; /* value of the key "logger"; NULL: that of the outer scope, if any; joined to it by "." */
};

/*
 * Sets level, encoding and file descriptor (2 for stderr) for the process. Call before threads start; until then the
 * level is LOG_INFO, the encoding LOG_JSON and the descriptor 2.
 */
void log_init(enum log_level level, enum log_encoding encoding, int fd);

/* The level named "error", "info", "debug" or "trace" into *ret; ERR_INVALID lists the names for any other text. */
int log_parse_level(struct ctx *cx, const char *name, enum log_level *ret) MUST_CHECK;

/* The encoding named "json" or "console" into *ret; ERR_INVALID lists the names for any other text. */
int log_parse_encoding(struct ctx *cx, const char *name, enum log_encoding *ret) MUST_CHECK;

/* True when lines of this level are printed: for callers whose fields are costly to make. */
bool log_enabled(enum log_level level);

/*
 * Prints a line: the message, then pairs of key and value strings, ended by a NULL key. `scope` may be NULL. A value
 * that is NULL prints as null. Never fails: when the descriptor refuses, the line is lost.
 */
void log_info(const struct log_scope *scope, const char *message, ...) __attribute__((sentinel));
void log_debug(const struct log_scope *scope, const char *message, ...) __attribute__((sentinel));
void log_trace(const struct log_scope *scope, const char *message, ...) __attribute__((sentinel));

/* As log_info at level error, with the key "error" behind the pairs when `error` is not NULL. */
void log_error(const struct log_scope *scope, const char *error, const char *message, ...)
    __attribute__((sentinel));

/* As the functions above for a field array: the only way to print raw values in one call. `error` may be NULL. */
void log_fields(enum log_level level, const struct log_scope *scope, const char *error, const char *message,
                const struct log_field *fields, size_t count);

#endif
