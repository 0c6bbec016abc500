/*
 * jsonschema_time.c: the formats of dates, times and durations.
 *
 * Dates are read as Go's time.Parse("2006-01-02") reads them and complain as it does; times by the library's own rules,
 * which know leap seconds. Pure functions.
 */
#include "libgotk/base/quote.h"
#include "libgotk/helm/jsonschema_formats.h"

#include <string.h>

/* --- dates --- */

/* Quotes as Go's time package has them: bytes that are no plain ASCII as \xHH. */
static const char *quoted(struct ctx *cx, struct strv s)
{
    struct buf out = buf_new(cx->arena, 4 * s.n + 3);
    buf_char(&out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x80 || c < ' ')
            buf_fmt(&out, "\\x%02x", c);
        else
            buf_fmt(&out, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
    }
    buf_char(&out, '"');
    return buf_text(&out);
}

static const char *bad_date(struct ctx *cx, struct strv whole, struct strv at, const char *element)
{
    return str_fmt(cx->arena, "parsing time %s as \"2006-01-02\": cannot parse %s as \"%s\"",
                   quoted(cx, whole), quoted(cx, at), element);
}

static const char *bad_date_range(struct ctx *cx, struct strv whole, const char *what)
{
    return str_fmt(cx->arena, "parsing time %s: %s", quoted(cx, whole), what);
}

static int number_of(struct strv digits)
{
    int n = 0;
    for (size_t i = 0; i < digits.n; i++)
        n = n * 10 + (digits.p[i] - '0');
    return n;
}

static int days_in(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (leap && month == 2);
}

/* Exactly `count` digits at the start of *s, which moves on. */
static bool take_number(struct strv *s, size_t count, int *ret)
{
    if (s->n < count || format_digits(format_slice(*s, 0, count)) != count)
        return false;
    *ret = number_of(format_slice(*s, 0, count));
    *s = format_slice(*s, count, s->n);
    return true;
}

static bool take_hyphen(struct strv *s)
{
    if (!format_starts(*s, "-"))
        return false;
    *s = format_slice(*s, 1, s->n);
    return true;
}

const char *format_check_date(struct ctx *cx, struct strv s)
{
    struct strv rest = s;
    int year, month, day;
    if (!take_number(&rest, 4, &year))
        return bad_date(cx, s, rest, "2006");
    if (!take_hyphen(&rest))
        return bad_date(cx, s, rest, "-");
    if (!take_number(&rest, 2, &month))
        return bad_date(cx, s, rest, "01");
    if (month < 1 || month > 12)
        return bad_date_range(cx, s, "month out of range");
    if (!take_hyphen(&rest))
        return bad_date(cx, s, rest, "-");
    if (!take_number(&rest, 2, &day))
        return bad_date(cx, s, rest, "02");
    if (rest.n)
        return bad_date_range(cx, s, str_fmt(cx->arena, "extra text: %s", quoted(cx, rest)));
    return day < 1 || day > days_in(year, month) ? bad_date_range(cx, s, "day out of range") : NULL;
}

/* --- times --- */

/* Two numbers of two characters, or three, with colons between; Go's Atoi reads signs, too. */
static const char *read_clock(struct strv s, size_t count, int64_t *ret, const char *invalid,
                              const char *negative)
{
    for (size_t i = 0; i < count; i++) {
        if (format_atoi(format_slice(s, i * 3, i * 3 + 2), &ret[i]))
            return invalid;
        if (ret[i] < 0)
            return negative;
    }
    return NULL;
}

/* The offset, which moves hour and minute to UTC. */
static const char *read_offset(struct strv s, int64_t *hour, int64_t *minute)
{
    int64_t zone[2];
    if (s.n != 6)
        return "offset must be 6 characters long";
    if (s.p[0] != '+' && s.p[0] != '-')
        return "offset must begin with plus/minus";
    if (s.p[3] != ':')
        return "missing colon in offset in correct place";
    const char *why = read_clock(format_slice(s, 1, 6), 2, zone, "invalid hour/min in offset",
                                 "non-positive hour/min in offset");
    if (why)
        return why;
    if (zone[0] > 23 || zone[1] > 59)
        return "hour/min in offset out of range";
    int64_t sign = s.p[0] == '+' ? -1 : 1, minutes = *hour * 60 + *minute + sign * (zone[0] * 60 + zone[1]);
    if (minutes < 0)
        minutes += 24 * 60;
    *hour = minutes / 60;
    *minute = minutes % 60;
    return NULL;
}

const char *format_check_time(struct ctx *cx, struct strv s)
{
    int64_t clock[3];
    (void)cx;
    if (s.n < 9)
        return "less than 9 characters long";
    if (s.p[2] != ':' || s.p[5] != ':')
        return "missing colon in correct place";
    const char *why = read_clock(s, 3, clock, "invalid hour/min/sec", "non-positive hour/min/sec");
    if (why)
        return why;
    if (clock[0] > 23 || clock[1] > 59 || clock[2] > 60)
        return "hour/min/sec out of range";
    s = format_slice(s, 8, s.n);
    if (s.p[0] == '.') {
        size_t digits = format_digits(format_slice(s, 1, s.n));
        if (digits == 0)
            return "no digits in second fraction";
        s = format_slice(s, 1 + digits, s.n);
    }
    if (s.n != 1 || (s.p[0] | 0x20) != 'z')
        why = read_offset(s, &clock[0], &clock[1]);
    if (!why && clock[2] >= 60 && (clock[0] != 23 || clock[1] != 59))
        why = "invalid leap second";
    return why;
}

const char *format_check_date_time(struct ctx *cx, struct strv s)
{
    if (s.n < 20)
        return "less than 20 characters long";
    if ((s.p[10] | 0x20) != 't')
        return "11th character must be t or T";
    const char *kind = "date", *why = format_check_date(cx, format_slice(s, 0, 10));
    if (!why) {
        kind = "time";
        why = format_check_time(cx, format_slice(s, 11, s.n));
    }
    return why ? str_fmt(cx->arena, "invalid %s element: %s", kind, why) : NULL;
}

/* --- durations --- */

/* Numbers with units, each unit once and in order. */
static const char *check_units(struct ctx *cx, struct strv s, const char *units)
{
    const char *left = units;
    while (s.n) {
        size_t digits = format_digits(s);
        if (digits == 0)
            return "missing number";
        s = format_slice(s, digits, s.n);
        if (s.n == 0)
            return "missing unit";
        const char *at = s.p[0] ? strchr(left, s.p[0]) : NULL;
        bool known = s.p[0] && strchr(units, s.p[0]);
        if (!at) {
            /* the unit is one byte, shown as the code point of that number */
            struct buf out = buf_new(cx->arena, 64);
            buf_str(&out, known ? "unit " : "invalid unit ");
            quote_rune_to(&out, (unsigned char)s.p[0], false);
            buf_str(&out, known ? " out of order" : "");
            return buf_text(&out);
        }
        left = at + 1;
        s = format_slice(s, 1, s.n);
    }
    return NULL;
}

static const char *check_week(struct strv s)
{
    if (s.n == 0)
        return "no number in week";
    return format_digits(s) == s.n ? NULL : "invalid week";
}

const char *format_check_duration(struct ctx *cx, struct strv s)
{
    static const char *const units[] = { "YMD", "HMS" };
    struct strv part;
    const char *why = NULL;
    if (!format_starts(s, "P"))
        return "must start with P";
    if (s.n == 1)
        return "nothing after P";
    s = format_slice(s, 1, s.n);
    if (s.p[s.n - 1] == 'W')
        return check_week(format_slice(s, 0, s.n - 1));
    for (size_t i = 0; !why && format_next_part(&s, 'T', &part); i++) {
        if (i > 0 && part.n == 0)
            return "no time elements";
        if (i > 1)
            return "more than one T";
        why = check_units(cx, part, units[i]);
    }
    return why;
}

/* One end of a period. */
static const char *check_end(struct ctx *cx, struct strv s, bool duration, const char *which)
{
    const char *why = duration ? format_check_duration(cx, s) : format_check_date_time(cx, s);
    return why ? str_fmt(cx->arena, "invalid %s %s: %s", which, duration ? "duration" : "date-time", why)
               : NULL;
}

const char *format_check_period(struct ctx *cx, struct strv s)
{
    size_t slash = format_find(s, '/');
    if (slash == s.n)
        return "missing slash";
    struct strv start = format_slice(s, 0, slash), end = format_slice(s, slash + 1, s.n);
    bool from_duration = format_starts(start, "P");
    const char *why = check_end(cx, start, from_duration, "start");
    return why ? why : check_end(cx, end, !from_duration && format_starts(end, "P"), "end");
}
