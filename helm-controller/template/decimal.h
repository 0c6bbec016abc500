/*
 * decimal.h: arithmetic in decimal, as the Go library shopspring/decimal does it for Sprig.
 *
 * Sums, differences and products are exact; quotients have 16 places, rounded half away from zero. Over OpenSSL's big
 * numbers. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_DECIMAL_H
#define GOTK_HELM_TEMPLATE_DECIMAL_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

enum decimal_op { DECIMAL_ADD, DECIMAL_SUB, DECIMAL_MUL, DECIMAL_DIV };

/* operands[0] op operands[1] op ..., from the left; the float64 nearest to the result. ERR_INVALID with Go's words for a
 * zero divisor and for operands that are no finite number. */
int decimal_fold(struct ctx *cx, enum decimal_op op, const double *operands, size_t n,
                 double *ret) MUST_CHECK;

#endif
