/*
 * str.c: strings in arenas; the contract is in str.h.
 *
 * Any thread; no state. ASCII rules only: what needs Unicode (template functions) brings its own tables.
 */
#include "libgotk/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEAREST_MAX 64
#define MOST_TEXTS  128 /* bytes that most formatted texts fit into: only longer ones are formatted twice */

char *str_ndup(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc_raw(a, n + 1);
    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *str_dup(struct arena *a, const char *s)
{
    return s ? str_ndup(a, s, strlen(s)) : NULL;
}

char *str_vfmt(struct arena *a, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    char *s = arena_alloc_raw(a, MOST_TEXTS);
    int n = vsnprintf(s, MOST_TEXTS, fmt, args);
    ASSERT(n >= 0);
    size_t size = (size_t)n + 1;
    if (size <= MOST_TEXTS) {
        arena_trim(a, s, MOST_TEXTS, size);
    } else {
        s = arena_grow(a, s, MOST_TEXTS, size);
        vsnprintf(s, size, fmt, again);
    }
    va_end(again);
    return s;
}

char *str_without_nuls(struct arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc_raw(a, 2 * n + 1), *w = copy;
    for (size_t i = 0; i < n; i++) {
        if (s[i])
            *w++ = s[i];
        else
            w = mempcpy(w, STR_NUL, 2);
    }
    *w = '\0';
    return copy;
}

struct strv str_with_nuls(struct arena *a, const char *s)
{
    size_t len = strlen(s), n = 0;
    if (!strchr(s, (unsigned char)STR_NUL[0]))
        return (struct strv){ s, len };
    char *out = arena_alloc_raw(a, len);
    for (size_t i = 0; i < len; i++) {
        bool nul = s[i] == STR_NUL[0] && s[i + 1] == STR_NUL[1];
        out[n++] = nul ? '\0' : s[i];
        i += nul;
    }
    return (struct strv){ out, n };
}

char *str_fmt(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = str_vfmt(a, fmt, args);
    va_end(args);
    return s;
}

bool str_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_eq_fold(const char *a, const char *b)
{
    return a == b || (a && b && strcasecmp(a, b) == 0);
}

bool str_empty(const char *s)
{
    return !s || !*s;
}

bool str_starts(const char *s, const char *prefix)
{
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = s ? strlen(s) : 0, m = strlen(suffix);
    return n >= m && s && memcmp(s + n - m, suffix, m) == 0;
}

const char *str_or(const char *s, const char *fallback)
{
    return str_empty(s) ? fallback : s;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

char *str_trim(struct arena *a, const char *s)
{
    while (is_space(*s))
        s++;
    size_t n = strlen(s);
    while (n && is_space(s[n - 1]))
        n--;
    return str_ndup(a, s, n);
}

char *str_lower(struct arena *a, const char *s)
{
    char *copy = str_dup(a, s);
    for (char *p = copy; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return copy;
}

char **str_split(struct arena *a, const char *s, char sep, size_t *ret_count)
{
    size_t count = 1;
    for (const char *p = s; *p; p++)
        count += *p == sep;
    char **parts = ARENA_ARRAY(a, char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *end = strchrnul(s, sep);
        parts[i] = str_ndup(a, s, (size_t)(end - s));
        s = *end ? end + 1 : end;
    }
    if (ret_count)
        *ret_count = count;
    return parts;
}

char *str_join(struct arena *a, const char *const *parts, size_t count, const char *sep)
{
    size_t sep_len = strlen(sep), size = 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(parts[i]) + sep_len;
    char *joined = arena_alloc(a, size), *p = joined;
    for (size_t i = 0; i < count; i++) {
        p = i ? mempcpy(p, sep, sep_len) : p;
        p = mempcpy(p, parts[i], strlen(parts[i]));
    }
    return joined;
}

static size_t count_of(const char *s, const char *from)
{
    size_t count = 0;
    for (const char *p = strstr(s, from); p; p = strstr(p + strlen(from), from))
        count++;
    return count;
}

char *str_replace(struct arena *a, const char *s, const char *from, const char *to)
{
    size_t from_len = strlen(from), to_len = strlen(to);
    char *out = arena_alloc(a, strlen(s) + count_of(s, from) * to_len + 1), *w = out;
    for (const char *hit; (hit = strstr(s, from)) != NULL; s = hit + from_len) {
        w = mempcpy(w, s, (size_t)(hit - s));
        w = mempcpy(w, to, to_len);
    }
    memcpy(w, s, strlen(s) + 1);
    return out;
}

bool str_to_int64(const char *s, int64_t *ret)
{
    if (str_empty(s) || is_space(*s) || *s == '+')
        return false;
    char *end;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end)
        return false;
    *ret = v;
    return true;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t row[NEAREST_MAX + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = min3(row[j] + 1, row[j - 1] + 1, substituted);
        }
    }
    return row[m];
}

const char *str_nearest(const char *s, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(s) / 3 + 1;
    if (strlen(s) > NEAREST_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(candidates[i]) > NEAREST_MAX)
            continue;
        size_t d = distance(s, candidates[i]);
        if (d <= best_distance && (!best || d < best_distance)) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}

size_t str_utf8_len(const char *text, size_t left)
{
    const unsigned char *s = (const unsigned char *)text;
    if (!left)
        return 0;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : n;
}

bool str_is_utf8(const char *s, size_t n)
{
    for (size_t i = 0, step; i < n; i += step) {
        step = str_utf8_len(s + i, n - i);
        if (!step)
            return false;
    }
    return true;
}
