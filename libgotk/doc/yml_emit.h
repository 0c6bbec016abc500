/*
 * yml_emit.h: the state of the YAML printer, shared by its two files. Private to libgotk/doc.
 *
 * The layout rules depend on what was just written, so that is all the state there is: the column, and whether the line
 * holds nothing but white space and markers yet.
 */
#ifndef GOTK_DOC_YML_EMIT_H
#define GOTK_DOC_YML_EMIT_H

#include "libgotk/base/buf.h"

#include <stdint.h>

struct emitter {
    struct buf *out;
    struct arena *scratch; /* for sorting and numbers; made when first needed */
    int column;            /* in characters */
    bool ordered;          /* members in document order */
    bool pretty;           /* as go-yaml v3's encoder: see yml_print_pretty */
    bool space;            /* what was written last separates: a marker needs no space before it */
    bool fresh;            /* the line holds indentation and "-", "?", ":" markers alone */
};

/* Where a scalar stands. */
enum yml_place {
    YML_PLACE_VALUE, /* may be folded and may be a block */
    YML_PLACE_KEY,   /* must stay on one line */
};

/* Writes one byte; a line break. */
void yml_put(struct emitter *e, char c);
void yml_break(struct emitter *e);

/* Moves to column `indent` of a line that holds nothing else. */
void yml_indent(struct emitter *e, int indent);

/* Writes a marker such as "-" or ":", after a space when `apart`; `opens`: what follows may stand on the same line as
 * if it were indented. */
void yml_marker(struct emitter *e, const char *marker, bool apart, bool opens);

/* Writes a string in the style go-yaml v2 picks; continuation lines are indented by `indent`. */
void yml_string(struct emitter *e, const char *s, int indent, enum yml_place place);

/* Writes text that needs no quotes. */
void yml_bare(struct emitter *e, const char *s);

/* True when a string fits on one line before its ':'. */
bool yml_is_simple_key(const char *s);

#endif
