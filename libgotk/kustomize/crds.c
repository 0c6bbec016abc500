/*
 * crds.c: see crds.h. A definition with kind, apiVersion and metadata is a type; its properties are walked through their
 * references, remembering the path. Schemas that refer to themselves end at a fixed depth, where upstream recurses
 * for ever.
 */
#include "libgotk/kustomize/crds.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"

#include <string.h>

#define DEPTH_MAX 16

struct scan {
    struct ctx *cx;
    const struct doc *definitions;
    struct tconfig *config;
    struct gvk kind;
};

/* Hints that put a property into a list of fields. */
static const struct {
    const char *hint;
    enum tconfig_list list;
} hints[] = {
    { "x-kubernetes-annotation", TCONFIG_COMMON_ANNOTATIONS },
    { "x-kubernetes-label-selector", TCONFIG_COMMON_LABELS },
    { "x-kubernetes-identity", TCONFIG_NAME_PREFIX },
};

static struct fieldspec spec_for(const struct scan *s, const char *path)
{
    return fieldspec_normal((struct fieldspec){ .gvk = s->kind, .path = path });
}

static int add_reference(const struct scan *s, const struct doc *property, const char *path)
{
    const char *version = doc_text_at(property, "x-kubernetes-object-ref-api-version");
    const char *kind = doc_text_at(property, "x-kubernetes-object-ref-kind");
    const char *key = str_or(doc_text_at(property, "x-kubernetes-object-ref-name-key"), "name");
    struct gvk target = { "", str_or(version, ""), str_or(kind, "") };
    if (!version || !kind)
        return 0;
    return tconfig_add_ref(s->cx, s->config, target, spec_for(s, str_fmt(s->cx->arena, "%s/%s", path, key)));
}

static int scan_type(const struct scan *s, const char *type, const char *path, int depth);

static int scan_property(const struct scan *s, const struct doc *property, const char *path, int depth)
{
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (doc_text_at(property, hints[i].hint) &&
            fieldspec_merge(s->cx, &s->config->lists[hints[i].list], spec_for(s, path)) < 0)
            return err_code(s->cx);
    if (add_reference(s, property, path) < 0)
        return err_code(s->cx);
    const char *ref = doc_text_at(property, "$ref");
    return ref && depth < DEPTH_MAX ? scan_type(s, ref, path, depth + 1) : 0;
}

static int scan_type(const struct scan *s, const char *type, const char *path, int depth)
{
    const struct doc *properties = doc_path(doc_find(s->definitions, type), "Schema", "properties");
    doc_each (property, properties) {
        const char *below =
            path[0] ? str_fmt(s->cx->arena, "%s/%s", path, doc_key(property)) : doc_key(property);
        if (scan_property(s, property, below, depth) < 0)
            return err_code(s->cx);
    }
    return 0;
}

static bool is_type(const struct doc *definition)
{
    const struct doc *properties = doc_path(definition, "Schema", "properties");
    return doc_find(properties, "kind") && doc_find(properties, "apiVersion") &&
           doc_find(properties, "metadata");
}

static int scan_file(struct ctx *cx, const struct doc *definitions, struct tconfig *config)
{
    doc_each (definition, definitions) {
        const char *name = doc_key(definition);
        const char *dot = strrchr(name, '.');
        struct scan s = { .cx = cx, .definitions = definitions, .config = config };
        s.kind = (struct gvk){ "", "", dot ? dot + 1 : name };
        if (is_type(definition) && scan_type(&s, name, "", 0) < 0)
            return err_code(cx);
    }
    return 0;
}

static int parse_file(struct ctx *cx, const struct buf *text, const char *name, struct doc **ret)
{
    const char *p = buf_text(text);
    if (!p[0])
        return err_fail(cx, ERR_INVALID, "%s is empty", name);
    return p[0] == '{' ? json_parse(cx, p, text->len, name, ret)
                       : yml_parse_as(cx, p, text->len, name, YML_11 | YML_LAST_WINS | YML_FIRST, ret);
}

static int check_definitions(struct ctx *cx, const struct doc *definitions)
{
    doc_each (definition, definitions)
        if (doc_kind(definition) != DOC_OBJECT && doc_kind(definition) != DOC_NULL)
            return err_fail(
                cx, ERR_INVALID,
                "json: cannot unmarshal %s into Go value of type accumulator.OpenAPIDefinition (line "
                "%d: '%s' has to be a map with a Schema)",
                doc_kind_name(definition), doc_line(definition), str_or(doc_key(definition), ""));
    return 0;
}

int crds_load(struct ctx *cx, const struct kload *l, const struct doc *paths, const struct tconfig **ret)
{
    *ret = NULL;
    if (!doc_len(paths))
        return 0;
    struct tconfig *config = ARENA_NEW(cx->arena, struct tconfig);
    doc_each (entry, paths) {
        struct buf text;
        struct doc *definitions = NULL;
        const char *path = str_or(doc_text(entry), "");
        if (kload_read(cx, l, path, &text) < 0)
            return err_code(cx);
        if (parse_file(cx, &text, kload_show(cx->arena, l, path), &definitions) < 0 ||
            check_definitions(cx, definitions) < 0)
            return err_wrap(cx, "unable to parse open API definition from '%s'", path);
        if (scan_file(cx, definitions, config) < 0)
            return err_code(cx);
    }
    *ret = config;
    return 0;
}
