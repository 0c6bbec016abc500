/* URLs as Go joins and prints them. */
#include "libgotk/base/gourl.h"
#include "tests/unit/lib/rows.h"

#include <string.h>

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

/* A reference seen from a base; "-": the base as it prints itself. */
static const char *resolved(struct ctx *cx, const char *base, const char *ref)
{
    struct gourl from, to;
    assert_ok(cx, gourl_parse(cx, view(base), &from));
    if (strcmp(ref, "-") == 0)
        return str_ndup(cx->arena, gourl_print(cx->arena, &from).p, gourl_print(cx->arena, &from).n);
    assert_ok(cx, gourl_parse(cx, view(ref), &to));
    struct gourl u = gourl_resolve(cx->arena, &from, &to);
    struct strv text = gourl_print(cx->arena, &u);
    return str_ndup(cx->arena, text.p, text.n);
}

static bool resolves(struct ctx *cx, const struct rows_lines *all, size_t i)
{
    const struct rows_line *line = &all->at[i];
    return rows_same(line, line->cells[2], resolved(cx, line->cells[0], line->cells[1]));
}

static void resolves_as_go(void **state UNUSED)
{
    rows_check_lines("gourl/resolve.tsv", 238, resolves);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(resolves_as_go) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
