/*
 * gotime.h: Go's durations, RFC 3339 and jitter.
 *
 * Durations are int64_t nanoseconds, as time.Duration, and are read and printed as Go does: "1h30m", "1.5s", "750ms".
 * Points in time are seconds or nanoseconds since 1970 in UTC. Pure functions but for the two clocks; any thread.
 * Rejected: struct tm and the C library's calendar (time zones, locale, shared state): the civil calendar is ten lines.
 */
#ifndef GOTK_BASE_GOTIME_H
#define GOTK_BASE_GOTIME_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOTIME_MS     ((int64_t)1000000)
#define GOTIME_SECOND ((int64_t)1000000000)
#define GOTIME_MINUTE (60 * GOTIME_SECOND)
#define GOTIME_HOUR   (60 * GOTIME_MINUTE)

/*
 * Reads a duration as time.ParseDuration: [-+]?(number unit)+ with the units ns, us (also with a micro sign), ms, s,
 * m, h, or "0". ERR_INVALID with Go's words: `time: invalid duration "x"`, `time: missing unit in duration "5"`,
 * `time: unknown unit "d" in duration "5d"`.
 */
int gotime_parse_duration(struct ctx *cx, const char *s, int64_t *ret_ns) MUST_CHECK;

/* `n` bytes in quotes as the time package writes them: control characters and bytes beyond ASCII become \xHH. */
char *gotime_quote(struct arena *a, const char *s, size_t n);

/* The duration as Duration.String() prints it: "1m30s", "1.5s", "100ms", "0s". */
char *gotime_print_duration(struct arena *a, int64_t ns);

/* "2006-01-02T15:04:05Z": metav1.Time, in which Kubernetes prints creation and transition times. */
char *gotime_rfc3339(struct arena *a, int64_t unix_seconds);

/* "2006-01-02T15:04:05.000Z", always three digits: the time of a log line. */
char *gotime_rfc3339_milli(struct arena *a, int64_t unix_ns);

/* "2006-01-02T15:04:05.000000Z", always six digits: metav1.MicroTime, in which leases are written. */
char *gotime_rfc3339_micro(struct arena *a, int64_t unix_ns);

/* "2006-01-02T15:04:05.999999999Z" without trailing zeros: time.RFC3339Nano, as requestedAt annotations have it. */
char *gotime_rfc3339_nano(struct arena *a, int64_t unix_ns);

/*
 * "Mon, 02 Jan 2006 15:04:05 GMT", the date of HTTP headers.
 */
char *gotime_http_date(struct arena *a, int64_t unix_seconds);

/* Reads RFC 3339 with any fraction and offset into nanoseconds; false (and *ret untouched) for other text. */
bool gotime_parse_rfc3339(const char *s, int64_t *ret_unix_ns);

/* Reads the date of an HTTP header (the IMF form only) into seconds; false (and *ret untouched) for other text. */
bool gotime_parse_http_date(const char *s, int64_t *ret_unix_seconds);

/* Writes "2006-01-02T15:04:05.000Z" and a NUL into `out`, for callers without an arena. */
#define GOTIME_MILLI_SIZE 25
void gotime_format_milli(char out[GOTIME_MILLI_SIZE], int64_t unix_ns);

/* Wall-clock nanoseconds since 1970. For waiting use ctx_now_ms, which never jumps. */
int64_t gotime_now_ns(void);

/* Wall-clock seconds since 1970. */
int64_t gotime_now(void);

/*
 * `ns` moved at random by up to `percent` either way, as Flux's interval jitter does; 0 percent or less, or ns <= 0,
 * changes nothing. Needs no good randomness: it only spreads work.
 */
int64_t gotime_jitter(int64_t ns, int percent);

#endif
