/*
 * json_scan.h: the words of JSON as Go's encoding/json reads them, for readers whose errors people know by Go's words.
 *
 * The readers (json_read_go makes documents, gojson_parse of the Helm engine typed values) walk the nesting; the words, and
 * what is wrong with them, are here. As Go's scanner does, these see a space behind the end: a number cut short is
 * "invalid character ' '". One thread, texts live in the context's arena.
 */
#ifndef GOTK_DOC_JSON_SCAN_H
#define GOTK_DOC_JSON_SCAN_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"

struct json_scan {
    struct ctx *cx;
    const char *p;
    const char *end;
    bool stream; /* as json.Decoder, to which any end is "unexpected EOF"; else as json.Unmarshal */
};

/* The byte that comes next; a space at the end. */
char json_scan_peek(const struct json_scan *s);
/* Fails with "invalid character 'x' CONTEXT", or as the end of the text does. */
int json_scan_invalid(const struct json_scan *s, const char *context);
/* Moves to what is no white space; fails at the end of the text. */
int json_scan_space(struct json_scan *s) MUST_CHECK;
/* Whether a number starts here, and the number as it is written. */
bool json_scan_at_number(const struct json_scan *s);
int json_scan_number(struct json_scan *s, const char **ret) MUST_CHECK;
/* Behind an opening quote: the string, in which bytes that are no UTF-8 are U+FFFD. */
int json_scan_string(struct json_scan *s, struct strv *ret) MUST_CHECK;
/* true, false or null. */
int json_scan_word(struct json_scan *s, const char *word) MUST_CHECK;

#endif
