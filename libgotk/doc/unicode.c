/*
 * unicode.c: the code points of node texts; the contract is in unicode.h. Any thread, no state.
 */
#include "libgotk/doc/unicode.h"

#include "libgotk/base/rune.h"

#include <stdbool.h>
#include <string.h>

uint32_t unicode_decode(const char *text, int *ret_width)
{
    const unsigned char *s = (const unsigned char *)text;
    bool nul = s[0] == 0xC0 && s[1] == 0x80;
    size_t width;
    *ret_width = nul ? 2 : 1;
    if (nul || s[0] < 0x80)
        return nul ? 0 : s[0];
    uint32_t rune = rune_decode(text, strnlen(text, 4), &width);
    *ret_width = (int)width;
    return rune;
}
