/*
 * tracker.c: reflectors by kind and their marks; the contract is in tracker.h.
 *
 * A mark travels in the store as two values of the object's index, so that the stored text can be next to nothing. Kinds
 * are only ever added, and a list of a few dozen needs no table. Reflector threads call, workers look.
 */
#include "libgotk/kube/tracker.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

#include <pthread.h>
#include <stdlib.h>

#define KINDS_MAX    256
#define LOOKOUTS_MAX 64
#define HASHED_MAX   ((size_t)256 << 20) /* far more than a server takes: a text cut short would hide drift */
#define INDEX_OWNER  "owner"
#define INDEX_MARK   "mark"

struct tracked {
    struct tracker *owner;
    struct tracked *next;
    struct reflector *reflector;
    char *group;
    char *kind;
};

struct tracker {
    struct kube *k;
    struct tracker_options o;
    char *selector;
    pthread_mutex_t lock;
    struct tracked *kinds; /* under the lock; entries never go before tracker_close */
    size_t count;
    struct tracker_lookout *lookouts; /* under the lock */
    atomic_size_t users; /* the lookouts, and until tracker_close the owner; the last one ends the memory */
};

struct tracker_lookout {
    struct tracker *tracker;
    struct tracker_lookout *next;
    struct reflector *reflector; /* NULL once the tracker was closed */
    char *api_version;
    char *kind;
    char *ns;
    char *name; /* NULL: all that the selector selects */
    char *selector;
    char *owner_ns;
    char *owner;
    atomic_uint told;
    bool listed; /* on the reflector's thread: the first list has ended */
    bool met;    /* and there: the list had something */
};

/* --- marks --- */

static void hash_doc(struct arena *a, struct hash *h, const struct doc *d)
{
    struct arena_mark scratch = arena_mark(a);
    hash_update_text(h, doc_len(d) ? json_text(a, d, JSON_SORTED) : NULL);
    arena_release(a, scratch);
}

/* Who wrote what of the object, its status left out. */
static void hash_managers(struct arena *a, struct hash *h, const struct doc *metadata)
{
    doc_each (entry, doc_find(metadata, "managedFields"))
        if (!str_eq(doc_text_at(entry, "subresource"), "status"))
            hash_doc(a, h, entry);
}

static void hash_metadata(struct arena *a, struct hash *h, const struct doc *metadata)
{
    const char *generation = doc_literal(doc_find(metadata, "generation"));
    hash_update_text(h, doc_text_at(metadata, "uid"));
    hash_update_text(h, doc_text_at(metadata, "deletionTimestamp"));
    hash_doc(a, h, doc_find(metadata, "labels"));
    hash_doc(a, h, doc_find(metadata, "annotations"));
    hash_update_text(h, generation);
    if (!generation)
        hash_managers(a, h, metadata);
}

struct tracker_mark tracker_mark_of(const struct doc *object)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(HASHED_MAX);
    const struct doc *metadata = doc_find(object, "metadata");
    const char *version = str_or(doc_text_at(metadata, "resourceVersion"), "0");
    struct tracker_mark mark = { .version = strtoull(version, NULL, 10) };
    struct ctx cx = { .arena = a };
    unsigned char digest[HASH_SIZE_MAX];
    struct hash *h;
    if (hash_new(&cx, "sha256", &h) < 0)
        ASSERT(!"sha256 is always there");
    hash_metadata(a, h, metadata);
    hash_final(h, digest);
    memcpy(mark.digest, digest, sizeof(mark.digest));
    return mark;
}

bool tracker_stands(const struct tracker_mark *then, const struct tracker_mark *now)
{
    return now->version < then->version || memcmp(then->digest, now->digest, sizeof(then->digest)) == 0;
}

static bool read_mark(struct arena *a, const struct obj *o, struct tracker_mark *ret)
{
    struct ctx cx = { .arena = a };
    for (size_t i = 0; i < o->index_count; i++) {
        unsigned char *bytes;
        size_t n;
        if (!str_eq(o->indexes[i].name, INDEX_MARK))
            continue;
        if (hash_from_hex(&cx, o->indexes[i].value, &bytes, &n) < 0 || n != sizeof(ret->digest))
            return false;
        memcpy(ret->digest, bytes, n);
        ret->version = strtoull(o->resource_version, NULL, 10);
        return true;
    }
    return false;
}

/* --- one kind --- */

/* Of the object's own text nothing is needed. */
static void keep_nothing(struct arena *a UNUSED, struct doc *object)
{
    static const char *const gone[] = { "labels", "annotations", "ownerReferences", "finalizers" };
    struct doc *metadata = doc_find(object, "metadata");
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        doc_remove(metadata, gone[i]);
}

static void index_object(struct watch_index *to, const struct doc *object)
{
    const struct tracker *t = ((const struct tracked *)watch_index_user(to))->owner;
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)64 << 10);
    const struct doc *labels = doc_path(object, "metadata", "labels");
    struct tracker_mark mark = tracker_mark_of(object);
    watch_index_add(to, INDEX_MARK, hash_to_hex(a, mark.digest, sizeof(mark.digest)));
    watch_index_add(to, INDEX_OWNER,
                    str_fmt(a, "%s/%s", str_or(doc_text_at(labels, t->o.owner_namespace), ""),
                            str_or(doc_text_at(labels, t->o.owner_name), "")));
}

static const char *owner_of(const struct obj *o)
{
    for (size_t i = 0; o && i < o->index_count; i++)
        if (str_eq(o->indexes[i].name, INDEX_OWNER))
            return o->indexes[i].value;
    return NULL;
}

static void tell(struct ctx *cx, const struct tracker *t, const char *owner, const struct obj *o,
                 const struct tracker_mark *mark)
{
    const struct kube_ref ref = { o->api_version, o->kind, o->ns, o->name };
    const char *slash = owner ? strchr(owner, '/') : NULL;
    if (slash)
        t->o.changed(cx, t->o.user, str_ndup(cx->arena, owner, (size_t)(slash - owner)), slash + 1, &ref,
                     mark);
}

/* An owner that lost the object to another one hears that it is gone. */
static void on_event(struct ctx *cx, void *user, enum watch_event event, struct obj *old, struct obj *new)
{
    const struct tracker *t = ((struct tracked *)user)->owner;
    const char *before = owner_of(old), *after = owner_of(new);
    struct tracker_mark mark;
    if (event == WATCH_SYNCED)
        return;
    if (before && !str_eq(before, after))
        tell(cx, t, before, old, NULL);
    if (after && read_mark(cx->arena, new, &mark))
        tell(cx, t, after, new, &mark);
}

static void free_tracked(struct tracked *kind)
{
    mem_free(kind->group);
    mem_free(kind->kind);
    mem_free(kind);
}

static size_t group_len(const char *api_version)
{
    const char *slash = strchr(api_version, '/');
    return slash ? (size_t)(slash - api_version) : 0;
}

static struct tracked *find(struct tracker *t, const char *api_version, const char *kind)
{
    size_t n = group_len(api_version);
    for (struct tracked *k = t->kinds; k; k = k->next)
        if (strlen(k->group) == n && memcmp(k->group, api_version, n) == 0 && str_eq(k->kind, kind))
            return k;
    return NULL;
}

static struct tracked *start(struct ctx *cx, struct tracker *t, const char *api_version, const char *kind)
{
    struct tracked *k = mem_alloc(sizeof(*k));
    const struct reflector_options options = {
        .api_version = api_version,
        .kind = kind,
        .label_selector = t->selector,
        .metadata_only = true,
        .optional = true,
        .keep = keep_nothing,
        .index = index_object,
        .on_event = on_event,
        .user = k,
        .log = t->o.log,
    };
    k->owner = t;
    k->group = mem_strdup(str_ndup(cx->arena, api_version, group_len(api_version)));
    k->kind = mem_strdup(kind);
    if (reflector_start(cx, t->k, &options, &k->reflector) < 0) {
        err_clear(cx); /* objects of this kind stay TRACKER_UNSURE */
        free_tracked(k);
        return NULL;
    }
    return k;
}

/* --- all of them --- */

struct tracker *tracker_open(struct kube *k, const struct tracker_options *options)
{
    struct tracker *t = mem_alloc(sizeof(*t));
    t->k = k;
    t->o = *options;
    t->o.owner_name = t->selector = mem_strdup(options->owner_name);
    t->o.owner_namespace = mem_strdup(options->owner_namespace);
    pthread_mutex_init(&t->lock, NULL);
    atomic_init(&t->users, 1);
    return t;
}

void tracker_cancel(struct tracker *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    for (struct tracked *k = t->kinds; k; k = k->next)
        reflector_cancel(k->reflector);
    pthread_mutex_unlock(&t->lock);
}

static void leave(struct tracker *t)
{
    if (atomic_fetch_sub(&t->users, 1) > 1)
        return;
    pthread_mutex_destroy(&t->lock);
    mem_free(t->selector);
    mem_free((char *)(uintptr_t)t->o.owner_namespace);
    mem_free(t);
}

void tracker_close(struct tracker *t)
{
    if (!t)
        return;
    tracker_cancel(t);
    for (struct tracked *k = t->kinds, *next; k; k = next) {
        next = k->next;
        reflector_stop(k->reflector);
        free_tracked(k);
    }
    t->kinds = NULL;
    for (struct tracker_lookout *l = t->lookouts; l; l = l->next) {
        reflector_stop(l->reflector);
        l->reflector = NULL;
    }
    leave(t);
}

void tracker_watch(struct ctx *cx, struct tracker *t, const char *api_version, const char *kind)
{
    pthread_mutex_lock(&t->lock);
    struct tracked *k = NULL;
    if (t->count < KINDS_MAX && !find(t, api_version, kind) && (k = start(cx, t, api_version, kind))) {
        k->next = t->kinds;
        t->kinds = k;
        t->count++;
    }
    pthread_mutex_unlock(&t->lock);
}

enum tracker_view tracker_look(struct tracker *t, const struct kube_ref *ref, struct tracker_mark *ret_mark)
{
    pthread_mutex_lock(&t->lock);
    const struct tracked *k = find(t, ref->api_version, ref->kind);
    pthread_mutex_unlock(&t->lock);
    if (!k || !reflector_fresh(k->reflector))
        return TRACKER_UNSURE;
    struct store *store = reflector_store(k->reflector);
    CLEANUP(obj_cleanup) struct obj *o = store_get(store, ref->ns, ref->name);
    if (!o && !str_empty(ref->ns)) /* a manifest may give a cluster-scoped object a namespace */
        o = store_get(store, NULL, ref->name);
    if (!o)
        return TRACKER_ABSENT;
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)64 << 10);
    return read_mark(a, o, ret_mark) ? TRACKER_PRESENT : TRACKER_UNSURE;
}

/* --- single objects, and those of a selector --- */

/* What the first list has is told once, at its end. */
static bool is_news(struct tracker_lookout *l, enum watch_event event)
{
    bool was_listed = l->listed;
    l->listed = was_listed || event == WATCH_SYNCED;
    l->met = l->met || event != WATCH_SYNCED;
    return event == WATCH_SYNCED ? !was_listed && l->met : was_listed;
}

static void on_single(struct ctx *cx, void *user, enum watch_event event, struct obj *old UNUSED,
                      struct obj *new UNUSED)
{
    struct tracker_lookout *l = user;
    const struct tracker *t = l->tracker;
    const struct kube_ref ref = { l->api_version, l->kind, l->ns, l->name };
    if (!is_news(l, event))
        return;
    atomic_fetch_add(&l->told, 1);
    t->o.changed(cx, t->o.user, l->owner_ns, l->owner, &ref, NULL);
}

unsigned tracker_lookout_told(const struct tracker_lookout *l)
{
    return atomic_load(&l->told);
}

static void free_lookout(struct tracker_lookout *l)
{
    char *const texts[] = { l->api_version, l->kind, l->ns, l->name, l->selector, l->owner_ns, l->owner };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        mem_free(texts[i]);
    leave(l->tracker);
    mem_free(l);
}

static int start_lookout(struct ctx *cx, struct tracker_lookout *l)
{
    const struct reflector_options options = {
        .api_version = l->api_version,
        .kind = l->kind,
        .ns = l->ns,
        .label_selector = l->selector,
        .field_selector = l->name ? str_fmt(cx->arena, "metadata.name=%s", l->name) : NULL,
        .metadata_only = true,
        .optional = true,
        .keep = keep_nothing,
        .on_event = on_single,
        .user = l,
        .log = l->tracker->o.log,
    };
    return reflector_start(cx, l->tracker->k, &options, &l->reflector);
}

struct tracker_lookout *tracker_lookout_open(struct ctx *cx, struct tracker *t, const struct kube_ref *ref,
                                             const char *selector, const char *owner_ns, const char *owner)
{
    if (atomic_fetch_add(&t->users, 1) > LOOKOUTS_MAX) {
        atomic_fetch_sub(&t->users, 1);
        return NULL;
    }
    struct tracker_lookout *l = mem_alloc(sizeof(*l));
    l->tracker = t;
    l->api_version = mem_strdup(ref->api_version);
    l->kind = mem_strdup(ref->kind);
    l->ns = mem_strdup(ref->ns);
    l->name = mem_strdup(ref->name);
    l->selector = mem_strdup(selector);
    l->owner_ns = mem_strdup(owner_ns);
    l->owner = mem_strdup(owner);
    if (start_lookout(cx, l) < 0) {
        err_clear(cx);
        free_lookout(l);
        return NULL;
    }
    pthread_mutex_lock(&t->lock);
    l->next = t->lookouts;
    t->lookouts = l;
    pthread_mutex_unlock(&t->lock);
    return l;
}

void tracker_lookout_close(struct tracker_lookout *l)
{
    if (!l)
        return;
    struct tracker *t = l->tracker;
    pthread_mutex_lock(&t->lock);
    struct tracker_lookout **at = &t->lookouts;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    pthread_mutex_unlock(&t->lock);
    reflector_stop(l->reflector);
    free_lookout(l);
}
