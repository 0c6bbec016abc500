/*
 * rune.h: code points as Go's unicode and utf8 packages see them.
 *
 * For text that people see through Go's eyes: templates, quoted strings, letters in identifiers. Bytes that are no UTF-8
 * read as U+FFFD of width 1. Pure functions, any thread. Rejected: the C library's wide characters, whose answers depend
 * on the locale.
 */
#ifndef GOTK_BASE_RUNE_H
#define GOTK_BASE_RUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNE_ERROR 0xFFFDu
#define RUNE_MAX   0x10FFFFu

/* The code point at the start of `n` bytes (n > 0) and its width in bytes. */
uint32_t rune_decode(const char *s, size_t n, size_t *ret_width);
/* The code point that ends `n` bytes (n > 0) and its width in bytes. */
uint32_t rune_decode_last(const char *s, size_t n, size_t *ret_width);
/* Writes the UTF-8 of a code point and returns its width (1 to 4); what is no code point becomes U+FFFD. */
size_t rune_encode(uint32_t rune, char out[4]);
/* How many code points `n` bytes hold. */
size_t rune_count(const char *s, size_t n);
/* Categories L, Nd, Lu, Ll. */
bool rune_is_letter(uint32_t rune);
bool rune_is_digit(uint32_t rune);
bool rune_is_upper(uint32_t rune);
bool rune_is_lower(uint32_t rune);
/* Categories N and P. */
bool rune_is_number(uint32_t rune);
bool rune_is_punct(uint32_t rune);
/* White_Space, as unicode.IsSpace. */
bool rune_is_space(uint32_t rune);
/* Letters, marks, numbers, punctuation, symbols and the ASCII space, as unicode.IsPrint. */
bool rune_is_print(uint32_t rune);
/* The simple case mappings; a code point without one is its own. */
uint32_t rune_upper(uint32_t rune);
uint32_t rune_lower(uint32_t rune);
uint32_t rune_title(uint32_t rune);

#endif
