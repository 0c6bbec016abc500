/*
 * json.h: JSON text to documents and back, as Go's encoding/json does it.
 *
 * The reader is strict (RFC 8259, UTF-8, no duplicate keys, depth at most 1000) and names line and column; half a
 * surrogate pair in an escape becomes U+FFFD. The printer writes what Go would: keys sorted, <, > and & escaped when asked,
 * bytes that are no UTF-8 as \ufffd. Any thread.
 */
#ifndef GOTK_DOC_JSON_H
#define GOTK_DOC_JSON_H

#include "libgotk/base/buf.h"
#include "libgotk/doc/doc.h"

enum json_style {
    JSON_COMPACT = 0,     /* members in document order, no spaces */
    JSON_SORTED = 1,      /* members sorted by key bytes */
    JSON_HTML_ESCAPE = 2, /* < > & as \u00XX, as Go's json.Marshal (U+2028 and U+2029 always are) */
    JSON_INDENT = 4,      /* two spaces, as json.MarshalIndent(v, "", "  ") */
    JSON_GO = JSON_SORTED | JSON_HTML_ESCAPE,
};

/* Parses one JSON value spanning all `len` bytes. `name` (a file or URL) heads the messages: "name:line:column: ...".
 * The tree lives in cx->arena. Fails with ERR_INVALID, or ERR_LIMIT when the arena is full. */
int json_parse(struct ctx *cx, const char *text, size_t len, const char *name,
               struct doc **ret_doc) MUST_CHECK;

/*
 * Reads one JSON value as Go's json.Decoder does: the last of equal keys counts, bytes that are no UTF-8 are U+FFFD.
 * ERR_INVALID with Go's words, e.g. "unexpected EOF"; ERR_LIMIT beyond depth or memory.
 */
int json_read_go(struct ctx *cx, const char *text, size_t len, struct doc **ret_doc) MUST_CHECK;

/* Appends the document to `out` in the given style. */
void json_print(struct buf *out, const struct doc *d, int style);

/* The document as a string in `a` (at most 64 MiB). */
char *json_text(struct arena *a, const struct doc *d, int style);

#endif
