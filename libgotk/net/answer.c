/*
 * answer.c: header lines, statuses and Retry-After; the contract is in answer.h. Any thread, no state.
 */
#include "libgotk/net/answer.h"

#include "libgotk/base/str.h"

#include <curl/curl.h>
#include <strings.h>

#define HEAD_MAX   ((size_t)1 << 20)
#define ONE_DAY_MS ((int64_t)24 * 3600 * 1000)

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    { 100, "Continue" },
    { 101, "Switching Protocols" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 203, "Non-Authoritative Information" },
    { 204, "No Content" },
    { 205, "Reset Content" },
    { 206, "Partial Content" },
    { 207, "Multi-Status" },
    { 300, "Multiple Choices" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 305, "Use Proxy" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 402, "Payment Required" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 407, "Proxy Authentication Required" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Request Entity Too Large" },
    { 414, "Request URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Requested Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 418, "I'm a teapot" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Entity" },
    { 423, "Locked" },
    { 424, "Failed Dependency" },
    { 425, "Too Early" },
    { 426, "Upgrade Required" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 451, "Unavailable For Legal Reasons" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
    { 508, "Loop Detected" },
    { 511, "Network Authentication Required" },
};

const char *answer_status_text(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(status_texts); i++)
        if (status_texts[i].status == status)
            return status_texts[i].text;
    return "";
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "Name:  value \r\n" to "name: value" in `a`. */
static const char *normalised(struct arena *a, const char *line, const char *colon, size_t n)
{
    size_t name_len = (size_t)(colon - line);
    const char *value = colon + 1, *end = line + n;
    while (value < end && is_blank(*value))
        value++;
    while (end > value && is_blank(end[-1]))
        end--;
    char *out = str_fmt(a, "%.*s: %.*s", (int)name_len, line, (int)(end - value), value);
    for (size_t i = 0; i < name_len; i++)
        if (out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (char)(out[i] - 'A' + 'a');
    return out;
}

bool answer_add_line(struct arena *a, struct answer_head *head, const char *line, size_t n)
{
    while (n && (line[n - 1] == '\r' || line[n - 1] == '\n'))
        n--;
    if (n > 5 && memcmp(line, "HTTP/", 5) == 0) {
        head->lines.len = 0;
        head->complete = false;
        return true;
    }
    head->bytes += n;
    head->complete |= n == 0;
    const char *colon = n ? memchr(line, ':', n) : NULL;
    if (colon && !memchr(line, '\0', n))
        vec_push(a, &head->lines, normalised(a, line, colon, n));
    return head->bytes <= HEAD_MAX;
}

const char *const *answer_lines(struct arena *a, const struct answer_head *head)
{
    const char **lines = ARENA_ARRAY(a, const char *, head->lines.len + 1);
    for (size_t i = 0; i < head->lines.len; i++)
        lines[i] = head->lines.at[i];
    return lines;
}

const char *answer_find(const char *const *lines, const char *name)
{
    size_t n = strlen(name);
    for (; lines && *lines; lines++)
        if (strncasecmp(*lines, name, n) == 0 && (*lines)[n] == ':')
            return *lines + n + 2;
    return NULL;
}

int64_t answer_retry_after_ms(const char *value, int64_t now_unix)
{
    int64_t wait;
    if (str_empty(value))
        return 0;
    if (!str_to_int64(value, &wait)) {
        time_t at = curl_getdate(value, NULL);
        wait = at > 0 ? (int64_t)at - now_unix : 0;
    }
    if (wait <= 0)
        return 0;
    return wait > ONE_DAY_MS / 1000 ? ONE_DAY_MS : wait * 1000;
}
