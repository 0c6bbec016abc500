/*
 * gofmt.h: printing as Go's fmt package does it.
 *
 * Templates print through this, printf and friends are this. Nothing here fails: a wrong verb prints as Go's complaint
 * (%!d(string=x)). One thread; what is written belongs to the buffer.
 */
#ifndef GOTK_HELM_TEMPLATE_GOFMT_H
#define GOTK_HELM_TEMPLATE_GOFMT_H

#include "helm-controller/template/value.h"
#include "libgotk/base/buf.h"

/* What an action of a template prints: <no value> for V_INVALID, else as %v. */
void gofmt_print(struct buf *out, struct value v);
/* %v; gofmt_followed prints what a pointer points to. */
void gofmt_value(struct buf *out, struct value v);
void gofmt_followed(struct buf *out, struct value v);
/* Sprint: a space between operands when neither is a string. Sprintln: always, and a newline. */
void gofmt_sprint(struct buf *out, const struct value *args, size_t n);
void gofmt_sprintln(struct buf *out, const struct value *args, size_t n);
void gofmt_sprintf(struct buf *out, struct strv format, const struct value *args, size_t n);
/* A float64 as strconv.FormatFloat(f, verb, precision, 64); precision -1: the fewest digits that read back. The verbs
 * are b e E f g G x X. `out` has room for the digits asked for and 400 more bytes; returns the length. */
size_t gofmt_float(char *out, size_t size, double f, char verb, int precision);

#endif
