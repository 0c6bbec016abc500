/*
 * build.c: the build job and its parent side; the contract is in build.h.
 *
 * The child's input and output are one JSON document each. Rejected: applying from the child (it would need the
 * cluster's token) and handing YAML back to be parsed again by the parent.
 */
#include "kustomize-controller/build.h"

#include "kustomize-controller/question.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/log.h"
#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kustomize/files.h"
#include "libgotk/kustomize/generate.h"
#include "libgotk/kustomize/gvk.h"
#include "libgotk/kustomize/resource.h"
#include "libgotk/kustomize/varsub.h"
#include "libgotk/net/url.h"
#include "libgotk/ssa/subject.h"

#include <stdio.h>
#include <string.h>

#define SUBSTITUTE   "kustomize.toolkit.fluxcd.io/substitute"
#define MEMORY_MAX   ((size_t)1 << 30)
#define YAML_MAX     ((size_t)256 << 20)
#define TIMEOUT_MS   300000
#define WARNINGS_MAX ((size_t)1 << 20)
#define CPU_SECONDS  120

static bool is_set(const struct doc *input, const char *key)
{
    return doc_is_true(doc_find(input, key), false);
}

static int64_t number_at(const struct doc *input, const char *key)
{
    int64_t n = 0;
    doc_get_int(doc_find(input, key), &n);
    return n;
}

/* ---- the child -------------------------------------------------------------------------------------------------- */

/* The child's link to its parent and to whoever reads standard error. */
struct mouth {
    struct job_side *side;
    struct buf warnings; /* told when the resources are there, or are not to be had */
    bool silent;
};

static int ask(struct ctx *cx, struct mouth *m, const struct doc *question, struct doc **ret_answer)
{
    if (job_ask(cx, m->side, question, ret_answer) >= 0)
        return 0;
    m->silent = m->silent || str_eq(cx->err.reason, BUILD_ELSEWHERE);
    return err_code(cx);
}

static int fetch_through_parent(struct ctx *cx, void *user, const char *url, struct buf *ret_body)
{
    struct doc *answer;
    if (ask(cx, user, question_of_file(cx->arena, url), &answer) < 0)
        return err_code(cx);
    buf_str(ret_body, str_or(doc_text_at(answer, "body"), ""));
    return buf_ok(cx, ret_body, url);
}

static int clone_through_parent(struct ctx *cx, void *user, const struct repospec *spec, const char **ret_dir)
{
    struct doc *answer;
    if (ask(cx, user, question_of_repository(cx->arena, spec), &answer) < 0)
        return err_code(cx);
    if (!doc_text_at(answer, "dir"))
        return err_fail(cx, ERR_INTERNAL, "the parent gave no folder for '%s'", spec->raw);
    *ret_dir = doc_text_at(answer, "dir");
    return 0;
}

static void warn(void *user, const char *line)
{
    struct mouth *m = user;
    buf_fmt(&m->warnings, "%s\n", line);
}

/* With a spec Flux's generator makes the root kustomization; without one it is the folder's own file, as for kustomize. */
static int build_resources(struct ctx *cx, struct job_side *side, const struct doc *input,
                           struct doc **ret_resources)
{
    const struct doc *spec = doc_find(input, "spec");
    struct doc *file = NULL;
    struct mouth mouth = { .side = side, .warnings = buf_new(cx->arena, WARNINGS_MAX) };
    struct kustomize_options options = {
        .root = doc_text_at(input, "root"),
        .dir = doc_text_at(input, "dir"),
        .allow_remote = is_set(input, "allowRemote"),
        .fetch = fetch_through_parent,
        .clone = clone_through_parent,
        .user = &mouth,
        .reorder = (enum kustomize_reorder)number_at(input, "reorder"),
        .root_only = is_set(input, "rootOnly"),
        .schema_alone = !spec,
        .managed_by = is_set(input, "managedBy"),
        .warn = is_set(input, "warn") ? warn : NULL,
    };
    if (spec && kustomize_generate(cx, &options, spec, &file) < 0)
        return err_code(cx);
    options.file = file;
    int rc = kustomize_build(cx, &options, ret_resources);
    if (!mouth.silent)
        fputs(buf_text(&mouth.warnings), stderr);
    if (rc < 0)
        return spec ? err_wrap(cx, "kustomize build failed") : err_code(cx);
    return 0;
}

static struct map map_of(struct arena *a, const struct doc *object)
{
    struct map m = map_new(a);
    doc_each (entry, object)
        map_set(&m, doc_key(entry), str_dup(a, doc_text(entry)));
    return m;
}

/* What substitution goes by. */
struct substitution {
    struct map vars;
    const char *vars_error; /* NULL: vars are there */
    bool strict;
};

static bool is_left_alone(const struct doc *resource)
{
    const struct doc *meta = doc_find(resource, "metadata");
    return str_eq(doc_text_at(meta, "labels", SUBSTITUTE), "disabled") ||
           str_eq(doc_text_at(meta, "annotations", SUBSTITUTE), "disabled");
}

static int substitute_one(struct ctx *cx, const struct doc *resource, const struct substitution *s,
                          struct doc **ret_result)
{
    *ret_result = NULL;
    if (is_left_alone(resource))
        return 0;
    if (s->vars_error)
        return err_fail(cx, ERR_INVALID, "%s", s->vars_error);
    if (varsub_check_names(cx, &s->vars) < 0)
        return err_wrap(cx, "envsubst error");
    return varsub_resource(cx, resource, &s->vars, s->strict, ret_result);
}

static int fail_post_build(struct ctx *cx, const struct doc *resource)
{
    struct gvk gvk = gvk_parse(cx->arena, doc_text_at(resource, "apiVersion"), doc_text_at(resource, "kind"));
    return err_wrap(cx, "post build failed for '%s/%s'", gvk_text(cx->arena, gvk),
                    str_or(doc_text_at(resource, "metadata", "name"), ""));
}

static int substitute_all(struct ctx *cx, const struct substitution *s, struct doc **resources)
{
    struct doc *substituted = doc_array(cx->arena);
    doc_each (resource, *resources) {
        struct doc *result;
        if (substitute_one(cx, resource, s, &result) < 0)
            return fail_post_build(cx, resource);
        doc_append(substituted, result ? result : doc_copy(cx->arena, resource));
    }
    *resources = substituted;
    return 0;
}

static int substitute(struct ctx *cx, const struct doc *input, struct doc **resources)
{
    const struct doc *given = doc_find(input, "vars");
    const struct substitution s = {
        .vars = map_of(cx->arena, given),
        .vars_error = doc_text_at(input, "varsError"),
        .strict = is_set(input, "strict"),
    };
    bool always = is_set(input, "substituteAlways");
    if (!s.vars_error && (!given || (doc_len(given) == 0 && !always)))
        return 0;
    return substitute_all(cx, &s, resources);
}

static void show(struct arena *a, struct doc *to, const struct doc *from, const char *field)
{
    const struct doc *value = doc_find(from, field);
    if (value)
        doc_set_text(a, to, field, resource_scalar(value));
}

/* Every resource must say what it is; an apiVersion or name that YAML takes for a number will do for now. Only that much of it
 * is shown: it may be a Secret. */
static int check_identity(struct ctx *cx, const struct doc *resource)
{
    const char *api_version = resource_scalar(doc_find(resource, "apiVersion")),
               *kind = doc_text_at(resource, "kind");
    const struct doc *meta = doc_find(resource, "metadata");
    if (!str_empty(api_version) && !str_empty(kind) && !str_empty(resource_scalar(doc_find(meta, "name"))))
        return 0;
    struct doc *shown = doc_object(cx->arena);
    show(cx->arena, shown, resource, "apiVersion");
    show(cx->arena, shown, resource, "kind");
    struct doc *names = doc_ensure(cx->arena, shown, "metadata");
    show(cx->arena, names, meta, "name");
    show(cx->arena, names, meta, "namespace");
    return err_fail(cx, ERR_INVALID, "failed to decode Kubernetes apiVersion, kind and name from: %s",
                    json_text(cx->arena, shown, JSON_COMPACT));
}

static int check_identities(struct ctx *cx, const struct doc *resources)
{
    doc_each (resource, resources)
        if (check_identity(cx, resource) < 0)
            return err_code(cx);
    return 0;
}

static bool is_named(const struct doc *object)
{
    return !str_empty(doc_text_at(object, "apiVersion")) && !str_empty(doc_text_at(object, "kind")) &&
           !str_empty(doc_text_at(object, "metadata", "name"));
}

static bool is_kustomization(struct arena *a, const struct doc *object)
{
    const char *api_version = str_or(doc_text_at(object, "apiVersion"), "");
    return str_eq(subject_group(a, api_version), "kustomize.config.k8s.io") &&
           str_eq_fold(str_or(doc_text_at(object, "kind"), ""), "Kustomization");
}

/* Objects for the cluster: those with kind, apiVersion and name, all text, that are no kustomization. */
static bool is_cluster_object(struct arena *a, const struct doc *object)
{
    return is_named(object) && !is_kustomization(a, object);
}

static const char *scalar_at(const struct doc *object, const char *key)
{
    return str_or(resource_scalar(doc_find(object, key)), "");
}

static void collect_objects(struct arena *a, const struct doc *resources, struct doc *objects,
                            struct doc *nameless)
{
    doc_each (resource, resources) {
        const struct doc *items = doc_find(resource, "items");
        if (str_ends(str_or(doc_text_at(resource, "kind"), ""), "List") && doc_kind(items) == DOC_ARRAY)
            collect_objects(a, items, objects, nameless);
        else if (is_cluster_object(a, resource))
            doc_append(objects, doc_copy(a, resource));
        else if (!is_named(resource))
            doc_append_text(a, nameless,
                            str_fmt(a, "%s/%s", scalar_at(resource, "kind"),
                                    scalar_at(doc_find(resource, "metadata"), "name")));
    }
}

/* Printed and handed over piece by piece: the whole text is in the parent alone. */
static int print_all(struct ctx *cx, struct job_side *side, const struct doc *resources, struct buf *output)
{
    bool first = true;
    doc_each (resource, resources) {
        kustomize_print_one(output, resource, first);
        first = false;
        if (job_flush(cx, side, output) < 0)
            return err_code(cx);
    }
    return 0;
}

static int run_in_child(struct ctx *cx, struct job_side *side, const struct doc *input,
                        struct buf *ret_output)
{
    struct doc *resources, *files = NULL, *objects = doc_array(cx->arena), *output = doc_object(cx->arena);
    struct doc *nameless = doc_array(cx->arena);
    if (build_resources(cx, side, input, &resources) < 0)
        return err_code(cx);
    if (doc_find(input, "spec") && check_identities(cx, resources) < 0)
        return err_code(cx);
    if (substitute(cx, input, &resources) < 0)
        return err_code(cx);
    if (is_set(input, "wantYaml"))
        return print_all(cx, side, resources, ret_output);
    struct buf yaml = buf_new(cx->arena, YAML_MAX);
    kustomize_print(&yaml, resources);
    if (buf_ok(cx, &yaml, "the built YAML") < 0)
        return err_code(cx);
    if (is_set(input, "wantFiles") && kustomize_files(cx, resources, &files) < 0)
        return err_code(cx);
    if (files)
        doc_set(cx->arena, output, "files", files);
    collect_objects(cx->arena, resources, objects, nameless);
    doc_set_text(cx->arena, output, "digest",
                 str_fmt(cx->arena, "sha256:%s", hash_sha256_hex(cx->arena, buf_text(&yaml), yaml.len)));
    doc_set(cx->arena, output, "objects", objects);
    doc_set(cx->arena, output, "nameless", nameless);
    json_print(ret_output, output, JSON_COMPACT);
    return 0;
}

const struct job build_job = { .name = "kustomize build", .run = run_in_child };

/* ---- the parent ------------------------------------------------------------------------------------------------- */

struct build_input build_input_of(const struct kustomization *ks, const struct doc *spec)
{
    const struct post_build *post_build = ks->spec.post_build;
    return (struct build_input){
        .spec = spec,
        .substitute_always = post_build && str_eq(post_build->substitute_strategy, "Always"),
    };
}

static struct doc *input_document(struct ctx *cx, const struct build_input *input)
{
    struct arena *a = cx->arena;
    struct doc *d = doc_object(a);
    doc_set_text(a, d, "root", input->root);
    doc_set_text(a, d, "dir", input->dir);
    if (input->spec)
        doc_set(a, d, "spec", doc_copy(a, input->spec));
    if (input->vars)
        doc_set(a, d, "vars", doc_copy(a, input->vars));
    doc_set_text(a, d, "varsError", input->vars_error);
    doc_set_bool(a, d, "substituteAlways", input->substitute_always);
    doc_set_bool(a, d, "strict", input->strict);
    doc_set_bool(a, d, "allowRemote", input->remote != NULL);
    doc_set_int(a, d, "reorder", input->reorder);
    doc_set_bool(a, d, "rootOnly", input->root_only);
    doc_set_bool(a, d, "managedBy", input->managed_by);
    doc_set_bool(a, d, "warn", input->warn);
    doc_set_bool(a, d, "wantYaml", input->want_yaml);
    doc_set_bool(a, d, "wantFiles", input->want_files);
    return d;
}

static bool is_digest(const char *s)
{
    static const char scheme[] = "sha256:";
    const char *hex = s + strlen(scheme);
    return str_starts(s, scheme) && strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

int build_check(struct ctx *cx, const struct doc *output)
{
    const struct doc *objects = doc_find(output, "objects");
    bool whole = doc_kind(objects) == DOC_ARRAY && is_digest(str_or(doc_text_at(output, "digest"), ""));
    doc_each (object, objects)
        whole = whole && is_cluster_object(cx->arena, object);
    if (!whole)
        return err_fail(cx, ERR_INTERNAL, "the output of the build makes no sense");
    return 0;
}

/* Flux drops them unseen. */
static void tell_nameless(struct ctx *cx, const struct doc *nameless)
{
    doc_each (object, nameless)
        log_info(
            cx->log,
            "an object is left out, for its name or apiVersion is no text: it needs quotes in the manifest",
            "object", doc_text(object), NULL);
}

int build_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer)
{
    struct build_questions *questions = user;
    questions->fetched = true;
    if (!questions->remote)
        return err_fail(cx, ERR_DENIED, "remote resources are not allowed here");
    return questions->remote->answer(cx, questions->remote->user, request, ret_answer);
}

int build_run(struct ctx *cx, const struct build_input *input, struct build_output *ret)
{
    const char *const dirs[] = { input->root, input->remote ? input->remote->dir : NULL, NULL };
    const struct job_limits limits = {
        .memory_max = MEMORY_MAX,
        .cpu_seconds = CPU_SECONDS,
        .timeout_ms = TIMEOUT_MS,
        .output_max = YAML_MAX,
        .read_dirs = dirs,
    };
    struct build_questions questions = { .remote = input->remote };
    struct buf output = buf_new(cx->arena, YAML_MAX);
    struct doc *d, *document = input_document(cx, input);
    if (job_run(cx, &build_job, &limits, document, build_answer, &questions, &output) < 0) {
        cx->err.message =
            url_mask(cx->arena, err_message(cx)); /* the engine quotes URLs as they are written */
        return err_code(cx);
    }
    if (input->want_yaml) {
        *ret = (struct build_output){ .yaml = buf_text(&output), .remote = questions.fetched };
        return 0;
    }
    if (json_parse(cx, buf_text(&output), output.len, "the build's output", &d) < 0)
        return err_code(cx);
    if (build_check(cx, d) < 0)
        return err_code(cx);
    if (input->spec)
        tell_nameless(cx, doc_find(d, "nameless"));
    *ret = (struct build_output){
        .files = doc_find(d, "files"),
        .digest = doc_text_at(d, "digest"),
        .objects = doc_find(d, "objects"),
        .remote = questions.fetched,
    };
    return 0;
}
