/*
 * jsonschema_format.c: the formats of strings: one row and one function each.
 *
 * They accept what the library accepts, Go's parsers behind it included, and say what those say. Addresses and
 * dates are in jsonschema_address.c and jsonschema_time.c. Pure functions but for results in the context's arena; an error
 * in the context stands for a limit. Any thread.
 */
#include "libgotk/base/gourl.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"
#include "libgotk/helm/jsonschema_formats.h"

#include <string.h>

struct strv format_slice(struct strv s, size_t from, size_t to)
{
    return (struct strv){ s.p + from, to - from };
}

bool format_starts(struct strv s, const char *with)
{
    return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

static bool ends(struct strv s, const char *with)
{
    size_t n = strlen(with);
    return s.n >= n && memcmp(s.p + s.n - n, with, n) == 0;
}

size_t format_find(struct strv s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

size_t format_digits(struct strv s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

bool format_next_part(struct strv *rest, char separator, struct strv *ret_part)
{
    if (!rest->p)
        return false;
    size_t at = format_find(*rest, separator);
    *ret_part = format_slice(*rest, 0, at);
    *rest = at < rest->n ? format_slice(*rest, at + 1, rest->n) : (struct strv){ NULL, 0 };
    return true;
}

const char *format_bad_rune(struct ctx *cx, const char *what, struct strv at, const char *more)
{
    size_t width;
    struct buf out = buf_new(cx->arena, 256);
    buf_str(&out, what);
    quote_rune_to(&out, rune_decode(at.p, at.n, &width), false);
    buf_str(&out, more);
    return buf_text(&out);
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_alnum(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* --- pointers --- */

static const char *check_json_pointer(struct ctx *cx, struct strv s)
{
    (void)cx;
    if (s.n && s.p[0] != '/')
        return "not starting with /";
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
            return "~ must be followed by 0 or 1";
    return NULL;
}

static const char *check_relative_json_pointer(struct ctx *cx, struct strv s)
{
    size_t digits = format_digits(s);
    if (digits == 0)
        return "must start with non-negative integer";
    if (digits > 1 && s.p[0] == '0')
        return "starts with zero";
    s = format_slice(s, digits, s.n);
    return s.n == 1 && s.p[0] == '#' ? NULL : check_json_pointer(cx, s);
}

/* --- identifiers --- */

static const char *check_uuid_group(struct ctx *cx, struct strv group, size_t i)
{
    static const size_t lengths[] = { 8, 4, 4, 4, 12 };
    if (group.n != lengths[i])
        return str_fmt(cx->arena, "element %zu must be %zu characters long", i + 1, lengths[i]);
    for (size_t c = 0; c < group.n; c++)
        if (!strchr("0123456789abcdefABCDEF", group.p[c]) || !group.p[c])
            return format_bad_rune(cx, "non-hex character ", format_slice(group, c, group.n), "");
    return NULL;
}

static const char *check_uuid(struct ctx *cx, struct strv s)
{
    struct strv rest = s, group;
    size_t count = 1;
    for (size_t i = 0; i < s.n; i++)
        count += s.p[i] == '-';
    if (count != 5)
        return "must have 5 elements";
    const char *why = NULL;
    for (size_t i = 0; !why && format_next_part(&rest, '-', &group); i++)
        why = check_uuid_group(cx, group, i);
    return why;
}

/* Dot-separated identifiers of letters, digits and hyphens. */
static const char *check_semver_ids(struct ctx *cx, struct strv ids, const char *kind, bool numbers)
{
    struct strv id;
    while (format_next_part(&ids, '.', &id)) {
        if (id.n == 0)
            return str_fmt(cx->arena, "%s identifier is empty", kind);
        for (size_t i = 0; i < id.n; i++)
            if (!is_alnum(id.p[i]) && id.p[i] != '-')
                return format_bad_rune(cx, "invalid character ", format_slice(id, i, id.n),
                                       str_fmt(cx->arena, " in %s identifier", kind));
        if (numbers && id.n > 1 && id.p[0] == '0' && format_digits(id) == id.n)
            return "pre-release numeric identifier starts with zero";
    }
    return NULL;
}

static const char *check_semver_core(struct ctx *cx, struct strv core)
{
    static const char *const names[] = { "major", "minor", "patch" };
    struct strv rest = core, number;
    size_t count = 0;
    while (format_next_part(&rest, '.', &number))
        count++;
    if (count != 3)
        return "versionCore must have 3 numbers separated by dot";
    rest = core;
    for (size_t i = 0; i < ARRAY_LEN(names) && format_next_part(&rest, '.', &number); i++) {
        if (number.n == 0)
            return str_fmt(cx->arena, "%s is empty", names[i]);
        if (number.n > 1 && number.p[0] == '0')
            return str_fmt(cx->arena, "%s starts with zero", names[i]);
        if (format_digits(number) != number.n)
            return str_fmt(cx->arena, "%s contains non-digit", names[i]);
    }
    return NULL;
}

static const char *check_semver(struct ctx *cx, struct strv s)
{
    const char *why = NULL;
    size_t plus = format_find(s, '+');
    if (plus + 1 == s.n)
        return "build is empty";
    if (plus < s.n)
        why = check_semver_ids(cx, format_slice(s, plus + 1, s.n), "build", false);
    s.n = plus;
    size_t hyphen = format_find(s, '-');
    if (!why && hyphen < s.n)
        why = check_semver_ids(cx, format_slice(s, hyphen + 1, s.n), "pre-release", true);
    s.n = hyphen;
    return why ? why : check_semver_core(cx, s);
}

/* --- names of hosts and people --- */

static const char *check_label(struct ctx *cx, struct strv label)
{
    if (label.n < 1 || label.n > 63)
        return "label must be 1 to 63 characters long";
    if (label.p[0] == '-')
        return "label starts with hyphen";
    if (label.p[label.n - 1] == '-')
        return "label ends with hyphen";
    for (size_t i = 0; i < label.n; i++)
        if (!is_alnum(label.p[i]) && label.p[i] != '-')
            return format_bad_rune(cx, "invalid character ", format_slice(label, i, label.n), "");
    return NULL;
}

static const char *check_hostname(struct ctx *cx, struct strv s)
{
    const char *why = NULL;
    struct strv label;
    s.n -= ends(s, ".");
    if (s.n > 253)
        return "more than 253 characters long";
    while (!why && format_next_part(&s, '.', &label))
        why = check_label(cx, label);
    return why;
}

static const char *check_unquoted(struct ctx *cx, struct strv local)
{
    if (format_starts(local, "."))
        return "starts with dot";
    if (ends(local, "."))
        return "ends with dot";
    if (local.n && memmem(local.p, local.n, "..", 2))
        return "consecutive dots";
    for (size_t i = 0; i < local.n; i++)
        if (!local.p[i] || (!is_alnum(local.p[i]) && !strchr(".!#$%&'*+-/=?^_`{|}~", local.p[i])))
            return format_bad_rune(cx, "invalid character ", format_slice(local, i, local.n), "");
    return NULL;
}

static const char *check_domain(struct ctx *cx, struct strv domain)
{
    const char *why, *kind = "domain";
    if (domain.n < 2 || domain.p[0] != '[' || !ends(domain, "]")) {
        why = check_hostname(cx, domain);
    } else {
        domain = format_slice(domain, 1, domain.n - 1);
        bool six = format_starts(domain, "IPv6:");
        kind = six ? "ipv6 address" : "ipv4 address";
        why = six ? format_check_ipv6(cx, format_slice(domain, 5, domain.n)) : format_check_ipv4(cx, domain);
    }
    return why ? str_fmt(cx->arena, "invalid %s: %s", kind, why) : NULL;
}

static const char *check_email(struct ctx *cx, struct strv s)
{
    const char *at = s.n ? memrchr(s.p, '@', s.n) : NULL, *why = NULL;
    if (s.n > 254)
        return "more than 255 characters long";
    if (!at)
        return "missing @";
    struct strv local = { s.p, (size_t)(at - s.p) }, domain = { at + 1, s.n - local.n - 1 };
    if (local.n > 64)
        return "local part more than 64 characters long";
    if (local.n > 1 && local.p[0] == '"') {
        if (memchr(local.p + 1, '\\', local.n - 2) || memchr(local.p + 1, '"', local.n - 2))
            why = "backslash and quote are not allowed within quoted local part";
    } else {
        why = check_unquoted(cx, local);
    }
    return why ? why : check_domain(cx, domain);
}

/* --- addresses of pages --- */

/* Go's parser, and an IPv6 host that is one. What is wrong becomes *ret_why. */
static bool parse_url(struct ctx *cx, struct strv s, struct gourl *ret, const char **ret_why)
{
    *ret_why = NULL;
    if (gourl_parse(cx, s, ret) < 0) {
        *ret_why = err_message(cx);
        return false;
    }
    struct strv host = gourl_hostname(ret);
    if (format_find(host, ':') == host.n)
        return true;
    if (format_find(ret->host, '[') == ret->host.n || format_find(ret->host, ']') == ret->host.n)
        *ret_why = "ipv6 address not enclosed in brackets";
    else if ((*ret_why = format_check_ipv6(cx, host)))
        *ret_why = str_fmt(cx->arena, "invalid ipv6 address: %s", *ret_why);
    return !*ret_why;
}

static const char *check_uri(struct ctx *cx, struct strv s)
{
    struct gourl u;
    const char *why;
    if (!parse_url(cx, s, &u, &why))
        return why;
    return u.scheme.n ? NULL : "relative url";
}

static const char *check_uri_reference(struct ctx *cx, struct strv s)
{
    struct gourl u;
    const char *why;
    if (format_find(s, '\\') < s.n)
        return "contains \\";
    return parse_url(cx, s, &u, &why) ? NULL : why;
}

static const char *check_braces(struct strv segment)
{
    bool open = false;
    for (size_t i = 0; i < segment.n; i++) {
        if (segment.p[i] != '{' && segment.p[i] != '}')
            continue;
        if (open == (segment.p[i] == '{'))
            return "nested curly braces";
        open = !open;
    }
    return open ? "no matching closing brace" : NULL;
}

static const char *check_uri_template(struct ctx *cx, struct strv s)
{
    struct gourl u;
    struct strv segment, decoded;
    const char *why;
    if (!parse_url(cx, s, &u, &why))
        return why;
    struct strv rest = u.raw_path;
    while (!why && format_next_part(&rest, '/', &segment)) {
        if (gourl_unescape(cx, segment, &decoded) < 0)
            return str_fmt(cx->arena, "percent decode failed: %s", err_message(cx));
        why = check_braces(decoded);
    }
    return why;
}

/* --- expressions --- */

static const char *check_regex(struct ctx *cx, struct strv s)
{
    struct regex *re;
    if (strlen(s.p) != s.n) /* a NUL: nothing here knows it */
        return "error parsing regexp: invalid character";
    return regex_compile(cx, str_ndup(cx->arena, s.p, s.n), 0, &re) < 0 ? err_message(cx) : NULL;
}

/* clang-format off */
static const struct format formats[] = {
    { "json-pointer", check_json_pointer },
    { "relative-json-pointer", check_relative_json_pointer },
    { "uuid", check_uuid },
    { "duration", format_check_duration },
    { "period", format_check_period },
    { "ipv4", format_check_ipv4 },
    { "ipv6", format_check_ipv6 },
    { "hostname", check_hostname },
    { "email", check_email },
    { "date", format_check_date },
    { "time", format_check_time },
    { "date-time", format_check_date_time },
    { "uri", check_uri },
    { "iri", check_uri },
    { "uri-reference", check_uri_reference },
    { "iri-reference", check_uri_reference },
    { "uri-template", check_uri_template },
    { "semver", check_semver },
    { "regex", check_regex },
};
/* clang-format on */

const struct format *schema_format(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
