/*
 * render_many.c: renders template snippets one after the other, for tests/fuzz/helm_diff.
 *
 * Each request on stdin is "LENGTH LENGTH", a line break, a template and values in YAML of that many bytes; each answer on
 * stdout is "ok LENGTH" or "fail LENGTH", a line break and that many bytes. The chart, the release and the cluster are
 * those of the real engine's driver (tests/rig/helm/rendermany). One thread. Rejected: a process per snippet, which costs
 * more than the snippet.
 */
#include "helm-controller/template/chartdot.h"
#include "helm-controller/template/chartvalues.h"
#include "helm-controller/template/engine.h"
#include "helm-controller/template/exec.h"
#include "helm-controller/template/objects.h"
#include "helm-controller/template/valuesinput.h"
#include "libgotk/base/bigstack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX ((size_t)1 << 30)

static const char chart_yaml[] = "apiVersion: v2\n"
                                 "name: chart\n"
                                 "version: 1.2.3\n"
                                 "appVersion: \"4.5.6\"\n"
                                 "description: Chart for engine cases\n"
                                 "type: application\n"
                                 "kubeVersion: \">=1.20.0-0\"\n"
                                 "home: https://example.com/home\n"
                                 "icon: https://example.com/icon.png\n"
                                 "keywords:\n"
                                 "- alpha\n"
                                 "- beta\n"
                                 "sources:\n"
                                 "- https://example.com/src\n"
                                 "maintainers:\n"
                                 "- name: Ann\n"
                                 "  email: ann@example.com\n"
                                 "- name: Bob\n"
                                 "  url: https://example.com/bob\n"
                                 "annotations:\n"
                                 "  category: demo\n"
                                 "  note: \"1\"\n";

/* One rendering, on a stack of its own. */
struct rendering {
    struct ctx *cx;
    struct strv template;
    struct strv values;
    struct engine_outputs outputs;
    int rc;
};

static void add_file(struct ctx *cx, struct chart_files *files, const char *name, struct strv data)
{
    struct chart_file file = { name, data, 0, false };
    vec_push(cx->arena, files, file);
}

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static struct capabilities *capabilities_of(struct arena *a)
{
    static const char *const versions[] = {
        "v1",        "v1/Pod",
        "apps/v1",   "apps/v1/Deployment",
        "batch/v1",  "networking.k8s.io/v1",
        "policy/v1", "rbac.authorization.k8s.io/v1",
    };
    struct capabilities *c = ARENA_NEW(a, struct capabilities);
    *c = (struct capabilities){
        .kube = { "v1.36.0", "v1.36.0", "1", "36" },
        .helm = { "v4.2", "", "", "go1.26.8", "v1.36" },
        .api_versions = vlist_new(a, 8),
    };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        vlist_push(a, c->api_versions, v_text(versions[i]));
    return c;
}

static struct vmap *release_of(struct arena *a)
{
    struct vmap *m = vmap_new(a);
    vmap_set_text(m, "Name", v_text("example"));
    vmap_set_text(m, "Namespace", v_text("default"));
    vmap_set_text(m, "IsUpgrade", v_bool(false));
    vmap_set_text(m, "IsInstall", v_bool(true));
    vmap_set_text(m, "Revision", v_int(1));
    vmap_set_text(m, "Service", v_text("Helm"));
    return m;
}

/* Everything of Helm's action before the templates run. */
static int prepare(struct rendering *r, struct engine_files *ret)
{
    struct ctx *cx = r->cx;
    struct arena *a = cx->arena;
    struct chart *chart;
    struct chart_files files = { 0 };
    struct vmap *top = vmap_new(a), *user, *values;
    if (valuesinput_parse(cx, r->values, "values.yaml", &user) < 0)
        return err_code(cx);
    add_file(cx, &files, "Chart.yaml", view(chart_yaml));
    add_file(cx, &files, "config/app.toml", view("a = 1\n[b]\nc = \"x\"\n"));
    add_file(cx, &files, "config/lines.txt", view("one\ntwo\n\nthree\n"));
    add_file(cx, &files, "templates/x.yaml", r->template);
    if (chart_load(cx, &files, NULL, &chart) < 0 || chartvalues_dependencies(cx, chart, user, NULL) < 0 ||
        chartvalues_coalesce(cx, chart, user, NULL, &values) < 0)
        return err_code(cx);
    vmap_set_text(top, "Release", v_map(release_of(a)));
    vmap_set_text(top, "Values", (struct value){ .type = V_VALUES, .map = values });
    vmap_set_text(top, "Capabilities", capabilities_value(a, capabilities_of(a)));
    chartdot_files(cx, chart, top, ret);
    return 0;
}

static void render(void *arg)
{
    struct rendering *r = arg;
    struct engine_files files = { 0 };
    r->rc = prepare(r, &files);
    if (r->rc >= 0)
        r->rc = engine_render(r->cx, &files, &r->outputs);
}

static void answer(const char *verdict, struct strv text)
{
    printf("%s %zu\n", verdict, text.n);
    fwrite(text.p, 1, text.n, stdout);
    fflush(stdout);
}

static void render_one(struct arena *arena, struct strv template, struct strv values)
{
    struct ctx cx = { .arena = arena };
    struct rendering r = { .cx = &cx, .template = template, .values = values };
    bigstack_call(render, &r);
    if (r.rc < 0)
        answer("fail", view(err_message(&cx)));
    else
        answer("ok", r.outputs.len ? r.outputs.at[0].text : view(""));
}

int main(void)
{
    size_t sizes[2];
    CLEANUP(arena_cleanup) struct arena *arena = arena_new(MEMORY_MAX);
    while (scanf("%zu %zu", &sizes[0], &sizes[1]) == 2 && getchar() == '\n') {
        char *text = arena_alloc_raw(arena, sizes[0] + sizes[1] + 2);
        char *values = text + sizes[0] + 1;
        if (fread(text, 1, sizes[0], stdin) != sizes[0] || fread(values, 1, sizes[1], stdin) != sizes[1])
            break;
        text[sizes[0]] = values[sizes[1]] = '\0';
        render_one(arena, (struct strv){ text, sizes[0] }, (struct strv){ values, sizes[1] });
        arena_reset(arena);
    }
    return 0;
}
