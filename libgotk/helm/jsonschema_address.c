/*
 * jsonschema_address.c: the formats ipv4 and ipv6.
 *
 * The library reads IPv4 by itself and IPv6 by Go's netip. Pure functions.
 */
#include "libgotk/base/goaddr.h"
#include "libgotk/base/quote.h"
#include "libgotk/helm/jsonschema_formats.h"

#include <string.h>

const char *format_atoi(struct strv s, int64_t *ret)
{
    bool negative = s.n && s.p[0] == '-';
    size_t sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
    struct strv digits = format_slice(s, sign, s.n);
    uint64_t value = 0, limit = (uint64_t)INT64_MAX + negative;
    if (digits.n == 0 || format_digits(digits) != digits.n)
        return "invalid syntax";
    for (size_t i = 0; i < digits.n; i++) {
        uint64_t digit = (uint64_t)(digits.p[i] - '0');
        if (value > (limit - digit) / 10)
            return "value out of range";
        value = value * 10 + digit;
    }
    *ret = (int64_t)(negative ? 0 - value : value);
    return NULL;
}

const char *format_check_ipv4(struct ctx *cx, struct strv s)
{
    struct strv rest = s, group;
    size_t count = 0;
    while (format_next_part(&rest, '.', &group))
        count++;
    if (count != 4)
        return "expected four decimals";
    for (rest = s; format_next_part(&rest, '.', &group);) {
        int64_t n = 0;
        if (group.n > 1 && group.p[0] == '0')
            return "leading zeros";
        const char *why = format_atoi(group, &n);
        if (why)
            return str_fmt(cx->arena, "strconv.Atoi: parsing %s: %s", quote_go(cx->arena, group.p, group.n),
                           why);
        if (n < 0 || n > 255)
            return "decimal must be between 0 and 255";
    }
    return NULL;
}

const char *format_check_ipv6(struct ctx *cx, struct strv s)
{
    bool four;
    if (format_find(s, ':') == s.n)
        return "missing colon";
    const char *why = goaddr_wrong(cx->arena, s, &four);
    if (why)
        return why;
    return format_find(s, '%') < s.n ? "zone id is not a part of ipv6 address" : NULL;
}
