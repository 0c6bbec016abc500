/*
 * gittransport.c: the subtransport; see gittransport.h.
 *
 * Two requests exist: GET info/refs, and POST git-upload-pack once per round of negotiation. A stream collects what
 * libgit2 writes and sends it at the first read. As git does, a redirect is followed on info/refs only, must keep that path's
 * end, and becomes the new base; credentials do not follow to another host. Everything is allocated in the child's
 * arena, so the free callbacks only close connections.
 */
#include "libgotk/git/gittransport.h"

#include "libgotk/base/str.h"
#include "libgotk/net/http.h"

#include <git2/errors.h>
#include <git2/sys/errors.h>

#define REFS_PATH    "/info/refs"
#define REFS_QUERY   "?service=git-upload-pack"
#define REQUEST_MAX  ((size_t)64 << 20) /* what we ask for: a line per wanted object */
#define REFS_MAX     ((size_t)128 << 20)
#define REDIRECT_MAX 10
#define EXCERPT_MAX  200 /* bytes of an error page that are shown */
#define AGENT        "User-Agent: git/2.0 (gotk " GOTK_VERSION ")"

struct subtransport {
    git_smart_subtransport base;
    struct gittransport *transport;
    git_smart_subtransport_stream *stream; /* the last one */
};

struct stream {
    git_smart_subtransport_stream base;
    struct gittransport *transport;
    bool listing;   /* info/refs rather than upload-pack */
    size_t refs_at; /* listing: how much of the transport's refs was read */
    struct buf request;
    struct http_stream *answer; /* NULL until the request was sent */
};

/* What an HTTP status means for a repository, in go-git's words. */
static const struct {
    int status;
    const char *text;
    bool hint; /* credentials may be the cause */
} statuses[] = {
    { 401, "authentication required", true },
    { 403, "authorization failed", true },
    { 404, "repository not found", true },
};

void gittransport_warm(void)
{
    static struct x509_store_st *roots; /* kept for good */
    CLEANUP(arena_cleanup) struct arena *a = arena_new((size_t)64 << 20);
    struct ctx cx = { .arena = a };
    if (!roots && tls_trust(&cx, NULL, &roots) < 0)
        err_clear(&cx); /* a fetch that needs them says so */
}

int gittransport_init(struct ctx *cx, const char *url, const struct gitauth *auth, const char *proxy,
                      struct gittransport *ret)
{
    struct url u;
    if (url_parse(cx, url, &u) < 0)
        return cx->err.code;
    bool is_ssh = str_eq(u.scheme, "ssh");
    if (!is_ssh && !str_eq(u.scheme, "http") && !str_eq(u.scheme, "https"))
        return err_fail(cx, ERR_UNSUPPORTED, "scheme '%s' cannot be fetched: use http, https or ssh",
                        u.scheme);
    *ret = (struct gittransport){ .cx = cx,
                                  .base = url_print(cx->arena, &u, false),
                                  .auth = *auth,
                                  .proxy = proxy,
                                  .is_ssh = is_ssh,
                                  .refs = buf_new(cx->arena, REFS_MAX) };
    ret->tls = (struct tls){ .ca_pem = auth->ca_pem,
                             .ca_len = auth->ca_pem ? strlen(auth->ca_pem) : 0,
                             .cert_pem = auth->cert_pem,
                             .cert_len = auth->cert_pem ? strlen(auth->cert_pem) : 0,
                             .key_pem = auth->key_pem,
                             .key_len = auth->key_pem ? strlen(auth->key_pem) : 0 };
    return 0;
}

/* The first line of an error page as plain text, so that "Repository is archived" is seen and HTML is not. */
static const char *excerpt(struct ctx *cx, struct http_stream *answer, const char *content_type)
{
    char *page = arena_alloc(cx->arena, EXCERPT_MAX + 1);
    size_t n = 0;
    if (content_type && !str_starts(content_type, "text/plain"))
        return "";
    if (http_stream_read(cx, answer, page, EXCERPT_MAX, &n) < 0) {
        err_clear(cx);
        return "";
    }
    page[n] = '\0';
    page[strcspn(page, "\r\n")] = '\0';
    return str_is_utf8(page, strlen(page)) ? url_mask(cx->arena, page) : "";
}

static int refused(struct gittransport *t, const struct http_response *head, struct http_stream *answer)
{
    struct ctx *cx = t->cx;
    const char *said = excerpt(cx, answer, head->content_type);
    const char *colon = *said ? ": " : "";
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].status == head->status)
            return err_fail(cx, http_status_code(head->status), "%s%s%s%s%s%s", statuses[i].text, colon, said,
                            t->auth.hint ? " (" : "", str_or(t->auth.hint, ""), t->auth.hint ? ")" : "");
    return err_fail(cx, http_status_code(head->status), "unexpected requesting \"%s\" status code: %s%s%s",
                    url_mask(cx->arena, head->effective_url), head->status_text, colon, said);
}

/* The repository's URL after info/refs was redirected to `effective`. */
static int follow(struct gittransport *t, const char *effective)
{
    struct ctx *cx = t->cx;
    struct url from, to;
    if (url_parse(cx, t->base, &from) < 0 || url_parse(cx, effective, &to) < 0)
        return cx->err.code;
    if (!str_ends(to.path, REFS_PATH))
        return err_fail(cx, ERR_INVALID,
                        "http redirect: target %s does not end with %s: is spec.url a repository?",
                        url_mask(cx->arena, effective), REFS_PATH);
    if (str_eq(from.scheme, "https") && !str_eq(to.scheme, "https"))
        return err_fail(cx, ERR_DENIED, "http redirect: changes scheme from \"https\" to \"%s\"", to.scheme);
    if (!url_same_origin(&from, &to))
        t->auth =
            (struct gitauth){ .hint =
                                  "the server redirects to another host, which is not sent the credentials: "
                                  "set spec.url to the new address" };
    to.path = str_ndup(cx->arena, to.path, strlen(to.path) - strlen(REFS_PATH));
    to.query = NULL;
    t->base = url_print(cx->arena, &to, false);
    return 0;
}

static int check_answer(struct stream *s, const struct http_response *head)
{
    const char *wanted =
        s->listing ? "application/x-git-upload-pack-advertisement" : "application/x-git-upload-pack-result";
    struct gittransport *t = s->transport;
    if (s->listing && follow(t, head->effective_url) < 0)
        return t->cx->err.code;
    if (head->status != 200)
        return refused(t, head, s->answer);
    if (!str_starts(head->content_type, wanted))
        return err_fail(t->cx, ERR_INVALID,
                        "the answer of %s is of type '%s', not '%s': is spec.url a Git repository?",
                        url_mask(t->cx->arena, head->effective_url), head->content_type, wanted);
    return 0;
}

static int send_request(struct stream *s)
{
    static const char *const get[] = { AGENT, "Accept: */*", "Pragma: no-cache", NULL };
    static const char *const post[] = { AGENT, "Accept: application/x-git-upload-pack-result",
                                        "Content-Type: application/x-git-upload-pack-request", NULL };
    struct gittransport *t = s->transport;
    struct ctx *cx = t->cx;
    struct http_request req = {
        .method = s->listing ? "GET" : "POST",
        .url = str_fmt(cx->arena, "%s%s", t->base, s->listing ? REFS_PATH REFS_QUERY : "/git-upload-pack"),
        .headers = s->listing ? get : post,
        .body = s->listing ? NULL : buf_text(&s->request),
        .body_len = s->request.len,
        .tls = &t->tls,
        .proxy = t->proxy,
        .user = str_empty(t->auth.user) ? NULL : t->auth.user,
        .password = t->auth.password,
        .bearer = str_empty(t->auth.bearer) ? NULL : t->auth.bearer,
        .max_redirects = s->listing ? REDIRECT_MAX : 0,
    };
    struct http_response head;
    if (buf_ok(cx, &s->request, "the request for objects") < 0 ||
        http_stream_open(cx, &req, &head, &s->answer) < 0)
        return cx->err.code;
    return check_answer(s, &head);
}

/* libgit2 wants -1 and a message of its own; ours stays in cx. */
static int report(struct gittransport *t)
{
    git_error_set_str(GIT_ERROR_HTTP, err_message(t->cx));
    return -1;
}

static int stream_write(git_smart_subtransport_stream *base, const char *data, size_t n)
{
    struct stream *s = CONTAINER_OF(base, struct stream, base);
    buf_add(&s->request, data, n);
    return 0;
}

/* Reads some of the answer, sending the request first. */
static int read_answer(struct stream *s, char *data, size_t size, size_t *ret_n)
{
    struct gittransport *t = s->transport;
    if (!s->answer && send_request(s) < 0)
        return t->cx->err.code;
    if (http_stream_read(t->cx, s->answer, data, size, ret_n) < 0)
        return t->cx->err.code;
    t->received += *ret_n;
    return 0;
}

/* Fills the transport's list of references. */
static int read_refs(struct stream *s)
{
    char chunk[16 << 10];
    size_t n = 0;
    do {
        if (read_answer(s, chunk, sizeof(chunk), &n) < 0)
            return s->transport->cx->err.code;
        buf_add(&s->transport->refs, chunk, n);
    } while (n > 0 && !s->transport->refs.overflow);
    s->transport->listed = true;
    return buf_ok(s->transport->cx, &s->transport->refs, "the list of references");
}

static int copy_refs(struct stream *s, char *data, size_t size, size_t *ret_n)
{
    const struct buf *refs = &s->transport->refs;
    if (!s->transport->listed && read_refs(s) < 0)
        return s->transport->cx->err.code;
    size_t left = refs->len - s->refs_at;
    *ret_n = left < size ? left : size;
    if (*ret_n > 0)
        memcpy(data, refs->data + s->refs_at, *ret_n);
    s->refs_at += *ret_n;
    return 0;
}

static int stream_read(git_smart_subtransport_stream *base, char *data, size_t size, size_t *ret_n)
{
    struct stream *s = CONTAINER_OF(base, struct stream, base);
    *ret_n = 0;
    int rc = s->listing ? copy_refs(s, data, size, ret_n) : read_answer(s, data, size, ret_n);
    return rc < 0 ? report(s->transport) : 0;
}

static void stream_free(git_smart_subtransport_stream *base)
{
    http_stream_close(CONTAINER_OF(base, struct stream, base)->answer);
}

static git_smart_subtransport_stream *http_stream(struct gittransport *t, bool listing,
                                                  git_smart_subtransport_stream *last UNUSED)
{
    struct stream *s = ARENA_NEW(t->cx->arena, struct stream);
    s->base = (git_smart_subtransport_stream){ NULL, stream_read, stream_write, stream_free };
    s->transport = t;
    s->listing = listing;
    s->request = buf_new(t->cx->arena, REQUEST_MAX);
    return &s->base;
}

static int subtransport_action(git_smart_subtransport_stream **ret, git_smart_subtransport *base,
                               const char *url, git_smart_service_t action)
{
    struct subtransport *sub = CONTAINER_OF(base, struct subtransport, base);
    struct gittransport *t = sub->transport;
    (void)url;
    if (action != GIT_SERVICE_UPLOADPACK_LS && action != GIT_SERVICE_UPLOADPACK)
        return err_fail(t->cx, ERR_UNSUPPORTED, "pushing is not supported"), report(t);
    sub->stream =
        (t->is_ssh ? t->ssh->stream : http_stream)(t, action == GIT_SERVICE_UPLOADPACK_LS, sub->stream);
    sub->stream->subtransport = base;
    *ret = sub->stream;
    return 0;
}

static int subtransport_close(git_smart_subtransport *base)
{
    (void)base;
    return 0;
}

static void subtransport_free(git_smart_subtransport *base)
{
    (void)base;
}

static int subtransport_new(git_smart_subtransport **ret, git_transport *owner, void *payload)
{
    struct gittransport *t = payload;
    struct subtransport *s = ARENA_NEW(t->cx->arena, struct subtransport);
    (void)owner;
    s->base = (git_smart_subtransport){ subtransport_action, subtransport_close, subtransport_free };
    s->transport = t;
    *ret = &s->base;
    return 0;
}

int gittransport_new(git_transport **ret, git_remote *owner, void *payload)
{
    struct gittransport *t = payload;
    if (t->is_ssh && !t->ssh) {
        err_fail(t->cx, ERR_UNSUPPORTED, "there is no key for ssh addresses here: use an https address");
        return report(t);
    }
    git_smart_subtransport_definition definition = { .callback = subtransport_new,
                                                     .rpc = !t->is_ssh,
                                                     .param = t };
    return git_transport_smart(ret, owner, &definition);
}

void gittransport_reset(struct gittransport *t)
{
    gittransport_close(t);
    if (t->is_ssh) /* a new connection begins with a list of its own */
        buf_cut(&t->refs, 0);
}

void gittransport_close(struct gittransport *t)
{
    if (t->is_ssh && t->ssh)
        t->ssh->close(t);
}
