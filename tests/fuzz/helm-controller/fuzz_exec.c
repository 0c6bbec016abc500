/*
 * fuzz_exec.c: a chart of one template, rendered on values.
 *
 * Parts: the template, values.yaml. Whatever a stranger writes: there is an output or an error with a message, within limits of
 * time and memory.
 */
#include "helm-controller/template/engine.h"
#include "helm-controller/template/valuesinput.h"
#include "libgotk/base/bigstack.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

struct rendering {
    struct ctx *cx;
    struct fuzz_part parts[2];
};

static void render(void *arg)
{
    struct rendering *r = arg;
    struct arena *a = r->cx->arena;
    struct vmap *top = vmap_new(a), *values;
    struct engine_files files = { 0 };
    struct engine_outputs outputs;
    struct strv yaml = { r->parts[1].text, r->parts[1].len };
    if (valuesinput_parse(r->cx, yaml, "values.yaml", &values) < 0) {
        fuzz_that(*err_message(r->cx));
        return;
    }
    vmap_set_text(top, "Values", (struct value){ .type = V_VALUES, .map = values });
    struct engine_file file = {
        "chart/templates/x.yaml", { r->parts[0].text, r->parts[0].len }, "chart/templates", top, false
    };
    vec_push(a, &files, file);
    if (engine_render(r->cx, &files, &outputs) < 0)
        fuzz_that(*err_message(r->cx));
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct rendering r = { .cx = cx };
    if (fuzz_parts(cx, text, len, r.parts, 2) != 2)
        return;
    bigstack_call(render, &r);
}

static const char *const seeds[] = {
    "tests/golden/helm/snippets.jsonl#template,valuesYaml",
    "../shared/corpus/templates/*.jsonl#template,valuesYaml",
    "../shared/corpus/templates/*.jsonl#template,values",
    NULL,
};

static const char *const words[] = {
    "{{",
    "}}",
    "{{ range .Values.l }}",
    "{{ end }}",
    "{{ include \"a\" . }}",
    "{{ tpl .Values.s . }}",
    "| toYaml",
    "| fromYaml",
    "| toJson",
    "| fromJson",
    "| toToml",
    "| fromToml",
    "printf \"%v\"",
    "printf \"%q\"",
    "regexReplaceAll",
    "semverCompare",
    "toDate",
    "date",
    "dict",
    "list",
    "merge",
    "set",
    "dig",
    "slice",
    "index",
    "until",
    "repeat",
    "indent",
    "b64dec",
    "urlParse",
    "wrap",
    ".Values.",
    "=== values\n",
    NULL,
};

const struct fuzz_target fuzz_target = { run, seeds, words };
