/* Archives: the tar stream is what Go's archive/tar writes for the same tree, and GNU tar reads it. */
#include "tests/unit/lib/unit.h"

#include "libgotk/artifact/archive.h"
#include "libgotk/artifact/sourceignore.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

/* Of the tree that make_tree makes, as source-controller's archiving code writes it with Go 1.26. */
#define GO_TAR_SIZE   96256
#define GO_TAR_SHA256 "4e9febcb3826c2fe550b5e0ca7242ab26434888cd511fe84ccaf5979eaa7dc66"

static const char *at(struct ctx *cx, const char *dir, const char *name)
{
    return str_fmt(cx->arena, "%s/%s", dir, name);
}

static void put(struct ctx *cx, const char *dir, const char *name, size_t n, mode_t mode)
{
    char *data = arena_alloc(cx->arena, n + 1), *parent = str_dup(cx->arena, at(cx, dir, name));
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 7 % 251);
    *strrchr(parent, '/') = '\0';
    assert_ok(cx, fs_mkdirs(cx, parent, 0755));
    assert_ok(cx, fs_write_atomic(cx, at(cx, dir, name), data, n, mode));
}

static const char *times(struct ctx *cx, const char *text, size_t n)
{
    struct buf b = buf_new(cx->arena, 4096);
    for (size_t i = 0; i < n; i++)
        buf_str(&b, text);
    return buf_text(&b);
}

/* Sizes around a block, modes of every kind, and names that need each of USTAR's and PAX's ways. */
static const char *make_tree(struct ctx *cx)
{
    struct arena *a = cx->arena;
    const char *dir = at(cx, unit_tmpdir(cx), "tree");
    const char *p120 = times(cx, "p", 120), *y60 = times(cx, "y", 60), *z60 = times(cx, "z", 60);
    put(cx, dir, "a.yaml", 0, 0644);
    put(cx, dir, "a/b.yaml", 511, 0600);
    put(cx, dir, "a/c", 512, 0755);
    put(cx, dir, "a/d", 513, 0610);
    put(cx, dir, "a-b/e", 70000, 0444);
    put(cx, dir, times(cx, "l", 100), 1, 0644);
    put(cx, dir, times(cx, "m", 101), 1, 0644);
    put(cx, dir, str_fmt(a, "%s/%s", p120, times(cx, "q", 90)), 1, 0644);
    put(cx, dir, str_fmt(a, "%s/%s", p120, times(cx, "q", 100)), 1, 0644);
    put(cx, dir, str_fmt(a, "%s/%s/s", p120, times(cx, "r", 120)), 1, 0644);
    put(cx, dir, "\xC3\xBC/\xC3\xA9", 3, 0644);
    put(cx, dir, times(cx, "\xC3\xA9", 80), 3, 0644);
    put(cx, dir, str_fmt(a, "x/%s/%s/%s", y60, z60, times(cx, "w", 60)), 1, 0644);
    assert_int_equal(mkdir(at(cx, dir, "empty"), 0700), 0);
    assert_int_equal(symlink("a.yaml", at(cx, dir, "link")), 0);
    return dir;
}

static struct buf unzip(struct ctx *cx, const char *path)
{
    struct buf b = buf_new(cx->arena, 1 << 24);
    gzFile f = gzopen(path, "rb");
    assert_non_null(f);
    for (int n = 1; n > 0; buf_grown(&b, (size_t)n)) {
        n = gzread(f, buf_room(&b, 65536), 65536);
        assert_true(n >= 0);
    }
    assert_int_equal(gzclose(f), Z_OK);
    return b;
}

static void the_tar_stream_is_gos(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = make_tree(cx), *target = at(cx, unit_tmpdir(cx), "x.tar.gz");
    struct artifact_packed packed;
    assert_ok(cx, artifact_archive(cx, dir, NULL, NULL, target, "sha256", &packed));
    struct buf tar = unzip(cx, target);
    assert_int_equal(tar.len, GO_TAR_SIZE);
    assert_string_equal(hash_sha256_hex(cx->arena, tar.data, tar.len), GO_TAR_SHA256);
}

static void size_and_digest_are_those_of_the_file(void **state)
{
    static const char *const algorithms[] = { "sha256", "sha384", "sha512", "sha1", "blake3" };
    struct ctx *cx = unit_cx(state);
    const char *dir = make_tree(cx), *target = at(cx, unit_tmpdir(cx), "x.tar.gz");
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        struct artifact_packed packed;
        struct hash *h;
        struct buf file;
        struct stat st;
        assert_ok(cx, artifact_archive(cx, dir, NULL, NULL, target, algorithms[i], &packed));
        assert_ok(cx, fs_read_file(cx, target, 1 << 24, &file));
        assert_int_equal(packed.size, file.len);
        assert_ok(cx, hash_new(cx, algorithms[i], &h));
        hash_update(h, file.data, file.len);
        assert_string_equal(packed.digest,
                            str_fmt(cx->arena, "%s:%s", algorithms[i], hash_hex(h, cx->arena)));
        assert_int_equal(stat(target, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
}

static void equal_trees_give_equal_bytes(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *first = make_tree(cx), *second = make_tree(cx), *out = unit_tmpdir(cx);
    struct artifact_packed a, b;
    put(cx, first, "zz/later", 5, 0644); /* other inodes and times, another order of creation */
    put(cx, second, "zz/later", 5, 0640);
    assert_int_equal(utimensat(-100, at(cx, first, "a/c"), (struct timespec[2]){ { 1, 1 }, { 2, 2 } }, 0), 0);
    assert_ok(cx, artifact_archive(cx, first, NULL, NULL, at(cx, out, "1"), "sha256", &a));
    assert_ok(cx, artifact_archive(cx, second, NULL, NULL, at(cx, out, "2"), "sha256", &b));
    assert_string_equal(a.digest, b.digest);
    struct buf file;
    assert_ok(cx, fs_read_file(cx, at(cx, out, "1"), 1 << 24, &file));
    assert_memory_equal(file.data, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
}

/* Runs a program and returns its output. */
static const char *output_of(struct ctx *cx, char *const *argv)
{
    int ends[2], status;
    struct buf b = buf_new(cx->arena, 1 << 20);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        setenv("LC_ALL", "C.UTF-8", 1);
        setenv("TZ", "UTC", 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], buf_room(&b, 4096), 4096)) > 0;)
        buf_grown(&b, (size_t)n);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return buf_text(&b);
}

static void gnu_tar_reads_it(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = at(cx, unit_tmpdir(cx), "tree"), *out = unit_tmpdir(cx);
    char *target = str_dup(cx->arena, at(cx, out, "x.tar.gz"));
    struct artifact_packed packed;
    put(cx, dir, "b.yaml", 5, 0644);
    put(cx, dir, "a/run", 600, 0755);
    put(cx, dir, "\xC3\xBC", 1, 0644);
    assert_int_equal(symlink("b.yaml", at(cx, dir, "link")), 0);
    assert_ok(cx, artifact_archive(cx, dir, NULL, NULL, target, "sha256", &packed));
    char *list[] = { str_dup(cx->arena, "tar"), str_dup(cx->arena, "--quoting-style=literal"),
                     str_dup(cx->arena, "-tvzf"), target, NULL };
    assert_string_equal(output_of(cx, list), "drwxr-x--- 0/0               0 1970-01-01 00:00 .\n"
                                             "drwxr-x--- 0/0               0 1970-01-01 00:00 a\n"
                                             "-rwx------ 0/0             600 1970-01-01 00:00 a/run\n"
                                             "-rw------- 0/0               5 1970-01-01 00:00 b.yaml\n"
                                             "-rw------- 0/0               1 1970-01-01 00:00 \xC3\xBC\n");
    char *extract[] = { str_dup(cx->arena, "tar"), str_dup(cx->arena, "-xzf"), target,
                        str_dup(cx->arena, "-C"),  str_dup(cx->arena, out),    NULL };
    assert_string_equal(output_of(cx, extract), "");
    struct buf was, is;
    assert_ok(cx, fs_read_file(cx, at(cx, dir, "a/run"), 1000, &was));
    assert_ok(cx, fs_read_file(cx, at(cx, out, "a/run"), 1000, &is));
    assert_int_equal(is.len, 600);
    assert_memory_equal(is.data, was.data, 600);
}

static const char *names_in(struct ctx *cx, const char *path)
{
    char *list[] = { str_dup(cx->arena, "tar"), str_dup(cx->arena, "-tzf"), str_dup(cx->arena, path), NULL };
    char *names = str_replace(cx->arena, output_of(cx, list), "\n", " ");
    return str_trim(cx->arena, names);
}

static const struct {
    const char *files[8];
    const char *top_ignore, *sub_ignore, *spec_ignore; /* NULL: none */
    const char *packed;
} ignored[] = {
    { { "a.yaml", "p.jpg", ".git/x", ".gitignore", ".github/w", ".sops.yaml", "sub/.flux.yaml", "sub/b" },
      NULL,
      NULL,
      NULL,
      ". a.yaml sub sub/b" },
    { { "a.yaml", "p.jpg", ".git/x", ".gitignore" }, NULL, NULL, "", ". a.yaml" },
    { { "a.yaml", "p.jpg", ".git/x" }, NULL, NULL, "# nothing\n\n", ". a.yaml" },
    { { "a.yaml", "p.jpg", ".git/x" }, NULL, NULL, "a.yaml", ". p.jpg" },
    { { "a.yaml", "p.jpg", ".git/x" }, "*.jpg", NULL, NULL, ". .sourceignore a.yaml" },
    { { "a.yaml", ".git/x" }, "!.git/", NULL, NULL, ". .git .git/x .sourceignore a.yaml" },
    { { "a.yaml", "sub/a.yaml" }, NULL, "a.yaml", NULL, ". a.yaml sub sub/.sourceignore" },
    { { "a.yaml", "sub/a.yaml" },
      "a.yaml",
      "!a.yaml",
      NULL,
      ". .sourceignore sub sub/.sourceignore sub/a.yaml" },
    { { "a.yaml", "sub/a.yaml" }, "a.yaml", "!a.yaml", "/sub/a*", ". .sourceignore sub sub/.sourceignore" },
    { { "dir/keep", "dir/drop", "x" }, NULL, NULL, "dir/\n!dir/keep", ". dir/keep x" },
    { { "dir/keep", "dir/drop", "x" }, NULL, NULL, "/*\n!/dir", ". dir dir/drop dir/keep" },
};

static void packs_what_source_controller_packs(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
        const char *tmp = unit_tmpdir(cx), *dir = at(cx, tmp, "tree"), *target = at(cx, tmp, "x.tar.gz");
        const char *const files[] = { ignored[i].top_ignore, ignored[i].sub_ignore };
        const char *const names[] = { ".sourceignore", "sub/.sourceignore" };
        struct ignore *ig;
        struct artifact_packed packed;
        for (size_t j = 0; j < 8 && ignored[i].files[j]; j++)
            put(cx, dir, ignored[i].files[j], 3, 0644);
        for (size_t j = 0; j < 2; j++)
            if (files[j])
                assert_ok(cx, fs_write_atomic(cx, at(cx, dir, names[j]), files[j], strlen(files[j]), 0644));
        assert_ok(cx, sourceignore_load(cx, dir, ignored[i].spec_ignore, &ig));
        assert_ok(cx, artifact_archive(cx, dir, artifact_filter_ignored, ig, target, "sha256", &packed));
        assert_string_equal(names_in(cx, target), ignored[i].packed);
    }
}

static void ignore_files_are_read_inside_the_tree_only(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx), *dir = at(cx, tmp, "tree");
    struct ignore *ig;
    put(cx, dir, ".git/.sourceignore", 0, 0644);
    assert_ok(cx, fs_write_atomic(cx, at(cx, dir, ".git/.sourceignore"), "x", 1, 0644));
    assert_ok(cx, fs_write_atomic(cx, at(cx, tmp, "outside"), "y", 1, 0644));
    assert_int_equal(symlink("../outside", at(cx, dir, ".sourceignore")), 0);
    assert_ok(cx, sourceignore_load(cx, dir, "z", &ig));
    assert_false(ignore_match(ig, "x", false));
    assert_false(ignore_match(ig, "y", false));
    assert_true(ignore_match(ig, "z", false));
    char *large = arena_alloc(cx->arena, (1 << 20) + 2);
    memset(large, 'a', (1 << 20) + 1);
    assert_ok(cx, fs_write_atomic(cx, at(cx, dir, ".sourceignore"), large, (1 << 20) + 1, 0644));
    assert_true(sourceignore_load(cx, dir, "z", &ig) < 0);
    assert_string_equal(err_reason_of(cx), "SourceIgnoreError");
    assert_error(cx, ERR_LIMIT, ".sourceignore: has more than the 1048576 bytes allowed");
}

static void failures_leave_nothing_behind(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx), *dir = make_tree(cx), **names;
    struct artifact_packed packed;
    struct cancel cancel;
    size_t count;
    assert_true(artifact_archive(cx, at(cx, tmp, "none"), NULL, NULL, at(cx, tmp, "x"), "sha256", &packed) <
                0);
    assert_error(cx, ERR_INVALID, "invalid dir path: ");
    assert_true(artifact_archive(cx, dir, NULL, NULL, at(cx, tmp, "x"), "md5", &packed) < 0);
    assert_error(cx, ERR_UNSUPPORTED, "md5");
    cancel_open(&cancel);
    cancel_fire(&cancel);
    cx->cancel = &cancel;
    struct arena_mark mark = arena_mark(cx->arena);
    assert_int_equal(artifact_archive(cx, dir, NULL, NULL, at(cx, tmp, "x"), "sha256", &packed),
                     ERR_CANCELED);
    arena_release(cx->arena, mark);
    err_clear(cx);
    cx->cancel = NULL;
    cancel_close(&cancel);
    assert_ok(cx, fs_list(cx, tmp, &names, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(the_tar_stream_is_gos),
        UNIT_TEST(size_and_digest_are_those_of_the_file),
        UNIT_TEST(equal_trees_give_equal_bytes),
        UNIT_TEST(gnu_tar_reads_it),
        UNIT_TEST(packs_what_source_controller_packs),
        UNIT_TEST(ignore_files_are_read_inside_the_tree_only),
        UNIT_TEST(failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
