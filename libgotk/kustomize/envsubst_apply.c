/*
 * envsubst_apply.c: see envsubst.h: the operators, one row each, and the shell patterns they take. Lengths and positions
 * count bytes, case follows Unicode, as in Flux.
 */
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/kustomize/envsubst.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wctype.h>

typedef const char *(*apply_fn)(struct arena *a, const char *value, const char *const *args, size_t count);

#define TEXT_MAX ((size_t)16 << 20)

/* The length in bytes of the UTF-8 character at `s`, and its code; a broken byte counts as itself. */
static size_t decode(const char *s, uint32_t *ret)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 1;
    uint32_t code = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *ret = p[0];
            return 1;
        }
        code = code << 6 | (p[i] & 0x3F);
    }
    *ret = code;
    return n;
}

static void encode(struct buf *out, uint32_t code)
{
    if (code < 0x80) {
        buf_char(out, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    buf_char(out, (char)((0xFFu << (7 - more) & 0xFF) | code >> (6 * more)));
    while (more-- > 0)
        buf_char(out, (char)(0x80 | (code >> (6 * more) & 0x3F)));
}

/* Changes the case of the first `limit` characters. */
static const char *change_case(struct arena *a, const char *value, bool upper, size_t limit)
{
    struct buf out = buf_new(a, TEXT_MAX);
    locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    const char *p = value;
    for (size_t i = 0; *p && i < limit; i++) {
        uint32_t code = 0;
        size_t n = decode(p, &code);
        if (n == 1 && code >= 0x80)
            buf_add(&out, p, 1);
        else if (unicode)
            encode(&out, upper ? towupper_l((wint_t)code, unicode) : towlower_l((wint_t)code, unicode));
        else
            buf_add(&out, p, n);
        p += n;
    }
    if (unicode)
        freelocale(unicode);
    buf_str(&out, p);
    return buf_text(&out);
}

static const char *lower_first(struct arena *a, const char *value, const char *const *args, size_t count)
{
    (void)args;
    (void)count;
    return change_case(a, value, false, 1);
}

static const char *lower_all(struct arena *a, const char *value, const char *const *args, size_t count)
{
    (void)args;
    (void)count;
    return change_case(a, value, false, SIZE_MAX);
}

static const char *upper_first(struct arena *a, const char *value, const char *const *args, size_t count)
{
    (void)args;
    (void)count;
    return change_case(a, value, true, 1);
}

static const char *upper_all(struct arena *a, const char *value, const char *const *args, size_t count)
{
    (void)args;
    (void)count;
    return change_case(a, value, true, SIZE_MAX);
}

static bool to_int(const char *s, int64_t *ret)
{
    return str_to_int64(s[0] == '+' ? s + 1 : s, ret);
}

static const char *substring(struct arena *a, const char *value, const char *const *args, size_t count)
{
    int64_t len = (int64_t)strlen(value);
    int64_t from = 0;
    int64_t n = len;
    if (!count || !to_int(args[0], &from) || (count > 1 && !to_int(args[1], &n)))
        return value;
    if (from < 0)
        from = from + len < 0 ? 0 : from + len;
    if (from >= len || n < 0)
        return "";
    return str_ndup(a, value + from, (size_t)(n < len - from ? n : len - from));
}

/* Replaces the first, or every, `args[0]`. */
static const char *replace(struct arena *a, const char *value, const char *const *args, size_t count,
                           bool all)
{
    const char *to = count > 1 ? args[1] : "";
    if (!count || !args[0][0])
        return value;
    if (all)
        return str_replace(a, value, args[0], to);
    const char *found = strstr(value, args[0]);
    if (!found)
        return value;
    return str_fmt(a, "%.*s%s%s", (int)(found - value), value, to, found + strlen(args[0]));
}

static const char *replace_first(struct arena *a, const char *value, const char *const *args, size_t count)
{
    return replace(a, value, args, count, false);
}

static const char *replace_all(struct arena *a, const char *value, const char *const *args, size_t count)
{
    return replace(a, value, args, count, true);
}

static const char *replace_prefix(struct arena *a, const char *value, const char *const *args, size_t count)
{
    if (count != 2 || !str_starts(value, args[0]))
        return value;
    return str_fmt(a, "%s%s", args[1], value + strlen(args[0]));
}

static const char *replace_suffix(struct arena *a, const char *value, const char *const *args, size_t count)
{
    if (count != 2 || !str_ends(value, args[0]))
        return value;
    return str_fmt(a, "%.*s%s", (int)(strlen(value) - strlen(args[0])), value, args[1]);
}

/* One step of a pattern: a class, an escape, ? or a byte. Returns the bytes of text it took, 0 for no match, -1 for a
 * malformed pattern; *pattern moves behind it. */
static int match_one(const char **pattern, const char *text, size_t len);

/* A character of a class, maybe escaped; 0 bytes when the pattern is malformed there. */
static size_t class_char(const char *p, uint32_t *ret)
{
    size_t escaped = p[0] == '\\' ? 1 : 0;
    if (!p[0] || p[0] == '-' || p[0] == ']' || !p[escaped])
        return 0;
    return escaped + decode(p + escaped, ret);
}

static int match_class(const char **pattern, const char *text)
{
    const char *p = *pattern + 1;
    uint32_t code = 0;
    size_t taken = decode(text, &code);
    bool negated = *p == '^';
    bool found = false;
    p += negated;
    for (bool first = true; first || *p != ']'; first = false) {
        uint32_t low = 0;
        size_t n = class_char(p, &low);
        uint32_t high = low;
        if (!n)
            return -1;
        p += n;
        if (*p == '-') {
            n = class_char(p + 1, &high);
            if (!n)
                return -1;
            p += 1 + n;
        }
        found = found || (low <= code && code <= high);
    }
    *pattern = p + 1;
    return found != negated ? (int)taken : 0;
}

static int match_one(const char **pattern, const char *text, size_t len)
{
    const char *p = *pattern;
    uint32_t code = 0;
    if (!len)
        return 0;
    if (*p == '[')
        return match_class(pattern, text);
    if (*p == '?') {
        *pattern = p + 1;
        return (int)decode(text, &code);
    }
    if (*p == '\\' && !*++p)
        return -1;
    *pattern = p + 1;
    return *p == *text ? 1 : 0;
}

int envsubst_glob(const char *pattern, const char *text, size_t len)
{
    const char *star = NULL; /* the pattern behind the last star, and the text it was tried at */
    const char *from = text;
    const char *end = text + len;
    while (text < end || *pattern) {
        const char *before = pattern;
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
            continue;
        }
        int taken = *pattern ? match_one(&pattern, text, (size_t)(end - text)) : 0;
        if (taken < 0)
            return -1;
        if (taken > 0) {
            text += taken;
            continue;
        }
        if (!star || from >= end)
            return before == pattern && !*pattern && text == end;
        pattern = star;
        text = ++from;
    }
    return 1;
}

/* The longest, or shortest, beginning of the value that the pattern matches is cut off. */
static const char *trim(const char *value, const char *pattern, bool longest)
{
    size_t len = strlen(value);
    size_t cut = 0;
    for (size_t n = len; n > 0; n--) {
        int matched = envsubst_glob(pattern, value, n);
        if (matched < 0)
            return value;
        if (matched)
            cut = n;
        if (matched && longest)
            break;
    }
    return value + cut;
}

/* The characters in reverse order: a suffix is cut off as the prefix of the reverse. */
static const char *reversed(struct arena *a, const char *s)
{
    size_t len = strlen(s);
    char *out = arena_alloc(a, len + 1);
    size_t at = len;
    for (const char *p = s; *p;) {
        uint32_t code = 0;
        size_t n = decode(p, &code);
        at -= n;
        memcpy(out + at, p, n);
        p += n;
    }
    return out;
}

static const char *trim_end(struct arena *a, const char *value, const char *pattern, bool longest)
{
    return reversed(a, trim(reversed(a, value), reversed(a, pattern), longest));
}

/* "#" without an argument is the length. */
static const char *trim_prefix(struct arena *a, const char *value, const char *const *args, size_t count)
{
    return count ? trim(value, args[0], false) : str_fmt(a, "%zu", strlen(value));
}

static const char *trim_prefix_longest(struct arena *a, const char *value, const char *const *args,
                                       size_t count)
{
    (void)a;
    return count ? trim(value, args[0], true) : value;
}

static const char *trim_suffix(struct arena *a, const char *value, const char *const *args, size_t count)
{
    return count ? trim_end(a, value, args[0], false) : value;
}

static const char *trim_suffix_longest(struct arena *a, const char *value, const char *const *args,
                                       size_t count)
{
    return count ? trim_end(a, value, args[0], true) : value;
}

static const char *or_default(struct arena *a, const char *value, const char *const *args, size_t count)
{
    return value[0] || !count ? value : str_join(a, args, count, "");
}

static const struct {
    const char *op;
    apply_fn apply;
} rows[] = {
    { "", or_default },     { ",", lower_first },          { ",,", lower_all },
    { "^", upper_first },   { "^^", upper_all },           { "#", trim_prefix },
    { "%", trim_suffix },   { "##", trim_prefix_longest }, { "%%", trim_suffix_longest },
    { ":", substring },     { "/#", replace_prefix },      { "/%", replace_suffix },
    { "/", replace_first }, { "//", replace_all },         { "=", or_default },
    { ":=", or_default },   { ":-", or_default },          { ":?", or_default },
    { ":+", or_default },
};

bool envsubst_is_default(const char *op)
{
    static const char *const ops[] = { "=", ":=", ":-", ":?", ":+" };
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        if (!strcmp(ops[i], op))
            return true;
    return false;
}

const char *envsubst_apply(struct arena *a, const char *op, const char *value, const char *const *args,
                           size_t count)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!strcmp(rows[i].op, op))
            return rows[i].apply(a, value, args, count);
    return value;
}
