/*
 * decimal.c: decimal arithmetic; the contract is in decimal.h.
 *
 * A number is an integer and a power of ten. The integers live in OpenSSL's memory and are freed when the fold ends.
 */
#include "helm-controller/template/decimal.h"

#include "helm-controller/template/gofmt.h"

#include <openssl/bn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define QUOTIENT_PLACES 16

struct decimal {
    BIGNUM *digits;
    int exponent;
};

static void free_digits(BIGNUM **digits)
{
    BN_free(*digits);
}

static void free_decimal(struct decimal *d)
{
    BN_free(d->digits);
}

static void free_context(BN_CTX **ctx)
{
    BN_CTX_free(*ctx);
}

/* The shortest decimal that reads back as `f`. */
static int read_float(struct ctx *cx, double f, struct decimal *d)
{
    char text[64], plain[64];
    size_t n = 0;
    if (!isfinite(f))
        return err_fail(cx, ERR_INVALID, "Cannot create a Decimal from %s",
                        isnan(f) ? "NaN"
                        : f > 0  ? "+Inf"
                                 : "-Inf");
    gofmt_float(text, sizeof(text), f, 'e', -1);
    char *e = strchr(text, 'e');
    d->exponent = (int)strtol(e + 1, NULL, 10);
    bool point = false;
    for (char *p = text; p < e; p++) {
        if (*p != '.')
            plain[n++] = *p;
        d->exponent -= point;
        point = point || *p == '.';
    }
    plain[n] = '\0';
    ASSERT(BN_dec2bn(&d->digits, plain) > 0);
    return 0;
}

/* digits *= 10^by */
static void scale(BIGNUM *digits, int by)
{
    for (; by >= 9; by -= 9)
        ASSERT(BN_mul_word(digits, 1000000000));
    for (; by > 0; by--)
        ASSERT(BN_mul_word(digits, 10));
}

/* Gives both the smaller of the two exponents. */
static void align(struct decimal *a, struct decimal *b)
{
    int common = a->exponent < b->exponent ? a->exponent : b->exponent;
    scale(a->digits, a->exponent - common);
    scale(b->digits, b->exponent - common);
    a->exponent = b->exponent = common;
}

/* a /= b, to 16 places. */
static int divide(struct ctx *cx, struct decimal *a, struct decimal *b, BN_CTX *scratch)
{
    CLEANUP(free_digits) BIGNUM *rest = BN_new();
    if (BN_is_zero(b->digits))
        return err_fail(cx, ERR_INVALID, "decimal division by 0");
    bool negative = BN_is_negative(a->digits) != BN_is_negative(b->digits);
    align(a, b);
    scale(a->digits, QUOTIENT_PLACES);
    ASSERT(rest && BN_div(a->digits, rest, a->digits, b->digits, scratch));
    ASSERT(BN_lshift1(rest, rest));
    if (BN_ucmp(rest, b->digits) >= 0)
        ASSERT(negative ? BN_sub_word(a->digits, 1) : BN_add_word(a->digits, 1));
    a->exponent = -QUOTIENT_PLACES;
    return 0;
}

/* a = a op b */
static int apply(struct ctx *cx, enum decimal_op op, struct decimal *a, struct decimal *b, BN_CTX *scratch)
{
    if (op == DECIMAL_DIV)
        return divide(cx, a, b, scratch);
    if (op == DECIMAL_MUL) {
        ASSERT(BN_mul(a->digits, a->digits, b->digits, scratch));
        a->exponent += b->exponent;
        return 0;
    }
    align(a, b);
    ASSERT(op == DECIMAL_ADD ? BN_add(a->digits, a->digits, b->digits)
                             : BN_sub(a->digits, a->digits, b->digits));
    return 0;
}

int decimal_fold(struct ctx *cx, enum decimal_op op, const double *operands, size_t n, double *ret)
{
    CLEANUP(free_context) BN_CTX *scratch = BN_CTX_new();
    CLEANUP(free_decimal) struct decimal sum = { 0 };
    ASSERT(scratch);
    if (read_float(cx, operands[0], &sum) < 0)
        return err_code(cx);
    for (size_t i = 1; i < n; i++) {
        CLEANUP(free_decimal) struct decimal operand = { 0 };
        if (read_float(cx, operands[i], &operand) < 0 || apply(cx, op, &sum, &operand, scratch) < 0)
            return err_code(cx);
    }
    char *text = BN_bn2dec(sum.digits);
    ASSERT(text);
    *ret = strtod(str_fmt(cx->arena, "%se%d", text, sum.exponent), NULL);
    OPENSSL_free(text);
    return 0;
}
