/*
 * yml_scalar.h: what a plain YAML scalar means. Private to libgotk/doc.
 *
 * One set of rules serves the reader (is `0o17` a number?) and the printer (must "0o17" be quoted?), so that what is
 * printed reads back. Pure functions.
 */
#ifndef GOTK_DOC_YML_SCALAR_H
#define GOTK_DOC_YML_SCALAR_H

#include "libgotk/doc/yml.h"

enum yml_type {
    YML_STRING = 0,
    YML_NULL,
    YML_BOOL,
    YML_INT,
    YML_FLOAT,
    YML_TIME,
};

#define YML_TIME_MAX 48

struct yml_value {
    enum yml_type type;
    bool truth;
    bool negative;           /* YML_INT */
    uint64_t magnitude;      /* YML_INT */
    double real;             /* YML_FLOAT; may be infinite or no number */
    char time[YML_TIME_MAX]; /* YML_TIME, as RFC 3339 */
};

/* What the text of a plain scalar without a tag stands for under `rules` (enum yml_rules). */
struct yml_value yml_resolve(const char *text, int rules);

/* As yml_resolve for a scalar tagged with one of the core types: timestamps only when `times`. */
struct yml_value yml_resolve_tagged(const char *text, int rules, bool times);

/* The tag of a type, e.g. "!!int". */
const char *yml_type_tag(enum yml_type type);

/* The number of a value of type YML_INT or YML_FLOAT (finite) as a JSON literal in `a`. */
char *yml_literal(struct arena *a, const struct yml_value *v);

/* Reads a date or a date with a time as go-yaml does and writes it as RFC 3339 with as many digits of the second as it
 * has; false when it is none. */
bool yml_timestamp(const char *text, char ret_time[YML_TIME_MAX]);

#endif
