/*
 * secret.c: see secret.h. Every value is replaced on its own, the longest first, so that none leaves the rest of another
 * behind; a Secret's size bounds the work.
 */
#include "libgotk/ssa/secret.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TELLING_MIN 3
#define LONG_MIN    8
#define TEXT_MAX    ((size_t)4 << 20)
#define MASK        "***"

VEC_NAMED(values, const char *);

/* Where a value counts as shown. */
typedef bool (*place_fn)(const char *before, const char *after, size_t len);

/* --- places --- */

static bool anywhere(const char *before UNUSED, const char *after UNUSED, size_t len)
{
    return len >= TELLING_MIN;
}

/* A letter, digit or byte of a longer character; or the slash of Kind/namespace/name, which has to stay readable. */
static bool goes_on(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '/';
}

static bool is_quoted(char before, char after)
{
    return before == after && (before == '"' || before == '\'' || before == '`');
}

/* What a variable's value may be taken for depends on how long it is: `prod` is a word of its own, `5` only in quotes. */
static bool where_it_tells(const char *before, const char *after, size_t len)
{
    if (len >= LONG_MIN)
        return true;
    return len >= TELLING_MIN ? !goes_on(*before) && !goes_on(*after) : is_quoted(*before, *after);
}

/* --- one value --- */

static const char *hide(struct arena *a, const char *value, const char *text, place_fn tells)
{
    size_t len = strlen(value);
    const char *hit = len ? strstr(text, value) : NULL, *rest = text;
    struct buf out = buf_new(a, TEXT_MAX);
    bool found = false;
    for (; hit; hit = strstr(hit + 1, value)) {
        if (hit < rest || !tells(hit == text ? "" : hit - 1, hit + len, len))
            continue;
        buf_add(&out, rest, (size_t)(hit - rest));
        buf_str(&out, MASK);
        rest = hit + len;
        found = true;
    }
    buf_str(&out, rest);
    return found ? buf_text(&out) : text;
}

/* The value as it stands between quotes in a message; itself when that is the same. */
static const char *escaped(struct arena *a, const char *value)
{
    static const char plain[] = "\n\t\r\"\\", letters[] = "ntr\"\\";
    struct buf out = buf_new(a, TEXT_MAX);
    if (!strpbrk(value, plain))
        return value;
    for (const char *p = value; *p; p++) {
        const char *special = strchr(plain, *p);
        buf_fmt(&out, special ? "\\%c" : "%c", special ? letters[special - plain] : *p);
    }
    return buf_text(&out);
}

static void add(struct arena *a, struct values *to, const char *value)
{
    const char *as_quoted = escaped(a, value);
    vec_push(a, to, value);
    if (as_quoted != value)
        vec_push(a, to, as_quoted);
}

/* --- all of them --- */

static void add_decoded(struct arena *a, struct values *to, const char *value)
{
    struct ctx scratch = { .arena = a };
    char *plain;
    size_t len;
    if (base64_decode(&scratch, value, &plain, &len) == 0)
        add(a, to, plain);
}

/* Scalars at any depth: a value of the wrong type may be a list or an object. */
static void collect(struct arena *a, const struct doc *values, struct values *to)
{
    enum doc_kind kind = doc_kind(values);
    if (kind == DOC_NUMBER)
        add(a, to, doc_literal(values));
    if (kind == DOC_STRING) {
        add(a, to, doc_text(values));
        add_decoded(a, to, doc_text(values));
    }
    doc_each (value, values)
        collect(a, value, to);
}

static int by_length(const void *x, const void *y)
{
    size_t a = strlen(*(const char *const *)x), b = strlen(*(const char *const *)y);
    return (a < b) - (a > b);
}

static const char *hide_all(struct arena *a, struct values *all, const char *text, place_fn tells)
{
    if (all->len)
        qsort(all->at, all->len, sizeof(*all->at), by_length);
    for (size_t i = 0; i < all->len; i++)
        text = hide(a, all->at[i], text, tells);
    return text;
}

const char *secret_mask(struct arena *a, const struct doc *object, const char *text)
{
    struct values all = { 0 };
    if (!str_eq(doc_text_at(object, "kind"), "Secret") || !str_eq(doc_text_at(object, "apiVersion"), "v1"))
        return text;
    collect(a, doc_find(object, "stringData"), &all);
    collect(a, doc_find(object, "data"), &all);
    return hide_all(a, &all, text, anywhere);
}

const char *secret_mask_variables(struct arena *a, const struct doc *variables, const char *text)
{
    struct values all = { 0 };
    doc_each (value, variables)
        add(a, &all, str_or(doc_text(value), ""));
    return hide_all(a, &all, text, where_it_tells);
}
