/*
 * semver_range.c: ranges of versions; the contract is in semver.h.
 *
 * A range is or-groups of and-ed comparisons, one table row per operator. A comparison whose version leaves parts open
 * ("1.x", "1", "*") is loose, and each operator has its own idea of what that means; the functions say which, after
 * Masterminds/semver v3. Any thread; a parsed range is immutable.
 */
#include "libgotk/base/semver.h"

#include "libgotk/base/quote.h"
#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

#define RANGE_MAX  512
#define GROUPS_MAX 32
#define SPACES     " \t\n\f\r"
#define WILD       "0123456789|xX*" /* upstream's class has the bar too: it then fails as a number */
#define IDENTIFIER "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

struct comparison;
typedef bool (*comparison_fn)(const struct semver *v, const struct comparison *c);

struct comparison {
    struct semver with;
    comparison_fn holds;
    bool open;       /* some part was left open or an x */
    bool minor_open; /* "1", "1.x" */
    bool patch_open; /* "1.2", "1.2.x" */
};

struct group {
    VEC(struct comparison) all;
    bool pre;    /* some comparison names a pre-release: then pre-releases count */
    bool broken; /* some version is none; told when the whole group is well-formed */
};

struct semver_range {
    VEC(struct group) any;
};

static bool is_equal(const struct semver *v, const struct comparison *c)
{
    return semver_compare(v, &c->with) == 0;
}

static bool is_at_least(const struct semver *v, const struct comparison *c)
{
    return semver_compare(v, &c->with) >= 0;
}

static bool is_below(const struct semver *v, const struct comparison *c)
{
    return semver_compare(v, &c->with) < 0;
}

/* >11 means 12 and up, >11.1 means 11.2 and up. */
static bool is_above(const struct semver *v, const struct comparison *c)
{
    if (c->open && v->major != c->with.major)
        return v->major > c->with.major;
    if (c->minor_open)
        return false;
    if (c->patch_open)
        return v->minor > c->with.minor;
    return semver_compare(v, &c->with) > 0;
}

/* <=11 includes all of 11, <=11.1 all of 11.1. */
static bool is_at_most(const struct semver *v, const struct comparison *c)
{
    if (!c->open)
        return semver_compare(v, &c->with) <= 0;
    if (v->major > c->with.major)
        return false;
    return v->major != c->with.major || v->minor <= c->with.minor || c->minor_open;
}

static bool differs(const struct semver *v, const struct comparison *c)
{
    if (!c->open)
        return !is_equal(v, c);
    if (v->major != c->with.major || (v->minor != c->with.minor && !c->minor_open))
        return true;
    if (c->minor_open)
        return false;
    if (v->patch != c->with.patch && !c->patch_open)
        return true;
    if (!c->patch_open)
        return !is_equal(v, c);
    struct semver pre_v = { .pre = v->pre }, pre_with = { .pre = c->with.pre };
    return semver_compare(&pre_v, &pre_with) != 0;
}

/* ~1 is 1.x, ~1.2 and ~1.2.3 are 1.2.x from there on; ~0.0.0 and ~* are anything. */
static bool is_near(const struct semver *v, const struct comparison *c)
{
    if (semver_compare(v, &c->with) < 0)
        return false;
    bool zero = !c->with.major && !c->with.minor && !c->with.patch;
    if (zero && !c->minor_open && !c->patch_open)
        return true;
    return v->major == c->with.major && (v->minor == c->with.minor || c->minor_open);
}

static bool is_equal_or_near(const struct semver *v, const struct comparison *c)
{
    return c->open ? is_near(v, c) : is_equal(v, c);
}

/* ^1.2.3 keeps the major, ^0.2.3 the minor, ^0.0.3 the patch. */
static bool is_compatible(const struct semver *v, const struct comparison *c)
{
    if (semver_compare(v, &c->with) < 0)
        return false;
    if (c->with.major > 0 || c->minor_open)
        return v->major == c->with.major;
    if (v->major > 0)
        return false;
    if (c->with.minor > 0 || c->patch_open)
        return v->minor == c->with.minor;
    return v->minor == 0 && v->patch == c->with.patch;
}

static const struct {
    const char *sign;
    comparison_fn holds;
} operators[] = {
    { "", is_equal_or_near }, { "=", is_equal_or_near }, { "!=", differs },     { ">", is_above },
    { "<", is_below },        { ">=", is_at_least },     { "=>", is_at_least }, { "<=", is_at_most },
    { "=<", is_at_most },     { "~", is_near },          { "~>", is_near },     { "^", is_compatible },
};

static comparison_fn operator_of(const char *sign, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (strlen(operators[i].sign) == n && memcmp(operators[i].sign, sign, n) == 0)
            return operators[i].holds;
    return NULL;
}

static bool skip_spaces(const char **p)
{
    size_t n = strspn(*p, SPACES);
    *p += n;
    return n > 0;
}

/* The parts of a version in a range, as text. */
struct operand {
    struct strv numbers[3]; /* n is 0 for an absent one */
    struct strv pre;        /* with its "-" */
};

/* `sign` and dotted identifiers at *p, with *p moved behind them; empty when they are not there. */
static struct strv take_suffix(const char **p, char sign)
{
    struct strv suffix = { *p, 0 };
    if (**p != sign || !strspn(*p + 1, IDENTIFIER))
        return suffix;
    const char *end = *p + 1 + strspn(*p + 1, IDENTIFIER);
    while (*end == '.' && strspn(end + 1, IDENTIFIER))
        end += 1 + strspn(end + 1, IDENTIFIER);
    suffix.n = (size_t)(end - *p);
    *p = end;
    return suffix;
}

/* A version with open parts at *p; false when there is none. */
static bool take_operand(const char **p, struct operand *ret)
{
    const char *q = *p + (**p == 'v');
    *ret = (struct operand){ 0 };
    ret->numbers[0] = (struct strv){ q, strspn(q, WILD) };
    if (!ret->numbers[0].n)
        return false;
    q += ret->numbers[0].n;
    for (int i = 1; i < 3 && *q == '.' && strspn(q + 1, WILD); i++) {
        ret->numbers[i] = (struct strv){ q + 1, strspn(q + 1, WILD) };
        q += 1 + ret->numbers[i].n;
    }
    ret->pre = take_suffix(&q, '-');
    (void)take_suffix(&q, '+');
    *p = q;
    return true;
}

static bool is_open(struct strv number)
{
    return !number.n || (number.n == 1 && strchr("xX*", *number.p));
}

static int make_comparison(struct ctx *cx, comparison_fn holds, const struct operand *o, struct group *g)
{
    struct comparison c = { .holds = holds };
    const char *numbers[3] = { "0", "0", "0" };
    size_t fixed = 0;
    while (fixed < 3 && !is_open(o->numbers[fixed])) {
        numbers[fixed] = str_ndup(cx->arena, o->numbers[fixed].p, o->numbers[fixed].n);
        fixed++;
    }
    c.open = fixed < 3;
    c.minor_open = fixed == 1;
    c.patch_open = fixed == 2;
    const char *text = str_fmt(cx->arena, "%s.%s.%s%.*s", numbers[0], numbers[1], numbers[2], (int)o->pre.n,
                               o->pre.p ? o->pre.p : "");
    if (semver_parse(cx, text, &c.with) < 0) {
        err_clear(cx);
        g->broken = true;
        return 0;
    }
    g->pre = g->pre || *c.with.pre;
    vec_push(cx->arena, &g->all, c);
    return 0;
}

static int improper(struct ctx *cx, const char *group)
{
    return err_fail(cx, ERR_INVALID, "improper constraint: %s", quote_go(cx->arena, group, strlen(group)));
}

/* The "- 2.0" of "1.0 - 2.0" at *p; false, with *p as it was, when there is none. */
static bool take_upper_end(const char **p, struct operand *ret)
{
    const char *q = *p;
    if (!skip_spaces(&q) || *q++ != '-' || !skip_spaces(&q) || !take_operand(&q, ret))
        return false;
    *p = q;
    return true;
}

/* One comparison, or a range by hyphen (*ret_range), at *p. */
static int take_comparison(struct ctx *cx, const char *text, const char **p, struct group *g, bool *ret_range)
{
    struct operand low, high;
    size_t n = strspn(*p, "=!<>~^");
    comparison_fn holds = operator_of(*p, n);
    *p += n;
    skip_spaces(p);
    if (!holds || !take_operand(p, &low))
        return improper(cx, text);
    *ret_range = n == 0 && take_upper_end(p, &high);
    if (!*ret_range)
        return make_comparison(cx, holds, &low, g);
    if (make_comparison(cx, is_at_least, &low, g) < 0)
        return cx->err.code;
    return make_comparison(cx, is_at_most, &high, g);
}

static int parse_group(struct ctx *cx, const char *text, struct group *ret)
{
    struct group g = { 0 };
    const char *p = text;
    bool separated = true;
    bool firmly = true; /* separated by more than spaces, which a range by hyphen swallows */
    skip_spaces(&p);
    do {
        bool range = false;
        if (!separated)
            return improper(cx, text);
        if (take_comparison(cx, text, &p, &g, &range) < 0)
            return cx->err.code;
        if (range && !firmly)
            return improper(cx, text);
        separated = skip_spaces(&p) || range || *p == ',';
        firmly = range || *p == ',';
        if (*p == ',') {
            p++;
            skip_spaces(&p);
            if (!*p)
                return improper(cx, text);
        }
    } while (*p);
    *ret = g;
    return g.broken ? err_fail(cx, ERR_INVALID, "constraint parser error") : 0;
}

/* Masterminds' expressions for a version, and for a range by hyphen. */
#define VERSION_PATTERN                                                                                      \
    "v?([0-9|x|X|\\*]+)(\\.[0-9|x|X|\\*]+)?(\\.[0-9|x|X|\\*]+)?(-([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?"   \
    "(\\+([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?"
#define RANGE_PATTERN "\\s*(" VERSION_PATTERN ")\\s+-\\s+(" VERSION_PATTERN ")\\s*"

/* A constraint as messages show it: "1 - 2" is ">= 1, <= 2 " before it is looked at. */
static const char *rewritten(struct ctx *cx, const char *text)
{
    static const char with[] = ">= ${1}, <= ${11} ";
    struct regex *re;
    struct strv out;
    if (regex_compile(cx, RANGE_PATTERN, 0, &re) < 0 ||
        regex_replace(cx, re, text, strlen(text), (struct strv){ with, strlen(with) }, 16 * RANGE_MAX, &out) <
            0)
        return text;
    return out.p;
}

static int parse_groups(struct ctx *cx, const char *text, struct semver_range *range)
{
    for (const char *p = text, *bar; p; p = bar ? bar + 2 : NULL) {
        struct group g;
        bar = strstr(p, "||");
        const char *part = bar ? str_ndup(cx->arena, p, (size_t)(bar - p)) : p;
        if (range->any.len == GROUPS_MAX)
            return err_fail(cx, ERR_INVALID, "too many constraint groups (max %d)", GROUPS_MAX);
        if (parse_group(cx, part, &g) < 0)
            return cx->err.code;
        vec_push(cx->arena, &range->any, g);
    }
    return 0;
}

int semver_range_parse(struct ctx *cx, const char *text, struct semver_range **ret)
{
    struct semver_range *range = ARENA_NEW(cx->arena, struct semver_range);
    if (strlen(text) > RANGE_MAX)
        return err_fail(cx, ERR_INVALID, "constraint string is too long (max %d bytes)", RANGE_MAX);
    if (parse_groups(cx, text, range) < 0) {
        *range = (struct semver_range){ 0 };
        return strstr(text, "-") ? parse_groups(cx, rewritten(cx, text), range) : cx->err.code;
    }
    *ret = range;
    return 0;
}

static bool all_hold(const struct group *g, const struct semver *v)
{
    if (*v->pre && !g->pre)
        return false;
    for (size_t i = 0; i < g->all.len; i++)
        if (!g->all.at[i].holds(v, &g->all.at[i]))
            return false;
    return true;
}

bool semver_in_range(const struct semver_range *range, const struct semver *v)
{
    for (size_t i = 0; i < range->any.len; i++)
        if (all_hold(&range->any.at[i], v))
            return true;
    return false;
}
