/*
 * generate.c: see generate.h. Mirrors fluxcd/pkg kustomize.Generator. Only the root is treated so; bases are read strictly.
 */
#include "libgotk/kustomize/generate.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/kfile.h"
#include "libgotk/kustomize/kload.h"
#include "libgotk/kustomize/read.h"

#include <string.h>
#include <strings.h>

struct scan {
    const struct kload *load;
    struct doc *resources;
};

static bool has_kustomization(struct ctx *cx, const struct kload *l, const char *dir)
{
    for (size_t i = 0; kfile_names[i]; i++)
        if (kload_exists(cx, l, str_fmt(cx->arena, "%s/%s", dir, kfile_names[i])))
            return true;
    return false;
}

static int check_manifest(struct ctx *cx, const struct kload *l, const char *path)
{
    struct buf text;
    struct resources found = { 0 };
    struct arena_mark mark = arena_mark(cx->arena);
    if (kload_read(cx, l, path, &text) < 0)
        return err_code(cx);
    const char *shown = kload_show(cx->arena, l, path);
    if (read_resources(cx, buf_text(&text), text.len, shown, &found) < 0)
        return err_wrap(cx, "failed to decode Kubernetes YAML from %s", shown);
    arena_release(cx->arena, mark);
    return 0;
}

/* Adds manifests, and folders with a kustomization of their own, in the order of the walk. */
static int visit(struct ctx *cx, void *user, const struct fs_entry *entry)
{
    struct scan *s = user;
    bool is_dir = S_ISDIR(entry->stat->st_mode);
    if (!strcmp(entry->path, "."))
        return FS_WALK_ON;
    if (is_dir && !has_kustomization(cx, s->load, entry->path))
        return FS_WALK_ON;
    if (!is_dir && !str_ends(entry->name, ".yaml") && !str_ends(entry->name, ".yml"))
        return FS_WALK_ON;
    if (!is_dir && check_manifest(cx, s->load, entry->path) < 0)
        return err_code(cx);
    doc_append_text(cx->arena, s->resources, str_fmt(cx->arena, "./%s", entry->path));
    return is_dir ? FS_WALK_SKIP : FS_WALK_ON;
}

/* A kustomization of everything below the folder. An empty one would be an error, so it gets a namespace. */
static int make_file(struct ctx *cx, const struct kload *l, struct doc **ret)
{
    struct doc *d = doc_object(cx->arena);
    struct scan s = { .load = l, .resources = doc_array(cx->arena) };
    if (fs_walk(cx, str_fmt(cx->arena, "%s/%s", l->root, l->dir), visit, &s) < 0)
        return err_code(cx);
    if (doc_len(s.resources))
        doc_set(cx->arena, d, "resources", s.resources);
    else
        doc_set_text(cx->arena, d, "namespace", "_placeholder");
    *ret = d;
    return 0;
}

static int read_file(struct ctx *cx, const struct kload *l, const char *name, struct doc **ret)
{
    struct buf text;
    struct doc *docs = NULL;
    const char *shown = kload_show(cx->arena, l, name);
    if (kload_read(cx, l, name, &text) < 0 ||
        yml_parse_all_as(cx, buf_text(&text), text.len, shown, YML_11 | YML_LAST_WINS | YML_FIRST, &docs) < 0)
        return err_code(cx);
    struct doc *d = doc_first(docs) ? doc_first(docs) : doc_object(cx->arena);
    if (kschema_check(cx, d, kfile_fields, KSCHEMA_LENIENT, "Kustomization", shown) < 0)
        return err_code(cx);
    if (!doc_len(doc_find(d, "resources"))) {
        struct doc *metadata = doc_array(cx->arena);
        doc_append_text(cx->arena, metadata, "originAnnotations");
        doc_set(cx->arena, d, "buildMetadata", metadata);
    }
    *ret = d;
    return 0;
}

static int find_or_make(struct ctx *cx, const struct kload *l, struct doc **ret)
{
    for (size_t i = 0; kfile_names[i]; i++)
        if (kload_exists(cx, l, kfile_names[i]))
            return read_file(cx, l, kfile_names[i], ret);
    return make_file(cx, l, ret);
}

/* The list under `field`, made when absent. */
static struct doc *list_of(struct arena *a, struct doc *d, const char *field)
{
    if (doc_kind(doc_find(d, field)) != DOC_ARRAY)
        doc_set(a, d, field, doc_array(a));
    return doc_find(d, field);
}

static void overlay_texts(struct arena *a, struct doc *d, const struct doc *spec)
{
    static const struct {
        const char *from;
        const char *to;
    } texts[] = { { "targetNamespace", "namespace" },
                  { "namePrefix", "namePrefix" },
                  { "nameSuffix", "nameSuffix" } };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (doc_text_at(spec, texts[i].from))
            doc_set_text(a, d, texts[i].to, doc_text_at(spec, texts[i].from));
}

/* Only what a target of kustomize knows. */
static struct doc *target_of(struct arena *a, const struct doc *from)
{
    static const char *const fields[] = { "group",         "version",           "kind", "name", "namespace",
                                          "labelSelector", "annotationSelector" };
    struct doc *target = doc_object(a);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        doc_set_text(a, target, fields[i], doc_text(doc_find(from, fields[i])));
    return target;
}

static void add_patch(struct arena *a, struct doc *list, const char *text, const struct doc *target)
{
    struct doc *entry = doc_object(a);
    doc_set_text(a, entry, "patch", text);
    if (target)
        doc_set(a, entry, "target", target_of(a, target));
    doc_append(list, entry);
}

static void overlay_patches(struct arena *a, struct doc *d, const struct doc *spec)
{
    doc_each (patch, doc_find(spec, "patches"))
        add_patch(a, list_of(a, d, "patches"), str_or(doc_text_at(patch, "patch"), ""),
                  doc_find(patch, "target"));
    doc_each (patch, doc_find(spec, "patchesStrategicMerge"))
        doc_append_text(a, list_of(a, d, "patchesStrategicMerge"), json_text(a, patch, JSON_GO));
    doc_each (patch, doc_find(spec, "patchesJson6902"))
        add_patch(a, list_of(a, d, "patchesJson6902"), json_text(a, doc_find(patch, "patch"), JSON_GO),
                  doc_find(patch, "target"));
}

static bool is_local(const char *path)
{
    static const char *const remote[] = { "git::",   "gh:",  "ssh://",      "https://",
                                          "http://", "git@", "github.com:", "github.com/" };
    for (size_t i = 0; i < ARRAY_LEN(remote); i++)
        if (strlen(path) > strlen(remote[i]) && !strncasecmp(path, remote[i], strlen(remote[i])))
            return false;
    return path[0] != '/' && strncasecmp(path, "file:///", strlen("file:///")) != 0;
}

/* True when something is at the path, whatever it is. */
static bool is_there(struct ctx *cx, const struct kload *l, const char *path)
{
    struct kload *below = NULL;
    struct err kept = cx->err;
    bool there = kload_exists(cx, l, path) || kload_enter(cx, l, path, &below) >= 0;
    cx->err = kept;
    return there;
}

static int overlay_components(struct ctx *cx, const struct kload *l, struct doc *d, const struct doc *spec)
{
    bool skip_missing = doc_is_true(doc_find(spec, "ignoreMissingComponents"), false);
    doc_each (entry, doc_find(spec, "components")) {
        const char *path = str_or(doc_text(entry), "");
        if (!is_local(path))
            return err_fail(cx, ERR_INVALID, "component path '%s' must be local and relative", path);
        if (skip_missing && !is_there(cx, l, path))
            continue;
        doc_append_text(cx->arena, list_of(cx->arena, d, "components"), path);
    }
    return 0;
}

static struct doc *image_called(const struct doc *images, const char *name)
{
    doc_each (image, images)
        if (str_eq(str_or(doc_text_at(image, "name"), ""), name))
            return image;
    return NULL;
}

/* A tag and a digest both choose the version: giving one takes the other away. */
static void merge_image(struct arena *a, struct doc *image, const struct doc *from)
{
    const char *name = str_or(doc_text_at(from, "newName"), "");
    const char *tag = str_or(doc_text_at(from, "newTag"), "");
    const char *digest = str_or(doc_text_at(from, "digest"), "");
    if (name[0])
        doc_set_text(a, image, "newName", name);
    if (!tag[0] && !digest[0])
        return;
    doc_set_text(a, image, "newTag", tag);
    doc_set_text(a, image, "digest", digest);
}

static void overlay_images(struct arena *a, struct doc *d, const struct doc *spec)
{
    doc_each (from, doc_find(spec, "images")) {
        struct doc *images = list_of(a, d, "images");
        const char *name = str_or(doc_text_at(from, "name"), "");
        struct doc *image = image_called(images, name);
        if (!image) {
            image = doc_object(a);
            doc_set_text(a, image, "name", name);
            doc_append(images, image);
        }
        merge_image(a, image, from);
    }
}

int kustomize_generate(struct ctx *cx, const struct kustomize_options *options, const struct doc *spec,
                       struct doc **ret_file)
{
    struct kload *l = NULL;
    struct doc *d = NULL;
    if (kload_open(cx, options, &l) < 0 || find_or_make(cx, l, &d) < 0)
        return err_code(cx);
    overlay_texts(cx->arena, d, spec);
    overlay_patches(cx->arena, d, spec);
    if (overlay_components(cx, l, d, spec) < 0)
        return err_code(cx);
    overlay_images(cx->arena, d, spec);
    if (doc_len(doc_find(spec, "buildMetadata")))
        doc_set(cx->arena, d, "buildMetadata", doc_copy(cx->arena, doc_find(spec, "buildMetadata")));
    *ret_file = d;
    return ctx_check(cx);
}
