/*
 * ask.c: the child that asks, and the job around it; see ask.h.
 */
#include "libgotk/cloud/ask.h"

#include "libgotk/base/str.h"
#include "libgotk/cloud/cloud.h"
#include "libgotk/doc/decode.h"
#include "libgotk/doc/json.h"
#include "libgotk/doc/xml.h"
#include "libgotk/net/http.h"
#include "libgotk/net/url.h"

#define TIMEOUT_MS 10000
#define GRACE_MS   4000 /* for tries after the first */
#define ANSWER_MAX ((size_t)1 << 20)
#define OUTPUT_MAX ((size_t)2 << 20)
#define MEMORY_MAX ((size_t)256 << 20)
#define FORM_MAX   ((size_t)64 << 10)
#define TOKEN_MAX  ((size_t)16 << 10)
#define TEXT_MAX   4096

static const struct field ask_fields[] = {
    FIELD(struct cloud_ask, method, "method", 0),
    FIELD(struct cloud_ask, url, "url", FIELD_REQUIRED),
    FIELD_STRING_LIST(struct cloud_ask, headers, header_count, "headers", 0),
    FIELD(struct cloud_ask, body, "body", 0),
    FIELD(struct cloud_ask, bearer, "bearer", 0),
    FIELD(struct cloud_ask, proxy, "proxy", 0),
    FIELD(struct cloud_ask, direct, "direct", 0),
    FIELD(struct cloud_ask, as, "as", 0),
    FIELD(struct cloud_ask, timeout_ms, "timeoutMs", 0),
    FIELD_END,
};

/* ---- in the child ------------------------------------------------------------------------------------------------ */

/* Where services put what they refuse a request for. */
static const struct {
    const char *code[4];
    const char *text[4];
} refusals[] = {
    { { "error" }, { "error_description" } },                                          /* OAuth */
    { { "error", "status" }, { "error", "message" } },                                 /* Google */
    { { "error", "code" }, { "error", "message" } },                                   /* Azure */
    { { "ErrorResponse", "Error", "Code" }, { "ErrorResponse", "Error", "Message" } }, /* AWS, XML */
    { { "__type" }, { "message" } },                                                   /* AWS, JSON */
    { { "code" }, { "message" } },                                                     /* AWS, containers */
};

/* The first that fits; both are "" when none does. */
static void read_refusal(const struct doc *said, const struct http_response *answer, const char **ret_code,
                         const char **ret_text)
{
    *ret_code = *ret_text = "";
    for (size_t i = 0; i < ARRAY_LEN(refusals) && !**ret_code && !**ret_text; i++) {
        *ret_code = str_or(doc_text(doc_find_path(said, refusals[i].code)), "");
        *ret_text = str_or(doc_text(doc_find_path(said, refusals[i].text)), "");
    }
    if (!**ret_code)
        *ret_code = str_or(http_header(answer, "x-amzn-errortype"), "");
}

static int parse(struct ctx *cx, const struct buf *body, int64_t as, struct doc **ret)
{
    const char *text = buf_text(body);
    if (as == CLOUD_JSON)
        return json_parse(cx, text, body->len, "the answer", ret);
    if (as == CLOUD_XML)
        return xml_parse(cx, text, body->len, "the answer", ret);
    const char *word = str_trim(cx->arena, text);
    for (const char *p = word; *p; p++)
        if (*p < ' ' || *p > '~')
            return err_fail(cx, ERR_INVALID, "the answer is more than one line of text");
    if (strlen(word) > TEXT_MAX)
        return err_fail(cx, ERR_LIMIT, "the answer is longer than %d characters", TEXT_MAX);
    *ret = doc_string(cx->arena, word);
    return 0;
}

static int refused(struct ctx *cx, const struct cloud_ask *ask, const struct http_response *answer)
{
    struct doc *said = NULL;
    const char *code, *text;
    int64_t as = ask->as == CLOUD_TEXT ? CLOUD_JSON : ask->as;
    if (parse(cx, &answer->body, as, &said) < 0)
        err_clear(cx);
    read_refusal(said, answer, &code, &text);
    return err_fail(cx, http_status_code(answer->status), "%s %s: %d%s%.*s%s%.*s", str_or(ask->method, "GET"),
                    url_mask(cx->arena, ask->url), answer->status, *code ? " " : "",
                    (int)strcspn(code, "\r\n:"), code, *text ? ": " : "", (int)strcspn(text, "\r\n"), text);
}

static const char *const *header_list(struct arena *a, const struct cloud_ask *ask)
{
    const char **list = ARENA_ARRAY(a, const char *, ask->header_count + 3);
    size_t n = 0;
    for (; n < ask->header_count; n++)
        list[n] = ask->headers[n];
    list[n++] = ask->as == CLOUD_JSON ? "Accept: application/json" : "Accept: */*";
    if (ask->body)
        list[n] = "Content-Type: application/x-www-form-urlencoded";
    if (ask->body && ask->body[0] == '{')
        list[n] = "Content-Type: application/json";
    return list;
}

static int run_child(struct ctx *cx, struct job_side *side UNUSED, const struct doc *input,
                     struct buf *ret_output)
{
    static const struct http_retry retry = { .max = 2, .wait_min_ms = 250, .wait_max_ms = 1000 };
    struct cloud_ask ask = { 0 };
    struct http_response answer;
    struct doc *said;
    if (decode_struct(cx, input, ask_fields, "", &ask) < 0)
        return err_code(cx);
    const struct http_request req = {
        .method = ask.method,
        .url = ask.url,
        .headers = header_list(cx->arena, &ask),
        .body = ask.body,
        .body_len = ask.body ? strlen(ask.body) : 0,
        .bearer = ask.bearer,
        .proxy = ask.direct ? "" : ask.proxy,
        .timeout_ms = ask.timeout_ms ? ask.timeout_ms : TIMEOUT_MS,
        .max_body = ANSWER_MAX,
        .retry = &retry,
    };
    if (http_do(cx, &req, &answer) < 0)
        return err_code(cx);
    if (answer.status / 100 != 2)
        return refused(cx, &ask, &answer);
    if (parse(cx, &answer.body, ask.as, &said) < 0)
        return err_wrap(cx, "%s %s", str_or(ask.method, "GET"), url_mask(cx->arena, ask.url));
    json_print(ret_output, said, JSON_COMPACT);
    return 0;
}

const struct job cloud_job = { .name = "cloud request", .run = run_child, .network = true };

/* ---- in the controller ------------------------------------------------------------------------------------------- */

int cloud_ask(struct ctx *cx, const struct cloud_ask *ask, struct doc **ret_answer)
{
    const struct job_limits limits = {
        .memory_max = MEMORY_MAX,
        .timeout_ms = (ask->timeout_ms ? ask->timeout_ms : TIMEOUT_MS) + GRACE_MS,
        .output_max = OUTPUT_MAX,
    };
    struct buf output = buf_new(cx->arena, OUTPUT_MAX);
    if (job_run(cx, &cloud_job, &limits, encode_struct(cx->arena, ask_fields, ask), NULL, NULL, &output) < 0)
        return err_code(cx);
    return json_parse(cx, buf_text(&output), output.len, "the answer", ret_answer);
}

const char *cloud_form(struct arena *a, const char *const *pairs)
{
    struct buf form = buf_new(a, FORM_MAX);
    for (; pairs[0]; pairs += 2)
        if (pairs[1])
            buf_fmt(&form, "%s%s=%s", form.len ? "&" : "", pairs[0], url_escape(a, pairs[1]));
    return buf_text(&form);
}

bool cloud_number(const struct doc *value, int64_t *ret)
{
    return doc_get_int(value, ret) || (doc_text(value) && str_to_int64(doc_text(value), ret));
}

bool cloud_is_token(const char *text)
{
    size_t n = text ? strlen(text) : 0;
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return n > 0 && n <= TOKEN_MAX;
}
