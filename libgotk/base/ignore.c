/*
 * ignore.c: gitignore patterns; the contract is in ignore.h.
 *
 * Follows go-git's plumbing/format/gitignore rule by rule, oddities included, because what an artifact holds must not
 * change when the controller is swapped. A path is split once per question, on the stack. Any thread once complete.
 */
#include "libgotk/base/ignore.h"

#include "libgotk/base/glob.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <limits.h>
#include <string.h>

#define PARTS_MAX (PATH_MAX / 2)

struct pattern {
    char **base; /* components of the folder it counts in */
    size_t base_len;
    char **parts;
    size_t len;
    bool includes; /* began with "!" */
    bool dir_only; /* ended with "/" */
    bool anchored; /* has a "/" elsewhere */
};

struct ignore {
    struct arena *arena;
    VEC(struct pattern) patterns;
};

/* A path as its components. */
struct path {
    const char *parts[PARTS_MAX];
    size_t len;
    char text[PATH_MAX];
};

struct ignore *ignore_new(struct arena *a)
{
    struct ignore *ig = ARENA_NEW(a, struct ignore);
    ig->arena = a;
    return ig;
}

size_t ignore_len(const struct ignore *ig)
{
    return ig->patterns.len;
}

static void trim_spaces(char *s)
{
    if (str_ends(s, "\\ "))
        return;
    for (size_t n = strlen(s); n && s[n - 1] == ' ';)
        s[--n] = '\0';
}

void ignore_add(struct ignore *ig, const char *base, const char *pattern)
{
    struct pattern p = { .includes = *pattern == '!' };
    char *text = str_dup(ig->arena, pattern + p.includes);
    trim_spaces(text);
    p.dir_only = str_ends(text, "/");
    if (p.dir_only)
        text[strlen(text) - 1] = '\0';
    p.anchored = strchr(text, '/') != NULL;
    p.parts = str_split(ig->arena, text, '/', &p.len);
    if (*base)
        p.base = str_split(ig->arena, base, '/', &p.base_len);
    vec_push(ig->arena, &ig->patterns, p);
}

static bool is_pattern(const char *line)
{
    return *line != '#' && line[strspn(line, " \t\v\f\r\n")] != '\0';
}

size_t ignore_add_text(struct ignore *ig, const char *base, const char *text)
{
    size_t before = ig->patterns.len;
    while (*text) {
        size_t n = strcspn(text, "\n"), kept = n && text[n - 1] == '\r' ? n - 1 : n;
        const char *line = str_ndup(ig->arena, text, kept);
        if (is_pattern(line))
            ignore_add(ig, base, line);
        text += n + (text[n] == '\n');
    }
    return ig->patterns.len - before;
}

/* Without a slash: some component matches; for a folder pattern the last one only counts when it is a folder. */
static bool match_name(const struct pattern *p, const char *const *parts, size_t len, bool is_dir)
{
    for (size_t i = 0; i < len; i++)
        if (glob_match(p->parts[0], parts[i]))
            return !p->dir_only || is_dir || i + 1 < len;
    return false;
}

/* Skips components until one matches `pattern` and returns how many are used up; *ret_hit tells whether one did. */
static size_t traverse(const char *pattern, const char *const *parts, size_t len, bool *ret_hit)
{
    for (size_t i = 0; i < len; i++) {
        *ret_hit = glob_match(pattern, parts[i]);
        if (*ret_hit)
            return i + 1;
    }
    return len;
}

/* With a slash: component by component from the base folder on. What is left over lies below a match. */
static bool match_anchored(const struct pattern *p, const char *const *parts, size_t len, bool is_dir)
{
    bool hit = false, skipping = false;
    for (size_t i = 0; i < p->len; i++) {
        const char *part = p->parts[i];
        bool any_depth = str_eq(part, "**");
        if (any_depth && i + 1 == p->len)
            break;
        if (any_depth || !*part) {
            skipping = any_depth;
            continue;
        }
        if (strstr(part, "**") || !len)
            return false;
        size_t used = 1;
        if (skipping)
            used = traverse(part, parts, len, &hit);
        else if (!(hit = glob_match(part, parts[0])))
            return false;
        skipping = false;
        parts += used;
        len -= used;
    }
    return hit && (!p->dir_only || is_dir || len > 0);
}

static bool is_below(const struct pattern *p, const struct path *path)
{
    if (path->len <= p->base_len)
        return false;
    for (size_t i = 0; i < p->base_len; i++)
        if (!str_eq(path->parts[i], p->base[i]))
            return false;
    return true;
}

static bool matches(const struct pattern *p, const struct path *path, bool is_dir)
{
    if (!is_below(p, path))
        return false;
    return (p->anchored ? match_anchored : match_name)(p, path->parts + p->base_len, path->len - p->base_len,
                                                       is_dir);
}

/* Splits `text`; false for the root and for what no file system can hold. */
static bool split(struct path *path, const char *text)
{
    size_t n = strlen(text);
    if (!n || str_eq(text, ".") || n >= sizeof(path->text))
        return false;
    memcpy(path->text, text, n + 1);
    path->len = 0;
    for (char *p = path->text; p && path->len < PARTS_MAX;) {
        path->parts[path->len++] = p;
        p = strchr(p, '/');
        if (p)
            *p++ = '\0';
    }
    return true;
}

bool ignore_match(const struct ignore *ig, const char *path, bool is_dir)
{
    struct path split_path;
    if (!split(&split_path, path))
        return false;
    for (size_t i = ig->patterns.len; i > 0; i--)
        if (matches(&ig->patterns.at[i - 1], &split_path, is_dir))
            return !ig->patterns.at[i - 1].includes;
    return false;
}
