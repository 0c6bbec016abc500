/* Tables made from the tests of json-patch and go-yaml: what they say goes, and where they fail we fail. */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/patch.h"
#include "libgotk/doc/yml.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define FILE_MAX ((size_t)4 << 20)

static struct doc *read_json(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, text, strlen(text), "row", &d));
    return d;
}

/* Hands each line of a table to `check`; fails unless there are `count` lines and it is content with all. */
static void check_lines(void **state, const char *path, size_t count,
                        bool (*check)(struct ctx *cx, const struct doc *row))
{
    struct ctx *cx = unit_cx(state);
    size_t seen = 0, passed = 0, len;
    struct unit_lines lines = unit_lines(cx, path);
    for (const char *line; (line = unit_next_line(&lines, &len)); seen++)
        passed += check(cx, read_json(cx, line));
    if (passed != count || seen != count)
        fail_msg("%s: %zu of %zu lines as they should be, %zu expected", path, passed, seen, count);
}

/* Compares with "want"; a row with "error" must have failed. */
static bool agrees(struct ctx *cx, const struct doc *row, int rc, const char *want, const char *got)
{
    const char *error = doc_text_at(row, "error");
    const char *message = str_dup(cx->arena, err_message(cx));
    err_clear(cx);
    if (error ? rc < 0 : rc >= 0 && !strcmp(want, got))
        return true;
    print_error("%s\n  wanted %s\n  got    %s\n", json_text(cx->arena, row, JSON_COMPACT),
                error ? error : want, rc < 0 ? message : got);
    return false;
}

static bool patches(struct ctx *cx, const struct doc *row)
{
    struct doc *d = doc_copy(cx->arena, doc_find(row, "doc"));
    int rc = patch_json6902(cx, &d, doc_find(row, "patch"));
    const struct doc *want = doc_find(row, "want");
    return agrees(cx, row, rc, want ? json_text(cx->arena, want, JSON_SORTED) : "",
                  json_text(cx->arena, d, JSON_SORTED));
}

/* What kustomize refuses when it prints the document. */
static bool has_bare_key(const struct doc *d)
{
    doc_each (child, d)
        if ((doc_kind(d) == DOC_OBJECT && doc_bare_key(child)) || has_bare_key(child))
            return true;
    return false;
}

static bool reads(struct ctx *cx, const struct doc *row)
{
    const char *in = doc_text_at(row, "in");
    int rules = strcmp(doc_text_at(row, "rules"), "core") == 0 ? YML_BARE_KEYS : YML_11 | YML_LAST_WINS;
    struct doc *docs = NULL;
    int rc = yml_parse_all_as(cx, in, strlen(in), "in", rules, &docs);
    if (rc >= 0 && has_bare_key(doc_first(docs)))
        rc = ERR_INVALID;
    return agrees(cx, row, rc, doc_text_at(row, "want"),
                  rc < 0 ? "" : json_text(cx->arena, doc_first(docs), JSON_GO));
}

static bool prints(struct ctx *cx, const struct doc *row)
{
    struct buf out = buf_new(cx->arena, FILE_MAX);
    yml_print(&out, read_json(cx, doc_text_at(row, "in")));
    return agrees(cx, row, 0, doc_text_at(row, "want"), buf_text(&out));
}

static void applies_json_patch_tests(void **state)
{
    check_lines(state, "tests/golden/jsonpatch/json-patch-tests.jsonl", 110, patches);
}

static void reads_what_go_yaml_reads(void **state)
{
    check_lines(state, "tests/golden/yml/go-yaml-read.jsonl", 555, reads);
}

static void prints_what_go_yaml_prints(void **state)
{
    check_lines(state, "tests/golden/yml/go-yaml-print.jsonl", 71, prints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(applies_json_patch_tests),
        UNIT_TEST(reads_what_go_yaml_reads),
        UNIT_TEST(prints_what_go_yaml_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
