/*
 * helmignore.c: .helmignore; the contract is in helmignore.h.
 */
#include "libgotk/helm/helmignore.h"

#include "libgotk/base/glob.h"
#include "libgotk/base/rune.h"

#include <string.h>

#define BOM      "\xEF\xBB\xBF"
#define LINE_MAX 65536 /* bufio.Scanner's */

/* Without the white space at both ends, as Go's TrimSpace. */
static struct strv trimmed(struct strv s)
{
    size_t width;
    while (s.n && rune_is_space(rune_decode(s.p, s.n, &width))) {
        s.p += width;
        s.n -= width;
    }
    while (s.n && rune_is_space(rune_decode_last(s.p, s.n, &width)))
        s.n -= width;
    return s;
}

static int add_rule(struct ctx *cx, struct strv line, struct helmignore *rules)
{
    struct strv s = trimmed(line);
    struct helmignore_rule rule = { 0 };
    char *pattern = str_ndup(cx->arena, s.p, s.n);
    for (char *nul; (nul = memchr(pattern, '\0', s.n));)
        *nul = '\1'; /* of no name either */
    if (!*pattern || *pattern == '#')
        return 0;
    if (strstr(pattern, "**"))
        return err_fail(cx, ERR_INVALID, "double-star (**) syntax is not supported");
    if (!glob_valid(pattern))
        return err_fail(cx, ERR_INVALID, "syntax error in pattern");
    rule.negated = *pattern == '!';
    pattern += rule.negated;
    rule.dirs_only = str_ends(pattern, "/");
    if (rule.dirs_only)
        pattern[strlen(pattern) - 1] = '\0';
    rule.whole = strchr(pattern, '/') != NULL;
    rule.pattern = pattern + (*pattern == '/');
    vec_push(cx->arena, rules, rule);
    return 0;
}

int helmignore_parse(struct ctx *cx, struct strv text, struct helmignore *rules)
{
    if (text.n >= 3 && memcmp(text.p, BOM, 3) == 0) {
        text.p += 3;
        text.n -= 3;
    }
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        struct strv line = { text.p, end ? (size_t)(end - text.p) : text.n };
        size_t used = line.n + (end != NULL);
        if (line.n >= LINE_MAX)
            return err_fail(cx, ERR_INVALID, "bufio.Scanner: token too long");
        if (add_rule(cx, line, rules) < 0)
            return err_code(cx);
        text.p += used;
        text.n -= used;
    }
    return 0;
}

void helmignore_add_defaults(struct ctx *cx, struct helmignore *rules)
{
    struct helmignore_rule rule = { .pattern = "templates/.?*", .whole = true };
    vec_push(cx->arena, rules, rule);
}

static bool is_matched(const struct helmignore_rule *rule, const char *path)
{
    const char *slash = strrchr(path, '/');
    return glob_match(rule->pattern, rule->whole || !slash ? path : slash + 1);
}

bool helmignore_match(const struct helmignore *rules, const char *path, bool is_dir)
{
    if (!*path || str_eq(path, ".") || str_eq(path, "./"))
        return false;
    for (size_t i = 0; i < rules->len; i++) {
        const struct helmignore_rule *rule = &rules->at[i];
        bool hit = (is_dir || !rule->dirs_only) && is_matched(rule, path);
        if (hit != rule->negated)
            return true;
    }
    return false;
}
