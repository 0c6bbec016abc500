/*
 * unicode.h: the code points of node texts; what they are is told by libgotk/base/rune.h. Private to libgotk/doc. Pure functions.
 */
#ifndef GOTK_DOC_UNICODE_H
#define GOTK_DOC_UNICODE_H

#include <stdint.h>

/* The code point at `text` (not empty) and its width in bytes. NODE_NUL is 0; a byte that starts no valid sequence is
 * U+FFFD of width 1, as in Go. */
uint32_t unicode_decode(const char *text, int *ret_width);

#endif
