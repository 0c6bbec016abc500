/* Expansion of ${...}: the rows of envsubst*.tsv, which Flux's own package was run on, and the patterns. */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/kustomize/envsubst.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static struct map variables(struct ctx *cx, const char *text)
{
    struct map vars = map_new(cx->arena);
    size_t n = 0;
    char **pairs = str_split(cx->arena, text, ';', &n);
    for (size_t i = 0; text[0] && i < n; i++) {
        char *equals = strchr(pairs[i], '=');
        assert_non_null(equals);
        map_set(&vars, str_ndup(cx->arena, pairs[i], (size_t)(equals - pairs[i])), equals + 1);
    }
    return vars;
}

static bool check_row(struct ctx *cx, char **row)
{
    struct map vars = variables(cx, row[1]);
    struct buf out = buf_new(cx->arena, 1 << 20);
    const char *input = str_replace(cx->arena, row[2], "\\n", "\n");
    int rc = envsubst_expand(cx, input, &vars, row[0][0] == 'S', &out);
    const char *got = rc < 0 ? err_message(cx) : str_replace(cx->arena, buf_text(&out), "\n", "\\n");
    bool good = row[3][0] == '!' ? rc < 0 && strstr(got, row[3] + 1) : rc >= 0 && !strcmp(got, row[3]);
    if (!good)
        print_error("%s with %s%s: wanted '%s', got '%s'\n", row[2], row[1], row[0][0] ? ", strict" : "",
                    row[3], got);
    err_clear(cx);
    return good;
}

static void check_table(struct ctx *cx, const char *path, size_t count)
{
    struct buf text;
    size_t lines = 0;
    size_t checked = 0;
    size_t passed = 0;
    assert_ok(cx, fs_read_file(cx, path, 1 << 20, &text));
    char **rows = str_split(cx->arena, buf_text(&text), '\n', &lines);
    for (size_t i = 0; i < lines; i++) {
        size_t columns = 0;
        char **row = str_split(cx->arena, rows[i], '\t', &columns);
        if (columns != 4)
            continue;
        passed += check_row(cx, row);
        checked++;
    }
    if (passed != count || checked != count)
        fail_msg("%s: %zu of %zu rows as they should be, %zu expected", path, passed, checked, count);
}

static void expands_as_flux_does(void **state)
{
    check_table(unit_cx(state), "tests/golden/kustomize/envsubst.tsv", 104);
    check_table(unit_cx(state), "tests/golden/kustomize/envsubst-flux.tsv", 544);
}

static void matches_shell_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        int want;
    } rows[] = {
        { "", "", 1 },      { "*", "", 1 },      { "a*b*c", "a/b/bc", 1 }, { "a*b*c", "a/b/bd", 0 },
        { "?", "ü", 1 },    { "[a-", "a", -1 },  { "[]", "a", -1 },        { "\\*", "*", 1 },
        { "\\", "a", -1 },  { "**a", "bca", 1 }, { "[^-]", "a", -1 },      { "[\\-a]", "-", 1 },
        { "abc", "ab", 0 }, { "ab", "abc", 0 },  { "*ab", "aab", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(envsubst_glob(rows[i].pattern, rows[i].text, strlen(rows[i].text)), rows[i].want);
}

static void refuses_endless_nesting(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct map vars = map_new(cx->arena);
    struct buf deep = buf_new(cx->arena, 1 << 20);
    struct buf out = buf_new(cx->arena, 1 << 20);
    for (int i = 0; i < 10000; i++)
        buf_str(&deep, "${x:-");
    assert_true(envsubst_expand(cx, buf_text(&deep), &vars, false, &out) < 0);
    assert_error(cx, ERR_INVALID, "nested too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(expands_as_flux_does),
        UNIT_TEST(matches_shell_patterns),
        UNIT_TEST(refuses_endless_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
