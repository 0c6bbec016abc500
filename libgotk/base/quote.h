/*
 * quote.h: strings in quotes as Go's strconv writes and reads them.
 *
 * Pure functions; results live in arenas. Any thread.
 */
#ifndef GOTK_BASE_QUOTE_H
#define GOTK_BASE_QUOTE_H

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <stdint.h>

/* "..." with Go's escapes; printable Unicode stays, bytes that are no UTF-8 become \xHH. */
char *quote_go(struct arena *a, const char *s, size_t n);
/* Appends the same to `out`: only ASCII when `ascii` is set. */
void quote_to(struct buf *out, const char *s, size_t n, bool ascii);
/* Appends a code point in single quotes, as strconv.QuoteRune (AppendQuoteRuneToASCII when `ascii`). */
void quote_rune_to(struct buf *out, uint32_t rune, bool ascii);
/* True when the text can stand between back quotes: one line, no control characters, no back quote. */
bool quote_can_back(const char *s, size_t n);
/* "U+002D '-'", as %#U prints a code point. */
char *quote_rune_name(struct arena *a, uint32_t rune);
/* The string that a Go literal in double or back quotes stands for; false when it is malformed. */
bool quote_undo(struct arena *a, struct strv literal, struct strv *ret);
/* One character of a literal in `quote` quotes (escapes included) at *p, which moves on; bytes of \x and octal escapes
 * give *ret_byte. False when it is malformed. */
bool quote_undo_char(const char **p, const char *end, char quote, uint32_t *ret, bool *ret_byte);

#endif
