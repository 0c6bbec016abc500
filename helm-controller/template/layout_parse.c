/*
 * layout_parse.c: reading a time under a layout, with Go's leniency and Go's complaints; the contract is in layout.h.
 */
#include "helm-controller/template/layout.h"
#include "helm-controller/template/layout_parts.h"
#include "libgotk/base/gotime.h"

#include <string.h>

#define UNSET (-1)

/* What was read so far. A field's reader returns false when the text does not fit. */
struct parsed {
    int64_t year;
    int month, day, year_day, hour, minute, second, nsec;
    bool pm, am;
    bool utc;
    bool has_offset;
    int offset;
    struct strv zone_name;
    const char *out_of_range; /* which field */
};

static void skip(struct strv *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static bool is_digit(struct strv s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* One or two digits; two when `fixed`. */
static bool take_two(struct strv *s, bool fixed, int *ret)
{
    if (!is_digit(*s, 0) || (fixed && !is_digit(*s, 1)))
        return false;
    *ret = s->p[0] - '0';
    if (!is_digit(*s, 1)) {
        skip(s, 1);
        return true;
    }
    *ret = *ret * 10 + (s->p[1] - '0');
    skip(s, 2);
    return true;
}

static bool take_three(struct strv *s, bool fixed, int *ret)
{
    size_t n = 0;
    *ret = 0;
    for (; n < 3 && is_digit(*s, n); n++)
        *ret = *ret * 10 + (s->p[n] - '0');
    if (n == 0 || (fixed && n != 3))
        return false;
    skip(s, n);
    return true;
}

/* A name of a table by its first `len` letters (0: all of them), in any case. */
static bool take_name(struct strv *s, const char *const *names, int count, size_t len, int *ret)
{
    for (int i = 0; i < count; i++) {
        size_t n = len ? len : strlen(names[i]);
        if (s->n < n || strncasecmp(s->p, names[i], n) != 0)
            continue;
        *ret = i;
        skip(s, n);
        return true;
    }
    return false;
}

/* The digits behind a point; more than nine are cut. */
static bool take_fraction(struct strv *s, size_t bytes, struct parsed *p)
{
    int nsec = 0;
    if (s->n < bytes || (s->p[0] != '.' && s->p[0] != ','))
        return false;
    size_t first = bytes > 2 && (s->p[1] == '-' || s->p[1] == '+') ? 2 : 1; /* a sign in a digit's place */
    for (size_t i = first; i < bytes; i++)
        if (!is_digit(*s, i))
            return false;
    for (size_t i = 1; i <= 9; i++)
        nsec = nsec * 10 + (i >= first && i < bytes ? s->p[i] - '0' : 0);
    if (nsec && s->p[1] == '-')
        p->out_of_range = "fractional second";
    p->nsec = nsec;
    skip(s, bytes);
    return true;
}

static size_t digits_from(struct strv s, size_t i)
{
    size_t n = 0;
    while (is_digit(s, i + n))
        n++;
    return n;
}

/* Behind the seconds a fraction may stand that the layout does not have. */
static bool take_second(struct strv *s, bool fixed, struct strv rest, struct parsed *p)
{
    if (!take_two(s, fixed, &p->second))
        return false;
    if (p->second >= 60) {
        p->out_of_range = "second";
        return true;
    }
    enum element next = layout_next(rest).kind;
    bool point = s->n >= 2 && (s->p[0] == '.' || s->p[0] == ',') && is_digit(*s, 1);
    if (point && next != EL_FRACTION0 && next != EL_FRACTION9)
        return take_fraction(s, 1 + digits_from(*s, 1), p);
    return true;
}

static bool take_half(struct strv *s, bool lower, struct parsed *p)
{
    if (s->n < 2)
        return false;
    p->pm = memcmp(s->p, lower ? "pm" : "PM", 2) == 0;
    p->am = memcmp(s->p, lower ? "am" : "AM", 2) == 0;
    skip(s, 2);
    return p->pm || p->am;
}

/* The two digits of a part of a zone, found by its letter in the shape; 0 when the shape has none. False on other characters. */
static bool take_part(struct strv s, const char *shape, char letter, int *ret)
{
    const char *at = strchr(shape, letter);
    size_t i = at ? (size_t)(at - shape) : 0;
    if (!at)
        return true;
    if (!is_digit(s, i) || !is_digit(s, i + 1))
        return false;
    *ret = (s.p[i] - '0') * 10 + (s.p[i + 1] - '0');
    return true;
}

/* The parts of a numeric zone, by where its digits stand. Of several faults Go tells the last one. */
static bool take_offset(struct strv *s, enum element kind, struct parsed *p)
{
    static const char *const shapes[] = { "+hhmm", "+hhmmss", "+hh", "+hh:mm", "+hh:mm:ss" };
    const char *shape = shapes[(kind - EL_ISO_ZONE) % 5];
    int hours = 0, minutes = 0, seconds = 0;
    size_t n = strlen(shape);
    if (s->n < n)
        return false;
    for (size_t i = 1; i < n; i++)
        if (shape[i] == ':' && s->p[i] != ':')
            return false;
    bool digits = take_part(*s, shape, 'h', &hours) && take_part(*s, shape, 'm', &minutes) &&
                  take_part(*s, shape, 's', &seconds);
    if (hours > 24)
        p->out_of_range = "time zone offset hour";
    if (minutes > 60)
        p->out_of_range = "time zone offset minute";
    if (seconds > 60)
        p->out_of_range = "time zone offset second";
    p->offset = (hours * 60 + minutes) * 60 + seconds;
    if (s->p[0] == '-')
        p->offset = -p->offset;
    else if (s->p[0] != '+')
        return false;
    p->has_offset = digits;
    skip(s, n);
    return digits;
}

/* GMT, and its offset of up to a day. */
static size_t gmt_len(struct strv s)
{
    size_t n = 3;
    int hours = 0;
    if (s.n <= 3 || (s.p[3] != '+' && s.p[3] != '-'))
        return 3;
    for (n = 4; is_digit(s, n) && n < 8; n++)
        hours = hours * 10 + (s.p[n] - '0');
    return n == 4 || hours > 23 ? 3 : n;
}

/* How many bytes of an abbreviation stand here; 0 when none does. */
static size_t zone_name_len(struct strv s)
{
    size_t upper = 0;
    if (s.n < 3)
        return 0;
    if (s.n >= 4 && (memcmp(s.p, "ChST", 4) == 0 || memcmp(s.p, "MeST", 4) == 0))
        return 4;
    if (memcmp(s.p, "GMT", 3) == 0)
        return gmt_len(s);
    if (s.p[0] == '+' || s.p[0] == '-') {
        int hours = 0;
        size_t n = 1;
        for (; is_digit(s, n) && n < 5; n++)
            hours = hours * 10 + (s.p[n] - '0');
        return n > 1 && hours <= 23 ? n : 0;
    }
    while (upper < 6 && upper < s.n && s.p[upper] >= 'A' && s.p[upper] <= 'Z')
        upper++;
    if (upper == 5)
        return s.p[4] == 'T' ? 5 : 0;
    if (upper == 4)
        return s.p[3] == 'T' || memcmp(s.p, "WITA", 4) == 0 ? 4 : 0;
    return upper == 3 ? 3 : 0;
}

static bool take_zone_name(struct strv *s, struct parsed *p)
{
    if (s->n >= 3 && memcmp(s->p, "UTC", 3) == 0) {
        p->utc = true;
        skip(s, 3);
        return true;
    }
    size_t n = zone_name_len(*s);
    p->zone_name = (struct strv){ s->p, n };
    skip(s, n);
    return n > 0;
}

/* The year of four digits, or of two, of which the first may be a sign. */
static bool take_year(struct strv *s, bool full, struct parsed *p)
{
    int year = 0;
    size_t digits = full ? 4 : 2;
    bool sign = !full && s->n && (s->p[0] == '-' || s->p[0] == '+');
    if (s->n < digits || (full && !is_digit(*s, 0)))
        return false;
    for (size_t i = sign; i < digits; i++) {
        if (!is_digit(*s, i))
            return false;
        year = year * 10 + (s->p[i] - '0');
    }
    if (sign && s->p[0] == '-')
        year = -year;
    p->year = full ? year : year + (year >= 69 ? 1900 : 2000);
    skip(s, digits);
    return true;
}

static bool check_range(struct parsed *p, int value, int low, int high, const char *what)
{
    if (value < low || value > high)
        p->out_of_range = what;
    return true;
}

static bool take_date(struct strv *s, enum element kind, struct parsed *p)
{
    bool fixed = kind == EL_ZERO_MONTH || kind == EL_ZERO_DAY || kind == EL_ZERO_YEAR_DAY;
    int ignored;
    switch (kind) {
    case EL_MONTH:
    case EL_LONG_MONTH:
        if (!take_name(s, layout_months, 12, kind == EL_MONTH ? 3 : 0, &p->month))
            return false;
        p->month++;
        return true;
    case EL_NUM_MONTH:
    case EL_ZERO_MONTH:
        return take_two(s, fixed, &p->month) && check_range(p, p->month, 1, 12, "month");
    case EL_WEEKDAY:
    case EL_LONG_WEEKDAY:
        return take_name(s, layout_weekdays, 7, kind == EL_WEEKDAY ? 3 : 0, &ignored);
    case EL_UNDER_YEAR_DAY:
    case EL_ZERO_YEAR_DAY:
        for (int i = 0; i < 2 && kind == EL_UNDER_YEAR_DAY && s->n && s->p[0] == ' '; i++)
            skip(s, 1);
        return take_three(s, fixed, &p->year_day);
    case EL_YEAR:
    case EL_LONG_YEAR:
        return take_year(s, kind == EL_LONG_YEAR, p);
    default:
        if (kind == EL_UNDER_DAY && s->n && s->p[0] == ' ')
            skip(s, 1);
        return take_two(s, fixed, &p->day);
    }
}

static bool take_clock(struct strv *s, enum element kind, struct strv rest, struct parsed *p)
{
    switch (kind) {
    case EL_HOUR:
        return take_two(s, false, &p->hour) && check_range(p, p->hour, 0, 23, "hour");
    case EL_HOUR12:
    case EL_ZERO_HOUR12:
        return take_two(s, kind == EL_ZERO_HOUR12, &p->hour) && check_range(p, p->hour, 0, 12, "hour");
    case EL_MINUTE:
    case EL_ZERO_MINUTE:
        return take_two(s, kind == EL_ZERO_MINUTE, &p->minute) && check_range(p, p->minute, 0, 59, "minute");
    case EL_SECOND:
    case EL_ZERO_SECOND:
        return take_second(s, kind == EL_ZERO_SECOND, rest, p);
    default:
        return take_half(s, kind == EL_PM_LOWER, p);
    }
}

/* One element at the start of *s; `rest` is the layout behind it. */
static bool take_element(struct strv *s, struct layout_element e, struct strv rest, struct parsed *p)
{
    if (e.kind == EL_ZONE_NAME)
        return take_zone_name(s, p);
    if (e.kind >= EL_ISO_ZONE && e.kind < EL_NUM_ZONE && s->n && s->p[0] == 'Z') {
        p->utc = true;
        skip(s, 1);
        return true;
    }
    if (e.kind >= EL_ISO_ZONE && e.kind <= EL_NUM_ZONE_COLON_SECONDS)
        return take_offset(s, e.kind, p);
    if (e.kind == EL_FRACTION0)
        return take_fraction(s, e.len, p);
    if (e.kind == EL_FRACTION9) {
        bool there = s->n >= 2 && (s->p[0] == '.' || s->p[0] == ',') && is_digit(*s, 1);
        return !there || take_fraction(s, 1 + digits_from(*s, 1), p);
    }
    if (e.kind >= EL_HOUR && e.kind != EL_YEAR && e.kind != EL_LONG_YEAR)
        return take_clock(s, e.kind, rest, p);
    return take_date(s, e.kind, p);
}

static const char *quoted(struct ctx *cx, struct strv s)
{
    return gotime_quote(cx->arena, s.p, s.n);
}

/* Layouts and texts of one error. */
struct attempt {
    struct ctx *cx;
    struct strv layout;
    struct strv text;
};

static int fail_plain(struct attempt *a, const char *message)
{
    return err_fail(a->cx, ERR_INVALID, "parsing time %s: %s", quoted(a->cx, a->text), message);
}

static int fail_element(struct attempt *a, struct strv rest, struct strv element)
{
    return err_fail(a->cx, ERR_INVALID, "parsing time %s as %s: cannot parse %s as %s",
                    quoted(a->cx, a->text), quoted(a->cx, a->layout), quoted(a->cx, rest),
                    quoted(a->cx, element));
}

/* The text between two elements; a space there matches any number of spaces. */
static bool skip_prefix(struct strv *s, struct strv prefix)
{
    while (prefix.n > 0) {
        if (prefix.p[0] == ' ') {
            if (s->n > 0 && s->p[0] != ' ')
                return false;
            while (prefix.n && prefix.p[0] == ' ')
                skip(&prefix, 1);
            while (s->n && s->p[0] == ' ')
                skip(s, 1);
            continue;
        }
        if (s->n == 0 || s->p[0] != prefix.p[0])
            return false;
        skip(&prefix, 1);
        skip(s, 1);
    }
    return true;
}

static int read_elements(struct attempt *a, struct parsed *p)
{
    struct strv layout = a->layout, s = a->text;
    for (;;) {
        struct layout_element e = layout_next(layout);
        struct strv prefix = { layout.p, e.at }, element = { layout.p + e.at, e.len };
        if (!skip_prefix(&s, prefix))
            return fail_element(a, s, prefix);
        if (e.kind == EL_NONE)
            return s.n ? fail_plain(a, str_fmt(a->cx->arena, "extra text: %s", quoted(a->cx, s))) : 0;
        struct strv before = s;
        skip(&layout, e.at + e.len);
        bool fits = take_element(&s, e, layout, p);
        if (p->out_of_range)
            return fail_plain(a, str_fmt(a->cx->arena, "%s out of range", p->out_of_range));
        if (!fits)
            return fail_element(a, before, element);
    }
}

/* The date that a day of the year is. */
static int settle_year_day(struct attempt *a, struct parsed *p)
{
    int month = 1, day = p->year_day;
    if (day < 1 || day > 365 + layout_is_leap(p->year))
        return fail_plain(a, "day-of-year out of range");
    while (day > layout_days_in(month, p->year))
        day -= layout_days_in(month++, p->year);
    if (p->month != UNSET && p->month != month)
        return fail_plain(a, "day-of-year does not match month");
    if (p->day != UNSET && p->day != day)
        return fail_plain(a, "day-of-year does not match day");
    p->month = month;
    p->day = day;
    return 0;
}

static int settle_date(struct attempt *a, struct parsed *p)
{
    if (p->year_day != UNSET && settle_year_day(a, p) < 0)
        return err_code(a->cx);
    p->month = p->month == UNSET ? 1 : p->month;
    p->day = p->day == UNSET ? 1 : p->day;
    if (p->day < 1 || p->day > layout_days_in(p->month, p->year))
        return fail_plain(a, "day out of range");
    if (p->pm && p->hour < 12)
        p->hour += 12;
    else if (p->am && p->hour == 12)
        p->hour = 0;
    return 0;
}

/* Of "GMT-3"; 0 for other names. */
static int32_t gmt_offset(struct strv name)
{
    int32_t hours = 0;
    for (size_t i = 4; i < name.n && memcmp(name.p, "GMT", 3) == 0; i++)
        hours = hours * 10 + (name.p[i] - '0');
    return name.n > 3 && name.p[3] == '-' ? -hours * 3600 : hours * 3600;
}

/* A zone that was read, of which only UTC is known by its name. */
static void settle_zone(struct attempt *a, const struct parsed *p, struct moment *m)
{
    struct strv name = p->zone_name;
    if (p->utc)
        return;
    m->location = &layout_local;
    if (p->has_offset) {
        m->sec -= p->offset;
        m->offset = p->offset;
    } else if (name.n) {
        m->offset = gmt_offset(name);
    }
    if (!name.n && p->offset == 0)
        return;
    struct location *fixed = ARENA_NEW(a->cx->arena, struct location);
    *fixed = (struct location){ str_ndup(a->cx->arena, name.n ? name.p : "", name.n), m->offset };
    m->location = fixed;
    m->zone = fixed->name;
}

int layout_parse(struct ctx *cx, struct strv layout, struct strv text, struct moment *ret)
{
    struct attempt a = { cx, layout, text };
    struct parsed p = { .month = UNSET, .day = UNSET, .year_day = UNSET };
    if (read_elements(&a, &p) < 0 || settle_date(&a, &p) < 0)
        return err_code(cx);
    struct moment m = { .zone = "UTC", .nsec = p.nsec };
    m.sec = layout_days(p.year, p.month, p.day) * 86400 + p.hour * 3600 + p.minute * 60 + p.second;
    settle_zone(&a, &p, &m);
    *ret = m;
    return 0;
}
