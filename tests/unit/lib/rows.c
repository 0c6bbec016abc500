/*
 * rows.c: see rows.h.
 */
#include "tests/unit/lib/rows.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <string.h>

#define FILE_MAX ((size_t)8 << 20)

VEC_NAMED(rows_rows, struct rows_row);

static void decode(struct ctx *cx, struct rows_section *s)
{
    char *data = NULL;
    if (!str_ends(s->name, " base64"))
        return;
    s->name = str_ndup(cx->arena, s->name, strlen(s->name) - strlen(" base64"));
    assert_ok(cx,
              base64_decode(cx, str_trim(cx->arena, str_ndup(cx->arena, s->text, s->len)), &data, &s->len));
    s->text = data;
}

/* Ends a text where the next marker begins. */
static void close_section(struct ctx *cx, struct rows_row *row, const char *end)
{
    if (!row || !row->sections.len)
        return;
    struct rows_section *s = &row->sections.at[row->sections.len - 1];
    bool last = end[0] != '@';
    size_t len = (size_t)(end - s->text);
    /* An empty line stands between rows. */
    if (last && len && end[0] && s->text[len - 1] == '\n')
        len--;
    s->len = len;
    s->text = str_ndup(cx->arena, s->text, len);
    decode(cx, s);
}

static const char *marker_name(struct ctx *cx, const char *line)
{
    const char *name = strchr(line, ' ') + 1;
    return str_ndup(cx->arena, name, strcspn(name, "\n"));
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

static struct rows_rows read_table(struct ctx *cx, const char *path)
{
    struct rows_rows rows = { 0 };
    struct rows_row *row = NULL;
    struct buf text = { 0 };
    int number = 1;
    assert_ok(cx, fs_read_file(cx, path, FILE_MAX, &text));
    const char *line = buf_text(&text);
    for (; *line; line = next_line(line), number++) {
        bool opens = str_starts(line, "=== ");
        if (!opens && !str_starts(line, "@@ "))
            continue;
        close_section(cx, row, line);
        if (opens) {
            vec_push(cx->arena, &rows, (struct rows_row){ .name = marker_name(cx, line), .line = number });
            row = &rows.at[rows.len - 1];
        } else {
            assert_non_null(row);
            vec_push(cx->arena, &row->sections,
                     (struct rows_section){ .name = marker_name(cx, line), .text = next_line(line) });
        }
    }
    close_section(cx, row, line);
    return rows;
}

const char *rows_text(const struct rows_row *row, const char *section)
{
    for (size_t i = 0; i < row->sections.len; i++)
        if (!strcmp(row->sections.at[i].name, section))
            return row->sections.at[i].text;
    return NULL;
}

const char *rows_word(struct ctx *cx, const struct rows_row *row, const char *section)
{
    const char *text = str_or(rows_text(row, section), "");
    return str_ndup(cx->arena, text, strcspn(text, "\n"));
}

bool rows_agree(struct ctx *cx, const struct rows_row *row, int rc, const char *got)
{
    const char *want = rows_text(row, "want");
    const char *error = want ? NULL : rows_word(cx, row, "error");
    const char *message = str_dup(cx->arena, err_message(cx));
    err_clear(cx);
    if (want && rc >= 0 && !strcmp(str_or(got, ""), want))
        return true;
    if (error && rc < 0 && strstr(message, error))
        return true;
    print_error("line %d, %s: wanted %s'%s', got %s'%s'\n", row->line, row->name, error ? "the error " : "",
                error ? error : want, rc < 0 ? "the error " : "", rc < 0 ? message : str_or(got, ""));
    return false;
}

static bool check_row(const struct rows_row *row, bool (*check)(struct ctx *cx, const struct rows_row *row))
{
    void *state = NULL;
    unit_setup(&state);
    bool good = check(unit_cx(&state), row);
    unit_teardown(&state);
    return good;
}

void rows_check(const char *table, size_t count, bool (*check)(struct ctx *cx, const struct rows_row *row))
{
    void *state = NULL;
    size_t passed = 0;
    unit_setup(&state);
    struct ctx *cx = unit_cx(&state);
    struct rows_rows rows = read_table(cx, str_fmt(cx->arena, "tests/golden/%s", table));
    for (size_t i = 0; i < rows.len; i++)
        passed += check_row(&rows.at[i], check);
    size_t read = rows.len;
    unit_teardown(&state);
    if (passed != count || read != count)
        fail_msg("%s: %zu of %zu rows as they should be, %zu expected", table, passed, read, count);
}

static struct rows_lines read_lines(struct ctx *cx, const char *path)
{
    struct rows_lines lines = { 0 };
    struct buf text = { 0 };
    size_t count = 0;
    assert_ok(cx, fs_read_file(cx, path, FILE_MAX, &text));
    char **all = str_split(cx->arena, buf_text(&text), '\n', &count);
    for (size_t i = 0; i < count; i++) {
        struct rows_line line = { .line = (int)i + 1 };
        if (!all[i][0] || all[i][0] == '#')
            continue;
        line.cells = str_split(cx->arena, all[i], '\t', &line.len);
        vec_push(cx->arena, &lines, line);
    }
    return lines;
}

static bool check_line(const struct rows_lines *all, size_t i,
                       bool (*check)(struct ctx *cx, const struct rows_lines *all, size_t i))
{
    void *state = NULL;
    unit_setup(&state);
    bool good = check(unit_cx(&state), all, i);
    unit_teardown(&state);
    return good;
}

void rows_check_lines(const char *table, size_t count,
                      bool (*check)(struct ctx *cx, const struct rows_lines *all, size_t i))
{
    void *state = NULL;
    size_t passed = 0;
    unit_setup(&state);
    struct ctx *cx = unit_cx(&state);
    struct rows_lines lines = read_lines(cx, str_fmt(cx->arena, "tests/golden/%s", table));
    for (size_t i = 0; i < lines.len; i++)
        passed += check_line(&lines, i, check);
    size_t read = lines.len;
    unit_teardown(&state);
    if (passed != count || read != count)
        fail_msg("%s: %zu of %zu lines as they should be, %zu expected", table, passed, read, count);
}

bool rows_same(const struct rows_line *line, const char *want, const char *got)
{
    if (!strcmp(want, got))
        return true;
    print_error("line %d, %s: wanted '%s', got '%s'\n", line->line, line->cells[0], want, got);
    return false;
}
