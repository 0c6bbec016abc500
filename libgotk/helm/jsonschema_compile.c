/*
 * jsonschema_compile.c: from documents to schemas: the queue of places to compile, and meta-schemas.
 *
 * A place is compiled once, in the order of discovery, so that schemas may refer to each other in circles. Meta-schemas are
 * compiled when the first schema asks for them, by a compiler of their own that asserts formats. One thread, one arena.
 */
#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define META_FOLDER "meta/"

static const char *key_of(struct arena *a, const char *url, const char *ptr)
{
    return str_fmt(a, "%s#%s", url, ptr);
}

struct schema *schema_enqueue(struct compiler *k, const char *url, const char *ptr, const struct doc *node)
{
    struct arena *a = k->cx->arena;
    const char *key = key_of(a, url, ptr);
    struct schema *s = map_find(&k->schemas, key);
    if (s)
        return s;
    s = ARENA_NEW(a, struct schema);
    s->url = url;
    s->ptr = ptr;
    s->node = node;
    map_set(&k->schemas, key, s);
    vec_push(a, &k->queue, s);
    return s;
}

/* The schemas that $dynamicRef may find in a resource by name. */
static void find_dynamic_anchors(struct compiler *k, struct schema *s, const struct resource *res)
{
    const struct map_entry *e;
    for (size_t at = 0; (e = map_next(&res->dynamic, &at));) {
        struct schema *target = schema_enqueue(k, s->url, map_find(&res->anchors, e->key), NULL);
        if (!s->dynamic_anchors.arena)
            s->dynamic_anchors = map_new(k->cx->arena);
        map_set(&s->dynamic_anchors, e->key, target);
    }
}

/* What needs no look at a value to be known as evaluated. */
static void note_evaluated(struct schema *s)
{
    s->all_members_seen = s->additional_properties.set;
    s->all_elements_seen = s->items || (s->draft < 2020 && s->additional_items.set);
    s->elements_seen = s->item_list.count;
}

static int compile_one(struct compiler *k, struct schema *s)
{
    struct root *r;
    int rc = schema_root(k, s->url, &r);
    if (rc == 0 && !s->node)
        rc = schema_lookup(k->cx, s->url, s->ptr, r->doc, &s->node);
    if (rc == 0)
        rc = schema_root_ensure(k, r, s->ptr, s->node);
    if (rc < 0)
        return rc;
    const struct resource *res = schema_root_resource(r, s->ptr);
    s->draft = res->dialect.draft->version;
    s->resource = schema_enqueue(k, s->url, res->ptr, NULL);
    if (s->draft >= 2020 && s == s->resource)
        find_dynamic_anchors(k, s, res);
    struct compiling c = { k, s, s->node, r, res };
    if (doc_kind(s->node) == DOC_BOOL || (doc_kind(s->node) == DOC_OBJECT && !doc_first(s->node))) {
        s->is_bool = true;
        s->accepts = doc_is_true(s->node, true);
    } else if (doc_kind(s->node) == DOC_OBJECT) {
        rc = schema_read_keywords(&c);
    }
    note_evaluated(s);
    return rc;
}

int schema_compile_all(struct compiler *k)
{
    while (k->compiled < k->queue.len) {
        int rc = ctx_check(k->cx);
        if (rc == 0)
            rc = compile_one(k, k->queue.at[k->compiled++]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

struct compiler *schema_compiler(struct ctx *cx, const struct jsonschema_options *o, uint64_t *steps)
{
    struct arena *a = cx->arena;
    struct compiler *k = ARENA_NEW(a, struct compiler);
    const struct draft *draft = o ? schema_draft(o->draft) : NULL;
    *k = (struct compiler){
        .cx = cx,
        .loader = o ? o->loader : NULL,
        .notes = o ? o->notes : NULL,
        .default_draft = draft ? draft : schema_draft(SCHEMA_LATEST),
        .assert_format = o && o->assert_format,
        .steps = steps,
        .docs = map_new(a),
        .roots = map_new(a),
        .schemas = map_new(a),
    };
    return k;
}

static int compile_meta(struct compiler *k, const char *url, struct schema **ret)
{
    static const struct jsonschema_options with_formats = { .assert_format = true };
    if (!k->metas)
        k->metas = schema_compiler(k->cx, &with_formats, k->steps);
    *ret = schema_enqueue(k->metas, url, "", NULL);
    return schema_compile_all(k->metas);
}

/* Of a dialect with vocabularies of its choice: all of their meta-schemas at once. */
static int compile_vocabs(struct compiler *k, const struct dialect *d, struct schema *meta)
{
    struct arena *a = k->cx->arena;
    size_t folder = strlen(d->draft->url) - strlen("schema");
    VEC(struct schema *) all = { 0 };
    for (const char *const *v = d->vocabs; *v; v++) {
        struct schema *one;
        const char *url = str_fmt(a, "%.*s" META_FOLDER "%s", (int)folder, d->draft->url, *v);
        int rc = compile_meta(k, url, &one);
        if (rc < 0)
            return rc;
        vec_push(a, &all, one);
    }
    meta->all_of = (struct schema_list){ all.at, all.len };
    return 0;
}

int schema_meta(struct compiler *k, const struct dialect *d, const struct schema **ret)
{
    struct schema *meta = NULL;
    int rc;
    if (!d->vocabs) {
        rc = compile_meta(k, d->draft->url, &meta);
    } else {
        meta = ARENA_NEW(k->cx->arena, struct schema);
        meta->url = "urn:mem:metaschema";
        meta->ptr = "";
        meta->draft = d->draft->version;
        meta->resource = meta;
        meta->dynamic_anchor = meta->draft >= 2020 ? "meta" : NULL;
        meta->dynamic_anchors = map_new(k->cx->arena);
        if (meta->dynamic_anchor)
            map_set(&meta->dynamic_anchors, "meta", meta);
        rc = compile_vocabs(k, d, meta);
    }
    if (rc == 0)
        *ret = meta;
    return rc;
}
