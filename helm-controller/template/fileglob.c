/*
 * fileglob.c: gobwas/glob on paths; the contract is in fileglob.h.
 *
 * Matching walks the pattern itself with backtracking, bounded in steps: a pattern of a chart cannot hang a render. An
 * open brace ends with the pattern, as there. As there, too, `x**y` between two texts lets them overlap: `a/`, `**`, `/b`
 * in a row match a/b.
 */
#include "helm-controller/template/fileglob.h"

#include "libgotk/base/rune.h"

#include <string.h>

#define STEPS_MAX 1000000

struct fileglob {
    struct strv pattern;
    bool around; /* the pattern is `prefix**suffix` and no more: both may overlap in a text */
    struct strv prefix, suffix;
};

struct matcher {
    const char *text_end;
    const char *pattern_end;
    long steps;
};

static uint32_t take(const char **p, const char *end)
{
    size_t width;
    uint32_t rune = rune_decode(*p, (size_t)(end - *p), &width);
    *p += width;
    return rune;
}

/* The characters of a class behind its '[' and '!': of one range, or of one list in which a backslash escapes. */
struct class
{
    uint32_t low, high; /* of a range; both 0: a list */
    const char *list;
    const char *end; /* the ']' */
};

static bool read_range(const char *p, const char *end, struct class *ret)
{
    uint32_t low = p < end ? take(&p, end) : 0;
    if (p + 1 >= end || *p++ != '-')
        return false;
    *ret = (struct class){ .low = low, .high = take(&p, end), .end = p };
    return true;
}

/* False when the class is malformed. */
static bool read_class(const char *p, const char *end, struct class *ret)
{
    if (read_range(p, end, ret))
        return ret->end < end && *ret->end == ']' && ret->high >= ret->low;
    *ret = (struct class){ .list = p };
    while (p < end && *p != ']')
        p += *p == '\\' && p + 1 < end ? 2 : 1;
    ret->end = p;
    return p < end && p > ret->list;
}

static bool in_list(const struct class *class, uint32_t rune)
{
    for (const char *p = class->list; p < class->end;) {
        p += *p == '\\' && p + 1 < class->end;
        if (take(&p, class->end) == rune)
            return true;
    }
    return false;
}

/* Whether a well-formed class has a character; *p moves from behind its '[' to behind its ']'. */
static bool in_class(const char **p, const char *end, uint32_t rune)
{
    struct class class;
    bool negated = **p == '!';
    read_class(*p + negated, end, &class);
    *p = class.end + 1;
    return (class.list ? in_list(&class, rune) : rune >= class.low && rune <= class.high) != negated;
}

static bool is_well_formed(struct strv p)
{
    const char *end = p.p + p.n;
    for (const char *at = p.p; at < end; at++) {
        struct class class;
        if (*at == '\\') {
            at++;
        } else if (*at == '[') {
            at += at + 1 < end && at[1] == '!';
            if (!read_class(at + 1, end, &class))
                return false;
            at = class.end;
        }
    }
    return true;
}

/* The text that stands at *p without its escapes, up to what is not a text; *p moves there. */
static struct strv take_text(struct arena *a, const char **p, const char *end)
{
    char *out = arena_alloc_raw(a, (size_t)(end - *p) + 1);
    size_t n = 0;
    for (; *p < end && !strchr("*?[{", **p); (*p)++) {
        *p += **p == '\\';
        if (*p < end)
            out[n++] = **p;
    }
    return (struct strv){ out, n };
}

static void read_around(struct arena *a, struct fileglob *g)
{
    const char *p = g->pattern.p, *end = p + g->pattern.n;
    g->prefix = take_text(a, &p, end);
    if (p + 2 >= end || memcmp(p, "**", 2) != 0)
        return;
    p += 2;
    g->suffix = take_text(a, &p, end);
    g->around = p >= end && g->prefix.n && g->suffix.n;
}

/* ---- patterns that hold a NUL ------------------------------------------------------------------------------------ */

/* A pattern being copied. */
struct copying {
    const char *p;
    const char *end;
    char *to;
    bool in_text;
    int groups; /* open braces */
};

static void copy(struct copying *c, size_t n)
{
    for (; n && c->p < c->end; n--)
        *c->to++ = *c->p++;
}

static bool at(const struct copying *c, char wanted)
{
    return c->p < c->end && *c->p == wanted;
}

/* One character, or what a backslash and the character behind it are; a NUL behind it ends the text, and takes it along. */
static void copy_character(struct copying *c)
{
    bool escape = at(c, '\\');
    c->in_text = true;
    if (escape && c->p + 1 < c->end && !c->p[1])
        c->p++;
    else
        copy(c, escape ? 2 : 1);
}

/* From the '[' to behind the ']'; false where a NUL leaves it open. */
static bool copy_class(struct copying *c)
{
    copy(c, 1);
    if (at(c, '!'))
        copy(c, 1);
    if (at(c, '\0'))
        return false;
    const char *first = c->p;
    if (first < c->end)
        take(&first, c->end);
    if (first < c->end && *first == '-') {
        copy(c, (size_t)(first - c->p) + 1);
        bool open = at(c, '\0');
        copy(c, 2);
        return !open;
    }
    while (c->p < c->end && *c->p && *c->p != ']')
        copy_character(c);
    if (at(c, '\0') && c->p++ && !at(c, ']'))
        return false;
    copy(c, 1);
    return true;
}

/* The pattern as upstream's lexer takes it, for which a NUL ends a text, and is the pattern's end where there is none to end.
 * False for one that is malformed. */
static bool end_at_nuls(struct arena *a, struct strv *pattern)
{
    char *out = arena_alloc_raw(a, pattern->n + 1);
    struct copying c = { .p = pattern->p, .end = pattern->p + pattern->n, .to = out };
    while (c.p < c.end && (*c.p || c.in_text)) {
        char now = *c.p;
        bool in_group = c.groups > 0 && (now == ',' || now == '}');
        c.in_text = false;
        if (!now)
            c.p++;
        else if (now == '[' && !copy_class(&c))
            return false;
        else if (now == '*' || now == '?' || now == '{' || in_group)
            copy(&c, 1);
        else if (now != '[')
            copy_character(&c);
        c.groups += now == '{' ? 1 : in_group && now == '}' ? -1 : 0;
    }
    *pattern = (struct strv){ out, (size_t)(c.to - out) };
    return true;
}

const struct fileglob *fileglob_compile(struct ctx *cx, struct strv pattern)
{
    struct fileglob *g = ARENA_NEW(cx->arena, struct fileglob);
    bool ends = !memchr(pattern.p, '\0', pattern.n) || end_at_nuls(cx->arena, &pattern);
    if (!ends || !is_well_formed(pattern) || !str_is_utf8(pattern.p, pattern.n)) {
        err_fail(cx, ERR_INVALID, "the pattern '%.*s' is malformed", (int)pattern.n, pattern.p);
        return NULL;
    }
    g->pattern = pattern;
    read_around(cx->arena, g);
    return g;
}

static bool match(struct matcher *m, const char *p, const char *t);

/* The end of a group's alternative: the next ',' or '}' of this level, or the pattern's end. */
static const char *alternative_end(const char *p, const char *end)
{
    int depth = 0;
    struct class class;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '[' && read_class(p + 1 + (p + 1 < end && p[1] == '!'), end, &class))
            p = class.end;
        else if (*p == '{')
            depth++;
        else if (*p == '}' && depth-- == 0)
            return p;
        else if (*p == ',' && depth == 0)
            return p;
    }
    return end;
}

static const char *group_end(const char *p, const char *end)
{
    const char *at = alternative_end(p, end);
    while (at < end && *at == ',')
        at = alternative_end(at + 1, end);
    return at;
}

/* {a,b} behind its '{': an alternative, then the rest, as one pattern. */
static bool match_group(struct matcher *m, const char *p, const char *t)
{
    const char *close = group_end(p, m->pattern_end);
    const char *behind = close < m->pattern_end ? close + 1 : close;
    size_t rest = (size_t)(m->pattern_end - behind);
    for (const char *from = p, *to; from <= close; from = to + 1) {
        char joined[4096];
        to = alternative_end(from, m->pattern_end);
        size_t n = (size_t)(to - from);
        if (n + rest > sizeof(joined))
            return false;
        memcpy(joined, from, n);
        memcpy(joined + n, behind, rest);
        struct matcher inner = { m->text_end, joined + n + rest, m->steps };
        bool matched = match(&inner, joined, t);
        m->steps = inner.steps;
        if (matched)
            return true;
    }
    return false;
}

static bool match_star(struct matcher *m, const char *p, const char *t)
{
    bool any = p < m->pattern_end && *p == '*';
    while (p < m->pattern_end && *p == '*')
        p++;
    for (;; t++) {
        if (match(m, p, t))
            return true;
        if (t >= m->text_end || (*t == '/' && !any) || m->steps > STEPS_MAX)
            return false;
    }
}

static bool match(struct matcher *m, const char *p, const char *t)
{
    while (p < m->pattern_end) {
        if (m->steps++ > STEPS_MAX)
            return false;
        char c = *p++;
        if (c == '*')
            return match_star(m, p, t);
        if (c == '{')
            return match_group(m, p, t);
        if (c == '\\' && p == m->pattern_end)
            break; /* it escapes nothing */
        if (t >= m->text_end)
            return false;
        if (c == '?' || c == '[') {
            uint32_t rune = take(&t, m->text_end);
            if (c == '?' ? rune == '/' : !in_class(&p, m->pattern_end, rune))
                return false;
            continue;
        }
        if (c == '\\')
            c = *p++;
        if (c != *t++)
            return false;
    }
    return t == m->text_end;
}

bool fileglob_match(const struct fileglob *glob, struct strv text)
{
    struct matcher m = { text.p + text.n, glob->pattern.p + glob->pattern.n, 0 };
    if (glob->around)
        return text.n >= glob->prefix.n && text.n >= glob->suffix.n &&
               memcmp(text.p, glob->prefix.p, glob->prefix.n) == 0 &&
               memcmp(m.text_end - glob->suffix.n, glob->suffix.p, glob->suffix.n) == 0;
    return match(&m, glob->pattern.p, text.p);
}
