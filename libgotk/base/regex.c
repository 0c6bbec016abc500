/*
 * regex.c: compiling and running expressions; the contract is in regex.h. The syntax is in regex_syntax.c.
 *
 * PCRE2's interpreter, not its JIT: no writable code pages under seccomp, and its limits count for every step. A match
 * makes its own match data, so that threads share nothing but the immutable code.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "libgotk/base/regex.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/regex_syntax.h"
#include "libgotk/base/rune.h"
#include "libgotk/base/str.h"

#include <pcre2.h>
#include <string.h>

#define PATTERN_MAX ((size_t)16 << 10)
#define STEPS_MAX   2000000
#define HEAP_KIB    65536
#define INVALID     "\xEF\xBF\xBD" /* U+FFFD */
#define COPY_ROOM   (64u << 10)    /* of an arena, beside a copy of a text */

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    size_t groups;
    const char **names; /* by group; "" without */
    const char *pattern;
};

static const struct {
    unsigned flag;
    uint32_t option;
} options[] = {
    { REGEX_FOLD, PCRE2_CASELESS },
    { REGEX_MULTILINE, PCRE2_MULTILINE },
    { REGEX_DOT_IS_ALL, PCRE2_DOTALL },
};

static void free_parts(void *ptr)
{
    struct regex *re = ptr;
    pcre2_code_free(re->code);
    pcre2_match_context_free(re->limits);
}

static void cleanup_data(pcre2_match_data **data)
{
    pcre2_match_data_free(*data);
}

static void cleanup_compile(pcre2_compile_context **context)
{
    pcre2_compile_context_free(*context);
}

static int compile(struct ctx *cx, const char *translated, unsigned flags, struct regex *re)
{
    CLEANUP(cleanup_compile) pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    uint32_t opt = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX |
                   PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES;
    int code;
    PCRE2_SIZE offset;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        opt |= flags & options[i].flag ? options[i].option : 0;
    ASSERT(context);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    re->code = pcre2_compile((PCRE2_SPTR)translated, PCRE2_ZERO_TERMINATED, opt, &code, &offset, context);
    if (!re->code) {
        PCRE2_UCHAR text[256] = "";
        pcre2_get_error_message(code, text, sizeof(text));
        return err_fail(cx, ERR_INVALID, "error parsing regexp: %s: `%s`", (const char *)text, re->pattern);
    }
    return 0;
}

static void read_names(struct arena *a, struct regex *re)
{
    uint32_t groups = 0, count = 0, size = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table);
    re->groups = groups;
    re->names = ARENA_ARRAY(a, const char *, groups + 1);
    for (size_t i = 0; i <= groups; i++)
        re->names[i] = "";
    for (size_t i = 0; i < count; i++, table += size)
        re->names[table[0] << 8 | table[1]] =
            str_dup(a, (const char *)table + 3); /* the name was given an underscore */
}

int regex_compile(struct ctx *cx, const char *pattern, unsigned flags, struct regex **ret)
{
    struct buf out = buf_new(cx->arena, PATTERN_MAX * 8);
    struct regex *re = ARENA_NEW(cx->arena, struct regex);
    if (strlen(pattern) > PATTERN_MAX)
        return err_fail(cx, ERR_LIMIT, "error parsing regexp: expression is longer than %zu bytes",
                        PATTERN_MAX);
    re->pattern = str_dup(cx->arena, pattern);
    buf_str(&out, flags & REGEX_WHOLE ? "\\A(?:" : "");
    if (regex_syntax_translate(cx, pattern, &out) < 0)
        return cx->err.code;
    buf_str(&out, flags & REGEX_WHOLE ? ")\\z" : "");
    if (buf_ok(cx, &out, "the regular expression") < 0 || compile(cx, buf_text(&out), flags, re) < 0)
        return cx->err.code;
    re->limits = pcre2_match_context_create(NULL);
    ASSERT(re->limits);
    arena_defer(cx->arena, free_parts, re);
    pcre2_set_match_limit(re->limits, STEPS_MAX);
    pcre2_set_heap_limit(re->limits, HEAP_KIB);
    read_names(cx->arena, re);
    *ret = re;
    return 0;
}

size_t regex_groups(const struct regex *re)
{
    return re->groups;
}

const char *regex_group_name(const struct regex *re, size_t i)
{
    return i <= re->groups ? re->names[i] : "";
}

static void fill_spans(pcre2_match_data *data, struct regex_span *spans, size_t count)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
    size_t known = pcre2_get_ovector_count(data);
    for (size_t i = 0; i < count; i++) {
        bool set = i < known && ends[2 * i] != PCRE2_UNSET;
        spans[i].start = set ? ends[2 * i] : REGEX_NONE;
        spans[i].end = set ? ends[2 * i + 1] : REGEX_NONE;
    }
}

/* 1 with a match, 0 without, -1 when the limits were passed. */
static int search(const struct regex *re, const char *text, size_t len, size_t from, struct regex_span *spans,
                  size_t count)
{
    CLEANUP(cleanup_data) pcre2_match_data *data = pcre2_match_data_create_from_pattern(re->code, NULL);
    ASSERT(data);
    int rc = pcre2_match(re->code, (PCRE2_SPTR)text, len, from, 0, data, re->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0)
        return -1;
    fill_spans(data, spans, count);
    return 1;
}

/* How long a character of a text is there, and in its copy in which U+FFFD stands for a byte that is no UTF-8. */
struct step {
    size_t in_text;
    size_t in_copy;
};

static struct step step_at(const char *text, size_t left)
{
    size_t n = str_utf8_len(text, left);
    return n ? (struct step){ n, n } : (struct step){ 1, strlen(INVALID) };
}

static struct buf copy_of(struct arena *a, const char *text, size_t len)
{
    struct buf b = buf_new(a, len * strlen(INVALID));
    for (size_t at = 0; at < len;) {
        struct step step = step_at(text + at, len - at);
        buf_add(&b, step.in_text == step.in_copy ? text + at : INVALID, step.in_copy);
        at += step.in_text;
    }
    return b;
}

/* A place of the text in its copy, or the other way round. */
static size_t translate(const char *text, size_t len, size_t place, bool to_copy)
{
    size_t at = 0, there = 0;
    while (at < len && (to_copy ? at : there) < place) {
        struct step step = step_at(text + at, len - at);
        at += step.in_text;
        there += step.in_copy;
    }
    return to_copy ? there : at;
}

/* PCRE2 matches nothing on bytes that are no UTF-8, Go takes each for U+FFFD: so a copy is searched. */
static int run(const struct regex *re, const char *text, size_t len, size_t from, struct regex_span *spans,
               size_t count)
{
    if (str_is_utf8(text, len))
        return search(re, text, len, from, spans, count);
    CLEANUP(arena_cleanup) struct arena *a = arena_new(len * strlen(INVALID) * 3 + COPY_ROOM);
    struct buf copy = copy_of(a, text, len);
    int rc = search(re, buf_text(&copy), copy.len, translate(text, len, from, true), spans, count);
    for (size_t i = 0; rc > 0 && i < count; i++) {
        if (spans[i].start == REGEX_NONE)
            continue;
        spans[i].start = translate(text, len, spans[i].start, false);
        spans[i].end = translate(text, len, spans[i].end, false);
    }
    return rc;
}

int regex_match(struct ctx *cx, const struct regex *re, const char *text, size_t len, size_t from,
                struct regex_span *spans, size_t count)
{
    int rc = run(re, text, len, from, spans, count);
    if (rc < 0)
        return err_fail(cx, ERR_LIMIT,
                        "the regular expression `%s` takes too many steps on a text of %zu bytes",
                        re->pattern, len);
    return rc;
}

bool regex_test(const struct regex *re, const char *text, size_t len)
{
    return run(re, text, len, 0, NULL, 0) == 1;
}

/* The group that `name` means: a number, or the first of that name that took part; REGEX_NONE when there is none. */
static size_t group_of(const struct regex *re, const char *name, size_t n, const struct regex_span *spans)
{
    size_t number = 0;
    if (strspn(name, "0123456789") >= n) {
        for (size_t i = 0; i < n && number <= re->groups; i++)
            number = number * 10 + (size_t)(name[i] - '0');
        return number <= re->groups && (n == 1 || *name != '0') ? number : REGEX_NONE;
    }
    for (size_t i = 1; i <= re->groups; i++)
        if (strlen(re->names[i]) == n && memcmp(re->names[i], name, n) == 0 && spans[i].start != REGEX_NONE)
            return i;
    return REGEX_NONE;
}

/* Letters, digits and underscores. */
static size_t word_length(const char *p)
{
    size_t n = 0, width, left = strlen(p);
    while (n < left) {
        uint32_t rune = rune_decode(p + n, left - n, &width);
        if (rune != '_' && !rune_is_letter(rune) && !rune_is_digit(rune))
            break;
        n += width;
    }
    return n;
}

/* What stands behind a "$" at p goes to b; returns how many bytes of the template that used up. */
static size_t put_reference(struct buf *b, const struct regex *re, const char *p, const char *text,
                            const struct regex_span *spans)
{
    bool braces = *p == '{';
    size_t n = word_length(p + braces);
    if (*p == '$' || !n || (braces && p[1 + n] != '}')) {
        buf_char(b, '$');
        return *p == '$';
    }
    size_t group = group_of(re, p + braces, n, spans);
    if (group != REGEX_NONE && spans[group].start != REGEX_NONE)
        buf_add(b, text + spans[group].start, spans[group].end - spans[group].start);
    return n + 2 * (size_t)braces;
}

static void put_template(struct buf *b, const struct regex *re, const char *with, const char *text,
                         const struct regex_span *spans)
{
    while (*with) {
        size_t n = strcspn(with, "$");
        buf_add(b, with, n);
        with += n;
        if (*with)
            with += 1 + put_reference(b, re, with + 1, text, spans);
    }
}

static size_t rune_length(const char *text, size_t left)
{
    size_t n = str_utf8_len(text, left);
    return n ? n : 1;
}

int regex_replace(struct ctx *cx, const struct regex *re, const char *text, const char *with, size_t max,
                  const char **ret)
{
    struct buf b = buf_new(cx->arena, max);
    struct regex_span *spans = ARENA_ARRAY(cx->arena, struct regex_span, re->groups + 1);
    size_t len = strlen(text), done = 0;
    for (size_t at = 0; at <= len && !b.overflow;) {
        int rc = regex_match(cx, re, text, len, at, spans, re->groups + 1);
        if (rc < 0 || ctx_check(cx) < 0)
            return cx->err.code;
        if (!rc)
            break;
        buf_add(&b, text + done, spans[0].start - done);
        if (spans[0].end > done || spans[0].start == 0) /* no empty match right behind another one */
            put_template(&b, re, with, text, spans);
        done = spans[0].end;
        size_t next = at + rune_length(text + at, len - at);
        at = next > done ? next : done;
    }
    buf_add(&b, text + done, len - done);
    if (buf_ok(cx, &b, "the result of a replacement") < 0)
        return cx->err.code;
    *ret = buf_text(&b);
    return 0;
}
