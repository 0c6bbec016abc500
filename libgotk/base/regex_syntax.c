/*
 * regex_syntax.c: the translator of regex_syntax.h.
 *
 * One pass, no tree: the only context an expression needs is how deep its groups nest, whether something stands there that
 * can be repeated, and where the last repetition began. Any thread, no state.
 */
#include "libgotk/base/regex_syntax.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <string.h>

#define REPEAT_MAX  1000 /* as Go */
#define RUNE_MAX    0x10FFFF
#define WHITE_SPACE "\\t\\n\\f\\r\\x{20}" /* Go's \s has no vertical tab */

struct scan {
    struct ctx *cx;
    const char *p;
    struct buf *out;
    size_t depth;
    bool operand;       /* something stands to the left that can be repeated */
    const char *repeat; /* the repetition that ends at p; NULL: none */
    int weight;         /* how often repetitions multiply what stands to the left */
    VEC(int) weights;   /* of what stands to the left of each open group, the heaviest within it behind it */
    int heaviest;       /* within the innermost open group */
};

static int fail(const struct scan *s, const char *what, const char *from, const char *to)
{
    return err_fail(s->cx, ERR_INVALID, "error parsing regexp: %s: `%.*s`", what, (int)(to - from), from);
}

static const char *end_of(const char *text)
{
    return text + strlen(text);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_digit(char c)
{
    const char *at = c ? strchr("0123456789abcdef", c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at ? (int)(at - "0123456789abcdef") : -1;
}

/* The character at *p, with *p moved behind it. The text is known to be UTF-8. */
static uint32_t take_rune(const char **p)
{
    const unsigned char *u = (const unsigned char *)*p;
    size_t n = str_utf8_len(*p, strnlen(*p, 4));
    uint32_t rune = n == 1 ? u[0] : u[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++)
        rune = rune << 6 | (u[i] & 0x3Fu);
    *p += n;
    return rune;
}

/* Behind the character at p, or p at the end. */
static const char *behind_rune(const char *p)
{
    if (*p)
        (void)take_rune(&p);
    return p;
}

static void put_rune(const struct scan *s, uint32_t rune)
{
    if (rune < 0x80 && is_alnum((char)rune))
        buf_char(s->out, (char)rune);
    else
        buf_fmt(s->out, "\\x{%x}", rune);
}

/* "41" behind "\x": two characters are looked at, be the first a digit or not. */
static bool take_two_hex(const char **p, uint32_t *ret)
{
    int high = hex_digit(**p);
    *p = behind_rune(*p);
    int low = hex_digit(**p);
    *p = behind_rune(*p);
    *ret = (uint32_t)(high * 16 + low);
    return high >= 0 && low >= 0;
}

/* "{41}" or "41" behind "\x"; *p moves behind what was looked at, right or wrong. */
static bool take_hex(const char **p, uint32_t *ret)
{
    if (**p != '{')
        return take_two_hex(p, ret);
    const char *start = ++*p;
    uint32_t v = 0;
    while (hex_digit(**p) >= 0) {
        v = v * 16 + (uint32_t)hex_digit(*(*p)++);
        if (v > RUNE_MAX)
            return false;
    }
    *ret = v;
    bool good = *p > start && **p == '}';
    *p = behind_rune(*p);
    return good;
}

/* Up to three octal digits; a single one from 1 to 7 would be a back reference, which there is not. */
static bool take_octal(const char **p, uint32_t *ret)
{
    uint32_t v = 0;
    bool lone = **p != '0' && ((*p)[1] < '0' || (*p)[1] > '7');
    for (int i = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
        v = v * 8 + (uint32_t)(*(*p)++ - '0');
    *ret = v;
    return !lone;
}

/* The escape of one character at *p ("\" already taken). */
static bool take_char_escape(const char **p, uint32_t *ret)
{
    static const char letters[] = "aftnrv", meanings[] = "\a\f\t\n\r\v";
    char c = **p;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (c >= '0' && c <= '7')
        return take_octal(p, ret);
    if (c == 'x') {
        (*p)++;
        return take_hex(p, ret);
    }
    if (!letter && (!c || is_alnum(c) || (unsigned char)c >= 0x80))
        return false;
    *ret = (unsigned char)(letter ? meanings[letter - letters] : c);
    (*p)++;
    return true;
}

static int bad_escape(const struct scan *s, const char *start)
{
    const char *end = start + 1;
    uint32_t ignored;
    if (!*end)
        return fail(s, "trailing backslash at end of expression", end, end);
    if (take_rune(&end) == 'x')
        (void)take_hex(&end, &ignored);
    return fail(s, "invalid escape sequence", start, end);
}

/* Whether PCRE2 knows a property in its own spelling. */
static bool is_property(const char *text)
{
    int code;
    PCRE2_SIZE offset;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &offset, NULL);
    pcre2_code_free(re);
    return re != NULL;
}

/* Long names of categories, which Go knows beside the scripts; names count without case, spaces, '-' and '_'. */
static const struct {
    const char *name;
    const char *category;
} categories[] = {
    { "any", "Any" },
    { "ascii", "ASCII" },
    { "casedletter", "L&" },
    { "closepunctuation", "Pe" },
    { "cntrl", "Cc" },
    { "combiningmark", "M" },
    { "connectorpunctuation", "Pc" },
    { "control", "Cc" },
    { "currencysymbol", "Sc" },
    { "dashpunctuation", "Pd" },
    { "decimalnumber", "Nd" },
    { "digit", "Nd" },
    { "enclosingmark", "Me" },
    { "finalpunctuation", "Pf" },
    { "format", "Cf" },
    { "initialpunctuation", "Pi" },
    { "lc", "L&" },
    { "letter", "L" },
    { "letternumber", "Nl" },
    { "lineseparator", "Zl" },
    { "lowercaseletter", "Ll" },
    { "mark", "M" },
    { "mathsymbol", "Sm" },
    { "modifierletter", "Lm" },
    { "modifiersymbol", "Sk" },
    { "nonspacingmark", "Mn" },
    { "number", "N" },
    { "openpunctuation", "Ps" },
    { "other", "C" },
    { "otherletter", "Lo" },
    { "othernumber", "No" },
    { "otherpunctuation", "Po" },
    { "othersymbol", "So" },
    { "paragraphseparator", "Zp" },
    { "privateuse", "Co" },
    { "punct", "P" },
    { "punctuation", "P" },
    { "separator", "Z" },
    { "spaceseparator", "Zs" },
    { "spacingmark", "Mc" },
    { "surrogate", "Cs" },
    { "symbol", "S" },
    { "titlecaseletter", "Lt" },
    { "unassigned", "Cn" },
    { "uppercaseletter", "Lu" },
};

/* A property of Go in PCRE2's spelling: a script means the script itself, not its extensions. */
static const char *property_text(struct arena *a, const char *name, size_t n, bool negated)
{
    char plain[64];
    size_t len = 0;
    for (size_t i = 0; i < n && len + 1 < sizeof(plain); i++)
        if (is_alnum(name[i]))
            plain[len++] = (char)(name[i] | 0x20);
    plain[len] = '\0';
    if (strcmp(plain, "assigned") == 0)
        return negated ? "\\p{Cn}" : "\\P{Cn}";
    const char *text = plain;
    for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
        if (strcmp(categories[i].name, plain) == 0)
            text = categories[i].category;
    bool script = text == plain && len > 2;
    return str_fmt(a, "\\%c{%s%s}", negated ? 'P' : 'p', script ? "sc:" : "", text);
}

/* \p{Greek}, \pL, \P{^Lu}, \p{Uppercase_Letter} at s->p. */
static int take_property(struct scan *s)
{
    const char *start = s->p, *name = s->p + 2;
    bool negated = start[1] == 'P', braces = *name == '{';
    name += braces;
    if (braces && *name == '^') {
        negated = !negated;
        name++;
    }
    size_t n = braces ? strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_- ") : 1;
    const char *close = braces ? strchr(name, '}') : NULL, *end = close ? close + 1 : end_of(name);
    if (!braces && *name) {
        end = name;
        (void)take_rune(&end);
    }
    if (!n || !is_alnum(*name) || (braces && name + n != close))
        return fail(s, "invalid character class range", start, end);
    const char *text = property_text(s->cx->arena, name, n, negated);
    if (!is_property(text))
        return fail(s, "invalid character class range", start, end);
    buf_str(s->out, text);
    s->p = end;
    return 0;
}

/* \d \s \w and their opposites at s->p; true when one was there. */
static bool take_perl_class(struct scan *s, bool in_class)
{
    switch (s->p[1]) {
    case 'd':
    case 'D':
    case 'w':
    case 'W':
        buf_add(s->out, s->p, 2);
        break;
    case 's':
        buf_str(s->out, in_class ? WHITE_SPACE : "[" WHITE_SPACE "]");
        break;
    case 'S':
        buf_str(s->out, in_class ? "\\S\\x{b}" : "[^" WHITE_SPACE "]");
        break;
    default:
        return false;
    }
    s->p += 2;
    return true;
}

/* [:alpha:] or [:^alpha:] at s->p; 0 when none is there, 1 when one was taken. */
static int take_posix_class(struct scan *s)
{
    static const char *const names[] = { "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph",
                                         "lower", "print", "punct", "space", "upper", "word",  "xdigit" };
    const char *end = s->p[1] == ':' ? strstr(s->p + 2, ":]") : NULL;
    if (!end)
        return 0;
    const char *name = s->p + 2 + (s->p[2] == '^');
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strlen(names[i]) != (size_t)(end - name) || memcmp(names[i], name, strlen(names[i])) != 0)
            continue;
        buf_add(s->out, s->p, (size_t)(end + 2 - s->p));
        s->p = end + 2;
        return 1;
    }
    return fail(s, "invalid character class range", s->p, end + 2);
}

/* One end of a range in the class that began at `class`. */
static int take_class_rune(struct scan *s, const char *class, uint32_t *ret)
{
    const char *start = s->p;
    if (!*s->p)
        return fail(s, "missing closing ]", class, end_of(class));
    if (*s->p != '\\') {
        *ret = take_rune(&s->p);
        return 0;
    }
    s->p++;
    return take_char_escape(&s->p, ret) ? 0 : bad_escape(s, start);
}

static int take_class_range(struct scan *s, const char *class)
{
    const char *start = s->p;
    uint32_t low = 0, high;
    if (take_class_rune(s, class, &low) < 0)
        return s->cx->err.code;
    high = low;
    if (s->p[0] == '-' && s->p[1] && s->p[1] != ']') {
        s->p++;
        if (take_class_rune(s, class, &high) < 0)
            return s->cx->err.code;
    }
    if (high < low)
        return fail(s, "invalid character class range", start, s->p);
    put_rune(s, low);
    if (high > low) {
        buf_char(s->out, '-');
        put_rune(s, high);
    }
    return 0;
}

static int take_class_item(struct scan *s, const char *class)
{
    if (*s->p == '[') {
        int rc = take_posix_class(s);
        if (rc != 0)
            return rc;
    }
    if (s->p[0] == '\\' && (s->p[1] == 'p' || s->p[1] == 'P'))
        return take_property(s);
    if (s->p[0] == '\\' && take_perl_class(s, true))
        return 0;
    return take_class_range(s, class);
}

static int take_class(struct scan *s)
{
    const char *class = s->p++;
    buf_char(s->out, '[');
    if (*s->p == '^')
        buf_char(s->out, *s->p++);
    for (bool first = true; first || *s->p != ']'; first = false) {
        if (!*s->p)
            return fail(s, "missing closing ]", class, end_of(class));
        if (take_class_item(s, class) < 0)
            return s->cx->err.code;
    }
    s->p++;
    buf_char(s->out, ']');
    s->operand = true;
    return 0;
}

/* The digits of a count at p; 0 when there is none: one with a zero in front is none. */
static size_t count_length(const char *p)
{
    size_t n = strspn(p, "0123456789");
    return n > 1 && *p == '0' ? 0 : n;
}

/* {n}, {n,} or {n,m} at p; the length, or 0 when it is plain text. */
static size_t repeat_length(const char *p)
{
    size_t n = *p == '{' ? count_length(p + 1) : 0;
    if (!n)
        return 0;
    const char *q = p + 1 + n;
    if (*q == ',')
        q += 1 + count_length(q + 1);
    return *q == '}' ? (size_t)(q + 1 - p) : 0;
}

static bool at_repeat(const char *p)
{
    return (*p && strchr("*+?", *p)) || repeat_length(p);
}

/* An assertion such as ^ or \b, wrapped when it is repeated, which PCRE2 allows for groups only. */
static void put_assertion(struct scan *s, const char *text)
{
    buf_fmt(s->out, at_repeat(s->p) ? "(?:%s)" : "%s", text);
    s->operand = true;
}

/* \Q...\E: everything in between is itself; without \E up to the end. */
static void take_quotation(struct scan *s)
{
    const char *end = strstr(s->p + 2, "\\E");
    for (s->p += 2; *s->p && s->p != end;) {
        put_rune(s, take_rune(&s->p));
        s->operand = true;
    }
    s->p += end ? 2 : 0;
}

static int take_escape(struct scan *s)
{
    const char *start = s->p;
    uint32_t rune;
    char c = s->p[1];
    if (c && strchr("AbBz", c)) {
        s->p += 2;
        put_assertion(s, (const char[]){ '\\', c, '\0' });
        return 0;
    }
    if (c == 'Q') {
        take_quotation(s);
        return 0;
    }
    s->operand = true;
    if (c == 'p' || c == 'P')
        return take_property(s);
    if (take_perl_class(s, false))
        return 0;
    s->p++;
    if (!take_char_escape(&s->p, &rune))
        return bad_escape(s, start);
    put_rune(s, rune);
    return 0;
}

/* The name of a group up to '>' at s->p. */
static int take_group_name(struct scan *s, const char *group)
{
    const char *name = s->p, *end = strchr(name, '>');
    size_t n = end ? (size_t)(end - name) : 0;
    if (!end)
        return fail(s, "invalid named capture", group, end_of(group));
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(name[i]) && name[i] != '_')
            n = 0;
    if (!n || n >= 32)
        return fail(s, "invalid named capture", group, end + 1);
    /* PCRE2's names do not start with a digit: regex.c takes the underscore off again. */
    buf_fmt(s->out, "(?<_%.*s>", (int)n, name);
    s->p = end + 1;
    return 0;
}

/* Flags "i-s" at s->p up to ":" or ")"; *ret_opens when a group begins. */
static int take_group_flags(struct scan *s, const char *group, bool *ret_opens)
{
    const char *start = s->p;
    size_t n = strspn(start, "imsU"), negative = 0;
    if (start[n] == '-') {
        negative = strspn(start + n + 1, "imsU");
        n += 1 + negative;
    }
    char end = start[n];
    if ((end != ':' && end != ')') || (n && start[n - 1] == '-'))
        return fail(s, "invalid or unsupported Perl syntax", group, behind_rune(start + n));
    buf_fmt(s->out, "(?%.*s%c", (int)n, start, end);
    s->p = start + n + 1;
    *ret_opens = end == ':';
    return 0;
}

static int take_group(struct scan *s)
{
    const char *group = s->p;
    bool opens = true;
    int rc = 0;
    s->operand = false;
    if (group[1] != '?') {
        buf_char(s->out, '(');
        s->p++;
    } else if (str_starts(group, "(?P<") || group[2] == '<') {
        s->p += group[2] == 'P' ? 4 : 3;
        rc = take_group_name(s, group);
    } else {
        s->p += 2;
        rc = take_group_flags(s, group, &opens);
    }
    if (opens) {
        s->depth++;
        vec_push(s->cx->arena, &s->weights, s->heaviest);
        s->heaviest = 1;
    }
    return rc;
}

/* What stands to the left weighs so much, and its group at least that. */
static void set_weight(struct scan *s, int weight)
{
    s->weight = weight;
    s->heaviest = weight > s->heaviest ? weight : s->heaviest;
}

static int take_close(struct scan *s, const char *pattern)
{
    if (s->depth-- == 0)
        return fail(s, "unexpected )", pattern, end_of(pattern));
    buf_char(s->out, *s->p++);
    s->operand = true;
    set_weight(s, s->heaviest);
    s->heaviest = s->weights.at[--s->weights.len];
    set_weight(s, s->weight);
    return 0;
}

/* The decimal at *p, cut off beyond what is allowed anyway. */
static int take_count(const char **p)
{
    int v = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++)
        v = v > REPEAT_MAX ? v : v * 10 + (**p - '0');
    return v;
}

/* The larger number of {n,m} at p; REPEAT_MAX + 1 when it counts backwards. */
static int count_of(const char *p)
{
    p++;
    int least = take_count(&p), most = least;
    if (p[0] == ',' && p[1] != '}') {
        p++;
        most = take_count(&p);
    }
    return least <= most ? most : REPEAT_MAX + 1;
}

/* Whether the repetition is one Go takes: neither too far nor backwards, repetitions within it counted in. */
static bool multiply(struct scan *s, int count)
{
    int factor = count > 0 ? count : 1;
    if (count > REPEAT_MAX || s->weight * factor > REPEAT_MAX)
        return false;
    set_weight(s, s->weight * factor);
    return true;
}

static int take_repeat(struct scan *s)
{
    const char *start = s->p, *before = s->repeat;
    size_t counted = repeat_length(start), n = counted ? counted : 1;
    s->p += n;
    s->p += *s->p == '?';
    if (counted && count_of(start) > REPEAT_MAX)
        return fail(s, "invalid repeat count", start, start + n);
    if (!s->operand)
        return fail(s, "missing argument to repetition operator", start, s->p);
    if (before)
        return fail(s, "invalid nested repetition operator", before, s->p);
    if (counted && !multiply(s, count_of(start)))
        return fail(s, "invalid repeat count", start, s->p);
    buf_add(s->out, start, (size_t)(s->p - start));
    s->repeat = start;
    return 0;
}

static int take_one(struct scan *s, const char *pattern)
{
    if (at_repeat(s->p))
        return take_repeat(s);
    s->repeat = NULL;
    s->weight = 1;
    switch (*s->p) {
    case '\\':
        return take_escape(s);
    case '[':
        return take_class(s);
    case '(':
        return take_group(s);
    case ')':
        return take_close(s, pattern);
    case '|':
        s->operand = false;
        buf_char(s->out, *s->p++);
        return 0;
    case '^':
    case '$':
        s->p++;
        put_assertion(s, (const char[]){ s->p[-1], '\0' });
        return 0;
    case '.':
        buf_char(s->out, *s->p++);
        break;
    default:
        put_rune(s, take_rune(&s->p));
        break;
    }
    s->operand = true;
    return 0;
}

/* How many bytes at the start are UTF-8. */
static size_t utf8_prefix(const char *s)
{
    size_t at = 0, n, len = strlen(s);
    while (at < len && (n = str_utf8_len(s + at, len - at)) > 0)
        at += n;
    return at;
}

int regex_syntax_translate(struct ctx *cx, const char *pattern, struct buf *out)
{
    struct scan s = { .cx = cx, .p = pattern, .out = out, .weight = 1, .heaviest = 1 };
    size_t text = utf8_prefix(pattern);
    if (pattern[text])
        return err_fail(cx, ERR_INVALID, "error parsing regexp: invalid UTF-8: `%s`", pattern + text);
    while (*s.p)
        if (take_one(&s, pattern) < 0)
            return cx->err.code;
    if (s.depth)
        return fail(&s, "missing closing )", pattern, end_of(pattern));
    return 0;
}
