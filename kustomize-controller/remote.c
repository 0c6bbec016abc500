/*
 * remote.c: remote resources of a build; the contract is in remote.h.
 *
 * Deliberately, as upstream: a tenant may name any address that the controller's network reaches, in the cluster too, and
 * redirects are followed there. Whoever minds that sets --no-remote-bases or a network policy. What is certain: http and
 * https only, GET only, no credentials of ours, bounded size, time and redirects, and only text that parses as YAML has an
 * effect. A failure shows status and URL, never the body.
 */
#include "kustomize-controller/remote.h"

#include "kustomize-controller/question.h"
#include "libgotk/base/str.h"
#include "libgotk/net/http.h"
#include "libgotk/net/url.h"

#define TIMEOUT_MS    60000
#define REDIRECTS_MAX 10

static int fetch(struct ctx *cx, const char *url, struct http_response *response)
{
    static const struct http_retry retry = { .max = 3, .wait_min_ms = 250, .wait_max_ms = 2000 };
    struct http_request request = {
        .url = url,
        .timeout_ms = TIMEOUT_MS,
        .max_body = REMOTE_BODY_MAX,
        .max_redirects = REDIRECTS_MAX,
        .retry = &retry,
        .http2 = true,
        .decompress = true,
    };
    if (http_do(cx, &request, response) < 0)
        return cx->err.code;
    if (response->status >= 200 && response->status < 300)
        return 0;
    err_fail(cx, http_status_code(response->status), "GET %s answered %s", url_mask(cx->arena, url),
             response->status_text);
    cx->err.http_status = response->status;
    return err_code(cx);
}

static int answer_file(struct ctx *cx, const char *url, struct doc *answer)
{
    struct http_response response;
    if (fetch(cx, url, &response) < 0)
        return err_wrap(cx, "failed to fetch remote resource");
    if (!str_is_utf8(buf_text(&response.body), response.body.len))
        return err_fail(cx, ERR_INVALID, "%s is no text in UTF-8", url_mask(cx->arena, url));
    doc_set(cx->arena, answer, "body", doc_nstring(cx->arena, buf_text(&response.body), response.body.len));
    return 0;
}

static int answer_repository(struct ctx *cx, const struct remote_use *use, const struct doc *request,
                             struct doc *answer)
{
    struct repospec spec;
    const char *dir;
    if (question_repository(cx, request, &spec) < 0)
        return err_code(cx);
    if (clones_acquire(cx, use->clones, use->tenant, &spec, use->until, &dir) < 0)
        return err_code(cx);
    doc_set_text(cx->arena, answer, "dir", dir);
    return 0;
}

int remote_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer)
{
    const char *url = doc_text_at(request, "url");
    const struct doc *repository = doc_find(request, "repository");
    const struct remote_use *use = user;
    struct doc *answer = doc_object(cx->arena);
    if (!repository && str_empty(url))
        return err_fail(cx, ERR_INVALID, "the build asked for a resource without a URL");
    int rc = repository ? answer_repository(cx, use, repository, answer) : answer_file(cx, url, answer);
    if (rc >= 0)
        *ret_answer = answer;
    return rc;
}

int remote_offer(struct ctx *cx, struct clones *clones, const char *tenant, const struct build_remote **ret)
{
    const char *dir;
    *ret = NULL;
    if (!clones)
        return 0;
    if (clones_folder(cx, clones, tenant, &dir) < 0)
        return err_code(cx);
    struct remote_use *use = ARENA_NEW(cx->arena, struct remote_use);
    *use = (struct remote_use){ .clones = clones, .tenant = tenant, .until = cx->arena };
    struct build_remote *offer = ARENA_NEW(cx->arena, struct build_remote);
    *offer = (struct build_remote){ .answer = remote_answer, .user = use, .dir = dir };
    *ret = offer;
    return 0;
}
