/*
 * toml_scan.h: the characters, keys and scalars of a TOML document. Private to toml_*.c.
 */
#ifndef GOTK_HELM_TEMPLATE_TOML_SCAN_H
#define GOTK_HELM_TEMPLATE_TOML_SCAN_H

#include "helm-controller/template/value.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/map.h"
#include "libgotk/base/rune.h"
#include "libgotk/base/vec.h"

#define TOML_EOF 0u /* a real NUL is refused before anyone sees it */

VEC_NAMED(toml_path, struct strv);

struct toml_reader {
    struct ctx *cx;
    struct strv in;
    size_t start; /* of what is being read */
    size_t pos;
    int line;
    uint8_t widths[4]; /* of the last characters, the newest first: how far to step back */
    bool at_eof;
    bool failed;
    struct buf error;

    struct vmap *root;
    struct toml_path context; /* the table that is being filled */
    struct strv key;          /* the last part of the key whose value is read; empty: none */
    int key_line;             /* where the last key began */
    struct map arrays;        /* paths whose value is an array in brackets */
    struct map implicit;      /* paths of tables that nobody wrote a header for */
    int depth;
};

/* What a piece of text is, as far as values are concerned. */
enum toml_kind { TOML_INTEGER, TOML_FLOAT, TOML_DATE, TOML_BOOL, TOML_STRING };

/* The next character; TOML_EOF at the end. Fails on bytes that are no UTF-8 and on control characters: RUNE_ERROR. */
uint32_t toml_next(struct toml_reader *r);
/* One character back; the next one without taking it; takes it when it is `c`. */
void toml_back(struct toml_reader *r);
uint32_t toml_peek(struct toml_reader *r);
bool toml_accept(struct toml_reader *r, uint32_t c);
/* What is being read so far, and starting anew. */
struct strv toml_current(const struct toml_reader *r);
static inline void toml_ignore(struct toml_reader *r)
{
    r->start = r->pos;
}
void toml_skip_spaces(struct toml_reader *r);
/* Skips a comment whose "#" was taken, up to the line's end. */
void toml_skip_comment(struct toml_reader *r);

static inline bool toml_is_space(uint32_t c)
{
    return c == ' ' || c == '\t';
}
static inline bool toml_is_newline(uint32_t c)
{
    return c == '\n' || c == '\r';
}
static inline bool toml_is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Errors; the first one counts. Of the scanner, at the character that was just read, or on the line before; of a value that
 * ended on `line`. All return -1. */
int toml_fail(struct toml_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
int toml_fail_before(struct toml_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
int toml_fail_on(struct toml_reader *r, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same at the character, with that between two texts: in quotes, escaped, where `quoted` is set. */
int toml_fail_char(struct toml_reader *r, const char *before, uint32_t c, bool quoted, const char *after);

/* A key or a part of a table's name; a string in quotes whose opening quote is next. */
int toml_bare_key(struct toml_reader *r, struct strv *ret);
int toml_quoted_key(struct toml_reader *r, struct strv *ret);
/* The string whose first quote (of kind `quote`) was just taken. */
int toml_string(struct toml_reader *r, char quote, struct strv *ret);
/* The same for one in three quotes. */
int toml_long_string(struct toml_reader *r, char quote, struct strv *ret);
/* A number, date or bool, whose first character was taken where `c` is + or -, and is next otherwise. */
int toml_number(struct toml_reader *r, struct value *ret);
int toml_signed_number(struct toml_reader *r, struct value *ret);
int toml_special_float(struct toml_reader *r, struct value *ret);
int toml_bool(struct toml_reader *r, struct value *ret);

/* a."b c".d */
const char *toml_path_text(struct arena *a, const struct toml_path *path);

#endif
