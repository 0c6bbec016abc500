/*
 * unicode.c: the code points of node texts; the contract is in unicode.h. Any thread, no state.
 */
#include "libgotk/doc/unicode.h"

#include "libgotk/base/rune.h"
#include "libgotk/base/str.h"

#include <string.h>

uint32_t unicode_decode_wide(const char *text, int *ret_width)
{
    size_t width;
    if (str_starts(text, STR_NUL)) {
        *ret_width = (int)strlen(STR_NUL);
        return 0;
    }
    uint32_t rune = rune_decode(text, strnlen(text, 4), &width);
    *ret_width = (int)width;
    return rune;
}
