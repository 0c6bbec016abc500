/*
 * relist.c: taking objects into a reflector's store, and whole lists of them; the contract is in reflector.h.
 *
 * Runs on the reflector's thread. A page is parsed, taken in and forgotten before the next is asked for, so
 * that memory does not grow with the list; only the names seen are kept until the end, to find what vanished.
 */
#include "libgotk/base/map.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/kube/reflector.h"

#define NAMES_MAX ((size_t)1 << 30)
#define PAGE_MIN  10

struct watch_index {
    struct arena *arena;
    void *user;
    VEC(struct obj_index) values;
};

void watch_index_add(struct watch_index *to, const char *name, const char *value)
{
    struct obj_index row = { str_dup(to->arena, name), str_dup(to->arena, value) };
    vec_push(to->arena, &to->values, row);
}

void relist_set_version(struct reflector *r, const char *version)
{
    size_t n = strlen(str_or(version, ""));
    if (n == 0)
        return;
    if (n >= VERSION_MAX)
        n = 0;
    memcpy(r->version, version, n);
    r->version[n] = '\0';
}

void *watch_index_user(const struct watch_index *to)
{
    return to->user;
}

static void emit(struct ctx *cx, struct reflector *r, enum watch_event event, struct obj *old,
                 struct obj *new)
{
    if (!r->o.on_event)
        return;
    struct arena_mark mark = arena_mark(cx->arena);
    r->o.on_event(cx, r->o.user, event, old, new);
    err_clear(cx);
    arena_release(cx->arena, mark);
}

void relist_drop(struct ctx *cx, struct reflector *r, const char *ns, const char *name)
{
    struct obj *old = store_remove(r->store, ns, name);
    if (old)
        emit(cx, r, WATCH_DELETED, old, NULL);
    obj_unref(old);
}

/* The object as it is stored: identified, without managedFields, indexed, trimmed. */
static struct obj *make(struct ctx *cx, struct reflector *r, struct doc *object)
{
    struct watch_index index = { .arena = cx->arena, .user = r->o.user };
    list_identify(cx->arena, &r->query, object);
    if (r->o.index)
        r->o.index(&index, object);
    doc_remove(doc_find(object, "metadata"), "managedFields");
    if (r->o.keep)
        r->o.keep(cx->arena, object);
    return obj_new(cx, object, index.values.at, index.values.len);
}

/* True when the store has this very version of the object already. */
static bool is_known(const struct obj *old, const struct doc *metadata)
{
    return old && str_eq(old->resource_version, doc_text_at(metadata, "resourceVersion")) &&
           str_eq(old->uid, doc_text_at(metadata, "uid"));
}

void relist_take(struct ctx *cx, struct reflector *r, struct doc *object)
{
    const struct doc *metadata = doc_find(object, "metadata");
    const char *name = str_or(doc_text_at(metadata, "name"), "");
    struct obj *old CLEANUP(obj_cleanup) = store_get(r->store, doc_text_at(metadata, "namespace"), name);
    if (is_known(old, metadata))
        return;
    bool replaced = old && !str_eq(old->uid, doc_text_at(metadata, "uid"));
    if (replaced)
        relist_drop(cx, r, old->ns, old->name);
    struct obj *o CLEANUP(obj_cleanup) = make(cx, r, object);
    obj_unref(store_put(r->store, o));
    if (old && !replaced)
        emit(cx, r, WATCH_MODIFIED, old, o);
    else
        emit(cx, r, WATCH_ADDED, NULL, o);
}

static const char *key_of(struct arena *a, const char *ns, const char *name)
{
    return str_fmt(a, "%s/%s", str_or(ns, ""), str_or(name, ""));
}

static void take_page(struct ctx *cx, struct reflector *r, const struct doc *page, struct map *seen)
{
    doc_each (item, doc_find(page, "items")) {
        struct arena_mark mark = arena_mark(cx->arena);
        const struct doc *metadata = doc_find(item, "metadata");
        map_set(seen, key_of(cx->arena, doc_text_at(metadata, "namespace"), doc_text_at(metadata, "name")),
                r);
        relist_take(cx, r, item);
        arena_release(cx->arena, mark);
    }
}

/* What a whole list leaves behind: names, in an arena that outlives the pages. */
struct listing {
    struct reflector *r;
    struct map seen;
    const char *version;
    VEC(struct obj *) vanished;
};

static int read_pages(struct ctx *cx, struct reflector *r, struct listing *l)
{
    const char *token = NULL;
    do {
        struct arena_mark mark = arena_mark(cx->arena);
        struct doc *page = NULL;
        if (list_page(cx, r->k, &r->query, r->page, token, &page) < 0)
            return err_code(cx);
        take_page(cx, r, page, &l->seen);
        if (!l->version)
            l->version = str_dup(l->seen.arena, doc_text_at(page, "metadata", "resourceVersion"));
        token = str_dup(l->seen.arena, doc_text_at(page, "metadata", "continue"));
        if (ctx_check(cx) < 0)
            return err_code(cx);
        arena_release(cx->arena, mark);
    } while (!str_empty(token));
    return 0;
}

static int note_vanished(struct ctx *cx, void *user, struct obj *o)
{
    struct listing *l = user;
    if (!map_has(&l->seen, key_of(cx->arena, o->ns, o->name)))
        vec_push(l->seen.arena, &l->vanished, o);
    return 0;
}

/* Only this thread takes objects out, so those found stay alive until they are dropped here. */
static int drop_vanished(struct ctx *cx, struct reflector *r, struct listing *l)
{
    if (store_each(cx, r->store, note_vanished, l) < 0)
        return err_code(cx);
    for (size_t i = 0; i < l->vanished.len; i++)
        relist_drop(cx, r, l->vanished.at[i]->ns, l->vanished.at[i]->name);
    return 0;
}

/* The next list asks differently after these failures. */
static void adapt_page(struct reflector *r, int code)
{
    if (code == ERR_GONE)
        r->page = 0; /* the list took longer than the server keeps its state */
    if (code == ERR_LIMIT && r->page == 0)
        r->page = LIST_PAGE;
    else if (code == ERR_LIMIT && r->page > PAGE_MIN)
        r->page /= 2;
}

void relist_nothing(struct ctx *cx, struct reflector *r)
{
    if (reflector_synced(r))
        return;
    cancel_fire(&r->synced);
    emit(cx, r, WATCH_SYNCED, NULL, NULL);
}

int relist(struct ctx *cx, struct reflector *r)
{
    struct arena *names CLEANUP(arena_cleanup) = arena_new(NAMES_MAX);
    struct listing l = { .r = r, .seen = map_new(names) };
    if (read_pages(cx, r, &l) < 0) {
        adapt_page(r, err_code(cx));
        return err_wrap(cx, "failed to list %s", r->query.mapping.plural);
    }
    if (drop_vanished(cx, r, &l) < 0)
        return err_code(cx);
    relist_set_version(r, l.version);
    cancel_fire(&r->synced);
    atomic_store(&r->fresh, true);
    emit(cx, r, WATCH_SYNCED, NULL, NULL);
    return 0;
}
