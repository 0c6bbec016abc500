/*
 * renderjob.c: what runs in the child: Helm's way from a chart to manifests. The parent's side is render.c.
 *
 * A table of steps, in Helm's order, for the first thing that is wrong is what Helm tells. All of it runs on a large stack.
 */
#include "helm-controller/capabilities.h"
#include "helm-controller/elsewhere.h"
#include "helm-controller/renderhints.h"
#include "helm-controller/renderparts.h"
#include "helm-controller/template/chartdot.h"
#include "helm-controller/template/chartvalues.h"
#include "helm-controller/template/convert.h"
#include "helm-controller/template/engine.h"
#include "helm-controller/template/valuesinput.h"
#include "libgotk/base/bigstack.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/str.h"
#include "libgotk/helm/chart.h"
#include "libgotk/helm/chartschema.h"

#include <ctype.h>
#include <string.h>

#define RELEASE_NAME_MAX 53
#define NAME_PATTERN     "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
#define NOTES_SUFFIX     "NOTES.txt"
#define MESSAGE_MAX                                                                                          \
    ((size_t)1 << 20) /* templates that include themselves are told of in full, as Helm does */

struct run {
    struct ctx *cx;
    struct job_side *side;
    const struct doc *input;
    struct chart *chart;
    struct vmap *user;   /* the values given */
    struct vmap *values; /* those over the charts' defaults */
    struct capabilities capabilities;
    struct engine_outputs printed;
    struct engine_trace trace; /* of a template that failed */
    struct render_output *out;
    int rc;
};

static const char *text_of(const struct run *r, const char *key)
{
    return str_or(doc_text_at(r->input, key), "");
}

static bool is_set(const struct run *r, const char *key)
{
    return doc_is_true(doc_find(r->input, key), false);
}

/* -- values and the chart ----------------------------------------------------------------------------------------- */

static struct str_list list_of(struct run *r, const char *key)
{
    struct str_list list = { 0 };
    doc_each (word, doc_find(r->input, key))
        vec_push(r->cx->arena, &list, doc_text(word));
    return list;
}

static struct valuesinput_streams streams_of(struct run *r)
{
    struct valuesinput_streams streams = { 0 };
    doc_each (text, doc_find(r->input, "streams")) {
        struct strv given = v_view(convert_from_doc(r->cx->arena, text));
        vec_push(r->cx->arena, &streams, (struct valuesinput_stream){ doc_key(text), given });
    }
    return streams;
}

static int merge_values(struct run *r)
{
    struct valuesinput given = {
        .files = list_of(r, "valuesFiles"),
        .json = list_of(r, "setJson"),
        .sets = list_of(r, "set"),
        .set_strings = list_of(r, "setString"),
        .set_files = list_of(r, "setFile"),
        .set_literals = list_of(r, "setLiteral"),
        .streams = streams_of(r),
    };
    return valuesinput_merge(r->cx, &given, &r->user);
}

static int load_chart(struct run *r)
{
    if (chart_open(r->cx, text_of(r, "chart"), &r->out->log, &r->chart) < 0)
        return err_code(r->cx);
    const char *type = chart_field(r->chart, "type");
    if (*type && !str_eq(type, "application"))
        return err_fail(r->cx, ERR_INVALID, "%s charts are not installable", type);
    if (doc_is_true(doc_find(r->chart->metadata, "deprecated"), false))
        notes_add(r->cx, &r->out->log, NOTES_WARN, "this chart is deprecated", NULL);
    return 0;
}

static bool has_subchart(const struct chart *c, const char *name)
{
    for (size_t i = 0; i < c->charts.len; i++)
        if (str_eq(c->charts.at[i]->name, name))
            return true;
    return false;
}

static int check_dependencies(struct run *r)
{
    struct str_list missing = { 0 };
    for (size_t i = 0; i < r->chart->declared->list.len; i++)
        if (!has_subchart(r->chart, r->chart->declared->list.at[i].name))
            vec_push(r->cx->arena, &missing, r->chart->declared->list.at[i].name);
    if (!missing.len)
        return 0;
    return err_fail(
        r->cx, ERR_INVALID,
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency "
        "build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: %s",
        str_join(r->cx->arena, missing.at, missing.len, ", "));
}

/* Labels between dots: lower-case letters, digits and, inside, dashes. */
static bool is_release_name(const char *s)
{
    char before = '.';
    for (const char *p = s; *p; before = *p++) {
        bool edge = before == '.' || p[1] == '.' || !p[1];
        if (!(islower((unsigned char)*p) || isdigit((unsigned char)*p) || (*p == '-' && !edge) ||
              (*p == '.' && before != '.' && p[1])))
            return false;
    }
    return *s && before != '.' && strlen(s) <= RELEASE_NAME_MAX;
}

/* Helm logs the error before it returns it. */
static int fail_loudly(struct run *r, const char *what)
{
    notes_add(r->cx, &r->out->log, NOTES_ERROR, what, "error", err_message(r->cx), NULL);
    return err_wrap(r->cx, "%s", what);
}

static int check_name(struct run *r)
{
    const char *name = text_of(r, "release");
    if (is_release_name(name))
        return 0;
    if (!*name)
        err_fail(r->cx, ERR_INVALID, "no name provided");
    else
        err_fail(r->cx, ERR_INVALID,
                 "invalid release name, must match regex " NAME_PATTERN
                 " and the length must not be longer than %d",
                 RELEASE_NAME_MAX);
    err_wrap(r->cx, "release name %s", quote_go(r->cx->arena, name, strlen(name)));
    return fail_loudly(r, "release name check failed");
}

static int process_dependencies(struct run *r)
{
    if (chartvalues_dependencies(r->cx, r->chart, r->user, &r->out->log) < 0)
        return fail_loudly(r, "chart dependencies processing failed");
    return 0;
}

static int coalesce_values(struct run *r)
{
    return chartvalues_coalesce(r->cx, r->chart, r->user, &r->out->log, &r->values);
}

/* -- the schema --------------------------------------------------------------------------------------------------- */

static int validate_values(struct run *r)
{
    struct doc *values;
    if (is_set(r, "skipSchemaValidation") || !chartschema_exists(r->chart))
        return 0;
    const struct chartschema schema = chartschema_of(r->cx->arena, r->chart);
    if (convert_to_doc(r->cx, v_map(r->values), false, &values) < 0)
        return err_code(r->cx);
    return chartschema_validate(r->cx, &schema, values, &r->out->log);
}

/* -- the rendering ------------------------------------------------------------------------------------------------ */

static int check_labels(struct run *r)
{
    static const char *const reserved[] = { "name", "owner", "status", "version", "createdAt", "modifiedAt" };
    doc_each (label, doc_find(r->input, "labels"))
        for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
            if (str_starts(doc_text(label), reserved[i]) && doc_text(label)[strlen(reserved[i])] == '=')
                return err_fail(
                    r->cx, ERR_INVALID,
                    "user supplied labels contains system reserved label name. System labels: [name "
                    "owner status version createdAt modifiedAt]");
    r->out->rendered = true;
    return 0;
}

static int check_kube_version(struct run *r)
{
    const char *wanted = chart_field(r->chart, "kubeVersion");
    if (!*wanted || capabilities_allow(r->cx, &r->capabilities, wanted))
        return 0;
    return err_fail(r->cx, ERR_INVALID,
                    "chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted,
                    r->capabilities.kube.version);
}

static int read_capabilities(struct run *r)
{
    const char *version = text_of(r, "kubeVersion");
    r->capabilities = capabilities_default(r->cx->arena);
    doc_each (word, doc_find(r->input, "apiVersions"))
        vlist_push(r->cx->arena, r->capabilities.api_versions, v_text(doc_text(word)));
    if (*version && capabilities_parse_version(r->cx, version, &r->capabilities.kube) < 0)
        return err_wrap(r->cx, "invalid kube version '%s'", version);
    return 0;
}

static struct value release_of(struct run *r)
{
    struct vmap *m = vmap_new(r->cx->arena);
    bool upgrade = is_set(r, "isUpgrade");
    vmap_set_text(m, "Name", v_text(text_of(r, "release")));
    vmap_set_text(m, "Namespace", v_text(text_of(r, "namespace")));
    vmap_set_text(m, "IsUpgrade", v_bool(upgrade));
    vmap_set_text(m, "IsInstall", v_bool(!upgrade));
    vmap_set_text(m, "Revision", v_int(1));
    vmap_set_text(m, "Service", v_text("Helm"));
    return v_map(m);
}

/* `lookup`, from within the child: the parent is asked, who has the cluster. */
static int look_up(struct ctx *cx, void *user, const char *const args[4], struct doc **ret)
{
    const struct run *r = user;
    struct doc *question = doc_array(cx->arena), *told;
    for (size_t i = 0; i < RENDER_LOOKUP_ARGS; i++)
        doc_append_text(cx->arena, question, args[i]);
    if (job_ask(cx, r->side, question, &told) < 0)
        return err_code(cx);
    *ret = doc_find(told, "found");
    return 0;
}

static int render(struct run *r)
{
    struct arena *a = r->cx->arena;
    struct engine_files files = { 0 };
    struct vmap *top = vmap_new(a);
    vmap_set_text(top, "Capabilities", capabilities_value(a, &r->capabilities));
    vmap_set_text(top, "Release", release_of(r));
    vmap_set_text(top, "Values", (struct value){ .type = V_VALUES, .map = r->values });
    chartdot_files(r->cx, r->chart, top, &files);
    const struct engine_host host = { .lookup = is_set(r, "mayLookUp") ? look_up : NULL,
                                      .user = r,
                                      .trace = &r->trace };
    return engine_render_on(r->cx, &files, &host, &r->printed);
}

/* -- manifests ---------------------------------------------------------------------------------------------------- */

/* All NOTES.txt leave the files; the chart's own are kept. */
static struct manifest_files take_files(struct run *r)
{
    struct manifest_files files = { 0 };
    const char *own = str_fmt(r->cx->arena, "%s/templates/" NOTES_SUFFIX, r->chart->name);
    for (size_t i = 0; i < r->printed.len; i++) {
        struct manifest_file file = { r->printed.at[i].name, r->printed.at[i].text };
        if (str_eq(file.name, own))
            r->out->notes = file.text;
        if (!str_ends(file.name, NOTES_SUFFIX))
            vec_push(r->cx->arena, &files, file);
    }
    return files;
}

static void take_crds(struct run *r)
{
    const struct chart_crds crds = chart_crds(r->cx->arena, r->chart);
    for (size_t i = 0; i < crds.len; i++) {
        struct manifest_file file = { crds.at[i].name, crds.at[i].data };
        vec_push(r->cx->arena, &r->out->crds, file);
    }
}

static int sort(struct run *r)
{
    const struct manifest_files files = take_files(r);
    if (manifest_sort(r->cx, &files, &r->out->log, &r->out->manifests) < 0) {
        if (is_set(r, "wantFiles"))
            r->out->files = files;
        r->out->manifests.plain.len = 0;
        return err_code(r->cx);
    }
    if (is_set(r, "includeCrds"))
        take_crds(r);
    return 0;
}

/* -- the whole ---------------------------------------------------------------------------------------------------- */

static int (*const steps[])(struct run *r) = {
    read_capabilities, merge_values,    load_chart,   check_dependencies, check_name, process_dependencies,
    coalesce_values,   validate_values, check_labels, check_kube_version, render,     sort,
};

static void run_steps(void *arg)
{
    struct run *r = arg;
    r->rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(steps) && r->rc >= 0; i++)
        r->rc = steps[i](r);
}

/* What a chart or its values are to blame for is a result; what we ran out of is a failure of the job. */
static bool is_theirs(int code)
{
    return code != ERR_LIMIT && code != ERR_TIMEOUT && code != ERR_CANCELED && code != ERR_INTERNAL;
}

static int fail_elsewhere(struct ctx *cx)
{
    err_fail(cx, ERR_UNSUPPORTED, "the chart needs the full executable");
    err_reason(cx, ELSEWHERE_REASON);
    return err_code(cx);
}

int render_in_child(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *ret_output)
{
    struct render_output out = { 0 };
    struct run run = { .cx = cx, .side = side, .input = input, .out = &out };
    cx->message_max = MESSAGE_MAX;
    bigstack_call(run_steps, &run);
    if (elsewhere_needed())
        return fail_elsewhere(cx);
    if (run.rc < 0 && !is_theirs(run.rc))
        return run.rc;
    if (run.rc < 0) {
        out.error = err_message(cx);
        out.hints = renderhints(cx->arena, out.error, &run.trace, run.values);
        err_clear(cx);
    }
    return render_write(cx, side, ret_output, &out);
}
