/*
 * jsonschema_number.c: arithmetic on number literals, and numbers as messages show them.
 *
 * Literals are compared as sign, digits and exponent, so that nothing is lost; only a multiple of one with many
 * digits needs big numbers (jsonschema_big.c). Messages show the nearest float64 as golang.org/x/text prints it for English: digits grouped by three,
 * from 10^6 on and below 10^-4 as a power of ten. Any thread, no state.
 */
#include "libgotk/helm/jsonschema_big.h"
#include "libgotk/helm/jsonschema_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPONENT_MAX  1000000
#define DIGITS_MAX    5000 /* of numbers to be divided */
#define UINT64_DIGITS 19   /* so many always fit */
/* Where English goes over to powers of ten. */
#define SMALL (-4)
#define LARGE 6

/* Digits without zeros around them, times 10^exponent with the point behind the last; none: zero. */
struct decimal {
    bool negative;
    const char *first; /* a point may lie in between */
    const char *last;
    size_t count;
    int64_t exponent;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int64_t read_exponent(const char *s)
{
    bool negative = *s == '-';
    int64_t e = 0;
    for (s += negative || *s == '+'; is_digit(*s); s++)
        if (e < INT64_MAX / 100)
            e = e * 10 + (*s - '0');
    return negative ? -e : e;
}

static struct decimal take_apart(const char *s)
{
    struct decimal d = { .negative = *s == '-' };
    int64_t behind_point = 0, zeros = 0;
    bool point = false;
    for (s += d.negative; is_digit(*s) || *s == '.'; s++) {
        if (*s == '.') {
            point = true;
            continue;
        }
        behind_point += point;
        if (*s == '0') {
            zeros++;
            continue;
        }
        d.count += d.first ? (size_t)zeros + 1 : 1;
        d.first = d.first ? d.first : s;
        d.last = s;
        zeros = 0;
    }
    d.exponent = (*s == 'e' || *s == 'E' ? read_exponent(s + 1) : 0) - behind_point + zeros;
    return d;
}

/* The next digit at *p, which moves on; '0' behind the last. */
static char next_digit(const struct decimal *d, const char **p)
{
    if (*p > d->last)
        return '0';
    *p += **p == '.';
    return *(*p)++;
}

bool schema_number_fits(const char *literal)
{
    const char *point = strchr(literal, '.'), *e = strpbrk(literal, "eE");
    int64_t fraction = point ? (int64_t)strspn(point + 1, "0123456789") : 0;
    int64_t exponent = (e ? read_exponent(e + 1) : 0) - fraction;
    return exponent <= EXPONENT_MAX && exponent >= -EXPONENT_MAX;
}

static int compare_sizes(const struct decimal *a, const struct decimal *b)
{
    int64_t left = a->exponent + (int64_t)a->count, right = b->exponent + (int64_t)b->count;
    if (left != right)
        return left < right ? -1 : 1;
    const char *p = a->first, *q = b->first;
    while (p <= a->last || q <= b->last) {
        char x = next_digit(a, &p), y = next_digit(b, &q);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static int sign_of(const struct decimal *d)
{
    if (!d->count)
        return 0;
    return d->negative ? -1 : 1;
}

int schema_number_compare(const char *a, const char *b)
{
    struct decimal left = take_apart(a), right = take_apart(b);
    int x = sign_of(&left), y = sign_of(&right);
    if (x != y)
        return x < y ? -1 : 1;
    return x == 0 ? 0 : x * compare_sizes(&left, &right);
}

bool schema_number_is_integer(const char *literal)
{
    struct decimal d = take_apart(literal);
    return schema_number_fits(literal) && (d.count == 0 || d.exponent >= 0);
}

int64_t schema_number_int(const char *literal)
{
    struct decimal d = take_apart(literal);
    uint64_t value = 0;
    const char *p = d.first;
    for (size_t i = 0; i < d.count; i++)
        value = value * 10 + (uint64_t)(next_digit(&d, &p) - '0');
    for (int64_t i = 0; i < d.exponent && i < 64; i++)
        value *= 10;
    return (int64_t)(d.negative ? 0 - value : value);
}

uint64_t schema_number_hash(const char *literal)
{
    struct decimal d = take_apart(literal);
    uint64_t h = (uint64_t)d.exponent * 31 + d.negative;
    const char *p = d.first;
    for (size_t i = 0; i < d.count; i++)
        h = (h ^ (unsigned char)next_digit(&d, &p)) * 1099511628211u;
    return d.count ? h : 0;
}

/* digits * 10^zeros as a text of digits. */
static const char *digits_of(struct arena *a, const struct decimal *d, int64_t zeros)
{
    char *text = arena_alloc(a, d->count + (size_t)zeros + 1);
    const char *p = d->first;
    for (size_t i = 0; i < d->count + (size_t)zeros; i++)
        text[i] = next_digit(d, &p);
    return text;
}

int schema_number_divides(struct ctx *cx, const char *a, const char *b, bool *ret)
{
    struct decimal n = take_apart(a), by = take_apart(b);
    int64_t zeros = n.exponent - by.exponent; /* n * 10^zeros / by */
    *ret = true;
    if (!n.count)
        return 0;
    if (-zeros > (int64_t)n.count * 4) {
        *ret = false; /* 10^-zeros has more factors of two than n can have */
        return 0;
    }
    if (n.count + by.count + (size_t)llabs(zeros) > DIGITS_MAX)
        return err_fail(cx, ERR_LIMIT, "multipleOf: the numbers have more than %d digits", DIGITS_MAX);
    struct arena_mark mark = arena_mark(cx->arena);
    const char *left = digits_of(cx->arena, &n, zeros > 0 ? zeros : 0);
    const char *right = digits_of(cx->arena, &by, zeros < 0 ? -zeros : 0);
    int rc = 0;
    if (strlen(left) <= UINT64_DIGITS && strlen(right) <= UINT64_DIGITS)
        *ret = strtoull(left, NULL, 10) % strtoull(right, NULL, 10) == 0;
    else
        rc = schema_big_divides(cx, left, right, ret);
    arena_release(cx->arena, mark);
    return rc;
}

/* The digits of a whole number's text with a comma before every third from the end. */
static void add_grouped(struct buf *out, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_char(out, ',');
        buf_char(out, digits[i]);
    }
}

const char *schema_count_english(struct arena *a, int64_t count)
{
    struct buf out = buf_new(a, 64);
    const char *text = str_fmt(a, "%lld", (long long)count);
    if (count < 0)
        buf_char(&out, *text++);
    add_grouped(&out, text, strlen(text));
    return buf_text(&out);
}

static void add_superscript(struct buf *out, int64_t exponent)
{
    static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
    char text[24];
    buf_str(out, exponent < 0 ? "⁻" : "");
    snprintf(text, sizeof(text), "%02lld", llabs((long long)exponent));
    for (const char *p = text; *p; p++)
        buf_str(out, digits[*p - '0']);
}

/* `digits` with the point behind the first `whole` of them, which may be fewer than none. */
static void add_positional(struct buf *out, const char *digits, int64_t whole)
{
    int64_t count = (int64_t)strlen(digits);
    if (whole <= 0) {
        buf_fmt(out, "0.%.*s%s", (int)-whole, "0000", digits);
        return;
    }
    char padded[LARGE + 1] = "";
    for (int64_t i = 0; i < whole; i++)
        padded[i] = i < count ? digits[i] : '0';
    add_grouped(out, padded, (size_t)whole);
    if (count > whole)
        buf_fmt(out, ".%s", digits + whole);
}

const char *schema_number_english(struct arena *a, const char *literal)
{
    double value = strtod(literal, NULL);
    if (isinf(value))
        return value < 0 ? "-∞" : "∞";
    const char *shortest = doc_literal(doc_double(a, value));
    struct decimal d = take_apart(shortest);
    if (!d.count)
        return "0";
    struct buf out = buf_new(a, 128);
    char digits[32] = "";
    const char *p = d.first;
    for (size_t i = 0; i < d.count; i++)
        digits[i] = next_digit(&d, &p);
    digits[d.count] = '\0';
    int64_t first = d.exponent + (int64_t)d.count - 1; /* the first digit's power of ten */
    buf_str(&out, d.negative ? "-" : "");
    if (first >= SMALL && first < LARGE) {
        add_positional(&out, digits, first + 1);
        return buf_text(&out);
    }
    buf_fmt(&out, "%c%s%s×10", digits[0], digits[1] ? "." : "", digits + 1);
    add_superscript(&out, first);
    return buf_text(&out);
}
