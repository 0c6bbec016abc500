/*
 * number.h: number literals: their grammar, their value, and how Go writes a float. Private to libgotk/doc.
 *
 * Documents keep numbers as text, so that no digit is lost; this is all the arithmetic they need. Pure functions.
 */
#ifndef GOTK_DOC_NUMBER_H
#define GOTK_DOC_NUMBER_H

#include "libgotk/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* The length of the JSON number that starts at `s` (at most `n` bytes); 0 when none does. */
size_t number_scan(const char *s, size_t n);

/* True when two JSON literals have the same value, exactly: 1, 1.0 and 10e-1 are equal, 2^53 and 2^53+1 are not. */
bool number_equal(const char *a, const char *b);

/* The literal Go's encoding/json writes for a finite float64: the shortest that reads back, in `a`. */
char *number_print(struct arena *a, double value);

/* As number_print in strconv's 'g' format with the shortest precision, as go-yaml prints floats: 1e+06, 0.0001. */
char *number_print_g(struct arena *a, double value);

/* As number_print in strconv's 'f' format with the shortest precision: all digits, no exponent. */
char *number_print_f(struct arena *a, double value);

/* As number_print_g for the value cut to a float32, as sigs.k8s.io/yaml prints floats that are keys. */
char *number_print_g32(struct arena *a, double value);

#endif
