/*
 * rune.c: code points; the contract is in rune.h. ASCII is answered here, all else by the tables. Any thread, no state.
 */
#include "libgotk/base/rune.h"

#include "libgotk/base/rune_tables.h"
#include "libgotk/base/str.h"

#include <string.h>

uint32_t rune_decode(const char *s, size_t n, size_t *ret_width)
{
    const unsigned char *p = (const unsigned char *)s;
    if (n && *p < 0x80) { /* most text there is */
        *ret_width = 1;
        return *p;
    }
    size_t width = str_utf8_len(s, n);
    *ret_width = width ? width : 1;
    switch (width) {
    case 1:
        return p[0];
    case 2:
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    case 3:
        return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    case 4:
        return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
    default:
        return RUNE_ERROR;
    }
}

uint32_t rune_decode_last(const char *s, size_t n, size_t *ret_width)
{
    for (size_t width = 1; width <= 4 && width <= n; width++) {
        if (((unsigned char)s[n - width] & 0xC0) == 0x80)
            continue;
        uint32_t rune = rune_decode(s + n - width, width, ret_width);
        if (*ret_width == width)
            return rune;
        break;
    }
    *ret_width = 1;
    return RUNE_ERROR;
}

size_t rune_encode(uint32_t rune, char out[4])
{
    if (rune > RUNE_MAX || (rune >= 0xD800 && rune <= 0xDFFF))
        rune = RUNE_ERROR;
    if (rune < 0x80) {
        out[0] = (char)rune;
        return 1;
    }
    size_t width = rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    for (size_t i = width - 1; i > 0; i--, rune >>= 6)
        out[i] = (char)(0x80 | (rune & 0x3F));
    out[0] = (char)((width == 2 ? 0xC0 : width == 3 ? 0xE0 : 0xF0) | rune);
    return width;
}

size_t rune_count(const char *s, size_t n)
{
    size_t count = 0, width;
    for (size_t i = 0; i < n; i += width, count++)
        rune_decode(s + i, n - i, &width);
    return count;
}

static bool in_ranges(const struct rune_range *ranges, size_t count, uint32_t rune)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rune > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && rune >= ranges[low].first && (rune - ranges[low].first) % ranges[low].stride == 0;
}

static bool is_ascii_letter(uint32_t rune)
{
    return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
}

bool rune_is_letter(uint32_t rune)
{
    return rune < 0x80 ? is_ascii_letter(rune) : in_ranges(rune_letters, rune_letters_count, rune);
}

bool rune_is_digit(uint32_t rune)
{
    return rune < 0x80 ? rune >= '0' && rune <= '9' : in_ranges(rune_digits, rune_digits_count, rune);
}

bool rune_is_upper(uint32_t rune)
{
    return rune < 0x80 ? rune >= 'A' && rune <= 'Z' : in_ranges(rune_uppers, rune_uppers_count, rune);
}

bool rune_is_lower(uint32_t rune)
{
    return rune < 0x80 ? rune >= 'a' && rune <= 'z' : in_ranges(rune_lowers, rune_lowers_count, rune);
}

bool rune_is_number(uint32_t rune)
{
    return rune < 0x80 ? rune_is_digit(rune) : in_ranges(rune_numbers, rune_numbers_count, rune);
}

bool rune_is_punct(uint32_t rune)
{
    if (rune >= 0x80)
        return in_ranges(rune_punctuation, rune_punctuation_count, rune);
    return rune_is_print(rune) && rune != ' ' && !is_ascii_letter(rune) && !rune_is_digit(rune) &&
           !strchr("$+<=>^`|~", (int)rune);
}

bool rune_is_space(uint32_t rune)
{
    return rune == ' ' || (rune >= '\t' && rune <= '\r') || rune == 0x85 || rune == 0xA0 || rune == 0x1680 ||
           (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 || rune == 0x202F ||
           rune == 0x205F || rune == 0x3000;
}

bool rune_is_print(uint32_t rune)
{
    return rune < 0x80 ? rune >= ' ' && rune < 0x7F : in_ranges(rune_printable, rune_printable_count, rune);
}

/* The row of a code point's other cases; NULL when it has none. */
static const struct rune_case *find_case(uint32_t rune)
{
    size_t low = 0, high = rune_cases_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rune < rune_cases[middle].first)
            high = middle;
        else
            low = middle + 1;
    }
    for (size_t i = low; i > 0 && i + 2 > low; i--) {
        const struct rune_case *row = &rune_cases[i - 1];
        if (rune <= row->last && (rune - row->first) % row->stride == 0)
            return row;
    }
    return NULL;
}

static uint32_t moved(uint32_t rune, int32_t by)
{
    return (uint32_t)((int32_t)rune + by);
}

uint32_t rune_upper(uint32_t rune)
{
    if (rune < 0x80)
        return rune_is_lower(rune) ? rune - 0x20 : rune;
    const struct rune_case *row = find_case(rune);
    return row ? moved(rune, row->upper) : rune;
}

uint32_t rune_lower(uint32_t rune)
{
    if (rune < 0x80)
        return rune_is_upper(rune) ? rune + 0x20 : rune;
    const struct rune_case *row = find_case(rune);
    return row ? moved(rune, row->lower) : rune;
}

uint32_t rune_title(uint32_t rune)
{
    if (rune < 0x80)
        return rune_upper(rune);
    const struct rune_case *row = find_case(rune);
    return row ? moved(rune, row->title) : rune;
}
