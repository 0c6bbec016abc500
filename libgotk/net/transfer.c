/*
 * transfer.c: curl options and callbacks of one exchange; the contract is in transfer.h.
 *
 * Runs on the thread of its struct http. Trust comes from a shared parsed store (tls.c) put into the
 * connection's SSL context; the CA text is handed to curl as well, only so that curl never reuses a
 * connection made under other trust.
 */
#include "libgotk/net/transfer.h"

#include "libgotk/base/str.h"
#include "libgotk/net/proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#define BODY_MAX_DEFAULT  ((size_t)64 << 20)
#define CONNECT_MS        ((int64_t)30 * 1000)
#define STREAM_HIGH_WATER ((size_t)1 << 20)
#define KEEPALIVE_S       30L
#define DEAD_PEER_MS      60000U
#define UPLOAD_BUFFER     16384L /* curl's least; idle handles keep theirs, and most bodies are small */

#define SET(t, option, ...) ASSERT(curl_easy_setopt((t)->easy, (option), __VA_ARGS__) == CURLE_OK)

long transfer_status(const struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    t->last_byte_ms = ctx_now_ms();
    t->head_too_large = !answer_add_line(t->cx->arena, &t->head, line, size * count);
    return t->head_too_large ? 0 : size * count;
}

/* Keeps body bytes for http_stream_read; asks curl to pause while too many wait. */
static size_t keep_for_stream(struct transfer *t, const char *data, size_t n)
{
    size_t waiting = t->body.len - t->stream_read;
    if (waiting && waiting + n > STREAM_HIGH_WATER) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!waiting) {
        buf_cut(&t->body, 0);
        t->stream_read = 0;
    }
    buf_add(&t->body, data, n);
    t->body_too_large = t->body.overflow; /* no memory left for it */
    return t->body.overflow ? 0 : n;
}

static size_t hand_over(struct transfer *t, const char *data, size_t n)
{
    if (t->req->on_data(t->cx, t->req->user_data, data, n) >= 0)
        return n;
    t->callback_err = t->cx->err;
    err_clear(t->cx);
    return 0;
}

/* Asks for all the room the body will need at once, when the answer says how much that is. */
static void reserve_body(struct transfer *t)
{
    curl_off_t length = -1;
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > 0 && (size_t)length <= t->max_body && !t->req->decompress)
        buf_room(&t->body, (size_t)length);
}

static size_t keep_body(struct transfer *t, const char *data, size_t n)
{
    if (!t->body.data)
        reserve_body(t);
    buf_add(&t->body, data, n);
    t->body_too_large = t->body.overflow;
    return t->body.overflow ? 0 : n;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t n = size * count;
    bool handed_over = t->req->on_data && transfer_status(t) / 100 == 2;
    t->last_byte_ms = ctx_now_ms();
    if (n == 0)
        return 0;
    if (!t->streaming && !handed_over)
        return keep_body(t, data, n);
    if (t->req->max_body && t->handed_over + n > t->req->max_body) {
        t->body_too_large = true;
        return 0;
    }
    size_t taken = t->streaming ? keep_for_stream(t, data, n) : hand_over(t, data, n);
    t->handed_over += taken == n ? n : 0;
    return taken;
}

/* A peer that vanished without a word must not hold a request or a watch for ever. */
static int on_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
    unsigned ms = DEAD_PEER_MS;
    (void)user;
    (void)purpose;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
    return CURL_SOCKOPT_OK;
}

/* A server is known by the names of its certificate, as for Go: curl would take the subject's when there are none. */
static int require_names(int ok, X509_STORE_CTX *checked)
{
    const X509 *cert = X509_STORE_CTX_get_current_cert(checked);
    if (!ok || X509_STORE_CTX_get_error_depth(checked) > 0 ||
        X509_get_ext_by_NID(cert, NID_subject_alt_name, -1) >= 0)
        return ok;
    X509_STORE_CTX_set_error(checked, TLS_NO_NAMES);
    return 0;
}

/* Called for each new TLS connection; the first one after a redirect from http or to a proxy finds no trust
 * yet. */
static CURLcode on_ssl_context(CURL *easy, void *ssl_ctx, void *user)
{
    struct transfer *t = user;
    (void)easy;
    if (!t->trust && tls_trust(t->cx, t->req->tls, &t->trust) < 0) {
        t->callback_err = t->cx->err;
        err_clear(t->cx);
        return CURLE_ABORTED_BY_CALLBACK;
    }
    SSL_CTX_set1_cert_store(ssl_ctx, t->trust);
    SSL_CTX_set_verify(ssl_ctx, SSL_CTX_get_verify_mode(ssl_ctx), require_names);
    SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS); /* connections idle most of the time */
    return CURLE_OK;
}

static bool has_line_break(const char *s)
{
    return s && strpbrk(s, "\r\n");
}

static int add_header(struct transfer *t, const char *line)
{
    if (has_line_break(line))
        return err_fail(t->cx, ERR_INVALID, "the header %.*s holds a line break", (int)strcspn(line, ":"),
                        line);
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    ASSERT(longer);
    t->headers = longer;
    return 0;
}

static bool has_header(const struct http_request *req, const char *name)
{
    size_t n = strlen(name);
    for (const char *const *h = req->headers; h && *h; h++)
        if (strncasecmp(*h, name, n) == 0 && (*h)[n] == ':')
            return true;
    return false;
}

static int set_headers(struct transfer *t)
{
    for (const char *const *h = t->req->headers; h && *h; h++)
        if (add_header(t, *h) < 0)
            return t->cx->err.code;
    if (!has_header(t->req, "user-agent") && add_header(t, "User-Agent: gotk/" GOTK_VERSION) < 0)
        return t->cx->err.code;
    if (t->req->body && !has_header(t->req, "content-type") && add_header(t, "Content-Type:") < 0)
        return t->cx->err.code;
    if (add_header(t, "Expect:") < 0)
        return t->cx->err.code;
    SET(t, CURLOPT_HTTPHEADER, t->headers);
    return 0;
}

static void set_method(struct transfer *t)
{
    const char *method = str_or(t->req->method, "GET");
    bool is_post = str_eq(method, "POST");
    if (str_eq(method, "HEAD")) {
        SET(t, CURLOPT_NOBODY, 1L);
        return;
    }
    if (t->req->body || is_post) {
        SET(t, CURLOPT_POSTFIELDS, t->req->body ? t->req->body : "");
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(t->req->body ? t->req->body_len : 0));
    }
    if (!is_post && (t->req->body || !str_eq(method, "GET")))
        SET(t, CURLOPT_CUSTOMREQUEST, method);
}

static int set_credentials(struct transfer *t)
{
    const struct http_request *req = t->req;
    const char *user = req->user ? req->user : t->url.user;
    const char *password = req->user ? req->password : t->url.password;
    if (has_line_break(req->bearer) || has_line_break(user) || has_line_break(password))
        return err_fail(t->cx, ERR_INVALID, "the credentials hold a line break");
    if (!str_empty(req->bearer)) {
        SET(t, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        SET(t, CURLOPT_XOAUTH2_BEARER, req->bearer);
    } else if (user) {
        SET(t, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        SET(t, CURLOPT_USERNAME, user);
        SET(t, CURLOPT_PASSWORD, str_or(password, ""));
    }
    return 0;
}

/* Connects to the URL's host but speaks to, and verifies, another name. */
static int set_server_name(struct transfer *t, struct url *target)
{
    const char *name = t->req->tls->server_name, *host = t->url.host;
    const char *form = strchr(host, ':') ? "%s:%d:[%s]:%d" : "%s:%d:%s:%d";
    int port = url_port(&t->url);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    t->connect_to = curl_slist_append(NULL, str_fmt(t->cx->arena, form, name, port, host, port));
#pragma GCC diagnostic pop
    ASSERT(t->connect_to);
    SET(t, CURLOPT_CONNECT_TO, t->connect_to);
    target->host = name;
    if (has_header(t->req, "host"))
        return 0;
    return add_header(t, str_fmt(t->cx->arena, strchr(host, ':') ? "Host: [%s]%s%s" : "Host: %s%s%s", host,
                                 t->url.port ? ":" : "", str_or(t->url.port, "")));
}

static int set_url(struct transfer *t)
{
    struct url target = t->url;
    target.fragment = NULL;
    if (t->req->tls && t->req->tls->server_name && set_server_name(t, &target) < 0)
        return t->cx->err.code;
    SET(t, CURLOPT_URL, url_print(t->cx->arena, &target, false));
    SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(t, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(t, CURLOPT_FOLLOWLOCATION, t->req->max_redirects > 0 ? 1L : 0L);
    SET(t, CURLOPT_MAXREDIRS, (long)t->req->max_redirects);
    SET(t, CURLOPT_PATH_AS_IS, 1L);
    return 0;
}

static void set_proxy(struct transfer *t)
{
    const char *proxy = t->req->proxy ? t->req->proxy : proxy_for(t->cx->arena, &t->url);
    proxy = proxy_for_curl(t->cx->arena, str_or(proxy, ""));
    SET(t, CURLOPT_PROXY, proxy);
    SET(t, CURLOPT_PROXYPORT, (long)proxy_default_port(proxy));
    SET(t, CURLOPT_NOPROXY, "");
    SET(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(t, CURLOPT_PROXYAUTH, CURLAUTH_BASIC);
    SET(t, CURLOPT_CONNECT_ONLY, t->req->tunnel ? 1L : 0L);
    SET(t, CURLOPT_HTTPPROXYTUNNEL, t->req->tunnel ? 1L : 0L);
    if (t->req->proxy_user) {
        SET(t, CURLOPT_PROXYUSERNAME, t->req->proxy_user);
        SET(t, CURLOPT_PROXYPASSWORD, str_or(t->req->proxy_password, ""));
    }
}

static void set_blob(struct transfer *t, CURLoption option, const char *pem, size_t len)
{
    struct curl_blob blob = { .data = (void *)(uintptr_t)pem, .len = len, .flags = CURL_BLOB_COPY };
    SET(t, option, &blob);
}

/* Makes trust part of what curl compares before it reuses a connection. */
static void set_trust_mark(struct transfer *t)
{
    const struct tls *tls = t->req->tls;
    if (tls->ca_pem) {
        struct buf mark = buf_new(t->cx->arena, tls->ca_len + 16);
        buf_add(&mark, tls->ca_pem, tls->ca_len);
        buf_str(&mark, tls->ca_only ? "\nonly\n" : "\nadded\n");
        set_blob(t, CURLOPT_CAINFO_BLOB, mark.data, mark.len);
    } else if (tls->ca_file) {
        SET(t, CURLOPT_CAPATH, str_fmt(t->cx->arena, "%s:%s", tls->ca_only ? "only" : "added", tls->ca_file));
    }
}

static int set_tls(struct transfer *t)
{
    const struct tls *tls = t->req->tls;
    SET(t, CURLOPT_CAINFO, NULL);
    SET(t, CURLOPT_CAPATH, NULL);
    SET(t, CURLOPT_PROXY_CAINFO, NULL);
    SET(t, CURLOPT_PROXY_CAPATH, NULL);
    SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(t, CURLOPT_KEYPASSWD, ""); /* without one OpenSSL asks on the terminal */
    if (str_eq(t->url.scheme, "https") && tls_trust(t->cx, tls, &t->trust) < 0)
        return t->cx->err.code;
    SET(t, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
    SET(t, CURLOPT_SSL_CTX_DATA, t);
    if (!tls)
        return 0;
    set_trust_mark(t);
    if (tls->insecure) {
        SET(t, CURLOPT_SSL_VERIFYPEER, 0L);
        SET(t, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (tls->cert_pem && tls->key_pem) {
        set_blob(t, CURLOPT_SSLCERT_BLOB, tls->cert_pem, tls->cert_len);
        set_blob(t, CURLOPT_SSLKEY_BLOB, tls->key_pem, tls->key_len);
    }
    return 0;
}

static void set_callbacks(struct transfer *t)
{
    SET(t, CURLOPT_PRIVATE, t);
    SET(t, CURLOPT_ERRORBUFFER, t->detail);
    SET(t, CURLOPT_HEADERFUNCTION, on_header);
    SET(t, CURLOPT_HEADERDATA, t);
    SET(t, CURLOPT_WRITEFUNCTION, on_body);
    SET(t, CURLOPT_WRITEDATA, t);
    SET(t, CURLOPT_SOCKOPTFUNCTION, on_socket);
}

static void set_timing(struct transfer *t)
{
    int64_t connect_ms = t->req->connect_timeout_ms ? t->req->connect_timeout_ms : CONNECT_MS;
    SET(t, CURLOPT_NOSIGNAL, 1L);
    SET(t, CURLOPT_QUICK_EXIT, 1L); /* a name server that does not answer must not delay a cancel */
    SET(t, CURLOPT_TIMEOUT_MS, (long)t->req->timeout_ms);
    SET(t, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    SET(t, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(t, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    SET(t, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S / 2);
}

static void set_protocol(struct transfer *t)
{
    SET(t, CURLOPT_HTTP_VERSION, (long)(t->req->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    SET(t, CURLOPT_PIPEWAIT, t->req->http2 ? 1L : 0L);
    SET(t, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
    if (t->req->decompress)
        SET(t, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static int check_url(struct transfer *t)
{
    if (str_empty(t->req->url))
        return err_fail(t->cx, ERR_INVALID, "the URL is empty");
    if (url_parse(t->cx, t->req->url, &t->url) < 0)
        return t->cx->err.code;
    if (str_eq(t->url.scheme, "http") || str_eq(t->url.scheme, "https"))
        return 0;
    return err_fail(t->cx, ERR_INVALID, "unsupported protocol scheme \"%s\": only http and https are",
                    t->url.scheme);
}

static int prepare(struct transfer *t)
{
    if (check_url(t) < 0 || set_url(t) < 0 || set_headers(t) < 0 || set_credentials(t) < 0 || set_tls(t) < 0)
        return t->cx->err.code;
    set_method(t);
    set_proxy(t);
    set_callbacks(t);
    set_timing(t);
    set_protocol(t);
    return 0;
}

int transfer_open(struct ctx *cx, const struct http_request *req, CURL *easy, struct transfer **ret)
{
    struct transfer *t = ARENA_NEW(cx->arena, struct transfer);
    t->cx = cx;
    t->req = req;
    t->easy = easy;
    t->max_body = req->max_body ? req->max_body : BODY_MAX_DEFAULT;
    t->body = buf_new(cx->arena, t->max_body);
    t->last_byte_ms = ctx_now_ms();
    if (prepare(t) < 0) {
        transfer_close(t);
        return transfer_blame(cx, req);
    }
    *ret = t;
    return 0;
}

void transfer_close(struct transfer *t)
{
    curl_easy_reset(t->easy);
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->connect_to);
    X509_STORE_free(t->trust);
    t->headers = t->connect_to = NULL;
    t->trust = NULL;
    t->easy = NULL;
}

static const char *effective_url(const struct transfer *t)
{
    char *url = NULL;
    long redirects = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
    return str_dup(t->cx->arena, redirects && url ? url : t->req->url);
}

void transfer_answer(struct transfer *t, struct http_response *ret)
{
    struct arena *a = t->cx->arena;
    long version = 0;
    int status = (int)transfer_status(t);
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    const char *const *headers = answer_lines(a, &t->head);
    *ret = (struct http_response){
        .status = status,
        .status_text = str_trim(a, str_fmt(a, "%d %s", status, answer_status_text(status))),
        .content_type = str_or(answer_find(headers, "content-type"), ""),
        .etag = str_or(answer_find(headers, "etag"), ""),
        .effective_url = effective_url(t),
        .headers = headers,
        .body = t->streaming ? buf_new(a, 0) : t->body,
        .retry_after_ms = answer_retry_after_ms(answer_find(headers, "retry-after"), time(NULL)),
        .http2 = version == CURL_HTTP_VERSION_2_0,
    };
}

bool transfer_has_head(const struct transfer *t)
{
    long status = transfer_status(t);
    if (t->done)
        return t->result == CURLE_OK;
    if (!t->head.complete || status < 200)
        return false;
    bool followed = status / 100 == 3 && status != 304 && t->req->max_redirects > 0;
    return !followed || t->body.len > 0;
}

int64_t transfer_idle_left_ms(const struct transfer *t, int64_t unlimited)
{
    if (!t->req->idle_timeout_ms)
        return unlimited;
    int64_t left = t->last_byte_ms + t->req->idle_timeout_ms - ctx_now_ms();
    return left > 0 ? left : 0;
}

const char *transfer_name(struct ctx *cx, const struct http_request *req)
{
    char *method = str_lower(cx->arena, str_or(req->method, "GET"));
    if (*method >= 'a' && *method <= 'z')
        *method = (char)(*method - 'a' + 'A');
    return str_fmt(cx->arena, "%s \"%s\"", method, url_mask(cx->arena, str_or(req->url, "")));
}

int transfer_blame(struct ctx *cx, const struct http_request *req)
{
    return req->tunnel ? cx->err.code : err_wrap(cx, "%s", transfer_name(cx, req));
}
