/*
 * gotime_duration.c: Go's durations as text; the contract is in gotime.h.
 *
 * Follows time.ParseDuration and Duration.String step by step, its limits and rounding included: users read these
 * errors in conditions and these texts in status. Any thread, no state.
 */
#include "libgotk/base/gotime.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <string.h>

static const struct {
    const char *name;
    int64_t ns;
} units[] = {
    { "ns", 1 },           { "us", 1000 },         { "\xC2\xB5s", 1000 }, /* micro sign */
    { "\xCE\xBCs", 1000 },                                                /* Greek mu */
    { "ms", GOTIME_MS },   { "s", GOTIME_SECOND }, { "m", GOTIME_MINUTE }, { "h", GOTIME_HOUR },
};

#define NS_LIMIT ((uint64_t)1 << 63)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits before the point; false when they pass 2^63. */
static bool take_whole(const char **p, uint64_t *ret)
{
    uint64_t v = 0;
    for (; is_digit(**p); (*p)++) {
        if (v > NS_LIMIT / 10)
            return false;
        v = v * 10 + (uint64_t)(**p - '0');
        if (v > NS_LIMIT)
            return false;
    }
    *ret = v;
    return true;
}

/* Digits behind the point as value / scale; those that no longer fit are ignored. */
static void take_fraction(const char **p, uint64_t *ret, double *ret_scale)
{
    bool full = false;
    *ret = 0;
    *ret_scale = 1;
    for (; is_digit(**p); (*p)++) {
        if (full || *ret > (NS_LIMIT - 1) / 10) {
            full = true;
            continue;
        }
        *ret = *ret * 10 + (uint64_t)(**p - '0');
        *ret_scale *= 10;
    }
}

static int64_t unit_of(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strlen(units[i].name) == n && memcmp(units[i].name, name, n) == 0)
            return units[i].ns;
    return 0;
}

char *gotime_quote(struct arena *a, const char *s, size_t n)
{
    struct buf out = buf_new(a, 4 * n + 3);
    buf_char(&out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < ' ' || c >= 0x80)
            buf_fmt(&out, "\\x%02x", c);
        else
            buf_fmt(&out, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
    }
    buf_char(&out, '"');
    return out.data;
}

static int refuse(struct ctx *cx, const char *s)
{
    return err_fail(cx, ERR_INVALID, "time: invalid duration %s", gotime_quote(cx->arena, s, strlen(s)));
}

/* One number with its unit at *p, added to *sum. */
static int take_part(struct ctx *cx, const char *all, const char **p, uint64_t *sum)
{
    uint64_t whole, fraction = 0;
    double scale = 1;
    const char *start = *p;
    if (!take_whole(p, &whole))
        return refuse(cx, all);
    bool digits = *p > start;
    if (**p == '.') {
        start = ++*p;
        take_fraction(p, &fraction, &scale);
        digits = digits || *p > start;
    }
    if (!digits)
        return refuse(cx, all);
    size_t n = strcspn(*p, ".0123456789");
    if (!n)
        return err_fail(cx, ERR_INVALID, "time: missing unit in duration %s",
                        gotime_quote(cx->arena, all, strlen(all)));
    int64_t unit = unit_of(*p, n);
    if (!unit)
        return err_fail(cx, ERR_INVALID, "time: unknown unit %s in duration %s",
                        gotime_quote(cx->arena, *p, n), gotime_quote(cx->arena, all, strlen(all)));
    *p += n;
    if (whole > NS_LIMIT / (uint64_t)unit)
        return refuse(cx, all);
    uint64_t part = whole * (uint64_t)unit + (uint64_t)((double)fraction * ((double)unit / scale));
    if (part > NS_LIMIT || *sum + part > NS_LIMIT)
        return refuse(cx, all);
    *sum += part;
    return 0;
}

int gotime_parse_duration(struct ctx *cx, const char *s, int64_t *ret_ns)
{
    const char *p = s;
    uint64_t sum = 0;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (str_eq(p, "0")) {
        *ret_ns = 0;
        return 0;
    }
    if (!*p)
        return refuse(cx, s);
    while (*p)
        if (take_part(cx, s, &p, &sum) < 0)
            return cx->err.code;
    if (!negative && sum > NS_LIMIT - 1)
        return refuse(cx, s);
    *ret_ns = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return 0;
}

/* value / unit with its fraction, without trailing zeros: "1.5". */
static void add_decimal(struct buf *b, uint64_t value, uint64_t unit)
{
    uint64_t rest = value % unit;
    buf_fmt(b, "%lu", value / unit);
    if (!rest)
        return;
    buf_char(b, '.');
    for (uint64_t place = unit / 10; rest; place /= 10) {
        buf_char(b, (char)('0' + rest / place));
        rest %= place;
    }
}

char *gotime_print_duration(struct arena *a, int64_t ns)
{
    struct buf b = buf_new(a, 64);
    uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    if (!u)
        return str_dup(a, "0s");
    if (ns < 0)
        buf_char(&b, '-');
    if (u < (uint64_t)GOTIME_SECOND) {
        uint64_t unit = u < 1000 ? 1 : u < (uint64_t)GOTIME_MS ? 1000 : (uint64_t)GOTIME_MS;
        add_decimal(&b, u, unit);
        buf_str(&b, unit == 1 ? "ns" : unit == 1000 ? "\xC2\xB5s" : "ms");
        return b.data;
    }
    uint64_t minutes = u / (uint64_t)GOTIME_MINUTE;
    if (minutes >= 60)
        buf_fmt(&b, "%luh", minutes / 60);
    if (minutes)
        buf_fmt(&b, "%lum", minutes % 60);
    add_decimal(&b, u % (uint64_t)GOTIME_MINUTE, (uint64_t)GOTIME_SECOND);
    buf_char(&b, 's');
    return b.data;
}
