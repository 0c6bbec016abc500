/*
 * gitrepository.c: the story of one reconcile of a GitRepository.
 *
 * The stored artifact is checked, the remote is asked what its reference stands at, and only when that moved (or what
 * shapes the artifact changed) is it fetched, packed and stored. The driver (runtime/run.h) does what is the same for every
 * kind: deletion, finalizer, suspend, Ready from the conditions, status, requeue. Runs on a worker thread. Rejected:
 * upstream's two connections (list, then clone); the child that lists goes on to fetch, and tells what it found by
 * a question on the way, so that status can say "new upstream revision" while a long fetch runs.
 */
#include "libgotk/base/gotime.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/git/gitsubmodule.h"
#include "source-controller/gitincluded.h"
#include "source-controller/gitobserved.h"
#include "source-controller/gitprovider.h"
#include "source-controller/source.h"

#define REVISION_SHOWN_MAX 1024
#define IN_STORAGE         "stored artifact for revision '%s'"

static int check_storage(struct ctx *cx, void *run);
static int authenticate(struct ctx *cx, void *run);
static int fetch_source(struct ctx *cx, void *run);
static int store_artifact(struct ctx *cx, void *run);

static const struct step steps[] = {
    /* progress  reason if it fails       step             condition set when it fails */
    { NULL, "ReadOperationFailed", check_storage, COND_STORAGE_FAILED },
    { NULL, "AuthenticationFailed", authenticate, COND_FETCH_FAILED },
    { NULL, "Failed", gitincluded_find, COND_INCLUDE },
    { NULL, "GitOperationFailed", fetch_source, COND_FETCH_FAILED },
    { NULL, "ArchiveOperationFailed", store_artifact, COND_STORAGE_FAILED },
};

static const struct cond_rule rules[] = {
    { COND_STORAGE_FAILED, COND_NEGATIVE }, { COND_FETCH_FAILED, COND_NEGATIVE },
    { COND_INCLUDE, COND_NEGATIVE },        { COND_OUTDATED, COND_NEGATIVE },
    { COND_IN_STORAGE, COND_POSITIVE },     { COND_VERIFIED, COND_BIPOLAR },
    { COND_STALLED, COND_NEGATIVE },        { COND_RECONCILING, COND_NEGATIVE },
};

static const struct cond_summary summary = { rules, ARRAY_LEN(rules) };

static int begin(struct ctx *cx, void *run);
static int finalize(struct ctx *cx, void *run);
static void tell(struct ctx *cx, void *run);

const struct controller gitrepository_controller = {
    .name = "gitrepository",
    .group = SOURCE_GROUP,
    .version = "v1",
    .kind = "GitRepository",
    .finalizer = API_FINALIZER,
    .run_size = sizeof(struct git_run),
    .watches = &gitincluded_watch,
    .watch_count = 1,
    .index = gitincluded_index,
    .begin = begin,
    .steps = steps,
    .step_count = ARRAY_LEN(steps),
    .finalize = finalize,
    .finished = tell,
    .summary = &summary,
};

static int read_intervals(struct ctx *cx, struct git_run *r)
{
    const struct gitrepository_spec *spec = &r->repo.spec;
    if (gotime_parse_duration(cx, spec->interval, &r->run.interval_ns) < 0)
        return err_wrap(cx, "spec.interval");
    if (spec->timeout && gotime_parse_duration(cx, spec->timeout, &r->timeout_ns) < 0)
        return err_wrap(cx, "spec.timeout");
    return 0;
}

static int begin(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    r->state = manager_user(r->run.manager);
    r->owner = (struct storage_owner){ "GitRepository", r->run.meta.ns, r->run.meta.name };
    r->timeout_ns = GOTIME_MINUTE;
    if (decode_struct(cx, r->run.object, gitrepository_fields, "", &r->repo) < 0)
        return cx->err.code;
    if (read_intervals(cx, r) >= 0)
        return 0;
    if (!r->run.meta.deletion_timestamp)
        return cx->err.code;
    err_clear(cx); /* what is deleted goes, whatever its intervals are */
    return 0;
}

static void event(struct ctx *cx, struct git_run *r, const char *reason, const char *message)
{
    log_info(cx->log, message, NULL);
    run_event(cx, &r->run, EVENT_TRACE, reason, NULL, "%s", message);
}

/* What people see while the run lasts; nothing is written unless it lasts. */
static void announce(struct ctx *cx, struct git_run *r)
{
    int64_t seen = r->repo.status.observed_generation;
    cond_progress(&r->run.conds, false, "Progressing", "reconciliation in progress");
    if (seen != r->run.meta.generation)
        cond_progress(&r->run.conds, false, "Progressing", "processing object: new generation %lld -> %lld",
                      (long long)seen, (long long)r->run.meta.generation);
    run_show_progress(cx, &r->run);
}

/* Garbage goes first; that it could not be removed is no reason to stop. */
static void collect_garbage(struct ctx *cx, struct git_run *r)
{
    size_t count = 0;
    if (storage_collect(cx, &r->state->storage, &r->owner, str_or(r->repo.status.artifact->path, ""),
                        &count) < 0) {
        log_debug(cx->log, "garbage collection failed", "error", err_message(cx), NULL);
        err_clear(cx);
    }
    if (count)
        event(cx, r, "GarbageCollectionSucceeded",
              str_fmt(cx->arena, "garbage collected %zu artifacts", count));
}

/* A file that is not what status says is removed and made again. */
static int remove_corrupt(struct ctx *cx, struct git_run *r)
{
    const char *path = str_or(r->repo.status.artifact->path, "");
    run_event(cx, &r->run, EVENT_ERROR, "ArtifactVerificationFailed", NULL,
              "failed to verify integrity of artifact: %s", err_message(cx));
    err_clear(cx);
    if (storage_remove(cx, &r->state->storage, &r->owner, path) < 0)
        return err_wrap(cx, "failed to remove artifact after digest mismatch");
    return 0;
}

/* Finds the artifact of the status in storage; r->artifact stays NULL when it is not there or not whole. */
static int find_artifact(struct ctx *cx, struct git_run *r)
{
    if (!r->repo.status.artifact)
        return 0;
    collect_garbage(cx, r);
    if (storage_verify(cx, &r->state->storage, &r->owner, r->repo.status.artifact) >= 0) {
        r->artifact = r->repo.status.artifact;
        return 0;
    }
    switch (cx->err.code) {
    case ERR_NOT_FOUND:
        err_clear(cx);
        return 0;
    case ERR_INVALID:
    case ERR_UNSUPPORTED:
        return remove_corrupt(cx, r);
    default:
        return err_wrap(cx, "failed to verify integrity of artifact");
    }
}

static int check_storage(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    struct doc *artifact = doc_find(r->run.status, "artifact");
    announce(cx, r);
    cond_remove(&r->run.conds, COND_STORAGE_FAILED);
    if (find_artifact(cx, r) < 0)
        return cx->err.code;
    if (r->artifact) {
        doc_set_text(cx->arena, artifact, "url",
                     storage_url(cx->arena, &r->state->storage, r->artifact->path));
        return 0;
    }
    doc_remove(r->run.status, "artifact");
    cond_remove(&r->run.conds, COND_IN_STORAGE);
    cond_progress(&r->run.conds, true, "Progressing", "building artifact%s",
                  artifact ? ": disappeared from storage" : "");
    run_show_progress(cx, &r->run);
    return 0;
}

/* The Secret of spec.secretRef, read live; *ret is NULL when the spec names none. */
static int read_secret(struct ctx *cx, struct git_run *r, struct doc **ret)
{
    const struct local_ref *ref = r->repo.spec.secret_ref;
    *ret = NULL;
    if (!ref)
        return 0;
    const struct kube_ref secret = { "v1", "Secret", r->run.meta.ns, ref->name };
    if (kube_get(cx, manager_kube(r->run.manager), &secret, ret) < 0)
        return err_wrap(cx, "failed to get secret '%s/%s'", r->run.meta.ns, ref->name);
    return 0;
}

/* A flag's values as libraries like them; NULL for none. */
static const char *comma_list(struct ctx *cx, const struct str_list *list)
{
    return list->len ? str_join(cx->arena, list->at, list->len, ",") : NULL;
}

/* The proxy of spec.proxySecretRef, if there is one. */
static int find_proxy(struct ctx *cx, struct git_run *r)
{
    const struct local_ref *ref = r->repo.spec.proxy_secret_ref;
    struct doc *secret;
    if (!ref)
        return 0;
    const struct kube_ref address = { "v1", "Secret", r->run.meta.ns, ref->name };
    if (kube_get(cx, manager_kube(r->run.manager), &address, &secret) < 0) {
        if (cx->err.code == ERR_NOT_FOUND)
            err_fail(cx, ERR_NOT_FOUND, "secret '%s/%s' not found", r->run.meta.ns, ref->name);
        else
            err_wrap(cx, "failed to get secret '%s/%s'", r->run.meta.ns, ref->name);
        return err_wrap(cx, "failed to configure proxy options");
    }
    return gitauth_proxy(cx, secret, &r->proxy) < 0 ? err_wrap(cx, "failed to configure proxy options") : 0;
}

static int authenticate(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    struct url url;
    struct doc *secret;
    if (find_proxy(cx, r) < 0)
        return cx->err.code;
    if (url_parse(cx, r->repo.spec.url, &url) < 0) {
        run_fails_as(cx, &r->run, COND_FETCH_FAILED, "URLInvalid");
        err_wrap(cx, "failed to parse url '%s'", url_mask(cx->arena, r->repo.spec.url));
        return run_stall(cx, &r->run);
    }
    if (read_secret(cx, r, &secret) < 0)
        return cx->err.code;
    if (gitprovider_authenticate(cx, r, &url, secret) < 0)
        return cx->err.code;
    r->auth.kex_algos = comma_list(cx, &r->state->ssh_kex_algos);
    r->auth.host_key_algos = comma_list(cx, &r->state->ssh_hostkey_algos);
    return 0;
}

/* The revision at which nothing needs to be done; NULL when a new artifact is wanted in any case. */
static const char *settled_revision(const struct git_run *r)
{
    bool settled =
        r->artifact && cond_is(r->run.status, COND_IN_STORAGE, COND_TRUE) && !gitobserved_changed(r);
    return settled ? r->artifact->revision : NULL;
}

/* Who is told: what is shown lives as long as the run, not as the question. */
struct listener {
    struct ctx *cx;
    struct git_run *run;
};

/* As soon as the child knows what the remote stands at, if that is worth a fetch. */
static int note_revision(struct ctx *cx, const struct listener *listener, const char *revision,
                         struct doc **ret_answer)
{
    struct git_run *r = listener->run;
    *ret_answer = doc_object(cx->arena);
    if (strlen(revision) > REVISION_SHOWN_MAX)
        return err_fail(cx, ERR_INVALID, "the revision is longer than %d bytes", REVISION_SHOWN_MAX);
    if (r->artifact && gitref_same_revision(cx->arena, revision, r->artifact->revision))
        return 0;
    if (r->artifact)
        cond_set(&r->run.conds, COND_OUTDATED, COND_TRUE, "NewRevision", "new upstream revision '%s'",
                 revision);
    cond_progress(&r->run.conds, true, "Progressing", "building artifact: new upstream revision '%s'",
                  revision);
    run_show_progress(listener->cx, &r->run);
    return 0;
}

/* The public keys of spec.verify.secretRef. */
static int give_keys(struct ctx *cx, const struct git_run *r, struct doc **ret_answer)
{
    const struct kube_ref secret = { "v1", "Secret", r->run.meta.ns, r->repo.spec.verify->secret_ref.name };
    struct gitverify_keys keys;
    struct doc *found;
    if (kube_get(cx, manager_kube(r->run.manager), &secret, &found) < 0 ||
        gitverify_read_keys(cx, found, &keys) < 0) {
        err_wrap(cx, "public keys secret error");
        return err_reason(cx, "VerificationError");
    }
    *ret_answer = encode_struct(cx->arena, gitverify_keys_fields, &keys);
    return 0;
}

/* What the child asks through job_ask. */
static int answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer)
{
    const struct listener *listener = user;
    if (doc_find(request, "publicKeys") && listener->run->repo.spec.verify)
        return give_keys(cx, listener->run, ret_answer);
    return note_revision(cx, listener, str_or(doc_text_at(request, "revision"), ""), ret_answer);
}

/* SourceVerified=False decides Ready; FetchFailed would be untrue. */
static int not_verified(struct ctx *cx, struct git_run *r)
{
    const char *reason = err_reason_of(cx);
    if (err_code(cx) == ERR_CANCELED)
        return err_code(cx); /* nothing was found wrong: we were told to stop */
    cond_remove(&r->run.conds, COND_FETCH_FAILED);
    cond_set(&r->run.conds, COND_VERIFIED, COND_FALSE, reason, "%s", err_message(cx));
    run_fails_as(cx, &r->run, COND_READY, reason);
    return str_eq(reason, "InvalidVerificationMode") ? run_stall(cx, &r->run) : err_code(cx);
}

/* A fetch may also fail at verifying and packing what it got. */
static int fetch_failed(struct ctx *cx, struct git_run *r)
{
    const char *reason = err_reason_of(cx);
    static const char *const of_storage[] = { "SourceIgnoreError", "ArchiveOperationFailed", "IllegalPath",
                                              "CopyFailure" };
    for (size_t i = 0; i < ARRAY_LEN(of_storage); i++)
        if (str_eq(reason, of_storage[i])) {
            cond_remove(&r->run.conds, COND_FETCH_FAILED);
            return run_fails_as(cx, &r->run, COND_STORAGE_FAILED, reason);
        }
    cond_remove(&r->run.conds, COND_OUTDATED);
    if (str_eq(reason, "GitOperationFailed"))
        return run_fails_as(cx, &r->run, COND_FETCH_FAILED, reason);
    if (err_code(cx) == ERR_UNAUTHORIZED)
        gitprovider_refused(r);
    if (gitverify_is_reason(reason))
        return not_verified(cx, r);
    return err_wrap(cx, "failed to checkout and determine revision");
}

/* What was verified is told; when nothing is to be, that shows too. */
static void note_verified(struct ctx *cx, struct git_run *r)
{
    const struct git_verify *verify = r->repo.spec.verify;
    if (!verify) {
        doc_remove(r->run.status, "sourceVerificationMode");
        cond_remove(&r->run.conds, COND_VERIFIED);
    } else if (!r->fetched.clone.unchanged) {
        const char *message = gitverify_message(cx->arena, &r->fetched.verified);
        doc_set_text(cx->arena, r->run.status, "sourceVerificationMode", gitverify_mode(verify->mode));
        cond_set(&r->run.conds, COND_VERIFIED, COND_TRUE, "Succeeded", "%s", message);
        event(cx, r, "Succeeded", message);
    }
}

/* What people read of a revision that has not moved. */
static int nothing_new(struct ctx *cx, struct git_run *r)
{
    const char *revision = r->fetched.clone.revision;
    cond_set(&r->run.conds, COND_IN_STORAGE, COND_TRUE, "Succeeded", IN_STORAGE, revision);
    event(cx, r, "GitOperationSucceeded",
          str_fmt(cx->arena, "no changes since last reconciliation: observed revision '%s'", revision));
    return STEP_DONE;
}

/* What earlier fetches left, unless it is of another source or of other credentials. Renewed tokens are not others. */
static int find_cache(struct ctx *cx, const struct git_run *r, struct gitclone_request *req)
{
    const struct gitrepository_spec *spec = &r->repo.spec;
    const char *const parts[] = { spec->url, spec->secret_ref ? spec->secret_ref->name : "",
                                  str_or(spec->provider, ""), str_or(spec->service_account_name, ""),
                                  r->token_keys[0] ? "" : str_or(r->auth.user, "") };
    const char *identity = str_join(cx->arena, parts, ARRAY_LEN(parts), "\n");
    const char *key = str_ndup(cx->arena, hash_sha256_hex(cx->arena, identity, strlen(identity)), 32);
    req->cache_max = r->state->git_cache_max_size;
    if (req->cache_max <= 0)
        return 0;
    const char *dir = storage_cache_dir(cx->arena, &r->state->storage, &r->owner, key);
    cachelimit_begin(r->state->cache_limit, dir);
    if (storage_cache(cx, &r->state->storage, &r->owner, key, &req->cache_dir) == 0)
        return 0;
    cachelimit_end(cx, r->state->cache_limit, dir);
    return err_code(cx);
}

/* What the child is asked to do. */
static struct gitfetch_request fetch_request(struct ctx *cx, const struct git_run *r)
{
    const struct gitrepository_spec *spec = &r->repo.spec;
    struct gitfetch_request req = {
        .clone = { .url = spec->url,
                   .auth = r->auth,
                   .proxy = r->proxy,
                   .last_revision = settled_revision(r) },
        .timeout_ns = r->timeout_ns,
        .ignore = spec->ignore,
        .includes = gitincluded_requests(cx, r),
        .include_count = spec->include_count,
        .on_question = answer,
    };
    req.clone.ref = spec->ref ? *spec->ref : (struct git_ref){ 0 };
    req.clone.sparse = (struct gitsparse){ spec->sparse_checkout, spec->sparse_checkout_count };
    req.clone.submodules = spec->recurse_submodules ? GITSUBMODULE_DEPTH : 0;
    req.verify = spec->verify ? gitverify_mode(spec->verify->mode) : NULL;
    return req;
}

static int fetch_source(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    struct listener listener = { cx, r };
    struct gitfetch_request req = fetch_request(cx, r);
    req.user = &listener;
    cond_remove(&r->run.conds, COND_OUTDATED);
    if (cond_is(r->run.status, COND_VERIFIED, COND_FALSE))
        cond_remove(&r->run.conds, COND_VERIFIED);
    if (storage_stage(cx, &r->state->storage, &r->owner, &req.archive_dir) < 0 ||
        find_cache(cx, r, &req.clone) < 0)
        return run_fails_as(cx, &r->run, COND_STORAGE_FAILED, "DirectoryCreationFailed");
    int rc = gitfetch_run(cx, &req, &r->fetched);
    if (req.clone.cache_dir)
        cachelimit_end(cx, r->state->cache_limit, req.clone.cache_dir);
    if (rc < 0)
        return fetch_failed(cx, r);
    if (r->fetched.clone.empty) {
        err_fail(cx, ERR_NOT_FOUND, "git repository is empty");
        return run_fails_as(cx, &r->run, COND_FETCH_FAILED, "EmptyGitRepository");
    }
    log_debug(cx->log, "git repository checked out", "url", url_mask(cx->arena, req.clone.url), "revision",
              r->fetched.clone.revision, NULL);
    cond_remove(&r->run.conds, COND_FETCH_FAILED);
    note_verified(cx, r);
    return r->fetched.clone.unchanged ? nothing_new(cx, r) : 0;
}

static int store_artifact(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    const struct gitclone_result *found = &r->fetched.clone;
    struct artifact artifact;
    if (settled_revision(r) && gitref_same_revision(cx->arena, r->artifact->revision, found->revision)) {
        event(cx, r, "ArtifactUpToDate",
              str_fmt(cx->arena, "artifact up-to-date with remote revision: '%s'", found->revision));
    } else {
        if (storage_publish(cx, &r->state->storage, &r->owner, r->fetched.archive,
                            str_fmt(cx->arena, "%s.tar.gz", found->commit), &artifact) < 0)
            return err_wrap(cx, "unable to archive artifact to storage");
        artifact.revision = found->revision;
        gitobserved_write(cx, r, &artifact);
    }
    cond_remove(&r->run.conds, COND_OUTDATED);
    cond_set(&r->run.conds, COND_IN_STORAGE, COND_TRUE, "Succeeded", IN_STORAGE, found->revision);
    return 0;
}

static int finalize(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    bool found;
    gitprovider_forget(r);
    if (storage_remove_all(cx, &r->state->storage, &r->owner, &found) < 0) {
        run_fails_as(cx, &r->run, COND_STORAGE_FAILED, "GarbageCollectionFailed");
        return err_wrap(cx, "garbage collection for deleted resource failed");
    }
    if (found)
        event(cx, r, "GarbageCollectionSucceeded", "garbage collected artifacts for deleted resource");
    doc_remove(r->run.status, "artifact");
    return 0;
}

/* True when the run before had failed. */
static bool had_failed(const struct run *run)
{
    static const char *const conditions[] = { COND_FETCH_FAILED, COND_INCLUDE, COND_STORAGE_FAILED };
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        if (cond_has(doc_find(run->object, "status"), conditions[i]))
            return true;
    return false;
}

static struct doc *event_metadata(struct arena *a, const struct doc *artifact)
{
    struct doc *metadata = doc_object(a);
    doc_set_text(a, metadata, SOURCE_GROUP "/revision", doc_text_at(artifact, "revision"));
    doc_set_text(a, metadata, SOURCE_GROUP "/digest", doc_text_at(artifact, "digest"));
    return metadata;
}

/* A new artifact is news; so is one that could be fetched again. */
static void tell(struct ctx *cx, void *run)
{
    struct git_run *r = run;
    const struct doc *artifact = doc_find(r->run.status, "artifact");
    const struct artifact *before = r->repo.status.artifact;
    const struct gitclone_result *found = &r->fetched.clone;
    if (r->run.failure.code || !artifact)
        return;
    bool is_new = !before || !str_eq(before->digest, doc_text_at(artifact, "digest"));
    if (!is_new && !had_failed(&r->run))
        return;
    const char *message = str_fmt(cx->arena, "stored artifact for commit '%s'",
                                  str_or(found->unchanged ? NULL : found->subject, found->revision));
    log_info(cx->log, message, NULL);
    run_event(cx, &r->run, EVENT_INFO, is_new ? "NewArtifact" : "Succeeded",
              event_metadata(cx->arena, artifact), "%s", message);
}
