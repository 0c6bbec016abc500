/*
 * fuzz_parse.c: a template's text is parsed; what was parsed prints, and prints the same again. Whatever a stranger writes:
 * there are trees or an error with a message.
 */
#include "helm-controller/template/parse.h"
#include "libgotk/base/bigstack.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

#define TEXT_MAX ((size_t)16 << 20)

struct parsing {
    struct ctx *cx;
    struct strv text;
};

static void parse(void *arg)
{
    struct parsing *p = arg;
    struct strv name = { "chart/templates/x.yaml", strlen("chart/templates/x.yaml") };
    struct tree_vec trees;
    if (parse_template(p->cx, name, p->text, &trees) < 0) {
        fuzz_that(*err_message(p->cx));
        return;
    }
    for (size_t i = 0; i < trees.len; i++) {
        const char *first = node_text(p->cx->arena, trees.at[i]->root);
        fuzz_that(strcmp(first, node_text(p->cx->arena, trees.at[i]->root)) == 0);
    }
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct parsing p = { cx, { text, len } };
    bigstack_call(parse, &p);
}

static const char *const seeds[] = {
    "tests/golden/helm/snippets.jsonl#template",
    "../shared/corpus/templates/01-lex-parse.jsonl#template",
    "../shared/corpus/templates/02-exec.jsonl#template",
    "../shared/corpus/charts/charts/*/templates/*.tpl",
    NULL,
};

static const char *const words[] = {
    "{{",
    "}}",
    "{{- ",
    " -}}",
    "{{/*",
    "*/}}",
    "{{if .}}",
    "{{else}}",
    "{{end}}",
    "{{range $i, $v := .}}",
    "{{with .}}",
    "{{else if .}}",
    "{{define \"a\"}}",
    "{{template \"a\" .}}",
    "{{block \"a\" .}}",
    "{{break}}",
    "{{continue}}",
    ":=",
    "=",
    "|",
    "(",
    ")",
    "$x",
    ".a",
    "nil",
    "true",
    "0x1p4",
    "1i",
    "'a'",
    "\"a\"",
    "`a`",
    "\\u00e9",
    NULL,
};

const struct fuzz_target fuzz_target = { run, seeds, words };
