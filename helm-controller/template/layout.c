/*
 * layout.c: printing under Go's layouts; the contract is in layout.h. Parsing is in layout_parse.c, zones in zone.c.
 */
#include "helm-controller/template/layout.h"

#include "helm-controller/template/layout_parts.h"

#include <string.h>

#define ABSOLUTE_YEARS                                                                                       \
    292277022400u /* where Go's absolute seconds start: in March, so many years before the year 0 */
#define ABSOLUTE_DAYS 106751991073400u /* from there to 1970 */

const struct location layout_local = { "UTC", 0 };

const char *const layout_months[12] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"
};
const char *const layout_weekdays[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday" };

/* Fixed texts, longer ones before those they start with. `lower_ends`: only where no lower-case letter follows. */
static const struct {
    const char *text;
    enum element kind;
    bool lower_ends;
} fixed[] = {
    { "January", EL_LONG_MONTH, false },
    { "Jan", EL_MONTH, true },
    { "Monday", EL_LONG_WEEKDAY, false },
    { "Mon", EL_WEEKDAY, true },
    { "MST", EL_ZONE_NAME, false },
    { "002", EL_ZERO_YEAR_DAY, false },
    { "01", EL_ZERO_MONTH, false },
    { "02", EL_ZERO_DAY, false },
    { "03", EL_ZERO_HOUR12, false },
    { "04", EL_ZERO_MINUTE, false },
    { "05", EL_ZERO_SECOND, false },
    { "06", EL_YEAR, false },
    { "15", EL_HOUR, false },
    { "1", EL_NUM_MONTH, false },
    { "2006", EL_LONG_YEAR, false },
    { "2", EL_DAY, false },
    { "__2", EL_UNDER_YEAR_DAY, false },
    { "_2", EL_UNDER_DAY, false },
    { "3", EL_HOUR12, false },
    { "4", EL_MINUTE, false },
    { "5", EL_SECOND, false },
    { "PM", EL_PM, false },
    { "pm", EL_PM_LOWER, false },
    { "-070000", EL_NUM_ZONE_SECONDS, false },
    { "-07:00:00", EL_NUM_ZONE_COLON_SECONDS, false },
    { "-0700", EL_NUM_ZONE, false },
    { "-07:00", EL_NUM_ZONE_COLON, false },
    { "-07", EL_NUM_ZONE_SHORT, false },
    { "Z070000", EL_ISO_ZONE_SECONDS, false },
    { "Z07:00:00", EL_ISO_ZONE_COLON_SECONDS, false },
    { "Z0700", EL_ISO_ZONE, false },
    { "Z07:00", EL_ISO_ZONE_COLON, false },
    { "Z07", EL_ISO_ZONE_SHORT, false },
};

static bool is_digit_at(struct strv s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* A run of 0s or 9s behind a point or comma, which no other digit may follow. */
static bool fraction_at(struct strv s, size_t i, struct layout_element *ret)
{
    if ((s.p[i] != '.' && s.p[i] != ',') || i + 1 >= s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '9'))
        return false;
    size_t end = i + 1;
    while (end < s.n && s.p[end] == s.p[i + 1])
        end++;
    if (is_digit_at(s, end))
        return false;
    *ret = (struct layout_element){ s.p[i + 1] == '0' ? EL_FRACTION0 : EL_FRACTION9, i, end - i };
    return true;
}

static bool fixed_at(struct strv s, size_t i, struct layout_element *ret)
{
    for (size_t f = 0; f < ARRAY_LEN(fixed); f++) {
        size_t n = strlen(fixed[f].text);
        if (s.n - i < n || memcmp(s.p + i, fixed[f].text, n) != 0)
            continue;
        if (fixed[f].lower_ends && i + n < s.n && s.p[i + n] >= 'a' && s.p[i + n] <= 'z')
            continue;
        /* "_2006" is an underscore and a year. */
        bool year = fixed[f].kind == EL_UNDER_DAY && s.n - i >= 5 && memcmp(s.p + i + 1, "2006", 4) == 0;
        *ret = year ? (struct layout_element){ EL_LONG_YEAR, i + 1, 4 }
                    : (struct layout_element){ fixed[f].kind, i, n };
        return true;
    }
    return false;
}

struct layout_element layout_next(struct strv layout)
{
    struct layout_element e;
    for (size_t i = 0; i < layout.n; i++)
        if (fixed_at(layout, i, &e) || fraction_at(layout, i, &e))
            return e;
    return (struct layout_element){ EL_NONE, layout.n, 0 };
}

bool layout_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int layout_days_in(int month, int64_t year)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && layout_is_leap(year) ? 29 : days[month - 1];
}

/* Years start in March here, so that leap days come last. */
int64_t layout_days(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static void set_date(struct civil *c, int64_t days)
{
    int64_t shifted = days + 719468, era = floor_div(shifted, 146097), of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    c->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    c->month = (int)(month < 10 ? month + 3 : month - 9);
    c->year = year + era * 400 + (c->month <= 2);
    c->weekday = (int)(((days + 4) % 7 + 7) % 7);
    c->year_day = (int)(days - layout_days(c->year, 1, 1)) + 1;
}

struct civil layout_civil(const struct moment *m)
{
    struct civil c;
    uint64_t local = (uint64_t)m->sec + (uint64_t)(int64_t)m->offset + ABSOLUTE_DAYS * 86400u;
    int64_t days = (int64_t)(local / 86400) - (int64_t)ABSOLUTE_DAYS, second = (int64_t)(local % 86400);
    c.hour = (int)(second / 3600);
    c.minute = (int)(second / 60 % 60);
    c.second = (int)(second % 60);
    set_date(&c, days);
    return c;
}

/* What of *lo is beyond 0 to base - 1 moves to *hi. */
static void carry(int64_t *hi, int64_t *lo, int64_t base)
{
    int64_t n = floor_div(*lo, base);
    *hi = (int64_t)((uint64_t)*hi + (uint64_t)n);
    *lo = (int64_t)((uint64_t)*lo - (uint64_t)n * (uint64_t)base);
}

int64_t layout_seconds(int64_t year, int64_t month, int64_t day, int64_t second)
{
    month = (int64_t)((uint64_t)month - 1);
    carry(&year, &month, 12);
    bool next = month < 2; /* years start in March */
    uint64_t y = (uint64_t)year - next + ABSOLUTE_YEARS, m = (uint64_t)month + 1 + 12 * next;
    uint64_t days = 146097 * (y / 100) / 4 + 1461 * (y % 100) / 4 + (979 * m - 2919) / 32 + (uint64_t)day - 1;
    return (int64_t)((days - ABSOLUTE_DAYS) * 86400 + (uint64_t)second);
}

const char *layout_strict_error(const struct moment *m)
{
    int64_t year = layout_civil(m).year;
    if (year < 0 || year > 9999)
        return "year outside of range [0,9999]";
    return m->offset / 3600 > 23 || m->offset / 3600 < -23 ? "timezone hour outside of range [0,23]" : NULL;
}

/* +hh:mm in one of five forms. */
static void add_zone(struct buf *out, enum element kind, int32_t offset)
{
    bool iso = kind < EL_NUM_ZONE;
    if (iso && offset == 0) {
        buf_char(out, 'Z');
        return;
    }
    kind = iso ? kind + (EL_NUM_ZONE - EL_ISO_ZONE) : kind;
    const char *colon = kind == EL_NUM_ZONE_COLON || kind == EL_NUM_ZONE_COLON_SECONDS ? ":" : "";
    int32_t size = offset < 0 ? -offset : offset;
    /* The sign is that of whole minutes, as in Go. */
    buf_fmt(out, "%c%02d", offset / 60 < 0 ? '-' : '+', size / 3600);
    if (kind == EL_NUM_ZONE_SHORT)
        return;
    buf_fmt(out, "%s%02d", colon, size / 60 % 60);
    if (kind == EL_NUM_ZONE_SECONDS || kind == EL_NUM_ZONE_COLON_SECONDS)
        buf_fmt(out, "%s%02d", colon, size % 60);
}

static void add_zone_name(struct buf *out, const struct moment *m)
{
    int32_t minutes = (m->offset < 0 ? -m->offset : m->offset) / 60;
    if (*m->zone) {
        buf_str(out, m->zone);
        return;
    }
    buf_fmt(out, "%c%02d", m->offset / 60 < 0 ? '-' : '+', minutes / 60);
    buf_fmt(out, "%02d", minutes % 60);
}

static void add_fraction(struct buf *out, const struct moment *m, enum element kind, char point,
                         size_t digits)
{
    char text[16];
    struct buf number = buf_new(out->arena, sizeof(text));
    if (kind == EL_FRACTION9 && m->nsec == 0)
        return;
    buf_fmt(&number, "%09d", m->nsec);
    size_t n = digits < 9 ? digits : 9;
    while (kind == EL_FRACTION9 && n > 0 && number.data[n - 1] == '0')
        n--;
    if (kind == EL_FRACTION9 && n == 0)
        return;
    buf_char(out, point);
    buf_add(out, number.data, n);
}

static int hour12(const struct civil *c)
{
    return c->hour % 12 ? c->hour % 12 : 12;
}

/* The calendar's elements. */
static void add_date(struct buf *out, const struct civil *c, enum element kind)
{
    switch (kind) {
    case EL_LONG_MONTH:
        buf_str(out, layout_months[c->month - 1]);
        return;
    case EL_MONTH:
        buf_add(out, layout_months[c->month - 1], 3);
        return;
    case EL_LONG_WEEKDAY:
        buf_str(out, layout_weekdays[c->weekday]);
        return;
    case EL_WEEKDAY:
        buf_add(out, layout_weekdays[c->weekday], 3);
        return;
    case EL_NUM_MONTH:
    case EL_ZERO_MONTH:
        buf_fmt(out, kind == EL_NUM_MONTH ? "%d" : "%02d", c->month);
        return;
    case EL_DAY:
        buf_fmt(out, "%d", c->day);
        return;
    case EL_UNDER_DAY:
        buf_fmt(out, "%2d", c->day);
        return;
    case EL_ZERO_DAY:
        buf_fmt(out, "%02d", c->day);
        return;
    case EL_UNDER_YEAR_DAY:
    case EL_ZERO_YEAR_DAY:
        buf_fmt(out, kind == EL_UNDER_YEAR_DAY ? "%3d" : "%03d", c->year_day);
        return;
    case EL_LONG_YEAR:
        buf_fmt(out, c->year < 0 ? "-%04ld" : "%04ld", c->year < 0 ? -c->year : c->year);
        return;
    default:
        buf_fmt(out, "%02ld", (c->year < 0 ? -c->year : c->year) % 100);
    }
}

static void add_clock(struct buf *out, const struct civil *c, enum element kind)
{
    switch (kind) {
    case EL_HOUR:
        buf_fmt(out, "%02d", c->hour);
        return;
    case EL_HOUR12:
    case EL_ZERO_HOUR12:
        buf_fmt(out, kind == EL_HOUR12 ? "%d" : "%02d", hour12(c));
        return;
    case EL_MINUTE:
    case EL_ZERO_MINUTE:
        buf_fmt(out, kind == EL_MINUTE ? "%d" : "%02d", c->minute);
        return;
    case EL_SECOND:
    case EL_ZERO_SECOND:
        buf_fmt(out, kind == EL_SECOND ? "%d" : "%02d", c->second);
        return;
    case EL_PM:
        buf_str(out, c->hour >= 12 ? "PM" : "AM");
        return;
    default:
        buf_str(out, c->hour >= 12 ? "pm" : "am");
    }
}

void layout_format(struct buf *out, const struct moment *m, struct strv layout)
{
    struct civil c = layout_civil(m);
    while (layout.n > 0) {
        struct layout_element e = layout_next(layout);
        buf_add(out, layout.p, e.at);
        if (e.kind == EL_NONE)
            return;
        if (e.kind == EL_ZONE_NAME)
            add_zone_name(out, m);
        else if (e.kind >= EL_ISO_ZONE && e.kind <= EL_NUM_ZONE_COLON_SECONDS)
            add_zone(out, e.kind, m->offset);
        else if (e.kind == EL_FRACTION0 || e.kind == EL_FRACTION9)
            add_fraction(out, m, e.kind, layout.p[e.at], e.len - 1);
        else if (e.kind >= EL_HOUR && e.kind != EL_YEAR && e.kind != EL_LONG_YEAR)
            add_clock(out, &c, e.kind);
        else
            add_date(out, &c, e.kind);
        layout = (struct strv){ layout.p + e.at + e.len, layout.n - e.at - e.len };
    }
}
