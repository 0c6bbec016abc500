/* Label selectors, as kustomize reads them. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/labelsel.h"
#include "tests/unit/lib/rows.h"

#include <string.h>

static const char *const sets[] = {
    "{}",
    "{\"x\":\"y\"}",
    "{\"x\":\"2\"}",
    "{\"x\":\"a\",\"y\":\"b\",\"z\":\"c\"}",
    "{\"baz\":\"blah\",\"foo\":\"bar\"}",
    "{\"x\":\"\",\"y\":\"\"}",
    "{\"x\":\"z\",\"z\":\"w\"}",
    "{\"notin\":\"in\"}",
    "{\"x\":\"foo\",\"y\":\"abc\"}",
    "{\"x\":\"-5\"}",
    "{\"in\":\"x\",\"x\":\"in\"}",
};

static struct doc *read_json(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, text, strlen(text), "test", &d));
    return d;
}

/* "0" or "1" for each set; "!" for a selector that is none. */
static const char *fits(struct ctx *cx, const char *text)
{
    struct labelsel *s = NULL;
    char bits[ARRAY_LEN(sets) + 1] = "";
    if (labelsel_parse(cx, text, &s) < 0) {
        err_clear(cx);
        return "!";
    }
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        bits[i] = labelsel_matches(s, read_json(cx, sets[i])) ? '1' : '0';
    return str_dup(cx->arena, bits);
}

static bool selects(struct ctx *cx, const struct rows_lines *all, size_t i)
{
    const struct rows_line *line = &all->at[i];
    const char *want = line->cells[1][0] == '!' ? "!" : line->cells[1];
    return rows_same(line, want, fits(cx, doc_text(read_json(cx, line->cells[0]))));
}

static void selects_as_upstream(void **state UNUSED)
{
    rows_check_lines("labelsel/kustomize.tsv", 257, selects);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(selects_as_upstream) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
