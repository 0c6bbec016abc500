/*
 * gofmt_number.c: numbers and padding; see gofmt_parts.h. Any thread, no state.
 */
#include "helm-controller/template/gofmt_parts.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MAX  17        /* of a float64 that reads back */
#define FLOAT_SPARE 400       /* bytes a float may need beside the digits asked for */
#define FIELD_MAX   (1 << 20) /* widths and precisions beyond are refused by the parser of formats */

void gofmt_padding(struct verb *v, int n)
{
    char cell = v->zero && !v->minus ? '0' : ' ';
    for (int i = 0; i < n; i++)
        buf_char(v->out, cell);
}

void gofmt_pad(struct verb *v, const char *s, size_t n)
{
    int gap = v->has_width ? v->width - (int)rune_count(s, n) : 0;
    if (!v->minus)
        gofmt_padding(v, gap);
    buf_add(v->out, s, n);
    if (v->minus)
        gofmt_padding(v, gap);
}

/* As gofmt_pad with spaces only. */
static void pad_with_spaces(struct verb *v, const char *s, size_t n)
{
    bool zero = v->zero;
    v->zero = false;
    gofmt_pad(v, s, n);
    v->zero = zero;
}

/* The first `precision` code points. */
static size_t truncated(const struct verb *v, const char *s, size_t n)
{
    size_t end = 0, width;
    for (int i = 0; v->has_precision && end < n; i++, end += width) {
        if (i == v->precision)
            return end;
        rune_decode(s + end, n - end, &width);
    }
    return n;
}

void gofmt_string(struct verb *v, const char *s, size_t n)
{
    gofmt_pad(v, s, truncated(v, s, n));
}

void gofmt_quoted(struct verb *v, const char *s, size_t n)
{
    n = truncated(v, s, n);
    struct buf text = buf_new(v->out->arena, n * 10 + 3);
    if (v->sharp && quote_can_back(s, n)) {
        buf_char(&text, '`');
        buf_add(&text, s, n);
        buf_char(&text, '`');
    } else {
        quote_to(&text, s, n, v->plus);
    }
    gofmt_pad(v, text.data, text.len);
}

/* How many cells the hexadecimal form of n bytes takes. */
static int hex_width(const struct verb *v, int n)
{
    if (v->space)
        return 2 * n * (v->sharp ? 2 : 1) + n - 1;
    return 2 * n + (v->sharp ? 2 : 0);
}

void gofmt_hex(struct verb *v, const char *s, size_t n, bool upper)
{
    if (v->has_precision && (size_t)v->precision < n)
        n = (size_t)v->precision;
    int width = n ? hex_width(v, (int)n) : 0;
    if (n == 0 || !v->minus)
        gofmt_padding(v, v->has_width ? v->width - width : 0);
    for (size_t i = 0; i < n; i++) {
        buf_str(v->out, v->space && i ? " " : "");
        if (v->sharp && (i == 0 || v->space))
            buf_str(v->out, upper ? "0X" : "0x");
        buf_fmt(v->out, upper ? "%02X" : "%02x", (unsigned char)s[i]);
    }
    if (n && v->minus)
        gofmt_padding(v, v->has_width ? v->width - width : 0);
}

/* The digits of u at the end of a buffer, at least one; returns where they start. */
static char *digits_of(char *end, uint64_t u, unsigned base, bool upper)
{
    const char *letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    do
        *--end = letters[u % base];
    while (u /= base);
    return end;
}

/* What stands before the digits: 0b, 0, 0x, 0o by flags and verb. */
static char *add_base(const struct verb *v, char *p, unsigned base, uint32_t letter)
{
    if (v->sharp && base == 2) {
        *--p = 'b';
        *--p = '0';
    } else if (v->sharp && base == 8 && *p != '0') {
        *--p = '0';
    } else if (v->sharp && base == 16) {
        *--p = letter == 'X' ? 'X' : 'x';
        *--p = '0';
    }
    if (letter == 'O') {
        *--p = 'o';
        *--p = '0';
    }
    return p;
}

void gofmt_integer(struct verb *v, uint64_t u, unsigned base, bool is_signed, uint32_t letter)
{
    bool negative = is_signed && (int64_t)u < 0;
    int digits = 0;
    size_t room = 80 + (v->has_width ? (size_t)v->width : 0) + (v->has_precision ? (size_t)v->precision : 0);
    char *text = arena_alloc_raw(v->out->arena, room), *end = text + room;
    u = negative ? 0 - u : u;
    if (v->has_precision && v->precision == 0 && u == 0) {
        pad_with_spaces(v, "", 0);
        return;
    }
    if (v->has_precision)
        digits = v->precision;
    else if (v->zero && !v->minus && v->has_width)
        digits = v->width - (negative || v->plus || v->space);
    char *p = digits_of(end, u, base, letter == 'X');
    while (digits > end - p)
        *--p = '0';
    p = add_base(v, p, base, letter);
    if (negative || v->plus || v->space)
        *--p = negative ? '-' : v->plus ? '+' : ' ';
    pad_with_spaces(v, p, (size_t)(end - p));
}

void gofmt_unicode(struct verb *v, uint64_t u)
{
    int digits = v->has_precision && v->precision > 4 ? v->precision : 4;
    struct buf text = buf_new(v->out->arena, FIELD_MAX + 64);
    char utf8[5] = "";
    buf_fmt(&text, "U+%0*lX", digits, u);
    if (v->sharp && u <= RUNE_MAX && rune_is_print((uint32_t)u)) {
        rune_encode((uint32_t)u, utf8);
        buf_fmt(&text, " '%s'", utf8);
    }
    pad_with_spaces(v, text.data, text.len);
}

/* True when d.ddde+dd reads back as `f`, as it is or with its last digit one higher: a power of two has less room below
 * than above, so that the nearest digits may be too low. */
static bool reads_back(char *out, double f)
{
    char *last = strchr(out, 'e') - 1;
    if (strtod(out, NULL) == f)
        return true;
    if (!isdigit((unsigned char)*last) || *last == '9')
        return false;
    ++*last;
    if (strtod(out, NULL) == f)
        return true;
    --*last;
    return false;
}

/* d.ddde+dd with the fewest digits that read back. */
static int shortest(char *out, size_t size, double f)
{
    int n = 0;
    for (int precision = 0; precision < DIGITS_MAX; precision++) {
        n = snprintf(out, size, "%.*e", precision, f);
        if (reads_back(out, f))
            break;
    }
    return n;
}

/* The fewest digits in the form that `g` chooses: without a precision an exponent from a million on. */
static size_t shortest_general(char *out, size_t size, double f, char verb)
{
    int n = shortest(out, size, f);
    char *e = strchr(out, 'e');
    int exponent = (int)strtol(e + 1, NULL, 10), mantissa = (int)(e - out) - (out[0] == '-');
    if (exponent < -4 || exponent >= 6) {
        if (verb == 'G')
            *e = 'E';
        return (size_t)n;
    }
    int digits = mantissa > 1 ? mantissa - 1 : 1;
    int decimals = digits - 1 - exponent;
    return (size_t)snprintf(out, size, "%.*f", decimals > 0 ? decimals : 0, f);
}

/* The 53 bits of a mantissa rounded to `digits` hexadecimal ones behind the point, halves to even. */
static uint64_t round_mantissa(uint64_t mantissa, int digits)
{
    int drop = 52 - 4 * digits;
    uint64_t unit = 1ULL << drop, low = mantissa & (unit - 1), kept = mantissa & ~(unit - 1);
    bool up = low > unit / 2 || (low == unit / 2 && (kept & unit));
    return up ? kept + unit : kept;
}

/* 0x1.8p+01. Not C's %a, which has another exponent, and another first digit when it rounds up or the number is tiny. */
static size_t hexadecimal(char *out, size_t size, double f, char verb, int precision)
{
    int exponent = 0, shown = precision;
    char digits[16];
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(f), &exponent), 53);
    exponent = mantissa ? exponent - 1 : 0;
    if (precision >= 0 && precision < 13)
        mantissa = round_mantissa(mantissa, precision);
    if (mantissa >> 53) {
        mantissa >>= 1;
        exponent++;
    }
    snprintf(digits, sizeof(digits), verb == 'x' ? "%013llx" : "%013llX",
             (unsigned long long)(mantissa & ((1ULL << 52) - 1)));
    if (precision < 0)
        for (shown = 13; shown && digits[shown - 1] == '0';)
            shown--;
    int zeros = shown > 13 ? shown - 13 : 0;
    return (size_t)snprintf(out, size, "%s0%c%d%s%.*s%.*d%c%+03d", signbit(f) ? "-" : "", verb, mantissa != 0,
                            shown ? "." : "", shown, digits, zeros, 0, verb == 'x' ? 'p' : 'P', exponent);
}

/* mantissap-exponent, both decimal. */
static size_t binary(char *out, size_t size, double f)
{
    int exponent;
    double mantissa = frexp(f, &exponent);
    if (f == 0)
        return (size_t)snprintf(out, size, "%s0p-1074", signbit(f) ? "-" : "");
    if (exponent < -1021) {
        mantissa = ldexp(mantissa, exponent + 1021);
        exponent = -1021;
    }
    return (size_t)snprintf(out, size, "%.0fp%+d", ldexp(mantissa, 53), exponent - 53);
}

/* The verbs that C knows too. */
static size_t with_precision(char *out, size_t size, double f, char verb, int precision)
{
    switch (verb) {
    case 'e':
        return (size_t)snprintf(out, size, "%.*e", precision, f);
    case 'E':
        return (size_t)snprintf(out, size, "%.*E", precision, f);
    case 'g':
        return (size_t)snprintf(out, size, "%.*g", precision, f);
    case 'G':
        return (size_t)snprintf(out, size, "%.*G", precision, f);
    default:
        return (size_t)snprintf(out, size, "%.*f", precision, f);
    }
}

size_t gofmt_float(char *out, size_t size, double f, char verb, int precision)
{
    if (isnan(f))
        return (size_t)snprintf(out, size, "NaN");
    if (isinf(f))
        return (size_t)snprintf(out, size, "%sInf", f < 0 ? "-" : "+");
    if (verb == 'x' || verb == 'X')
        return hexadecimal(out, size, f, verb, precision);
    if (verb == 'b')
        return binary(out, size, f);
    if (precision < 0 && (verb == 'g' || verb == 'G'))
        return shortest_general(out, size, f, verb);
    if (precision < 0 && (verb == 'e' || verb == 'E')) {
        int n = shortest(out, size, f);
        char *e = strchr(out, 'e');
        *e = verb;
        return (size_t)n;
    }
    return with_precision(out, size, f, verb, precision);
}

/* With '#': a decimal point always, and for g and x as many digits as asked for. */
static size_t sharpen(char *num, size_t n, char verb, int precision)
{
    int digits = strchr("gGx", verb) ? (precision == -1 ? 6 : precision) : 0;
    bool point = false, nonzero = false;
    char tail[8] = "";
    for (size_t i = 1; i < n; i++) {
        char c = num[i];
        bool exponent = c == 'p' || c == 'P' || ((c == 'e' || c == 'E') && verb != 'x' && verb != 'X');
        if (exponent) {
            memcpy(tail, num + i, n - i);
            tail[n - i] = '\0';
            n = i;
        } else if (c == '.') {
            point = true;
        } else {
            nonzero = nonzero || c != '0';
            digits -= nonzero;
        }
    }
    if (!point) {
        digits -= n == 2 && num[1] == '0';
        num[n++] = '.';
    }
    for (; digits > 0; digits--)
        num[n++] = '0';
    size_t tail_len = strlen(tail);
    for (size_t i = 0; i < tail_len; i++)
        num[n + i] = tail[i];
    return n + tail_len;
}

void gofmt_real(struct verb *v, double f, char letter, int precision)
{
    if (v->has_precision)
        precision = v->precision;
    size_t room = (size_t)(precision > 0 ? precision : 0) * 2 + FLOAT_SPARE;
    char *num = arena_alloc_raw(v->out->arena, room);
    size_t n = 1 + gofmt_float(num + 1, room - 1, f, letter, precision);
    num[0] = '+';
    if (num[1] == '-' || num[1] == '+') {
        num++;
        n--;
    }
    if (v->space && num[0] == '+' && !v->plus)
        num[0] = ' ';
    if (num[1] == 'I' || num[1] == 'N') {
        bool bare = num[1] == 'N' && !v->space && !v->plus;
        bool keep = bare || v->plus || num[0] != '+' || num[1] == 'I';
        pad_with_spaces(v, num + (bare || !keep), n - (bare || !keep));
        return;
    }
    if (v->sharp && letter != 'b')
        n = sharpen(num, n, letter, precision);
    if (!v->plus && num[0] == '+') {
        gofmt_pad(v, num + 1, n - 1);
    } else if (v->zero && !v->minus && v->has_width && v->width > (int)n) {
        buf_char(v->out, num[0]);
        gofmt_padding(v, v->width - (int)n);
        buf_add(v->out, num + 1, n - 1);
    } else {
        gofmt_pad(v, num, n);
    }
}
