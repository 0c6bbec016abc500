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
    uint32_t opt =
        PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C | PCRE2_DUPNAMES;
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

/* In a text that is UTF-8: 1 with a match, 0 without, -1 when the limits were passed. */
static int run(const struct regex *re, const char *text, size_t len, size_t from, struct regex_span *spans,
               size_t count)
{
    CLEANUP(cleanup_data) pcre2_match_data *data = pcre2_match_data_create_from_pattern(re->code, NULL);
    ASSERT(data);
    int rc = pcre2_match(re->code, (PCRE2_SPTR)text, len, from, PCRE2_NO_UTF_CHECK, data, re->limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0)
        return -1;
    fill_spans(data, spans, count);
    return 1;
}

/* -- texts that are no UTF-8 ------------------------------------------------------------------------------- */

/*
 * Go takes each byte that is no UTF-8 for U+FFFD, PCRE2 takes none of them: so a copy is searched in which U+FFFD stands,
 * and places are told from one to the other. A search goes forwards, and so does its cursor (`at` in the text, `there`
 * in the copy).
 */
static void step(struct regex_search *s)
{
    size_t n = str_utf8_len(s->text + s->at, s->len - s->at);
    s->at += n ? n : 1;
    s->there += n ? n : strlen(INVALID);
}

static void copy_readably(struct arena *a, struct regex_search *s)
{
    struct buf b = buf_new(a, s->len * strlen(INVALID));
    while (s->at < s->len) {
        const char *from = s->text + s->at;
        size_t n = str_utf8_len(from, s->len - s->at);
        buf_add(&b, n ? from : INVALID, n ? n : strlen(INVALID));
        step(s);
    }
    s->copy = buf_text(&b);
    s->copy_len = b.len;
    s->at = s->there = 0;
}

/* The place of the text that stands at `there` in the copy, at or behind the cursor. */
static size_t place_of(const struct regex_search *s, size_t there)
{
    struct regex_search cursor = *s;
    while (cursor.there < there)
        step(&cursor);
    return cursor.at;
}

static int run_on_copy(struct regex_search *s, struct regex_span *spans, size_t count)
{
    while (s->at < s->from)
        step(s);
    int rc = run(s->re, s->copy, s->copy_len, s->there, spans, count);
    while (rc > 0 && count && s->there < spans[0].start)
        step(s);
    for (size_t i = 0; rc > 0 && i < count; i++) {
        if (spans[i].start == REGEX_NONE)
            continue;
        spans[i].start = place_of(s, spans[i].start);
        spans[i].end = place_of(s, spans[i].end);
    }
    return rc;
}

/* -- searching --------------------------------------------------------------------------------------------- */

struct regex_search regex_search(struct arena *a, const struct regex *re, const char *text, size_t len)
{
    struct regex_search s = { .re = re, .text = text, .len = len, .last_end = REGEX_NONE };
    if (!str_is_utf8(text, len))
        copy_readably(a, &s);
    return s;
}

static int find(struct ctx *cx, struct regex_search *s, struct regex_span *spans, size_t count)
{
    int rc = s->copy ? run_on_copy(s, spans, count) : run(s->re, s->text, s->len, s->from, spans, count);
    if (rc < 0)
        return err_fail(cx, ERR_LIMIT,
                        "the regular expression `%s` takes too many steps on a text of %zu bytes",
                        s->re->pattern, s->len);
    return rc;
}

int regex_next(struct ctx *cx, struct regex_search *s, struct regex_span *spans, size_t count)
{
    while (s->from <= s->len) {
        int found = find(cx, s, spans, count);
        if (found <= 0)
            return found;
        bool empty = spans->end == spans->start, repeats = empty && spans->start == s->last_end;
        size_t width = empty ? str_utf8_len(s->text + spans->end, s->len - spans->end) : 0;
        s->last_end = spans->end;
        s->from = spans->end + (empty && !width ? 1 : width);
        if (!repeats)
            return 1;
    }
    return 0;
}

int regex_match(struct ctx *cx, const struct regex *re, const char *text, size_t len, size_t from,
                struct regex_span *spans, size_t count)
{
    struct regex_search s = regex_search(cx->arena, re, text, len);
    s.from = from;
    return find(cx, &s, spans, count);
}

bool regex_test(const struct regex *re, const char *text, size_t len)
{
    if (str_is_utf8(text, len))
        return run(re, text, len, 0, NULL, 0) == 1;
    CLEANUP(arena_cleanup) struct arena *a = arena_new(len * strlen(INVALID) * 3 + COPY_ROOM);
    struct regex_search s = regex_search(a, re, text, len);
    return run(re, s.copy, s.copy_len, 0, NULL, 0) == 1;
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

/* `with` ends with a NUL, and may hold others. */
static void put_template(struct buf *b, const struct regex *re, struct strv with, const char *text,
                         const struct regex_span *spans)
{
    const char *at = with.p, *end = with.p + with.n, *dollar;
    while ((dollar = memchr(at, '$', (size_t)(end - at)))) {
        buf_add(b, at, (size_t)(dollar - at));
        at = dollar + 1 + put_reference(b, re, dollar + 1, text, spans);
    }
    buf_add(b, at, (size_t)(end - at));
}

int regex_replace(struct ctx *cx, const struct regex *re, const char *text, size_t len, struct strv with,
                  size_t max, struct strv *ret)
{
    struct buf b = buf_new(cx->arena, max);
    struct strv template = { str_ndup(cx->arena, with.p, with.n), with.n };
    struct regex_span *spans = ARENA_ARRAY(cx->arena, struct regex_span, re->groups + 1);
    struct regex_search s = regex_search(cx->arena, re, text, len);
    size_t done = 0;
    int found = 0;
    while (!b.overflow && ctx_check(cx) >= 0 && (found = regex_next(cx, &s, spans, re->groups + 1)) > 0) {
        buf_add(&b, text + done, spans[0].start - done);
        put_template(&b, re, template, text, spans);
        done = spans[0].end;
    }
    if (found < 0 || ctx_check(cx) < 0)
        return cx->err.code;
    buf_add(&b, text + done, s.len - done);
    if (buf_ok(cx, &b, "the result of a replacement") < 0)
        return cx->err.code;
    *ret = (struct strv){ buf_text(&b), b.len };
    return 0;
}
