/*
 * watches.c: which Kustomizations a change elsewhere concerns.
 *
 * Kustomizations are indexed by what they name: "GitRepository/ns/name", "ConfigMap/ns/name", "Secret/ns/name". A source
 * concerns them when its artifact appears or changes; a ConfigMap or Secret, when it opted in by label, at any change.
 * Reflector threads.
 */
#include "kustomize-controller/controller.h"
#include "libgotk/api/source.h"
#include "libgotk/base/str.h"

#define INDEX "uses"

static const char *key_of(struct arena *a, const char *kind, const char *ns, const char *name)
{
    return str_fmt(a, "%s/%s/%s", kind, ns, name);
}

static void index_substitutions(struct arena *a, struct watch_index *to, const struct doc *spec,
                                const char *ns)
{
    doc_each (from, doc_path(spec, "postBuild", "substituteFrom"))
        watch_index_add(
            to, INDEX,
            key_of(a, str_or(doc_text_at(from, "kind"), ""), ns, str_or(doc_text_at(from, "name"), "")));
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
    index_substitutions(a, to, spec, ns);
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

/* What one look through the index carries along. */
struct mapping {
    struct enqueue *to;
    const char *revision; /* of the changed source; NULL for other kinds */
};

/* Someone else (a requestedAt, a spec change) may have had this revision reconciled already. */
static bool has_seen(const struct doc *status, const char *revision)
{
    if (!revision || !str_eq(doc_text_at(status, "lastAttemptedRevision"), revision))
        return false;
    return cond_is(status, COND_READY, COND_TRUE) || cond_is(status, COND_RECONCILING, COND_TRUE);
}

static int add_user(struct ctx *cx, void *user, struct obj *ks)
{
    struct mapping *m = user;
    struct doc *d;
    if (obj_doc(cx, ks, &d) < 0)
        return cx->err.code;
    if (!has_seen(doc_find(d, "status"), m->revision))
        enqueue_add(m->to, ks->ns, ks->name);
    return 0;
}

static int map_users(struct ctx *cx, struct manager *m, const struct obj *o, struct enqueue *to)
{
    struct mapping mapping = { .to = to, .revision = doc_text_at(artifact_of(cx, o), "revision") };
    struct store *store = manager_store(m, KUSTOMIZATION_API, "Kustomization");
    return store_each_indexed(cx, store, INDEX, key_of(cx->arena, o->kind, o->ns, o->name), add_user,
                              &mapping);
}

/* Of a source only its artifact matters here. */
static void keep_artifact(struct arena *a UNUSED, struct doc *object)
{
    doc_remove(object, "spec");
    doc_remove(doc_find(object, "status"), "conditions");
    doc_remove(doc_find(object, "metadata"), "annotations");
}

const struct controller_watch kustomization_watches[] = {
    { .api_version = SOURCE_API,
      .kind = "GitRepository",
      .keep = keep_artifact,
      .changed = artifact_changed,
      .map = map_users },
    { .api_version = "v1",
      .kind = "ConfigMap",
      .metadata_only = true,
      .configs = true,
      .gate_off = "DisableConfigWatchers",
      .map = map_users },
    { .api_version = "v1",
      .kind = "Secret",
      .metadata_only = true,
      .configs = true,
      .gate_off = "DisableConfigWatchers",
      .map = map_users },
};
const size_t kustomization_watch_count = ARRAY_LEN(kustomization_watches);
