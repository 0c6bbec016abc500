/*
 * transform_replace.c: replacements: a value from one field of one object, or a literal, into fields of others. An existing
 * scalar keeps its type and only takes the text; maps and lists are put in place whole. A path may lead into a scalar
 * that holds JSON or YAML itself.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/fieldpath.h"
#include "libgotk/kustomize/kfile.h"
#include "libgotk/kustomize/selector.h"
#include "libgotk/kustomize/transform.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 << 20)

VEC_NAMED(selectors, struct selector *);

struct replace_target {
    const struct doc *d;
    struct selector *select;
    struct selectors reject;
    bool *reject_ids; /* whether the reject says anything but labels */
};

struct replacement {
    const struct doc *d;
    const char *place; /* its file and line */
    bool aimless;      /* has no targets */
    struct err broken; /* what is wrong with its targets, told once its source is read; code 0: nothing */
    VEC(struct replace_target) targets;
};

struct replace_args {
    VEC(struct replacement) all;
};

static int64_t option_index(const struct doc *options)
{
    int64_t index = 0;
    doc_get_int(doc_find(options, "index"), &index);
    return index;
}

/* The source as types.SourceSelector prints it: what is selected, its field, and the options that matter. */
static const char *show_source(struct arena *a, const struct doc *source)
{
    const struct doc *options = doc_find(source, "options");
    const char *field = doc_text_at(source, "fieldPath"),
               *delimiter = str_or(doc_text_at(options, "delimiter"), "");
    bool create = doc_is_true(doc_find(options, "create"), false);
    struct gvk g = { str_or(doc_text_at(source, "group"), ""), str_or(doc_text_at(source, "version"), ""),
                     str_or(doc_text_at(source, "kind"), "") };
    struct resid id = { .gvk = g,
                        .name = str_or(doc_text_at(source, "name"), ""),
                        .ns = str_or(doc_text_at(source, "namespace"), "") };
    const char *shown = resid_text(a, &id);
    if (!str_empty(field))
        shown = str_fmt(a, "%s:%s", shown, field);
    if (*delimiter || create)
        shown = str_fmt(a, "%s:%s(%lld), create=%s", shown, delimiter, (long long)option_index(options),
                        create ? "true" : "false");
    return shown;
}

static const char *plain_namespace(const char *ns)
{
    return str_or(ns, "default");
}

static bool is_source(const struct doc *source, const struct resource *r)
{
    const char *name = str_or(doc_text_at(source, "name"), "");
    const char *ns = str_or(doc_text_at(source, "namespace"), "");
    struct gvk row = { str_or(doc_text_at(source, "group"), ""), str_or(doc_text_at(source, "version"), ""),
                       str_or(doc_text_at(source, "kind"), "") };
    for (size_t i = 0; i <= r->past.len; i++) {
        struct resid id = resource_id_at(r, i);
        if ((!name[0] || !strcmp(name, id.name)) && gvk_selected(id.gvk, row) &&
            (!ns[0] || !strcmp(plain_namespace(ns), plain_namespace(id.ns))))
            return true;
    }
    return false;
}

static int find_source(struct ctx *cx, const struct doc *source, struct resmap *m, struct resource **ret)
{
    struct resource *found = NULL;
    struct resources all = resmap_named(m, doc_text_at(source, "name"));
    for (size_t i = 0; i < all.len; i++) {
        if (!all.at[i]->doc || !is_source(source, all.at[i]))
            continue;
        if (found)
            return err_fail(cx, ERR_INVALID, "multiple matches for selector %s",
                            show_source(cx->arena, source));
        found = all.at[i];
    }
    if (!found)
        return err_fail(cx, ERR_NOT_FOUND, "nothing selected by %s%s", show_source(cx->arena, source),
                        resmap_hint(cx->arena, m, str_or(doc_text_at(source, "kind"), ""),
                                    str_or(doc_text_at(source, "name"), "")));
    *ret = found;
    return 0;
}

/* Splits at a delimiter of any length. */
static struct names split_text(struct arena *a, const char *text, const char *delimiter)
{
    struct names parts = { 0 };
    size_t n = strlen(delimiter);
    const char *end = strstr(text, delimiter);
    for (; end; text = end + n, end = strstr(text, delimiter))
        vec_push(a, &parts, str_ndup(a, text, (size_t)(end - text)));
    vec_push(a, &parts, text);
    return parts;
}

/* A scalar's text as it was written; NULL for a map or list. */
static const char *text_of(const struct doc *d)
{
    return doc_kind(d) == DOC_OBJECT || doc_kind(d) == DOC_ARRAY ? NULL : resource_written(d);
}

/* A node of the kind and style of `like` with another text; a string when the text does not fit the kind. */
static struct doc *with_text(struct arena *a, const struct doc *like, const char *text)
{
    enum doc_tag tag = resource_tag(like);
    bool plain = tag != DOC_TAG_NONE && !doc_quoted(like) && resource_fits(tag, text);
    struct doc *d = plain ? yml_plain(a, text) : doc_string(a, text);
    doc_set_style(d, doc_style(like));
    doc_set_tag(d, tag);
    return d;
}

/* The part of the source's value that its options ask for. */
static int refine(struct ctx *cx, const struct doc *options, struct doc *value, struct doc **ret)
{
    const char *delimiter = str_or(doc_text_at(options, "delimiter"), "");
    *ret = value;
    if (!delimiter[0])
        return 0;
    const char *text = text_of(value);
    if (!text)
        return err_fail(cx, ERR_INVALID, "delimiter option can only be used with scalar nodes");
    struct names parts = split_text(cx->arena, text, delimiter);
    int64_t index = option_index(options);
    if (index < 0 || (size_t)index >= parts.len)
        return err_fail(cx, ERR_INVALID, "options.index %lld is out of bounds for value %s", (long long)index,
                        text);
    *ret = with_text(cx->arena, value, parts.at[index]);
    return 0;
}

static bool is_nothing(const struct doc *d)
{
    enum doc_kind kind = doc_kind(d);
    return kind == DOC_NULL || ((kind == DOC_OBJECT || kind == DOC_ARRAY) && !doc_len(d));
}

static int read_source(struct ctx *cx, const struct doc *replacement, struct resmap *m, struct doc **ret)
{
    const struct doc *source = doc_find(replacement, "source");
    const char *literal = doc_text_at(replacement, "sourceValue");
    struct resource *r = NULL;
    struct doc *value = NULL;
    if (literal && source)
        return err_fail(cx, ERR_INVALID, "value and resource selectors are mutually exclusive");
    if (literal) {
        *ret = resource_untyped(cx->arena, NULL, literal);
        return 0;
    }
    const char *path = str_or(doc_text_at(source, "fieldPath"), "metadata.name");
    if (find_source(cx, source, m, &r) < 0)
        return err_code(cx);
    const char **parts = fieldpath_split(cx->arena, path);
    if (fieldpath_lookup(cx, r->doc, parts, &value) < 0)
        return err_wrap(cx, "error looking up replacement source");
    if (!value || is_nothing(value))
        return err_fail(cx, ERR_INVALID, "fieldPath `%s` is missing for replacement source %s%s", path,
                        show_source(cx->arena, source), fieldpath_hint(cx->arena, r->doc, parts));
    return refine(cx, doc_find(source, "options"), value, ret);
}

/* Puts the value's text into one part of the old text. */
static const char *splice(struct arena *a, const struct doc *options, const char *old, const char *value)
{
    const char *delimiter = str_or(doc_text_at(options, "delimiter"), "");
    if (!delimiter[0])
        return value;
    struct names parts = split_text(a, old, delimiter);
    int64_t index = option_index(options);
    if (index < 0)
        return str_fmt(a, "%s%s%s", value, delimiter, old);
    if ((size_t)index >= parts.len)
        return str_fmt(a, "%s%s%s", old, delimiter, value);
    parts.at[index] = value;
    return str_join(a, parts.at, parts.len, delimiter);
}

/* The value is the source's own node as long as that stands there: what is put in its place is put elsewhere from then on. */
static void put_node(struct ctx *cx, struct doc *parent, struct doc *old, struct doc *new, struct doc **value)
{
    doc_replace(cx->arena, parent, old, new);
    if (*value == old)
        *value = new;
}

static int put_value(struct ctx *cx, const struct doc *options, const struct fieldpath_hit *hit,
                     struct doc **value)
{
    const char *old = text_of(hit->node);
    if (!old && !str_empty(doc_text_at(options, "delimiter")))
        return err_fail(cx, ERR_INVALID, "delimiter option can only be used with scalar nodes");
    if (!hit->parent)
        return 0; /* inside a value that was opened for reading only */
    if (!old) {
        put_node(cx, hit->parent, hit->node, doc_copy(cx->arena, *value), value);
        return 0;
    }
    const char *text = splice(cx->arena, options, old, str_or(text_of(*value), ""));
    put_node(cx, hit->parent, hit->node, with_text(cx->arena, hit->node, text), value);
    return 0;
}

static const char *serialize(struct ctx *cx, const struct doc *before, const struct doc *d,
                             const char *original)
{
    struct arena *a = cx->arena;
    const char *trimmed = str_trim(a, original);
    bool json = trimmed[0] == '{' || trimmed[0] == '[';
    bool pretty = strchr(original, '\n') && strstr(original, "  ");
    if (json)
        return json_text(a, d, JSON_GO | (pretty ? JSON_INDENT : 0));
    const char *restyled = yml_restyle(cx, original, before, d);
    if (restyled)
        return str_trim(a, restyled);
    struct buf out = buf_new(a, TEXT_MAX);
    yml_print_ordered(&out, d);
    return str_trim(a, buf_text(&out));
}

/* Sets the value inside a document that a scalar holds as text. */
static int put_inside(struct ctx *cx, struct doc *root, struct doc *scalar, const char *const *head,
                      size_t head_len, const char *const *rest, int create, struct doc **value)
{
    struct doc *inner = NULL;
    struct doc *before = NULL;
    struct doc *parent = NULL;
    struct fieldpath_hits hits = { 0 };
    const char *text = resource_scalar(scalar);
    const char **up = ARENA_ARRAY(cx->arena, const char *, head_len + 1);
    memcpy(up, head, sizeof(*up) * (head_len - 1));
    if (yml_parse(cx, text, strlen(text), "value", &inner) < 0 ||
        fieldpath_match(cx, inner, rest, create, &hits) < 0 || fieldpath_lookup(cx, root, up, &parent) < 0)
        return err_code(cx);
    if (!hits.len)
        return err_fail(cx, ERR_NOT_FOUND, "unable to find field in structured data");
    if (yml_parse(cx, text, strlen(text), "value", &before) < 0)
        return err_code(cx);
    for (size_t i = 0; i < hits.len; i++)
        if (put_value(cx, NULL, &hits.at[i], value) < 0)
            return err_code(cx);
    put_node(cx, parent, scalar, doc_string(cx->arena, serialize(cx, before, inner, text)), value);
    return 0;
}

/* Tries each beginning of the path that leads to a scalar; false when the path does not lead inside one. */
static bool try_inside(struct ctx *cx, struct doc *root, const char *const *parts, int create,
                       struct doc **value)
{
    size_t n = 0;
    while (parts[n])
        n++;
    for (size_t i = 1; i < n; i++) {
        struct doc *scalar = NULL;
        const char **head = ARENA_ARRAY(cx->arena, const char *, i + 1);
        memcpy(head, parts, sizeof(*head) * i);
        if (fieldpath_lookup(cx, root, head, &scalar) < 0) {
            err_clear(cx);
            continue;
        }
        if (!scalar || !resource_scalar(scalar))
            continue;
        bool done = put_inside(cx, root, scalar, head, i, parts + i, create, value) >= 0;
        err_clear(cx);
        return done;
    }
    return false;
}

static int put_path(struct ctx *cx, struct resource *r, const struct doc *options, const char *path,
                    struct doc **value)
{
    struct fieldpath_hits hits = { 0 };
    const char **parts = fieldpath_split(cx->arena, path);
    bool creating = doc_is_true(doc_find(options, "create"), false);
    int create = !creating ? -1 : resource_scalar(*value) ? DOC_STRING : (int)doc_kind(*value);
    const char *what = creating ? "unable to find or create field" : "unable to find field";
    if (try_inside(cx, r->doc, parts, create, value))
        return 0;
    if (fieldpath_match(cx, r->doc, parts, create, &hits) < 0)
        return err_wrap(cx, "%s \"%s\" in replacement target", what, path);
    if (!hits.len)
        return err_fail(cx, ERR_NOT_FOUND, "%s \"%s\" in replacement target %s%s", what, path,
                        resid_text(cx->arena, &r->id), fieldpath_hint(cx->arena, r->doc, parts));
    for (size_t i = 0; i < hits.len; i++)
        if (put_value(cx, options, &hits.at[i], value) < 0)
            return err_wrap(cx, "%s of %s", path, resid_text(cx->arena, &r->id));
    return 0;
}

static bool matches_any_id(const struct selector *s, const struct resource *r)
{
    for (size_t i = 0; i <= r->past.len; i++) {
        struct resid id = resource_id_at(r, i);
        if (selector_matches_id(s, &id))
            return true;
    }
    return false;
}

static bool is_target(const struct replace_target *target, const struct resource *r)
{
    if (!r->doc || !selector_matches_labels(target->select, r) || !matches_any_id(target->select, r))
        return false;
    for (size_t i = 0; i < target->reject.len; i++) {
        const struct selector *reject = target->reject.at[i];
        if (selector_has_labels(reject) && selector_matches_labels(reject, r))
            return false;
        if (target->reject_ids[i] && matches_any_id(reject, r))
            return false;
    }
    return true;
}

static int put_target(struct ctx *cx, const struct replace_target *target, struct resource *r,
                      struct doc **value)
{
    const struct doc *paths = doc_find(target->d, "fieldPaths");
    const struct doc *options = doc_find(target->d, "options");
    if (!doc_len(paths))
        return put_path(cx, r, options, "metadata.name", value);
    doc_each (path, paths)
        if (put_path(cx, r, options, str_or(doc_text(path), ""), value) < 0)
            return err_code(cx);
    return 0;
}

static int run_one(struct ctx *cx, const struct replacement *replacement, struct resmap *m)
{
    struct doc *value = NULL;
    if ((!doc_find(replacement->d, "source") && !doc_find(replacement->d, "sourceValue")) ||
        replacement->aimless)
        return err_fail(cx, ERR_INVALID, "replacements must specify a source and at least one target");
    if (read_source(cx, replacement->d, m, &value) < 0)
        return err_code(cx);
    if (replacement->broken.code) {
        cx->err = replacement->broken;
        return err_code(cx);
    }
    for (size_t i = 0; i < replacement->targets.len; i++) {
        struct resources all = selector_candidates(replacement->targets.at[i].select, m);
        for (size_t j = 0; j < all.len; j++) {
            struct resource *r = all.at[j];
            if (!is_target(&replacement->targets.at[i], r))
                continue;
            if (put_target(cx, &replacement->targets.at[i], r, &value) < 0)
                return err_code(cx);
            if (resource_refresh(cx->arena, r))
                resmap_touch(m);
        }
    }
    return 0;
}

static int run_replace(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    const struct replace_args *args = step->args;
    for (size_t i = 0; i < args->all.len; i++)
        if (run_one(cx, &args->all.at[i], m) < 0)
            return err_wrap(cx, "replacements (%s)", args->all.at[i].place);
    return 0;
}

static bool names_an_id(const struct doc *reject)
{
    static const char *const fields[] = { "group", "version", "kind", "name", "namespace" };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!str_empty(doc_text(doc_find(reject, fields[i]))))
            return true;
    return false;
}

static int plan_target(struct ctx *cx, const struct doc *d, struct replacement *replacement)
{
    struct replace_target target = { .d = d };
    if (doc_kind(doc_find(d, "select")) != DOC_OBJECT)
        return err_fail(cx, ERR_INVALID, "target must specify resources to select");
    if (selector_new(cx, doc_find(d, "select"), &target.select) < 0)
        return err_wrap(cx, "error creating target selector");
    target.reject_ids = ARENA_ARRAY(cx->arena, bool, doc_len(doc_find(d, "reject")) + 1);
    doc_each (reject, doc_find(d, "reject")) {
        struct selector *s = NULL;
        if (selector_new(cx, reject, &s) < 0)
            return err_wrap(cx, "error creating target selector");
        target.reject_ids[target.reject.len] = names_an_id(reject);
        vec_push(cx->arena, &target.reject, s);
    }
    vec_push(cx->arena, &replacement->targets, target);
    return 0;
}

static struct replacement *plan_one(struct ctx *cx, const struct doc *d, const char *file,
                                    struct replace_args *args)
{
    struct replacement replacement = { .d = d,
                                       .place = str_fmt(cx->arena, "%s:%d", file, doc_line(d)),
                                       .aimless = !doc_find(d, "targets") };
    doc_each (target, doc_find(d, "targets")) {
        if (plan_target(cx, target, &replacement) >= 0)
            continue;
        replacement.broken = cx->err;
        err_clear(cx);
        break;
    }
    vec_push(cx->arena, &args->all, replacement);
    return &args->all.at[args->all.len - 1];
}

/* Plans what was read from a file, which nobody has checked. */
static int plan_read(struct ctx *cx, struct doc *d, const char *file, struct replace_args *args)
{
    if (doc_kind(d) != DOC_NULL &&
        kschema_check(cx, d, kfile_replacement, KSCHEMA_LENIENT, "Replacement", file) < 0)
        return err_code(cx);
    plan_one(cx, d, file, args);
    return 0;
}

/* A file holds one replacement, or a list of them. */
static int plan_from_file(struct ctx *cx, const struct ktarget *t, const char *path,
                          struct replace_args *args)
{
    struct buf text;
    struct doc *d = NULL;
    const char *name = kload_show(cx->arena, t->load, path);
    if (kload_read(cx, t->load, path, &text) < 0 ||
        yml_parse_as(cx, buf_text(&text), text.len, name, YML_11 | YML_LAST_WINS | YML_FIRST, &d) < 0)
        return err_code(cx);
    if (doc_kind(d) == DOC_OBJECT)
        return plan_read(cx, d, name, args);
    if (doc_kind(d) != DOC_ARRAY)
        return err_fail(cx, ERR_INVALID,
                        "unsupported replacement type encountered within replacement path: %s (%s)",
                        doc_kind_name(d), name);
    doc_each (one, d)
        if (plan_read(cx, one, name, args) < 0)
            return err_code(cx);
    return 0;
}

/* `is_field`: of the kustomization file, and not of a plugin. */
static int plan_entries(struct ctx *cx, struct transform_plan *plan, const struct doc *entries, bool is_field)
{
    struct replace_args *args = ARENA_NEW(cx->arena, struct replace_args);
    const char *file = kload_show(cx->arena, plan->target->load, plan->target->file_name);
    doc_each (entry, entries) {
        const char *path = str_or(doc_text_at(entry, "path"), "");
        if (path[0] && (doc_find(entry, "source") || doc_find(entry, "targets")))
            return err_fail(
                cx, ERR_INVALID,
                "trouble configuring builtin ReplacementTransformer: replacements (%s:%d): cannot "
                "specify both path and inline replacement",
                file, doc_line(entry));
        if (!path[0] && is_field) /* upstream writes its fields anew: an empty list is none */
            plan_one(cx, entry, file, args)->aimless = !doc_len(doc_find(entry, "targets"));
        else if (!path[0])
            plan_one(cx, entry, file, args);
        else if (plan_from_file(cx, plan->target, path, args) < 0)
            return err_wrap(cx, "trouble configuring builtin ReplacementTransformer: replacements (%s:%d)",
                            file, doc_line(entry));
    }
    transform_add(cx, plan, run_replace, args);
    return 0;
}

int transform_replace_file(struct ctx *cx, struct transform_plan *plan)
{
    const struct doc *entries = doc_find(plan->target->file, "replacements");
    return doc_len(entries) ? plan_entries(cx, plan, entries, true) : 0;
}

int transform_replace_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    return plan_entries(cx, plan, doc_find(config, "replacements"), false);
}
