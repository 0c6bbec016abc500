/*
 * semver.c: reading and comparing versions; the contract is in semver.h. Ranges are in semver_range.c.
 *
 * Error texts are upstream's, because users read them in conditions. Any thread, no state.
 */
#include "libgotk/base/semver.h"

#include "libgotk/base/str.h"

#include <string.h>

#define DIGITS      "0123456789"
#define IDENTIFIER  DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"
#define VERSION_MAX 256

static int check_length(struct ctx *cx, const char *text)
{
    if (strlen(text) > VERSION_MAX)
        return err_fail(cx, ERR_INVALID, "version string is too long (max %d bytes)", VERSION_MAX);
    return 0;
}

static int read_number(struct ctx *cx, const char *digits, size_t n, uint64_t *ret)
{
    uint64_t v = 0;
    if (!n)
        return err_fail(cx, ERR_INVALID, "strconv.ParseUint: parsing \"\": invalid syntax");
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(digits[i] - '0'), &v))
            return err_fail(cx, ERR_INVALID, "strconv.ParseUint: parsing \"%.*s\": value out of range",
                            (int)n, digits);
    *ret = v;
    return 0;
}

/* Dot-separated identifiers, none empty, numeric ones without leading zeros unless `zeros`. */
static int check_identifiers(struct ctx *cx, const char *text, const char *what, bool zeros)
{
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, "."), digits = strspn(p, DIGITS);
        if (!n || strspn(p, IDENTIFIER) < n)
            return err_fail(cx, ERR_INVALID, "invalid %s string", what);
        if (!zeros && digits >= n && n > 1 && *p == '0')
            return err_fail(cx, ERR_INVALID, "version segment starts with 0");
        p += n;
        if (!*p)
            return 0;
    }
}

/* ".digits" (or "digits" when `dot` is 0) at *p, with *p moved behind it; absence leaves *ret at 0. */
static int take_part(struct ctx *cx, const char **p, char dot, uint64_t *ret)
{
    *ret = 0;
    if (dot && **p != dot)
        return 0;
    size_t n = strspn(*p + (dot != 0), DIGITS);
    if (!n)
        return dot ? 0 : err_fail(cx, ERR_INVALID, "invalid semantic version");
    *p += dot != 0;
    if (read_number(cx, *p, n, ret) < 0)
        return err_wrap(cx, "error parsing version segment");
    *p += n;
    return 0;
}

/* `sign` and the text behind it up to `end` characters, with *p moved behind it; "" when absent. */
static const char *take_suffix(struct arena *a, const char **p, char sign, const char *end)
{
    if (**p != sign)
        return "";
    size_t n = strcspn(*p + 1, end);
    const char *text = str_ndup(a, *p + 1, n);
    *p += 1 + n;
    return text;
}

/* True for what the loose grammar accepts behind a sign; its exact rules are checked later. */
static bool is_dotted(const char *text)
{
    for (size_t n; (n = strspn(text, IDENTIFIER)) > 0; text += n + 1)
        if (text[n] != '.')
            return !text[n];
    return false;
}

/* Whether p is what may stand behind a version's numbers: nothing, a pre-release, metadata. */
static bool is_rest(struct arena *a, const char *p)
{
    bool has_pre = *p == '-';
    const char *pre = take_suffix(a, &p, '-', "+");
    bool has_metadata = *p == '+';
    const char *metadata = take_suffix(a, &p, '+', "");
    return !*p && (!has_pre || is_dotted(pre)) && (!has_metadata || is_dotted(metadata));
}

/* Behind one to three numbers; NULL when there is none. */
static const char *behind_numbers(const char *p)
{
    size_t n = strspn(p, DIGITS);
    if (!n)
        return NULL;
    p += n;
    for (int i = 0; i < 2 && *p == '.' && (n = strspn(p + 1, DIGITS)) > 0; i++)
        p += 1 + n;
    return p;
}

int semver_parse(struct ctx *cx, const char *text, struct semver *ret)
{
    struct semver v = { .original = str_dup(cx->arena, text) };
    const char *p = text + (*text == 'v'), *rest = behind_numbers(p);
    if (check_length(cx, text) < 0)
        return cx->err.code;
    if (!rest || !is_rest(cx->arena, rest))
        return err_fail(cx, ERR_INVALID, "invalid semantic version");
    if (take_part(cx, &p, 0, &v.major) < 0 || take_part(cx, &p, '.', &v.minor) < 0 ||
        take_part(cx, &p, '.', &v.patch) < 0)
        return cx->err.code;
    bool has_pre = *p == '-';
    v.pre = take_suffix(cx->arena, &p, '-', "+");
    v.metadata = take_suffix(cx->arena, &p, '+', "");
    if (has_pre && check_identifiers(cx, v.pre, "prerelease", false) < 0)
        return cx->err.code;
    *ret = v;
    return 0;
}

static int read_strict_number(struct ctx *cx, const char *text, size_t n, uint64_t *ret)
{
    if (strspn(text, DIGITS) < n)
        return err_fail(cx, ERR_INVALID, "invalid characters in version");
    if (n > 1 && *text == '0')
        return err_fail(cx, ERR_INVALID, "version segment starts with 0");
    return read_number(cx, text, n, ret);
}

int semver_parse_strict(struct ctx *cx, const char *text, struct semver *ret)
{
    struct semver v = { .original = str_dup(cx->arena, text) };
    const char *dot1 = strchr(text, '.'), *dot2 = dot1 ? strchr(dot1 + 1, '.') : NULL;
    if (!*text)
        return err_fail(cx, ERR_INVALID, "version string empty");
    if (check_length(cx, text) < 0)
        return cx->err.code;
    if (!dot2)
        return err_fail(cx, ERR_INVALID, "invalid semantic version");
    const char *patch_end = dot2 + 1 + strcspn(dot2 + 1, "-+"), *p = patch_end;
    bool has_pre = *p == '-';
    v.pre = take_suffix(cx->arena, &p, '-', "+");
    bool has_metadata = *p == '+';
    v.metadata = take_suffix(cx->arena, &p, '+', "");
    if ((has_metadata && check_identifiers(cx, v.metadata, "metadata", true) < 0) ||
        (has_pre && check_identifiers(cx, v.pre, "prerelease", false) < 0) ||
        read_strict_number(cx, text, (size_t)(dot1 - text), &v.major) < 0 ||
        read_strict_number(cx, dot1 + 1, (size_t)(dot2 - dot1 - 1), &v.minor) < 0 ||
        read_strict_number(cx, dot2 + 1, (size_t)(patch_end - dot2 - 1), &v.patch) < 0)
        return cx->err.code;
    *ret = v;
    return 0;
}

char *semver_print(struct arena *a, const struct semver *v)
{
    return str_fmt(a, "%lu.%lu.%lu%s%s%s%s", v->major, v->minor, v->patch, *v->pre ? "-" : "", v->pre,
                   *v->metadata ? "+" : "", v->metadata);
}

static int order_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int order_text(struct strv a, struct strv b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : order_numbers(a.n, b.n);
}

/* An identifier of digits that fit 64 bits counts as a number, any other as text. */
static bool as_number(struct strv s, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    *ret = v;
    return s.n > 0;
}

/* Numbers come before text, and what is missing before both. */
static int order_identifiers(struct strv a, struct strv b)
{
    uint64_t number_a, number_b;
    if (!a.n || !b.n)
        return order_numbers(a.n, b.n);
    bool is_a = as_number(a, &number_a), is_b = as_number(b, &number_b);
    if (is_a && is_b)
        return order_numbers(number_a, number_b);
    if (is_a != is_b)
        return is_a ? -1 : 1;
    return order_text(a, b);
}

static struct strv take_identifier(const char **p)
{
    struct strv part = { *p, strcspn(*p, ".") };
    *p += part.n;
    *p += **p == '.';
    return part;
}

static int order_pre(const char *a, const char *b)
{
    if (!*a || !*b)
        return !*a - !*b;
    while (*a || *b) {
        int order = order_identifiers(take_identifier(&a), take_identifier(&b));
        if (order)
            return order;
    }
    return 0;
}

int semver_compare(const struct semver *a, const struct semver *b)
{
    if (a->major != b->major)
        return order_numbers(a->major, b->major);
    if (a->minor != b->minor)
        return order_numbers(a->minor, b->minor);
    if (a->patch != b->patch)
        return order_numbers(a->patch, b->patch);
    return order_pre(a->pre, b->pre);
}
