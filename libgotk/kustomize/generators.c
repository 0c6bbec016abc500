/*
 * generators.c: see generators.h. The hash is taken over compact, sorted, HTML-escaped JSON as Go writes it; the name
 * in it is always empty and a missing field is "", which upstream's lookup happens to give. Base64 is broken every 70
 * characters, and these newlines are hashed too.
 */
#include "libgotk/kustomize/generators.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/kv.h"
#include "libgotk/kustomize/reprint.h"

#include <stdlib.h>
#include <string.h>

#define BASE64_LINE 70
#define HASH_LENGTH 10

static const struct {
    const char *word;
    enum behavior behavior;
} behaviors[] = {
    { "create", BEHAVIOR_CREATE },
    { "replace", BEHAVIOR_REPLACE },
    { "merge", BEHAVIOR_MERGE },
};

static enum behavior behavior_of(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(behaviors); i++)
        if (str_eq(behaviors[i].word, word))
            return behaviors[i].behavior;
    return BEHAVIOR_UNSPECIFIED;
}

static const char *behavior_name(enum behavior b)
{
    for (size_t i = 0; i < ARRAY_LEN(behaviors); i++)
        if (behaviors[i].behavior == b)
            return behaviors[i].word;
    return "unspecified";
}

/* Base64 in lines of 70, each ended by a newline, once it is as long as one. */
static const char *wrapped_base64(struct arena *a, const char *data, size_t n)
{
    const char *flat = base64_encode(a, data, n);
    size_t len = strlen(flat);
    if (len < BASE64_LINE)
        return flat;
    struct buf out = buf_new(a, len * 2 + 16);
    for (size_t i = 0; i < len; i += BASE64_LINE) {
        buf_add(&out, flat + i, len - i < BASE64_LINE ? len - i : BASE64_LINE);
        buf_char(&out, '\n');
    }
    return buf_text(&out);
}

/* A string as generators write it: a text of several lines is a block. */
static struct doc *string_of(struct ctx *cx, const char *text)
{
    struct doc *d = resource_string(cx, text);
    if (strchr(text, '\n'))
        doc_set_style(d, DOC_STYLE_LITERAL);
    return d;
}

static void put_string(struct ctx *cx, struct doc *map, const char *key, const char *text)
{
    struct doc *d = string_of(cx, text);
    doc_set(cx->arena, map, key, d);
    resource_mark_key(d);
}

static void put_value(struct ctx *cx, struct doc *object, bool secret, const struct kv *pair)
{
    struct arena *a = cx->arena;
    bool text = str_is_utf8(pair->value, pair->len);
    if (secret || !text)
        put_string(cx, doc_ensure(a, object, secret ? "data" : "binaryData"), pair->key,
                   wrapped_base64(a, pair->value, pair->len));
    else
        put_string(cx, doc_ensure(a, object, "data"), pair->key,
                   doc_text(doc_nstring(a, pair->value, pair->len)));
}

/* Global labels or annotations below the local ones. */
static void put_metadata(struct ctx *cx, struct doc *object, const char *field, const struct doc *local,
                         const struct doc *global)
{
    struct arena *a = cx->arena;
    const struct doc *layers[] = { doc_find(global, field), doc_find(local, field) };
    for (size_t i = 0; i < ARRAY_LEN(layers); i++)
        doc_each (entry, layers[i])
            put_string(cx, doc_ensure(a, doc_ensure(a, object, "metadata"), field), doc_key(entry),
                       str_or(doc_text(entry), ""));
}

static bool option(const struct doc *local, const struct doc *global, const char *name)
{
    return doc_is_true(doc_find(local, name), false) || doc_is_true(doc_find(global, name), false);
}

static struct doc *base_object(struct arena *a, const char *kind, const struct doc *args)
{
    struct doc *d = doc_object(a);
    doc_set_text(a, d, "apiVersion", "v1");
    doc_set_text(a, d, "kind", kind);
    doc_set_text(a, doc_ensure(a, d, "metadata"), "name", doc_text_at(args, "name"));
    if (!str_empty(doc_text_at(args, "namespace")))
        doc_set_text(a, doc_ensure(a, d, "metadata"), "namespace", doc_text_at(args, "namespace"));
    return d;
}

int generators_make(struct ctx *cx, const struct kload *l, const char *kind, const struct doc *args,
                    const struct doc *global, struct resource **ret)
{
    struct arena *a = cx->arena;
    struct kvs pairs = { 0 };
    bool secret = !strcmp(kind, "Secret");
    const struct doc *local = doc_find(args, "options");
    if (str_empty(doc_text_at(args, "name")))
        return err_fail(cx, ERR_INVALID, "a %s must have a name", secret ? "secret" : "configmap");
    if (kv_load(cx, l, args, &pairs) < 0)
        return err_code(cx);
    struct doc *d = base_object(a, kind, args);
    if (secret) {
        doc_set_text(a, d, "type", str_or(doc_text_at(args, "type"), "Opaque"));
        doc_ensure(a, d, "data");
    }
    for (size_t i = 0; i < pairs.len; i++)
        put_value(cx, d, secret, &pairs.at[i]);
    put_metadata(cx, d, "labels", local, global);
    put_metadata(cx, d, "annotations", local, global);
    if (option(local, global, "immutable"))
        doc_set_bool(a, d, "immutable", true);
    struct resource *r = resource_new(a, d, NULL);
    r->generated = true;
    r->needs_hash = !option(local, global, "disableNameSuffixHash");
    r->behavior = behavior_of(doc_text_at(args, "behavior"));
    *ret = r;
    return 0;
}

/* An entry of data as text: for upstream a null holds nothing there, and what was written in labels and annotations. */
static const char *data_text(const struct doc *entry)
{
    return doc_kind(entry) == DOC_NULL ? "" : resource_written(entry);
}

/* Fills `owner`'s map with what only `under` has; a map that stays empty is removed. Values become strings, and keys lose
 * their quotes. */
static void merge_maps(struct ctx *cx, const struct doc *under, struct doc *owner, const char *field,
                       const char *(*text_of)(const struct doc *entry))
{
    struct doc *merged = doc_object(cx->arena);
    const struct doc *layers[] = { under, doc_find(owner, field) };
    for (size_t i = 0; i < ARRAY_LEN(layers); i++)
        doc_each (entry, doc_kind(layers[i]) == DOC_OBJECT ? layers[i] : NULL)
            put_string(cx, merged, doc_key(entry), text_of(entry));
    if (doc_len(merged))
        doc_set(cx->arena, owner, field, merged);
    else
        doc_remove(owner, field);
}

/* The new object takes over the old one's identity, history, and labels it does not set itself. */
static void inherit(struct ctx *cx, struct resource *r, const struct resource *old)
{
    struct arena *a = cx->arena;
    struct doc *meta = doc_ensure(a, r->doc, "metadata");
    merge_maps(cx, doc_path(old->doc, "metadata", "labels"), meta, "labels", resource_written);
    merge_maps(cx, doc_path(old->doc, "metadata", "annotations"), meta, "annotations", resource_written);
    resource_set_name(a, r, old->id.name);
    resource_set_namespace(a, r, old->id.ns);
    r->needs_hash = r->needs_hash && old->needs_hash;
    r->behavior = old->behavior;
    r->past = old->past;
    r->past_nameless = old->past_nameless;
    r->lost_past = old->lost_past;
    r->prefixes = old->prefixes;
    r->suffixes = old->suffixes;
    r->vars = old->vars;
    resource_refresh(a, r);
}

static const char *go_id(struct arena *a, const struct resid *id)
{
    return str_fmt(
        a,
        "resid.ResId{Gvk:resid.Gvk{Group:\"%s\", Version:\"%s\", Kind:\"%s\", isClusterScoped:%s}, "
        "Name:\"%s\", Namespace:\"%s\"}",
        id->gvk.group, id->gvk.version, id->gvk.kind, id->cluster ? "true" : "false", id->name, id->ns);
}

#define ORIGIN "config.kubernetes.io/origin"

static int merge_into(struct ctx *cx, struct resmap *m, struct resource *r, struct resource *old)
{
    struct arena *a = cx->arena;
    enum behavior behavior = r->behavior;
    const char *origin = resource_annotation(old, ORIGIN);
    if (behavior != BEHAVIOR_MERGE && behavior != BEHAVIOR_REPLACE)
        return err_fail(cx, ERR_EXISTS,
                        "id %s exists; can not use behavior: '%s', behavior must be merge or replace%s",
                        go_id(a, &r->id), behavior_name(behavior),
                        old->file ? str_fmt(a, " (there is one from %s)", old->file) : "");
    inherit(cx, r, old);
    if (!resid_equal(&r->id, &old->id)) /* it was found by what it once was */
        return err_fail(cx, ERR_INVALID, "cannot find resource with id %s to replace: it is a %s by now",
                        resid_text(a, &r->id), resid_text(a, &old->id));
    if (behavior == BEHAVIOR_MERGE) {
        merge_maps(cx, doc_find(old->doc, "data"), r->doc, "data", data_text);
        merge_maps(cx, doc_find(old->doc, "binaryData"), r->doc, "binaryData", data_text);
        if (origin)
            doc_set_text(a, resource_metadata_map(a, r, "annotations"), ORIGIN, origin);
    }
    *old = *r; /* the new object stands in the old one's place */
    resmap_touch(m);
    return 0;
}

int generators_absorb(struct ctx *cx, struct resmap *m, struct resource *r)
{
    struct resources found = resmap_find_any(m, &r->id);
    if (found.len > 1)
        return err_fail(cx, ERR_INVALID, "found multiple objects that could accept merge of %s",
                        resid_text(cx->arena, &r->id));
    if (found.len == 1)
        return merge_into(cx, m, r, found.at[0]);
    if (r->behavior == BEHAVIOR_MERGE || r->behavior == BEHAVIOR_REPLACE)
        return err_fail(cx, ERR_NOT_FOUND, "id %s does not exist; cannot merge or replace%s",
                        go_id(cx->arena, &r->id), resmap_hint(cx->arena, m, r->id.gvk.kind, r->id.name));
    return resmap_append(cx, m, r);
}

/* Numbers become what a float64 holds of them. */
static void round_numbers(struct arena *a, struct doc *parent)
{
    struct doc *next = NULL;
    for (struct doc *d = doc_first(parent); d; d = next) {
        next = doc_next(d);
        if (doc_kind(d) == DOC_NUMBER)
            doc_replace(a, parent, d, doc_double(a, strtod(doc_literal(d), NULL)));
        else
            round_numbers(a, d);
    }
}

/* A field as the hash sees it: a map, null for a list, the text of a scalar as it was written, "" when absent. */
static int put_hashed(struct ctx *cx, struct doc *to, const struct doc *from, const char *field,
                      bool optional)
{
    struct arena *a = cx->arena;
    const struct doc *d = doc_find(from, field);
    if (doc_kind(d) == DOC_ARRAY) {
        doc_set(a, to, field, doc_null(a));
    } else if (doc_kind(d) == DOC_OBJECT) {
        struct doc *map = doc_copy(a, d), *above = doc_object(a);
        doc_set(a, above, field, map);
        if (reprint_json(cx, above) < 0)
            return err_code(cx);
        round_numbers(a, map);
        doc_set(a, to, field, map);
    } else if (!optional) {
        doc_set_text(a, to, field, d ? resource_written(d) : "");
    }
    return 0;
}

static int hashed_part(struct ctx *cx, const struct doc *d, const char *kind, const struct doc **ret)
{
    struct doc *part = doc_object(cx->arena);
    bool secret = strcmp(kind, "ConfigMap") != 0;
    doc_set_text(cx->arena, part, "kind", kind);
    doc_set_text(cx->arena, part, "name", "");
    if (put_hashed(cx, part, d, "data", false) < 0 ||
        put_hashed(cx, part, d, secret ? "stringData" : "binaryData", true) < 0 ||
        (secret && put_hashed(cx, part, d, "type", false) < 0))
        return err_code(cx);
    *ret = part;
    return 0;
}

int generators_hash(struct ctx *cx, const struct doc *d, const char **ret_hash)
{
    static const char from[] = "013ae";
    static const char to[] = "ghkmt";
    struct arena *a = cx->arena;
    const struct doc *part = d;
    const char *kind = str_or(doc_text_at(d, "kind"), "");
    bool known = !strcmp(kind, "ConfigMap") || !strcmp(kind, "Secret");
    if (known && hashed_part(cx, d, kind, &part) < 0)
        return err_wrap(cx, "hash of %s '%s'", kind, str_or(doc_text_at(d, "metadata", "name"), ""));
    const char *json = json_text(a, part, JSON_GO);
    char *hash = str_ndup(a, hash_sha256_hex(a, json, strlen(json)), HASH_LENGTH);
    for (char *p = hash; *p; p++) {
        const char *found = strchr(from, *p);
        *p = found ? to[found - from] : *p;
    }
    *ret_hash = hash;
    return 0;
}

int generators_add_hashes(struct ctx *cx, struct resmap *m)
{
    for (size_t i = 0; i < m->list.len; i++) {
        struct resource *r = m->list.at[i];
        const char *hash = NULL;
        if (!r->needs_hash || !r->doc)
            continue;
        resource_store_past(m->arena, r);
        if (generators_hash(cx, r->doc, &hash) < 0)
            return err_code(cx);
        resource_set_name(m->arena, r, str_fmt(m->arena, "%s-%s", r->id.name, hash));
        resource_refresh(m->arena, r);
        resmap_touch(m);
    }
    return ctx_check(cx);
}
