/*
 * transform_patch.c: patches, patchesStrategicMerge and patchesJson6902. Patches are read and told apart when planned, so
 * that a broken one fails before anything was changed, and applied when run. A patch keeps the target's name, namespace
 * and kind unless its options allow otherwise. The merge itself is smp.c's, JSON patches are doc/patch.c's.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/patch.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/read.h"
#include "libgotk/kustomize/reprint.h"
#include "libgotk/kustomize/selector.h"
#include "libgotk/kustomize/smp.h"
#include "libgotk/kustomize/transform.h"

#include <string.h>

/* Bytes of a patch in messages. */
#define SHOWN_MAX 300

struct patch_args {
    struct resources merges; /* strategic merge patches */
    struct doc *operations;  /* or a JSON patch; NULL */
    struct selector *target; /* NULL: merges find their target by their own identity */
    const char *source;      /* for messages: [path: "x"] or [patch: "..."] */
    bool keep_history;       /* a JSON patch remembers the former identity */
};

/* Merges one patch into one resource; `text` is a copy of its document for that. */
static int apply_merge(struct ctx *cx, const struct ktarget *t, struct resource *r,
                       const struct resource *patch, struct doc *text)
{
    struct resid old = r->id;
    if (patch->allow_name_change || patch->allow_kind_change)
        resource_store_past(cx->arena, r);
    if (smp_apply(cx, t->build->openapi, r->doc, text, &r->doc) < 0)
        return err_wrap(cx, "patch for %s%s%s", resid_text(cx->arena, &old), patch->file ? " in " : "",
                        str_or(patch->file, ""));
    if (!doc_len(r->doc)) {
        r->doc = NULL;
        return 0;
    }
    if (str_eq(doc_text_at(r->doc, "apiVersion"), ""))
        doc_set(cx->arena, r->doc, "apiVersion", doc_null(cx->arena));
    if (!patch->allow_kind_change)
        resource_set_kind(cx->arena, r, old.gvk.kind);
    if (!patch->allow_name_change)
        resource_set_name(cx->arena, r, old.name);
    resource_set_namespace(cx->arena, r, old.ns);
    return 0;
}

/* Applies and keeps the map's index honest. */
static int apply_merge_in(struct ctx *cx, const struct ktarget *t, struct resmap *m, struct resource *r,
                          const struct resource *patch, struct doc *text)
{
    size_t past = r->past.len;
    if (apply_merge(cx, t, r, patch, text) < 0)
        return err_code(cx);
    m->emptied = m->emptied || !r->doc;
    if (resource_refresh(cx->arena, r) || past != r->past.len)
        resmap_touch(m);
    return 0;
}

/* A patch on its way through upstream's ApplySmPatch takes the group and version of what it is applied to, and loses the
 * nulls in its labels and annotations. */
static struct doc *copy_for_set(struct arena *a, const struct resource *patch, const struct resource *r)
{
    struct doc *text = doc_copy(a, patch->doc);
    resource_stringify(a, text, "labels");
    resource_stringify(a, text, "annotations");
    const char *version = gvk_api_version(a, r->id.gvk);
    const struct doc *like = doc_find(r->doc, "apiVersion");
    doc_set(a, text, "apiVersion", version[0] ? resource_untyped(a, like, version) : doc_string(a, ""));
    return text;
}

/* Options of a patch are kept in its annotations, which makes text of them. */
static struct doc *copy_for_one(struct arena *a, const struct resource *patch)
{
    struct doc *text = doc_copy(a, patch->doc);
    if (patch->allow_name_change || patch->allow_kind_change)
        resource_stringify(a, text, "annotations");
    return text;
}

/* With a target, the patch takes the kind's group and version from whatever it is applied to. */
static int run_merge_selected(struct ctx *cx, const struct transform_step *step,
                              const struct patch_args *args, struct resmap *m)
{
    const struct resource *patch = args->merges.at[0];
    if (args->merges.len > 1)
        return err_fail(
            cx, ERR_INVALID,
            "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` "
            "field: %s",
            args->source);
    struct resources selected = selector_select(cx->arena, args->target, m);
    for (size_t i = 0; i < selected.len; i++) {
        struct resource *r = selected.at[i];
        struct doc *text = copy_for_set(cx->arena, patch, r);
        if (apply_merge_in(cx, step->target, m, r, patch, text) < 0)
            return err_code(cx);
    }
    return m->unchecked ? resmap_check_unique(cx, m) : 0;
}

/* `of_field`: of `patches`, and not of patchesStrategicMerge. */
static int run_merge_by_id(struct ctx *cx, const struct transform_step *step, const struct patch_args *args,
                           struct resmap *m, bool of_field)
{
    for (size_t i = 0; i < args->merges.len; i++) {
        const struct resource *patch = args->merges.at[i];
        struct resource *r = NULL;
        if (resmap_get(cx, m, &patch->id, &r) < 0)
            return of_field ? err_wrap(cx, "no resource matches strategic merge patch \"%s\"",
                                       resid_text(cx->arena, &patch->id))
                            : err_code(cx);
        struct doc *text = of_field ? copy_for_one(cx->arena, patch) : copy_for_set(cx->arena, patch, r);
        if (apply_merge_in(cx, step->target, m, r, patch, text) < 0)
            return err_code(cx);
    }
    return 0;
}

/* Of a long patch, messages show how it begins. */
static const char *brief(struct arena *a, const char *source)
{
    size_t n = SHOWN_MAX;
    if (strlen(source) <= n)
        return source;
    while (n && ((unsigned char)source[n] & 0xC0) == 0x80)
        n--;
    return str_fmt(a, "%.*s...]", (int)n, source);
}

/* With null for its metadata an object has no annotations, and upstream no notes. */
static void lose_notes(struct resource *r)
{
    const struct doc *meta = doc_find(r->doc, "metadata");
    if (!meta || doc_kind(meta) != DOC_NULL)
        return;
    r->past = (struct resids){ 0 };
    r->prefixes = r->suffixes = (struct names){ 0 };
    r->behavior = BEHAVIOR_UNSPECIFIED;
    r->needs_hash = r->generated = r->past_nameless = false;
}

static int apply_json(struct ctx *cx, struct resmap *m, struct resource *r, const struct patch_args *args)
{
    if (args->keep_history)
        resource_store_past(cx->arena, r);
    resource_make_notes(cx->arena, r);
    if (reprint_json(cx, r->doc) < 0 || patch_json6902(cx, &r->doc, args->operations) < 0)
        return err_wrap(cx, "patch %s for %s", brief(cx->arena, args->source), resid_text(cx->arena, &r->id));
    resource_pass_json(cx->arena, NULL, r->doc, false);
    if (reprint_json(cx, r->doc) < 0) /* upstream makes YAML of the patched JSON, and reads that */
        return err_code(cx);
    resource_stringify(cx->arena, r->doc, "annotations");
    lose_notes(r);
    m->emptied = m->emptied || !doc_first(r->doc);
    if (resource_refresh(cx->arena, r))
        resmap_touch(m);
    return 0;
}

static int run_json(struct ctx *cx, const struct patch_args *args, struct resmap *m)
{
    if (!args->target)
        return err_fail(
            cx, ERR_INVALID,
            "must specify a target for JSON patch %s: say which resources it is for, e.g. target: {kind: "
            "Deployment, name: web}",
            args->source);
    struct resources selected = selector_select(cx->arena, args->target, m);
    for (size_t i = 0; i < selected.len; i++)
        if (apply_json(cx, m, selected.at[i], args) < 0)
            return err_code(cx);
    return 0;
}

static int run_patch(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    const struct patch_args *args = step->args;
    if (doc_len(args->operations))
        return run_json(cx, args, m);
    if (!args->merges.len)
        return 0;
    if (args->target)
        return run_merge_selected(cx, step, args, m);
    return run_merge_by_id(cx, step, args, m, true);
}

static int run_patch_sm(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    if (run_merge_by_id(cx, step, step->args, m, false) < 0)
        return err_code(cx);
    return m->unchecked ? resmap_check_unique(cx, m) : 0;
}

/* A JSON patch is a list of objects. Text that starts with "[" has to be JSON, all else may be YAML 1.1. */
static int parse_operations(struct ctx *cx, const char *text, const char *name, struct doc **ret)
{
    struct doc *d = NULL;
    if (text[0] == '[') {
        if (json_parse(cx, text, strlen(text), name, &d) < 0)
            return err_code(cx);
    } else {
        struct doc *docs = NULL;
        if (yml_parse_all_as(cx, text, strlen(text), name, YML_11 | YML_LAST_WINS | YML_FIRST, &docs) < 0)
            return err_code(cx);
        d = doc_first(docs);
    }
    if (d && doc_kind(d) != DOC_ARRAY && doc_kind(d) != DOC_NULL)
        return err_fail(cx, ERR_INVALID, "json: cannot unmarshal %s into Go value of type jsonpatch.Patch",
                        doc_kind_name(d));
    doc_each (operation, d)
        if (doc_kind(operation) != DOC_OBJECT)
            return err_fail(cx, ERR_INVALID,
                            "json: cannot unmarshal %s into Go value of type jsonpatch.Operation",
                            doc_kind_name(operation));
    *ret = doc_kind(d) == DOC_ARRAY ? d : NULL;
    return 0;
}

/* Text is a strategic merge patch or a JSON patch: whichever it can be read as. */
static int parse_either(struct ctx *cx, const char *text, const char *file, struct patch_args *args)
{
    struct resources merges = { 0 };
    struct doc *operations = NULL;
    bool is_merge = read_resources(cx, text, strlen(text), file, &merges) >= 0;
    const char *why_no_merge = is_merge ? "" : str_dup(cx->arena, err_message(cx));
    if (!is_merge)
        err_clear(cx);
    bool is_json = text[0] && parse_operations(cx, text, str_or(file, "patch"), &operations) >= 0;
    if (is_merge && is_json && merges.len && doc_len(operations))
        return err_fail(cx, ERR_INVALID, "illegally qualifies as both an SM and JSON patch: %s",
                        args->source);
    if (!is_merge && !is_json)
        return err_fail(
            cx, ERR_INVALID,
            "unable to parse SM or JSON patch from %s: as a strategic merge patch, which has apiVersion, kind "
            "and metadata.name even with a target: %s; as a JSON patch, which is a list of operations: %s",
            args->source, why_no_merge, err_message(cx));
    err_clear(cx);
    args->merges = is_merge ? merges : (struct resources){ 0 };
    args->operations = is_merge ? NULL : operations;
    return 0;
}

static const char *quoted(struct arena *a, const char *s)
{
    return json_text(a, doc_string(a, s), JSON_COMPACT);
}

/* The text of a patch that stands in `inline_field` or in the file `path`; both or none is an error of the caller. */
static int patch_text(struct ctx *cx, const struct ktarget *t, const char *inline_text, const char *path,
                      const char **ret_text, const char **ret_file)
{
    struct buf text;
    if (inline_text[0]) {
        *ret_text = inline_text;
        *ret_file = NULL;
        return 0;
    }
    if (kload_read(cx, t->load, path, &text) < 0)
        return err_code(cx);
    *ret_text = buf_text(&text);
    *ret_file = kload_show(cx->arena, t->load, path);
    return 0;
}

static void apply_options(const struct doc *options, struct resources *merges)
{
    for (size_t i = 0; i < merges->len; i++) {
        merges->at[i]->allow_name_change = doc_is_true(doc_find(options, "allowNameChange"), false);
        merges->at[i]->allow_kind_change = doc_is_true(doc_find(options, "allowKindChange"), false);
    }
}

static const char *show_config(struct arena *a, const struct doc *config)
{
    struct buf out = buf_new(a, 4096);
    yml_print(&out, config);
    return buf_text(&out);
}

/* Whether an inline patch may be for a Secret: then it may hold its values. */
static bool may_be_secret(const struct doc *config, const char *text)
{
    const struct doc *target = doc_find(config, "target");
    const char *kind = str_or(doc_text_at(target, "kind"), "");
    bool any = target && (!kind[0] || strpbrk(kind, "*.|[("));
    return any || strstr(kind, "Secret") || strstr(text, "Secret") || strstr(text, "stringData");
}

/* The patch as messages name it. */
static const char *show_source(struct arena *a, const struct doc *config, const char *text, const char *path)
{
    if (!text[0])
        return str_fmt(a, "[path: %s]", quoted(a, path));
    if (may_be_secret(config, text))
        return str_fmt(a, "[patch in line %d, not shown: it may hold values of a Secret]", doc_line(config));
    return str_fmt(a, "[patch: %s]", quoted(a, text));
}

int transform_patch_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    const char *text = str_trim(cx->arena, str_or(doc_text_at(config, "patch"), ""));
    const char *path = str_or(doc_text_at(config, "path"), "");
    const char *file = NULL;
    struct patch_args *args = ARENA_NEW(cx->arena, struct patch_args);
    if (!text[0] && !path[0])
        return err_fail(cx, ERR_INVALID, "must specify one of patch and path in\n%s",
                        show_config(cx->arena, config));
    if (text[0] && path[0])
        return err_fail(cx, ERR_INVALID, "patch and path can't be set at the same time\n%s",
                        show_config(cx->arena, config));
    args->keep_history = true;
    args->source = show_source(cx->arena, config, text, path);
    if (patch_text(cx, plan->target, text, path, &text, &file) < 0)
        return err_wrap(cx, "failed to get the patch file from path(%s)", path);
    if (parse_either(cx, text, file, args) < 0)
        return err_code(cx);
    bool does_something = args->merges.len || doc_len(args->operations);
    if (does_something && doc_find(config, "target") &&
        selector_new(cx, doc_find(config, "target"), &args->target) < 0)
        return err_code(cx);
    apply_options(doc_find(config, "options"), &args->merges);
    transform_add(cx, plan, run_patch, args);
    return 0;
}

int transform_patch_file(struct ctx *cx, struct transform_plan *plan)
{
    doc_each (entry, doc_find(plan->target->file, "patches")) {
        transform_at(cx, plan, "patches", entry);
        if (transform_patch_config(cx, plan, entry) < 0)
            return err_wrap(cx, "trouble configuring builtin PatchTransformer: %s", plan->place);
    }
    return 0;
}

/* For historical reasons each entry is tried as a patch itself before it is taken for a file. */
static int load_merges(struct ctx *cx, struct transform_plan *plan, const struct doc *entries,
                       struct resources *all)
{
    doc_each (entry, entries) {
        const char *text = str_or(doc_text(entry), "");
        const char *file = NULL;
        struct resources found = { 0 };
        if (read_resources(cx, text, strlen(text), NULL, &found) < 0) {
            err_clear(cx);
            if (patch_text(cx, plan->target, "", text, &text, &file) < 0 ||
                read_resources(cx, text, strlen(text), file, &found) < 0)
                return err_code(cx);
        }
        for (size_t i = 0; i < found.len; i++)
            vec_push(cx->arena, all, found.at[i]);
    }
    return 0;
}

static const char *show_paths(struct arena *a, const struct doc *paths)
{
    VEC(const char *) all = { 0 };
    doc_each (path, paths)
        vec_push(a, &all, str_or(doc_text(path), ""));
    return str_join(a, all.at, all.len, " ");
}

static int plan_merges(struct ctx *cx, struct transform_plan *plan, const struct doc *paths,
                       const char *patches)
{
    struct patch_args *args = ARENA_NEW(cx->arena, struct patch_args);
    struct resources more = { 0 };
    if (!doc_len(paths) && !patches[0])
        return err_fail(cx, ERR_INVALID, "empty file path and empty patch content");
    if (load_merges(cx, plan, paths, &args->merges) < 0)
        return err_code(cx);
    if (patches[0] && read_resources(cx, patches, strlen(patches), NULL, &more) < 0)
        return err_code(cx);
    for (size_t i = 0; i < more.len; i++)
        vec_push(cx->arena, &args->merges, more.at[i]);
    if (!args->merges.len)
        return err_fail(cx, ERR_INVALID, "patch appears to be empty; files=[%s], Patch=%s",
                        show_paths(cx->arena, paths), patches);
    transform_add(cx, plan, run_patch_sm, args);
    return 0;
}

int transform_patch_sm_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    return plan_merges(cx, plan, doc_find(config, "paths"), str_or(doc_text_at(config, "patches"), ""));
}

int transform_patch_sm_file(struct ctx *cx, struct transform_plan *plan)
{
    const struct doc *paths = doc_find(plan->target->file, "patchesStrategicMerge");
    if (!doc_len(paths))
        return 0;
    transform_at(cx, plan, "patchesStrategicMerge", doc_first(paths));
    return plan_merges(cx, plan, paths, "") < 0
               ? err_wrap(cx, "trouble configuring builtin PatchStrategicMergeTransformer: %s", plan->place)
               : 0;
}

static int check_json_config(struct ctx *cx, const struct doc *config, const char *path, const char *text)
{
    if (str_empty(doc_text_at(config, "target", "name")))
        return err_fail(cx, ERR_INVALID, "must specify the target name");
    if (!path[0] && !text[0])
        return err_fail(cx, ERR_INVALID, "empty file path and empty jsonOp");
    if (path[0] && text[0])
        return err_fail(cx, ERR_INVALID, "must specify a file path or jsonOp, not both");
    return 0;
}

static int plan_json(struct ctx *cx, struct transform_plan *plan, const struct doc *config, const char *text)
{
    const char *path = str_or(doc_text_at(config, "path"), "");
    const char *file = NULL;
    struct patch_args *args = ARENA_NEW(cx->arena, struct patch_args);
    if (check_json_config(cx, config, path, text) < 0 ||
        patch_text(cx, plan->target, text, path, &text, &file) < 0)
        return err_code(cx);
    if (!text[0])
        return err_fail(cx, ERR_INVALID, "patch file '%s' empty seems to be empty", path);
    if (parse_operations(cx, text, str_or(file, "patch"), &args->operations) < 0)
        return err_wrap(cx, "decoding %s", quoted(cx->arena, text));
    if (!doc_len(args->operations))
        return err_fail(cx, ERR_INVALID, "patch appears to be empty; file=%s, JsonOp=%s", path, text);
    args->source = file ? str_fmt(cx->arena, "[path: %s]", quoted(cx->arena, path)) : "of patchesJson6902";
    if (selector_new(cx, doc_find(config, "target"), &args->target) < 0)
        return err_code(cx);
    transform_add(cx, plan, run_patch, args);
    return 0;
}

int transform_patch_json_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    return plan_json(cx, plan, config, str_or(doc_text_at(config, "jsonOp"), ""));
}

int transform_patch_json_file(struct ctx *cx, struct transform_plan *plan)
{
    doc_each (entry, doc_find(plan->target->file, "patchesJson6902")) {
        transform_at(cx, plan, "patchesJson6902", entry);
        if (plan_json(cx, plan, entry, str_or(doc_text_at(entry, "patch"), "")) < 0)
            return err_wrap(cx, "trouble configuring builtin PatchJson6902Transformer: %s", plan->place);
    }
    return 0;
}
