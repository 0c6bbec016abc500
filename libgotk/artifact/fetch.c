/*
 * fetch.c: artifact downloads; the contract is in fetch.h.
 *
 * The body goes to the file and through the digest as it arrives: an artifact of any size costs one buffer. Rejected:
 * unpacking while downloading, because the digest is only known at the end and nothing may be unpacked before.
 */
#include "libgotk/artifact/fetch.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/net/http.h"
#include "libgotk/net/url.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MIN_MS 5000
#define WAIT_MAX_MS 30000
/* The server is in the cluster: where nobody answers for so long, a pod has gone and its successor has another
 * address. Flux waits for 30 s, with a worker. */
#define CONNECT_TIMEOUT_MS 5000
#define IDLE_TIMEOUT_MS    60000
#define REDIRECTS_MAX      10

/* A download under way. */
struct download {
    int fd;
    const char *path;
    struct hash *hash;
    bool started; /* some of the body is here: what fails now is not tried again */
};

/* The variable that names a development host in place of the cluster's service. */
static const char *localhost_of(const char *url)
{
    const char *name =
        strstr(url, "//source-watcher") ? "SOURCE_WATCHER_LOCALHOST" : "SOURCE_CONTROLLER_LOCALHOST";
    return getenv(name);
}

/* The URL with its host (and port) replaced when the environment says so. */
static int effective_url(struct ctx *cx, const char *url, const char **ret_url)
{
    struct url parts;
    const char *host = localhost_of(url);
    *ret_url = url;
    if (str_empty(host))
        return 0;
    if (url_parse(cx, url, &parts) < 0)
        return cx->err.code;
    const char *query = parts.query ? str_fmt(cx->arena, "?%s", parts.query) : "";
    *ret_url = str_fmt(cx->arena, "%s://%s%s%s", parts.scheme, host, parts.path, query);
    return 0;
}

static int store(struct ctx *cx, void *user, const char *data, size_t n)
{
    struct download *d = user;
    d->started = true;
    hash_update(d->hash, data, n);
    return fs_write_all(cx, d->fd, data, n, d->path);
}

/* Explains that no answer came, or not all of it, in go-retryablehttp's words. */
static int fail_transfer(struct ctx *cx, const struct artifact_fetch *fetch, const char *url,
                         const struct download *d)
{
    if (d->started)
        return err_wrap(cx, "failed to copy temp contents");
    int64_t tries = err_code(cx) == ERR_UNAVAILABLE ? fetch->retries + 1 : 1;
    return err_wrap(cx, "failed to download archive: GET %s giving up after %lld attempt(s)",
                    url_mask(cx->arena, url), (long long)tries);
}

static int fail_status(struct ctx *cx, const struct artifact_fetch *fetch, const char *url,
                       const struct http_response *response)
{
    int code = http_status_code(response->status);
    bool tried_again = response->status == 429 || (response->status >= 500 && response->status != 501);
    const char *masked = url_mask(cx->arena, url);
    if (response->status == 404)
        return err_fail(cx, ERR_NOT_FOUND, "file not found");
    if (!tried_again)
        return err_fail(cx, code, "failed to download archive from %s (status: %s)", masked,
                        response->status_text);
    return err_fail(
        cx, code,
        "failed to download archive: GET %s giving up after %lld attempt(s): unexpected HTTP status %s",
        masked, (long long)fetch->retries + 1, response->status_text);
}

static int transfer(struct ctx *cx, const struct artifact_fetch *fetch, struct download *d)
{
    const struct http_retry retry = { (int)fetch->retries, WAIT_MIN_MS, WAIT_MAX_MS };
    struct http_request request = {
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .idle_timeout_ms = IDLE_TIMEOUT_MS,
        .max_redirects = REDIRECTS_MAX,
        .retry = &retry,
        .on_data = store,
        .user_data = d,
    };
    struct http_response response;
    if (effective_url(cx, fetch->url, &request.url) < 0)
        return err_wrap(cx, "failed to download archive");
    if (http_do(cx, &request, &response) < 0)
        return fail_transfer(cx, fetch, request.url, d);
    return response.status == 200 ? 0 : fail_status(cx, fetch, request.url, &response);
}

/* "algo:hex" into its parts; no colon means sha256. */
static const char *split_digest(struct arena *a, const char *digest, const char **ret_hex)
{
    const char *colon = strchr(digest, ':');
    *ret_hex = colon ? colon + 1 : digest;
    return colon ? str_ndup(a, digest, (size_t)(colon - digest)) : "sha256";
}

static int verify(struct ctx *cx, const char *digest, const char *hex, struct download *d)
{
    if (str_eq_fold(hash_hex(d->hash, cx->arena), hex))
        return 0;
    return err_fail(
        cx, ERR_INVALID,
        "failed to verify archive: computed digest doesn't match provided '%s' (check whether file size "
        "exceeds max download size)",
        digest);
}

int artifact_download(struct ctx *cx, const struct artifact_fetch *fetch, const char *path)
{
    const char *hex, *algorithm;
    CLEANUP(cleanup_fd) int fd = -1;
    struct download d = { .path = path };
    if (str_empty(fetch->digest))
        return err_fail(cx, ERR_INVALID, "failed to verify archive: empty digest");
    algorithm = split_digest(cx->arena, fetch->digest, &hex);
    if (hash_new(cx, algorithm, &d.hash) < 0)
        return err_wrap(cx, "failed to verify archive");
    d.fd = fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(cx, "failed to create %s", path);
    if (transfer(cx, fetch, &d) == 0 && verify(cx, fetch->digest, hex, &d) == 0)
        return 0;
    unlink(path);
    return cx->err.code;
}
