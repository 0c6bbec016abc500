/*
 * goaddr.c: Go's netip.ParseAddr; the contract is in goaddr.h. Pure functions.
 */
#include "libgotk/base/goaddr.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/quote.h"

#include <string.h>

#define HEX_FIELDS 8

static struct strv slice(struct strv s, size_t from, size_t to)
{
    return (struct strv){ s.p + from, to - from };
}

static size_t find(struct strv s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

/* ParseAddr("whole"): what (at "at"). */
static const char *bad_address(struct arena *a, struct strv whole, const char *what, struct strv at)
{
    struct buf out = buf_new(a, 8 * (whole.n + at.n) + 256);
    buf_fmt(&out, "ParseAddr(%s): %s", quote_go(a, whole.p, whole.n), what);
    if (at.n)
        buf_fmt(&out, " (at %s)", quote_go(a, at.p, at.n));
    return buf_text(&out);
}

#define NO_PLACE ((struct strv){ "", 0 })

/* Dotted decimals, alone or at the end of an IPv6 address. */
static const char *check_dotted(struct arena *a, struct strv whole, struct strv s)
{
    int value = 0, length = 0, fields = 0;
    for (size_t i = 0; i < s.n; i++) {
        struct strv at = slice(s, i, s.n);
        char c = s.p[i];
        if (c >= '0' && c <= '9') {
            if (length == 1 && value == 0)
                return bad_address(a, whole, "IPv4 field has octet with leading zero", NO_PLACE);
            value = value * 10 + (c - '0');
            length++;
            if (value > 255)
                return bad_address(a, whole, "IPv4 field has value >255", NO_PLACE);
            continue;
        }
        if (c != '.')
            return bad_address(a, whole, "unexpected character", at);
        if (i == 0 || i == s.n - 1 || s.p[i - 1] == '.')
            return bad_address(a, whole, "IPv4 field must have at least one digit", at);
        if (fields == 3)
            return bad_address(a, whole, "IPv4 address too long", NO_PLACE);
        fields++;
        value = length = 0;
    }
    return fields < 3 ? bad_address(a, whole, "IPv4 address too short", NO_PLACE) : NULL;
}

/* An IPv6 address on its way: what is left, fields read, and whether "::" was there. */
struct six {
    struct arena *arena;
    struct strv whole;
    struct strv s;
    int fields;
    bool ellipsis;
};

static const char *fail(const struct six *x, const char *what, struct strv at)
{
    return bad_address(x->arena, x->whole, what, at);
}

/* Up to four hexadecimal digits; *ret how many. */
static const char *read_hex(const struct six *x, size_t *ret)
{
    size_t n = 0;
    while (n < x->s.n && x->s.p[n] && strchr("0123456789abcdefABCDEF", x->s.p[n]))
        if (n++ > 3)
            return fail(x, "each group must have 4 or less digits", x->s);
    if (n == 0)
        return fail(x, "each colon-separated field must have at least one digit", x->s);
    *ret = n;
    return NULL;
}

static const char *read_dotted(struct six *x)
{
    if (!x->ellipsis && x->fields != HEX_FIELDS - 2)
        return fail(x, "embedded IPv4 address must replace the final 2 fields of the address", x->s);
    if (x->fields + 2 > HEX_FIELDS)
        return fail(x, "too many hex fields to fit an embedded IPv4 at the end of the address", x->s);
    const char *why = check_dotted(x->arena, x->whole, x->s);
    x->s.n = 0;
    x->fields += 2;
    return why;
}

/* The colon behind a field, or two of them. */
static const char *read_colon(struct six *x)
{
    if (x->s.p[0] != ':')
        return fail(x, "unexpected character, want colon", x->s);
    if (x->s.n == 1)
        return fail(x, "colon must be followed by more characters", x->s);
    x->s = slice(x->s, 1, x->s.n);
    if (x->s.p[0] != ':')
        return NULL;
    if (x->ellipsis)
        return fail(x, "multiple :: in address", x->s);
    x->ellipsis = true;
    x->s = slice(x->s, 1, x->s.n);
    return NULL;
}

static const char *read_fields(struct six *x)
{
    const char *why = NULL;
    while (!why && x->s.n && x->fields < HEX_FIELDS) {
        size_t digits = 0;
        why = read_hex(x, &digits);
        if (why)
            return why;
        if (digits < x->s.n && x->s.p[digits] == '.')
            return read_dotted(x);
        x->fields++;
        x->s = slice(x->s, digits, x->s.n);
        if (x->s.n)
            why = read_colon(x);
    }
    return why;
}

static const char *check_six(struct arena *a, struct strv whole)
{
    struct six x = { a, whole, whole, 0, false };
    size_t percent = find(whole, '%');
    if (percent + 1 == whole.n)
        return fail(&x, "zone must be a non-empty string", NO_PLACE);
    x.s.n = percent;
    if (x.s.n >= 2 && memcmp(x.s.p, "::", 2) == 0) {
        x.ellipsis = true;
        x.s = slice(x.s, 2, x.s.n);
    } else if (x.s.n == 0) {
        return fail(&x, "each colon-separated field must have at least one digit", x.s);
    }
    const char *why = read_fields(&x);
    if (why)
        return why;
    if (x.s.n)
        return fail(&x, "trailing garbage after address", x.s);
    if (x.fields < HEX_FIELDS && !x.ellipsis)
        return fail(&x, "address string too short", NO_PLACE);
    if (x.fields == HEX_FIELDS && x.ellipsis)
        return fail(&x, "the :: must expand to at least one field of zeros", NO_PLACE);
    return NULL;
}

const char *goaddr_wrong(struct arena *a, struct strv s, bool *ret_four)
{
    *ret_four = false;
    for (size_t i = 0; i < s.n; i++) {
        *ret_four = s.p[i] == '.';
        if (s.p[i] == '.')
            return check_dotted(a, s, s);
        if (s.p[i] == ':')
            return check_six(a, s);
        if (s.p[i] == '%')
            return bad_address(a, s, "missing IPv6 address", NO_PLACE);
    }
    return bad_address(a, s, "unable to parse IP", NO_PLACE);
}
