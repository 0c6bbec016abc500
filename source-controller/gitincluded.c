/*
 * gitincluded.c: the repositories that a GitRepository includes; see gitincluded.h.
 *
 * Steps run on worker threads, index and watch on the reflector's.
 */
#include "source-controller/gitincluded.h"

#include "libgotk/base/str.h"
#include "libgotk/kube/store.h"

#define INDEX "includes"

static int unavailable(struct ctx *cx, struct git_run *r, const char *reason)
{
    run_fails_as(cx, &r->run, COND_INCLUDE, reason);
    return run_retry_in(cx, &r->run, manager_options(r->run.manager)->requeue_dependency_ns, RESULT_TRACE);
}

/* The artifact in the status of a GitRepository of the same namespace. */
static int find_artifact(struct ctx *cx, struct git_run *r, const char *name, struct artifact *ret)
{
    CLEANUP(obj_cleanup)
    struct obj *o =
        store_get(manager_store(r->run.manager, SOURCE_API, "GitRepository"), r->run.meta.ns, name);
    struct doc *d;
    if (!o) {
        err_fail(cx, ERR_NOT_FOUND,
                 "could not get resource for include '%s': GitRepository.%s \"%s\" not found", name,
                 SOURCE_GROUP, name);
        return unavailable(cx, r, "NotFound");
    }
    if (obj_doc(cx, o, &d) < 0)
        return cx->err.code;
    const struct doc *artifact = doc_path(d, "status", "artifact");
    if (!artifact) {
        err_fail(cx, ERR_NOT_READY, "no artifact available for include '%s'", name);
        return unavailable(cx, r, "NoArtifact");
    }
    return decode_struct(cx, artifact, artifact_fields, "status.artifact", ret);
}

/* True when a revision of today is in none of the artifacts of the status. */
static bool differs(const struct git_run *r)
{
    const struct gitrepository_status *status = &r->repo.status;
    if (r->repo.spec.include_count != status->included_artifacts_count)
        return true;
    for (size_t i = 0; i < r->repo.spec.include_count; i++) {
        bool known = false;
        for (size_t j = 0; j < status->included_artifacts_count; j++)
            known = known || str_eq(r->included[i].revision, status->included_artifacts[j].revision);
        if (!known)
            return true;
    }
    return false;
}

/* Seen while the run lasts. */
static void announce(struct ctx *cx, struct git_run *r)
{
    const char *message = "included artifacts differ from last observed includes";
    if (r->repo.status.included_artifacts_count)
        cond_set(&r->run.conds, COND_OUTDATED, COND_TRUE, "IncludeChange", "%s", message);
    cond_progress(&r->run.conds, true, "Progressing", "building artifact: %s", message);
    run_show_progress(cx, &r->run);
}

int gitincluded_find(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    const struct gitrepository_spec *spec = &r->repo.spec;
    r->included = ARENA_ARRAY(cx->arena, struct artifact, spec->include_count + 1);
    for (size_t i = 0; i < spec->include_count; i++)
        if (find_artifact(cx, r, spec->include[i].repository.name, &r->included[i]) < 0)
            return cx->err.code;
    cond_remove(&r->run.conds, COND_INCLUDE);
    if (differs(r))
        announce(cx, r);
    return 0;
}

struct gitinclude *gitincluded_requests(struct ctx *cx, const struct git_run *r)
{
    const struct gitrepository_spec *spec = &r->repo.spec;
    struct gitinclude *list = ARENA_ARRAY(cx->arena, struct gitinclude, spec->include_count + 1);
    for (size_t i = 0; i < spec->include_count; i++) {
        const struct git_include *in = &spec->include[i];
        const struct storage_owner owner = { "GitRepository", r->run.meta.ns, in->repository.name };
        const char *path = storage_find(cx, &r->state->storage, &owner, str_or(r->included[i].path, ""));
        list[i] = (struct gitinclude){ .name = in->repository.name,
                                       .archive = str_or(path, ""),
                                       .from_path = str_or(in->from_path, ""),
                                       .to_path = str_or(in->to_path, in->repository.name) };
    }
    return list;
}

static const char *key_of(struct arena *a, const char *ns, const char *name)
{
    return str_fmt(a, "%s/%s", ns, name);
}

void gitincluded_index(struct watch_index *to, const struct doc *object)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)1 << 20);
    const char *ns = str_or(doc_text_at(object, "metadata", "namespace"), "");
    doc_each (include, doc_path(object, "spec", "include"))
        watch_index_add(to, INDEX, key_of(a, ns, str_or(doc_text_at(include, "repository", "name"), "")));
}

static const struct doc *artifact_of(struct ctx *cx, const struct obj *o)
{
    struct doc *d = NULL;
    if (!o || obj_doc(cx, o, &d) < 0) {
        err_clear(cx);
        return NULL;
    }
    return doc_path(d, "status", "artifact");
}

/* An artifact that appeared, or is another one. */
static bool artifact_changed(struct ctx *cx, const struct obj *old, const struct obj *new)
{
    const struct doc *before = artifact_of(cx, old), *after = artifact_of(cx, new);
    if (!after)
        return false;
    return !before || !str_eq(doc_text_at(before, "revision"), doc_text_at(after, "revision")) ||
           !str_eq(doc_text_at(before, "digest"), doc_text_at(after, "digest")) ||
           !str_eq(doc_text_at(before, "lastUpdateTime"), doc_text_at(after, "lastUpdateTime"));
}

/* What one look through the index carries along. */
struct mapping {
    struct enqueue *to;
    struct store *store;
    const struct obj *changed;
};

/* Whether the one that changed includes `o`, itself or through others. */
static bool leads_back(struct ctx *cx, const struct mapping *m, const struct obj *o)
{
    struct arena_mark mark = arena_mark(cx->arena);
    const char *from = key_of(cx->arena, m->changed->ns, m->changed->name);
    bool found = store_way(cx->arena, m->store, INDEX, from, key_of(cx->arena, o->ns, o->name));
    arena_release(cx->arena, mark);
    return found;
}

static int add_user(struct ctx *cx, void *user, struct obj *o)
{
    struct mapping *m = user;
    if (!leads_back(cx, m, o))
        enqueue_add(m->to, o->ns, o->name);
    return 0;
}

static int map_users(struct ctx *cx, struct manager *m, const struct obj *o, struct enqueue *to)
{
    struct mapping mapping = { to, manager_store(m, SOURCE_API, "GitRepository"), o };
    return store_each_indexed(cx, mapping.store, INDEX, key_of(cx->arena, o->ns, o->name), add_user,
                              &mapping);
}

const struct controller_watch gitincluded_watch = {
    .api_version = SOURCE_API,
    .kind = "GitRepository",
    .changed = artifact_changed,
    .map = map_users,
};
