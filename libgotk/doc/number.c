/*
 * number.c: number literals; the contract is in number.h.
 *
 * A literal is compared as sign, digits and exponent, never as a double, because IDs and resource versions pass 2^53.
 * Floats are printed by asking printf for ever more digits until the text reads back: slow beside Ryu, but floats are
 * rare in manifests and the result is Go's. Rejected: a big-number library for two functions. Any thread.
 */
#include "libgotk/doc/number.h"

#include "libgotk/base/str.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More digits than any double needs, and the room for sign, point and exponent. */
#define DIGITS_MAX 17
#define TEXT_MAX   40
/* Go's 'g' without a precision goes over to scientific form from 10^6 on. */
#define G_EXPONENT 6

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_at(const char *s, size_t at, size_t n)
{
    size_t from = at;
    while (at < n && is_digit(s[at]))
        at++;
    return at - from;
}

size_t number_scan(const char *s, size_t n)
{
    size_t at = n && s[0] == '-', whole = digits_at(s, at, n);
    if (whole == 0 || (whole > 1 && s[at] == '0'))
        return 0;
    at += whole;
    if (at < n && s[at] == '.') {
        size_t fraction = digits_at(s, at + 1, n);
        if (fraction == 0)
            return 0;
        at += 1 + fraction;
    }
    if (at < n && (s[at] == 'e' || s[at] == 'E')) {
        at += at + 1 < n && (s[at + 1] == '+' || s[at + 1] == '-') ? 2 : 1;
        size_t exponent = digits_at(s, at, n);
        if (exponent == 0)
            return 0;
        at += exponent;
    }
    return at;
}

/* A literal taken apart: the digits of `s` from `first` to `last` (a point may lie between), times 10^exponent with
 * the point behind the first digit. No digits: zero. */
struct decimal {
    bool negative;
    const char *first;
    const char *last;
    int64_t exponent;
};

static int64_t read_exponent(const char *s)
{
    int64_t e = 0;
    bool negative = *s == '-';
    for (s += negative || *s == '+'; is_digit(*s); s++)
        if (e < INT64_MAX / 100)
            e = e * 10 + (*s - '0');
    return negative ? -e : e;
}

static struct decimal take_apart(const char *s)
{
    struct decimal d = { .negative = *s == '-' };
    s += d.negative;
    int64_t seen = 0, before_point = -1, first_at = 0;
    for (; is_digit(*s) || *s == '.'; s++) {
        if (*s == '.') {
            before_point = seen;
            continue;
        }
        if (*s != '0') {
            if (!d.first) {
                d.first = s;
                first_at = seen;
            }
            d.last = s;
        }
        seen++;
    }
    int64_t written = *s == 'e' || *s == 'E' ? read_exponent(s + 1) : 0;
    d.exponent = written + (before_point < 0 ? seen : before_point) - first_at;
    return d;
}

static bool same_digits(const struct decimal *a, const struct decimal *b)
{
    const char *p = a->first, *q = b->first;
    while (p <= a->last && q <= b->last) {
        p += *p == '.';
        q += *q == '.';
        if (*p++ != *q++)
            return false;
    }
    return p > a->last && q > b->last;
}

bool number_equal(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return true;
    struct decimal left = take_apart(a), right = take_apart(b);
    if (!left.first || !right.first)
        return !left.first && !right.first;
    return left.negative == right.negative && left.exponent == right.exponent && same_digits(&left, &right);
}

/* "d.ddde±xx": the digits of a positive value in scientific form. */
struct shortest {
    char digits[DIGITS_MAX + 2];
    int count;
    int exponent;
};

static void read_scientific(const char *text, struct shortest *ret)
{
    int count = 0;
    const char *p = text;
    for (; *p != 'e'; p++)
        if (*p != '.')
            ret->digits[count++] = *p;
    ret->exponent = (int)strtol(p + 1, NULL, 10);
    while (count > 1 && ret->digits[count - 1] == '0')
        count--;
    ret->digits[count] = '\0';
    ret->count = count;
}

/* The next larger decimal of as many digits; false when it would need a carry out of the first digit. */
static bool next_up(char *text)
{
    char *p = strchr(text, 'e') - 1;
    for (; p >= text; p--) {
        if (*p == '.')
            continue;
        if (*p != '9') {
            (*p)++;
            return true;
        }
        *p = '0';
    }
    return false;
}

static bool reads_back(const char *text, double value, bool single)
{
    return single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
}

/* At a power of two the interval that reads back reaches further up than down: the nearest decimal of `n` digits may
 * fall short of it while its upper neighbour lies inside. */
static struct shortest find_shortest(double value, bool single)
{
    struct shortest s = { .count = 0 };
    for (int n = 1; n <= DIGITS_MAX; n++) {
        char text[TEXT_MAX];
        snprintf(text, sizeof(text), "%.*e", n - 1, value);
        if (!reads_back(text, value, single) && (!next_up(text) || !reads_back(text, value, single)))
            continue;
        read_scientific(text, &s);
        return s;
    }
    ASSERT(s.count > 0); /* 17 digits tell every double */
    return s;
}

static char *scientific(struct arena *a, bool negative, const struct shortest *s, int exponent_digits)
{
    const char *point = s->count > 1 ? "." : "";
    return str_fmt(a, "%s%c%s%se%c%0*d", negative ? "-" : "", s->digits[0], point, s->digits + 1,
                   s->exponent < 0 ? '-' : '+', exponent_digits, abs(s->exponent));
}

static char *positional(struct arena *a, bool negative, const struct shortest *s)
{
    const char *sign = negative ? "-" : "";
    int whole = s->exponent + 1;
    if (whole > 0 && s->count > whole)
        return str_fmt(a, "%s%.*s.%s", sign, whole, s->digits, s->digits + whole);
    char *text = whole > 0 ? str_fmt(a, "%s%s%*s", sign, s->digits, whole - s->count, "")
                           : str_fmt(a, "%s0.%*s%s", sign, -whole, "", s->digits);
    for (char *p = text; *p; p++)
        if (*p == ' ')
            *p = '0';
    return text;
}

char *number_print(struct arena *a, double value)
{
    ASSERT(isfinite(value));
    double size = fabs(value);
    if (size == 0)
        return str_dup(a, signbit(value) ? "-0" : "0");
    struct shortest s = find_shortest(size, false);
    if (size < 1e-6 || size >= 1e21)
        return scientific(a, value < 0, &s, 1);
    return positional(a, value < 0, &s);
}

static char *print_g(struct arena *a, double value, bool single)
{
    ASSERT(isfinite(value));
    double size = fabs(value);
    if (size == 0)
        return str_dup(a, signbit(value) ? "-0" : "0");
    struct shortest s = find_shortest(size, single);
    if (s.exponent < -4 || s.exponent >= G_EXPONENT)
        return scientific(a, value < 0, &s, 2);
    return positional(a, value < 0, &s);
}

char *number_print_g(struct arena *a, double value)
{
    return print_g(a, value, false);
}

char *number_print_f(struct arena *a, double value)
{
    ASSERT(isfinite(value));
    if (value == 0)
        return str_dup(a, signbit(value) ? "-0" : "0");
    struct shortest s = find_shortest(fabs(value), false);
    return positional(a, value < 0, &s);
}

char *number_print_g32(struct arena *a, double value)
{
    return isfinite((float)value) ? print_g(a, (double)(float)value, true)
                                  : str_dup(a, value < 0 ? "-.inf" : ".inf");
}
