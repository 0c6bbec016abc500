/*
 * failure.c: HTTP statuses and Status documents as errors; the contract is in failure.h.
 *
 * The wording for answers without a Status is client-go's (apimachinery, NewGenericServerResponse), because
 * conditions and events carry it to users, who search for it. Any thread. Rejected: http_status_code(), which
 * knows neither reasons nor which statuses Kubernetes uses for what.
 */
#include "libgotk/kube/failure.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

#define TEXT_MAX 2048 /* of an unstructured answer in a message, as client-go cuts it */

/* message NULL: the server's own text. */
struct row {
    int status;
    int code;
    const char *reason;
    const char *message;
};

static const struct row rows[] = {
    { 400, ERR_INVALID, "BadRequest", "the server rejected our request for an unknown reason" },
    { 401, ERR_UNAUTHORIZED, "Unauthorized", "the server has asked for the client to provide credentials" },
    { 403, ERR_DENIED, "Forbidden", NULL },
    { 404, ERR_NOT_FOUND, "NotFound", "the server could not find the requested resource" },
    { 405, ERR_UNSUPPORTED, "MethodNotAllowed",
      "the server does not allow this method on the requested resource" },
    { 406, ERR_UNSUPPORTED, "NotAcceptable", NULL },
    { 409, ERR_CONFLICT, "Conflict", "the server reported a conflict" },
    { 410, ERR_GONE, "Gone", NULL },
    { 413, ERR_LIMIT, "RequestEntityTooLarge", NULL },
    { 415, ERR_UNSUPPORTED, "UnsupportedMediaType", NULL },
    { 422, ERR_INVALID, "Invalid", "the server rejected our request due to an error in our request" },
    { 429, ERR_UNAVAILABLE, "TooManyRequests",
      "the server has received too many requests and has asked us to try again later" },
    { 503, ERR_UNAVAILABLE, "ServiceUnavailable", "the server is currently unable to handle the request" },
    { 504, ERR_UNAVAILABLE, "Timeout",
      "the server was unable to return a response in the time allotted, but may still be processing the request" },
};

static const struct row *find_row(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status)
            return &rows[i];
    }
    return NULL;
}

static int code_of(int status, const char *reason)
{
    const struct row *row = find_row(status);
    if (str_eq(reason, "AlreadyExists"))
        return ERR_EXISTS;
    if (str_eq(reason, "Expired"))
        return ERR_GONE;
    if (row)
        return row->code;
    return status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
}

bool failure_is_status(const struct doc *d)
{
    return str_eq(doc_text_at(d, "kind"), "Status") && !str_eq(doc_text_at(d, "status"), "Success");
}

static int fail_status(struct ctx *cx, const struct doc *status, int http_status, int64_t retry_after_ms)
{
    const char *reason = doc_text_at(status, "reason");
    int64_t code = http_status;
    int64_t seconds = 0;
    (void)doc_get_int(doc_find(status, "code"), &code);
    (void)doc_get_int(doc_path(status, "details", "retryAfterSeconds"), &seconds);
    err_fail(cx, code_of((int)code, reason), "%s",
             str_or(doc_text_at(status, "message"), str_or(reason, "unknown")));
    if (!str_empty(reason))
        err_reason(cx, reason);
    cx->err.http_status = (int)code;
    cx->err.retry_after_ms = retry_after_ms > 0 ? retry_after_ms : seconds * 1000;
    return cx->err.code;
}

int failure_of_status(struct ctx *cx, const struct doc *status)
{
    return fail_status(cx, status, 500, 0);
}

/* The server's words when it sent text, as client-go takes them. */
static const char *server_text(struct ctx *cx, const struct http_response *answer)
{
    const char *type = answer->content_type;
    if (!str_empty(type) && !str_starts(type, "text/"))
        return "unknown";
    size_t n = answer->body.len < TEXT_MAX ? answer->body.len : TEXT_MAX;
    return str_trim(cx->arena, str_ndup(cx->arena, buf_text(&answer->body), n));
}

static const char *unexpected(struct ctx *cx, int status, const char *text)
{
    if (status < 500)
        return str_fmt(cx->arena,
                       "the server responded with the status code %d but did not return more information",
                       status);
    return str_fmt(cx->arena, "an error on the server (%s) has prevented the request from succeeding",
                   json_text(cx->arena, doc_string(cx->arena, text), JSON_COMPACT));
}

/* " (get deployments.apps web)", as far as the parts are known. */
static const char *subject_text(struct ctx *cx, const struct failure_subject *s)
{
    if (str_empty(s->plural))
        return "";
    return str_fmt(cx->arena, " (%s %s%s%s%s%s)", str_lower(cx->arena, s->method), s->plural,
                   str_empty(s->group) ? "" : ".", str_or(s->group, ""), str_empty(s->name) ? "" : " ",
                   str_or(s->name, ""));
}

static int fail_generic(struct ctx *cx, const struct http_response *answer, const struct failure_subject *s)
{
    const struct row *row = find_row(answer->status);
    const char *text = server_text(cx, answer);
    const char *message = row ? row->message ? row->message : text : unexpected(cx, answer->status, text);
    const char *reason = row ? row->reason : answer->status >= 500 ? "InternalError" : NULL;
    if (answer->status == 409 && str_eq(s->method, "POST"))
        reason = "AlreadyExists";
    err_fail(cx, code_of(answer->status, reason), "%s%s", message, subject_text(cx, s));
    if (reason)
        err_reason(cx, reason);
    cx->err.http_status = answer->status;
    cx->err.retry_after_ms = answer->retry_after_ms;
    return cx->err.code;
}

/* The Status in the body; NULL when it holds none. */
static struct doc *parse_status(struct ctx *cx, const struct http_response *answer)
{
    struct doc *d = NULL;
    if (answer->body.len == 0 || buf_text(&answer->body)[0] != '{')
        return NULL;
    if (json_parse(cx, buf_text(&answer->body), answer->body.len, "Status", &d) < 0) {
        err_clear(cx);
        return NULL;
    }
    return failure_is_status(d) ? d : NULL;
}

int failure_of_answer(struct ctx *cx, const struct http_response *answer,
                      const struct failure_subject *subject, struct doc **ret_status)
{
    struct doc *status = parse_status(cx, answer);
    if (ret_status)
        *ret_status = status;
    if (status)
        return fail_status(cx, status, answer->status, answer->retry_after_ms);
    return fail_generic(cx, answer, subject);
}
