/*
 * fileglob.c: gobwas/glob on paths; the contract is in fileglob.h.
 *
 * Matching walks the pattern itself with backtracking, bounded in steps: a pattern of a chart cannot hang a render. An
 * open brace without its end matches nothing, as there.
 */
#include "helm-controller/template/fileglob.h"

#include "libgotk/base/rune.h"

#include <string.h>

#define STEPS_MAX 1000000

struct fileglob {
    struct strv pattern;
};

struct matcher {
    const char *text_end;
    const char *pattern_end;
    long steps;
};

static bool is_well_formed(struct strv p)
{
    for (size_t i = 0; i < p.n; i++) {
        if (p.p[i] == '\\') {
            i++;
        } else if (p.p[i] == '[') {
            const char *end = memchr(p.p + i + 1, ']', p.n - i - 1);
            if (!end || end == p.p + i + 1)
                return false;
            i = (size_t)(end - p.p);
        }
    }
    return true;
}

const struct fileglob *fileglob_compile(struct ctx *cx, struct strv pattern)
{
    struct fileglob *g = ARENA_NEW(cx->arena, struct fileglob);
    if (!is_well_formed(pattern)) {
        err_fail(cx, ERR_INVALID, "the pattern '%.*s' has a class without an end", (int)pattern.n, pattern.p);
        return NULL;
    }
    g->pattern = pattern;
    return g;
}

static uint32_t take(const char **p, const char *end)
{
    size_t width;
    uint32_t rune = rune_decode(*p, (size_t)(end - *p), &width);
    *p += width;
    return rune;
}

/* A class behind its '['; *p moves behind the ']'. */
static bool in_class(const char **p, const char *end, uint32_t rune)
{
    bool negated = **p == '!' || **p == '^', in = false;
    *p += negated;
    while (*p < end && **p != ']') {
        uint32_t low = take(p, end), high = low;
        if (*p + 1 < end && **p == '-' && (*p)[1] != ']') {
            (*p)++;
            high = take(p, end);
        }
        in = in || (rune >= low && rune <= high);
    }
    *p += *p < end;
    return in != negated;
}

static bool match(struct matcher *m, const char *p, const char *t);

/* The end of a group's alternative: the next ',' or '}' of this level. */
static const char *alternative_end(const char *p, const char *end)
{
    int depth = 0;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '{')
            depth++;
        else if (*p == '}' && depth-- == 0)
            return p;
        else if (*p == ',' && depth == 0)
            return p;
    }
    return NULL;
}

static const char *group_end(const char *p, const char *end)
{
    const char *at = alternative_end(p, end);
    while (at && *at == ',')
        at = alternative_end(at + 1, end);
    return at;
}

/* {a,b} behind its '{': an alternative, then the rest, as one pattern. */
static bool match_group(struct matcher *m, const char *p, const char *t)
{
    const char *close = group_end(p, m->pattern_end);
    if (!close)
        return false;
    size_t rest = (size_t)(m->pattern_end - close - 1);
    for (const char *from = p, *to; from <= close; from = to + 1) {
        char joined[4096];
        to = alternative_end(from, m->pattern_end);
        size_t n = (size_t)(to - from);
        if (n + rest > sizeof(joined))
            return false;
        memcpy(joined, from, n);
        memcpy(joined + n, close + 1, rest);
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
        if (t >= m->text_end)
            return false;
        if (c == '?' || c == '[') {
            uint32_t rune = take(&t, m->text_end);
            if (c == '?' ? rune == '/' : !in_class(&p, m->pattern_end, rune))
                return false;
            continue;
        }
        if (c == '\\' && p < m->pattern_end)
            c = *p++;
        if (c != *t++)
            return false;
    }
    return t == m->text_end;
}

bool fileglob_match(const struct fileglob *glob, struct strv text)
{
    struct matcher m = { text.p + text.n, glob->pattern.p + glob->pattern.n, 0 };
    return match(&m, glob->pattern.p, text.p);
}
