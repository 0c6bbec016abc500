/*
 * openapi.c: see openapi.h. Definitions are found by x-kubernetes-group-version-kind; references are resolved when a
 * position passes them, into the own document first and into the built-in definitions after.
 */
#include "libgotk/kustomize/openapi.h"

#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/kinds.h"

#include <stdio.h>
#include <string.h>

#define REFERENCE_DEPTH_MAX 32

struct openapi {
    const struct doc *definitions;
    struct map by_kind; /* "group\nversion\nkind" -> definition */
    bool alone;         /* nothing is built in beside it */
    const char *broken; /* what is wrong with it; NULL: nothing */
};

/* A member that has to be of a kind where it is there. */
struct member_row {
    const char *name;
    enum doc_kind kind;
};

static const struct member_row swagger_rows[] = {
    { "swagger", DOC_STRING },    { "info", DOC_OBJECT },      { "host", DOC_STRING },
    { "basePath", DOC_STRING },   { "schemes", DOC_ARRAY },    { "consumes", DOC_ARRAY },
    { "produces", DOC_ARRAY },    { "paths", DOC_OBJECT },     { "definitions", DOC_OBJECT },
    { "parameters", DOC_OBJECT }, { "responses", DOC_OBJECT }, { "securityDefinitions", DOC_OBJECT },
    { NULL, DOC_NULL },
};

static const struct member_row schema_rows[] = {
    { "description", DOC_STRING }, { "format", DOC_STRING }, { "properties", DOC_OBJECT },
    { "required", DOC_ARRAY },     { "title", DOC_STRING },  { NULL, DOC_NULL },
};

static const char *kind_key(struct arena *a, const char *group, const char *version, const char *kind)
{
    return str_fmt(a, "%s\n%s\n%s", str_or(group, ""), str_or(version, ""), str_or(kind, ""));
}

static void index_definition(struct ctx *cx, struct openapi *api, struct doc *definition)
{
    doc_each (g, doc_find(definition, "x-kubernetes-group-version-kind")) {
        const char *key =
            kind_key(cx->arena, doc_text_at(g, "group"), doc_text_at(g, "version"), doc_text_at(g, "kind"));
        map_set(&api->by_kind, key, definition);
    }
}

/* As upstream: JSON where it looks like it, and YAML 1.1 else, of which the first document counts. */
static int parse(struct ctx *cx, const char *text, size_t len, const char *file, struct doc **ret)
{
    struct doc *docs = NULL;
    if (text[0] == '{')
        return json_parse(cx, text, len, file, ret);
    if (!len)
        return err_fail(cx, ERR_INVALID, "the file is empty");
    if (yml_parse_all_as(cx, text, len, file, YML_11 | YML_LAST_WINS | YML_FIRST, &docs) < 0)
        return err_code(cx);
    *ret = doc_first(docs);
    return 0;
}

/* An object, or nothing at all, with members of the right kinds. */
static int check_members(struct ctx *cx, const struct doc *d, const struct member_row *rows, const char *what)
{
    if (d && doc_kind(d) != DOC_OBJECT && doc_kind(d) != DOC_NULL)
        return err_fail(cx, ERR_INVALID, "%s is %s and no object (line %d)", what, doc_kind_name(d),
                        doc_line(d));
    for (; rows->name; rows++) {
        const struct doc *member = doc_find(d, rows->name);
        if (member && doc_kind(member) != rows->kind && doc_kind(member) != DOC_NULL)
            return err_fail(cx, ERR_INVALID, "'%s' is %s in %s (line %d)", rows->name, doc_kind_name(member),
                            what, doc_line(member));
    }
    return 0;
}

/* A schema, and those of its properties. */
static int check_schema(struct ctx *cx, const struct doc *d, const char *what)
{
    if (check_members(cx, d, schema_rows, what) < 0)
        return err_code(cx);
    doc_each (property, doc_find(d, "properties"))
        if (check_schema(cx, property, doc_key(property)) < 0)
            return err_code(cx);
    return 0;
}

static int read_swagger(struct ctx *cx, struct openapi *api, const char *text, size_t len, const char *file)
{
    struct doc *swagger = NULL;
    if (parse(cx, text, len, file, &swagger) < 0 ||
        check_members(cx, swagger, swagger_rows, "the schema") < 0)
        return err_code(cx);
    api->definitions = doc_find(swagger, "definitions");
    doc_each (definition, api->definitions) {
        if (check_schema(cx, definition, doc_key(definition)) < 0)
            return err_code(cx);
        index_definition(cx, api, definition);
    }
    return 0;
}

int openapi_new(struct ctx *cx, const char *text, size_t len, const char *file, bool alone,
                struct openapi **ret)
{
    struct openapi *api = ARENA_NEW(cx->arena, struct openapi);
    api->by_kind = map_new(cx->arena);
    api->alone = alone;
    if (read_swagger(cx, api, text, len, file) < 0) {
        if (err_code(cx) != ERR_INVALID)
            return err_wrap(cx, "schema file %s", file);
        api->broken = str_fmt(cx->arena, "invalid schema file %s: %s", file, err_message(cx));
        err_clear(cx);
    }
    *ret = api;
    return 0;
}

int openapi_check(struct ctx *cx, const struct openapi *api)
{
    return api && api->broken ? err_fail(cx, ERR_INVALID, "%s", api->broken) : 0;
}

/* Follows $ref from a schema object; what the own document lacks may be built in. */
static struct openapi_at resolve(struct openapi_at at)
{
    for (int i = 0; i < REFERENCE_DEPTH_MAX; i++) {
        const char *ref = doc_text_at(at.custom, "$ref");
        if (!ref)
            return at;
        const char *slash = strrchr(ref, '/');
        const char *name = slash ? slash + 1 : ref;
        at.custom = doc_find(at.api->definitions, name);
        if (!at.custom && !at.api->alone)
            at.fields = kinds_definition(name);
    }
    at.custom = NULL;
    return at;
}

struct openapi_at openapi_resource(const struct openapi *api, struct gvk g)
{
    struct openapi_at at = { .api = api };
    if (!g.kind[0] || !g.version[0])
        return at;
    if (api) {
        char key[512];
        int n = snprintf(key, sizeof(key), "%s\n%s\n%s", g.group, g.version, g.kind);
        at.custom = n > 0 && (size_t)n < sizeof(key) ? map_find(&api->by_kind, key) : NULL;
    }
    if (!at.custom && !(api && api->alone))
        at.fields = kinds_fields(g.group, g.version, g.kind);
    return at;
}

struct openapi_at openapi_field(struct openapi_at at, const char *name)
{
    struct openapi_at next = { .api = at.api };
    if (at.custom) {
        next.custom = doc_find(doc_find(at.custom, "properties"), name);
        if (!next.custom)
            next.custom = doc_find(at.custom, "additionalProperties");
        return resolve(next);
    }
    next.row = kinds_field_find(at.fields, name);
    next.fields = next.row ? next.row->fields : NULL;
    return next;
}

struct openapi_at openapi_elements(struct openapi_at at)
{
    struct openapi_at next = { .api = at.api, .fields = at.fields };
    if (!at.custom)
        return next;
    next.custom = doc_find(at.custom, "items");
    return resolve(next);
}

static bool has_strategy(const char *strategies, const char *wanted)
{
    size_t n = strlen(wanted);
    for (const char *p = strategies; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (!strncmp(p, wanted, n) && (!p[n] || p[n] == ','))
            return true;
    }
    return false;
}

static bool custom_merges(struct arena *a, const struct doc *schema, const char ***ret_keys,
                          size_t *ret_count)
{
    VEC(const char *) keys = { 0 };
    if (!has_strategy(str_or(doc_text_at(schema, "x-kubernetes-patch-strategy"), "-"), "merge"))
        return false;
    const struct doc *map_keys = doc_find(schema, "x-kubernetes-list-map-keys");
    const char *merge_key = doc_text_at(schema, "x-kubernetes-patch-merge-key");
    doc_each (key, map_keys)
        vec_push(a, &keys, str_or(doc_text(key), ""));
    if (!map_keys && merge_key)
        vec_push(a, &keys, merge_key);
    *ret_keys = keys.at;
    *ret_count = keys.len;
    return true;
}

bool openapi_merges(struct arena *a, struct openapi_at at, const char ***ret_keys, size_t *ret_count)
{
    if (at.custom)
        return custom_merges(a, at.custom, ret_keys, ret_count);
    if (!at.row || !at.row->merge)
        return false;
    const char **keys = ARENA_ARRAY(a, const char *, KINDS_KEYS_MAX);
    size_t n = 0;
    while (n < KINDS_KEYS_MAX && at.row->keys[n]) {
        keys[n] = at.row->keys[n];
        n++;
    }
    *ret_keys = keys;
    *ret_count = n;
    return true;
}
