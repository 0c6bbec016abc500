/*
 * unicode.h: the code points of node texts; what they are is told by libgotk/base/rune.h. Private to libgotk/doc. Pure functions.
 */
#ifndef GOTK_DOC_UNICODE_H
#define GOTK_DOC_UNICODE_H

#include <stdint.h>

/* As unicode_decode, for what is no ASCII. */
uint32_t unicode_decode_wide(const char *text, int *ret_width);

/* The code point at `text` (not empty) and its width in bytes. NODE_NUL is 0; a byte that starts no valid sequence is
 * U+FFFD of width 1, as in Go. */
static inline uint32_t unicode_decode(const char *text, int *ret_width)
{
    unsigned char c = (unsigned char)*text;
    if (c >= 0x80)
        return unicode_decode_wide(text, ret_width);
    *ret_width = 1;
    return c;
}

#endif
