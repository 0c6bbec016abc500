/*
 * gotime.c: points in time as text and back, the wall clock, jitter; the contract is in gotime.h.
 *
 * The proleptic Gregorian calendar by counting days in 400-year eras that start on 1 March, so that leap days come last
 * and no table is needed. Any thread, no state.
 */
#include "libgotk/base/gotime.h"

#include "libgotk/base/str.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#define DAY           ((int64_t)86400)
#define DAYS_PER_ERA  146097
#define DAYS_TO_EPOCH 719468 /* from 0000-03-01 to 1970-01-01 */

struct civil {
    int year;
    int month; /* 1-12 */
    int day;   /* 1-31 */
    int hour;
    int minute;
    int second;
    int weekday; /* 0: Sunday */
};

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400), year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH;
}

static void civil_date(int64_t days, struct civil *ret)
{
    int64_t z = days + DAYS_TO_EPOCH;
    int64_t era = floor_div(z, DAYS_PER_ERA), doe = z - era * DAYS_PER_ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    ret->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    ret->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    ret->year = (int)(yoe + era * 400 + (ret->month <= 2));
    ret->weekday = (int)(((days + 4) % 7 + 7) % 7);
}

static struct civil civil_of(int64_t unix_seconds)
{
    struct civil c = { 0 };
    int64_t days = floor_div(unix_seconds, DAY), rest = unix_seconds - days * DAY;
    civil_date(days, &c);
    c.hour = (int)(rest / 3600);
    c.minute = (int)(rest / 60 % 60);
    c.second = (int)(rest % 60);
    return c;
}

/* "2006-01-02T15:04:05" without fraction and zone. */
static char *date_time(struct arena *a, int64_t unix_seconds)
{
    struct civil c = civil_of(unix_seconds);
    return str_fmt(a, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

char *gotime_rfc3339(struct arena *a, int64_t unix_seconds)
{
    return str_fmt(a, "%sZ", date_time(a, unix_seconds));
}

char *gotime_rfc3339_milli(struct arena *a, int64_t unix_ns)
{
    char *out = arena_alloc_raw(a, GOTIME_MILLI_SIZE);
    gotime_format_milli(out, unix_ns);
    return out;
}

char *gotime_rfc3339_micro(struct arena *a, int64_t unix_ns)
{
    int64_t seconds = floor_div(unix_ns, GOTIME_SECOND), rest = unix_ns - seconds * GOTIME_SECOND;
    return str_fmt(a, "%s.%06dZ", date_time(a, seconds), (int)(rest / 1000));
}

char *gotime_rfc3339_nano(struct arena *a, int64_t unix_ns)
{
    int64_t seconds = floor_div(unix_ns, GOTIME_SECOND), rest = unix_ns - seconds * GOTIME_SECOND;
    if (!rest)
        return gotime_rfc3339(a, seconds);
    int digits = 9;
    for (; rest % 10 == 0; rest /= 10)
        digits--;
    return str_fmt(a, "%s.%0*dZ", date_time(a, seconds), digits, (int)rest);
}

char *gotime_http_date(struct arena *a, int64_t unix_seconds)
{
    struct civil c = civil_of(unix_seconds);
    return str_fmt(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[c.weekday], c.day,
                   month_names[c.month - 1], c.year, c.hour, c.minute, c.second);
}

static void put_digits(char *at, int width, int value)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
}

void gotime_format_milli(char out[GOTIME_MILLI_SIZE], int64_t unix_ns)
{
    int64_t seconds = floor_div(unix_ns, GOTIME_SECOND), rest = unix_ns - seconds * GOTIME_SECOND;
    struct civil c = civil_of(seconds);
    memcpy(out, "0000-00-00T00:00:00.000Z", GOTIME_MILLI_SIZE);
    put_digits(out, 4, c.year);
    put_digits(out + 5, 2, c.month);
    put_digits(out + 8, 2, c.day);
    put_digits(out + 11, 2, c.hour);
    put_digits(out + 14, 2, c.minute);
    put_digits(out + 17, 2, c.second);
    put_digits(out + 20, 3, (int)(rest / GOTIME_MS));
}

/* Reads exactly `width` digits at *p and the character `then` behind them (0: none), and moves *p past both. */
static bool take_number(const char **p, int width, char then, int max, int *ret)
{
    int value = 0;
    for (int i = 0; i < width; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        value = value * 10 + (**p - '0');
    }
    if (then && *(*p)++ != then)
        return false;
    *ret = value;
    return value <= max;
}

static bool is_real_day(const struct civil *c)
{
    struct civil back;
    if (c->month < 1 || c->day < 1)
        return false;
    civil_date(days_of(c->year, c->month, c->day), &back);
    return back.month == c->month && back.day == c->day;
}

static int64_t seconds_of(const struct civil *c)
{
    return days_of(c->year, c->month, c->day) * DAY + c->hour * 3600 + c->minute * 60 + c->second;
}

/* An optional fraction of any length into nanoseconds; digits behind the ninth are cut. */
static bool take_fraction(const char **p, int64_t *ret_ns)
{
    *ret_ns = 0;
    if (**p != '.')
        return true;
    int64_t unit = GOTIME_SECOND / 10;
    const char *start = ++*p;
    for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
        *ret_ns += (**p - '0') * unit;
    return *p > start;
}

/* "Z" or "+hh:mm" into seconds east of UTC. */
static bool take_zone(const char **p, int64_t *ret_seconds)
{
    int hours, minutes;
    char sign = *(*p)++;
    *ret_seconds = 0;
    if (sign == 'Z')
        return true;
    if ((sign != '+' && sign != '-') || !take_number(p, 2, ':', 23, &hours) ||
        !take_number(p, 2, 0, 59, &minutes))
        return false;
    *ret_seconds = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
    return true;
}

bool gotime_parse_rfc3339(const char *s, int64_t *ret_unix_ns)
{
    struct civil c = { 0 };
    int64_t fraction, zone, ns;
    if (!s || !take_number(&s, 4, '-', 9999, &c.year) || !take_number(&s, 2, '-', 12, &c.month) ||
        !take_number(&s, 2, 'T', 31, &c.day) || !take_number(&s, 2, ':', 23, &c.hour) ||
        !take_number(&s, 2, ':', 59, &c.minute) || !take_number(&s, 2, 0, 59, &c.second) ||
        !take_fraction(&s, &fraction) || !take_zone(&s, &zone) || *s || !is_real_day(&c))
        return false;
    if (__builtin_mul_overflow(seconds_of(&c) - zone, GOTIME_SECOND, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns))
        return false;
    *ret_unix_ns = ns;
    return true;
}

static bool take_month_name(const char **p, int *ret_month)
{
    for (int i = 0; i < 12; i++) {
        if (strncmp(*p, month_names[i], 3) != 0)
            continue;
        *ret_month = i + 1;
        *p += 3;
        return *(*p)++ == ' ';
    }
    return false;
}

bool gotime_parse_http_date(const char *s, int64_t *ret_unix_seconds)
{
    struct civil c = { 0 };
    if (!s || strlen(s) != strlen("Mon, 02 Jan 2006 15:04:05 GMT") || s[3] != ',' || s[4] != ' ')
        return false;
    s += 5;
    if (!take_number(&s, 2, ' ', 31, &c.day) || !take_month_name(&s, &c.month) ||
        !take_number(&s, 4, ' ', 9999, &c.year) || !take_number(&s, 2, ':', 23, &c.hour) ||
        !take_number(&s, 2, ':', 59, &c.minute) || !take_number(&s, 2, ' ', 59, &c.second) ||
        !str_eq(s, "GMT") || !is_real_day(&c))
        return false;
    *ret_unix_seconds = seconds_of(&c);
    return true;
}

int64_t gotime_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * GOTIME_SECOND + now.tv_nsec;
}

int64_t gotime_now(void)
{
    return gotime_now_ns() / GOTIME_SECOND;
}

int64_t gotime_jitter(int64_t ns, int percent)
{
    uint32_t random = 0;
    if (ns <= 0 || percent <= 0 || percent >= 100)
        return ns;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        return ns;
    double share = 2.0 * ((double)random / (double)UINT32_MAX) - 1.0;
    double jittered = (double)ns * (1.0 + share * percent / 100.0);
    return jittered < (double)INT64_MAX ? (int64_t)jittered : INT64_MAX;
}
