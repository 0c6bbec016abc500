/*
 * flags_value.c: the kinds of flags; the contract is in flags_value.h.
 *
 * Numbers are read as Go literals (0x1F, 1_000) because pflag does; strtoll alone would take more and less. In main.
 */
#include "libgotk/base/flags_value.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct ctx *cx, const char *function, const char *text, const char *why)
{
    return err_fail(cx, ERR_INVALID, "strconv.%s: parsing \"%s\": %s", function, text, why);
}

static int set_string(struct ctx *cx, void *target, const char *text, bool more UNUSED)
{
    *(const char **)target = str_dup(cx->arena, text);
    return 0;
}

static int set_bool(struct ctx *cx, void *target, const char *text, bool more UNUSED)
{
    static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
    static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (!str_eq(text, yes[i]) && !str_eq(text, no[i]))
            continue;
        *(bool *)target = str_eq(text, yes[i]);
        return 0;
    }
    return refuse(cx, "ParseBool", text, "invalid syntax");
}

/* The base that a number's prefix names, with *p moved behind the prefix. */
static int base_of(const char **p)
{
    if (**p != '0' || !(*p)[1])
        return 10;
    char letter = (char)tolower((unsigned char)(*p)[1]);
    *p += letter == 'x' || letter == 'o' || letter == 'b' ? 2 : 1;
    return letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
}

static int digit_of(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isalpha((unsigned char)c) ? tolower(c) - 'a' + 10 : 99;
}

/* Digits with single underscores between them; false for anything else. *over tells of more than 64 bits. */
static bool read_digits(const char *p, int base, uint64_t *ret, bool *over)
{
    uint64_t v = 0;
    *over = false;
    for (; *p; p++) {
        if (*p == '_')
            p++;
        if (digit_of(*p) >= base)
            return false;
        *over = *over || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
                __builtin_add_overflow(v, (uint64_t)digit_of(*p), &v);
    }
    *ret = v;
    return true;
}

static int set_int(struct ctx *cx, void *target, const char *text, bool more UNUSED)
{
    const char *p = text;
    bool negative = *p == '-', over;
    uint64_t v = 0, most = (uint64_t)INT64_MAX + negative;
    p += *p == '-' || *p == '+';
    int base = base_of(&p);
    if (!*p || (*p == '_' && base == 10) || !read_digits(p, base, &v, &over))
        return refuse(cx, "ParseInt", text, "invalid syntax");
    if (over || v > most)
        return refuse(cx, "ParseInt", text, "value out of range");
    *(int64_t *)target = negative ? (int64_t)(0 - v) : (int64_t)v;
    return 0;
}

static int set_float(struct ctx *cx, void *target, const char *text, bool more UNUSED)
{
    char *end = NULL;
    errno = 0;
    double v = strtod(text, &end);
    if (!*text || *end || text[strspn(text, "0123456789+-.eE")])
        return refuse(cx, "ParseFloat", text, "invalid syntax");
    if (errno)
        return refuse(cx, "ParseFloat", text, "value out of range");
    *(double *)target = v;
    return 0;
}

static int set_duration(struct ctx *cx, void *target, const char *text, bool more UNUSED)
{
    return gotime_parse_duration(cx, text, target);
}

/* The first record of CSV in a text, as Go reads it. */
struct record {
    struct ctx *cx;
    const char *text;
    const char *start; /* behind empty lines */
    const char *p;
};

/* The number of the line that `at` is in, and where it begins; a line end at the text's end begins none. */
static size_t line_of(const char *text, const char *at, const char **ret_begin)
{
    size_t line = 1;
    *ret_begin = text;
    for (const char *p = text; p < at; p++)
        if (*p == '\n' && p[1]) {
            *ret_begin = p + 1;
            line++;
        }
    return line;
}

static int refuse_record(const struct record *r, const char *at, const char *why)
{
    const char *begin;
    size_t first = line_of(r->text, r->start, &begin), line = line_of(r->text, at, &begin);
    const char *where = first == line ? "" : str_fmt(r->cx->arena, "record on line %zu; ", first);
    return err_fail(r->cx, ERR_INVALID, "%sparse error on line %zu, column %zu: %s", where, line,
                    (size_t)(at - begin) + 1, why);
}

/* A field in double quotes, a doubled quote standing for one. */
static int take_quoted(struct record *r, const char **ret)
{
    static const char why[] = "extraneous or missing \" in quoted-field";
    const char *p = r->p + 1;
    struct buf b = buf_new(r->cx->arena, strlen(p));
    for (; *p && (*p != '"' || p[1] == '"'); p++) {
        p += *p == '"';
        buf_char(&b, *p);
    }
    if (!*p || (p[1] && p[1] != ',' && p[1] != '\n'))
        return refuse_record(r, p, why);
    r->p = p + 1;
    *ret = str_dup(r->cx->arena, buf_text(&b));
    return 0;
}

static int take_field(struct record *r, const char **ret)
{
    if (*r->p == '"')
        return take_quoted(r, ret);
    size_t n = strcspn(r->p, ",\n");
    const char *quote = memchr(r->p, '"', n);
    if (quote)
        return refuse_record(r, quote, "bare \" in non-quoted field");
    *ret = str_ndup(r->cx->arena, r->p, n);
    r->p += n;
    return 0;
}

/* A list that grows by `more`, or begins anew with what is first given. */
static struct str_list *list_of(void *target, bool more)
{
    struct str_list *list = target;
    if (!more)
        *list = (struct str_list){ 0 };
    return list;
}

static int set_list(struct ctx *cx, void *target, const char *text, bool more)
{
    struct str_list *list = list_of(target, more);
    char *lines = str_replace(cx->arena, text, "\r\n", "\n");
    const char *word = NULL;
    if (str_ends(lines, "\r"))
        lines[strlen(lines) - 1] = '\0';
    struct record r = { cx, lines, lines + strspn(lines, "\n"), lines + strspn(lines, "\n") };
    if (*lines && !*r.p)
        return err_fail(cx, ERR_INVALID, "EOF");
    for (bool go = *r.p; go; go = *r.p++ == ',') {
        if (take_field(&r, &word) < 0)
            return cx->err.code;
        vec_push(cx->arena, list, word);
    }
    return 0;
}

static int set_array(struct ctx *cx, void *target, const char *text, bool more)
{
    struct str_list *list = list_of(target, more);
    vec_push(cx->arena, list, str_dup(cx->arena, text));
    return 0;
}

/* What pflag prints behind "default", or NULL where it prints nothing because the value is the kind's zero. */
static const char *show_string(struct arena *a, const char *text)
{
    return *text ? str_fmt(a, "\"%s\"", text) : NULL;
}

static const char *show_bool(struct arena *a UNUSED, const char *text)
{
    return str_eq(text, "false") ? NULL : text;
}

static const char *show_number(struct arena *a UNUSED, const char *text)
{
    return str_eq(text, "0") ? NULL : text;
}

static const char *show_duration(struct arena *a, const char *text)
{
    struct ctx cx = { .arena = a };
    int64_t ns;
    if (gotime_parse_duration(&cx, text, &ns) < 0)
        return text;
    return ns ? gotime_print_duration(a, ns) : NULL;
}

static const char *show_list(struct arena *a, const char *text)
{
    return *text ? str_fmt(a, "[%s]", text) : NULL;
}

static const struct {
    const char *word;
    const char *zero;
    int (*set)(struct ctx *cx, void *target, const char *text, bool more);
    const char *(*show)(struct arena *a, const char *text);
} kinds[] = {
    [FLAG_STRING] = { "string", "", set_string, show_string },
    [FLAG_BOOL] = { "", "false", set_bool, show_bool },
    [FLAG_INT] = { "int", "0", set_int, show_number },
    [FLAG_FLOAT] = { "float32", "0", set_float, show_number },
    [FLAG_DURATION] = { "duration", "0s", set_duration, show_duration },
    [FLAG_LIST] = { "strings", "", set_list, show_list },
    [FLAG_ARRAY] = { "stringArray", "", set_array, show_list },
};

int flags_value_set(struct ctx *cx, const struct flag *f, const char *text, bool more)
{
    return kinds[f->kind].set(cx, f->target, text, more);
}

int flags_value_start(struct ctx *cx, const struct flag *f, const char *text)
{
    if (f->kind != FLAG_ARRAY || *text)
        return flags_value_set(cx, f, text, false);
    *(struct str_list *)f->target = (struct str_list){ 0 };
    return 0;
}

const char *flags_value_default(const struct flag *f)
{
    const char *env = f->env ? getenv(f->env) : NULL;
    return str_or(env, str_or(f->fallback, kinds[f->kind].zero));
}

const char *flags_value_help(struct arena *a, const struct flag *f, const char **ret_word)
{
    const char *text = str_or(f->help, ""), *shown = kinds[f->kind].show(a, flags_value_default(f));
    const char *open = strchr(text, '`'), *close = open ? strchr(open + 1, '`') : NULL;
    *ret_word = kinds[f->kind].word;
    if (close) {
        *ret_word = str_ndup(a, open + 1, (size_t)(close - open - 1));
        text = str_fmt(a, "%.*s%s%s", (int)(open - text), text, *ret_word, close + 1);
    }
    return shown ? str_fmt(a, "%s (default %s)", text, shown) : text;
}
