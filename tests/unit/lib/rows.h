/*
 * rows.h: golden tables whose rows are several texts: *.rows below tests/golden.
 *
 *     # comment, before the first row
 *     === name of the row
 *     @@ name of a section
 *     lines, up to the next marker
 *     @@ name of a section base64
 *     for text that does not end with a newline, or holds bytes an editor would spoil
 *
 * The section "want" is what must come out, "error" a part of the message. Rejected: JSON lines, where YAML is no longer
 * readable; a folder of files for each of a thousand rows.
 */
#ifndef GOTK_TESTS_ROWS_H
#define GOTK_TESTS_ROWS_H

#include "libgotk/base/vec.h"
#include "tests/unit/lib/unit.h"

struct rows_section {
    const char *name;
    const char *text;
    size_t len;
};

VEC_NAMED(rows_sections, struct rows_section);

struct rows_row {
    const char *name;
    int line; /* of its "===" */
    struct rows_sections sections;
};

/* A section's text; NULL when the row has none of that name. */
const char *rows_text(const struct rows_row *row, const char *section);

/* The first line of a section. */
const char *rows_word(struct ctx *cx, const struct rows_row *row, const char *section);

/* True when `rc` and the text that came out (NULL: none) are what "want" or "error" say; else complains, with the row's
 * place. Clears the error. */
bool rows_agree(struct ctx *cx, const struct rows_row *row, int rc, const char *got);

/* Hands each row of tests/golden/<table> to `check`, with a context of its own; fails the test unless there are `count`
 * rows and `check` is content with all of them. */
void rows_check(const char *table, size_t count, bool (*check)(struct ctx *cx, const struct rows_row *row));

/* One line of a table in *.tsv: its cells, and where it stands. Lines that start with "#" are comments. */
struct rows_line {
    char **cells;
    size_t len;
    int line;
};

VEC_NAMED(rows_lines, struct rows_line);

/* As rows_check for a table of lines; `check` is handed all of them and the number of the one to look at. */
void rows_check_lines(const char *table, size_t count,
                      bool (*check)(struct ctx *cx, const struct rows_lines *all, size_t i));

/* True when both texts are the same; else complains, with the line's place. */
bool rows_same(const struct rows_line *line, const char *want, const char *got);

#endif
