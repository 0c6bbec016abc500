/* A chart is rendered in a confined child, which asks its parent for what it looks up. */
#include "helm-controller/render.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

static const struct job *const jobs[] = { &render_job };

/* A cluster that has one Secret, forbids ConfigMaps, and counts. */
static int look(struct ctx *cx, void *user, const char *const args[4], struct doc **ret)
{
    ++*(int *)user;
    if (str_eq(args[1], "ConfigMap"))
        return err_fail(cx, ERR_DENIED, "configmaps is forbidden");
    if (!str_eq(args[0], "v1") || !str_eq(args[1], "Secret") || !str_eq(args[2], "ns") ||
        !str_eq(args[3], "s"))
        return 0;
    *ret = doc_object(cx->arena);
    doc_set_text(cx->arena, *ret, "token", "abc");
    return 0;
}

static void put(struct ctx *cx, const char *dir, const char *name, const char *text)
{
    const char *path = str_fmt(cx->arena, "%s/%s", dir, name);
    assert_ok(cx, fs_write_atomic(cx, path, text, strlen(text), 0600));
}

static const char *text_of(struct ctx *cx, const struct render_output *out)
{
    assert_null(out->error);
    assert_int_equal(out->manifests.plain.len, 1);
    return str_ndup(cx->arena, out->manifests.plain.at[0].text.p, out->manifests.plain.at[0].text.n);
}

static struct render_output render(struct ctx *cx, const char *template, const struct render_cluster *cluster)
{
    const char *dir = unit_tmpdir(cx);
    struct render_output out = { 0 };
    const struct render_input input = { .chart = dir, .release = "r", .ns = "ns", .cluster = cluster };
    put(cx, dir, "Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    assert_ok(cx, fs_mkdirs(cx, str_fmt(cx->arena, "%s/templates", dir), 0755));
    put(cx, dir, "templates/x.yaml", str_fmt(cx->arena, "kind: A\nv: %s\n", template));
    assert_ok(cx, render_run(cx, &input, &out));
    return out;
}

static void lookup_asks_the_parent(void **state)
{
    struct ctx *cx = unit_cx(state);
    int asked = 0;
    const struct render_cluster cluster = { look, &asked };
    struct render_output out = render(cx,
                                      "{{ (lookup \"v1\" \"Secret\" \"ns\" \"s\").token }}"
                                      "{{ len (lookup \"v1\" \"Secret\" \"ns\" \"t\") }}",
                                      &cluster);
    assert_non_null(strstr(text_of(cx, &out), "v: abc0\n"));
    assert_int_equal(asked, 2);
}

static void what_the_cluster_refuses_fails_the_render(void **state)
{
    struct ctx *cx = unit_cx(state);
    int asked = 0;
    const struct render_cluster cluster = { look, &asked };
    struct render_output out = render(cx, "{{ lookup \"v1\" \"ConfigMap\" \"\" \"\" }}", &cluster);
    assert_non_null(out.error);
    assert_non_null(strstr(out.error, "error calling lookup: configmaps is forbidden"));
}

static void without_a_cluster_nothing_is_found(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct render_output out = render(cx, "{{ len (lookup \"v1\" \"Secret\" \"ns\" \"s\") }}", NULL);
    assert_non_null(strstr(text_of(cx, &out), "v: 0\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(lookup_asks_the_parent),
        UNIT_TEST(what_the_cluster_refuses_fails_the_render),
        UNIT_TEST(without_a_cluster_nothing_is_found),
    };
    struct ctx start = { .arena = arena_new((size_t)1 << 20) };
    enum job_sandbox sandbox =
        getenv("UNIT_SANDBOX") ? JOB_SANDBOX_OFF : JOB_SANDBOX_ALONE; /* under valgrind */
    if (job_init(&start, jobs, ARRAY_LEN(jobs), sandbox) < 0)
        return 1;
    int rc = cmocka_run_group_tests_name("render", tests, NULL, NULL);
    job_exit();
    arena_free(start.arena);
    return rc;
}
