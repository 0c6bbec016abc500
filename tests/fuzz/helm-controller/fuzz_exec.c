/*
 * fuzz_exec.c: a template of a chart that has everything a template can ask for, rendered on values.
 *
 * Parts: the template, values.yaml; a third one is a helper's file. Whatever a stranger writes: there is an output or an error with a
 * message, within limits of time and memory. Charts with their own files are fuzz_render.c's.
 */
#include "helm-controller/capabilities.h"
#include "helm-controller/template/chartdot.h"
#include "helm-controller/template/valuesinput.h"
#include "libgotk/base/bigstack.h"
#include "libgotk/base/str.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

struct rendering {
    struct ctx *cx;
    struct fuzz_part parts[3];
    size_t count;
};

static void add_file(struct ctx *cx, struct chart_files *files, const char *name, const char *text,
                     size_t len)
{
    struct chart_file file = { name, { text, len }, 0, false };
    vec_push(cx->arena, files, file);
}

static int load(struct rendering *r, struct chart **ret)
{
    static const char chart_yaml[] =
        "apiVersion: v2\nname: chart\nversion: 1.2.3\nappVersion: 4.5.6\n"
        "maintainers: [{name: A, email: a@b.c}]\nkeywords: [k]\nannotations: {a: b}\n";
    static const char toml[] = "a = 1\n[b]\nc = \"x\"\n", lines[] = "one\ntwo\n\nthree\n";
    static const char helper[] = "{{ define \"a\" }}<{{ . }}>{{ end }}";
    struct ctx *cx = r->cx;
    struct chart_files files = { 0 };
    add_file(cx, &files, "Chart.yaml", chart_yaml, strlen(chart_yaml));
    add_file(cx, &files, "config/app.toml", toml, strlen(toml));
    add_file(cx, &files, "lines.txt", lines, strlen(lines));
    add_file(cx, &files, "templates/_a.tpl", helper, strlen(helper));
    add_file(cx, &files, "templates/x.yaml", r->parts[0].text, r->parts[0].len);
    if (r->count > 2)
        add_file(cx, &files, "templates/_b.tpl", r->parts[2].text, r->parts[2].len);
    return chart_load(cx, &files, NULL, ret);
}

static struct vmap *release_of(struct arena *a)
{
    struct vmap *m = vmap_new(a);
    vmap_set_text(m, "Name", v_text("example"));
    vmap_set_text(m, "IsUpgrade", v_bool(false));
    vmap_set_text(m, "Revision", v_int(1));
    return m;
}

/* What is looked up is there unless its name is "x". */
static int look_up(struct ctx *cx, void *user, const char *const args[4], struct doc **ret)
{
    (void)user;
    if (str_eq(args[3], "y"))
        return err_fail(cx, ERR_DENIED, "y is forbidden");
    *ret = str_eq(args[3], "x") ? NULL : doc_object(cx->arena);
    if (*ret)
        doc_set_text(cx->arena, *ret, "kind", args[1]);
    return 0;
}

static void render(void *arg)
{
    struct rendering *r = arg;
    struct arena *a = r->cx->arena;
    struct vmap *top = vmap_new(a), *values;
    struct engine_files files = { 0 };
    struct engine_outputs outputs;
    struct engine_trace trace = { 0 };
    struct chart *chart;
    struct capabilities capabilities = capabilities_default(a);
    const struct engine_host host = { .lookup = look_up, .trace = &trace };
    struct strv yaml = { r->parts[1].text, r->parts[1].len };
    if (valuesinput_parse(r->cx, yaml, "values.yaml", &values) < 0 || load(r, &chart) < 0) {
        fuzz_that(*err_message(r->cx));
        return;
    }
    vmap_set_text(top, "Values", (struct value){ .type = V_VALUES, .map = values });
    vmap_set_text(top, "Release", v_map(release_of(a)));
    vmap_set_text(top, "Capabilities", capabilities_value(a, &capabilities));
    chartdot_files(r->cx, chart, top, &files);
    if (engine_render_on(r->cx, &files, &host, &outputs) < 0)
        fuzz_that(*err_message(r->cx));
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct rendering r = { .cx = cx };
    r.count = fuzz_parts(cx, text, len, r.parts, ARRAY_LEN(r.parts));
    if (r.count >= 2)
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
