/*
 * fuzz_toml.c: TOML is read; what was read is printed, and reads back. Whatever a stranger writes: there is a table or an error
 * with a message.
 */
#include "helm-controller/template/toml_print.h"
#include "helm-controller/template/toml_read.h"
#include "libgotk/base/bigstack.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

#define TEXT_MAX ((size_t)32 << 20)

struct reading {
    struct ctx *cx;
    struct strv text;
};

static void read_and_print(void *arg)
{
    struct reading *r = arg;
    struct vmap *table, *again;
    struct strv error = { "", 0 };
    struct buf out = buf_new(r->cx->arena, TEXT_MAX);
    if (toml_read(r->cx, r->text, &table, &error) < 0 || !table) {
        fuzz_that(error.n > 0 || *err_message(r->cx));
        return;
    }
    if (toml_print(r->cx, &out, v_map(table)) < 0 || out.overflow)
        return;
    /* Upstream reads zones up to 24:60, which it prints as 25:00 and does not read. */
    fuzz_that(toml_read(r->cx, (struct strv){ buf_text(&out), out.len }, &again, &error) < 0 || again ||
              strstr(buf_text(&out), "25:00"));
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct reading r = { cx, { text, len } };
    bigstack_call(read_and_print, &r);
}

static const char *const seeds[] = {
    "tests/golden/toml/cases.jsonl#toml",
    NULL,
};

static const char *const words[] = {
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\"\"\"",
    "'''",
    "\\u00e9",
    "\\U0001F600",
    "\\x41",
    "\\\n",
    "0x",
    "0o",
    "0b",
    "_",
    "inf",
    "nan",
    "1e5",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "true",
    "# c\n",
    "\r\n",
    "\xEF\xBB\xBF",
    NULL,
};

const struct fuzz_target fuzz_target = { run, seeds, words };
