/*
 * glob.c: Go's path.Match; the contract is in glob.h.
 *
 * One pass with a single point to return to: when the text stops matching, the last star takes one more byte. As in Go,
 * earlier stars are never extended again, which keeps the time at pattern x text. Any thread, no state.
 */
#include "libgotk/base/glob.h"

#include "libgotk/base/rune.h"
#include "libgotk/base/str.h"

#include <string.h>

/* The character at *s, which is no end of text, with *s moved behind it; a byte that is no UTF-8 counts as U+FFFD. */
static uint32_t take_rune(const char **s)
{
    size_t width;
    uint32_t rune = rune_decode(*s, strnlen(*s, 4), &width);
    *s += width;
    return rune;
}

/* One end of a range in a class; false when the class is malformed there. */
static bool take_class_rune(const char **p, uint32_t *ret)
{
    if (!**p || **p == '-' || **p == ']')
        return false;
    if (**p == '\\' && !*++*p)
        return false;
    if (!str_utf8_len(*p, strnlen(*p, 4)))
        return false;
    *ret = take_rune(p);
    return **p != '\0';
}

/* The class behind '[' at *p, with *p moved behind ']'; false when it is malformed. */
static bool take_class(const char **p, uint32_t rune, bool *ret_in)
{
    bool negated = **p == '^', in = false;
    *p += negated;
    for (size_t ranges = 0; ranges == 0 || **p != ']'; ranges++) {
        uint32_t low, high;
        if (!take_class_rune(p, &low))
            return false;
        high = low;
        if (**p == '-') {
            (*p)++;
            if (!take_class_rune(p, &high))
                return false;
        }
        in = in || (low <= rune && rune <= high);
    }
    (*p)++;
    *ret_in = in != negated;
    return true;
}

bool glob_valid(const char *pattern)
{
    bool ignored;
    for (const char *p = pattern; *p;) {
        char c = *p++;
        if (c == '\\' && !*p++)
            return false;
        if (c == '[' && !take_class(&p, 0, &ignored))
            return false;
    }
    return true;
}

/* Matches one character of a valid pattern at *p against the text at *t, moving both behind it. */
static bool match_one(const char **p, const char **t)
{
    bool in = false;
    switch (**p) {
    case '[':
        (*p)++;
        return take_class(p, take_rune(t), &in) && in;
    case '?':
        (*p)++;
        return **t != '/' && take_rune(t);
    case '\\':
        (*p)++;
        break;
    case '\0':
        return false;
    default:
        break;
    }
    return *(*p)++ == *(*t)++;
}

bool glob_match(const char *pattern, const char *text)
{
    const char *p = pattern, *t = text, *star = NULL, *star_end = NULL;
    if (!glob_valid(pattern))
        return false;
    while (*t) {
        const char *next_p = p, *next_t = t;
        if (*p == '*') {
            star = ++p;
            star_end = t;
        } else if (match_one(&next_p, &next_t)) {
            p = next_p;
            t = next_t;
        } else if (star && *star_end != '/') {
            t = ++star_end;
            p = star;
        } else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return !*p;
}
