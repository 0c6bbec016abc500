/*
 * yml_time.c: timestamps as go-yaml finds them in plain scalars; the contract is in yml_scalar.h.
 *
 * Four shapes, with Go's leniency: one or two digits for everything but the year, a comma for the point. Kept apart from
 * base/gotime.h because nothing else may be this lenient. Any thread, no state.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/yml_scalar.h"

#include <stdio.h>
#include <string.h>

#define NANO_DIGITS 9

struct stamp {
    int year, month, day, hour, minute, second;
    char nanos[NANO_DIGITS + 1]; /* without trailing zeros */
    int zone;                    /* minutes east */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One or two digits, or exactly two. */
static bool read_two(const char **s, bool exactly, int *ret)
{
    if (!is_digit((*s)[0]) || (exactly && !is_digit((*s)[1])))
        return false;
    *ret = *(*s)++ - '0';
    if (is_digit(**s))
        *ret = *ret * 10 + *(*s)++ - '0';
    return true;
}

static bool read_char(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool read_date(const char **s, struct stamp *t)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    t->year = 0;
    for (int i = 0; i < 4; i++, (*s)++) {
        if (!is_digit(**s))
            return false;
        t->year = t->year * 10 + **s - '0';
    }
    if (!read_char(s, '-') || !read_two(s, false, &t->month) || !read_char(s, '-') ||
        !read_two(s, false, &t->day))
        return false;
    if (t->month < 1 || t->month > 12)
        return false;
    return t->day >= 1 && t->day <= days[t->month - 1] + (t->month == 2 && is_leap(t->year));
}

static void read_fraction(const char **s, struct stamp *t)
{
    if ((**s != '.' && **s != ',') || !is_digit((*s)[1]))
        return;
    size_t n = 0;
    for ((*s)++; is_digit(**s); (*s)++)
        if (n < NANO_DIGITS)
            t->nanos[n++] = **s;
    while (n && t->nanos[n - 1] == '0')
        n--;
    t->nanos[n] = '\0';
}

static bool read_clock(const char **s, struct stamp *t)
{
    if (!read_two(s, false, &t->hour) || !read_char(s, ':') || !read_two(s, false, &t->minute) ||
        !read_char(s, ':') || !read_two(s, false, &t->second))
        return false;
    read_fraction(s, t);
    return t->hour < 24 && t->minute < 60 && t->second < 60;
}

static bool read_zone(const char **s, struct stamp *t)
{
    int hours, minutes;
    if (read_char(s, 'Z'))
        return true;
    int sign = **s == '-' ? -1 : 1;
    if (**s != '-' && **s != '+')
        return false;
    (*s)++;
    if (!read_two(s, true, &hours) || !read_char(s, ':') || !read_two(s, true, &minutes))
        return false;
    t->zone = sign * (hours * 60 + minutes);
    return hours <= 24 && minutes <= 60;
}

static void print_zone(const struct stamp *t, char *out, size_t size)
{
    int minutes = t->zone < 0 ? -t->zone : t->zone;
    if (t->zone == 0)
        snprintf(out, size, "Z");
    else
        snprintf(out, size, "%c%02d:%02d", t->zone < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

bool yml_timestamp(const char *text, char ret_time[YML_TIME_MAX])
{
    struct stamp t = { .year = 0 };
    const char *s = text;
    if (!read_date(&s, &t))
        return false;
    if (*s) {
        bool zoned = *s == 'T' || *s == 't';
        if (!zoned && *s != ' ')
            return false;
        s += zoned ? 1 : strspn(s, " ");
        if (!read_clock(&s, &t) || (zoned && !read_zone(&s, &t)) || *s)
            return false;
    }
    char zone[16];
    print_zone(&t, zone, sizeof(zone));
    snprintf(ret_time, YML_TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%s%s%s", t.year, t.month, t.day, t.hour,
             t.minute, t.second, *t.nanos ? "." : "", t.nanos, zone);
    return true;
}
