/*
 * cause.c: the table from curl's codes to errors; the contract is in cause.h. Any thread, no state.
 */
#include "libgotk/net/cause.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/net/proxy.h"

#include <openssl/x509_vfy.h>

/* Appends to the message what is known beyond the table's text. */
typedef const char *(*detail_fn)(struct ctx *cx, const struct transfer *t);

static const char *curl_words(struct ctx *cx, const struct transfer *t)
{
    const char *words = t->detail[0] ? t->detail : curl_easy_strerror(t->result);
    return url_mask(cx->arena, words);
}

static const char *proxy_or_host(struct ctx *cx, const struct transfer *t)
{
    bool proxy = t->result == CURLE_COULDNT_RESOLVE_PROXY;
    return str_fmt(cx->arena, "dial tcp: lookup %s: no such host, or no name server answered",
                   proxy ? "of the proxy" : t->url.host);
}

/* Whom a connection was made to first: the proxy, if one is used; false and untouched otherwise. */
static bool find_proxy(struct ctx *cx, const struct transfer *t, struct url *ret)
{
    const char *proxy = t->req->proxy ? t->req->proxy : proxy_for(cx->arena, &t->url);
    if (str_empty(proxy))
        return false;
    if (url_parse(cx, proxy, ret) >= 0)
        return true;
    err_clear(cx);
    return false;
}

static int port_of(struct ctx *cx, const struct url *proxy)
{
    return proxy->port ? url_port(proxy) : proxy_default_port(url_print(cx->arena, proxy, false));
}

static const char *refusal(struct ctx *cx, const struct transfer *t)
{
    long number = 0, port = 0;
    char *ip = NULL;
    struct url proxy;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
    curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
    const char *where = str_empty(ip) ? t->url.host : ip;
    const char *why = number ? str_lower(cx->arena, strerrordesc_np((int)number)) : curl_words(cx, t);
    if (find_proxy(cx, t, &proxy))
        return str_fmt(cx->arena,
                       strchr(proxy.host, ':') ? "proxyconnect tcp: dial tcp [%s]:%d: connect: %s"
                                               : "proxyconnect tcp: dial tcp %s:%d: connect: %s",
                       proxy.host, port_of(cx, &proxy), why);
    return str_fmt(cx->arena,
                   strchr(where, ':') ? "dial tcp [%s]:%ld: connect: %s" : "dial tcp %s:%ld: connect: %s",
                   where, port > 0 ? port : url_port(&t->url), why); /* 0 or -1: never connected */
}

static const char *lateness(struct ctx *cx, const struct transfer *t)
{
    curl_off_t connected = 0, started = 0;
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &started);
    if (!connected)
        return str_fmt(cx->arena, "dial tcp: %s: i/o timeout while connecting", t->url.host);
    const char *phase = started ? "while reading body" : "while awaiting headers";
    const char *limit = gotime_print_duration(cx->arena, t->req->timeout_ms * GOTIME_MS);
    return str_fmt(cx->arena, "context deadline exceeded (Client.Timeout of %s exceeded %s)", limit, phase);
}

static const char *distrust(struct ctx *cx, const struct transfer *t)
{
    long verify = 0;
    curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    const char *name = t->req->tls ? str_or(t->req->tls->server_name, t->url.host) : t->url.host;
    if (verify > X509_V_ERR_UNSPECIFIED) /* else the chain is good, but not the name */
        return str_fmt(cx->arena, "tls: failed to verify certificate: %s", tls_verify_text(verify));
    return str_fmt(cx->arena, "tls: failed to verify certificate: x509: certificate is not valid for %s",
                   name);
}

static const char *bad_pair(struct ctx *cx, const struct transfer *t)
{
    if (t->req->tls && tls_check(cx, t->req->tls) < 0)
        return cx->err.message;
    return curl_words(cx, t);
}

static const char *redirects(struct ctx *cx, const struct transfer *t)
{
    return str_fmt(cx->arena, "stopped after %d redirects", t->req->max_redirects);
}

static const char *tls_words(struct ctx *cx, const struct transfer *t)
{
    return str_fmt(cx->arena, "tls: %s", curl_words(cx, t));
}

static const char *cut_off(struct ctx *cx, const struct transfer *t)
{
    long proxy_status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 300)
        return str_fmt(cx->arena, "proxyconnect tcp: the proxy answered %ld %s", proxy_status,
                       answer_status_text((int)proxy_status));
    return str_fmt(cx->arena, "unexpected EOF: the connection was cut off (%s)", curl_words(cx, t));
}

static const char *no_answer(struct ctx *cx, const struct transfer *t)
{
    (void)cx;
    (void)t;
    return "EOF: the server closed the connection without an answer";
}

static const struct {
    CURLcode result;
    int code;
    bool passing;
    detail_fn detail;
} causes[] = {
    { CURLE_COULDNT_RESOLVE_HOST, ERR_UNAVAILABLE, true, proxy_or_host },
    { CURLE_COULDNT_RESOLVE_PROXY, ERR_UNAVAILABLE, true, proxy_or_host },
    { CURLE_COULDNT_CONNECT, ERR_UNAVAILABLE, true, refusal },
    { CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT, true, lateness },
    { CURLE_PEER_FAILED_VERIFICATION, ERR_DENIED, false, distrust },
    { CURLE_SSL_CONNECT_ERROR, ERR_UNAVAILABLE, true, tls_words },
    { CURLE_SSL_CERTPROBLEM, ERR_INVALID, false, bad_pair },
    { CURLE_SSL_CACERT_BADFILE, ERR_INVALID, false, bad_pair },
    { CURLE_TOO_MANY_REDIRECTS, ERR_LIMIT, false, redirects },
    { CURLE_GOT_NOTHING, ERR_UNAVAILABLE, true, no_answer },
    { CURLE_RECV_ERROR, ERR_UNAVAILABLE, true, cut_off },
    { CURLE_SEND_ERROR, ERR_UNAVAILABLE, true, cut_off },
    { CURLE_PARTIAL_FILE, ERR_UNAVAILABLE, true, cut_off },
    { CURLE_HTTP2, ERR_UNAVAILABLE, true, cut_off },
    { CURLE_HTTP2_STREAM, ERR_UNAVAILABLE, true, cut_off },
    { CURLE_PROXY, ERR_UNAVAILABLE, true, curl_words },
    { CURLE_WEIRD_SERVER_REPLY, ERR_UNAVAILABLE, false, curl_words },
    { CURLE_UNSUPPORTED_PROTOCOL, ERR_UNAVAILABLE, false, curl_words },
    { CURLE_URL_MALFORMAT, ERR_INVALID, false, curl_words },
    { CURLE_BAD_CONTENT_ENCODING, ERR_UNAVAILABLE, false, curl_words },
};

static int fail_by_table(struct ctx *cx, const struct transfer *t)
{
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (causes[i].result == t->result)
            return err_fail(cx, causes[i].code, "%s", causes[i].detail(cx, t));
    return err_fail(cx, ERR_UNAVAILABLE, "%s", curl_words(cx, t));
}

static const char *in_units(struct arena *a, size_t bytes)
{
    if (bytes >= (size_t)1 << 20 && bytes % ((size_t)1 << 20) == 0)
        return str_fmt(a, "%zu MiB", bytes >> 20);
    return str_fmt(a, "%zu bytes", bytes);
}

int cause_fail(struct ctx *cx, const struct transfer *t)
{
    if (t->callback_err.code) {
        cx->err = t->callback_err;
        return cx->err.code;
    }
    if (t->idle_timeout)
        err_fail(cx, ERR_TIMEOUT, "no byte came for %s",
                 gotime_print_duration(cx->arena, t->req->idle_timeout_ms * GOTIME_MS));
    else if (t->body_too_large)
        err_fail(cx, ERR_LIMIT, "the answer is larger than the limit of %s",
                 in_units(cx->arena, t->max_body));
    else if (t->head_too_large)
        err_fail(cx, ERR_LIMIT, "the answer's headers are larger than the limit of 1 MiB");
    else
        fail_by_table(cx, t);
    return transfer_blame(cx, t->req);
}

bool cause_is_passing(const struct transfer *t)
{
    if (t->callback_err.code || t->body_too_large || t->head_too_large)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (causes[i].result == t->result)
            return causes[i].passing;
    return t->idle_timeout;
}
