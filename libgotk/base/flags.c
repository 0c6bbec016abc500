/*
 * flags.c: reads the command line; the contract is in flags.h. What each kind of flag accepts is in flags_value.c.
 *
 * One pass over argv, as pflag's interspersed parsing does it. Runs in main, before any thread.
 */
#include "libgotk/base/flags_value.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command_line {
    const struct flag *rows;
    size_t n;
    bool *given; /* by row */
    char *const *next;
    char *const *end;
    VEC(const char *) args;
};

static const struct flag *find(const struct command_line *c, const char *name, size_t len)
{
    for (size_t i = 0; i < c->n; i++)
        if (strlen(c->rows[i].name) == len && memcmp(c->rows[i].name, name, len) == 0)
            return &c->rows[i];
    return NULL;
}

static const struct flag *find_short(const struct command_line *c, char shorthand)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->rows[i].shorthand == shorthand)
            return &c->rows[i];
    return NULL;
}

static const char *label(struct arena *a, const struct flag *f)
{
    return f->shorthand ? str_fmt(a, "-%c, --%s", f->shorthand, f->name) : str_fmt(a, "--%s", f->name);
}

static int set(struct ctx *cx, struct command_line *c, const struct flag *f, const char *value)
{
    bool *given = &c->given[f - c->rows];
    if (flags_value_set(cx, f, value, *given) < 0 || (f->check && f->check(cx, value) < 0))
        return err_wrap(cx, "invalid argument %s for \"%s\" flag", quote_go(cx->arena, value, strlen(value)),
                        label(cx->arena, f));
    if (f->deprecated && !*given)
        fprintf(stderr, "Flag --%s has been deprecated, %s\n", f->name, f->deprecated);
    *given = true;
    if (f->given)
        *f->given = true;
    return 0;
}

static int unknown(struct ctx *cx, const struct command_line *c, const char *name)
{
    const char **names = ARENA_ARRAY(cx->arena, const char *, c->n + 1);
    size_t count = 0;
    for (size_t i = 0; i < c->n; i++)
        if (!c->rows[i].deprecated)
            names[count++] = c->rows[i].name;
    names[count++] = "help";
    const char *nearest = str_nearest(name, names, count);
    if (nearest)
        return err_fail(cx, ERR_INVALID, "unknown flag: --%s (did you mean --%s?)", name, nearest);
    return err_fail(cx, ERR_INVALID, "unknown flag: --%s (--help lists the flags)", name);
}

/* What a flag without a value means; NULL: it needs one. */
static const char *alone_of(const struct flag *f)
{
    return f->kind == FLAG_BOOL ? "true" : f->alone;
}

static int take_long(struct ctx *cx, struct command_line *c, const char *word)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    if (!len || *name == '-')
        return err_fail(cx, ERR_INVALID, "bad flag syntax: %s", word);
    const struct flag *f = find(c, name, len);
    if (!f)
        return len == 4 && str_starts(name, "help") ? FLAGS_HELP
                                                    : unknown(cx, c, str_ndup(cx->arena, name, len));
    if (name[len] == '=')
        return set(cx, c, f, name + len + 1);
    if (alone_of(f))
        return set(cx, c, f, alone_of(f));
    if (c->next == c->end)
        return err_fail(cx, ERR_INVALID, "flag needs an argument: --%s", f->name);
    return set(cx, c, f, *c->next++);
}

/* "-vx=1", "-x1", "-x 1": letters of flags without value, then at most one with. */
static int take_short(struct ctx *cx, struct command_line *c, const char *word)
{
    for (const char *p = word + 1; *p; p++) {
        const struct flag *f = find_short(c, *p);
        if (!f && *p == 'h')
            return FLAGS_HELP;
        if (!f)
            return err_fail(cx, ERR_INVALID, "unknown shorthand flag: '%c' in %s", *p, word);
        if (p[1] == '=')
            return set(cx, c, f, p + 2);
        if (!alone_of(f) && p[1])
            return set(cx, c, f, p + 1);
        if (!alone_of(f) && c->next == c->end)
            return err_fail(cx, ERR_INVALID, "flag needs an argument: '%c' in %s", *p, word);
        if (!alone_of(f))
            return set(cx, c, f, *c->next++);
        if (set(cx, c, f, alone_of(f)) < 0)
            return cx->err.code;
    }
    return 0;
}

static int set_defaults(struct ctx *cx, const struct command_line *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct flag *f = &c->rows[i];
        const char *text = flags_value_default(f);
        if (f->given)
            *f->given = false;
        if (flags_value_start(cx, f, text) < 0 || (*text && f->check && f->check(cx, text) < 0))
            return err_wrap(cx, "invalid default \"%s\" for \"--%s\" flag%s%s", text, f->name,
                            f->env ? " from environment variable " : "", str_or(f->env, ""));
    }
    return 0;
}

static int take_word(struct ctx *cx, struct command_line *c, const char *word)
{
    if (word[0] != '-' || !word[1]) {
        vec_push(cx->arena, &c->args, word);
        return 0;
    }
    return word[1] == '-' ? take_long(cx, c, word) : take_short(cx, c, word);
}

int flags_parse(struct ctx *cx, const struct flag *rows, size_t n, int argc, char *const *argv,
                const char *const **ret_args)
{
    struct command_line c = { .rows = rows, .n = n, .end = argv + argc };
    c.given = ARENA_ARRAY(cx->arena, bool, n + 1);
    c.next = argc > 0 ? argv + 1 : argv;
    if (set_defaults(cx, &c) < 0)
        return cx->err.code;
    while (c.next < c.end) {
        const char *word = *c.next++;
        if (str_eq(word, "--"))
            break;
        int rc = take_word(cx, &c, word);
        if (rc != 0)
            return rc;
    }
    while (c.next < c.end)
        vec_push(cx->arena, &c.args, *c.next++);
    vec_push(cx->arena, &c.args, NULL);
    *ret_args = c.args.at;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct flag *const *)a)->name, (*(const struct flag *const *)b)->name);
}

/* "  -v, --verbose word", the left column of the help. */
static const char *left_column(struct arena *a, const struct flag *f, const char *word)
{
    const char *shorthand = f->shorthand ? str_fmt(a, "-%c, ", f->shorthand) : "    ";
    const char *alone = !f->alone                ? ""
                        : f->kind == FLAG_STRING ? str_fmt(a, "[=\"%s\"]", f->alone)
                                                 : str_fmt(a, "[=%s]", f->alone);
    return str_fmt(a, "  %s--%s%s%s%s", shorthand, f->name, *word ? " " : "", word, alone);
}

char *flags_help(struct arena *a, const struct flag *rows, size_t n)
{
    VEC(const struct flag *) shown = { 0 };
    struct buf b = buf_new(a, (size_t)1 << 20);
    size_t width = 0;
    for (size_t i = 0; i < n; i++)
        if (!rows[i].deprecated)
            vec_push(a, &shown, &rows[i]);
    if (shown.len)
        qsort(shown.at, shown.len, sizeof(*shown.at), by_name);
    const char **left = ARENA_ARRAY(a, const char *, shown.len + 1);
    const char **right = ARENA_ARRAY(a, const char *, shown.len + 1);
    for (size_t i = 0; i < shown.len; i++) {
        const char *word;
        right[i] = flags_value_help(a, shown.at[i], &word);
        left[i] = left_column(a, shown.at[i], word);
        width = strlen(left[i]) > width ? strlen(left[i]) : width;
    }
    for (size_t i = 0; i < shown.len; i++)
        buf_fmt(&b, "%-*s   %s\n", (int)width, left[i], right[i]);
    return str_dup(a, buf_text(&b));
}
