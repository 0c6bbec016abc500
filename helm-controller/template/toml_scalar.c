/*
 * toml_scalar.c: TOML's numbers, dates and bools; the contract is in toml_scan.h.
 *
 * The scanner takes what looks like a number or a date; whether it is one is judged afterwards, on the whole text.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/layout.h"
#include "helm-controller/template/literal.h"
#include "helm-controller/template/toml_scan.h"
#include "libgotk/base/quote.h"

#include <string.h>

static const char *quoted(struct toml_reader *r, struct strv s)
{
    return quote_go(r->cx->arena, s.p, s.n);
}

/* -- integers and floats ------------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return toml_is_digit((unsigned char)c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* No underscore at an end or beside another. */
static bool underscores_fit(struct strv s)
{
    bool accept = false;
    const char *word = s.n && (s.p[0] == '+' || s.p[0] == '-') ? s.p + 1 : s.p;
    size_t len = s.n - (size_t)(word - s.p);
    if (len == 3 && (memcmp(word, "inf", 3) == 0 || memcmp(word, "nan", 3) == 0))
        return true;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_' && !accept)
            return false;
        accept = is_hex(s.p[i]);
    }
    return accept;
}

static bool leads_with_zero(struct strv s)
{
    if (s.n > 1 && s.p[0] == '0' && !strchr("box", s.p[1]))
        return true;
    return s.n > 2 && (s.p[0] == '-' || s.p[0] == '+') && s.p[1] == '0';
}

static int read_integer(struct toml_reader *r, struct value *ret)
{
    struct strv s = toml_current(r);
    int64_t i = 0;
    toml_ignore(r);
    if (r->failed)
        return -1;
    if (!underscores_fit(s))
        return toml_fail_on(r, r->line, "Invalid integer %s: underscores must be surrounded by digits",
                            quoted(r, s));
    if (leads_with_zero(s))
        return toml_fail_on(r, r->line, "Invalid integer %s: cannot have leading zeroes", quoted(r, s));
    enum literal_result result = literal_int(s, 0, &i);
    if (result == LITERAL_RANGE)
        return toml_fail_on(r, r->line, "%.*s is out of range for int64", (int)s.n, s.p);
    if (result != LITERAL_OK)
        return err_fail(r->cx, ERR_INVALID, "BUG: Expected integer value, but got '%.*s'.\n\n", (int)s.n,
                        s.p);
    *ret = v_int64(i);
    return 0;
}

static bool is_separator(char c)
{
    return c == '.' || c == 'e' || c == 'E';
}

/* The parts between points and exponents, one after the other from *at on; empty ones are skipped. */
static bool next_part(struct strv s, size_t *at, struct strv *ret)
{
    while (*at < s.n && is_separator(s.p[*at]))
        (*at)++;
    size_t start = *at;
    while (*at < s.n && !is_separator(s.p[*at]))
        (*at)++;
    *ret = (struct strv){ s.p + start, *at - start };
    return ret->n > 0;
}

static bool points_fit(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '.' && (i + 1 == s.n || !toml_is_digit((unsigned char)s.p[i + 1])))
            return false;
    return true;
}

static int check_float(struct toml_reader *r, struct strv s)
{
    struct strv part;
    for (size_t at = 0; next_part(s, &at, &part);)
        if (!underscores_fit(part))
            return toml_fail_on(r, r->line, "Invalid float %s: underscores must be surrounded by digits",
                                quoted(r, s));
    size_t first = 0;
    if (next_part(s, &first, &part) && leads_with_zero(part))
        return toml_fail_on(r, r->line, "Invalid float %s: cannot have leading zeroes", quoted(r, s));
    if (!points_fit(s))
        return toml_fail_on(r, r->line, "Invalid float %s: '.' must be followed by one or more digits",
                            quoted(r, s));
    return 0;
}

static struct strv without_underscores(struct arena *a, struct strv s)
{
    char *out = arena_alloc_raw(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '_')
            out[n++] = s.p[i];
    return (struct strv){ out, n };
}

static int read_float(struct toml_reader *r, struct value *ret)
{
    struct strv s = toml_current(r);
    double f = 0;
    toml_ignore(r);
    if (r->failed || check_float(r, s) < 0)
        return -1;
    struct strv plain = without_underscores(r->cx->arena, s);
    bool nan = plain.n == 4 && memcmp(plain.p + 1, "nan", 3) == 0, minus = nan && plain.p[0] == '-';
    if (nan)
        plain = (struct strv){ plain.p + 1, 3 };
    enum literal_result result = literal_float(plain, &f);
    if (result == LITERAL_RANGE)
        return toml_fail_on(r, r->line, "%.*s is out of range for float64", (int)s.n, s.p);
    if (result != LITERAL_OK)
        return toml_fail_on(r, r->line, "Invalid float value: %s", quoted(r, s));
    *ret = v_float(minus ? -f : f);
    return 0;
}

/* -- dates --------------------------------------------------------------------------------------------------- */

/* Go takes an hour of one digit, TOML does not: a separator of the layout must stand where it stands in the text. */
static bool lacks_zero(struct strv s, const char *layout)
{
    for (size_t i = 0; layout[i] && layout[i] != '.' && layout[i] != 'Z'; i++)
        if (!toml_is_digit((unsigned char)layout[i]) && (i >= s.n || s.p[i] != layout[i]))
            return true;
    return false;
}

static struct strv trimmed(struct strv s)
{
    for (; s.n && s.p[s.n - 1] == ' '; s.n--)
        continue;
    return s;
}

/* With T between date and time and Z for UTC. */
static struct strv in_capitals(struct arena *a, struct strv s)
{
    char *out = str_ndup(a, s.p, s.n);
    for (size_t i = 0; i < s.n; i++)
        out[i] = out[i] == 'z' ? 'Z' : out[i] == 't' || out[i] == ' ' ? 'T' : out[i];
    return (struct strv){ out, s.n };
}

static int read_date(struct toml_reader *r, struct value *ret)
{
    static const struct location zones[] = { { "datetime-local", 0 },
                                             { "date-local", 0 },
                                             { "time-local", 0 } };
    static const struct {
        const char *layout;
        const struct location *zone;
    } forms[] = {
        { "2006-01-02T15:04:05.999999999Z07:00", NULL },
        { "2006-01-02T15:04:05.999999999", &zones[0] },
        { "2006-01-02", &zones[1] },
        { "15:04:05.999999999", &zones[2] },
        { "2006-01-02T15:04Z07:00", NULL },
        { "2006-01-02T15:04", &zones[0] },
        { "15:04", &zones[2] },
    };
    struct strv s = in_capitals(r->cx->arena, trimmed(toml_current(r)));
    struct moment m;
    toml_ignore(r);
    for (size_t i = 0; i < ARRAY_LEN(forms) && !r->failed; i++) {
        struct strv layout = { forms[i].layout, strlen(forms[i].layout) };
        if (layout_parse(r->cx, layout, s, &m) < 0) {
            err_clear(r->cx);
            continue;
        }
        if (lacks_zero(s, forms[i].layout))
            break;
        if (forms[i].zone) {
            m.zone = forms[i].zone->name;
            m.location = forms[i].zone;
        }
        *ret = fn_time(r->cx->arena, m);
        return 0;
    }
    return toml_fail_on(r, r->line, "invalid datetime: %s", quoted(r, s));
}

/* -- scanning ------------------------------------------------------------------------------------------------ */

/* Takes the characters of a set, and leaves what comes behind them. */
static void take(struct toml_reader *r, const char *set)
{
    uint32_t c;
    do
        c = toml_next(r);
    while (c != TOML_EOF && c < 0x80 && strchr(set, (int)c));
    toml_back(r);
}

static int scan_float(struct toml_reader *r, struct value *ret)
{
    take(r, "0123456789_.-+eE");
    return read_float(r, ret);
}

/* Behind the digits of a decimal number that may have underscores. */
static int scan_decimal(struct toml_reader *r, struct value *ret)
{
    take(r, "0123456789_");
    uint32_t c = toml_next(r);
    if (c == '.' || c == 'e' || c == 'E')
        return scan_float(r, ret);
    toml_back(r);
    return read_integer(r, ret);
}

static int scan_based(struct toml_reader *r, const char *digits, const char *article, struct value *ret)
{
    uint32_t c = toml_peek(r);
    struct strv so_far = toml_current(r);
    if (c == TOML_EOF || c == '_' || c >= 0x80 || !strchr(digits, (int)c))
        return toml_fail_char(r,
                              str_fmt(r->cx->arena, "not %s number: '%.*s", article, (int)so_far.n, so_far.p),
                              c, false, "'");
    take(r, digits);
    return read_integer(r, ret);
}

/* What a number or date that starts with these digits goes on with. */
static int scan_rest(struct toml_reader *r, uint32_t c, struct value *ret)
{
    switch (c) {
    case '-':
    case ':':
        take(r, "0123456789-:Tt .Zz+");
        return read_date(r, ret);
    case '_':
        return scan_decimal(r, ret);
    case '.':
    case 'e':
    case 'E':
        return scan_float(r, ret);
    default:
        toml_back(r);
        return read_integer(r, ret);
    }
}

int toml_number(struct toml_reader *r, struct value *ret)
{
    bool zero = toml_next(r) == '0';
    uint32_t c = toml_next(r);
    if (zero && c == 'b')
        return scan_based(r, "01_", "a binary", ret);
    if (zero && c == 'o')
        return scan_based(r, "01234567_", "an octal", ret);
    if (zero && c == 'x')
        return scan_based(r, "0123456789abcdefABCDEF_", "a hexadecimal", ret);
    if (zero && (c == '-' || c == ':')) { /* a date has two digits before the first of these */
        toml_back(r);
        return read_integer(r, ret);
    }
    while (toml_is_digit(c))
        c = toml_next(r);
    return scan_rest(r, c, ret);
}

/* inf or nan, whose first letter was taken. */
static int signed_word(struct toml_reader *r, const char *rest, struct value *ret)
{
    if (toml_accept(r, (uint32_t)rest[0]) && toml_accept(r, (uint32_t)rest[1]))
        return read_float(r, ret);
    struct strv so_far = toml_current(r);
    return toml_fail(r, "invalid float: '%.*s'", (int)so_far.n, so_far.p);
}

int toml_signed_number(struct toml_reader *r, struct value *ret)
{
    uint32_t c = toml_next(r), base = c == '0' ? toml_peek(r) : 0;
    if (c == 'i' || c == 'n')
        return signed_word(r, c == 'i' ? "nf" : "an", ret);
    if (base == 'b' || base == 'o' || base == 'x') {
        struct strv so_far = toml_current(r);
        return toml_fail(r, "cannot use sign with non-decimal numbers: '%.*s%c'", (int)so_far.n, so_far.p,
                         (char)base);
    }
    if (c == '.')
        return toml_fail(r, "floats must start with a digit, not '.'");
    return toml_is_digit(c) ? scan_decimal(r, ret)
                            : toml_fail_char(r, "expected a digit but got ", c, true, "");
}

/* Anything of i or n, then nf or an, passes here; read_float refuses all but inf and nan. */
int toml_special_float(struct toml_reader *r, struct value *ret)
{
    if ((toml_accept(r, 'n') && toml_accept(r, 'f')) || (toml_accept(r, 'a') && toml_accept(r, 'n')))
        return read_float(r, ret);
    toml_back(r);
    return toml_bool(r, ret);
}

int toml_bool(struct toml_reader *r, struct value *ret)
{
    size_t start = r->pos;
    while (rune_is_letter(toml_next(r)))
        continue;
    toml_back(r);
    struct strv s = { r->in.p + start, r->pos - start };
    bool is_true = s.n == 4 && memcmp(s.p, "true", 4) == 0;
    if (!is_true && !(s.n == 5 && memcmp(s.p, "false", 5) == 0))
        return toml_fail(r, "expected value but found %s instead", quoted(r, s));
    toml_ignore(r);
    *ret = v_bool(is_true);
    return 0;
}
