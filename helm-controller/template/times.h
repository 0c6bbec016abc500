/*
 * times.h: Go's time.Time, Duration, Month, Weekday and Location as values, with the arithmetic that dates need.
 *
 * Seconds count from the year 1 in Go and wrap or stop where int64_t ends: so do these. One thread; values live in arenas.
 */
#ifndef GOTK_HELM_TEMPLATE_TIMES_H
#define GOTK_HELM_TEMPLATE_TIMES_H

#include "helm-controller/template/fn.h"

/* Whether a value is a time.Time, and the moment it holds. */
bool times_is(struct value v);
const struct moment *times_moment(struct value v);
/* The wall clock, and Go's zero: the first of January of the year 1. */
struct moment times_now(void);
struct moment times_zero(void);
/* time.Time's Add, and its Sub: the nanoseconds from `from` to `to`, as far as a duration reaches. */
struct moment times_add(struct moment m, int64_t ns);
int64_t times_between(const struct moment *from, const struct moment *to);
/* time.Duration's Round: to a multiple of `unit`, half away from zero; as it is when `unit` is no length. */
int64_t times_round(int64_t ns, int64_t unit);
/* Appends a month's or weekday's name; "%!Month(13)" for what is none. */
void times_name(struct buf *out, struct value v);

/* The methods of time.Duration, and of time.Month and time.Weekday. */
extern const struct function_table times_duration_methods, times_name_methods;

#endif
