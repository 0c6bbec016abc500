/*
 * linediff.c: unified diffs; the contract is in linediff.h.
 */
#include "libgotk/base/linediff.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

#define CONTEXT   3
#define CELLS_MAX ((size_t)4 << 20) /* of the table, four bytes each */

VEC_NAMED(lines, struct strv);

/* One line of the diff: ' ' in both, '-' only before, '+' only after. */
struct edit {
    char sign;
    struct strv line;
};

struct diff {
    struct arena *arena;
    struct lines a;
    struct lines b;
    VEC(struct edit) edits;
};

static struct lines split(struct arena *a, const char *text)
{
    struct lines list = { 0 };
    while (*text) {
        size_t n = strcspn(text, "\n");
        struct strv line = { text, n };
        vec_push(a, &list, line);
        text += n + (text[n] == '\n');
    }
    return list;
}

static bool same(const struct strv *x, const struct strv *y)
{
    return x->n == y->n && memcmp(x->p, y->p, x->n) == 0;
}

static void add(struct diff *d, char sign, const struct strv *line)
{
    struct edit e = { sign, *line };
    vec_push(d->arena, &d->edits, e);
}

static void replace_all(struct diff *d, size_t from, size_t a_end, size_t b_end)
{
    for (size_t i = from; i < a_end; i++)
        add(d, '-', &d->a.at[i]);
    for (size_t j = from; j < b_end; j++)
        add(d, '+', &d->b.at[j]);
}

/* table[i][j]: how many lines the rest of a from i and the rest of b from j have in common. */
static uint32_t *fill_table(const struct diff *d, size_t from, size_t n, size_t m)
{
    uint32_t *table = ARENA_ARRAY(d->arena, uint32_t, (n + 1) * (m + 1));
    for (size_t i = n; i-- > 0;)
        for (size_t j = m; j-- > 0;) {
            uint32_t down = table[(i + 1) * (m + 1) + j], right = table[i * (m + 1) + j + 1];
            if (same(&d->a.at[from + i], &d->b.at[from + j]))
                table[i * (m + 1) + j] = table[(i + 1) * (m + 1) + j + 1] + 1;
            else
                table[i * (m + 1) + j] = down > right ? down : right;
        }
    return table;
}

/* Lines from..a_end of a against from..b_end of b. */
static void compare_middle(struct diff *d, size_t from, size_t a_end, size_t b_end)
{
    size_t n = a_end - from, m = b_end - from, i = 0, j = 0;
    if (n && m && (n + 1) > CELLS_MAX / (m + 1)) {
        replace_all(d, from, a_end, b_end);
        return;
    }
    uint32_t *table = fill_table(d, from, n, m);
    while (i < n && j < m) {
        if (same(&d->a.at[from + i], &d->b.at[from + j])) {
            add(d, ' ', &d->a.at[from + i++]);
            j++;
        } else if (table[(i + 1) * (m + 1) + j] >= table[i * (m + 1) + j + 1]) {
            add(d, '-', &d->a.at[from + i++]);
        } else {
            add(d, '+', &d->b.at[from + j++]);
        }
    }
    for (; i < n; i++)
        add(d, '-', &d->a.at[from + i]);
    for (; j < m; j++)
        add(d, '+', &d->b.at[from + j]);
}

static void compare(struct diff *d)
{
    size_t from = 0, a_end = d->a.len, b_end = d->b.len;
    while (from < a_end && from < b_end && same(&d->a.at[from], &d->b.at[from]))
        from++;
    while (a_end > from && b_end > from && same(&d->a.at[a_end - 1], &d->b.at[b_end - 1])) {
        a_end--;
        b_end--;
    }
    for (size_t i = 0; i < from; i++)
        add(d, ' ', &d->a.at[i]);
    compare_middle(d, from, a_end, b_end);
    for (size_t i = a_end; i < d->a.len; i++)
        add(d, ' ', &d->a.at[i]);
}

/* The end of the hunk that begins at edit `begin`: behind the context of its last change. */
static size_t hunk_end(const struct diff *d, size_t begin)
{
    size_t last = begin;
    for (size_t i = begin; i < d->edits.len && i <= last + 2 * CONTEXT + 1; i++)
        if (d->edits.at[i].sign != ' ')
            last = i;
    return last + CONTEXT + 1 < d->edits.len ? last + CONTEXT + 1 : d->edits.len;
}

/* "12,3"; a single line needs no count, and an empty side names the line before it. */
static void print_range(struct buf *out, char sign, size_t start, size_t count)
{
    buf_fmt(out, " %c%zu", sign, count ? start + 1 : start);
    if (count != 1)
        buf_fmt(out, ",%zu", count);
}

static void print_hunk(struct buf *out, const struct diff *d, size_t begin, size_t end, size_t a_line,
                       size_t b_line)
{
    size_t a_count = 0, b_count = 0;
    for (size_t i = begin; i < end; i++) {
        a_count += d->edits.at[i].sign != '+';
        b_count += d->edits.at[i].sign != '-';
    }
    buf_str(out, "@@");
    print_range(out, '-', a_line, a_count);
    print_range(out, '+', b_line, b_count);
    buf_str(out, " @@\n");
    for (size_t i = begin; i < end; i++) {
        buf_char(out, d->edits.at[i].sign);
        buf_add(out, d->edits.at[i].line.p, d->edits.at[i].line.n);
        buf_char(out, '\n');
    }
}

static void print_hunks(struct buf *out, const struct diff *d)
{
    size_t a_line = 0, b_line = 0, printed = 0;
    for (size_t i = 0; i < d->edits.len;) {
        if (d->edits.at[i].sign == ' ') {
            i++;
            continue;
        }
        size_t begin = i - printed > CONTEXT ? i - CONTEXT : printed, end = hunk_end(d, i);
        for (size_t k = printed; k < begin; k++, a_line++, b_line++)
            ;
        print_hunk(out, d, begin, end, a_line, b_line);
        for (size_t k = begin; k < end; k++) {
            a_line += d->edits.at[k].sign != '+';
            b_line += d->edits.at[k].sign != '-';
        }
        i = printed = end;
    }
}

void linediff_unified(struct buf *out, const char *before, const char *after)
{
    struct diff d = { .arena = out->arena, .a = split(out->arena, before), .b = split(out->arena, after) };
    compare(&d);
    print_hunks(out, &d);
}
