/*
 * diffcommand.c: `kustomize-controller diff NAME`: what a Kustomization would change on the cluster, from a local folder.
 *
 * Builds the folder as the controller would, dry-runs every object and prints a line per object that would be created,
 * changed (with its diff), skipped or deleted. With --recursive, Kustomizations among the objects are compared in turn, as
 * they are on the cluster, from the local folders of their sources. Works like `flux diff kustomization`, with the user's
 * own rights. Exit codes: 0 no changes, 1 changes, 2 an error.
 */
#include "kustomize-controller/controller.h"
#include "kustomize-controller/remote.h"
#include "kustomize-controller/vars.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/patch.h"
#include "libgotk/doc/yml.h"
#include "libgotk/ssa/diff.h"
#include "libgotk/ssa/inventory.h"
#include "libgotk/ssa/subject.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)4 << 20)
#define OUTPUT_MAX     ((size_t)64 << 20)
#define MASKED         "KipTT1BTKio=" /* "**SOPS**" in base64 */
#define EXIT_CHANGES   1
#define EXIT_ERROR     2

static struct {
    const char *path;
    const char *ns;
    const char *file;
    const char *kubeconfig;
    bool strict;
    bool ignore_not_found;
    bool progress_bar;
    bool recursive;
    struct str_list local_sources;
} options;

static const struct flag flags[] = {
    { .name = "path",
      .kind = FLAG_STRING,
      .target = &options.path,
      .help = "The local folder that spec.path of the Kustomization stands for." },
    { .name = "namespace",
      .shorthand = 'n',
      .kind = FLAG_STRING,
      .target = &options.ns,
      .fallback = "flux-system",
      .help = "The namespace of the Kustomization." },
    { .name = "kustomization-file",
      .kind = FLAG_STRING,
      .target = &options.file,
      .help = "A YAML file with the Kustomization, to be used instead of the one on the cluster." },
    { .name = "kubeconfig",
      .kind = FLAG_STRING,
      .target = &options.kubeconfig,
      .help = "The kubeconfig to use, instead of what KUBECONFIG names." },
    { .name = "strict-substitute",
      .kind = FLAG_BOOL,
      .target = &options.strict,
      .help = "A variable that is not set and has no default is an error." },
    { .name = "ignore-not-found",
      .kind = FLAG_BOOL,
      .target = &options.ignore_not_found,
      .help = "The Kustomization of --kustomization-file need not be on the cluster." },
    { .name = "progress-bar",
      .kind = FLAG_BOOL,
      .target = &options.progress_bar,
      .fallback = "true",
      .help = "Accepted for compatibility: there is none." },
    { .name = "recursive",
      .shorthand = 'r',
      .kind = FLAG_BOOL,
      .target = &options.recursive,
      .help = "Compare the Kustomizations among the objects too, and those among theirs." },
    { .name = "local-sources",
      .kind = FLAG_LIST,
      .target = &options.local_sources,
      .help =
          "For --recursive: the local folders of sources, `Kind/namespace/name=path`, separated by commas." },
};

/* All one diff knows. */
struct comparison {
    struct kube *kube;
    struct clones *clones;
    const struct comparison *parent; /* whose objects it is one of; NULL: the one asked for */
    const char *path;                /* the local folder of spec.path */
    struct kustomization ks;
    const struct doc *spec;
    struct build_output built;
    struct diff_entries entries;
    struct changes changes;
};

/* ---- the Kustomization ------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct doc *object, const char *name)
{
    const char *ns = doc_text_at(object, "metadata", "namespace");
    return str_starts(str_or(doc_text_at(object, "apiVersion"), ""), KG "/") &&
           str_eq(doc_text_at(object, "kind"), "Kustomization") &&
           str_eq(doc_text_at(object, "metadata", "name"), name) && (!ns || str_eq(ns, options.ns));
}

static int read_local(struct ctx *cx, const char *name, struct doc **ret_object)
{
    struct buf file;
    struct doc *docs;
    if (fs_read_file(cx, options.file, FILE_MAX_BYTES, &file) < 0)
        return err_wrap(cx, "invalid kustomization file \"%s\"", options.file);
    if (yml_parse_all_as(cx, buf_text(&file), file.len, options.file, YML_11, &docs) < 0)
        return err_code(cx);
    doc_each (object, docs) {
        if (!is_wanted(object, name))
            continue;
        doc_set_text(cx->arena, doc_ensure(cx->arena, object, "metadata"), "namespace", options.ns);
        *ret_object = object;
        return 0;
    }
    return err_fail(cx, ERR_NOT_FOUND, "failed find kustomization with name '%s' in file '%s'", name,
                    options.file);
}

static int read_live(struct ctx *cx, const struct comparison *c, const char *ns, const char *name,
                     struct doc **ret_object)
{
    struct kube_ref ref = { KUSTOMIZATION_API, "Kustomization", ns, name };
    *ret_object = NULL;
    if (kube_get(cx, c->kube, &ref, ret_object) == 0)
        return 0;
    if (err_code(cx) != ERR_NOT_FOUND || c->parent || str_empty(options.file) || !options.ignore_not_found)
        return err_wrap(cx, "failed to get kustomization object");
    err_clear(cx);
    return 0;
}

/* The Kustomization as the file or the cluster has it, with the inventory of the cluster's. */
static int find_kustomization(struct ctx *cx, struct comparison *c, const char *ns, const char *name)
{
    struct doc *live, *object = NULL;
    if (read_live(cx, c, ns, name, &live) < 0 ||
        (!c->parent && !str_empty(options.file) && read_local(cx, name, &object) < 0))
        return err_code(cx);
    if (!object)
        object = live;
    else
        doc_remove(object, "status");
    if (live && object != live && doc_find(live, "status"))
        doc_set(cx->arena, object, "status", doc_copy(cx->arena, doc_find(live, "status")));
    c->spec = doc_find(object, "spec");
    return decode_struct(cx, object, kustomization_fields, "", &c->ks);
}

/* ---- Secrets that are encrypted ---------------------------------------------------------------------------------- */

/* A rule under which the values both sides have are no drift: what is encrypted cannot be compared. */
static void ignore_values(struct ctx *cx, struct comparison *c, const struct doc *secret, struct doc *rules)
{
    struct arena *a = cx->arena;
    struct kube_ref ref = kube_ref_of(secret);
    struct doc *rule = doc_object(a), *paths = doc_array(a), *target = doc_object(a), *live = NULL;
    if (kube_get(cx, c->kube, &ref, &live) < 0)
        err_clear(cx);
    doc_each (value, doc_find(live, "data"))
        if (doc_path(secret, "data", doc_key(value)))
            doc_append_text(a, paths, patch_pointer_join(a, "/data", doc_key(value)));
    doc_set_text(a, target, "kind", "Secret");
    doc_set_text(a, target, "name", str_replace(a, str_or(ref.name, ""), ".", "\\."));
    doc_set_text(a, target, "namespace", ref.ns);
    doc_set(a, rule, "paths", paths);
    doc_set(a, rule, "target", target);
    doc_append(rules, rule);
}

static void mask_values(struct arena *a, struct doc *secret)
{
    struct doc *data = doc_ensure(a, secret, "data");
    doc_each (value, doc_find(secret, "stringData"))
        doc_set_text(a, data, doc_key(value), "");
    doc_remove(secret, "stringData");
    doc_remove(secret, "sops");
    struct doc *values = doc_object(a);
    doc_each (value, data)
        doc_set_text(a, values, doc_key(value), MASKED);
    doc_set(a, secret, "data", values);
}

static int mask_encrypted(struct ctx *cx, struct comparison *c, struct doc *rules)
{
    doc_each (object, c->built.objects) {
        if (!str_eq(doc_text_at(object, "kind"), "Secret") || !doc_find(object, "sops"))
            continue;
        mask_values(cx->arena, object);
        ignore_values(cx, c, object, rules);
    }
    return ctx_check(cx);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static int build(struct ctx *cx, struct comparison *c)
{
    char dir[PATH_MAX];
    if (str_empty(c->path) || !fs_is_dir(c->path) || !realpath(c->path, dir))
        return err_fail(cx, ERR_INVALID, "invalid resource path \"%s\"", str_or(c->path, ""));
    struct build_input input = build_input_of(&c->ks, c->spec);
    input.root = "/";
    input.dir = dir;
    input.strict = options.strict;
    struct doc *hidden;
    if (remote_offer(cx, c->clones, "", &input.remote) < 0 ||
        vars_load(cx, c->kube, &c->ks, &input.vars, &hidden) < 0)
        return err_code(cx);
    return build_run(cx, &input, &c->built);
}

static int compare(struct ctx *cx, struct comparison *c)
{
    struct ignore_rules *ignore;
    struct doc *rules = c->ks.spec.ignore ? doc_copy(cx->arena, c->ks.spec.ignore) : doc_array(cx->arena);
    if (build(cx, c) < 0 || mask_encrypted(cx, c, rules) < 0 ||
        prepare_objects(cx, &c->ks, c->built.objects) < 0 || ignore_compile(cx, rules, &ignore) < 0)
        return err_code(cx);
    const struct apply_options how = {
        .field_manager = FIELD_MANAGER,
        .group = KG,
        .force = c->ks.spec.force,
        .ignore = ignore,
    };
    return diff_objects(cx, c->kube, &how, c->built.objects, &c->entries, &c->changes);
}

/* ---- Kustomizations among the objects ---------------------------------------------------------------------------- */

static int diff_one(struct ctx *cx, struct comparison *c, const char *ns, const char *name, struct buf *out,
                    bool *ret_changes);

/* The local folder of a Kustomization: that of its source, and spec.path in it. */
static int find_folder(struct ctx *cx, const struct kustomization *ks, const char **ret_path)
{
    const struct source_ref *ref = &ks->spec.source_ref;
    const char *key = str_fmt(cx->arena, "%s/%s/%s=", ref->kind, str_or(ref->ns, ks->meta.ns), ref->name);
    for (size_t i = 0; i < options.local_sources.len; i++) {
        if (!str_starts(options.local_sources.at[i], key))
            continue;
        *ret_path = str_fmt(cx->arena, "%s/%s", options.local_sources.at[i] + strlen(key),
                            str_or(ks->spec.path, "."));
        return 0;
    }
    return err_fail(cx, ERR_NOT_FOUND,
                    "cannot get local path for %.*s of kustomization %s: --local-sources does not name it",
                    (int)strlen(key) - 1, key, ks->meta.name);
}

static bool is_underway(const struct comparison *c, const struct meta *meta)
{
    for (; c; c = c->parent)
        if (str_eq(c->ks.meta.name, meta->name) && str_eq(c->ks.meta.ns, meta->ns))
            return true;
    return false;
}

/* Its source and path are those of the manifest; all else is as on the cluster, as with Flux. */
static int diff_child(struct ctx *cx, const struct comparison *c, const struct doc *object, struct buf *out,
                      bool *ret_changes)
{
    struct comparison child = { .kube = c->kube, .clones = c->clones, .parent = c };
    struct kustomization ks;
    struct buf text = buf_new(cx->arena, OUTPUT_MAX);
    bool changes = false;
    const char *subject = subject_name(cx->arena, object);
    if (decode_struct(cx, object, kustomization_fields, "", &ks) < 0)
        return err_wrap(cx, "%s", subject);
    if (is_underway(c, &ks.meta))
        return 0;
    if (ks.spec.kube_config) {
        buf_fmt(out, "⚠️ %s skipped: diff not supported for remote clusters\n", subject);
        return 0;
    }
    int rc = find_folder(cx, &ks, &child.path);
    if (rc >= 0)
        rc = diff_one(cx, &child, ks.meta.ns, ks.meta.name, &text, &changes);
    if (changes)
        buf_fmt(out, "📁 %s changed\n%s", subject, buf_text(&text));
    *ret_changes = *ret_changes || changes;
    if (rc >= 0)
        rc = buf_ok(cx, &text, "what differs");
    return rc < 0 ? err_wrap(cx, "%s", subject) : 0;
}

static bool has_children(const struct diff_entry *e, const struct doc *object)
{
    return options.recursive && !e->error && e->action != CHANGE_CREATED &&
           str_eq(doc_text_at(object, "kind"), "Kustomization") &&
           str_starts(str_or(doc_text_at(object, "apiVersion"), ""), KG "/");
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* True when the entry is a change. */
static bool print_entry(struct buf *out, const struct diff_entry *e)
{
    if (e->action == CHANGE_SKIPPED || e->action == CHANGE_CREATED)
        buf_fmt(out, "► %s %s\n", e->subject, change_action_name(e->action));
    else if (e->action == CHANGE_CONFIGURED)
        buf_fmt(out, "► %s drifted\n--- live\n+++ merged\n%s", e->subject, e->text);
    return e->action == CHANGE_CREATED || e->action == CHANGE_CONFIGURED;
}

/* What the Kustomization would prune; false when there is nothing. */
static int print_deleted(struct ctx *cx, struct buf *out, struct comparison *c, bool *ret_any)
{
    struct inventory *now = inventory_of_changes(cx->arena, &c->changes);
    const struct inventory *stale = inventory_stale(cx->arena, c->ks.status.inventory, now);
    struct doc **objects = ARENA_ARRAY(cx->arena, struct doc *, stale->entries_count + 1);
    for (size_t i = 0; i < stale->entries_count; i++)
        if (inventory_object(cx, &stale->entries[i], &objects[i]) < 0)
            return err_code(cx);
    subject_sort(cx->arena, objects, stale->entries_count);
    for (size_t i = 0; i < stale->entries_count; i++)
        buf_fmt(out, "► %s deleted\n", subject_name(cx->arena, objects[i]));
    *ret_any = stale->entries_count > 0;
    return 0;
}

/* What differs goes out as it is found; what a child has to say waits for its heading. */
static int pass_on(struct ctx *cx, const struct comparison *c, struct buf *out)
{
    if (!c->parent) {
        fwrite(buf_text(out), 1, out->len, stdout);
        buf_cut(out, 0);
    }
    return buf_ok(cx, out, "what differs");
}

static void add_error(struct buf *errors, const char *text)
{
    buf_fmt(errors, "%s%s", errors->len ? "\n" : "", text);
}

/* Prints everything; fails when some objects could not be compared, after all others were printed. */
static int print_all(struct ctx *cx, struct buf *out, struct comparison *c, bool *ret_changes)
{
    struct buf errors = buf_new(cx->arena, OUTPUT_MAX);
    const struct doc *object = doc_first(c->built.objects);
    bool deleted = false;
    for (size_t i = 0; i < c->entries.len; i++, object = doc_next(object)) {
        const struct diff_entry *e = &c->entries.at[i];
        *ret_changes = print_entry(out, e) || *ret_changes;
        if (e->error)
            add_error(&errors, e->error);
        if (has_children(e, object) && diff_child(cx, c, object, out, ret_changes) < 0) {
            add_error(&errors, err_message(cx));
            err_clear(cx);
        }
        if (pass_on(cx, c, out) < 0)
            return err_code(cx);
    }
    if (errors.len)
        return err_fail(cx, ERR_INVALID, "%s", buf_text(&errors));
    if (c->ks.spec.prune && print_deleted(cx, out, c, &deleted) < 0)
        return err_code(cx);
    *ret_changes = *ret_changes || deleted;
    return pass_on(cx, c, out);
}

static int diff_one(struct ctx *cx, struct comparison *c, const char *ns, const char *name, struct buf *out,
                    bool *ret_changes)
{
    if (find_kustomization(cx, c, ns, name) < 0 || compare(cx, c) < 0)
        return err_code(cx);
    return print_all(cx, out, c, ret_changes);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int open_cluster(struct ctx *cx, struct kube **ret_kube)
{
    struct kube_config config = { 0 };
    const struct kube_options how = { .user_agent = "kustomize-controller/diff" };
    if (!str_empty(options.kubeconfig))
        setenv("KUBECONFIG", options.kubeconfig, 1);
    if (kube_config_load(cx, &config) < 0)
        return err_wrap(cx, "unable to load the Kubernetes configuration");
    return kube_open(cx, &config, &how, ret_kube);
}

static int check_local_sources(struct ctx *cx)
{
    for (size_t i = 0; i < options.local_sources.len; i++)
        if (!strchr(options.local_sources.at[i], '='))
            return err_fail(cx, ERR_INVALID,
                            "--local-sources: %s must be formatted as Kind/namespace/name=path",
                            options.local_sources.at[i]);
    return 0;
}

static int run_diff(struct ctx *cx, const char *const *args, bool *ret_changes)
{
    struct comparison c = { .path = options.path };
    struct buf out = buf_new(cx->arena, OUTPUT_MAX);
    if (!args[0] || args[1])
        return err_fail(cx, ERR_INVALID, "usage: kustomize-controller %s", diff_command.usage);
    if (check_local_sources(cx) < 0 || clones_open(cx, &c.clones) < 0 || open_cluster(cx, &c.kube) < 0)
        return err_code(cx);
    int rc = diff_one(cx, &c, options.ns, args[0], &out, ret_changes);
    kube_close(c.kube);
    return rc;
}

static int run_command(struct ctx *cx, const char *const *args)
{
    bool changes = false;
    int rc = run_diff(cx, args, &changes);
    fflush(stdout);
    if (rc < 0)
        fprintf(stderr, "kustomize-controller: %s\n", err_message(cx));
    return rc < 0 ? EXIT_ERROR : changes ? EXIT_CHANGES : 0;
}

const struct command diff_command = {
    .name = "diff",
    .usage = "diff NAME --path DIR",
    .help =
        "Print what a Kustomization would change on the cluster. Exit code 0: nothing, 1: something, 2: an error.",
    .flags = flags,
    .flag_count = ARRAY_LEN(flags),
    .run = run_command,
};
