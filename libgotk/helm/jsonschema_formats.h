/*
 * jsonschema_formats.h: what the files of formats share; nobody else includes it.
 *
 * A check returns NULL when the text is fine, else what is wrong with it.
 */
#ifndef GOTK_HELM_JSONSCHEMA_FORMATS_H
#define GOTK_HELM_JSONSCHEMA_FORMATS_H

#include "libgotk/helm/jsonschema_parts.h"

/* Bytes `from` to `to` of a text, borrowed. */
struct strv format_slice(struct strv s, size_t from, size_t to);
/* Whether it starts with these bytes. */
bool format_starts(struct strv s, const char *with);
/* Where a character is first; s.n when it is nowhere. */
size_t format_find(struct strv s, char c);
/* How many digits s starts with. */
size_t format_digits(struct strv s);
/* The next part up to a separator, as strings.Split cuts; false when there is no more. Start with the whole text. */
bool format_next_part(struct strv *rest, char separator, struct strv *ret_part);
/* "what 'c' more", with the character at the start of `at`. */
const char *format_bad_rune(struct ctx *cx, const char *what, struct strv at, const char *more);
/* strconv.Atoi: NULL and *ret, else "invalid syntax" or "value out of range". */
const char *format_atoi(struct strv s, int64_t *ret);

/* The formats of jsonschema_address.c. */
const char *format_check_ipv4(struct ctx *cx, struct strv s);
/* Go's netip.ParseAddr without a zone. */
const char *format_check_ipv6(struct ctx *cx, struct strv s);
/* The formats of jsonschema_time.c: a day. */
const char *format_check_date(struct ctx *cx, struct strv s);
/* A time of day with its zone. */
const char *format_check_time(struct ctx *cx, struct strv s);
/* Both, joined by a T. */
const char *format_check_date_time(struct ctx *cx, struct strv s);
/* P1Y2M3DT4H5M6S, P1W. */
const char *format_check_duration(struct ctx *cx, struct strv s);
/* Two dates with times, or one and a duration, with a slash between. */
const char *format_check_period(struct ctx *cx, struct strv s);

#endif
