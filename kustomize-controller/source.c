/*
 * source.c: from spec.sourceRef to an artifact.
 *
 * Sources come from the store the watch keeps, or with the gate DirectSourceFetch live. Worker threads.
 */
#include "libgotk/api/source.h"
#include "kustomize-controller/controller.h"
#include "libgotk/base/str.h"

#define ORIGIN_REVISION "org.opencontainers.image.revision"

static const char *namespace_of(const struct ks_run *r)
{
    return str_or(r->ks.spec.source_ref.ns, r->ks.meta.ns);
}

static int check_access(struct ctx *cx, struct ks_run *r)
{
    const struct source_ref *ref = &r->ks.spec.source_ref;
    bool crosses = !str_eq(namespace_of(r), r->ks.meta.ns);
    bool external =
        str_eq(ref->kind, "ExternalArtifact") && !manager_feature(r->run.manager, "ExternalArtifact");
    if (!external && !(crosses && r->state->no_cross_namespace_refs))
        return 0;
    err_fail(cx, ERR_DENIED, "can't access '%s/%s/%s', %s", ref->kind, namespace_of(r), ref->name,
             external ? "ExternalArtifact feature gate is disabled"
                      : "cross-namespace references have been blocked");
    run_fails_as(cx, &r->run, NULL, "AccessDenied");
    return run_terminal(cx, &r->run);
}

static int not_found(struct ctx *cx, struct ks_run *r)
{
    const struct source_ref *ref = &r->ks.spec.source_ref;
    const char *where = str_empty(ref->ns) ? "" : str_fmt(cx->arena, "%s/", ref->ns);
    r->run.log_message = str_fmt(cx->arena, "Source '%s/%s%s' not found", ref->kind, where, ref->name);
    return run_retry_in(cx, &r->run, r->run.retry_ns, RESULT_SILENT);
}

static int fail_absent(struct ctx *cx, const struct source_ref *ref)
{
    return err_fail(cx, ERR_NOT_FOUND, "%s.%s \"%s\" not found", ref->kind, SOURCE_GROUP, ref->name);
}

static int read_stored(struct ctx *cx, struct store *store, const struct source_ref *ref, const char *ns,
                       struct doc **ret_source)
{
    CLEANUP(obj_cleanup) struct obj *o = store_get(store, ns, ref->name);
    return o ? obj_doc(cx, o, ret_source) : fail_absent(cx, ref);
}

static int read_source(struct ctx *cx, struct ks_run *r, struct doc **ret_source)
{
    const struct source_ref *ref = &r->ks.spec.source_ref;
    const char *ns = namespace_of(r);
    struct store *store = manager_store(r->run.manager, SOURCE_API, ref->kind);
    bool direct = manager_feature(r->run.manager, "DirectSourceFetch");
    if (store && !direct)
        return read_stored(cx, store, ref, ns, ret_source);
    struct kube_ref live = { .api_version = SOURCE_API, .kind = ref->kind, .ns = ns, .name = ref->name };
    int rc = kube_get(cx, r->kube, &live, ret_source);
    bool absent = rc == ERR_NOT_FOUND && !str_eq(cx->err.reason, "NoKindMatch");
    return absent && !direct ? fail_absent(cx, ref) : rc;
}

static int no_artifact(struct ctx *cx, struct ks_run *r)
{
    int64_t wait = manager_options(r->run.manager)->requeue_dependency_ns;
    err_fail(cx, ERR_NOT_READY, "Source artifact not found, retrying in %s",
             gotime_print_duration(cx->arena, wait));
    return run_retry_in(cx, &r->run, wait, RESULT_SILENT);
}

int source_resolve(struct ctx *cx, struct ks_run *r)
{
    struct doc *source;
    if (check_access(cx, r) < 0)
        return cx->err.code;
    if (read_source(cx, r, &source) < 0)
        return cx->err.code == ERR_NOT_FOUND ? not_found(cx, r) : run_backoff(cx, &r->run);
    const struct doc *artifact = doc_path(source, "status", "artifact");
    if (doc_kind(artifact) != DOC_OBJECT)
        return no_artifact(cx, r);
    if (decode_struct(cx, artifact, artifact_fields, "status.artifact", &r->artifact) < 0)
        return err_wrap(cx, "source '%s/%s'", r->ks.spec.source_ref.kind, r->ks.spec.source_ref.name);
    r->origin_revision = doc_text_at(r->artifact.metadata, ORIGIN_REVISION);
    return 0;
}
