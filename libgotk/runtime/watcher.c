/*
 * watcher.c: reflectors and their subscribers; the contract is in watcher.h.
 *
 * A subscriber is a controller with one of its watches, or with none for its own kind. Of the initial list only own kinds
 * are enqueued: every object is looked at after a start anyway, so mapping each source to its users would be wasted.
 */
#include "libgotk/runtime/watcher.h"

#include "libgotk/base/log.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <time.h>

#define KINDS_MAX 16

struct subscriber {
    const struct controller *controller;
    const struct controller_watch *watch; /* NULL: the controller's own kind */
};

struct watcher {
    struct watchers *owner;
    struct reflector_options options;
    struct subscriber subscribers[KINDS_MAX];
    size_t subscriber_count;
    struct reflector *_Atomic reflector;
    atomic_bool listed;
};

struct watchers {
    struct manager *manager;
    struct arena *arena;
    struct watcher kinds[KINDS_MAX];
    size_t count;
    atomic_size_t unlisted;
    atomic_bool stopping;
    atomic_int mapping; /* threads that may be reading stores now */
    void (*synced)(void *user);
    void *user;
};

struct enqueue {
    struct arena *arena;
    VEC(struct kube_ref) refs;
};

void enqueue_add(struct enqueue *to, const char *ns, const char *name)
{
    struct kube_ref ref = { NULL, NULL, str_dup(to->arena, ns), str_dup(to->arena, name) };
    vec_push(to->arena, &to->refs, ref);
}

static struct watcher *find(struct watchers *w, const char *api_version, const char *kind)
{
    for (size_t i = 0; i < w->count; i++)
        if (str_eq(w->kinds[i].options.api_version, api_version) && str_eq(w->kinds[i].options.kind, kind))
            return &w->kinds[i];
    return NULL;
}

static struct watcher *find_or_add(struct watchers *w, const char *api_version, const char *kind)
{
    struct watcher *k = find(w, api_version, kind);
    if (k)
        return k;
    ASSERT(w->count < KINDS_MAX);
    k = &w->kinds[w->count++];
    k->owner = w;
    k->options.api_version = api_version;
    k->options.kind = kind;
    if (!manager_options(w->manager)->watch_all_namespaces)
        k->options.ns = manager_namespace(w->manager);
    return k;
}

static void subscribe(struct watcher *k, const struct controller *c, const struct controller_watch *watch)
{
    ASSERT(k->subscriber_count < KINDS_MAX);
    k->subscribers[k->subscriber_count++] = (struct subscriber){ c, watch };
}

/* The controller's own kind. What it keeps and indexes goes before what watchers of that kind want. */
static void add_own(struct watchers *w, const struct controller *c)
{
    struct watcher *k = find_or_add(w, str_fmt(w->arena, "%s/%s", c->group, c->version), c->kind);
    k->options.label_selector = manager_options(w->manager)->watch_label_selector;
    k->options.keep = c->keep;
    k->options.index = c->index;
    subscribe(k, c, NULL);
}

static bool is_wanted(struct watchers *w, const struct controller_watch *watch)
{
    return (!watch->gate || manager_feature(w->manager, watch->gate)) &&
           (!watch->gate_off || !manager_feature(w->manager, watch->gate_off));
}

static void add_watch(struct watchers *w, const struct controller *c, const struct controller_watch *watch)
{
    bool is_new = !find(w, watch->api_version, watch->kind);
    struct watcher *k = find_or_add(w, watch->api_version, watch->kind);
    if (is_new) {
        k->options.metadata_only = watch->metadata_only;
        k->options.keep = watch->keep;
        k->options.index = watch->index;
        if (watch->configs)
            k->options.label_selector = manager_options(w->manager)->watch_configs_label_selector;
    }
    subscribe(k, c, watch);
}

struct watchers *watchers_open(struct manager *m, const struct controller *const *controllers)
{
    struct watchers *w = mem_alloc(sizeof(*w));
    w->manager = m;
    w->arena = arena_new((size_t)1 << 20);
    for (size_t i = 0; controllers[i]; i++)
        add_own(w, controllers[i]);
    for (size_t i = 0; controllers[i]; i++)
        for (size_t j = 0; j < controllers[i]->watch_count; j++)
            if (is_wanted(w, &controllers[i]->watches[j]))
                add_watch(w, controllers[i], &controllers[i]->watches[j]);
    return w;
}

static const char *requested_at(struct ctx *cx, const struct obj *o)
{
    struct doc *d;
    if (obj_doc(cx, o, &d) < 0) {
        err_clear(cx);
        return NULL;
    }
    return doc_text_at(d, "metadata", "annotations", "reconcile.fluxcd.io/requestedAt");
}

/* Whether a change of one of our own objects needs a reconcile, and how urgently. */
static bool is_due(struct ctx *cx, bool listed, const struct obj *old, const struct obj *new,
                   enum queue_priority *ret_priority)
{
    *ret_priority = listed ? QUEUE_SPEC : QUEUE_INTERVAL;
    if (!old || !new || old->generation != new->generation || old->deleting != new->deleting ||
        !str_eq(old->uid, new->uid))
        return true;
    *ret_priority = QUEUE_REQUESTED;
    const char *requested = requested_at(cx, new);
    return requested && !str_eq(requested, requested_at(cx, old));
}

static void tell_own(struct ctx *cx, struct watcher *k, const struct controller *c, const struct obj *old,
                     const struct obj *new)
{
    enum queue_priority priority;
    const struct obj *o = new ? new : old;
    if (is_due(cx, atomic_load(&k->listed), old, new, &priority))
        manager_enqueue(k->owner->manager, c, o->ns, o->name, priority);
}

static bool concerns(struct ctx *cx, const struct controller_watch *watch, const struct obj *old,
                     const struct obj *new)
{
    if (watch->changed)
        return watch->changed(cx, old, new);
    return !old || !new || !str_eq(old->resource_version, new->resource_version);
}

static void tell_watch(struct ctx *cx, struct watcher *k, const struct subscriber *s, const struct obj *old,
                       const struct obj *new)
{
    struct manager *m = k->owner->manager;
    const struct obj *o = new ? new : old;
    struct enqueue found = { .arena = cx->arena };
    if (!atomic_load(&k->listed) || !concerns(cx, s->watch, old, new))
        return;
    if (s->watch->map(cx, m, o, &found) < 0) {
        log_error(cx->log, err_message(cx), "failed to find the objects a change concerns", "kind", o->kind,
                  "namespace", o->ns, "name", o->name, NULL);
        err_clear(cx);
        return;
    }
    for (size_t i = 0; i < found.refs.len; i++)
        manager_enqueue(m, s->controller, found.refs.at[i].ns, found.refs.at[i].name, QUEUE_WATCH);
}

static void on_listed(struct watcher *k)
{
    if (!atomic_exchange(&k->listed, true) && atomic_fetch_sub(&k->owner->unlisted, 1) == 1)
        k->owner->synced(k->owner->user);
}

static void tell_all(struct ctx *cx, struct watcher *k, const struct obj *old, const struct obj *new)
{
    for (size_t i = 0; i < k->subscriber_count; i++) {
        if (k->subscribers[i].watch)
            tell_watch(cx, k, &k->subscribers[i], old, new);
        else
            tell_own(cx, k, k->subscribers[i].controller, old, new);
    }
}

static void on_event(struct ctx *cx, void *user, enum watch_event event, struct obj *old, struct obj *new)
{
    struct watcher *k = user;
    atomic_fetch_add(&k->owner->mapping, 1);
    if (event == WATCH_SYNCED)
        on_listed(k);
    else if (!atomic_load(&k->owner->stopping))
        tell_all(cx, k, old, new);
    atomic_fetch_sub(&k->owner->mapping, 1);
}

int watchers_start(struct ctx *cx, struct watchers *w, void (*synced)(void *user), void *user)
{
    w->synced = synced;
    w->user = user;
    atomic_store(&w->unlisted, w->count);
    for (size_t i = 0; i < w->count; i++) {
        struct watcher *k = &w->kinds[i];
        k->options.on_event = on_event;
        k->options.user = k;
        k->options.log = cx->log;
        struct reflector *r;
        if (reflector_start(cx, manager_kube(w->manager), &k->options, &r) < 0)
            return err_wrap(cx, "failed to watch %s", k->options.kind);
        atomic_store(&k->reflector, r);
    }
    return 0;
}

struct store *watchers_store(struct watchers *w, const char *api_version, const char *kind)
{
    struct watcher *k = find(w, api_version, kind);
    struct reflector *r = k ? atomic_load(&k->reflector) : NULL;
    return r ? reflector_store(r) : NULL;
}

void watchers_stop(struct watchers *w)
{
    atomic_store(&w->stopping, true);
    for (size_t i = 0; i < w->count; i++)
        if (atomic_load(&w->kinds[i].reflector))
            reflector_cancel(w->kinds[i].reflector);
}

/* A mapping of one kind reads the store of another, so no store may go before the last mapping has ended. */
static void wait_for_mappings(struct watchers *w)
{
    while (atomic_load(&w->mapping) > 0)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

void watchers_close(struct watchers *w)
{
    if (!w)
        return;
    watchers_stop(w);
    wait_for_mappings(w);
    for (size_t i = 0; i < w->count; i++)
        if (w->kinds[i].reflector)
            reflector_stop(w->kinds[i].reflector);
    arena_free(w->arena);
    mem_free(w);
}
