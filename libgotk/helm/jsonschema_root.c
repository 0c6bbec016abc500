/*
 * jsonschema_root.c: documents that hold schemas, and the resources, anchors and dialects in them.
 *
 * A document is walked once: every place where its draft has a schema may open a resource ($id), name an anchor or change
 * the dialect ($schema). Then it must fit the meta-schema. Places that no draft knows are walked when a reference leads
 * there. One thread, the compiler's arena.
 */
#include "libgotk/base/gourl.h"
#include "libgotk/doc/json.h"
#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define META_PREFIX  "http://json-schema.org/"
#define METAS_PREFIX "https://json-schema.org/"
#define CYCLE_MAX    16 /* $schema of $schema of ... */

static const char *quoted_place(struct compiler *k, const char *url, const char *ptr)
{
    return schema_quoted(k->cx->arena, schema_location(k->cx->arena, url, ptr));
}

/* --- loading --- */

static int load_file(struct ctx *cx, const struct gourl *u)
{
    return err_fail(cx, ERR_INVALID, "open %.*s: no such file or directory", (int)u->path.n, u->path.p);
}

static bool is_scheme(const struct gourl *u, const char *name)
{
    return u->scheme.n == strlen(name) && memcmp(u->scheme.p, name, u->scheme.n) == 0;
}

/* Nobody can tell what an URN stands for: said once, however many schemas refer to it. */
static void note_once(struct compiler *k, const char *urn)
{
    struct notes *notes = k->notes;
    notes_add(k->cx, notes, NOTES_WARN, "unresolved URN reference ignored; using permissive schema", "urn",
              urn, NULL);
    for (size_t i = 0; notes && i + 1 < notes->len; i++)
        if (str_eq(notes->at[i].text, notes->at[notes->len - 1].text)) {
            notes->len--;
            return;
        }
}

/* What no draft brings along. Chart files are not seen: a schema must not read what lies on the controller's disk. */
static int load_foreign(struct compiler *k, const char *url, struct doc **ret)
{
    struct ctx *cx = k->cx;
    struct gourl u;
    if (gourl_parse(cx, (struct strv){ url, strlen(url) }, &u) < 0)
        return err_code(cx);
    if (is_scheme(&u, "urn")) {
        note_once(k, url);
        *ret = doc_bool(cx->arena, true);
        return 0;
    }
    if (is_scheme(&u, "file"))
        return load_file(cx, &u);
    if (!is_scheme(&u, "http") && !is_scheme(&u, "https"))
        return err_fail(cx, ERR_INVALID, "no URLLoader registered for %s", schema_quoted(cx->arena, url));
    if (!k->loader)
        return err_fail(cx, ERR_INVALID,
                        "schemas of other hosts are not fetched; copy it into values.schema.json");
    return k->loader->load(cx, k->loader->user, url, ret);
}

int schema_load(struct compiler *k, const char *url, const struct doc **ret)
{
    struct ctx *cx = k->cx;
    struct doc *d = map_find(&k->docs, url);
    const char *text = d ? NULL : schema_meta_text(url);
    int rc = 0;
    if (text)
        rc = json_read_go(cx, text, strlen(text), &d);
    else if (!d)
        rc = load_foreign(k, url, &d);
    if (rc < 0)
        return err_wrap(cx, "failing loading %s", schema_quoted(cx->arena, url));
    map_set(&k->docs, url, d);
    *ret = d;
    return 0;
}

/* --- drafts and vocabularies --- */

/* The draft of a document at `url`#`ptr`, following $schema from meta-schema to meta-schema. */
static int find_draft(struct compiler *k, const char *url, const char *ptr, const struct doc *d,
                      const struct draft *fallback, const struct draft **ret)
{
    struct ctx *cx = k->cx;
    struct gourl parsed;
    struct map visited = map_new(cx->arena);
    for (;;) {
        const char *name = doc_text_at(d, "$schema");
        *ret = name ? schema_draft_of_url(cx->arena, name) : fallback;
        if (*ret)
            return 0;
        name = schema_url_bare(cx->arena, name);
        if (gourl_parse(cx, (struct strv){ name, strlen(name) }, &parsed) < 0)
            return err_wrap(cx, "invalid $schema in %s", quoted_place(k, url, ptr));
        if (!*ptr && strcmp(name, url) == 0)
            return err_fail(cx, ERR_INVALID, "draft %s is not supported", schema_quoted(cx->arena, name));
        if (map_has(&visited, name) || visited.len > CYCLE_MAX)
            return err_fail(cx, ERR_INVALID, "cycle in resolving $schema in %s",
                            schema_quoted(cx->arena, name));
        map_set(&visited, name, NULL);
        int rc = schema_load(k, name, &d);
        if (rc < 0)
            return rc;
        url = name;
        ptr = "";
    }
}

static bool contains(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static const char *known_vocab(const struct draft *draft, const char *url)
{
    size_t prefix = strlen(draft->vocab_prefix);
    if (!str_starts(url, draft->vocab_prefix))
        return NULL;
    for (const char *const *v = draft->vocabs; *v; v++)
        if (strcmp(*v, url + prefix) == 0)
            return *v;
    return NULL;
}

/* The vocabularies a meta-schema requires; NULL when it names none. */
static int read_vocabs(struct compiler *k, const char *url, const struct doc *meta, const struct draft *draft,
                       const char *const **ret)
{
    struct ctx *cx = k->cx;
    const struct doc *listed = doc_find(meta, "$vocabulary");
    VEC(const char *) names = { 0 };
    *ret = NULL;
    if (draft->version < 2019 || doc_kind(listed) != DOC_OBJECT)
        return 0;
    doc_each (entry, listed) {
        if (!doc_is_true(entry, false))
            continue;
        const char *name = known_vocab(draft, doc_key(entry));
        if (!name)
            return err_fail(cx, ERR_INVALID, "unsupported vocabulary %s in %s",
                            schema_quoted(cx->arena, doc_key(entry)), schema_quoted(cx->arena, url));
        vec_push(cx->arena, &names, name);
    }
    if (!contains(names.at, names.len, "core"))
        vec_push(cx->arena, &names, "core");
    vec_push(cx->arena, &names, NULL);
    *ret = names.at;
    return 0;
}

static int vocabs_of(struct compiler *k, const struct doc *schema, const struct draft *draft,
                     const char *const **ret)
{
    const char *name = doc_text_at(schema, "$schema");
    const struct doc *meta;
    *ret = NULL;
    if (!name || schema_draft_of_url(k->cx->arena, name))
        return 0;
    name = schema_url_bare(k->cx->arena, name);
    int rc = schema_load(k, name, &meta);
    return rc < 0 ? rc : read_vocabs(k, name, meta, draft, ret);
}

/* --- resources --- */

static struct resource *resource_new(struct root *r, const char *ptr, const char *id, struct dialect dialect)
{
    struct arena *a = r->by_ptr.arena;
    struct resource *res = ARENA_NEW(a, struct resource);
    *res = (struct resource){ ptr, id, dialect, map_new(a), map_new(a) };
    map_set(&r->by_ptr, ptr, res);
    map_set(&r->by_id, id, res);
    return res;
}

struct resource *schema_root_resource(const struct root *r, const char *ptr)
{
    struct arena *a = r->by_ptr.arena;
    struct arena_mark mark = arena_mark(a);
    struct resource *found = map_find(&r->by_ptr, ptr);
    char *part = str_dup(a, ptr);
    for (char *slash; !found && (slash = strrchr(part, '/'));) {
        *slash = '\0';
        found = map_find(&r->by_ptr, part);
    }
    arena_release(a, mark);
    return found ? found : map_find(&r->by_ptr, "");
}

/* The id of a schema without its fragment; NULL without one. A $ref hides it up to draft 7. */
static const char *id_of(struct arena *a, const struct draft *draft, const struct doc *schema)
{
    if (draft->version < 2019 && doc_find(schema, "$ref"))
        return NULL;
    const char *id = doc_text_at(schema, draft->id);
    const char *bare = id ? schema_url_bare(a, id) : NULL;
    return str_empty(bare) ? NULL : bare;
}

static int add_anchor(struct compiler *k, struct root *r, struct resource *res, const char *name,
                      const char *ptr)
{
    struct arena *a = k->cx->arena;
    const char *there = map_find(&res->anchors, name);
    if (there && strcmp(there, ptr) != 0)
        return err_fail(k->cx, ERR_INVALID, "duplicate anchor %s in %s at %s and %s", schema_quoted(a, name),
                        schema_quoted(a, r->url), schema_quoted(a, there), schema_quoted(a, ptr));
    if (!there)
        map_set(&res->anchors, name, str_dup(a, ptr));
    return 0;
}

/* Up to draft 7 an anchor is the fragment of an id. */
static int add_id_anchor(struct compiler *k, struct root *r, struct resource *res, const struct doc *schema,
                         const char *ptr)
{
    struct schema_url id;
    const char *text = doc_text_at(schema, res->dialect.draft->id);
    if (!text || doc_find(schema, "$ref"))
        return 0;
    if (schema_url_split(k->cx, text, &id) < 0)
        return err_fail(k->cx, ERR_INVALID, "error in parsing anchor at %s", quoted_place(k, r->url, ptr));
    return *id.fragment && *id.fragment != '/' ? add_anchor(k, r, res, id.fragment, ptr) : 0;
}

static int collect_anchors(struct compiler *k, struct root *r, struct resource *res, const struct doc *schema,
                           const char *ptr)
{
    int version = res->dialect.draft->version, rc = 0;
    if (version < 2019)
        return add_id_anchor(k, r, res, schema, ptr);
    const char *anchor = doc_text_at(schema, "$anchor"), *dynamic = doc_text_at(schema, "$dynamicAnchor");
    if (anchor)
        rc = add_anchor(k, r, res, anchor, ptr);
    if (rc == 0 && dynamic && version >= 2020) {
        rc = add_anchor(k, r, res, dynamic, ptr);
        map_set(&res->dynamic, dynamic, str_dup(k->cx->arena, ptr));
    }
    return rc;
}

/* What is known while a document is walked. */
struct walk {
    struct root *root;
    const char *base; /* the URL ids are relative to */
    struct dialect fallback;
};

static int collect(struct compiler *k, const struct doc *schema, const char *ptr, void *user);

/* Opens the resource of a schema with an id, or of the whole document. */
static int open_resource(struct compiler *k, const struct walk *w, const struct doc *schema, const char *ptr,
                         const struct draft *draft, bool has_schema, const char *base)
{
    struct dialect dialect = { draft, NULL };
    struct resource *there = map_find(&w->root->by_id, base);
    struct arena *a = k->cx->arena;
    if (there && strcmp(there->ptr, ptr) != 0)
        return err_fail(k->cx, ERR_INVALID, "duplicate id %s in %s at %s and %s", schema_quoted(a, base),
                        schema_quoted(a, w->root->url), schema_quoted(a, ptr), schema_quoted(a, there->ptr));
    if (there)
        return 0;
    int rc = has_schema ? vocabs_of(k, schema, draft, &dialect.vocabs) : 0;
    if (rc == 0)
        resource_new(w->root, ptr, base, has_schema ? dialect : w->fallback);
    return rc;
}

static int collect_object(struct compiler *k, const struct walk *w, const struct doc *schema, const char *ptr)
{
    struct ctx *cx = k->cx;
    const struct draft *draft;
    struct schema_url joined = { .url = w->base };
    bool has_schema = doc_text_at(schema, "$schema") != NULL;
    if (find_draft(k, w->root->url, ptr, schema, w->fallback.draft, &draft) < 0)
        return err_code(cx);
    const char *id = id_of(cx->arena, draft, schema);
    if (!id && *ptr) { /* $schema counts beside an id alone */
        draft = w->fallback.draft;
        has_schema = false;
        id = id_of(cx->arena, draft, schema);
    }
    if (id && schema_url_join(cx, w->base, id, &joined) < 0)
        return err_fail(cx, ERR_INVALID, "error in parsing id at %s", quoted_place(k, w->root->url, ptr));
    int rc = id || !*ptr ? open_resource(k, w, schema, ptr, draft, has_schema, joined.url) : 0;
    if (rc < 0)
        return rc;
    struct resource *res = map_find(&w->root->by_id, joined.url);
    ASSERT(res);
    rc = collect_anchors(k, w->root, res, schema, ptr);
    struct walk below = { w->root, joined.url, res->dialect };
    return rc < 0 ? rc : schema_each_below(k, schema, ptr, draft->version, collect, &below);
}

static int collect(struct compiler *k, const struct doc *schema, const char *ptr, void *user)
{
    struct walk *w = user;
    int rc = 0;
    if (map_has(&w->root->seen, ptr))
        return 0;
    if (++*k->steps % 1024 == 0 || arena_exhausted(k->cx->arena))
        rc = ctx_check(k->cx);
    if (rc == 0 && doc_kind(schema) == DOC_OBJECT)
        rc = collect_object(k, w, schema, ptr);
    else if (rc == 0 && !*ptr)
        resource_new(w->root, ptr, w->base, w->fallback);
    if (rc == 0)
        map_set(&w->root->seen, ptr, NULL);
    return rc;
}

/* --- documents --- */

/* A schema must fit the meta-schema of its dialect. */
static int check_schema(struct compiler *k, struct root *r, const struct doc *d, const char *ptr)
{
    struct ctx *cx = k->cx;
    const struct schema *meta;
    struct item *item = NULL;
    int rc = schema_meta(k, &schema_root_resource(r, ptr)->dialect, &meta);
    if (rc == 0)
        rc = schema_item(cx, d, &item);
    if (rc < 0)
        return rc;
    struct schema_run run = { .cx = cx, .steps = k->steps, .k = k, .root = r };
    const struct jsonschema_error *error = schema_check(&run, meta, meta, item);
    if (run.rc < 0)
        return run.rc;
    if (!error)
        return 0;
    return err_fail(cx, ERR_INVALID, "%s is not valid against metaschema: %s", quoted_place(k, r->url, ptr),
                    jsonschema_error_text(cx, error));
}

static int add_root(struct compiler *k, const char *url, const struct doc *d, struct root **ret)
{
    struct arena *a = k->cx->arena;
    struct root *r = ARENA_NEW(a, struct root);
    *r = (struct root){ url, d, map_new(a), map_new(a), map_new(a) };
    struct walk w = { r, url, { k->default_draft, NULL } };
    int rc = collect(k, d, "", &w);
    if (rc == 0 && !str_starts(url, META_PREFIX) && !str_starts(url, METAS_PREFIX))
        rc = check_schema(k, r, d, "");
    if (rc < 0)
        return rc;
    map_set(&k->roots, url, r);
    *ret = r;
    return 0;
}

int schema_root(struct compiler *k, const char *url, struct root **ret)
{
    const struct doc *d;
    struct root *r = map_find(&k->roots, url);
    if (r) {
        *ret = r;
        return 0;
    }
    int rc = schema_load(k, url, &d);
    return rc < 0 ? rc : add_root(k, url, d, ret);
}

int schema_root_ensure(struct compiler *k, struct root *r, const char *ptr, const struct doc *node)
{
    if (map_has(&r->seen, ptr))
        return 0;
    const struct resource *around = schema_root_resource(r, ptr);
    struct walk w = { r, around->id, around->dialect };
    int rc = collect(k, node, ptr, &w);
    return rc < 0 ? rc : check_schema(k, r, node, ptr);
}

int schema_root_fragment(struct ctx *cx, const struct root *r, const struct resource *res,
                         const char *fragment, const char **ret)
{
    if (!*fragment || *fragment == '/') {
        *ret = str_fmt(cx->arena, "%s%s", res->ptr, fragment);
        return 0;
    }
    *ret = map_find(&res->anchors, fragment);
    if (*ret)
        return 0;
    const char *reference = schema_location(cx->arena, res->id, fragment);
    return err_fail(cx, ERR_INVALID, "anchor in %s not found in schema %s",
                    schema_quoted(cx->arena, reference), schema_quoted(cx->arena, r->url));
}
