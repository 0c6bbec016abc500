/*
 * transform_images.c: images: new names, tags and digests. Every entry makes two passes, as upstream: over each list
 * called containers or initContainers anywhere in an object, and over the configured fields; that a tagSuffix is thereby
 * applied twice is upstream's behaviour. The name of an entry is a regular expression; plain names, where only "." is
 * special, are matched by hand.
 */
#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"
#include "libgotk/kustomize/transform.h"

#include <string.h>

struct image {
    const char *name;
    const char *new_name;
    const char *new_tag;
    const char *digest;
    const char *tag_suffix;
    struct regex *regex; /* NULL: the name is plain, or broken */
    struct err
        broken; /* why the name is no expression; told when an image is met, as upstream looks at it no earlier */
    struct fieldspecs specs;
};

static size_t tag_length(const char *s)
{
    size_t n = 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= '0' && s[n] <= '9') ||
           (s[n] && strchr("_.{}-", s[n])))
        n++;
    return n;
}

/* An optional ":tag" and an optional "@sha256:digest" up to the end. */
static bool is_rest(const char *s)
{
    if (*s == ':')
        s += 1 + tag_length(s + 1);
    if (str_starts(s, "@sha256:"))
        s += strlen("@sha256:") + tag_length(s + strlen("@sha256:"));
    return !*s;
}

static bool image_matches(const struct image *image, const char *value)
{
    if (image->regex)
        return regex_test(image->regex, value, strlen(value));
    const char *v = value;
    for (const char *p = image->name; *p; p++, v++)
        if (!*v || (*p != '.' && *p != *v))
            return false;
    return is_rest(v);
}

/* Splits "host:port/name:tag@digest"; absent parts are "". */
static void split_image(struct arena *a, const char *value, const char **ret_name, const char **ret_tag,
                        const char **ret_digest)
{
    const char *slash = strchr(value, '/');
    const char *search = slash && slash > value ? slash : value;
    const char *at = strchr(search, '@');
    const char *colon = strchr(search, ':');
    if (at && colon && at < colon)
        colon = NULL;
    size_t name_len = colon ? (size_t)(colon - value) : at ? (size_t)(at - value) : strlen(value);
    *ret_name = str_ndup(a, value, name_len);
    *ret_tag = colon ? str_ndup(a, colon + 1, at ? (size_t)(at - colon - 1) : strlen(colon + 1)) : "";
    *ret_digest = at ? at + 1 : "";
}

static const char *new_value(struct arena *a, const struct image *image, const char *value)
{
    const char *name = NULL;
    const char *tag = NULL;
    const char *digest = NULL;
    split_image(a, value, &name, &tag, &digest);
    if (image->new_tag[0] || image->digest[0]) {
        tag = image->new_tag;
        digest = image->digest;
    } else if (image->tag_suffix[0]) {
        tag = str_fmt(a, "%s%s", tag, image->tag_suffix);
        digest = "";
    }
    return str_fmt(a, "%s%s%s%s%s", str_or(image->new_name, name), tag[0] ? ":" : "", tag,
                   digest[0] ? "@" : "", digest);
}

static int set_image(struct ctx *cx, void *user, struct doc *parent, struct doc *node)
{
    const struct image *image = user;
    const char *value = resource_scalar(node);
    if (!value)
        return transform_wrong_kind(cx, "ScalarNode", node);
    if (image->broken.code) {
        cx->err = image->broken;
        return err_code(cx);
    }
    if (!image_matches(image, value))
        return 0;
    return transform_set_untyped(cx, parent, node, new_value(cx->arena, image, value));
}

static int update_containers(struct ctx *cx, struct image *image, const struct doc *list)
{
    for (struct doc *c = doc_kind(list) == DOC_ARRAY ? doc_first(list) : NULL; c; c = doc_next(c)) {
        if (doc_kind(c) == DOC_NULL)
            continue;
        if (doc_kind(c) != DOC_OBJECT)
            return transform_wrong_kind(cx, "MappingNode", c);
        struct doc *field = doc_find(c, "image");
        if (field && set_image(cx, image, c, field) < 0)
            return err_code(cx);
    }
    return 0;
}

/* Visits every list of containers at any depth. */
static int walk_containers(struct ctx *cx, struct image *image, const struct doc *d)
{
    for (const struct doc *child = doc_first(d); child; child = doc_next(child)) {
        if (doc_kind(child) != DOC_OBJECT && doc_kind(child) != DOC_ARRAY)
            continue;
        if (walk_containers(cx, image, child) < 0)
            return err_code(cx);
        const char *key = str_or(doc_key(child), "");
        if ((!strcmp(key, "containers") || !strcmp(key, "initContainers")) &&
            update_containers(cx, image, child) < 0)
            return err_code(cx);
    }
    return 0;
}

static int run_images(struct ctx *cx, const struct transform_step *step, struct resmap *m)
{
    struct image image = *(const struct image *)step->args;
    for (size_t i = 0; i < m->list.len; i++) {
        const struct resource *r = m->list.at[i];
        if (!strcmp(r->id.gvk.kind, "CustomResourceDefinition"))
            continue;
        if (walk_containers(cx, &image, r->doc) < 0 ||
            fieldspec_apply_all(cx, &image.specs, r->doc, FIELDSPEC_NO_CREATE, set_image, &image) < 0)
            return err_code(cx);
    }
    return 0;
}

static void plan_one(struct ctx *cx, struct transform_plan *plan, const struct doc *d,
                     struct fieldspecs specs)
{
    struct image *image = ARENA_NEW(cx->arena, struct image);
    image->name = str_or(doc_text_at(d, "name"), "");
    image->new_name = str_or(doc_text_at(d, "newName"), "");
    image->new_tag = str_or(doc_text_at(d, "newTag"), "");
    image->digest = str_or(doc_text_at(d, "digest"), "");
    image->tag_suffix = str_or(doc_text_at(d, "tagSuffix"), "");
    image->specs = specs;
    const char *pattern =
        str_fmt(cx->arena, "^%s(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$", image->name);
    if (strpbrk(image->name, "\\^$|?*+()[]{}") && regex_compile(cx, pattern, 0, &image->regex) < 0) {
        err_wrap(cx, "images: name '%s'", image->name);
        image->broken = cx->err;
        err_clear(cx);
    }
    transform_add(cx, plan, run_images, image);
}

int transform_images_file(struct ctx *cx, struct transform_plan *plan)
{
    static const char *const fields[] = { "images", "imageTags" };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        doc_each (entry, doc_find(plan->target->file, fields[i])) {
            transform_at(cx, plan, fields[i], entry);
            plan_one(cx, plan, entry, *tconfig_list(cx->arena, plan->config, TCONFIG_IMAGES));
        }
    return 0;
}

int transform_images_config(struct ctx *cx, struct transform_plan *plan, const struct doc *config)
{
    plan_one(cx, plan, doc_find(config, "imageTag"),
             fieldspec_list(cx->arena, doc_find(config, "fieldSpecs")));
    return 0;
}
