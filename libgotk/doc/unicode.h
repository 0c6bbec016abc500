/*
 * unicode.h: code points as Go's unicode package sees them. Private to libgotk/doc. Pure functions.
 */
#ifndef GOTK_DOC_UNICODE_H
#define GOTK_DOC_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* Categories L and Nd. */
bool unicode_is_letter(uint32_t rune);
bool unicode_is_digit(uint32_t rune);

/* The code point at `text` (not empty) and its width in bytes. NODE_NUL is 0; a byte that starts no valid sequence is
 * U+FFFD of width 1, as in Go. */
uint32_t unicode_decode(const char *text, int *ret_width);

#endif
