/*
 * fuzz_yaml.c: YAML text is read under every set of rules; what was read is printed, and reads back as the same.
 */
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

#define TEXT_MAX ((size_t)32 << 20)

/* What upstream prints without quotes although it means something else when it is read: a key "<<", octal numbers with a
 * sign behind their prefix. */
static bool is_misread(const char *text)
{
    return text && (!strcmp(text, "<<") || !strncmp(text, "0o+", 3) || !strncmp(text, "0o-", 3));
}

static bool has_misread(const struct doc *d)
{
    if (is_misread(doc_text(d)))
        return true;
    doc_each (child, d)
        if (is_misread(doc_key(child)) || has_misread(child))
            return true;
    return false;
}

/* What was printed is, read under the same rules, the same document; in document order it prints the same again. Sorted it
 * may not: go-yaml's order of keys is not transitive. */
static void print_and_read_back(struct ctx *cx, const struct doc *d, int rules,
                                void (*print)(struct buf *out, const struct doc *d))
{
    struct doc *again = NULL;
    struct buf first = buf_new(cx->arena, TEXT_MAX), second = buf_new(cx->arena, TEXT_MAX);
    print(&first, d);
    if (first.overflow || has_misread(d))
        return;
    if (yml_parse_as(cx, buf_text(&first), first.len, "printed", rules, &again) < 0) {
        fuzz_that(err_code(cx) == ERR_LIMIT || err_code(cx) == ERR_TIMEOUT);
        return;
    }
    fuzz_that(doc_equal(d, again));
    print(&second, again);
    fuzz_that(print == yml_print || arena_exhausted(cx->arena) ||
              !strcmp(buf_text(&first), buf_text(&second)));
}

static void json_and_back(struct ctx *cx, const struct doc *d)
{
    struct doc *again = NULL;
    struct buf text = buf_new(cx->arena, TEXT_MAX);
    json_print(&text, d, JSON_GO);
    if (text.overflow)
        return;
    if (json_parse(cx, buf_text(&text), text.len, "printed", &again) < 0) {
        fuzz_that(err_code(cx) == ERR_LIMIT || err_code(cx) == ERR_TIMEOUT);
        return;
    }
    fuzz_that(doc_equal(d, again));
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    static const int rules[] = { YML_CORE, YML_11, YML_11 | YML_LAST_WINS,
                                 YML_CORE | YML_BARE_KEYS | YML_SOURCE };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct doc *docs = NULL;
        err_clear(cx);
        if (yml_parse_all_as(cx, text, len, "input", rules[i], &docs) < 0)
            continue;
        doc_each (d, docs) {
            if (arena_exhausted(cx->arena))
                return;
            print_and_read_back(cx, d, rules[i] & ~YML_SOURCE, yml_print);
            print_and_read_back(cx, d, rules[i] & ~YML_SOURCE, yml_print_ordered);
            json_and_back(cx, d);
        }
    }
}

static const char *const seeds[] = {
    "tests/golden/yml/read.jsonl#in",
    "tests/golden/yml/print.jsonl#want",
    "../shared/corpus/kustomize/*/*/expected.yaml",
    "../shared/corpus/charts/charts/*/values.yaml",
    NULL,
};

static const char *const words[] = {
    "---",
    "...",
    "- ",
    "? ",
    ": ",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "!!binary ",
    "!!int ",
    "!!float ",
    "!!null ",
    "!!set ",
    "!!timestamp ",
    "!!map ",
    "!!seq ",
    "!",
    "|",
    ">",
    "|-",
    "|+2",
    ">-",
    "'",
    "\"",
    "\\x",
    "\\u",
    "\\U0001F600",
    "\\N",
    "%YAML 1.1\n",
    "%TAG ! tag:a,2000:\n",
    "~",
    "null",
    "yes",
    ".inf",
    ".nan",
    "0x1F",
    "0o17",
    "0b11",
    "1_000",
    "2001-12-14t21:59:43.10-05:00",
    "1e400",
    "-0",
    "{a: b}",
    "[a, b]",
    "#c",
    "\t",
    "\xEF\xBB\xBF",
    "\xFF\xFE",
    "\xE2\x80\xA8",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
