/* The cache of unpacked artifacts: several threads, one download; failures shared, and not shared where they differ. */
#include "kustomize-controller/cache.h"
#include "libgotk/artifact/archive.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/net/http.h"
#include "tests/unit/lib/peer.h"
#include "tests/unit/lib/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define THREADS 8

/* A worker as the controller has it: own arena, own connections. */
struct worker {
    pthread_barrier_t *together; /* NULL: alone */
    pthread_t thread;
    struct tree_cache *cache;
    struct artifact artifact;
    struct cancel *cancel;
    int code;
    char message[300];
    char path[200];
    bool has_file;
};

static void *run(void *arg)
{
    struct worker *w = arg;
    struct arena *arena = arena_new((size_t)64 << 20);
    struct ctx cx = { .arena = arena, .http = http_open(), .cancel = w->cancel };
    const char *path = "";
    if (w->together)
        pthread_barrier_wait(w->together);
    w->code = tree_cache_acquire(&cx, w->cache, &w->artifact, &path);
    snprintf(w->message, sizeof(w->message), "%s", w->code < 0 ? err_message(&cx) : "");
    snprintf(w->path, sizeof(w->path), "%s", path);
    w->has_file = w->code == 0 && fs_is_dir(str_fmt(arena, "%s/folder", path));
    http_close(cx.http);
    arena_free(arena);
    return NULL;
}

static void pause_ms(struct ctx *cx, int64_t ms)
{
    assert_ok(cx, ctx_sleep(cx, ms));
}

static void start_all(struct worker *workers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
}

static void join_all(struct worker *workers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pthread_join(workers[i].thread, NULL);
}

/* All of them; none asks the cache before each is ready to. */
static void run_together(struct worker *workers, size_t n)
{
    pthread_barrier_t together;
    pthread_barrier_init(&together, NULL, (unsigned)n);
    for (size_t i = 0; i < n; i++)
        workers[i].together = &together;
    start_all(workers, n);
    join_all(workers, n);
    pthread_barrier_destroy(&together);
}

/* A folder that nginx serves, an archive in it, its digest, and a cache. */
struct site {
    const char *dir;
    int port;
    struct artifact artifact;
    struct tree_cache *cache;
};

static void close_cache(void *cache)
{
    tree_cache_close(cache);
}

/* A cache in a folder of its own; *ret_dir (may be NULL) is the folder around it. */
static struct tree_cache *open_cache(struct ctx *cx, const char **ret_dir)
{
    const char *before = getenv("TMPDIR"), *dir = unit_tmpdir(cx);
    struct tree_cache *cache;
    before = before ? str_dup(cx->arena, before) : NULL;
    setenv("TMPDIR", dir, 1);
    assert_ok(cx, tree_cache_open(cx, 0, &cache));
    arena_defer(cx->arena, close_cache, cache);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    if (ret_dir)
        *ret_dir = dir;
    return cache;
}

static struct site open_site(struct ctx *cx)
{
    struct site s = { .dir = unit_tmpdir(cx) };
    const char *content = str_fmt(cx->arena, "%s/content", s.dir);
    const char *archive = str_fmt(cx->arena, "%s/a.tar.gz", s.dir);
    assert_ok(cx, fs_mkdirs(cx, str_fmt(cx->arena, "%s/folder", content), 0755));
    peer_spill(cx, content, "folder/a.yaml", "a: b\n", 5);
    struct artifact_packed packed;
    assert_ok(cx, artifact_archive(cx, content, NULL, NULL, archive, "sha256", &packed));
    assert_int_equal(chmod(archive, 0644) + chmod(s.dir, 0755), 0); /* nginx may serve as another user */
    peer_nginx(
        cx, s.dir,
        str_fmt(cx->arena, "server { listen 127.0.0.1:@PORT0@; access_log %s/hits; root %s; }", s.dir, s.dir),
        &s.port, 1);
    s.artifact.url = str_fmt(cx->arena, "http://127.0.0.1:%d/a.tar.gz", s.port);
    s.artifact.digest = packed.digest;
    s.cache = open_cache(cx, NULL);
    return s;
}

static void many_threads_one_download(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct site s = open_site(cx);
    struct worker workers[THREADS] = { 0 };
    for (size_t i = 0; i < THREADS; i++)
        workers[i] = (struct worker){ .cache = s.cache, .artifact = s.artifact };
    run_together(workers, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        assert_string_equal(workers[i].message, "");
        assert_true(workers[i].has_file);
        assert_string_equal(workers[i].path, workers[0].path);
    }
    size_t lines;
    str_split(cx->arena, peer_slurp(cx, s.dir, "hits"), '\n', &lines);
    assert_int_equal(lines, 2); /* one request, and what follows its newline */
}

static const struct peer_reply slow_404[] = {
    { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 300, false, false, false },
};

static void waiters_get_the_makers_failure(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, slow_404, 1);
    const struct artifact artifact = { .url = peer_url(cx, peer, "/x.tar.gz"), .digest = "sha256:00" };
    struct worker workers[THREADS] = { 0 };
    struct tree_cache *cache = open_cache(cx, NULL);
    for (size_t i = 0; i < THREADS; i++)
        workers[i] = (struct worker){ .cache = cache, .artifact = artifact };
    run_together(workers, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].code, ERR_NOT_FOUND);
        assert_string_equal(workers[i].message, "file not found");
    }
    size_t asked = peer_requests(peer);
    assert_int_equal(asked, 1);
    workers[0].together = NULL;
    start_all(workers, 1); /* a failure is not remembered */
    join_all(workers, 1);
    assert_int_equal(peer_requests(peer), asked + 1);
}

static void another_url_is_tried_by_itself(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct site s = open_site(cx);
    struct peer *peer = peer_start(cx, slow_404, 1);
    struct worker workers[2] = { { .cache = s.cache, .artifact = s.artifact },
                                 { .cache = s.cache, .artifact = s.artifact } };
    workers[0].artifact.url = peer_url(cx, peer, "/gone.tar.gz");
    start_all(workers, 1);
    while (peer_requests(peer) == 0)
        pause_ms(cx, 5);
    start_all(workers + 1, 1);
    join_all(workers, 2);
    assert_int_equal(workers[0].code, ERR_NOT_FOUND);
    assert_string_equal(workers[1].message, "");
    assert_true(workers[1].has_file);
}

static void a_cancelled_maker_takes_nobody_along(void **state)
{
    static const struct peer_reply hang_then_404[] = {
        { NULL, 0, false, false, true },
        { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, false, false, false },
    };
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, hang_then_404, 2);
    const struct artifact artifact = { .url = peer_url(cx, peer, "/x.tar.gz"), .digest = "sha256:00" };
    struct tree_cache *cache = open_cache(cx, NULL);
    struct cancel cancel;
    cancel_open(&cancel);
    struct worker workers[2] = { { .cache = cache, .artifact = artifact, .cancel = &cancel },
                                 { .cache = cache, .artifact = artifact } };
    start_all(workers, 1);
    while (peer_requests(peer) == 0)
        pause_ms(cx, 5);
    start_all(workers + 1, 1);
    pause_ms(cx, 50);
    cancel_fire(&cancel);
    join_all(workers, 2);
    cancel_close(&cancel);
    assert_int_equal(workers[0].code, ERR_CANCELED);
    assert_string_equal(workers[1].message, "file not found");
}

static void a_wrong_archive_leaves_nothing_behind(void **state)
{
    static const struct peer_reply text[] = {
        { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext", 0, false, false, false },
    };
    struct ctx *cx = unit_cx(state);
    struct peer *peer = peer_start(cx, text, 1);
    const char *dir;
    struct worker w = { .cache = open_cache(cx, &dir),
                        .artifact = { .url = peer_url(cx, peer, "/x.tar.gz") } };
    w.artifact.digest = str_fmt(cx->arena, "sha256:%s", hash_sha256_hex(cx->arena, "text", 4));
    run(&w);
    assert_int_equal(w.code, ERR_INVALID);
    assert_non_null(strstr(w.message, "failed to extract archive"));
    const char **names, **left;
    size_t n, left_count;
    assert_ok(cx, fs_list(cx, dir, &names, &n));
    assert_int_equal(n, 1); /* the cache's own folder */
    assert_ok(cx, fs_list(cx, str_fmt(cx->arena, "%s/%s", dir, names[0]), &left, &left_count));
    assert_int_equal(left_count, 0);
}

int main(void)
{
    static const struct job *const jobs[] = { &unpack_job };
    const struct CMUnitTest tests[] = {
        UNIT_TEST(many_threads_one_download),
        UNIT_TEST(waiters_get_the_makers_failure),
        UNIT_TEST(another_url_is_tried_by_itself),
        UNIT_TEST(a_cancelled_maker_takes_nobody_along),
        UNIT_TEST(a_wrong_archive_leaves_nothing_behind),
    };
    struct ctx cx = { .arena = arena_new((size_t)1 << 20) };
    enum job_sandbox sandbox = getenv("UNIT_SANDBOX") ? JOB_SANDBOX_OFF : JOB_SANDBOX_ON; /* under valgrind */
    if (job_init(&cx, jobs, ARRAY_LEN(jobs), sandbox) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    job_exit();
    arena_free(cx.arena);
    return failed;
}
