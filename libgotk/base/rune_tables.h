/*
 * rune_tables.h: the data behind rune.h. Private to libgotk/base; constant, any thread.
 */
#ifndef GOTK_BASE_RUNE_TABLES_H
#define GOTK_BASE_RUNE_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* Every stride-th code point from first to last. */
struct rune_range {
    uint32_t first;
    uint32_t last;
    uint32_t stride;
};

/* What to add to such code points for their upper, lower and title case. */
struct rune_case {
    uint32_t first;
    uint32_t last;
    uint32_t stride;
    int32_t upper;
    int32_t lower;
    int32_t title;
};

/* Sorted by their last code point; those of a kind do not overlap. */
extern const struct rune_range rune_letters[], rune_digits[], rune_printable[], rune_uppers[], rune_lowers[],
    rune_punctuation[], rune_numbers[];
extern const size_t rune_letters_count, rune_digits_count, rune_printable_count, rune_uppers_count,
    rune_lowers_count, rune_punctuation_count, rune_numbers_count;
/* Sorted by their first code point; neighbours with a stride of two may interleave. */
extern const struct rune_case rune_cases[];
extern const size_t rune_cases_count;

#endif
