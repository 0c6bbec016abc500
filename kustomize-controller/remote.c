/*
 * remote.c: remote resources of a build; the contract is in remote.h.
 *
 * Deliberately, as upstream: a tenant may name any address that the controller's network reaches, in the cluster too, and
 * redirects are followed there. Whoever minds that sets --no-remote-bases or a network policy. What is certain: http and
 * https only, GET only, no credentials of ours, bounded size, time and redirects, and only text that parses as YAML has an
 * effect. A failure shows status and URL, never the body.
 */
#include "kustomize-controller/remote.h"

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
    if (response->status != 200)
        return err_fail(cx, http_status_code(response->status), "GET %s answered %s",
                        url_mask(cx->arena, url), response->status_text);
    return 0;
}

int remote_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer)
{
    const char *url = doc_text_at(request, "url");
    struct remote_use *use = user;
    struct http_response response;
    use->used = true;
    if (!use->allowed)
        return err_fail(cx, ERR_DENIED, "remote resources are not allowed here");
    if (str_empty(url))
        return err_fail(cx, ERR_INVALID, "the build asked for a resource without a URL");
    if (fetch(cx, url, &response) < 0)
        return err_wrap(cx, "failed to fetch remote resource");
    if (!str_is_utf8(buf_text(&response.body), response.body.len))
        return err_fail(cx, ERR_INVALID, "%s is no text in UTF-8", url_mask(cx->arena, url));
    *ret_answer = doc_object(cx->arena);
    doc_set(cx->arena, *ret_answer, "body",
            doc_nstring(cx->arena, buf_text(&response.body), response.body.len));
    return 0;
}
