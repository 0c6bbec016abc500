/*
 * literal.c: numbers as Go reads them; the contract is in literal.h. Any thread, no state.
 */
#include "helm-controller/template/literal.h"

#include "helm-controller/template/lex.h"
#include "libgotk/base/quote.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 4096 /* bytes of a literal that is converted */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Underscores stand between digits, or between a base prefix and a digit. `s` is behind the sign. */
static bool underscores_ok(struct strv s)
{
    char before = '^'; /* ^ start, 0 digit, _ underscore, ! other */
    size_t i = 0;
    bool hex = false;
    if (s.n >= 2 && s.p[0] == '0' && strchr("xXoObB", s.p[1])) {
        before = '0';
        i = 2;
        hex = (s.p[1] | 0x20) == 'x';
    }
    for (; i < s.n; i++) {
        if (digit_of(s.p[i]) < 10 || (hex && digit_of(s.p[i]) < 16)) {
            before = '0';
        } else if (s.p[i] == '_') {
            if (before != '0')
                return false;
            before = '_';
        } else {
            if (before == '_')
                return false;
            before = '!';
        }
    }
    return before != '_';
}

/* Takes a base prefix off when base is 0. */
static int take_base(struct strv *s)
{
    char c = s->n >= 3 ? (char)(s->p[1] | 0x20) : '\0';
    if (s->n == 0 || s->p[0] != '0')
        return 10;
    int base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
    size_t skip = base ? 2 : 1;
    *s = (struct strv){ s->p + skip, s->n - skip };
    return base ? base : 8;
}

enum literal_result literal_uint(struct strv s, int base, uint64_t *ret)
{
    struct strv all = s;
    uint64_t value = 0;
    bool under = false, overflow = false;
    if (s.n == 0)
        return LITERAL_SYNTAX;
    int radix = base ? base : take_base(&s);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_' && base == 0) {
            under = true;
            continue;
        }
        int digit = digit_of(s.p[i]);
        if (digit >= radix)
            return LITERAL_SYNTAX;
        overflow = overflow || __builtin_mul_overflow(value, (uint64_t)radix, &value) ||
                   __builtin_add_overflow(value, (uint64_t)digit, &value);
    }
    if (under && !underscores_ok(all))
        return LITERAL_SYNTAX;
    *ret = overflow ? UINT64_MAX : value;
    return overflow ? LITERAL_RANGE : LITERAL_OK;
}

enum literal_result literal_int(struct strv s, int base, int64_t *ret)
{
    uint64_t value = 0;
    bool negative = s.n > 0 && s.p[0] == '-';
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = (struct strv){ s.p + 1, s.n - 1 };
    enum literal_result result = literal_uint(s, base, &value);
    if (result == LITERAL_SYNTAX)
        return result;
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    if (value > limit) {
        value = limit;
        result = LITERAL_RANGE;
    }
    *ret = negative ? (int64_t)(0 - value) : (int64_t)value;
    return result;
}

/* The grammar strtod is to see: digits, one point, an exponent; hexadecimal only with its p exponent. */
static bool is_float_syntax(const char *s)
{
    bool hex = s[0] == '0' && (s[1] | 0x20) == 'x';
    bool digits = false, exponent = false;
    for (s += hex ? 2 : 0; digit_of(*s) < (hex ? 16 : 10); s++)
        digits = true;
    if (*s == '.')
        for (s++; digit_of(*s) < (hex ? 16 : 10); s++)
            digits = true;
    if (digits && (*s | 0x20) == (hex ? 'p' : 'e')) {
        exponent = true;
        s += s[1] == '+' || s[1] == '-' ? 2 : 1;
        if (digit_of(*s) >= 10)
            return false;
        while (digit_of(*s) < 10)
            s++;
    }
    return digits && *s == '\0' && (!hex || exponent);
}

static bool special_float(const char *s, double *ret)
{
    if (str_eq_fold(s, "inf") || str_eq_fold(s, "infinity"))
        *ret = INFINITY;
    else if (str_eq_fold(s, "nan"))
        *ret = (double)NAN;
    else
        return false;
    return true;
}

enum literal_result literal_float(struct strv s, double *ret)
{
    char plain[NUMBER_MAX];
    size_t n = 0, sign = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    struct strv body = { s.p + sign, s.n - sign };
    bool under = memchr(s.p, '_', s.n) != NULL;
    if (s.n == 0 || s.n >= sizeof(plain) || memchr(s.p, '\0', s.n))
        return LITERAL_SYNTAX;
    if (under && !underscores_ok(body))
        return LITERAL_SYNTAX;
    for (size_t i = 0; i < body.n; i++)
        if (body.p[i] != '_')
            plain[n++] = body.p[i];
    plain[n] = '\0';
    double value;
    if (special_float(plain, &value)) {
        *ret = s.p[0] == '-' ? -value : value;
        return LITERAL_OK;
    }
    if (!is_float_syntax(plain))
        return LITERAL_SYNTAX;
    value = strtod(plain, NULL);
    *ret = s.p[0] == '-' ? -value : value;
    return isinf(value) ? LITERAL_RANGE : LITERAL_OK;
}

static int rune_constant(struct ctx *cx, struct strv text, struct number *n)
{
    const char *p = text.p + 1, *end = text.p + text.n;
    uint32_t rune;
    bool byte;
    if (!quote_undo_char(&p, end, '\'', &rune, &byte))
        return err_fail(cx, ERR_INVALID, "invalid syntax");
    if (p != end - 1)
        return err_fail(cx, ERR_INVALID, "malformed character constant: %.*s", (int)text.n, text.p);
    *n = (struct number){ true, true, true, false, (int32_t)rune, rune, rune, 0 };
    return 0;
}

/* 2^63 and above have no int64; the comparison is made in floats, as Go's conversions on amd64 end up. */
static bool has_int(double f, int64_t *ret)
{
    if (!(f >= (double)INT64_MIN && f < -(double)INT64_MIN) || (double)(int64_t)f != f)
        return false;
    *ret = (int64_t)f;
    return true;
}

static bool has_uint(double f, uint64_t *ret)
{
    if (!(f >= 0 && f < 0x1p64) || (double)(uint64_t)f != f)
        return false;
    *ret = (uint64_t)f;
    return true;
}

/* What a complex constant whose imaginary part is 0 may serve as. */
static void simplify(struct number *n)
{
    n->is_complex = true;
    n->is_float = n->imaginary == 0;
    n->is_int = n->is_float && has_int(n->f, &n->i);
    n->is_uint = n->is_float && has_uint(n->f, &n->u);
}

/* 1+2i: the last sign that does not belong to an exponent parts it. */
static int complex_constant(struct ctx *cx, struct strv text, struct number *n)
{
    size_t split = text.n - 1;
    while (split > 0 &&
           !((text.p[split] == '+' || text.p[split] == '-') && !strchr("eEpP", text.p[split - 1])))
        split--;
    struct strv re = { text.p, split }, im = { text.p + split, text.n - split - 1 };
    if (literal_float(re, &n->f) != LITERAL_OK || literal_float(im, &n->imaginary) != LITERAL_OK)
        return err_fail(cx, ERR_INVALID, "syntax error scanning complex number");
    simplify(n);
    return 0;
}

static bool looks_like_float(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr(".eEpP", s.p[i]))
            return true;
    return false;
}

static int float_constant(struct ctx *cx, struct strv text, struct number *n)
{
    if (literal_float(text, &n->f) != LITERAL_OK)
        return err_fail(cx, ERR_INVALID, "illegal number syntax: %s", quote_go(cx->arena, text.p, text.n));
    if (!looks_like_float(text))
        return err_fail(cx, ERR_INVALID, "integer overflow: %s", quote_go(cx->arena, text.p, text.n));
    n->is_float = true;
    n->is_int = has_int(n->f, &n->i);
    n->is_uint = has_uint(n->f, &n->u);
    return 0;
}

int literal_number(struct ctx *cx, struct strv text, int kind, struct number *n)
{
    *n = (struct number){ 0 };
    if (kind == TOKEN_RUNE)
        return rune_constant(cx, text, n);
    if (kind == TOKEN_COMPLEX)
        return complex_constant(cx, text, n);
    struct strv real = { text.p, text.n - 1 };
    if (text.p[text.n - 1] == 'i' && literal_float(real, &n->imaginary) == LITERAL_OK) {
        simplify(n);
        return 0;
    }
    n->is_uint = literal_uint(text, 0, &n->u) == LITERAL_OK;
    n->is_int = literal_int(text, 0, &n->i) == LITERAL_OK;
    if (n->is_int && n->i == 0)
        n->is_uint = true;
    n->is_float = n->is_int || n->is_uint;
    n->f = n->is_int ? (double)n->i : (double)n->u;
    return n->is_float ? 0 : float_constant(cx, text, n);
}
