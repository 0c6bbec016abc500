/*
 * features.c: parsing and asking for feature gates; the contract is in features.h.
 */
#include "libgotk/runtime/features.h"

#include "libgotk/base/str.h"

#include <string.h>

struct features {
    const struct feature *rows;
    size_t count;
    bool *on; /* beside rows */
};

static size_t count_rows(const struct feature *rows)
{
    size_t n = 0;
    while (rows && rows[n].name)
        n++;
    return n;
}

/* The row's index; count when there is none. */
static size_t find(const struct features *f, const char *name)
{
    size_t i = 0;
    while (i < f->count && !str_eq(f->rows[i].name, name))
        i++;
    return i;
}

static int fail_unknown(struct ctx *cx, const struct features *f, const char *name)
{
    const char **names = ARENA_ARRAY(cx->arena, const char *, f->count + 1);
    for (size_t i = 0; i < f->count; i++)
        names[i] = f->rows[i].name;
    const char *nearest = str_nearest(name, names, f->count);
    if (nearest)
        return err_fail(cx, ERR_INVALID, "feature-gate '%s' not supported (did you mean '%s'?)", name,
                        nearest);
    return err_fail(cx, ERR_INVALID, "feature-gate '%s' not supported", name);
}

/* As strconv.ParseBool. */
static bool parse_bool(const char *s, bool *ret)
{
    static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
    static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (str_eq(s, yes[i]) || str_eq(s, no[i])) {
            *ret = str_eq(s, yes[i]);
            return true;
        }
    }
    return false;
}

static int apply(struct ctx *cx, struct features *f, const char *word)
{
    const char *eq = strchr(word, '=');
    if (!eq)
        return err_fail(cx, ERR_INVALID, "malformed feature gate '%s': write Name=true or Name=false", word);
    const char *name = str_trim(cx->arena, str_ndup(cx->arena, word, (size_t)(eq - word)));
    size_t i = find(f, name);
    if (i == f->count)
        return fail_unknown(cx, f, name);
    if (!parse_bool(str_trim(cx->arena, eq + 1), &f->on[i]))
        return err_fail(cx, ERR_INVALID, "invalid value of feature-gate '%s': '%s' is neither true nor false",
                        name, eq + 1);
    return 0;
}

int features_parse(struct ctx *cx, const struct feature *rows, const char *const *words, size_t count,
                   const struct features **ret)
{
    struct features *f = ARENA_NEW(cx->arena, struct features);
    f->rows = rows;
    f->count = count_rows(rows);
    f->on = ARENA_ARRAY(cx->arena, bool, f->count + 1);
    for (size_t i = 0; i < f->count; i++)
        f->on[i] = rows[i].fallback;
    for (size_t i = 0; i < count; i++)
        if (!str_empty(words[i]) && apply(cx, f, words[i]) < 0)
            return err_wrap(cx, "--feature-gates");
    *ret = f;
    return 0;
}

bool features_on(const struct features *f, const char *name)
{
    size_t i = find(f, name);
    ASSERT(i < f->count);
    return f->on[i];
}
