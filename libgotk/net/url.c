/*
 * url.c: parsing, joining and masking of URLs; the contract is in url.h.
 *
 * Any thread, no state. The parser is stricter than a browser: white space, control characters and broken
 * escapes are refused, because a URL that two programs read differently is how requests reach hosts nobody
 * meant.
 */
#include "libgotk/net/url.h"

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <ctype.h>

#define URL_MAX ((size_t)64 << 10)

static const struct {
    const char *scheme;
    int port;
} default_ports[] = {
    { "http", 80 },
    { "https", 443 },
    { "ssh", 22 },
    { "git", 9418 },
};

/* Query parameters whose values are secrets, in lower case. */
static const char *const secret_params[] = {
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "client_secret",
    "code",
    "key",
    "passwd",
    "password",
    "private_token",
    "secret",
    "sig",
    "signature",
    "token",
    "credential",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-signature",
    "x-goog-credential",
    "awsaccesskeyid",
};

static int bad(struct ctx *cx, const char *text, const char *why)
{
    return err_fail(cx, ERR_INVALID, "invalid URL '%s': %s", url_mask(cx->arena, text), why);
}

static int check_bytes(struct ctx *cx, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= ' ' || *p == 0x7F)
            return bad(cx, text, "it holds a space or a control character");
    if (strlen(text) > URL_MAX)
        return err_fail(cx, ERR_INVALID, "invalid URL: it is longer than %zu bytes", URL_MAX);
    return 0;
}

/* The length of the scheme before ':', or 0 when there is none. */
static size_t scheme_length(const char *s)
{
    size_t n = 0;
    if (!isalpha((unsigned char)s[0]))
        return 0;
    while (isalnum((unsigned char)s[n]) || (s[n] && strchr("+-.", s[n])))
        n++;
    return s[n] == ':' ? n : 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unescape(struct arena *a, const char *s, size_t n, char **ret)
{
    char *out = arena_alloc(a, n + 1), *w = out;
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '%') {
            *w++ = s[i];
            continue;
        }
        if (n - i < 3 || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0)
            return false;
        *w = (char)(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
        if (!*w++)
            return false;
        i += 2;
    }
    *ret = out;
    return true;
}

bool url_unescape(struct arena *a, const char *text, char **ret)
{
    return unescape(a, text, strlen(text), ret);
}

static bool is_userinfo_char(unsigned char c)
{
    return isalnum(c) || (c && strchr("-._:~!$&'()*+,;=%@", c));
}

static int parse_userinfo(struct ctx *cx, const char *text, const char *s, size_t n, struct url *u)
{
    const char *colon = memchr(s, ':', n);
    size_t user_len = colon ? (size_t)(colon - s) : n;
    char *user = NULL, *password = NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_userinfo_char((unsigned char)s[i]))
            return bad(cx, text, "user or password hold a character that must be written as %XX");
    if (!unescape(cx->arena, s, user_len, &user))
        return bad(cx, text, "the user name holds a broken %-escape");
    if (colon && !unescape(cx->arena, colon + 1, n - user_len - 1, &password))
        return bad(cx, text, "the password holds a broken %-escape");
    u->user = user;
    u->password = password;
    return 0;
}

static bool is_host_char(unsigned char c)
{
    return isalnum(c) || c >= 0x80 || (c && strchr("-._~%!$&'()*+,;=", c));
}

static int parse_port(struct ctx *cx, const char *text, const char *s, size_t n, struct url *u)
{
    int64_t port = 0;
    char *digits = str_ndup(cx->arena, s, n);
    if (n == 0)
        return 0;
    if (!isdigit((unsigned char)*digits) || !str_to_int64(digits, &port) || port > 65535)
        return bad(cx, text, "the port must be a number up to 65535");
    u->port = digits;
    return 0;
}

static int parse_host(struct ctx *cx, const char *text, const char *s, size_t n, struct url *u)
{
    const char *end = s + n, *host = s, *host_end;
    bool bracketed = n && *s == '[';
    if (bracketed) {
        host = s + 1;
        host_end = memchr(s, ']', n);
        if (!host_end || (host_end + 1 < end && host_end[1] != ':'))
            return bad(cx, text, "the IPv6 address is not closed by ']'");
        s = host_end + 1;
    } else {
        host_end = memchr(s, ':', n) ? memchr(s, ':', n) : end;
        s = host_end;
    }
    for (const char *p = host; p < host_end; p++)
        if (!is_host_char((unsigned char)*p) && !(bracketed && *p == ':'))
            return bad(cx, text, "the host holds a character that is not allowed there");
    u->host = str_lower(cx->arena, str_ndup(cx->arena, host, (size_t)(host_end - host)));
    return s < end ? parse_port(cx, text, s + 1, (size_t)(end - s - 1), u) : 0;
}

static int parse_authority(struct ctx *cx, const char *text, const char *s, size_t n, struct url *u)
{
    const char *at = memrchr(s, '@', n);
    if (at && parse_userinfo(cx, text, s, (size_t)(at - s), u) < 0)
        return cx->err.code;
    const char *host = at ? at + 1 : s;
    if (parse_host(cx, text, host, n - (size_t)(host - s), u) < 0)
        return cx->err.code;
    if (str_empty(u->host) && !str_eq(u->scheme, "file"))
        return bad(cx, text, "the host is missing");
    return 0;
}

static void parse_rest(struct arena *a, const char *s, struct url *u)
{
    size_t path_len = strcspn(s, "?#");
    u->path = str_ndup(a, s, path_len);
    s += path_len;
    if (*s == '?') {
        size_t query_len = strcspn(++s, "#");
        u->query = str_ndup(a, s, query_len);
        s += query_len;
    }
    if (*s == '#')
        u->fragment = str_dup(a, s + 1);
}

int url_parse(struct ctx *cx, const char *text, struct url *ret)
{
    struct url u = { 0 };
    if (check_bytes(cx, text) < 0)
        return cx->err.code;
    size_t scheme_len = scheme_length(text);
    if (!scheme_len)
        return bad(cx, text, "it must start with a scheme such as https://");
    u.scheme = str_lower(cx->arena, str_ndup(cx->arena, text, scheme_len));
    const char *s = text + scheme_len + 1;
    if (str_starts(s, "//")) {
        size_t n = strcspn(s + 2, "/?#");
        if (parse_authority(cx, text, s + 2, n, &u) < 0)
            return cx->err.code;
        s += 2 + n;
    }
    parse_rest(cx->arena, s, &u);
    *ret = u;
    return 0;
}

static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

static void add_escaped(struct buf *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (strchr(unreserved, *p))
            buf_char(out, (char)*p);
        else
            buf_fmt(out, "%%%02X", *p);
    }
}

char *url_escape(struct arena *a, const char *text)
{
    struct buf out = buf_new(a, strlen(text) * 3 + 1);
    add_escaped(&out, text);
    return str_dup(a, buf_text(&out));
}

static void add_authority(struct buf *out, const struct url *u, bool with_userinfo)
{
    buf_str(out, "//");
    if (with_userinfo && u->user) {
        add_escaped(out, u->user);
        if (u->password) {
            buf_char(out, ':');
            add_escaped(out, u->password);
        }
        buf_char(out, '@');
    }
    buf_fmt(out, strchr(u->host, ':') ? "[%s]" : "%s", u->host);
    if (u->port)
        buf_fmt(out, ":%s", u->port);
}

char *url_print(struct arena *a, const struct url *u, bool with_userinfo)
{
    struct buf out = buf_new(a, URL_MAX * 4);
    buf_fmt(&out, "%s:", u->scheme);
    if (u->host)
        add_authority(&out, u, with_userinfo);
    buf_str(&out, str_or(u->path, ""));
    if (u->query)
        buf_fmt(&out, "?%s", u->query);
    if (u->fragment)
        buf_fmt(&out, "#%s", u->fragment);
    return str_dup(a, buf_text(&out));
}

/* Appends the part of a URL behind its "://": the authority with its userinfo masked. Returns what follows
 * it. */
static const char *mask_authority(struct buf *out, const char *s, bool keep_user)
{
    size_t n = strcspn(s, "/?# \t\r\n\"'<>");
    const char *at = memrchr(s, '@', n);
    if (!at) {
        buf_add(out, s, n);
        return s + n;
    }
    if (keep_user && !memchr(s, ':', (size_t)(at - s)))
        buf_add(out, s, (size_t)(at - s));
    else
        buf_str(out, "***");
    buf_add(out, at, n - (size_t)(at - s));
    return s + n;
}

static bool is_secret_param(struct arena *a, const char *name, size_t n)
{
    char *lower = str_lower(a, str_ndup(a, name, n));
    for (size_t i = 0; i < ARRAY_LEN(secret_params); i++)
        if (str_eq(lower, secret_params[i]))
            return true;
    return false;
}

/* Appends one "name=value" of a query, masked when it must be. Returns what follows it. */
static const char *mask_param(struct buf *out, const char *s)
{
    size_t n = strcspn(s, "&;# \t\r\n\"'<>"), name_len = strcspn(s, "=&;# \t\r\n\"'<>");
    if (name_len < n && is_secret_param(out->arena, s, name_len)) {
        buf_add(out, s, name_len);
        buf_str(out, "=***");
    } else {
        buf_add(out, s, n);
    }
    return s + n;
}

char *url_mask(struct arena *a, const char *text)
{
    struct buf out = buf_new(a, strlen(text) * 3 + 16);
    for (const char *s = text; *s;) {
        if (str_starts(s, "://")) {
            buf_str(&out, "://");
            bool is_ssh = s - text >= 3 && memcmp(s - 3, "ssh", 3) == 0;
            s = mask_authority(&out, s + 3, is_ssh);
        } else if (*s == '?' || *s == '&') {
            buf_char(&out, *s);
            s = mask_param(&out, s + 1);
        } else {
            buf_char(&out, *s++);
        }
    }
    return str_dup(a, buf_text(&out));
}

/* Drops the last segment of what was written. */
static void pop_segment(struct buf *out)
{
    size_t n = out->len;
    while (n && out->data[n - 1] != '/')
        n--;
    buf_cut(out, n ? n - 1 : 0);
}

/* RFC 3986, 5.2.4. */
static char *without_dots(struct arena *a, const char *path)
{
    struct buf out = buf_new(a, strlen(path) + 1);
    bool absolute = *path == '/';
    while (*path) {
        size_t n = strcspn(path + 1, "/") + 1;
        const char *segment = *path == '/' ? path + 1 : path;
        size_t len = n - (size_t)(segment - path);
        bool last = path[n] == '\0', dot = len == 1 && segment[0] == '.';
        bool dots = len == 2 && memcmp(segment, "..", 2) == 0;
        if (dots)
            pop_segment(&out);
        if (!dot && !dots)
            buf_add(&out, path, n);
        else if (last)
            buf_char(&out, '/');
        path += n;
    }
    return str_fmt(a, "%s%s", absolute && (!out.len || *out.data != '/') ? "/" : "", buf_text(&out));
}

/* RFC 3986, 5.2.3: the folder of the base's path with `ref` behind it. */
static char *merged_path(struct arena *a, const struct url *base, const char *ref)
{
    const char *path = str_or(base->path, ""), *slash = strrchr(path, '/');
    if (!slash)
        return str_fmt(a, "%s%s", base->host ? "/" : "", ref);
    return str_fmt(a, "%.*s%s", (int)(slash - path + 1), path, ref);
}

static void resolve(struct arena *a, struct url *u, const char *ref)
{
    struct url base = *u;
    u->query = u->fragment = NULL;
    parse_rest(a, ref, u);
    if (!*u->path) {
        u->path = base.path;
        u->query = *ref == '?' ? u->query : base.query;
    } else {
        u->path = without_dots(a, *ref == '/' ? u->path : merged_path(a, &base, u->path));
    }
}

int url_join(struct ctx *cx, const char *base, const char *ref, char **ret_url)
{
    struct url u = { 0 }, absolute;
    if (url_parse(cx, base, &u) < 0 || check_bytes(cx, ref) < 0)
        return cx->err.code;
    if (str_starts(ref, "//"))
        ref = str_fmt(cx->arena, "%s:%s", u.scheme, ref);
    if (scheme_length(ref)) {
        if (url_parse(cx, ref, &absolute) < 0)
            return cx->err.code;
        *ret_url = str_dup(cx->arena, ref);
        return 0;
    }
    resolve(cx->arena, &u, ref);
    *ret_url = url_print(cx->arena, &u, true);
    return 0;
}

char *url_query_value(struct arena *a, const char *query, const char *name)
{
    size_t name_len = strlen(name);
    for (const char *s = str_or(query, ""); *s;) {
        size_t n = strcspn(s, "&");
        if (n > name_len && s[name_len] == '=' && memcmp(s, name, name_len) == 0) {
            char *raw = str_replace(a, str_ndup(a, s + name_len + 1, n - name_len - 1), "+", " "), *value;
            return url_unescape(a, raw, &value) ? value : NULL;
        }
        s += n + (s[n] == '&');
    }
    return NULL;
}

int url_port(const struct url *u)
{
    int64_t port;
    if (u->port && str_to_int64(u->port, &port))
        return (int)port;
    for (size_t i = 0; i < ARRAY_LEN(default_ports); i++)
        if (str_eq(u->scheme, default_ports[i].scheme))
            return default_ports[i].port;
    return 0;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return str_eq(a->scheme, b->scheme) && str_eq(a->host, b->host) && url_port(a) == url_port(b);
}
