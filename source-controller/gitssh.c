/*
 * gitssh.c: the subtransport over SSH; see gitssh.h.
 *
 * Writes are collected and sent at the next read, so that the farewell of a remote that only listed is never sent. libgit2
 * before 1.9.1 repeats its wants after the server's shallow lines, which a stateful server refuses: a write
 * that begins with all of the first one is cut to what is new.
 */
#include "source-controller/gitssh.h"

#include "libgotk/base/str.h"
#include "libgotk/net/proxy.h"
#include "source-controller/sshclient.h"

#include <git2/errors.h>
#include <git2/sys/errors.h>

#define REQUEST_MAX  ((size_t)64 << 20)
#define DEFAULT_USER "git"

struct stream {
    git_smart_subtransport_stream base;
    struct gittransport *transport;
    size_t refs_at; /* how much of the transport's list of references was read */
    struct buf request;
    const char *wants; /* the first request */
    size_t wants_len;
};

/* What a server says before it hangs up, and what it means. */
static const struct {
    const char *part;
    const char *text;
    int code;
} complaints[] = {
    { "not found", "repository not found", ERR_NOT_FOUND },
    { "does not exist", "repository not found", ERR_NOT_FOUND },
    { "does not appear to be a git repository", "repository not found", ERR_NOT_FOUND },
    { "no such", "repository not found", ERR_NOT_FOUND },
    { "denied", "authorization failed", ERR_DENIED },
    { "not authorized", "authorization failed", ERR_DENIED },
};

static int report(struct gittransport *t)
{
    git_error_set_str(GIT_ERROR_SSH, err_message(t->cx));
    return -1;
}

/* The server ended before its list was complete. */
static int hung_up(struct gittransport *t)
{
    struct ctx *cx = t->cx;
    const char *said = url_mask(cx->arena, sshclient_complaint(cx, t->connection));
    const char *lower = str_lower(cx->arena, said);
    for (size_t i = 0; i < ARRAY_LEN(complaints); i++)
        if (strstr(lower, complaints[i].part))
            return err_fail(cx, complaints[i].code, "%s: %s", complaints[i].text,
                            str_replace(cx->arena, said, "\n", " "));
    return err_fail(cx, ERR_UNAVAILABLE, "the server closed the connection%s%s", *said ? ": " : "",
                    str_replace(cx->arena, said, "\n", " "));
}

/* A path for the server's shell. */
static const char *command_for(struct arena *a, const char *path)
{
    return str_fmt(a, "git-upload-pack '%s'", str_replace(a, path, "'", "'\\''"));
}

static int open_connection(struct gittransport *t)
{
    struct ctx *cx = t->cx;
    const struct gitauth *auth = &t->auth;
    struct url url;
    char *path = NULL;
    if (url_parse(cx, t->base, &url) < 0)
        return cx->err.code;
    if (!url_unescape(cx->arena, url.path, &path))
        return err_fail(cx, ERR_INVALID, "the path of the url has a broken escape");
    const struct sshclient_target target = {
        .host = url.host,
        .port = url.port ? url_port(&url) : 22,
        .user = str_or(auth->user, DEFAULT_USER),
        .proxy = t->proxy ? t->proxy : proxy_for(cx->arena, &url),
        .identity = str_dup(cx->arena, auth->identity),
        .passphrase = str_dup(cx->arena, auth->password),
        .known_hosts = auth->known_hosts,
        .source = str_or(auth->hint, "the secret"),
        .kex_algos = auth->kex_algos,
        .host_key_algos = auth->host_key_algos,
    };
    return sshclient_open(cx, &target, command_for(cx->arena, path), &t->connection);
}

/* Reads on and keeps what was read: the list ends where libgit2 stops asking. */
static int read_refs(struct stream *s, char *data, size_t size, size_t *ret_n)
{
    struct gittransport *t = s->transport;
    if (!t->connection && open_connection(t) < 0)
        return t->cx->err.code;
    if (sshclient_read(t->cx, t->connection, data, size, ret_n) < 0)
        return t->cx->err.code;
    if (*ret_n == 0)
        return hung_up(t);
    buf_add(&t->refs, data, *ret_n);
    s->refs_at = t->refs.len;
    t->received += *ret_n;
    return buf_ok(t->cx, &t->refs, "the list of references");
}

static size_t copy_refs(struct stream *s, char *data, size_t size)
{
    const struct buf *refs = &s->transport->refs;
    size_t left = refs->len - s->refs_at, n = left < size ? left : size;
    memcpy(data, refs->data + s->refs_at, n);
    s->refs_at += n;
    return n;
}

static int send_request(struct stream *s)
{
    struct gittransport *t = s->transport;
    const char *data = buf_text(&s->request);
    size_t n = s->request.len;
    if (buf_ok(t->cx, &s->request, "the request for objects") < 0)
        return t->cx->err.code;
    if (s->wants && n >= s->wants_len && memcmp(data, s->wants, s->wants_len) == 0) {
        data += s->wants_len;
        n -= s->wants_len;
    } else if (!s->wants) {
        s->wants = str_ndup(t->cx->arena, data, n);
        s->wants_len = n;
    }
    if (sshclient_write(t->cx, t->connection, data, n) < 0)
        return t->cx->err.code;
    buf_cut(&s->request, 0);
    return 0;
}

static int read_some(struct stream *s, char *data, size_t size, size_t *ret_n)
{
    struct gittransport *t = s->transport;
    if (s->request.len == 0 && s->refs_at < t->refs.len) {
        *ret_n = copy_refs(s, data, size);
        return 0;
    }
    if (s->request.len == 0 && !s->wants)
        return read_refs(s, data, size, ret_n);
    if (s->request.len > 0 && send_request(s) < 0)
        return t->cx->err.code;
    if (sshclient_read(t->cx, t->connection, data, size, ret_n) < 0)
        return t->cx->err.code;
    t->received += *ret_n;
    return 0;
}

static int stream_read(git_smart_subtransport_stream *base, char *data, size_t size, size_t *ret_n)
{
    struct stream *s = CONTAINER_OF(base, struct stream, base);
    *ret_n = 0;
    return read_some(s, data, size, ret_n) < 0 ? report(s->transport) : 0;
}

static int stream_write(git_smart_subtransport_stream *base, const char *data, size_t n)
{
    struct stream *s = CONTAINER_OF(base, struct stream, base);
    buf_add(&s->request, data, n);
    return 0;
}

static void stream_free(git_smart_subtransport_stream *base)
{
    (void)base;
}

/* One for a whole remote, from its listing on: the protocol is stateful. */
static git_smart_subtransport_stream *ssh_stream(struct gittransport *t, bool listing,
                                                 git_smart_subtransport_stream *last)
{
    if (last && !listing)
        return last;
    struct stream *s = ARENA_NEW(t->cx->arena, struct stream);
    s->base = (git_smart_subtransport_stream){ NULL, stream_read, stream_write, stream_free };
    s->transport = t;
    s->request = buf_new(t->cx->arena, REQUEST_MAX);
    return &s->base;
}

static void close_transport(struct gittransport *t)
{
    struct err kept = t->cx->err;
    if (t->connection && t->refs.len > 0 && sshclient_write(t->cx, t->connection, "0000", 4) < 0)
        err_clear(t->cx);
    t->cx->err = kept;
    sshclient_close(t->connection);
    t->connection = NULL;
}

const struct gittransport_ssh gitssh = { .stream = ssh_stream, .close = close_transport };
