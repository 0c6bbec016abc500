/* JSON Schema: the official test suite and several hundred texts, all told as the library Helm uses tells them. */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/helm/jsonschema.h"
#include "tests/unit/lib/unit.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER   "tests/golden/jsonschema/"
#define FILE_MAX ((size_t)4 << 20)

static struct doc *read_go(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, json_read_go(cx, text, strlen(text), &d));
    return d;
}

/* Hands each line of a table to `check`, with a context of its own; fails unless there are `count` good results. */
static void check_lines(void **state, const char *name, size_t count,
                        size_t (*check)(struct ctx *cx, const struct doc *row, const void *user),
                        const void *user)
{
    struct ctx *cx = unit_cx(state);
    struct buf text = { 0 };
    size_t passed = 0;
    assert_ok(cx, fs_read_file(cx, str_fmt(cx->arena, FOLDER "%s", name), FILE_MAX, &text));
    for (char *line = text.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct arena_mark mark = arena_mark(cx->arena);
        *end = '\0';
        passed += check(cx, read_go(cx, line), user);
        arena_release(cx->arena, mark);
    }
    if (passed != count)
        fail_msg("%s: %zu results as they should be, %zu expected", name, passed, count);
}

/* What is said of a value under a schema; NULL when it fits. */
static const char *said(struct ctx *cx, const struct doc *schema, const struct doc *data,
                        const struct jsonschema_options *options)
{
    struct jsonschema *compiled = NULL;
    struct jsonschema_error *error = NULL;
    int rc = jsonschema_compile(cx, schema, options, &compiled);
    if (rc == 0)
        rc = jsonschema_validate(cx, compiled, data, &error);
    const char *text = rc < 0 ? str_dup(cx->arena, err_message(cx)) : NULL;
    err_clear(cx);
    return error ? jsonschema_error_text(cx, error) : text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines whose order upstream leaves to chance: the same ones, whatever their order. */
static bool same_lines(struct ctx *cx, const struct doc *want, const char *got)
{
    size_t n;
    char **lines = str_split(cx->arena, got, '\n', &n);
    qsort(lines, n, sizeof(*lines), by_text);
    bool same = n == doc_len(want);
    for (size_t i = 0; same && i < n; i++)
        same = strcmp(lines[i], doc_text(doc_at(want, i))) == 0;
    return same;
}

/* `want` is null, a text, or lines. */
static bool agrees(struct ctx *cx, const struct doc *schema, const struct doc *data, const struct doc *want,
                   const char *got)
{
    bool same = got ? doc_text(want) && strcmp(doc_text(want), got) == 0 : doc_kind(want) == DOC_NULL;
    if (got && doc_kind(want) == DOC_ARRAY)
        same = same_lines(cx, want, got);
    if (same)
        return true;
    print_error("schema %s\ndata %s\n  wanted %s\n  got    %s\n", json_text(cx->arena, schema, JSON_COMPACT),
                json_text(cx->arena, data, JSON_COMPACT), json_text(cx->arena, want, JSON_COMPACT),
                got ? got : "nothing");
    return false;
}

/* --- the suite --- */

static struct doc *remotes;

static int load_remote(struct ctx *cx, void *user UNUSED, const char *url, struct doc **ret)
{
    doc_each (row, remotes) {
        if (strcmp(doc_text_at(row, "url"), url) != 0)
            continue;
        *ret = doc_copy(cx->arena, doc_find(row, "schema"));
        return 0;
    }
    return err_fail(cx, ERR_INVALID, "no internet");
}

static const struct jsonschema_loader suite_loader = { .load = load_remote };

static void read_remotes(struct ctx *cx)
{
    struct buf text = { 0 };
    remotes = doc_array(cx->arena);
    assert_ok(cx, fs_read_file(cx, FOLDER "remotes.jsonl", FILE_MAX, &text));
    for (char *line = text.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        doc_append(remotes, read_go(cx, line));
    }
}

static size_t check_group(struct ctx *cx, const struct doc *row, const void *user)
{
    struct jsonschema_options options = { .loader = &suite_loader,
                                          .url = "http://testsuites.com/schema.json",
                                          .draft = *(const int *)user,
                                          .assert_format =
                                              str_starts(doc_text_at(row, "file"), "optional/") };
    const struct doc *schema = doc_find(row, "schema");
    size_t passed = 0;
    doc_each (test, doc_find(row, "tests")) {
        const char *got = said(cx, schema, doc_at(test, 0), &options);
        passed += agrees(cx, schema, doc_at(test, 0), doc_at(test, 2), got);
    }
    return passed;
}

static void check_suite(void **state, const char *name, int draft, size_t count)
{
    read_remotes(unit_cx(state));
    check_lines(state, name, count, check_group, &draft);
}

static void suite_of_draft4(void **state)
{
    check_suite(state, "draft4.jsonl", 4, 862);
}

static void suite_of_draft6(void **state)
{
    check_suite(state, "draft6.jsonl", 6, 1196);
}

static void suite_of_draft7(void **state)
{
    check_suite(state, "draft7.jsonl", 7, 1518);
}

static void suite_of_draft2019(void **state)
{
    check_suite(state, "draft2019-09.jsonl", 2019, 1980);
}

static void suite_of_draft2020(void **state)
{
    check_suite(state, "draft2020-12.jsonl", 2020, 2031);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(suite_of_draft4),    UNIT_TEST(suite_of_draft6),    UNIT_TEST(suite_of_draft7),
        UNIT_TEST(suite_of_draft2019), UNIT_TEST(suite_of_draft2020),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
