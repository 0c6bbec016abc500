/*
 * fn_numbers.c: Sprig's numbers. Integers are int64 and wrap; the float functions that add, subtract, multiply and divide
 * do so in decimal (decimal.h). Rejected: plain float arithmetic, which gives 0.30000000000000004 where Sprig gives 0.3.
 */
#include "helm-controller/template/decimal.h"
#include "helm-controller/template/fn.h"
#include "helm-controller/template/literal.h"

#include <math.h>

#define COUNT_MAX 10000000 /* elements of until, untilStep and seq */

FN(fn_int)
{
    *ret = v_int(fn_to_int(args[0]));
    return 0;
}

FN(fn_int64)
{
    *ret = v_int64(fn_to_int(args[0]));
    return 0;
}

FN(fn_float64)
{
    *ret = v_float(fn_to_float(args[0]));
    return 0;
}

FN(fn_to_decimal)
{
    int64_t i = 0;
    *ret = v_int64(literal_int(fn_text(x, args[0]), 8, &i) == LITERAL_OK ? i : 0);
    return 0;
}

static int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrap_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

FN(fn_add)
{
    *ret = v_int64(0);
    for (size_t i = 0; i < n; i++)
        ret->i = wrap_add(ret->i, fn_to_int(args[i]));
    return 0;
}

FN(fn_add1)
{
    *ret = v_int64(wrap_add(fn_to_int(args[0]), 1));
    return 0;
}

FN(fn_sub)
{
    *ret = v_int64((int64_t)((uint64_t)fn_to_int(args[0]) - (uint64_t)fn_to_int(args[1])));
    return 0;
}

FN(fn_mul)
{
    *ret = v_int64(fn_to_int(args[0]));
    for (size_t i = 1; i < n; i++)
        ret->i = wrap_mul(ret->i, fn_to_int(args[i]));
    return 0;
}

/* -2^63 by -1 wraps in Go and traps in C. */
static int divide(struct exec *x, const struct value *args, bool rest, struct value *ret)
{
    int64_t a = fn_to_int(args[0]), b = fn_to_int(args[1]);
    if (b == 0)
        return fn_fail(x, "runtime error: integer divide by zero");
    if (b == -1)
        *ret = v_int64(rest ? 0 : (int64_t)(0 - (uint64_t)a));
    else
        *ret = v_int64(rest ? a % b : a / b);
    return 0;
}

FN(fn_div)
{
    return divide(x, args, false, ret);
}

FN(fn_mod)
{
    return divide(x, args, true, ret);
}

FN(fn_max)
{
    *ret = v_int64(fn_to_int(args[0]));
    for (size_t i = 1; i < n; i++)
        if (fn_to_int(args[i]) > ret->i)
            ret->i = fn_to_int(args[i]);
    return 0;
}

FN(fn_min)
{
    *ret = v_int64(fn_to_int(args[0]));
    for (size_t i = 1; i < n; i++)
        if (fn_to_int(args[i]) < ret->i)
            ret->i = fn_to_int(args[i]);
    return 0;
}

/* Unlike fmax and fmin a NaN wins, except over an infinity of the direction asked for. */
static double pick(double a, double b, bool larger)
{
    double best = larger ? INFINITY : -INFINITY;
    if (a == best || b == best)
        return best;
    if (isnan(a) || isnan(b))
        return (double)NAN;
    if (a == 0 && a == b)
        return signbit(a) == larger ? b : a;
    return (a > b) == larger ? a : b;
}

static int pick_all(const struct value *args, size_t n, bool larger, struct value *ret)
{
    *ret = v_float(fn_to_float(args[0]));
    for (size_t i = 1; i < n; i++)
        ret->f = pick(ret->f, fn_to_float(args[i]), larger);
    return 0;
}

FN(fn_maxf)
{
    return pick_all(args, n, true, ret);
}

FN(fn_minf)
{
    return pick_all(args, n, false, ret);
}

FN(fn_floor)
{
    *ret = v_float(floor(fn_to_float(args[0])));
    return 0;
}

FN(fn_ceil)
{
    *ret = v_float(ceil(fn_to_float(args[0])));
    return 0;
}

/* 10 to a power, step by step as Go's math.Pow gets there: the C library's is exact where Go's is not. */
static double power_of_ten(int64_t exponent)
{
    uint64_t left = exponent < 0 ? 0 - (uint64_t)exponent : (uint64_t)exponent;
    int step, sum = 0;
    double product = 1, factor = frexp(10, &step);
    for (; left; left >>= 1) {
        if (step < -(1 << 12) || step > 1 << 12) {
            sum += step;
            break;
        }
        if (left & 1) {
            product *= factor;
            sum += step;
        }
        factor *= factor;
        step *= 2;
        if (factor < 0.5) {
            factor += factor;
            step--;
        }
    }
    return exponent < 0 ? ldexp(1 / product, -sum) : ldexp(product, sum);
}

FN(fn_round)
{
    double on = n > 2 ? args[2].f : 0.5, whole;
    double power = power_of_ten(args[1].i), digit = power * fn_to_float(args[0]);
    double fraction = modf(digit, &whole);
    if (isinf(digit))
        fraction = (double)NAN; /* as Go's Modf */
    *ret = v_float((fraction >= on ? ceil(digit) : floor(digit)) / power);
    return 0;
}

static int until_step(struct exec *x, int64_t start, int64_t stop, int64_t step, struct value *ret)
{
    struct vlist *l = vlist_new(x->cx->arena, 0);
    *ret = v_list(V_INTS, l);
    if (stop < start ? step >= 0 : step <= 0)
        return 0;
    for (int64_t i = start; stop < start ? i > stop : i < stop; i = wrap_add(i, step)) {
        if (l->len >= COUNT_MAX)
            return err_fail(x->cx, ERR_LIMIT, "more than %d numbers are asked for", COUNT_MAX);
        vlist_push(x->cx->arena, l, v_int(i));
    }
    return 0;
}

FN(fn_until)
{
    return until_step(x, 0, args[0].i, args[0].i < 0 ? -1 : 1, ret);
}

FN(fn_until_step)
{
    return until_step(x, args[0].i, args[1].i, args[2].i, ret);
}

FN(fn_seq)
{
    int64_t start = 1, step = 1, end = n ? args[n - 1].i : 0;
    struct buf out = fn_buf(x);
    *ret = v_str("", 0);
    if (n == 0 || n > 3)
        return 0;
    if (n > 1)
        start = args[0].i;
    int64_t beyond = end < start ? -1 : 1;
    step = n == 3 ? args[1].i : beyond;
    if (n == 3 && end < start && step > 0)
        return 0;
    struct value list;
    if (until_step(x, start, wrap_add(end, beyond), step, &list) < 0)
        return err_code(x->cx);
    for (size_t i = 0; i < list.list->len; i++)
        buf_fmt(&out, "%s%ld", i ? " " : "", list.list->at[i].i);
    return fn_take(x, &out, ret);
}

/* Folds the arguments by a decimal operation, starting with `first`. */
static int fold(struct exec *x, double first, const struct value *args, size_t n, enum decimal_op op,
                struct value *ret)
{
    double *operands = ARENA_ARRAY(x->cx->arena, double, n + 1);
    operands[0] = first;
    for (size_t i = 0; i < n; i++)
        operands[i + 1] = fn_to_float(args[i]);
    double result;
    if (decimal_fold(x->cx, op, operands, n + 1, &result) < 0)
        return err_code(x->cx);
    *ret = v_float(result);
    return 0;
}

FN(fn_add1f)
{
    static const struct value one = { .type = V_INT, .i = 1 };
    return fold(x, fn_to_float(args[0]), &one, 1, DECIMAL_ADD, ret);
}

FN(fn_addf)
{
    return fold(x, 0, args, n, DECIMAL_ADD, ret);
}

FN(fn_subf)
{
    return fold(x, fn_to_float(args[0]), args + 1, n - 1, DECIMAL_SUB, ret);
}

FN(fn_mulf)
{
    return fold(x, fn_to_float(args[0]), args + 1, n - 1, DECIMAL_MUL, ret);
}

FN(fn_divf)
{
    return fold(x, fn_to_float(args[0]), args + 1, n - 1, DECIMAL_DIV, ret);
}

static const struct function rows[] = {
    { "int", "a", fn_int },         { "int64", "a", fn_int64 },
    { "float64", "a", fn_float64 }, { "toDecimal", "a", fn_to_decimal },
    { "add", "a*", fn_add },        { "add1", "a", fn_add1 },
    { "sub", "aa", fn_sub },        { "mul", "aa*", fn_mul },
    { "div", "aa", fn_div },        { "mod", "aa", fn_mod },
    { "max", "aa*", fn_max },       { "biggest", "aa*", fn_max },
    { "min", "aa*", fn_min },       { "maxf", "aa*", fn_maxf },
    { "minf", "aa*", fn_minf },     { "floor", "a", fn_floor },
    { "ceil", "a", fn_ceil },       { "round", "aif*", fn_round },
    { "until", "i", fn_until },     { "untilStep", "iii", fn_until_step },
    { "seq", "i*", fn_seq },        { "add1f", "a", fn_add1f },
    { "addf", "a*", fn_addf },      { "subf", "aa*", fn_subf },
    { "mulf", "aa*", fn_mulf },     { "divf", "aa*", fn_divf },
};
const struct function_table fn_numbers = { rows, ARRAY_LEN(rows) };
