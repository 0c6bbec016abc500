/*
 * yml_dialect.h: what libyaml and go-yaml read differently: two escapes in texts in double quotes, \/, which libyaml knows and
 * go-yaml refuses, and \', which only go-yaml knows; commas and brackets behind a tag; and a colon at the end of a text, or a
 * question mark in it, in braces or brackets; and byte order marks within a text. Private to the YAML reader.
 */
#ifndef GOTK_DOC_YML_DIALECT_H
#define GOTK_DOC_YML_DIALECT_H

#include "libgotk/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a document was looked at last: libyaml counts characters, not bytes. */
struct yml_dialect_cursor {
    const char *text;
    size_t len;
    size_t index; /* characters before `at` */
    size_t at;
    bool looked; /* whether there is any \/ */
    bool slashed;
};

/* Whether \/ stands between two places (in characters, not before earlier ones). */
bool yml_dialect_slash_in(struct yml_dialect_cursor *s, size_t start, size_t end);

/* The comma right behind the tag of the node that starts at a place (in characters, not before earlier ones); NULL. A
 * verbatim tag, !<x>, ends before it for go-yaml as well, which then misses a space. */
const char *yml_dialect_tag_comma(struct yml_dialect_cursor *s, size_t start, bool *ret_verbatim);

/* The text, in `a`, whose byte at `at` is one that libyaml takes for a part of a tag, too. */
const char *yml_dialect_into_tag(struct arena *a, const char *text, size_t len, size_t at);

/* The text, in `a` and with `*len` changed, without the backslash at `from` and those before other single quotes up to the
 * end of the double quotes that it stands in. What libyaml refuses it can then read; columns behind them are smaller. */
const char *yml_dialect_unquote(struct arena *a, const char *text, size_t *len, size_t from);

/* The text, in `a` and with `*len` changed, with what stands from `from` to before `end` in single quotes: a plain text in braces
 * or brackets that ends in a colon, which libyaml refuses. Such a text is nothing but a string, and is printed in quotes. */
const char *yml_dialect_quote(struct arena *a, const char *text, size_t *len, size_t from, size_t end);

/* The text with the byte order marks that begin a line behind its start (which libyaml skips, and go-yaml takes for a part of
 * what follows) replaced by a character that it does not hold: *ret_stand_in, of three bytes too. NULL there, and the text as it
 * is, when there are none. A second one at the start goes, with `many` also those behind a line "---" that ends a document:
 * *len is less then. */
const char *yml_dialect_hide_marks(struct arena *a, const char *text, size_t *len, bool many,
                                   const char **ret_stand_in);
/* Puts the marks back, in what was read of it. */
void yml_dialect_show_marks(char *text, size_t len, const char *stand_in);

#endif
