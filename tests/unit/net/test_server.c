/* HTTP server, asked by our own client and, for rude requests, over a plain socket. */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/net/http.h"
#include "libgotk/net/server.h"
#include "tests/unit/lib/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

static const char *root; /* the folder /files serves */

static void serve_file(struct ctx *cx, void *user, const struct server_request *req,
                       struct server_reply *reply)
{
    (void)user;
    int dir, fd;
    if (fs_open_dir(cx, root, &dir) < 0)
        return;
    if (fs_open_beneath(cx, dir, req->path + strlen("/files/"), O_RDONLY, 0, &fd) == 0) {
        reply->fd = fd;
        reply->etag = "\"v1\"";
        reply->content_type = "application/gzip";
    } else {
        server_text(cx, reply, 404, "404 page not found\n");
    }
    close(dir);
}

static void serve_echo(struct ctx *cx, void *user, const struct server_request *req,
                       struct server_reply *reply)
{
    server_text(cx, reply, 200, "%s|%s|%s|%s|%s|%s|%.*s", (const char *)user, req->method, req->path,
                req->query, req->remote, str_or(server_header(req, "x-test"), "-"), (int)req->body_len,
                (const char *)req->body);
    static const char *const headers[] = { "X-One: 1", "Cache-Control: no-store", NULL };
    reply->headers = headers;
}

static void serve_slowly(struct ctx *cx, void *user, const struct server_request *req,
                         struct server_reply *reply)
{
    (void)req;
    int *woken = user;
    int rc = ctx_sleep(cx, 300);
    if (woken && rc < 0)
        *woken = rc;
    server_text(cx, reply, 200, "slow");
}

static char echo[] = "echo", deeper[] = "deeper";
static const struct server_route routes[] = {
    { .prefix = "/files", .methods = "GET HEAD", .handler = serve_file },
    { .prefix = "/echo", .handler = serve_echo, .user = echo },
    { .prefix = "/echo/deeper/", .handler = serve_echo, .user = deeper },
    { .prefix = "/slow", .handler = serve_slowly },
};

static struct server *server;

static int setup(void **state)
{
    unit_setup(state);
    struct ctx *cx = unit_cx(state);
    struct server_options options = { .addr = "127.0.0.1:0",
                                      .routes = routes,
                                      .route_count = ARRAY_LEN(routes),
                                      .max_body = 1000,
                                      .idle_timeout_s = 5 };
    cx->http = http_open();
    root = unit_tmpdir(cx);
    assert_ok(cx, fs_write_atomic(cx, str_fmt(cx->arena, "%s/a.tgz", root), "0123456789", 10, 0644));
    assert_ok(cx, fs_mkdirs(cx, str_fmt(cx->arena, "%s/dir", root), 0755));
    assert_ok(cx, server_start_with(cx, &options, &server));
    return 0;
}

static int teardown(void **state)
{
    server_stop(server, 1000);
    http_close(unit_cx(state)->http);
    return unit_teardown(state);
}

#define SERVER_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static struct http_response ask(struct ctx *cx, const char *method, const char *path, const char *header)
{
    const char *const headers[] = { header, NULL };
    struct http_request req = { .method = method, .headers = headers, .timeout_ms = 10000 };
    struct http_response r = { 0 };
    req.url = str_fmt(cx->arena, "http://127.0.0.1:%d%s", server_port(server), path);
    assert_ok(cx, http_do(cx, &req, &r));
    return r;
}

static void answers_with_files(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct http_response r = ask(cx, "GET", "/files/a.tgz", NULL);
    assert_int_equal(r.status, 200);
    assert_string_equal(buf_text(&r.body), "0123456789");
    assert_string_equal(r.etag, "\"v1\"");
    assert_string_equal(r.content_type, "application/gzip");
    assert_string_equal(http_header(&r, "accept-ranges"), "bytes");
    const char *modified = http_header(&r, "last-modified");
    assert_true(str_ends(modified, " GMT"));
    r = ask(cx, "HEAD", "/files/a.tgz", NULL);
    assert_int_equal(r.status, 200);
    assert_string_equal(http_header(&r, "content-length"), "10");
    assert_int_equal(r.body.len, 0);
    r = ask(cx, "GET", "/files/a.tgz", "If-None-Match: \"v1\"");
    assert_int_equal(r.status, 304);
    assert_int_equal(r.body.len, 0);
    r = ask(cx, "GET", "/files/a.tgz", str_fmt(cx->arena, "If-Modified-Since: %s", modified));
    assert_int_equal(r.status, 304);
}

static void answers_with_ranges(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct http_response r = ask(cx, "GET", "/files/a.tgz", "Range: bytes=2-4");
    assert_int_equal(r.status, 206);
    assert_string_equal(buf_text(&r.body), "234");
    assert_string_equal(http_header(&r, "content-range"), "bytes 2-4/10");
    r = ask(cx, "GET", "/files/a.tgz", "Range: bytes=-3");
    assert_string_equal(buf_text(&r.body), "789");
    r = ask(cx, "GET", "/files/a.tgz", "Range: bytes=10-");
    assert_int_equal(r.status, 416);
    assert_string_equal(http_header(&r, "content-range"), "bytes */10");
    r = ask(cx, "HEAD", "/files/a.tgz", "Range: bytes=2-4");
    assert_int_equal(r.status, 206);
    assert_string_equal(http_header(&r, "content-length"), "3");
}

static void lists_nothing_and_refuses_escapes(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char *const paths[] = { "/files/dir",
                                         "/files/dir/",
                                         "/files/none",
                                         "/files/../../etc/passwd",
                                         "/files/%2e%2e/%2e%2e/etc/passwd",
                                         "/filesystem",
                                         "/",
                                         "/other" };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct http_response r = ask(cx, "GET", paths[i], NULL);
        if (r.status != 404)
            fail_msg("%s gave %d", paths[i], r.status);
        assert_null(strstr(buf_text(&r.body), "root"));
    }
    assert_int_equal(ask(cx, "GET", "/files/%00", NULL).status, 400);
    assert_int_equal(ask(cx, "GET", "/files/%zz", NULL).status, 400);
    struct http_response r = ask(cx, "DELETE", "/files/a.tgz", NULL);
    assert_int_equal(r.status, 405);
    assert_string_equal(http_header(&r, "allow"), "GET, HEAD");
}

static void hands_requests_over(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct http_response r = ask(cx, "GET", "/echo/a%20b?x=1&y=%20", "X-Test: yes");
    assert_string_equal(buf_text(&r.body), "echo|GET|/echo/a b|x=1&y=%20|127.0.0.1|yes|");
    assert_string_equal(http_header(&r, "x-one"), "1");
    assert_string_equal(r.content_type, "text/plain; charset=utf-8");
    r = ask(cx, "GET", "/echo/deeper/x", NULL);
    assert_true(str_starts(buf_text(&r.body), "deeper|"));
    r = ask(cx, "GET", "/echo/deeper", NULL);
    assert_true(str_starts(buf_text(&r.body), "echo|"));
    assert_int_equal(ask(cx, "HEAD", "/echo", NULL).body.len, 0);
}

static void bounds_request_bodies(void **state)
{
    struct ctx *cx = unit_cx(state);
    char body[1001];
    memset(body, 'b', sizeof(body));
    struct http_request req = { .method = "POST",
                                .body = body,
                                .body_len = 1000,
                                .timeout_ms = 5000,
                                .url = str_fmt(cx->arena, "http://127.0.0.1:%d/echo", server_port(server)) };
    struct http_response r;
    assert_ok(cx, http_do(cx, &req, &r));
    assert_int_equal(r.status, 200);
    assert_true(str_ends(buf_text(&r.body), "bbbb"));
    req.body_len = 1001;
    assert_ok(cx, http_do(cx, &req, &r));
    assert_int_equal(r.status, 413);
    const char *const chunked[] = { "Transfer-Encoding: chunked", NULL };
    req.headers = chunked;
    assert_ok(cx, http_do(cx, &req, &r));
    assert_int_equal(r.status, 413);
}

/* Sends raw bytes and returns what comes back until the server closes or a second passes. */
static const char *talk(struct ctx *cx, const char *text)
{
    struct sockaddr_in addr = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)server_port(server)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval second = { .tv_sec = 1 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
    struct buf out = buf_new(cx->arena, 1 << 20);
    for (ssize_t n; (n = recv(fd, buf_room(&out, 4096), 4096, 0)) > 0;)
        buf_grown(&out, (size_t)n);
    close(fd);
    return buf_text(&out);
}

static void survives_rude_requests(void **state)
{
    struct ctx *cx = unit_cx(state);
    talk(cx, "\r\n\r\n\r\n");
    talk(cx, "nonsense\r\n\r\n");
    talk(cx, " /files/a.tgz HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(str_starts(talk(cx, "GET http://evil/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                           "HTTP/1.1 400"));
    assert_true(
        str_starts(talk(cx, "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "HTTP/1.1 400"));
    talk(cx, "GET /echo HTTP/1.1\r\nX-Half: ");
    talk(cx, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\nabc");
    talk(cx, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
    char *huge = arena_alloc(cx->arena, 200001);
    memset(huge, 'h', 200000);
    talk(cx, str_fmt(cx->arena, "GET /%s HTTP/1.1\r\nHost: h\r\n\r\n", huge));
    const char *two = talk(cx, "GET /echo HTTP/1.1\r\nHost: h\r\n\r\nGET /files/a.tgz HTTP/1.1\r\nHost: h\r\n"
                               "Connection: close\r\n\r\n");
    assert_non_null(strstr(two, "echo|GET|/echo|"));
    assert_non_null(strstr(two, "0123456789"));
    assert_int_equal(ask(cx, "GET", "/files/a.tgz", NULL).status, 200);
}

static void *ask_slow(void *arg)
{
    struct ctx cx = { .arena = arena_new(1 << 20) };
    struct http_request req = { .url = arg, .timeout_ms = 5000 };
    struct http_response r;
    intptr_t status = http_do(&cx, &req, &r) < 0 ? cx.err.code : r.status;
    arena_free(cx.arena);
    return (void *)status;
}

static void stops_gracefully_within_its_time(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const int64_t graces[] = { 2000, 50 };
    for (size_t i = 0; i < ARRAY_LEN(graces); i++) {
        struct server *s;
        int woken = 0;
        pthread_t t;
        void *status;
        assert_ok(cx, server_start(cx, "127.0.0.1:0", serve_slowly, &woken, &s));
        char *url = str_fmt(cx->arena, "http://127.0.0.1:%d/", server_port(s));
        assert_int_equal(pthread_create(&t, NULL, ask_slow, url), 0);
        assert_ok(cx, ctx_sleep(cx, 100));
        int64_t start = ctx_now_ms();
        server_stop(s, graces[i]);
        pthread_join(t, &status);
        assert_in_range(ctx_now_ms() - start, 0, unit_slow(1000));
        if (i == 0) { /* the answer was finished */
            assert_int_equal((intptr_t)status, 200);
            assert_int_equal(woken, 0);
        } else { /* the handler was told to stop */
            assert_int_equal(woken, ERR_CANCELED);
        }
        struct http_request req = { .url = url };
        struct http_response r;
        assert_int_equal(http_do(cx, &req, &r), ERR_UNAVAILABLE);
        err_clear(cx);
    }
}

static void listens_where_it_is_told_to(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct server *s, *second;
    struct http_response r;
    static const char *const good[] = { ":0", "[::1]:0", "localhost:0", "127.0.0.1:0" };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (server_start(cx, good[i], serve_slowly, NULL, &s) < 0) { /* a machine without IPv6 */
            assert_non_null(strstr(good[i], "::"));
            err_clear(cx);
            continue;
        }
        const char *host = *good[i] == '[' ? "[::1]" : "127.0.0.1";
        struct http_request req = { .url = str_fmt(cx->arena, "http://%s:%d/", host, server_port(s)) };
        assert_ok(cx, http_do(cx, &req, &r));
        const char *taken =
            str_fmt(cx->arena, "%.*s:%d", (int)(strrchr(good[i], ':') - good[i]), good[i], server_port(s));
        assert_true(server_start(cx, taken, serve_slowly, NULL, &second) < 0);
        assert_error(cx, ERR_IO, "Address already in use");
        server_stop(s, 1000);
    }
    static const char *const bad[] = { "", "9090", ":x", ":99999", "host.name:80", "[::1:80" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(server_start(cx, bad[i], serve_slowly, NULL, &s), ERR_INVALID);
        assert_error(cx, ERR_INVALID, "cannot listen on");
    }
}

static void *ask_often(void *arg)
{
    struct ctx cx = { .arena = arena_new((size_t)64 << 20), .http = http_open() };
    struct http_request req = { .url = arg, .timeout_ms = 5000 };
    struct http_response r;
    intptr_t failures = 0;
    for (int i = 0; i < 100; i++) {
        failures += http_do(&cx, &req, &r) < 0 || r.status != 200;
        err_clear(&cx);
        arena_reset(cx.arena);
    }
    http_close(cx.http);
    arena_free(cx.arena);
    return (void *)failures;
}

static void serves_many_at_once(void **state)
{
    struct ctx *cx = unit_cx(state);
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        char *url =
            str_fmt(cx->arena, "http://127.0.0.1:%d/%s", server_port(server), i % 2 ? "echo" : "files/a.tgz");
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, url), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(answers_with_files),
        SERVER_TEST(answers_with_ranges),
        SERVER_TEST(lists_nothing_and_refuses_escapes),
        SERVER_TEST(hands_requests_over),
        SERVER_TEST(bounds_request_bodies),
        SERVER_TEST(survives_rude_requests),
        SERVER_TEST(stops_gracefully_within_its_time),
        SERVER_TEST(listens_where_it_is_told_to),
        SERVER_TEST(serves_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
