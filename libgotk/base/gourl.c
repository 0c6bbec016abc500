/*
 * gourl.c: Go's URLs; the contract is in gourl.h.
 */
#include "libgotk/base/gourl.h"

#include "libgotk/base/goaddr.h"
#include "libgotk/base/quote.h"

#include <string.h>

/* What may stand unescaped beside letters, digits and "-_.~", by part. */
#define IN_PATH     "$&+,/:;=@"
#define IN_HOST     "!$&'()*+,;=:[]<>\""
#define IN_USER     "$&+,;="
#define IN_FRAGMENT "$&+,/:;=?@!()*"

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_plain(char c, const char *more)
{
    return is_alnum(c) || (c && (strchr("-_.~", c) || strchr(more, c)));
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct strv slice(struct strv s, size_t from, size_t to)
{
    return (struct strv){ s.p + from, to - from };
}

static const char *find(struct strv s, char c)
{
    return memchr(s.p, c, s.n);
}

static int bad_escape(struct ctx *cx, struct strv s)
{
    return err_fail(cx, ERR_INVALID, "invalid URL escape %s", quote_go(cx->arena, s.p, s.n < 3 ? s.n : 3));
}

/* Whether an escape may stand in a host or its zone. */
static bool host_escape_ok(struct strv at, bool zone)
{
    int high = hex_of(at.p[1]), value = high * 16 + hex_of(at.p[2]);
    if (memcmp(at.p, "%25", 3) == 0)
        return true;
    if (zone)
        return value == ' ' || is_plain((char)value, IN_HOST);
    return high >= 8;
}

enum part { PART_OTHER, PART_HOST, PART_ZONE };

static int unescape(struct ctx *cx, struct strv s, enum part part, struct strv *ret)
{
    char *out = arena_alloc_raw(cx->arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        struct strv at = slice(s, i, s.n);
        if (s.p[i] == '%') {
            if (at.n < 3 || hex_of(at.p[1]) < 0 || hex_of(at.p[2]) < 0)
                return bad_escape(cx, at);
            if (part != PART_OTHER && !host_escape_ok(at, part == PART_ZONE))
                return bad_escape(cx, at);
            out[n++] = (char)(hex_of(at.p[1]) << 4 | hex_of(at.p[2]));
            i += 2;
            continue;
        }
        if (part != PART_OTHER && (unsigned char)s.p[i] < 0x80 && !is_plain(s.p[i], IN_HOST))
            return err_fail(cx, ERR_INVALID, "invalid character %s in host name",
                            quote_go(cx->arena, at.p, 1));
        out[n++] = s.p[i];
    }
    out[n] = '\0';
    *ret = (struct strv){ out, n };
    return 0;
}

static void escape_to(struct buf *out, struct strv s, const char *more)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_plain(s.p[i], more))
            buf_char(out, s.p[i]);
        else
            buf_fmt(out, "%%%02X", (unsigned char)s.p[i]);
    }
}

static bool port_ok(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if (i == 0 ? s.p[i] != ':' : !(s.p[i] >= '0' && s.p[i] <= '9'))
            return false;
    return true;
}

static int bad_port(struct ctx *cx, struct strv port)
{
    return err_fail(cx, ERR_INVALID, "invalid port %s after host", quote_go(cx->arena, port.p, port.n));
}

/* [address%25zone]:port */
static int parse_literal(struct ctx *cx, struct strv host, struct strv *ret)
{
    bool four;
    const char *close = memrchr(host.p, ']', host.n);
    if (!close)
        return err_fail(cx, ERR_INVALID, "missing ']' in host");
    size_t end = (size_t)(close - host.p);
    struct strv port = slice(host, end + 1, host.n), name = slice(host, 1, end), zone = { "", 0 }, plain;
    if (!port_ok(port))
        return bad_port(cx, port);
    const char *percent = memmem(name.p, name.n, "%25", 3);
    if (percent) {
        size_t at = (size_t)(percent - name.p);
        if (unescape(cx, slice(name, at, name.n), PART_ZONE, &zone) < 0)
            return err_code(cx);
        name.n = at;
    }
    if (unescape(cx, name, PART_HOST, &plain) < 0)
        return err_code(cx);
    const char *whole = str_fmt(cx->arena, "%.*s%.*s", (int)plain.n, plain.p, (int)zone.n, zone.p);
    const char *why = goaddr_wrong(cx->arena, (struct strv){ whole, strlen(whole) }, &four);
    if (why)
        return err_fail(cx, ERR_INVALID, "invalid host: %s", why);
    if (four)
        return err_fail(cx, ERR_INVALID, "invalid IP-literal");
    ret->p = str_fmt(cx->arena, "[%s]%.*s", whole, (int)port.n, port.p);
    ret->n = strlen(ret->p);
    return 0;
}

static int parse_host(struct ctx *cx, struct strv scheme, struct strv host, struct strv *ret)
{
    const char *open = memrchr(host.p, '[', host.n), *colon = find(host, ':');
    if (open && open > host.p)
        return err_fail(cx, ERR_INVALID, "invalid IP-literal");
    if (open)
        return parse_literal(cx, host, ret);
    bool http = (scheme.n == 4 || scheme.n == 5) && memcmp(scheme.p, "https", scheme.n) == 0;
    if (colon && !http)
        colon = memrchr(host.p, ':', host.n);
    struct strv port = colon ? slice(host, (size_t)(colon - host.p), host.n) : (struct strv){ "", 0 };
    return port_ok(port) ? unescape(cx, host, PART_HOST, ret) : bad_port(cx, port);
}

static bool userinfo_ok(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_plain(s.p[i], ":!$&'()*+,;=%@"))
            return false;
    return true;
}

static int parse_authority(struct ctx *cx, struct strv authority, struct gourl *u)
{
    const char *at = memrchr(authority.p, '@', authority.n);
    size_t host = at ? (size_t)(at - authority.p) + 1 : 0;
    if (parse_host(cx, u->scheme, slice(authority, host, authority.n), &u->host) < 0)
        return err_code(cx);
    if (!at)
        return 0;
    struct strv info = slice(authority, 0, host - 1);
    if (!userinfo_ok(info))
        return err_fail(cx, ERR_INVALID, "net/url: invalid userinfo");
    const char *colon = find(info, ':');
    size_t name = colon ? (size_t)(colon - info.p) : info.n;
    u->has_user = true;
    u->has_password = colon != NULL;
    if (unescape(cx, slice(info, 0, name), PART_OTHER, &u->user) < 0)
        return err_code(cx);
    return colon ? unescape(cx, slice(info, name + 1, info.n), PART_OTHER, &u->password) : 0;
}

/* The scheme, in lower case, off the front of *s; an empty one when there is none. */
static int take_scheme(struct ctx *cx, struct strv *s, struct strv *ret)
{
    *ret = (struct strv){ "", 0 };
    for (size_t i = 0; i < s->n; i++) {
        char c = s->p[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (letter || (i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
            continue;
        if (c != ':')
            return 0;
        if (i == 0)
            return err_fail(cx, ERR_INVALID, "missing protocol scheme");
        ret->p = str_lower(cx->arena, str_ndup(cx->arena, s->p, i));
        ret->n = i;
        *s = slice(*s, i + 1, s->n);
        return 0;
    }
    return 0;
}

static bool starts(struct strv s, const char *with)
{
    return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

static void take_query(struct strv *s, struct gourl *u)
{
    const char *mark = find(*s, '?');
    if (!mark)
        return;
    size_t at = (size_t)(mark - s->p);
    u->query = slice(*s, at + 1, s->n);
    u->force_query = u->query.n == 0;
    s->n = at;
}

static bool same(struct strv a, struct strv b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static int set_path(struct ctx *cx, struct gourl *u, struct strv text)
{
    if (unescape(cx, text, PART_OTHER, &u->path) < 0)
        return err_code(cx);
    struct buf usual = buf_new(cx->arena, u->path.n * 3 + 1);
    escape_to(&usual, u->path, IN_PATH);
    bool as_usual = same(text, (struct strv){ buf_text(&usual), usual.len });
    u->raw_path = as_usual ? (struct strv){ "", 0 } : text;
    return 0;
}

static int parse_rest(struct ctx *cx, struct strv rest, struct gourl *u)
{
    if (!starts(rest, "/")) {
        const char *slash = find(rest, '/'), *colon = find(rest, ':');
        if (u->scheme.n) {
            u->opaque = rest;
            return 0;
        }
        if (colon && (!slash || colon < slash))
            return err_fail(cx, ERR_INVALID, "first path segment in URL cannot contain colon");
    }
    if (starts(rest, "//") && (u->scheme.n || !starts(rest, "///"))) {
        struct strv authority = slice(rest, 2, rest.n);
        const char *slash = find(authority, '/');
        size_t end = slash ? (size_t)(slash - authority.p) : authority.n;
        rest = slice(authority, end, authority.n);
        authority.n = end;
        if (parse_authority(cx, authority, u) < 0)
            return err_code(cx);
    } else {
        u->omit_host = u->scheme.n && starts(rest, "/");
    }
    return set_path(cx, u, rest);
}

static bool has_control(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
            return true;
    return false;
}

static int parse(struct ctx *cx, struct strv s, struct gourl *u)
{
    if (has_control(s))
        return err_fail(cx, ERR_INVALID, "net/url: invalid control character in URL");
    if (s.n == 1 && s.p[0] == '*') {
        u->path = s;
        return 0;
    }
    if (take_scheme(cx, &s, &u->scheme) < 0)
        return err_code(cx);
    take_query(&s, u);
    return parse_rest(cx, s, u);
}

int gourl_parse(struct ctx *cx, struct strv text, struct gourl *ret)
{
    const char *hash = find(text, '#');
    struct strv whole = hash ? slice(text, 0, (size_t)(hash - text.p)) : text;
    struct gourl u = { .scheme = { "", 0 },
                       .opaque = { "", 0 },
                       .user = { "", 0 },
                       .password = { "", 0 },
                       .host = { "", 0 },
                       .path = { "", 0 },
                       .raw_path = { "", 0 },
                       .query = { "", 0 },
                       .fragment = { "", 0 } };
    if (parse(cx, whole, &u) < 0)
        return err_wrap(cx, "parse %s", quote_go(cx->arena, whole.p, whole.n));
    if (hash && unescape(cx, slice(text, whole.n + 1, text.n), PART_OTHER, &u.fragment) < 0)
        return err_wrap(cx, "parse %s", quote_go(cx->arena, text.p, text.n));
    *ret = u;
    return 0;
}

struct strv gourl_hostname(const struct gourl *u)
{
    struct strv host = u->host;
    const char *colon = memrchr(host.p, ':', host.n);
    if (colon && port_ok(slice(host, (size_t)(colon - host.p), host.n)))
        host.n = (size_t)(colon - host.p);
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = slice(host, 1, host.n - 1);
    return host;
}

struct strv gourl_userinfo(struct arena *a, const struct gourl *u)
{
    struct buf out = buf_new(a, (u->user.n + u->password.n) * 3 + 2);
    escape_to(&out, u->user, IN_USER);
    if (u->has_password) {
        buf_char(&out, ':');
        escape_to(&out, u->password, IN_USER);
    }
    return (struct strv){ buf_text(&out), out.len };
}

/* Only characters that may stand in a path as they are, and escapes. */
static bool raw_path_ok(const struct gourl *u)
{
    for (size_t i = 0; i < u->raw_path.n; i++)
        if (!is_plain(u->raw_path.p[i], IN_PATH "!'()*[]%"))
            return false;
    return u->raw_path.n > 0;
}

static struct strv escaped_path(struct arena *a, const struct gourl *u)
{
    if (raw_path_ok(u))
        return u->raw_path;
    if (u->path.n == 1 && u->path.p[0] == '*')
        return u->path;
    struct buf out = buf_new(a, u->path.n * 3 + 1);
    escape_to(&out, u->path, IN_PATH);
    return (struct strv){ buf_text(&out), out.len };
}

/* One segment of a path onto what is resolved so far; true when it was the last of its kind: "." or "..". */
static bool add_segment(struct buf *out, struct strv segment, bool *first)
{
    if (same(segment, (struct strv){ ".", 1 })) {
        *first = false;
        return true;
    }
    if (same(segment, (struct strv){ "..", 2 })) {
        const char *slash = memrchr(out->data + 1, '/', out->len - 1);
        buf_cut(out, slash ? (size_t)(slash - out->data) : 1);
        *first = out->len == 1;
        return true;
    }
    if (!*first)
        buf_char(out, '/');
    buf_add(out, segment.p, segment.n);
    *first = false;
    return false;
}

/* `ref` behind the last slash of `base`, without "." and "..". */
static struct strv resolve_path(struct arena *a, struct strv base, struct strv ref)
{
    struct buf full = buf_new(a, base.n + ref.n + 1), out = buf_new(a, base.n + ref.n + 3);
    const char *slash = memrchr(base.p, '/', base.n);
    if (ref.n == 0 || ref.p[0] != '/')
        buf_add(&full, base.p, ref.n ? (size_t)(slash ? slash + 1 - base.p : 0) : base.n);
    buf_add(&full, ref.p, ref.n);
    if (full.len == 0)
        return (struct strv){ "", 0 };
    bool first = true, dots = false;
    buf_char(&out, '/');
    for (size_t at = 0, end; at <= full.len; at = end + 1) {
        const char *next = memchr(full.data + at, '/', full.len - at);
        end = next ? (size_t)(next - full.data) : full.len;
        dots = add_segment(&out, (struct strv){ full.data + at, end - at }, &first);
    }
    if (dots)
        buf_char(&out, '/');
    size_t twice = out.len > 1 && out.data[1] == '/';
    return (struct strv){ out.data + twice, out.len - twice };
}

/* What was escaped once is a path for sure. */
static void take_resolved(struct arena *a, struct gourl *u, struct strv base, struct strv ref)
{
    struct ctx cx = { .arena = a };
    if (set_path(&cx, u, resolve_path(a, base, ref)) < 0)
        u->path = u->raw_path = (struct strv){ "", 0 };
}

static void take_no_host(struct gourl *u)
{
    u->has_user = false;
    u->host = u->path = u->raw_path = (struct strv){ "", 0 };
}

struct gourl gourl_resolve(struct arena *a, const struct gourl *base, const struct gourl *ref)
{
    struct gourl u = *ref;
    if (!ref->scheme.n)
        u.scheme = base->scheme;
    if (ref->scheme.n || ref->host.n || ref->has_user) {
        take_resolved(a, &u, escaped_path(a, ref), (struct strv){ "", 0 });
        return u;
    }
    if (!ref->path.n && !ref->force_query && !ref->query.n) {
        u.query = base->query;
        u.fragment = ref->fragment.n ? ref->fragment : base->fragment;
    }
    if (!ref->path.n && base->opaque.n) {
        u.opaque = base->opaque;
        take_no_host(&u);
        return u;
    }
    u.host = base->host;
    u.has_user = base->has_user;
    u.has_password = base->has_password;
    u.user = base->user;
    u.password = base->password;
    take_resolved(a, &u, escaped_path(a, base), escaped_path(a, ref));
    return u;
}

int gourl_unescape(struct ctx *cx, struct strv text, struct strv *ret)
{
    return unescape(cx, text, PART_OTHER, ret);
}

void gourl_escape_path(struct buf *out, const char *path)
{
    escape_to(out, (struct strv){ path, strlen(path) }, "$&+/:=@");
}

static void print_authority(struct buf *out, const struct gourl *u)
{
    if (u->omit_host && !u->host.n && !u->has_user)
        return;
    if (u->host.n || u->path.n || u->has_user)
        buf_str(out, "//");
    if (u->has_user) {
        struct strv info = gourl_userinfo(out->arena, u);
        buf_add(out, info.p, info.n);
        buf_char(out, '@');
    }
    escape_to(out, u->host, IN_HOST);
}

struct strv gourl_print(struct arena *a, const struct gourl *u)
{
    struct buf out = buf_new(a, 1 << 24);
    buf_add(&out, u->scheme.p, u->scheme.n);
    buf_str(&out, u->scheme.n ? ":" : "");
    if (u->opaque.n) {
        buf_add(&out, u->opaque.p, u->opaque.n);
    } else {
        if (u->scheme.n || u->host.n || u->has_user)
            print_authority(&out, u);
        struct strv path = escaped_path(a, u);
        const char *colon = find(path, ':'), *slash = find(path, '/');
        if (path.n && path.p[0] != '/' && u->host.n)
            buf_char(&out, '/');
        if (out.len == 0 && colon && (!slash || colon < slash))
            buf_str(&out, "./");
        buf_add(&out, path.p, path.n);
    }
    if (u->query.n || u->force_query) {
        buf_char(&out, '?');
        buf_add(&out, u->query.p, u->query.n);
    }
    if (u->fragment.n) {
        buf_char(&out, '#');
        escape_to(&out, u->fragment, IN_FRAGMENT);
    }
    return (struct strv){ buf_text(&out), out.len };
}
