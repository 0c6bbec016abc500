/* Storage: paths and addresses, publication, verification, garbage, and names that try to get out. */
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "source-controller/storage.h"
#include "tests/unit/lib/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct storage_owner owner = { "GitRepository", "apps", "web" };
static const struct storage_owner other = { "GitRepository", "apps", "api" };

static struct storage open_storage(struct ctx *cx)
{
    struct storage s = { .root = unit_tmpdir(cx),
                         .root_fd = -1,
                         .host = "source.example.",
                         .algorithm = "sha256",
                         .retention = { (int64_t)60 * 1000000000, 2 } };
    assert_ok(cx, storage_open(cx, &s));
    return s;
}

static const char *stage(struct ctx *cx, const struct storage *s, const char *content)
{
    const char *dir;
    assert_ok(cx, storage_stage(cx, s, &owner, &dir));
    const char *path = str_fmt(cx->arena, "%s/archive.tar.gz", dir);
    assert_ok(cx, fs_write_atomic(cx, path, content, strlen(content), 0644));
    return path;
}

static struct artifact publish(struct ctx *cx, const struct storage *s, const char *file, const char *content)
{
    struct artifact a = { 0 };
    assert_ok(cx, storage_publish(cx, s, &owner, stage(cx, s, content), file, &a));
    return a;
}

static void a_published_file_has_path_url_digest_and_size(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    struct artifact a = publish(cx, &s, "abc.tar.gz", "hello");
    struct stat st;
    char link[64] = "";
    assert_string_equal(a.path, "gitrepository/apps/web/abc.tar.gz");
    assert_string_equal(a.url, "http://source.example./gitrepository/apps/web/abc.tar.gz");
    assert_string_equal(a.digest, "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_int_equal(a.size, 5);
    assert_int_equal(fstatat(s.root_fd, a.path, &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(readlinkat(s.root_fd, "gitrepository/apps/web/latest.tar.gz", link, sizeof(link) - 1),
                     10);
    assert_string_equal(link, "abc.tar.gz");
    assert_ok(cx, storage_verify(cx, &s, &owner, &a));
    storage_close(&s);
}

static void a_changed_or_missing_file_is_noticed(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    struct artifact a = publish(cx, &s, "abc.tar.gz", "hello");
    const char *path = str_fmt(cx->arena, "%s/%s", s.root, a.path);
    assert_ok(cx, fs_write_atomic(cx, path, "jello", 5, 0600));
    assert_int_equal(storage_verify(cx, &s, &owner, &a), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "computed digest doesn't match 'sha256:2cf24d");
    assert_ok(cx, storage_remove(cx, &s, &owner, a.path));
    assert_int_equal(storage_verify(cx, &s, &owner, &a), ERR_NOT_FOUND);
    err_clear(cx);
    assert_ok(cx, storage_remove(cx, &s, &owner, a.path));
    a.digest = NULL;
    publish(cx, &s, "abc.tar.gz", "hello");
    assert_int_equal(storage_verify(cx, &s, &owner, &a), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "artifact has no digest");
    storage_close(&s);
}

static void paths_of_others_are_not_found(void **state)
{
    static const char *const paths[] = {
        "",
        "/etc/passwd",
        "gitrepository/apps/api/abc.tar.gz",
        "gitrepository/apps/web/../api/abc.tar.gz",
        "gitrepository/apps/web/",
        "gitrepository/apps/web/.incoming-x",
        "gitrepository/apps/web/sub/abc.tar.gz",
        "gitrepository/apps/web2/abc.tar.gz",
        "GitRepository/apps/web/abc.tar.gz",
    };
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    struct artifact a = publish(cx, &s, "abc.tar.gz", "hello");
    assert_int_equal(storage_verify(cx, &s, &other, &a), ERR_NOT_FOUND);
    err_clear(cx);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        a.path = paths[i];
        assert_int_equal(storage_verify(cx, &s, &owner, &a), ERR_NOT_FOUND);
        err_clear(cx);
        assert_int_equal(storage_remove(cx, &s, &owner, paths[i]), ERR_NOT_FOUND);
        err_clear(cx);
    }
    storage_close(&s);
}

/* What a child that was taken over might leave instead of an archive. */
static void only_a_regular_file_is_published(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    struct artifact a = { 0 };
    const char *dir;
    assert_ok(cx, storage_stage(cx, &s, &owner, &dir));
    const char *link = str_fmt(cx->arena, "%s/link", dir);
    const char *fifo = str_fmt(cx->arena, "%s/fifo", dir);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_true(storage_publish(cx, &s, &owner, link, "x.tar.gz", &a) < 0);
    err_clear(cx);
    assert_int_equal(storage_publish(cx, &s, &owner, fifo, "x.tar.gz", &a), ERR_NOT_FOUND);
    err_clear(cx);
    assert_null(a.path);
    storage_close(&s);
}

static void a_symlinked_file_is_no_artifact(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    struct artifact a = publish(cx, &s, "abc.tar.gz", "hello");
    a.path = "gitrepository/apps/web/latest.tar.gz";
    assert_true(storage_verify(cx, &s, &owner, &a) < 0);
    err_clear(cx);
    storage_close(&s);
}

static size_t entries(struct ctx *cx, const struct storage *s)
{
    const char **names;
    size_t count;
    assert_ok(cx, fs_list(cx, str_fmt(cx->arena, "%s/gitrepository/apps/web", s->root), &names, &count));
    return count;
}

static void set_age(const struct storage *s, const char *path, int64_t seconds)
{
    const time_t then = time(NULL) - seconds;
    const struct timespec times[2] = { { .tv_sec = then }, { .tv_sec = then } };
    assert_int_equal(utimensat(s->root_fd, path, times, 0), 0);
}

static void garbage_goes_with_its_lock_and_the_link_stays(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    struct artifact old = publish(cx, &s, "old.tar.gz", "1");
    struct artifact now = publish(cx, &s, "now.tar.gz", "2");
    size_t count;
    set_age(&s, old.path, 61);
    set_age(&s, now.path, 1000);
    assert_ok(cx, fs_write_atomic(cx, str_fmt(cx->arena, "%s/%s.lock", s.root, old.path), "", 0, 0600));
    assert_ok(cx, storage_collect(cx, &s, &owner, now.path, &count));
    assert_int_equal(count, 1);
    assert_ok(cx, storage_verify(cx, &s, &owner, &now));
    assert_ok(cx, storage_collect(cx, &s, &owner, now.path, &count));
    assert_int_equal(count, 0);
    assert_false(fs_exists(str_fmt(cx->arena, "%s/%s.lock", s.root, old.path)));
    assert_true(fs_exists(str_fmt(cx->arena, "%s/gitrepository/apps/web/latest.tar.gz", s.root)));
    storage_close(&s);
}

static void what_a_killed_fetch_left_goes_with_the_next(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    publish(cx, &s, "abc.tar.gz", "hello");
    assert_int_equal(mkdirat(s.root_fd, "gitrepository/apps/web/.incoming-dead00", 0700), 0);
    const char *dir;
    struct arena_mark mark = arena_mark(cx->arena);
    assert_ok(cx, storage_stage(cx, &s, &owner, &dir));
    assert_false(fs_exists(str_fmt(cx->arena, "%s/gitrepository/apps/web/.incoming-dead00", s.root)));
    assert_true(fs_exists(dir));
    arena_release(cx->arena, mark);
    assert_int_equal(entries(cx, &s), 2);
    storage_close(&s);
}

static void deletion_removes_the_folder_of_one_owner(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    publish(cx, &s, "abc.tar.gz", "hello");
    bool found;
    assert_ok(cx, storage_remove_all(cx, &s, &other, &found));
    assert_false(found);
    assert_int_equal(entries(cx, &s), 3); /* archive, link, and the staging folder of this context */
    assert_ok(cx, storage_remove_all(cx, &s, &owner, &found));
    assert_true(found);
    assert_false(fs_exists(str_fmt(cx->arena, "%s/gitrepository/apps/web", s.root)));
    storage_close(&s);
}

static void the_root_must_exist(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct storage s = { .root = "/nonexistent/data", .root_fd = -1, .algorithm = "sha256" };
    assert_int_equal(storage_open(cx, &s), ERR_NOT_FOUND);
    assert_error(cx, ERR_NOT_FOUND, "invalid dir path: /nonexistent/data");
    s.root = unit_tmpdir(cx);
    s.algorithm = "md5";
    assert_int_equal(storage_open(cx, &s), ERR_UNSUPPORTED);
    assert_error(cx, ERR_UNSUPPORTED, "--artifact-digest-algo: ");
}

static void the_host_is_advertised_or_derived(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    assert_string_equal(storage_host(a, "source.flux-system.svc.", ":9090"), "source.flux-system.svc.");
    assert_string_equal(storage_host(a, "", ":9090"), "localhost:9090");
    assert_string_equal(storage_host(a, NULL, "127.0.0.1:81"), "127.0.0.1:81");
    setenv("HOSTNAME", "pod-1", 1);
    assert_string_equal(storage_host(a, "", "0.0.0.0:9090"), "pod-1:9090");
    const struct storage plain = { .host = "h:1" };
    const struct storage full = { .host = "https://h/x" };
    assert_string_equal(storage_url(a, &plain, "a/b"), "http://h:1/a/b");
    assert_string_equal(storage_url(a, &full, "/a/b"), "https://h/x/a/b");
}

static void a_name_of_anothers_is_refused(void **state)
{
    static const char *const names[] = { "../api/x.tar.gz", "a/b.tar.gz", ".hidden", "", ".." };
    struct ctx *cx = unit_cx(state);
    struct storage s = open_storage(cx);
    struct artifact a = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(storage_publish(cx, &s, &owner, stage(cx, &s, "x"), names[i], &a), ERR_DENIED);
        assert_error(cx, ERR_DENIED, "is no name for an artifact");
    }
    storage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_published_file_has_path_url_digest_and_size),
        UNIT_TEST(a_changed_or_missing_file_is_noticed),
        UNIT_TEST(paths_of_others_are_not_found),
        UNIT_TEST(only_a_regular_file_is_published),
        UNIT_TEST(a_name_of_anothers_is_refused),
        UNIT_TEST(a_symlinked_file_is_no_artifact),
        UNIT_TEST(garbage_goes_with_its_lock_and_the_link_stays),
        UNIT_TEST(what_a_killed_fetch_left_goes_with_the_next),
        UNIT_TEST(deletion_removes_the_folder_of_one_owner),
        UNIT_TEST(the_root_must_exist),
        UNIT_TEST(the_host_is_advertised_or_derived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
