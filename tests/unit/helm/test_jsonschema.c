/* JSON Schema: the official test suite and several hundred texts, all told as the library Helm uses tells them. */
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
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
    size_t passed = 0, len;
    struct unit_lines lines = unit_lines(cx, str_fmt(cx->arena, FOLDER "%s", name));
    for (const char *line; (line = unit_next_line(&lines, &len));) {
        struct arena_mark mark = arena_mark(cx->arena);
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

/* Words whose order upstream leaves to chance: the same ones, whatever their order. */
static bool same_words(struct ctx *cx, const struct doc *want, const char *got)
{
    VEC(char *) words = { 0 };
    char *rest = str_dup(cx->arena, got);
    for (char *word; (word = strsep(&rest, " \n,"));)
        if (*word)
            vec_push(cx->arena, &words, word);
    qsort(words.at, words.len, sizeof(*words.at), by_text);
    bool same = words.len == doc_len(want);
    for (size_t i = 0; same && i < words.len; i++)
        same = strcmp(words.at[i], doc_text(doc_at(want, i))) == 0;
    return same;
}

/* `want` is null, a text, or words. */
static bool agrees(struct ctx *cx, const struct doc *schema, const struct doc *data, const struct doc *want,
                   const char *got)
{
    bool same = got ? doc_text(want) && strcmp(doc_text(want), got) == 0 : doc_kind(want) == DOC_NULL;
    if (got && doc_kind(want) == DOC_ARRAY)
        same = same_words(cx, want, got);
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
    size_t len;
    remotes = doc_array(cx->arena);
    struct unit_lines lines = unit_lines(cx, FOLDER "remotes.jsonl");
    for (const char *line; (line = unit_next_line(&lines, &len));)
        doc_append(remotes, read_go(cx, line));
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

/* --- texts --- */

/* Numbers of values are float64, as Helm has them. */
static struct doc *as_values(struct arena *a, const struct doc *d)
{
    struct doc *copy = doc_kind(d) == DOC_OBJECT ? doc_object(a) : doc_array(a);
    if (doc_kind(d) == DOC_NUMBER)
        return doc_double(a, strtod(doc_literal(d), NULL));
    if (doc_kind(d) != DOC_OBJECT && doc_kind(d) != DOC_ARRAY)
        return doc_copy(a, d);
    doc_each (child, d) {
        if (doc_key(child))
            doc_set(a, copy, doc_key(child), as_values(a, child));
        else
            doc_append(copy, as_values(a, child));
    }
    return copy;
}

static size_t check_case(struct ctx *cx, const struct doc *row, const void *user UNUSED)
{
    const struct doc *schema = doc_find(row, "schema"), *data = as_values(cx->arena, doc_find(row, "data"));
    return agrees(cx, schema, data, doc_find(row, "says"), said(cx, schema, data, NULL));
}

static void says_what_the_library_says(void **state)
{
    check_lines(state, "cases.jsonl", 1848, check_case, NULL);
}

/* --- strangers' work --- */

/* `n` times `open`, `middle`, `n` times `close`. */
static const char *nested(struct arena *a, size_t n, const char *open, const char *middle, const char *close)
{
    struct buf out = buf_new(a, FILE_MAX);
    for (size_t i = 0; i < n; i++)
        buf_str(&out, open);
    buf_str(&out, middle);
    for (size_t i = 0; i < n; i++)
        buf_str(&out, close);
    return buf_text(&out);
}

/* What becomes of it within two seconds. */
static void check_bounded(struct ctx *cx, const char *schema, const char *data, const char *want)
{
    int64_t start = ctx_now_ms();
    const char *got = said(cx, read_go(cx, schema), read_go(cx, data), NULL);
    if (!got || !strstr(got, want))
        fail_msg("wanted %s, got %.200s", want, got ? got : "nothing");
    if (ctx_now_ms() - start > unit_slow(4000))
        fail_msg("%s took %lld ms", want, (long long)(ctx_now_ms() - start));
}

static void depth_is_bounded(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct arena *a = cx->arena;
    const char *deep = nested(a, 900, "{\"a\":", "1", "}");
    check_bounded(
        cx,
        "{\"properties\":{\"a\":{\"allOf\":[{\"allOf\":[{\"allOf\":[{\"allOf\":[{\"allOf\":[{\"allOf\":[{"
        "\"allOf\":[{\"$ref\":\"#\"}]}]}]}]}]}]}]}}}",
        deep, "the schema goes deeper than 2000 levels");
    check_bounded(cx, "{\"additionalProperties\":{\"$ref\":\"#\"},\"type\":\"object\"}", deep,
                  "got number, want object");
    check_bounded(cx, nested(a, 300, "{\"not\":", "false", "}"), "1", "'not' failed");
    check_bounded(cx, nested(a, 200, "{\"allOf\":[", "false", "]}"), "1", "false schema");
}

/* Each of 40 definitions asks the next one twice. */
static const char *doubling(struct arena *a, const char *keyword)
{
    struct buf out = buf_new(a, FILE_MAX);
    buf_str(&out, "{\"$ref\":\"#/definitions/d0\",\"definitions\":{\"d40\":{\"type\":\"number\"}");
    for (int i = 0; i < 40; i++)
        buf_fmt(&out, ",\"d%d\":{\"%s\":[{\"$ref\":\"#/definitions/d%d\"},{\"$ref\":\"#/definitions/d%d\"}]}",
                i, keyword, i + 1, i + 1);
    buf_str(&out, "}}");
    return buf_text(&out);
}

static void work_is_bounded(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct arena *a = cx->arena;
    check_bounded(cx, doubling(a, "allOf"), "1", "the schema takes more than 20000000 steps");
    check_bounded(cx, doubling(a, "oneOf"), "1", "the schema takes more than 20000000 steps");
    check_bounded(cx, "{\"pattern\":\"^(a+)+$\"}",
                  nested(a, 20, "", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"", ""), "");
    check_bounded(cx, "{\"multipleOf\":1e-900000}", "3", "the numbers have more than");
    check_bounded(cx, "{\"multipleOf\":1e900000}", "3", "multipleOf: got 3, want ∞");
    check_bounded(cx, "{\"multipleOf\":1e999999999999}", "3", "the number 1e999999999999 is too large");
}

/* Errors of a failing schema fill the memory: that ends the look, not the process. */
static void memory_is_bounded(void **state)
{
    CLEANUP(arena_cleanup) struct arena *small = arena_new((size_t)16 << 20);
    struct ctx cx = { .arena = small };
    (void)state;
    check_bounded(&cx, doubling(small, "anyOf"), "\"x\"", "memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(suite_of_draft4),    UNIT_TEST(suite_of_draft6),    UNIT_TEST(suite_of_draft7),
        UNIT_TEST(suite_of_draft2019), UNIT_TEST(suite_of_draft2020), UNIT_TEST(says_what_the_library_says),
        UNIT_TEST(depth_is_bounded),   UNIT_TEST(work_is_bounded),    UNIT_TEST(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
