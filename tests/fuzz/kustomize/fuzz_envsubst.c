/*
 * fuzz_envsubst.c: substitution of variables, in a text and in an object.
 *
 * Parts: variables (name=value a line), the text. Without strict mode nothing may fail for a variable that is not set.
 */
#include "libgotk/kustomize/envsubst.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/varsub.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

#define TEXT_MAX ((size_t)16 << 20)

static struct map variables(struct arena *a, const char *text)
{
    size_t count = 0;
    struct map vars = map_new(a);
    char **lines = str_split(a, text, '\n', &count);
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr(lines[i], '=');
        if (!equals)
            continue;
        *equals = '\0';
        map_set(&vars, lines[i], equals + 1);
    }
    return vars;
}

static void expand_text(struct ctx *cx, const char *text, const struct map *vars, bool strict)
{
    struct buf out = buf_new(cx->arena, TEXT_MAX);
    if (envsubst_expand(cx, text, vars, strict, &out) == 0) {
        fuzz_that(strchr(text, '$') || out.overflow || !strcmp(text, buf_text(&out)));
        return;
    }
    fuzz_that(strict || !strstr(err_message(cx), "variable not set (strict mode)"));
    err_clear(cx);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[2];
    struct doc *d = NULL, *result = NULL;
    if (fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts)) != 2)
        return;
    struct map vars = variables(cx->arena, parts[0].text);
    expand_text(cx, parts[1].text, &vars, false);
    expand_text(cx, parts[1].text, &vars, true);
    if (yml_parse(cx, parts[1].text, parts[1].len, "object", &d) < 0 || doc_kind(d) != DOC_OBJECT)
        return;
    if (varsub_resource(cx, d, &vars, false, &result) == 0)
        fuzz_that(!result || doc_kind(result) == DOC_OBJECT);
}

static const char *const seeds[] = {
    "tests/golden/kustomize/envsubst.tsv#2,3",
    "=a=1\nb=x: y\n=== object\nkind: A\nmetadata: {name: ${a}, labels: {b: '${b:=c}'}}\nspec: ${c:-[1, 2]}\n",
    NULL,
};

static const char *const words[] = {
    "${",
    "}",
    "$$",
    "$",
    ":-",
    ":=",
    ":?",
    ":+",
    "^^",
    ",,",
    "##",
    "%%",
    "//",
    "/#",
    "/%",
    ":",
    "[a-z]",
    "[^",
    "\\",
    "*",
    "?",
    "kustomize.toolkit.fluxcd.io/substitute: disabled",
    "=== object\n",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
