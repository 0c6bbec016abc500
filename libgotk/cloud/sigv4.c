/*
 * sigv4.c: canonical requests and their signatures; the contract is in sigv4.h.
 *
 * A request's canonical form is: method, path, sorted query, headers, names of headers, digest of the body. Its digest,
 * with time and scope in front, is signed by a key that is derived from the secret for one day, region and service.
 */
#include "libgotk/cloud/sigv4.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/net/url.h"

#include <stdlib.h>
#include <string.h>

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define HEADERS_MAX 4

/* One request in the making. */
struct canonical {
    const struct sigv4 *s;
    const char *method;
    struct url url;
    const char *host; /* with its port when it is not the usual one */
    const char *path;
    const char *headers; /* "name:value\n" each, by name */
    const char *names;   /* "host;x-..." */
    const char *query;   /* sorted */
    const char *payload;
    const char *stamp;
    const char *scope; /* "20260102/region/service/aws4_request" */
};

/* "20260102T030405Z". */
static const char *stamp_of(struct arena *a, int64_t now)
{
    return str_replace(a, str_replace(a, gotime_rfc3339(a, now), "-", ""), ":", "");
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A URL's query, its parameters sorted. They are encoded already. */
static const char *sort_query(struct arena *a, const char *query)
{
    size_t n;
    if (str_empty(query))
        return "";
    char **parts = str_split(a, query, '&', &n);
    qsort(parts, n, sizeof(*parts), compare);
    return str_join(a, (const char *const *)parts, n, "&");
}

/* A URL's path; all services but S3 have it escaped once more. */
static const char *canonical_path(struct arena *a, const struct sigv4 *s, const char *path)
{
    if (str_empty(path))
        return "/";
    return str_eq(s->service, "s3") ? path : str_replace(a, url_escape(a, path), "%2F", "/");
}

static int begin(struct ctx *cx, const struct sigv4 *s, const char *method, const char *url,
                 struct canonical *ret)
{
    struct arena *a = cx->arena;
    *ret = (struct canonical){ .s = s, .method = method, .names = "host", .stamp = stamp_of(a, s->now) };
    if (url_parse(cx, url, &ret->url) < 0)
        return err_code(cx);
    ret->host = ret->url.port ? str_fmt(a, "%s:%s", ret->url.host, ret->url.port) : ret->url.host;
    ret->headers = str_fmt(a, "host:%s\n", ret->host);
    ret->path = canonical_path(a, s, ret->url.path);
    ret->scope = str_fmt(a, "%.8s/%s/%s/aws4_request", ret->stamp, s->region, s->service);
    ret->query = sort_query(a, ret->url.query);
    return 0;
}

/* HMAC-SHA-256 as bytes. */
static int hmac(struct ctx *cx, const void *key, size_t key_len, const char *text, unsigned char **ret,
                size_t *ret_len)
{
    const char *hex;
    if (hash_hmac_hex(cx, "sha256", key, key_len, text, strlen(text), &hex) < 0)
        return err_code(cx);
    return hash_from_hex(cx, hex, ret, ret_len);
}

static int sign(struct ctx *cx, const struct canonical *c, const char *stamp, const char **ret_hex)
{
    struct arena *a = cx->arena;
    const char *request =
        str_fmt(a, "%s\n%s\n%s\n%s\n%s\n%s", c->method, c->path, c->query, c->headers, c->names, c->payload);
    const char *text =
        str_fmt(a, ALGORITHM "\n%s\n%s\n%s", stamp, c->scope, hash_sha256_hex(a, request, strlen(request)));
    const char *const steps[] = { str_ndup(a, c->stamp, 8), c->s->region, c->s->service, "aws4_request" };
    const char *first = str_fmt(a, "AWS4%s", str_or(c->s->token->secret, ""));
    unsigned char *key = (unsigned char *)str_dup(a, first);
    size_t len = strlen(first);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (hmac(cx, key, len, steps[i], &key, &len) < 0)
            return err_code(cx);
    return hash_hmac_hex(cx, "sha256", key, len, text, strlen(text), ret_hex);
}

int sigv4_headers(struct ctx *cx, const struct sigv4 *s, const char *method, const char *url,
                  const char *payload, const char *const **ret_headers, size_t *ret_count)
{
    struct arena *a = cx->arena;
    struct canonical c;
    const char *signature, *session = str_empty(s->token->token) ? NULL : s->token->token;
    const char **list = ARENA_ARRAY(a, const char *, HEADERS_MAX);
    size_t n = 0;
    if (begin(cx, s, method, url, &c) < 0)
        return err_code(cx);
    c.payload = payload;
    if (str_eq(s->service, "s3")) {
        c.headers = str_fmt(a, "%sx-amz-content-sha256:%s\n", c.headers, payload);
        c.names = "host;x-amz-content-sha256";
        list[n++] = str_fmt(a, "X-Amz-Content-Sha256: %s", payload);
    }
    c.headers = str_fmt(a, "%sx-amz-date:%s\n", c.headers, c.stamp);
    c.names = str_fmt(a, "%s;x-amz-date", c.names);
    list[n++] = str_fmt(a, "X-Amz-Date: %s", c.stamp);
    if (session) {
        c.headers = str_fmt(a, "%sx-amz-security-token:%s\n", c.headers, session);
        c.names = str_fmt(a, "%s;x-amz-security-token", c.names);
        list[n++] = str_fmt(a, "X-Amz-Security-Token: %s", session);
    }
    if (sign(cx, &c, c.stamp, &signature) < 0)
        return err_code(cx);
    list[n++] = str_fmt(a, "Authorization: " ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                        s->token->key_id, c.scope, c.names, signature);
    *ret_headers = list;
    *ret_count = n;
    return 0;
}

int sigv4_presign(struct ctx *cx, const struct sigv4 *s, const char *url, const char *header, int seconds,
                  const char **ret_url)
{
    struct arena *a = cx->arena;
    struct canonical c;
    const char *signature, *value = header ? strchr(header, ':') : NULL;
    if (begin(cx, s, "GET", url, &c) < 0)
        return err_code(cx);
    if (value) {
        const char *name = str_ndup(a, header, (size_t)(value - header));
        c.headers = str_fmt(a, "%s%s:%s\n", c.headers, name, str_trim(a, value + 1));
        c.names = str_fmt(a, "%s;%s", c.names, name);
    }
    const char *credential = str_fmt(a, "%s/%s", s->token->key_id, c.scope);
    const char *session = str_empty(s->token->token)
                              ? ""
                              : str_fmt(a, "&X-Amz-Security-Token=%s", url_escape(a, s->token->token));
    const char *query =
        str_fmt(a,
                "%s%sX-Amz-Algorithm=" ALGORITHM
                "&X-Amz-Credential=%s&X-Amz-Date=%s&X-Amz-Expires=%d%s&X-Amz-SignedHeaders=%s",
                c.query, *c.query ? "&" : "", url_escape(a, credential), c.stamp, seconds, session,
                url_escape(a, c.names));
    c.query = sort_query(a, query);
    c.payload = str_eq(s->service, "s3") ? "UNSIGNED-PAYLOAD" : SIGV4_EMPTY;
    if (sign(cx, &c, c.stamp, &signature) < 0)
        return err_code(cx);
    *ret_url = str_fmt(a, "%s://%s%s?%s&X-Amz-Signature=%s", c.url.scheme, c.host,
                       str_empty(c.url.path) ? "/" : c.url.path, c.query, signature);
    return 0;
}

int sigv4_codecommit(struct ctx *cx, const struct sigv4 *s, const char *url, const char **ret_password)
{
    struct canonical c;
    const char *signature;
    if (begin(cx, s, "GIT", url, &c) < 0)
        return err_code(cx);
    c.payload = "";
    if (sign(cx, &c, str_ndup(cx->arena, c.stamp, strlen(c.stamp) - 1), &signature) < 0)
        return err_code(cx);
    *ret_password = str_fmt(cx->arena, "%s%s", c.stamp, signature);
    return 0;
}
