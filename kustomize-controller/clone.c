/*
 * clone.c: the job that clones a base; see clone.h. Rejected: the machinery of source-controller's fetch job, whose archive,
 * verification and SSH need libraries that nothing else here does.
 */
#include "kustomize-controller/clone.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/decode.h"
#include "libgotk/doc/json.h"
#include "libgotk/git/gitclone.h"
#include "libgotk/git/gitref.h"
#include "libgotk/git/gitsubmodule.h"

#define MEMORY_MAX     ((size_t)512 << 20)
#define FILE_MAX       ((size_t)512 << 20)
#define RECEIVED_MAX   ((int64_t)256 << 20)
#define WRITTEN_MAX    ((int64_t)512 << 20)
#define FILES_MAX      100000
#define TIMEOUT_MAX_MS 300000
#define GRACE_MS       5000 /* a child that runs out of time says more than one that is ended */
#define OUTPUT_MAX     ((size_t)64 << 10)

static const struct field request_fields[] = {
    FIELD(struct clone_request, url, "url", FIELD_REQUIRED),
    FIELD(struct clone_request, name, "name", 0),
    FIELD(struct clone_request, timeout_ms, "timeout", FIELD_REQUIRED),
    FIELD(struct clone_request, submodules, "submodules", 0),
    FIELD_STRING_LIST(struct clone_request, known, known_count, "known", 0),
    FIELD(struct clone_request, git_dir, "gitDir", FIELD_REQUIRED),
    FIELD(struct clone_request, parent_dir, "parentDir", FIELD_REQUIRED),
    FIELD_END,
};

static const struct field result_fields[] = {
    FIELD(struct clone_result, commit, "commit", 0),
    FIELD(struct clone_result, known, "known", 0),
    FIELD_END,
};

/* ---- the child ---------------------------------------------------------------------------------------------------- */

/* A URL for what kustomize also writes as "git@host:path". */
static int address(struct ctx *cx, const char *url, const char **ret)
{
    *ret = url;
    return strstr(url, "://") ? 0 : gitsubmodule_url(cx, "https://localhost/", url, ret);
}

static int set_auth(struct ctx *cx, const char *text, struct gitauth *ret)
{
    struct url url;
    if (url_parse(cx, text, &url) < 0)
        return err_code(cx);
    *ret = (struct gitauth){
        .user = url.user,
        .password = url.password,
        .hint = url.user
                    ? "with the credentials in the URL"
                    : "bases are fetched without credentials: a private repository can be a GitRepository, "
                      "and spec.include put it beside the others",
    };
    return 0;
}

static int run_child(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                     struct buf *ret_output)
{
    struct clone_request in = { 0 };
    struct gitclone_result found;
    if (decode_struct(cx, input, request_fields, "", &in) < 0)
        return err_code(cx);
    struct gitclone_request req = {
        .name = str_or(in.name, ""),
        .known = in.known,
        .known_count = in.known_count,
        .git_dir = str_fmt(cx->arena, "%s/objects", in.git_dir),
        .tree_dir = str_fmt(cx->arena, "%s/tree", in.parent_dir),
        .submodules = in.submodules ? GITSUBMODULE_DEPTH : 0,
        .limits = { RECEIVED_MAX, FILES_MAX, WRITTEN_MAX, "?timeout= in the URL" },
    };
    gitclone_init();
    ctx_deadline_in(cx, in.timeout_ms);
    if (address(cx, in.url, &req.url) < 0 || set_auth(cx, req.url, &req.auth) < 0 ||
        gitclone_run(cx, &req, &found) < 0)
        return err_code(cx);
    if (found.empty)
        return err_fail(cx, ERR_NOT_FOUND, "the repository '%s' is empty", url_mask(cx->arena, in.url));
    const struct clone_result result = { found.commit, found.unchanged };
    json_print(ret_output, encode_struct(cx->arena, result_fields, &result), JSON_COMPACT);
    return 0;
}

const struct job clone_job = { .name = "git clone", .run = run_child, .network = true };

/* ---- the parent --------------------------------------------------------------------------------------------------- */

int clone_check(struct ctx *cx, const struct clone_request *request, const struct clone_result *result)
{
    const char *commit = str_or(result->commit, "");
    bool known = false;
    for (size_t i = 0; i < request->known_count; i++)
        known = known || str_eq(request->known[i], commit);
    if (!gitref_is_hash(commit) || (result->known && !known))
        return err_fail(cx, ERR_INTERNAL, "the answer of the clone makes no sense");
    return 0;
}

static int run_job(struct ctx *cx, const struct clone_request *request, struct buf *ret_output)
{
    const struct job_limits limits = {
        .memory_max = MEMORY_MAX,
        .timeout_ms = request->timeout_ms + GRACE_MS,
        .file_max = FILE_MAX,
        .output_max = OUTPUT_MAX,
        .write_dirs = (const char *const[]){ request->git_dir, request->parent_dir, NULL },
    };
    return job_run(cx, &clone_job, &limits, encode_struct(cx->arena, request_fields, request), NULL, NULL,
                   ret_output);
}

int clone_run(struct ctx *cx, const struct clone_request *request, struct clone_result *ret)
{
    struct clone_request req = *request;
    struct clone_result result = { 0 };
    struct buf output = buf_new(cx->arena, OUTPUT_MAX);
    struct doc *answer;
    if (req.timeout_ms > TIMEOUT_MAX_MS)
        req.timeout_ms = TIMEOUT_MAX_MS;
    if (run_job(cx, &req, &output) < 0)
        return err_code(cx);
    if (json_parse(cx, buf_text(&output), output.len, "git clone", &answer) < 0 ||
        decode_struct(cx, answer, result_fields, "", &result) < 0)
        return err_wrap(cx, "the answer of the clone cannot be read");
    if (clone_check(cx, &req, &result) < 0)
        return err_code(cx);
    *ret = result;
    return 0;
}
