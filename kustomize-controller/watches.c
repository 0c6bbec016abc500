/*
 * watches.c: which Kustomizations a change elsewhere concerns.
 *
 * Kustomizations are indexed by what they name: "GitRepository/ns/name", "ConfigMap/ns/name", "Secret/ns/name" (variables,
 * kubeconfigs, keys), and under an index of its own the "ns/name" of each dependency. A source concerns them when its artifact appears or changes; a
 * ConfigMap or Secret, when it opted in by label, at any change; a dependency, when it becomes ready or has applied
 * another revision. Reflector threads. Rejected: enqueuing all dependents of a dependency that became ready; those that do
 * not wait for it would reconcile each time it does.
 */
#include "kustomize-controller/controller.h"
#include "libgotk/api/source.h"
#include "libgotk/base/map.h"
#include "libgotk/base/str.h"

#define INDEX "uses"

static const char *key_of(struct arena *a, const char *kind, const char *ns, const char *name)
{
    return str_fmt(a, "%s/%s/%s", kind, ns, name);
}

/* One object of the Kustomization's own namespace that it uses; `name` NULL: none. */
static void index_use(struct arena *a, struct watch_index *to, const char *kind, const char *ns,
                      const char *name)
{
    if (kind && name)
        watch_index_add(to, INDEX, key_of(a, kind, ns, name));
}

static void index_configs(struct arena *a, struct watch_index *to, const struct doc *spec, const char *ns)
{
    doc_each (from, doc_path(spec, "postBuild", "substituteFrom"))
        index_use(a, to, doc_text_at(from, "kind"), ns, doc_text_at(from, "name"));
    index_use(a, to, "Secret", ns, doc_text_at(spec, "kubeConfig", "secretRef", "name"));
    index_use(a, to, "ConfigMap", ns, doc_text_at(spec, "kubeConfig", "configMapRef", "name"));
    index_use(a, to, "Secret", ns, doc_text_at(spec, "decryption", "secretRef", "name"));
}

/* "ns/name" of an element of spec.dependsOn. */
static const char *dependency_id(struct arena *a, const struct doc *ref, const char *own_ns)
{
    return str_fmt(a, "%s/%s", str_or(doc_text_at(ref, "namespace"), own_ns),
                   str_or(doc_text_at(ref, "name"), ""));
}

void kustomization_index(struct watch_index *to, const struct doc *object)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)1 << 20);
    const char *ns = doc_text_at(object, "metadata", "namespace");
    const struct doc *spec = doc_find(object, "spec"), *source = doc_find(spec, "sourceRef");
    const char *source_ns = str_or(doc_text_at(source, "namespace"), ns);
    watch_index_add(to, INDEX,
                    key_of(a, str_or(doc_text_at(source, "kind"), ""), source_ns,
                           str_or(doc_text_at(source, "name"), "")));
    index_configs(a, to, spec, ns);
    doc_each (ref, doc_find(spec, "dependsOn"))
        watch_index_add(to, DEPENDS_ON, dependency_id(a, ref, ns));
}

static const struct doc *artifact_of(struct ctx *cx, const struct obj *o)
{
    struct doc *d = NULL;
    if (!o || obj_doc(cx, o, &d) < 0)
        return NULL;
    return doc_path(d, "status", "artifact");
}

/* An artifact that appeared, or has another revision or digest. */
static bool artifact_changed(struct ctx *cx, const struct obj *old, const struct obj *new)
{
    const struct doc *before = artifact_of(cx, old), *after = artifact_of(cx, new);
    if (!old || !new)
        return true;
    if (!after)
        return false;
    return !before || !str_eq(doc_text_at(before, "revision"), doc_text_at(after, "revision")) ||
           !str_eq(doc_text_at(before, "digest"), doc_text_at(after, "digest"));
}

/* A Kustomization that a change concerns. */
struct hit {
    const char *ns;
    const char *name;
    const char **depends_on; /* "ns/name" */
    size_t depends_on_count;
    bool placed;
};

/* What one look through the index carries along. */
struct mapping {
    const char *revision; /* of the changed source; NULL for other kinds */
    struct map hits;      /* "ns/name" -> struct hit */
};

/* Someone else (a requestedAt, a spec change) may have had this revision reconciled already. */
static bool has_seen(const struct doc *status, const char *revision)
{
    if (!revision || !str_eq(doc_text_at(status, "lastAttemptedRevision"), revision))
        return false;
    return cond_is(status, COND_READY, COND_TRUE) || cond_is(status, COND_RECONCILING, COND_TRUE);
}

static struct hit *new_hit(struct arena *a, const struct obj *ks)
{
    struct hit *hit = ARENA_NEW(a, struct hit);
    hit->ns = str_dup(a, ks->ns);
    hit->name = str_dup(a, ks->name);
    hit->depends_on = ARENA_ARRAY(a, const char *, ks->index_count);
    for (size_t i = 0; i < ks->index_count; i++)
        if (str_eq(ks->indexes[i].name, DEPENDS_ON))
            hit->depends_on[hit->depends_on_count++] = str_dup(a, ks->indexes[i].value);
    return hit;
}

/* A thousand may use one source: no document stays. */
static int add_user(struct ctx *cx, void *user, struct obj *ks)
{
    struct mapping *m = user;
    struct arena_mark mark = arena_mark(cx->arena);
    struct doc *d = NULL;
    if (m->revision && obj_doc(cx, ks, &d) < 0)
        return cx->err.code;
    bool seen = has_seen(doc_find(d, "status"), m->revision);
    arena_release(cx->arena, mark);
    if (!seen)
        map_set(&m->hits, str_fmt(cx->arena, "%s/%s", ks->ns, ks->name), new_hit(cx->arena, ks));
    return 0;
}

/* Dependencies first, so that they are under way when their dependents look at them; in a cycle somebody has to begin. */
static void place(struct mapping *m, struct hit *hit, struct enqueue *to)
{
    if (!hit || hit->placed)
        return;
    hit->placed = true;
    for (size_t i = 0; i < hit->depends_on_count; i++)
        place(m, map_find(&m->hits, hit->depends_on[i]), to);
    enqueue_add(to, hit->ns, hit->name);
}

static int map_users(struct ctx *cx, struct manager *m, const struct obj *o, struct enqueue *to)
{
    struct mapping mapping = { .revision = doc_text_at(artifact_of(cx, o), "revision"),
                               .hits = map_new(cx->arena) };
    struct store *store = manager_store(m, KUSTOMIZATION_API, "Kustomization");
    const struct map_entry *entry;
    size_t cursor = 0;
    if (store_each_indexed(cx, store, INDEX, key_of(cx->arena, o->kind, o->ns, o->name), add_user, &mapping) <
        0)
        return err_code(cx);
    while ((entry = map_next(&mapping.hits, &cursor)))
        place(&mapping, entry->value, to);
    return 0;
}

/* --- dependencies --- */

static const struct doc *status_of(struct ctx *cx, const struct obj *o)
{
    struct doc *d = NULL;
    if (!o || obj_doc(cx, o, &d) < 0)
        return NULL;
    return doc_find(d, "status");
}

/* A dependency that is ready or has failed since, or has applied another revision: its dependents may go on. */
static bool dependency_changed(struct ctx *cx, const struct obj *old, const struct obj *new)
{
    const struct doc *before = status_of(cx, old), *after = status_of(cx, new);
    struct cond then = { .status = COND_UNKNOWN }, now = then;
    cond_find(before, COND_READY, &then);
    cond_find(after, COND_READY, &now);
    return (now.status != then.status && now.status != COND_UNKNOWN) ||
           !str_eq(doc_text_at(before, "lastAppliedRevision"), doc_text_at(after, "lastAppliedRevision"));
}

struct dependency {
    struct manager *manager;
    struct enqueue *to;
    const struct doc *status;
};

/* Whether a dependent may be waiting for a dependency of that status: it is not ready, and not because of its own health, or
 * has yet to apply what the dependency has. */
static bool may_wait(const struct doc *own, const struct doc *dependency)
{
    if (!cond_is(own, COND_READY, COND_TRUE))
        return !cond_is(own, "Healthy", COND_UNKNOWN);
    return !str_eq(doc_text_at(own, "lastAppliedRevision"), doc_text_at(dependency, "lastAppliedRevision"));
}

static int add_dependent(struct ctx *cx, void *user, struct obj *ks)
{
    struct dependency *dependency = user;
    struct arena_mark mark = arena_mark(cx->arena);
    bool waits =
        cond_is(dependency->status, COND_READY, COND_TRUE) && may_wait(status_of(cx, ks), dependency->status);
    arena_release(cx->arena, mark);
    if (waits)
        enqueue_add(dependency->to, ks->ns, ks->name);
    else
        manager_wake(dependency->manager, &kustomization_controller, ks->ns, ks->name);
    return 0;
}

static int map_dependents(struct ctx *cx, struct manager *m, const struct obj *o, struct enqueue *to)
{
    struct dependency dependency = { m, to, status_of(cx, o) };
    struct store *store = manager_store(m, KUSTOMIZATION_API, "Kustomization");
    return store_each_indexed(cx, store, DEPENDS_ON, str_fmt(cx->arena, "%s/%s", o->ns, o->name),
                              add_dependent, &dependency);
}

/* Of a source only its artifact matters here. */
static void keep_artifact(struct arena *a UNUSED, struct doc *object)
{
    doc_remove(object, "spec");
    doc_remove(doc_find(object, "status"), "conditions");
    doc_remove(doc_find(object, "metadata"), "annotations");
}

#define SOURCE(of, behind)                                                                                   \
    {                                                                                                        \
        .api_version = SOURCE_API, .kind = (of), .gate = (behind), .keep = keep_artifact,                    \
        .changed = artifact_changed, .map = map_users                                                        \
    }
#define CONFIG(of)                                                                                           \
    {                                                                                                        \
        .api_version = "v1", .kind = (of), .metadata_only = true, .configs = true,                           \
        .gate_off = "DisableConfigWatchers", .map = map_users                                                \
    }

const struct controller_watch kustomization_watches[KUSTOMIZATION_WATCHES] = {
    SOURCE("GitRepository", NULL),
    SOURCE("OCIRepository", NULL),
    SOURCE("Bucket", NULL),
    SOURCE("ExternalArtifact", "ExternalArtifact"),
    CONFIG("ConfigMap"),
    CONFIG("Secret"),
    { .api_version = KUSTOMIZATION_API,
      .kind = "Kustomization",
      .changed = dependency_changed,
      .map = map_dependents },
};
