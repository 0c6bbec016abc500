/* Which Git repository an entry names: the rows of repospec.tsv, which kustomize's own parser was run on. */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/kustomize/repospec.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define TABLE "tests/golden/kustomize/repospec.tsv"

static const char *read_as_row(struct ctx *cx, const char *entry)
{
    struct repospec s;
    if (repospec_parse(cx, entry, &s) < 0)
        return str_fmt(cx->arena, "%s\t!%s", entry, err_message(cx));
    return str_fmt(cx->arena, "%s\t%s\t%s\t%s\t%s\t%lld\t%s", entry, s.host, s.repo, s.path, s.ref,
                   (long long)s.timeout_ms, s.submodules ? "true" : "false");
}

static void reads_as_kustomize_does(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf text;
    size_t lines = 0;
    size_t wrong = 0;
    assert_ok(cx, fs_read_file(cx, TABLE, 1 << 20, &text));
    char **rows = str_split(cx->arena, buf_text(&text), '\n', &lines);
    for (size_t i = 0; i < lines; i++) {
        char *tab = strchr(rows[i], '\t');
        if (!tab)
            continue;
        const char *got = read_as_row(cx, str_ndup(cx->arena, rows[i], (size_t)(tab - rows[i])));
        if (!strcmp(got, rows[i]))
            continue;
        print_error("wanted %s\ngot    %s\n", rows[i], got);
        wrong++;
    }
    assert_true(lines > 600);
    assert_int_equal(wrong, 0);
}

static void finding_none_is_no_error(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct repospec s;
    assert_false(repospec_find(cx, "../base", &s));
    assert_int_equal(err_code(cx), 0);
    assert_true(repospec_find(cx, "git::https://host/org/repo//a?ref=v1", &s));
    assert_true(s.forced);
    assert_string_equal(repospec_url(cx->arena, &s), "https://host/org/repo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_as_kustomize_does),
        UNIT_TEST(finding_none_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
