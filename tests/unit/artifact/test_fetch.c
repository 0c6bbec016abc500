/* Downloads: digests, statuses and their texts, retries, the host replaced by the environment. */
#include "tests/unit/lib/peer.h"
#include "tests/unit/lib/unit.h"

#include "libgotk/artifact/fetch.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BODY "the archive's bytes"
/* clang-format off */
#define OK_REPLY { "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n" BODY, 0, false, false, false }
/* clang-format on */

static const char *new_path(struct ctx *cx)
{
    return str_fmt(cx->arena, "%s/x.tar.gz", unit_tmpdir(cx));
}

static const char *digest_of_body(struct ctx *cx, const char *algorithm)
{
    struct hash *h;
    assert_ok(cx, hash_new(cx, algorithm, &h));
    hash_update(h, BODY, strlen(BODY));
    return str_fmt(cx->arena, "%s:%s", algorithm, hash_hex(h, cx->arena));
}

static void stores_what_has_the_digest(void **state)
{
    static const struct peer_reply rows[] = { OK_REPLY };
    static const char *const algorithms[] = { "sha256", "sha384", "sha512", "blake3" };
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, rows, 1);
    for (size_t i = 0; i <= ARRAY_LEN(algorithms); i++) {
        const char *path = new_path(cx);
        struct artifact_fetch fetch = { .url = peer_url(cx, peer, "/gitrepository/ns/n/x.tar.gz") };
        struct buf text;
        fetch.digest = i < ARRAY_LEN(algorithms) ? digest_of_body(cx, algorithms[i])
                                                 : strchr(digest_of_body(cx, "sha256"), ':') + 1;
        assert_ok(cx, artifact_download(cx, &fetch, path));
        assert_ok(cx, fs_read_file(cx, path, 100, &text));
        assert_string_equal(buf_text(&text), BODY);
    }
    assert_true(str_starts(peer_request(peer, 0), "GET /gitrepository/ns/n/x.tar.gz HTTP/1.1\r\n"));
}

static const struct {
    struct peer_reply reply;
    const char *digest; /* NULL: that of BODY */
    int code;
    const char *error; /* "URL" stands for the URL */
} failures[] = {
    { { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, false, false, false },
      NULL,
      ERR_NOT_FOUND,
      "file not found" },
    { { "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0, false, false, false },
      NULL,
      ERR_DENIED,
      "failed to download archive from URL (status: 403 Forbidden)" },
    { { "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n", 0, false, false, false },
      NULL,
      ERR_UNSUPPORTED,
      "failed to download archive from URL (status: 501 Not Implemented)" },
    { OK_REPLY, "sha256:00", ERR_INVALID,
      "failed to verify archive: computed digest doesn't match provided 'sha256:00' (check whether file size "
      "exceeds max download size)" },
    { OK_REPLY, "", ERR_INVALID, "failed to verify archive: empty digest" },
    { OK_REPLY, "md5:00", ERR_UNSUPPORTED, "failed to verify archive: digest algorithm 'md5'" },
    { { NULL, 0, false, true, false },
      NULL,
      ERR_UNAVAILABLE,
      "failed to download archive: GET URL giving up after 1 attempt(s): " },
    { { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", 0, true, false, false },
      NULL,
      ERR_UNAVAILABLE,
      "failed to copy temp contents: " },
};

static void failures_say_why_and_leave_no_file(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct peer *peer = peer_start(cx, &failures[i].reply, 1);
        const char *path = new_path(cx), *url = peer_url(cx, peer, "/x.tar.gz");
        struct artifact_fetch fetch = { .url = url };
        fetch.digest = failures[i].digest ? failures[i].digest : digest_of_body(cx, "sha256");
        assert_int_equal(artifact_download(cx, &fetch, path), failures[i].code);
        assert_error(cx, failures[i].code, str_replace(cx->arena, failures[i].error, "URL", url));
        assert_false(fs_exists(path));
    }
}

static void credentials_stay_out_of_messages(void **state)
{
    static const struct peer_reply rows[] = { { "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0,
                                                false, false, false } };
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, rows, 1);
    const char *url = str_replace(cx->arena, peer_url(cx, peer, "/x"), "http://", "http://ann:s3cret@");
    struct artifact_fetch fetch = { .url = url, .digest = "sha256:00" };
    assert_true(artifact_download(cx, &fetch, new_path(cx)) < 0);
    assert_null(strstr(err_message(cx), "s3cret"));
    assert_error(cx, ERR_DENIED, "403 Forbidden");
}

static void tries_again_when_asked_to(void **state)
{
    static const struct peer_reply rows[] = {
        { "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy", 0, false,
          false, false },
        OK_REPLY,
    };
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, rows, 2);
    struct artifact_fetch fetch = { .url = peer_url(cx, peer, "/x"), .retries = 2 };
    fetch.digest = digest_of_body(cx, "sha256");
    assert_ok(cx, artifact_download(cx, &fetch, new_path(cx)));
    assert_int_equal(peer_requests(peer), 2);
}

static void gives_up_after_its_tries(void **state)
{
    static const struct peer_reply rows[] = {
        { "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", 0, false, false,
          false },
    };
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, rows, 1);
    struct artifact_fetch fetch = { .url = peer_url(cx, peer, "/x"), .digest = "sha256:00", .retries = 1 };
    assert_true(artifact_download(cx, &fetch, new_path(cx)) < 0);
    assert_int_equal(peer_requests(peer), 2);
    assert_error(
        cx, ERR_UNAVAILABLE,
        str_fmt(
            cx->arena,
            "failed to download archive: GET %s giving up after 2 attempt(s): unexpected HTTP status 503 Service Unavailable",
            fetch.url));
}

/* A port that answers nothing, as a pod's does that has just gone: its queue of connections is full. */
static const char *silent_url(struct ctx *cx)
{
    struct sockaddr_in where = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(where);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(door, (struct sockaddr *)&where, length), 0);
    assert_int_equal(listen(door, 0), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)&where, &length), 0);
    for (int i = 0; i < 2; i++) {
        int guest = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_true(connect(guest, (struct sockaddr *)&where, length) == 0 || errno == EINPROGRESS);
    }
    return str_fmt(cx->arena, "http://127.0.0.1:%d/x", ntohs(where.sin_port));
}

static void a_server_that_is_gone_is_not_waited_for(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct artifact_fetch fetch = { .url = silent_url(cx), .digest = "sha256:00" };
    int64_t began_ms = ctx_now_ms();
    assert_true(artifact_download(cx, &fetch, new_path(cx)) < 0);
    assert_true(ctx_now_ms() - began_ms < unit_slow(10000));
    assert_error(cx, ERR_TIMEOUT, "failed to download archive: GET");
}

static const struct {
    const char *variable, *url;
    bool replaced;
} hosts[] = {
    { "SOURCE_CONTROLLER_LOCALHOST", "http://source-controller.flux-system.svc.cluster.local./a/b?c", true },
    { "SOURCE_WATCHER_LOCALHOST", "http://source-watcher.flux-system.svc./a/b?c", true },
    { "SOURCE_CONTROLLER_LOCALHOST", "http://source-watcher.invalid/a/b?c", false },
};

static void the_environment_names_another_host(void **state)
{
    static const struct peer_reply rows[] = { OK_REPLY };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct peer *peer = peer_start(cx, rows, 1);
        struct artifact_fetch fetch = { .url = hosts[i].url, .digest = digest_of_body(cx, "sha256") };
        setenv(hosts[i].variable, str_fmt(cx->arena, "127.0.0.1:%d", peer_port(peer)), 1);
        int rc = artifact_download(cx, &fetch, new_path(cx));
        unsetenv(hosts[i].variable);
        assert_int_equal(rc == 0, hosts[i].replaced);
        assert_int_equal(peer_requests(peer), hosts[i].replaced);
        if (hosts[i].replaced)
            assert_true(str_starts(peer_request(peer, 0), "GET /a/b?c HTTP/1.1\r\n"));
        err_clear(cx);
    }
}

static void an_existing_file_is_not_overwritten(void **state)
{
    static const struct peer_reply rows[] = { OK_REPLY };
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, rows, 1);
    const char *path = new_path(cx);
    struct artifact_fetch fetch = { .url = peer_url(cx, peer, "/x"), .digest = digest_of_body(cx, "sha256") };
    assert_ok(cx, fs_write_atomic(cx, path, "mine", 4, 0600));
    assert_true(artifact_download(cx, &fetch, path) < 0);
    assert_error(cx, ERR_EXISTS, "x.tar.gz");
    assert_true(fs_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(stores_what_has_the_digest),         UNIT_TEST(failures_say_why_and_leave_no_file),
        UNIT_TEST(credentials_stay_out_of_messages),   UNIT_TEST(tries_again_when_asked_to),
        UNIT_TEST(gives_up_after_its_tries),           UNIT_TEST(a_server_that_is_gone_is_not_waited_for),
        UNIT_TEST(the_environment_names_another_host), UNIT_TEST(an_existing_file_is_not_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
