/*
 * regex_syntax.h: from Go's regular expression syntax to PCRE2's. Internal to regex.c.
 *
 * Reads the expression as regexp/syntax with the Perl flags does, refuses what that refuses with its words, and writes
 * each construct in the form that means the same to PCRE2. Rejected: handing the pattern on as it is and looking for
 * forbidden constructs, because the two syntaxes differ in what is allowed too (`\s`, `{,n}`, `$`, `[[.a.]]`).
 */
#ifndef GOTK_BASE_REGEX_SYNTAX_H
#define GOTK_BASE_REGEX_SYNTAX_H

#include "libgotk/base/buf.h"

/* Appends `pattern` in PCRE2's syntax to `out`; ERR_INVALID "error parsing regexp: ...: `...`". */
int regex_syntax_translate(struct ctx *cx, const char *pattern, struct buf *out) MUST_CHECK;

#endif
