/*
 * fuzz_render.c: a whole chart, from its files to sorted manifests, as the render job has it.
 *
 * Parts: what helm's flags give (a table with values, set, setString, setJson, setLiteral, labels, apiVersions: texts or lists
 * of them; kubeVersion, release; includeCrds, isUpgrade, skipSchemaValidation), then the chart's files by name. The chart lies
 * in memory. What is looked up in the cluster is there when its name has an "a". Whatever a stranger writes: there are
 * manifests or an error with a message, and the parent reads the child's answer.
 */
#include "helm-controller/renderparts.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/job/side.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

#define PARTS_MAX  64
#define OUTPUT_MAX ((size_t)32 << 20)

static int look_up(struct ctx *cx, void *user, const struct doc *question, struct doc **ret_answer)
{
    (void)user;
    const char *name = "";
    doc_each (word, question)
        name = doc_text(word);
    *ret_answer = doc_object(cx->arena);
    if (!strchr(name, 'a'))
        return strchr(name, 'b') ? err_fail(cx, ERR_DENIED, "%s is forbidden", name) : 0;
    struct doc *found = doc_object(cx->arena);
    doc_set_text(cx->arena, found, "kind", name);
    doc_set(cx->arena, *ret_answer, "found", found);
    return 0;
}

/* One text, or each of a list. */
static void put_texts(struct arena *a, struct doc *input, const char *key, const struct doc *given)
{
    struct doc *words = doc_array(a);
    const struct doc *value = doc_find(given, key);
    if (doc_text(value))
        doc_append_text(a, words, doc_text(value));
    doc_each (word, value)
        if (doc_text(word))
            doc_append_text(a, words, doc_text(word));
    doc_set(a, input, key, words);
}

static struct doc *input_of(struct ctx *cx, const char *root, const struct doc *given)
{
    static const char *const lists[] = {
        "apiVersions", "setJson", "set", "setString", "setLiteral", "labels"
    };
    static const char *const words[] = { "includeCrds", "isUpgrade", "skipSchemaValidation" };
    struct arena *a = cx->arena;
    struct doc *input = doc_object(a), *files = doc_array(a);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        put_texts(a, input, lists[i], given);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        doc_set_bool(a, input, words[i], doc_is_true(doc_find(given, words[i]), false));
    doc_append_text(a, files, "-");
    doc_set(a, input, "valuesFiles", files);
    doc_set_text(a, doc_ensure(a, input, "streams"), "-", str_or(doc_text_at(given, "values"), ""));
    doc_set_text(a, input, "chart", root);
    doc_set_text(a, input, "release", str_or(doc_text_at(given, "release"), "r"));
    doc_set_text(a, input, "namespace", "ns");
    doc_set_text(a, input, "kubeVersion", str_or(doc_text_at(given, "kubeVersion"), ""));
    doc_set_bool(a, input, "wantFiles", true);
    doc_set_bool(a, input, "mayLookUp", true);
    return input;
}

static void render(struct ctx *cx, const struct doc *input)
{
    struct job_side side = { .fd = -1, .parent = cx, .answer = look_up };
    struct buf output = buf_new(cx->arena, OUTPUT_MAX);
    struct render_output told;
    if (render_in_child(cx, &side, input, &output) < 0) {
        fuzz_that(*err_message(cx) && err_code(cx) != ERR_INTERNAL);
        return;
    }
    if (output.overflow || arena_exhausted(cx->arena))
        return;
    fuzz_that(render_read(cx, (struct strv){ buf_text(&output), output.len }, &told) == 0);
    fuzz_that(!told.error || *told.error);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[PARTS_MAX];
    struct doc *given = NULL;
    size_t count = fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts));
    bool flags = count && !*parts[0].name;
    if (flags && yml_parse(cx, parts[0].text, parts[0].len, "flags", &given) < 0)
        err_clear(cx);
    const char *root = fuzz_folder();
    fuzz_write_tree(cx, root, parts, count);
    render(cx, input_of(cx, root, given));
}

#define CHART "=== Chart.yaml\napiVersion: v2\nname: a\nversion: 1.0.0\n"

static const char *const seeds[] = {
    "../shared/corpus/charts/charts/_edge-*/",
    "../shared/corpus/charts/charts/metrics-server/",
    "tests/golden/helm/charts/dependencies.jsonl#files",
    "=values: 'a: {b: 1}'\nset: ['c=1,d={x,y}', 'l[1].z=null']\nsetJson: 'j={\"k\": [1]}'\nsetString: s=1\nsetLiteral: t=a,b\n"
    "apiVersions: x/v1\nkubeVersion: v1.30.1\nincludeCrds: true\nlabels: a=b\n" CHART
    "dependencies: [{name: s, alias: u, condition: a.c, tags: [x], import-values: [data, {child: q, parent: g}]}]\n"
    "=== charts/s/Chart.yaml\nname: s\nversion: 0.1.0\n=== charts/s/values.yaml\nexports: {data: {m: 1}}\nq: {r: 2}\nglobal: {z: 1}\n"
    "=== charts/s/templates/a.yaml\nkind: A\nx: {{ .Values | toJson }}\n=== values.yaml\na: {c: true}\ntags: {x: true}\n"
    "=== crds/c.yaml\nkind: CustomResourceDefinition\n=== templates/_h.tpl\n{{ define \"h\" }}{{ . }}{{ end }}\n"
    "=== templates/NOTES.txt\n{{ .Release.Name }}\n=== templates/a.yaml\n{{ range $p, $b := .Files.Glob \"*.txt\" }}# {{ $p }}\n{{ end }}"
    "{{ include \"h\" .Chart.Name | nindent 2 }}\n---\napiVersion: v1\nkind: Job\nmetadata:\n  name: x\n  annotations:\n"
    "    helm.sh/hook: pre-install,test\n    helm.sh/hook-weight: '-5'\n    helm.sh/hook-delete-policy: hook-succeeded\n=== x.txt\ny\n",
    "=\n" CHART
    "=== templates/x.yaml\na: {{ lookup \"v1\" \"Secret\" \"n\" \"a\" }}\nb: {{ (.Files.Get \"f\") | b64enc }} {{ .Files.Lines \"f\" }}\n"
    "c: {{ .Capabilities.APIVersions.Has \"v1/Pod\" }} {{ .Capabilities.KubeVersion.Minor }} {{ tpl .Values.t . }} "
    "{{ (.Files.Glob \"*\").AsSecrets }} {{ (.Files.Glob \"*\").AsConfig }} {{ .Subcharts }} {{ .Template.BasePath }}\n"
    "=== f\nx\n=== values.yaml\nt: '{{ .Chart.Version }}'\n=== values.schema.json\n{\"type\": \"object\", \"required\": [\"t\"]}\n",
    NULL,
};

static const char *const words[] = {
    "\n=== Chart.yaml\n",
    "\n=== values.yaml\n",
    "\n=== values.schema.json\n",
    "\n=== templates/x.yaml\n",
    "\n=== templates/_h.tpl\n",
    "\n=== templates/NOTES.txt\n",
    "\n=== charts/s/Chart.yaml\n",
    "\n=== charts/s/values.yaml\n",
    "\n=== charts/s/templates/x.yaml\n",
    "\n=== crds/x.yaml\n",
    "\n=== .helmignore\n",
    "dependencies:",
    "condition:",
    "tags:",
    "alias:",
    "import-values:",
    "exports:",
    "global:",
    "type: library",
    "kubeVersion:",
    "set: ",
    "setString: ",
    "setJson: ",
    "values: ",
    "helm.sh/hook: ",
    "helm.sh/hook-weight: ",
    "helm.sh/hook-delete-policy: ",
    "helm.sh/resource-policy: keep",
    "\n---\n",
    "kind: ",
    "{{ .Values.",
    "{{ include ",
    "{{ tpl ",
    "{{ lookup ",
    ".Files.Glob ",
    ".Capabilities.",
    " }}",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
