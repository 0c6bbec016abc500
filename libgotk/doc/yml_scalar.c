/*
 * yml_scalar.c: the meaning of plain scalars; the contract is in yml_scalar.h.
 *
 * Mirrors resolve() of go-yaml v3 and, under YML_11, of v2: the first byte decides what is tried, words come from a
 * table, numbers follow Go's strconv (base prefixes, a leading 0 is octal, underscores anywhere). Rejected: regular
 * expressions, and libyaml's resolver (it has none). Any thread, no state.
 */
#include "libgotk/doc/yml_scalar.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer texts are no numbers worth knowing: 2^64 in binary with underscores is far shorter. */
#define NUMBER_MAX 1024
#define DIGITS     "0123456789"

static const struct word {
    const char *text;
    enum yml_type type;
    bool truth;
    bool only_11; /* known to YAML 1.1 alone */
    double real;
} words[] = {
    { "", YML_NULL, false, false, 0 },
    { "~", YML_NULL, false, false, 0 },
    { "null", YML_NULL, false, false, 0 },
    { "Null", YML_NULL, false, false, 0 },
    { "NULL", YML_NULL, false, false, 0 },
    { "true", YML_BOOL, true, false, 0 },
    { "True", YML_BOOL, true, false, 0 },
    { "TRUE", YML_BOOL, true, false, 0 },
    { "false", YML_BOOL, false, false, 0 },
    { "False", YML_BOOL, false, false, 0 },
    { "FALSE", YML_BOOL, false, false, 0 },
    { "y", YML_BOOL, true, true, 0 },
    { "Y", YML_BOOL, true, true, 0 },
    { "yes", YML_BOOL, true, true, 0 },
    { "Yes", YML_BOOL, true, true, 0 },
    { "YES", YML_BOOL, true, true, 0 },
    { "on", YML_BOOL, true, true, 0 },
    { "On", YML_BOOL, true, true, 0 },
    { "ON", YML_BOOL, true, true, 0 },
    { "n", YML_BOOL, false, true, 0 },
    { "N", YML_BOOL, false, true, 0 },
    { "no", YML_BOOL, false, true, 0 },
    { "No", YML_BOOL, false, true, 0 },
    { "NO", YML_BOOL, false, true, 0 },
    { "off", YML_BOOL, false, true, 0 },
    { "Off", YML_BOOL, false, true, 0 },
    { "OFF", YML_BOOL, false, true, 0 },
    { ".nan", YML_FLOAT, false, false, NAN },
    { ".NaN", YML_FLOAT, false, false, NAN },
    { ".NAN", YML_FLOAT, false, false, NAN },
    { ".inf", YML_FLOAT, false, false, INFINITY },
    { ".Inf", YML_FLOAT, false, false, INFINITY },
    { ".INF", YML_FLOAT, false, false, INFINITY },
    { "+.inf", YML_FLOAT, false, false, INFINITY },
    { "+.Inf", YML_FLOAT, false, false, INFINITY },
    { "+.INF", YML_FLOAT, false, false, INFINITY },
    { "-.inf", YML_FLOAT, false, false, -INFINITY },
    { "-.Inf", YML_FLOAT, false, false, -INFINITY },
    { "-.INF", YML_FLOAT, false, false, -INFINITY },
};

#define WORD_MAX 5

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const struct word *find_word(const char *text, int rules)
{
    if (strnlen(text, WORD_MAX + 1) > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (*words[i].text == *text && strcmp(words[i].text, text) == 0)
            return words[i].only_11 && !(rules & YML_11) ? NULL : &words[i];
    return NULL;
}

/* Digits of `base` up to the end of the text; false for an empty text, another character or more than 64 bits. */
static bool read_digits(const char *s, unsigned base, uint64_t *ret)
{
    uint64_t value = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        unsigned digit = is_digit(*s) ? (unsigned)(*s - '0') : (unsigned)((*s | 0x20) - 'a') + 10;
        if (digit >= base || (!is_digit(*s) && (*s | 0x20) < 'a'))
            return false;
        if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret = value;
    return true;
}

/* A sign and digits of `base`, as strconv.ParseInt, and without a sign as ParseUint. */
static bool read_signed(const char *s, unsigned base, struct yml_value *ret)
{
    bool negative = *s == '-', sign = negative || *s == '+';
    uint64_t magnitude;
    if (!read_digits(s + sign, base, &magnitude))
        return false;
    if (sign && magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *ret = (struct yml_value){ .type = YML_INT, .negative = negative && magnitude, .magnitude = magnitude };
    return true;
}

static unsigned base_of(char letter)
{
    switch (letter | 0x20) {
    case 'x':
        return 16;
    case 'o':
        return 8;
    case 'b':
        return 2;
    default:
        return 0;
    }
}

/* An integer as strconv.ParseInt(s, 0, 64) reads it. */
static bool read_int(const char *s, struct yml_value *ret)
{
    char text[NUMBER_MAX + 1];
    bool sign = *s == '-' || *s == '+';
    const char *digits = s + sign;
    unsigned base = 10;
    if (digits[0] == '0' && digits[1]) {
        base = digits[2] ? base_of(digits[1]) : 0;
        digits += base ? 2 : 1;
        base = base ? base : 8;
    }
    if (*digits == '+' || *digits == '-')
        return false;
    snprintf(text, sizeof(text), "%.*s%s", sign, s, digits);
    return read_signed(text, base, ret);
}

/* go-yaml tries "0b" and "0o" again by hand, which lets a sign stand behind the prefix: 0b+1. */
static bool read_prefixed(const char *s, int rules, struct yml_value *ret)
{
    char text[NUMBER_MAX + 1];
    bool negative = *s == '-';
    const char *p = s + negative;
    if (p[0] != '0' || (p[1] != 'b' && (p[1] != 'o' || rules & YML_11)))
        return false;
    snprintf(text, sizeof(text), "%s%s", negative ? "-" : "", p + 2);
    return read_signed(text, base_of(p[1]), ret);
}

/* [-+]? digits with an optional point, at least one of them, and an optional exponent. */
static bool is_decimal(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, DIGITS);
    s += whole;
    size_t part = *s == '.' ? strspn(s + 1, DIGITS) : 0;
    s += *s == '.' ? 1 + part : 0;
    if (!whole && !part)
        return false;
    if (*s == 'e' || *s == 'E') {
        s += s[1] == '-' || s[1] == '+' ? 2 : 1;
        size_t exponent = strspn(s, DIGITS);
        if (!exponent)
            return false;
        s += exponent;
    }
    return !*s;
}

static bool read_float(const char *s, struct yml_value *ret)
{
    if (!is_decimal(s))
        return false;
    double real = strtod(s, NULL);
    if (isinf(real))
        return false;
    *ret = (struct yml_value){ .type = YML_FLOAT, .real = real };
    return true;
}

static bool drop_underscores(const char *s, char out[NUMBER_MAX + 1])
{
    size_t n = 0;
    for (; *s; s++) {
        if (*s == '_')
            continue;
        if (n == NUMBER_MAX)
            return false;
        out[n++] = *s;
    }
    out[n] = '\0';
    return true;
}

/* What starts with a point goes to strconv.ParseFloat as it is, which wants underscores between digits. */
static bool read_point_float(const char *s, struct yml_value *ret)
{
    char plain[NUMBER_MAX + 1];
    for (const char *p = strchr(s, '_'); p; p = strchr(p + 1, '_'))
        if (!is_digit(p[-1]) || !is_digit(p[1]))
            return false;
    return drop_underscores(s, plain) && read_float(plain, ret);
}

static struct yml_value resolve_number(const char *text, int rules)
{
    struct yml_value v = { .type = YML_STRING };
    char plain[NUMBER_MAX + 1];
    if (!drop_underscores(text, plain))
        return v;
    if (!read_int(plain, &v) && !read_float(plain, &v))
        read_prefixed(plain, rules, &v);
    return v;
}

/* True when a text that starts so may be something else than a string. */
static bool may_start_other(char c)
{
    switch (c) {
    case '\0':
    case '0' ... '9':
    case '+':
    case '-':
    case '.':
    case '~':
    case 'y':
    case 'Y':
    case 'n':
    case 'N':
    case 't':
    case 'T':
    case 'f':
    case 'F':
    case 'o':
    case 'O':
        return true;
    default:
        return false;
    }
}

struct yml_value yml_resolve_tagged(const char *text, int rules, bool times)
{
    struct yml_value v = { .type = YML_STRING };
    char c = text[0];
    if (!may_start_other(c))
        return v;
    const struct word *word = find_word(text, rules);
    if (word) {
        v.type = word->type;
        v.truth = word->truth;
        v.real = word->real;
    } else if (c == '.') {
        read_point_float(text, &v);
    } else if (is_digit(c) || c == '+' || c == '-') {
        if (!times || !yml_timestamp(text, v.time))
            return resolve_number(text, rules);
        v.type = YML_TIME;
    }
    return v;
}

struct yml_value yml_resolve(const char *text, int rules)
{
    return yml_resolve_tagged(text, rules, true);
}

const char *yml_type_tag(enum yml_type type)
{
    static const char *const tags[] = {
        [YML_STRING] = "!!str", [YML_NULL] = "!!null",   [YML_BOOL] = "!!bool",
        [YML_INT] = "!!int",    [YML_FLOAT] = "!!float", [YML_TIME] = "!!timestamp",
    };
    return tags[type];
}

char *yml_literal(struct arena *a, const struct yml_value *v)
{
    if (v->type == YML_FLOAT)
        return number_print(a, v->real);
    return str_fmt(a, "%s%llu", v->negative ? "-" : "", (unsigned long long)v->magnitude);
}

int yml_check_key(struct ctx *cx, const char *key)
{
    struct yml_value v = yml_resolve(key, YML_CORE);
    if (v.type == YML_STRING)
        return 0;
    return err_fail(
        cx, ERR_INVALID,
        "json: unsupported type: map[interface {}]interface {}: the key '%s' counts as %s: quote it, or take another",
        key, yml_type_tag(v.type));
}

enum doc_tag yml_tag(const char *text)
{
    static const enum doc_tag tags[] = {
        [YML_STRING] = DOC_TAG_NONE, [YML_NULL] = DOC_TAG_NULL,   [YML_BOOL] = DOC_TAG_BOOL,
        [YML_INT] = DOC_TAG_INT,     [YML_FLOAT] = DOC_TAG_FLOAT, [YML_TIME] = DOC_TAG_TIME,
    };
    return tags[yml_resolve(text, YML_CORE).type];
}

static struct doc *plain_value(struct arena *a, const char *text)
{
    struct yml_value v = yml_resolve(text, YML_CORE);
    switch (v.type) {
    case YML_NULL:
        return doc_null(a);
    case YML_BOOL:
        return doc_bool(a, v.truth);
    case YML_INT:
        return doc_number(a, yml_literal(a, &v));
    case YML_FLOAT:
        return isfinite(v.real) ? doc_number(a, yml_literal(a, &v)) : doc_string(a, text);
    case YML_TIME:
        return doc_string(a, v.time);
    default:
        return doc_string(a, text);
    }
}

struct doc *yml_plain(struct arena *a, const char *text)
{
    struct doc *d = plain_value(a, text);
    if (!str_eq(doc_text(d), text))
        doc_set_source(a, d, text);
    return d;
}

const char *yml_as_text(struct arena *a, const struct doc *d)
{
    const char *source = doc_source(d);
    if (doc_kind(d) == DOC_BOOL)
        return doc_is_true(d, false) ? "true" : "false";
    if (doc_kind(d) != DOC_NUMBER)
        return doc_text(d);
    if (!source)
        return doc_literal(d);
    struct yml_value v = yml_resolve(source, YML_11);
    return v.type == YML_FLOAT ? number_print_g(a, v.real) : doc_literal(d);
}
