/*
 * literal.h: number literals as Go reads them: strconv with base 0, and what a constant of a template may serve as.
 *
 * Pure functions. Any thread.
 */
#ifndef GOTK_HELM_TEMPLATE_LITERAL_H
#define GOTK_HELM_TEMPLATE_LITERAL_H

#include "helm-controller/template/node.h"
#include "libgotk/base/ctx.h"

enum literal_result { LITERAL_OK, LITERAL_SYNTAX, LITERAL_RANGE };

/* strconv.ParseUint(s, base, 64) and ParseInt; base 0 takes the prefixes 0x, 0o, 0b, 0 and underscores. On
 * LITERAL_RANGE *ret is the nearest value there is. */
enum literal_result literal_uint(struct strv s, int base, uint64_t *ret);
enum literal_result literal_int(struct strv s, int base, int64_t *ret);
/* strconv.ParseFloat(s, 64): decimal and hexadecimal, underscores only behind a base prefix, inf, nan. On LITERAL_RANGE
 * *ret is an infinity. */
enum literal_result literal_float(struct strv s, double *ret);
/* A constant of a template, as the parser's newNumber. `kind` is TOKEN_NUMBER, TOKEN_RUNE or TOKEN_COMPLEX. ERR_INVALID
 * with Go's words. */
int literal_number(struct ctx *cx, struct strv text, int kind, struct number *ret) MUST_CHECK;

#endif
