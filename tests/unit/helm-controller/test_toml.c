/* TOML as BurntSushi/toml reads and writes it: the toml-test suite and texts near it (tests/golden/toml). */
#include "helm-controller/template/toml_print.h"
#include "helm-controller/template/toml_read.h"
#include "libgotk/base/base64.h"
#include "libgotk/doc/json.h"
#include "tests/unit/lib/unit.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX  ((size_t)64 << 20)
#define SHOWN_MAX 20

/* The bytes of a field, or of its base64 form; NULL when it has neither. */
static const char *bytes_of(struct ctx *cx, const struct doc *row, const char *key, size_t *ret_len)
{
    const char *plain = doc_text_at(row, key),
               *encoded = doc_text(doc_find(row, str_fmt(cx->arena, "%sB64", key)));
    char *data = NULL;
    *ret_len = plain ? strlen(plain) : 0;
    if (!encoded)
        return plain;
    assert_ok(cx, base64_decode(cx, encoded, &data, ret_len));
    return data;
}

/* What came out: the table printed again, or the error. A text where the library breaks off is "panic: ...". */
static struct buf outcome(struct ctx *cx, struct strv text, bool *ret_ok)
{
    struct buf out = buf_new(cx->arena, FILE_MAX);
    struct vmap *table;
    struct strv error;
    *ret_ok = false;
    if (toml_read(cx, text, &table, &error) < 0) {
        buf_fmt(&out, "panic: %s", err_message(cx));
    } else if (!table) {
        buf_add(&out, error.p, error.n);
    } else if (toml_print(cx, &out, v_map(table)) < 0) {
        buf_cut(&out, 0);
        buf_fmt(&out, "encode: %s", err_message(cx));
    } else {
        *ret_ok = true;
    }
    return out;
}

static bool check_row(const char *line, size_t len, bool show)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)1 << 30);
    struct ctx cx = { .arena = a };
    struct doc *row = NULL;
    bool ok;
    size_t toml_len, want_len;
    assert_ok(&cx, json_parse(&cx, line, len, "cases.jsonl", &row));
    const char *toml = bytes_of(&cx, row, "toml", &toml_len);
    const char *error = bytes_of(&cx, row, "error", &want_len);
    const char *want = error ? error : bytes_of(&cx, row, "want", &want_len);
    struct buf got = outcome(&cx, (struct strv){ toml ? toml : "", toml_len }, &ok);
    bool right = ok == !error && got.len == want_len && memcmp(buf_text(&got), want, want_len) == 0;
    if (!right && show)
        print_error("%s: %.*s\n  wanted %.*s\n  got    %s\n", doc_text_at(row, "name"), (int)toml_len,
                    toml ? toml : "", (int)want_len, want, buf_text(&got));
    return right;
}

static void reads_as_the_library_does(void **state)
{
    struct ctx *cx = unit_cx(state);
    size_t passed = 0, failed = 0, len;
    const char *path = getenv("TOML_CASES"), *line;
    struct unit_lines lines = unit_lines(cx, path ? path : "tests/golden/toml/cases.jsonl");
    while ((line = unit_next_line(&lines, &len))) {
        if (check_row(line, len, failed < SHOWN_MAX))
            passed++;
        else
            failed++;
    }
    print_message("%zu as the library, %zu not\n", passed, failed);
    assert_int_equal(failed, 0);
    assert_true(passed > 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_as_the_library_does),
    };
    return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
