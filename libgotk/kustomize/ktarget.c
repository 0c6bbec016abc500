/*
 * ktarget.c: see ktarget.h. The order of steps is upstream's: resources, configuration, generators, components,
 * transformers, validators, variables. A resource is tried as a file first and as a folder or repository after; the
 * message of a failure names both attempts, as users know it from kustomize.
 */
#include "libgotk/kustomize/ktarget.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/crds.h"
#include "libgotk/kustomize/kfile.h"
#include "libgotk/kustomize/plugins.h"
#include "libgotk/kustomize/read.h"
#include "libgotk/kustomize/repospec.h"
#include "libgotk/kustomize/vars.h"

#include <string.h>

struct ktarget_result ktarget_result_new(struct arena *a)
{
    return (struct ktarget_result){ .map = resmap_new(a) };
}

/* Finds the one kustomization file of a folder. */
static int find_file(struct ctx *cx, const struct kload *l, const char **ret_name)
{
    const char *found = NULL;
    for (size_t i = 0; kfile_names[i]; i++) {
        if (!kload_exists(cx, l, kfile_names[i]))
            continue;
        if (found)
            return err_fail(cx, ERR_INVALID,
                            "Found multiple kustomization files under: %s\n('%s' and '%s': remove one)",
                            kload_name(cx->arena, l), found, kfile_names[i]);
        found = kfile_names[i];
    }
    if (!found)
        return err_fail(
            cx, ERR_NOT_FOUND,
            "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory "
            "'%s'%s",
            kload_name(cx->arena, l), kload_names(cx, l));
    *ret_name = found;
    return 0;
}

static int parse_swagger(struct ctx *cx, struct ktarget *t, const char *path)
{
    struct buf text;
    if (kload_read(cx, t->load, path, &text) < 0)
        return err_wrap(cx, "openapi (%s:%d)", kload_show(cx->arena, t->load, t->file_name),
                        doc_line(doc_path(t->file, "openapi", "path")));
    return openapi_new(cx, buf_text(&text), text.len, kload_show(cx->arena, t->load, path),
                       t->build->options->schema_alone, &t->build->openapi);
}

/* The first kustomization of the walk that names a schema decides for the whole build. */
static int load_schema(struct ctx *cx, struct ktarget *t)
{
    const char *path = doc_text_at(t->file, "openapi", "path");
    const char *version = doc_text_at(t->file, "openapi", "version");
    if (path && version)
        return err_fail(cx, ERR_INVALID, "builtin version and custom schema provided, cannot use both");
    if (!str_empty(version) && strcmp(version, "v1.21.2") != 0)
        return err_fail(cx, ERR_INVALID,
                        "the specified OpenAPI version is not built in: '%s' (only v1.21.2 is)", version);
    if (t->build->openapi_set || (!path && str_empty(version)))
        return 0;
    t->build->openapi_set = true;
    return path ? parse_swagger(cx, t, path) : 0;
}

static int read_kustomization(struct ctx *cx, struct ktarget *t)
{
    struct buf text;
    const struct kload *l = t->load;
    if (find_file(cx, l, &t->file_name) < 0 || kload_read(cx, l, t->file_name, &text) < 0)
        return err_code(cx);
    return kfile_parse(cx, buf_text(&text), text.len, kload_show(cx->arena, l, t->file_name),
                       kload_name(cx->arena, l), &t->file);
}

/* The caller's document in the place of the file, which may not even be there. */
static int take_kustomization(struct ctx *cx, struct ktarget *t)
{
    const struct kload *l = t->load;
    if (find_file(cx, l, &t->file_name) < 0) {
        if (err_code(cx) != ERR_NOT_FOUND)
            return err_code(cx);
        err_clear(cx);
        t->file_name = kfile_names[0];
    }
    t->file = doc_copy(cx->arena, t->build->options->file);
    return kfile_check(cx, t->file, kload_show(cx->arena, l, t->file_name), kload_name(cx->arena, l));
}

int ktarget_load(struct ctx *cx, struct ktarget_build *build, const struct kload *l, struct ktarget *ret)
{
    struct ktarget t = { .build = build, .load = l };
    bool given = build->options->file && !l->parent;
    if ((given ? take_kustomization(cx, &t) : read_kustomization(cx, &t)) < 0)
        return err_code(cx);
    kfile_warn(t.file, build->options->warn, build->options->user);
    *ret = t;
    return 0;
}

/* Reads one file, or text with `is_text`, and appends its resources. */
static int accumulate_text(struct ctx *cx, struct ktarget *t, const char *text, size_t len, const char *path,
                           struct ktarget_result *result)
{
    struct resources found = { 0 };
    size_t before = result->map.list.len;
    const char *shown = path ? kload_show(cx->arena, t->load, path) : NULL;
    if (read_resources(cx, text, len, shown, &found) < 0)
        return err_code(cx);
    for (size_t i = 0; i < found.len; i++)
        if (resmap_append(cx, &result->map, found.at[i]) < 0)
            return path ? err_wrap(cx, "merging resources from '%s'", path) : err_code(cx);
    if (t->build->track_origin)
        origin_mark_file(&result->map, before,
                         origin_append(cx->arena, t->origin, path ? path : t->file_name));
    return 0;
}

/* Reads a file into the memory of `apart`: once it is parsed, its text is of no use. */
static int read_apart(struct ctx *cx, const struct ktarget *t, const char *path, struct arena *apart,
                      struct buf *ret_text)
{
    struct ctx own = *cx;
    own.arena = apart;
    if (kload_read(&own, t->load, path, ret_text) >= 0)
        return 0;
    cx->err = own.err;
    cx->err.message = str_dup(cx->arena, err_message(&own));
    cx->err.reason = own.err.reason ? str_dup(cx->arena, own.err.reason) : NULL;
    return err_code(cx);
}

static int accumulate_file(struct ctx *cx, struct ktarget *t, const char *path, struct ktarget_result *result)
{
    CLEANUP(arena_cleanup) struct arena *apart = arena_new(arena_max(cx->arena));
    struct buf text;
    if (read_apart(cx, t, path, apart, &text) < 0 ||
        accumulate_text(cx, t, buf_text(&text), text.len, path, result) < 0)
        return err_wrap(cx, "accumulating resources from '%s'", path);
    return 0;
}

static int check_kind(struct ctx *cx, const struct ktarget *sub, bool component)
{
    const char *kind = str_or(doc_text_at(sub->file, "kind"), "");
    bool is_component = !strcmp(kind, "Component");
    if (component && !is_component)
        return err_fail(
            cx, ERR_INVALID,
            "expected kind 'Component' for path '%s' but got '%s': list it under resources, or give it kind "
            "Component",
            kload_name(cx->arena, sub->load), kind);
    if (!component && is_component)
        return err_fail(cx, ERR_INVALID,
                        "expected kind != 'Component' for path '%s': list it under components",
                        kload_name(cx->arena, sub->load));
    return 0;
}

static int merge_result(struct ctx *cx, struct ktarget_result *into, struct ktarget_result *from)
{
    if (resmap_append_all(cx, &into->map, &from->map) < 0 ||
        tconfig_merge(cx, into->config, from->config, &into->config) < 0)
        return err_code(cx);
    return vars_add_all(cx, &into->vars, &from->vars);
}

/* A component works on what there is already; upstream merges the outcome into nothing. */
static int merge_anew(struct ctx *cx, struct ktarget_result *result)
{
    if (resmap_check_unique(cx, &result->map) < 0)
        return err_code(cx);
    return tconfig_merge(cx, NULL, result->config, &result->config);
}

static int accumulate_sub(struct ctx *cx, struct ktarget *sub, bool component, struct ktarget_result *result)
{
    const struct kload *l = sub->load;
    struct ktarget_result fresh = ktarget_result_new(cx->arena);
    struct ktarget_result *own = component ? result : &fresh;
    if (ktarget_accumulate(cx, sub, own) < 0)
        return err_wrap(cx, "recursed accumulation of path '%s' (%s)", kload_name(cx->arena, l),
                        kload_trail(cx->arena, l));
    if ((component ? merge_anew(cx, result) : merge_result(cx, result, own)) < 0)
        return err_wrap(cx, "recursed merging from path '%s' (%s)", kload_name(cx->arena, l),
                        kload_trail(cx->arena, l));
    return 0;
}

/* Builds the kustomization in the folder of `l` into the result. */
static int accumulate_directory(struct ctx *cx, struct ktarget *t, const struct kload *l, const char *path,
                                bool component, struct ktarget_result *result)
{
    struct ktarget *sub = ARENA_NEW(cx->arena, struct ktarget);
    if (ktarget_load(cx, t->build, l, sub) < 0)
        return err_wrap(cx, "couldn't make target for path '%s'", kload_name(cx->arena, l));
    sub->origin = origin_append(cx->arena, t->origin, path);
    if (load_schema(cx, sub) < 0 || check_kind(cx, sub, component) < 0)
        return err_code(cx);
    return accumulate_sub(cx, sub, component, result);
}

/* True when a path that failed as a file is nothing else: nobody could be asked for it, or what was asked for names no
 * repository. A server that answered, whatever it said, may have one. */
static bool is_certain(struct ctx *cx, const char *path)
{
    struct repospec spec;
    if (ctx_done(cx) || arena_exhausted(cx->arena))
        return true;
    if (!kload_is_remote(path))
        return false;
    bool answered = cx->err.http_status || err_code(cx) == ERR_INVALID;
    return !answered || !repospec_find(cx, path, &spec);
}

/* After a path failed as a file: tries it as a folder or a repository, and reports both failures. */
static int accumulate_base(struct ctx *cx, struct ktarget *t, const char *path, struct ktarget_result *result)
{
    struct kload *l = NULL;
    struct err file_error = cx->err;
    bool malformed = read_is_malformed(cx);
    if (is_certain(cx, path))
        return err_code(cx);
    err_clear(cx);
    if (kload_enter(cx, t->load, path, &l) < 0) {
        if (!malformed)
            return err_wrap(cx, "accumulation err='%s'", file_error.message);
        cx->err = file_error;
        return err_code(cx);
    }
    if (accumulate_directory(cx, t, l, path, false, result) < 0)
        return err_wrap(cx, "accumulation err='%s'", file_error.message);
    return 0;
}

static int accumulate_path(struct ctx *cx, struct ktarget *t, const char *path, struct ktarget_result *result)
{
    struct repospec spec;
    struct kload *l = NULL;
    if (repospec_find(cx, path, &spec) && !kload_is_remote(path) && !kload_exists(cx, t->load, path)) {
        if (kload_enter(cx, t->load, path, &l) < 0)
            return err_wrap(cx, "accumulating resources from '%s'", path);
        return accumulate_directory(cx, t, l, path, false, result);
    }
    if (accumulate_file(cx, t, path, result) >= 0)
        return 0;
    return accumulate_base(cx, t, path, result);
}

/* Text that holds resources; any other is a path. */
static int accumulate_inline(struct ctx *cx, struct ktarget *t, const char *text,
                             struct ktarget_result *result, bool *ret_is_path)
{
    struct ktarget_result own = ktarget_result_new(cx->arena);
    *ret_is_path = accumulate_text(cx, t, text, strlen(text), NULL, &own) < 0;
    if (!*ret_is_path)
        return resmap_append_all(cx, &result->map, &own.map);
    err_clear(cx);
    return 0;
}

int ktarget_accumulate_paths(struct ctx *cx, struct ktarget *t, const struct doc *paths, bool inline_too,
                             struct ktarget_result *result)
{
    VEC(const char *) later = { 0 };
    doc_each (entry, paths) {
        const char *text = str_or(doc_text(entry), "");
        bool is_path = true;
        if (inline_too && accumulate_inline(cx, t, text, result, &is_path) < 0)
            return err_code(cx);
        if (is_path)
            vec_push(cx->arena, &later, text);
    }
    for (size_t i = 0; i < later.len; i++)
        if (accumulate_path(cx, t, later.at[i], result) < 0)
            return err_code(cx);
    return 0;
}

static const char *quoted_error(struct ctx *cx)
{
    return json_text(cx->arena, doc_string(cx->arena, err_message(cx)), JSON_COMPACT);
}

static int accumulate_components(struct ctx *cx, struct ktarget *t, struct ktarget_result *result)
{
    doc_each (entry, doc_find(t->file, "components")) {
        struct kload *l = NULL;
        const char *path = str_or(doc_text(entry), "");
        if (kload_enter(cx, t->load, path, &l) < 0)
            return err_fail(cx, err_code(cx), "accumulating components: loader.New %s", quoted_error(cx));
        if (accumulate_directory(cx, t, l, path, true, result) < 0)
            return err_fail(cx, err_code(cx), "accumulating components: accumulateDirectory: %s",
                            quoted_error(cx));
    }
    return 0;
}

static int load_configurations(struct ctx *cx, struct ktarget *t, const struct tconfig **config)
{
    doc_each (entry, doc_find(t->file, "configurations")) {
        struct buf text;
        struct doc *d = NULL;
        struct tconfig *own = NULL;
        const char *path = str_or(doc_text(entry), "");
        const char *name = kload_show(cx->arena, t->load, path);
        if (kload_read(cx, t->load, path, &text) < 0 ||
            yml_parse_as(cx, buf_text(&text), text.len, name, YML_11 | YML_FIRST, &d) < 0 ||
            tconfig_parse(cx, d, name, &own) < 0)
            return err_wrap(cx, "configurations '%s'", path);
        if (tconfig_merge(cx, *config, own, config) < 0)
            return err_code(cx);
    }
    return 0;
}

/* Defaults, then the kustomization's own configuration, then what its CRDs say. */
static int load_config(struct ctx *cx, struct ktarget *t, struct ktarget_result *result)
{
    const struct tconfig *config = t->build->defaults;
    const struct tconfig *from_crds = NULL;
    if (load_configurations(cx, t, &config) < 0)
        return err_code(cx);
    if (tconfig_merge(cx, result->config, config, &result->config) < 0)
        return err_wrap(cx, "merging config");
    if (crds_load(cx, t->load, doc_find(t->file, "crds"), &from_crds) < 0)
        return err_wrap(cx, "loading CRDs");
    if (tconfig_merge(cx, result->config, from_crds, &result->config) < 0)
        return err_wrap(cx, "merging CRDs");
    return 0;
}

static int run_transformers(struct ctx *cx, struct ktarget *t, struct ktarget_result *result)
{
    struct transform_plan plan = { .target = t, .config = result->config };
    if (transform_plan_file(cx, &plan) < 0 ||
        plugins_plan(cx, t, doc_find(t->file, "transformers"), &plan) < 0)
        return err_code(cx);
    resmap_rest(&result->map); /* all is appended: transformers ask for other things */
    return transform_run(cx, &plan, &result->map);
}

int ktarget_accumulate(struct ctx *cx, struct ktarget *t, struct ktarget_result *result)
{
    static const char *const lists[] = { "resources", "bases" };
    if (!t->load->parent && load_schema(cx, t) < 0)
        return err_code(cx);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (ktarget_accumulate_paths(cx, t, doc_find(t->file, lists[i]), false, result) < 0)
            return err_wrap(cx, "accumulating resources");
    if (load_config(cx, t, result) < 0 || plugins_generate(cx, t, result) < 0 ||
        accumulate_components(cx, t, result) < 0 || run_transformers(cx, t, result) < 0 ||
        plugins_validate(cx, t, result) < 0)
        return err_code(cx);
    return vars_declare(cx, t, result);
}
