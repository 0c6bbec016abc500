/*
 * gitfetch.c: the fetch job: the document that goes into the child, what it does there, the document that comes back.
 */
#include "source-controller/gitfetch.h"

#include "libgotk/artifact/archive.h"
#include "libgotk/artifact/sourceignore.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/decode.h"
#include "libgotk/doc/json.h"
#include "libgotk/git/gitref.h"
#include "libgotk/git/gittransport.h"
#include "source-controller/gitssh.h"
#include "source-controller/pgpsig.h"

#include <limits.h>

#define ARCHIVE_NAME "archive.tar.gz"
#define MEMORY_MAX   ((size_t)1 << 30)
#define FILE_MAX     ((size_t)8 << 30)
#define OUTPUT_MAX   ((size_t)1 << 20)
#define REVISION_MAX 1024
#define GRACE_MS     5000 /* a child that runs out of time says more than one that is ended */

static const struct field ref_fields[] = {
    FIELD(struct git_ref, branch, "branch", 0), FIELD(struct git_ref, tag, "tag", 0),
    FIELD(struct git_ref, semver, "semver", 0), FIELD(struct git_ref, name, "name", 0),
    FIELD(struct git_ref, commit, "commit", 0), FIELD_END,
};

static const struct field clone_fields[] = {
    FIELD(struct gitclone_request, url, "url", FIELD_REQUIRED),
    FIELD_STRUCT(struct gitclone_request, ref, "ref", 0, ref_fields),
    FIELD_STRUCT(struct gitclone_request, auth, "auth", 0, gitauth_fields),
    FIELD(struct gitclone_request, proxy, "proxy", 0),
    FIELD(struct gitclone_request, last_revision, "lastRevision", 0),
    FIELD(struct gitclone_request, git_dir, "gitDir", FIELD_REQUIRED),
    FIELD(struct gitclone_request, tree_dir, "treeDir", FIELD_REQUIRED),
    FIELD_STRING_LIST(struct gitclone_request, sparse.at, sparse.count, "sparse", 0),
    FIELD(struct gitclone_request, submodules, "submodules", 0),
    FIELD(struct gitclone_request, cache_dir, "cacheDir", 0),
    FIELD(struct gitclone_request, cache_max, "cacheMax", 0),
    FIELD_END,
};

static const struct field request_fields[] = {
    FIELD_STRUCT(struct gitfetch_request, clone, "clone", FIELD_REQUIRED, clone_fields),
    FIELD(struct gitfetch_request, timeout_ns, "timeout", FIELD_REQUIRED),
    FIELD(struct gitfetch_request, ignore, "ignore", 0),
    FIELD(struct gitfetch_request, verify, "verify", 0),
    FIELD_LIST(struct gitfetch_request, includes, include_count, "includes", 0, gitinclude_fields),
    FIELD(struct gitfetch_request, archive_dir, "archiveDir", 0),
    FIELD_END,
};

static const struct field found_fields[] = {
    FIELD(struct gitclone_result, unchanged, "unchanged", 0),
    FIELD(struct gitclone_result, empty, "empty", 0),
    FIELD(struct gitclone_result, revision, "revision", 0),
    FIELD(struct gitclone_result, commit, "commit", 0),
    FIELD(struct gitclone_result, subject, "subject", 0),
    FIELD_END,
};

static const struct field result_fields[] = {
    FIELD_STRUCT(struct gitfetch_result, clone, "clone", FIELD_REQUIRED, found_fields),
    FIELD_STRUCT(struct gitfetch_result, verified, "verified", 0, gitverify_result_fields),
    FIELD(struct gitfetch_result, archived, "archived", 0),
    FIELD_END,
};

/* Child: what its callbacks need. */
struct child {
    struct job_side *side;
    const char *verify;
    struct gitverify_result verified;
};

/* Child: what will be fetched, for people who watch the object meanwhile. */
static int tell_parent(struct ctx *cx, void *user, const char *revision)
{
    struct child *child = user;
    struct doc *note = doc_object(cx->arena);
    struct doc *ignored;
    doc_set_text(cx->arena, note, "revision", revision);
    return job_ask(cx, child->side, note, &ignored);
}

/* Child: the keys of signatures, which the parent reads from a Secret. */
static int ask_keys(struct ctx *cx, struct job_side *side, struct gitverify_keys *ret)
{
    struct doc *question = doc_object(cx->arena);
    struct doc *answer;
    doc_set_bool(cx->arena, question, "publicKeys", true);
    if (job_ask(cx, side, question, &answer) < 0)
        return cx->err.code;
    return decode_struct(cx, answer, gitverify_keys_fields, "", ret);
}

static int verify(struct ctx *cx, void *user, const struct gitclone_subject *subject)
{
    struct child *child = user;
    struct gitverify_keys keys = { 0 };
    if (ask_keys(cx, child->side, &keys) < 0)
        return cx->err.code;
    return gitverify_run(cx, child->verify, &keys, subject, &child->verified);
}

/* Parent: nobody wants to know. */
static int no_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer)
{
    (void)user;
    (void)request;
    *ret_answer = doc_object(cx->arena);
    return 0;
}

/* Packs what was checked out; the parent computes the digest again over what it takes over. */
static int pack(struct ctx *cx, const struct gitfetch_request *req)
{
    const char *target = str_fmt(cx->arena, "%s/%s", req->archive_dir, ARCHIVE_NAME);
    struct artifact_packed packed;
    struct ignore *ignore;
    if (sourceignore_load(cx, req->clone.tree_dir, req->ignore, &ignore) < 0) {
        err_wrap(cx, "failed to load source ignore patterns from repository");
        return err_reason(cx, "SourceIgnoreError");
    }
    if (artifact_archive(cx, req->clone.tree_dir, artifact_filter_ignored, ignore, target, "sha256",
                         &packed) < 0) {
        err_wrap(cx, "unable to archive artifact to storage");
        return err_reason(cx, "ArchiveOperationFailed");
    }
    return 0;
}

/* What was checked out is what was asked for, and what is included lies in it. */
static int complete_tree(struct ctx *cx, const struct gitfetch_request *req)
{
    const char *scratch = str_fmt(cx->arena, "%s-include", req->clone.git_dir);
    if (gitsparse_check(cx, &req->clone.sparse, req->clone.tree_dir) < 0)
        return cx->err.code;
    return gitinclude_copy(cx, req->includes, req->include_count, scratch, req->clone.tree_dir);
}

static int run_child(struct ctx *cx, struct job_side *side, const struct doc *input, struct buf *ret_output)
{
    struct gitfetch_request req = { 0 };
    struct gitfetch_result result = { 0 };
    if (decode_struct(cx, input, request_fields, "", &req) < 0)
        return cx->err.code;
    struct child child = { .side = side, .verify = req.verify };
    req.clone.ssh = &gitssh;
    req.clone.found = tell_parent;
    req.clone.verify = req.verify ? verify : NULL;
    req.clone.user = &child;
    ctx_deadline_in(cx, req.timeout_ns / GOTIME_MS);
    if (gitclone_run(cx, &req.clone, &result.clone) < 0)
        return cx->err.code;
    result.verified = child.verified;
    if (result.clone.subject && complete_tree(cx, &req) < 0)
        return cx->err.code;
    result.archived = req.archive_dir && result.clone.subject;
    if (result.archived && pack(cx, &req) < 0)
        return cx->err.code;
    json_print(ret_output, encode_struct(cx->arena, result_fields, &result), JSON_COMPACT);
    return 0;
}

static void prepare(void)
{
    gitclone_init();
    gittransport_warm();
}

const struct job gitfetch_job = {
    .name = "git fetch",
    .run = run_child,
    .prepare = prepare,
    .network = true,
};

/* A folder for objects and files, gone with the reconcile; the child makes what it needs in it. */
static int make_folder(struct ctx *cx, struct gitfetch_request *req, const char **ret_work)
{
    const char *work;
    if (fs_tmpdir(cx, "git-fetch", &work) < 0)
        return cx->err.code;
    req->clone.git_dir = str_fmt(cx->arena, "%s/objects", work);
    if (!req->clone.tree_dir)
        req->clone.tree_dir = str_fmt(cx->arena, "%s/tree", work);
    *ret_work = work;
    return 0;
}

/* The artifacts that are included, and what verifying signatures takes. */
static const char *const *readable(struct arena *a, const struct gitfetch_request *req)
{
    VEC(const char *) paths = { 0 };
    for (size_t i = 0; i < req->include_count; i++)
        if (!str_empty(req->includes[i].archive))
            vec_push(a, &paths, req->includes[i].archive);
    for (const char *const *p = req->verify ? pgpsig_needs(a) : NULL; p && *p; p++)
        vec_push(a, &paths, *p);
    vec_push(a, &paths, NULL);
    return paths.at;
}

/* A child that had to be ended may have stumbled over what it found in the cache: it must not do so for ever. */
static int forget_harm(struct ctx *cx, const struct gitfetch_request *req)
{
    struct err kept = cx->err;
    if (!req->clone.cache_dir || !str_starts(err_message(cx), "git fetch was ended"))
        return cx->err.code;
    cx->err = (struct err){ 0 };
    if (fs_remove_tree(cx, req->clone.cache_dir) < 0)
        log_error(cx->log, "the cache of a fetch cannot be removed", "error", err_message(cx), NULL);
    cx->err = kept;
    return cx->err.code;
}

int gitfetch_cpu_seconds(int64_t timeout_ns)
{
    int64_t seconds = timeout_ns / GOTIME_SECOND;
    return seconds < INT_MAX ? (int)seconds + 1 : INT_MAX;
}

/* `target` is where the result goes: the archive's folder, or the tree's own. */
static int run_job(struct ctx *cx, const struct gitfetch_request *req, const char *work, const char *target,
                   struct buf *ret_output)
{
    const char *const write_dirs[] = { work, target, req->clone.cache_dir, NULL };
    const struct job_limits limits = {
        .memory_max = MEMORY_MAX,
        .cpu_seconds = gitfetch_cpu_seconds(req->timeout_ns),
        .timeout_ms = req->timeout_ns / GOTIME_MS + GRACE_MS,
        .file_max = FILE_MAX,
        .output_max = OUTPUT_MAX,
        .read_dirs = readable(cx->arena, req),
        .write_dirs = write_dirs,
    };
    int rc = job_run(cx, &gitfetch_job, &limits, encode_struct(cx->arena, request_fields, req),
                     req->on_question ? req->on_question : no_answer, req->user, ret_output);
    return rc < 0 ? forget_harm(cx, req) : 0;
}

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            return false;
    return true;
}

/* The child read what a stranger sent: of what it says, only what has the form it must have is believed. The commit names
 * a file of the storage, and "unchanged" is no answer to who has nothing yet. */
int gitfetch_check(struct ctx *cx, const struct gitfetch_request *req, const struct gitfetch_result *result)
{
    const struct gitclone_result *found = &result->clone;
    const char *revision = str_or(found->revision, ""), *commit = str_or(found->commit, "");
    if (found->empty)
        return 0;
    bool named = gitref_is_hash(commit) && strlen(revision) <= REVISION_MAX && is_printable(revision) &&
                 str_ends(revision, str_fmt(cx->arena, "sha1:%s", commit));
    bool settled = gitref_same_revision(cx->arena, revision, req->clone.last_revision);
    bool complete = found->unchanged ? settled : (!req->archive_dir || result->archived);
    bool verified =
        !req->verify || found->unchanged || gitverify_makes_sense(req->verify, commit, &result->verified);
    if (!named || !complete || !verified)
        return err_fail(cx, ERR_INTERNAL, "the answer of the fetch makes no sense");
    return 0;
}

int gitfetch_run(struct ctx *cx, const struct gitfetch_request *request, struct gitfetch_result *ret)
{
    struct gitfetch_request req = *request;
    struct gitfetch_result result = { 0 };
    struct buf output = buf_new(cx->arena, OUTPUT_MAX);
    struct doc *answer;
    const char *target = request->archive_dir ? request->archive_dir : request->clone.tree_dir;
    const char *work = NULL;
    if (req.timeout_ns <= 0)
        req.timeout_ns = GOTIME_MINUTE;
    if (make_folder(cx, &req, &work) < 0 || run_job(cx, &req, work, target, &output) < 0)
        return cx->err.code;
    if (json_parse(cx, buf_text(&output), output.len, "git fetch", &answer) < 0 ||
        decode_struct(cx, answer, result_fields, "", &result) < 0)
        return err_wrap(cx, "the answer of the fetch cannot be read");
    if (gitfetch_check(cx, &req, &result) < 0)
        return cx->err.code;
    if (result.archived && req.archive_dir)
        result.archive = str_fmt(cx->arena, "%s/%s", req.archive_dir, ARCHIVE_NAME);
    *ret = result;
    return 0;
}
