/* Files below a root: escapes, links, limits, atomic writes, walks, removal. On a real file system. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *at(struct ctx *cx, const char *dir, const char *name)
{
    return str_fmt(cx->arena, "%s/%s", dir, name);
}

static void put(struct ctx *cx, const char *path, const char *text)
{
    assert_ok(cx, fs_write_atomic(cx, path, text, strlen(text), 0640));
}

/*
 * A root with folders, files and links of every kind:
 *   d/e/f  d/up -> ../..  abs -> /outside  loop -> loop  in -> d/e  out -> ../outside  deep -> in/f
 */
static const char *make_tree(struct ctx *cx)
{
    const char *tmp = unit_tmpdir(cx), *root = at(cx, tmp, "root");
    assert_ok(cx, fs_mkdirs(cx, at(cx, root, "d/e"), 0755));
    put(cx, at(cx, root, "d/e/f"), "inside");
    put(cx, at(cx, tmp, "outside"), "secret");
    assert_int_equal(symlink("../..", at(cx, root, "d/up")), 0);
    assert_int_equal(symlink("/outside", at(cx, root, "abs")), 0);
    assert_int_equal(symlink("loop", at(cx, root, "loop")), 0);
    assert_int_equal(symlink("d/e", at(cx, root, "in")), 0);
    assert_int_equal(symlink("../outside", at(cx, root, "out")), 0);
    assert_int_equal(symlink("in/f", at(cx, root, "deep")), 0);
    return root;
}

static void joins_inside_the_root(void **state)
{
    static const struct {
        const char *rel, *joined;
    } rows[] = {
        { "", "" },
        { ".", "" },
        { "/", "" },
        { "..", "" },
        { "../../etc/passwd", "/etc/passwd" },
        { "/etc/passwd", "/etc/passwd" },
        { "d//e/./f", "/d/e/f" },
        { "d/up/x", "/x" },
        { "d/up/up/../outside", "/outside" },
        { "abs", "/outside" },
        { "out", "/outside" },
        { "in/f", "/d/e/f" },
        { "deep", "/d/e/f" },
        { "in/../x", "/d/x" },
        { "missing/../in/f", "/d/e/f" },
        { "missing/file", "/missing/file" },
        { "d/e/f/..", "/d/e" },
    };
    struct ctx *cx = unit_cx(state);
    const char *root = make_tree(cx), *path;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_ok(cx, fs_join_secure(cx, root, rows[i].rel, &path));
        assert_string_equal(path, str_fmt(cx->arena, "%s%s", root, rows[i].joined));
        assert_ok(cx, fs_join_secure(cx, str_fmt(cx->arena, "%s//", root), rows[i].rel, &path));
        assert_string_equal(path, str_fmt(cx->arena, "%s%s", root, rows[i].joined));
    }
    assert_ok(cx, fs_join_secure(cx, "/", "..", &path));
    assert_string_equal(path, "/");
    assert_true(fs_join_secure(cx, root, "loop/x", &path) < 0);
    assert_error(cx, ERR_DENIED, "too many levels of symbolic links");
}

static void opens_only_beneath_the_root(void **state)
{
    static const struct {
        const char *rel;
        int code; /* 0: opens and reads "inside" */
        int code_nolinks;
    } rows[] = {
        { "d/e/f", 0, 0 },
        { "in/f", 0, ERR_DENIED },
        { "deep", 0, ERR_DENIED },
        { "d/up/d/e/f", 0, ERR_DENIED },
        { "/d/e/f", 0, ERR_DENIED },
        { "../root/d/e/f", ERR_NOT_FOUND, ERR_DENIED },
        { "../outside", ERR_NOT_FOUND, ERR_DENIED },
        { "out", ERR_NOT_FOUND, ERR_DENIED },
        { "abs", ERR_NOT_FOUND, ERR_DENIED },
        { "loop", ERR_DENIED, ERR_DENIED },
        { "d/e/f/g", ERR_NOT_FOUND, ERR_NOT_FOUND },
        { "/proc/self/root/etc/passwd", ERR_NOT_FOUND, ERR_DENIED },
    };
    struct ctx *cx = unit_cx(state);
    CLEANUP(cleanup_fd) int root = -1;
    assert_ok(cx, fs_open_dir(cx, make_tree(cx), &root));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(cleanup_fd) int fd = -1;
        struct buf text;
        assert_int_equal(fs_read_at(cx, root, rows[i].rel, 100, &text), rows[i].code);
        if (!rows[i].code)
            assert_string_equal(buf_text(&text), "inside");
        assert_int_equal(fs_open_nolinks(cx, root, rows[i].rel, O_RDONLY, 0, &fd), rows[i].code_nolinks);
    }
}

static void proc_links_do_not_lead_out(void **state)
{
    struct ctx *cx = unit_cx(state);
    CLEANUP(cleanup_fd) int root = -1;
    struct buf text;
    assert_ok(cx, fs_open_dir(cx, "/", &root));
    assert_true(fs_read_at(cx, root, "proc/self/root/etc/passwd", 1 << 20, &text) < 0);
    assert_error(cx, ERR_DENIED, "open proc/self/root/etc/passwd: Too many levels of symbolic links");
}

static void reads_up_to_the_limit(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx), *path = at(cx, tmp, "f");
    struct buf text;
    put(cx, path, "12345");
    assert_ok(cx, fs_read_file(cx, path, 5, &text));
    assert_int_equal(text.len, 5);
    assert_string_equal(buf_text(&text), "12345");
    assert_true(fs_read_file(cx, path, 4, &text) < 0);
    assert_error(cx, ERR_LIMIT, "has more than the 4 bytes allowed");
    put(cx, path, "");
    assert_ok(cx, fs_read_file(cx, path, 4, &text));
    assert_string_equal(buf_text(&text), "");
    assert_ok(cx, fs_read_file(cx, "/proc/self/status", 1 << 16, &text));
    assert_non_null(strstr(buf_text(&text), "VmRSS"));
    assert_true(fs_read_file(cx, "/proc/self/status", 10, &text) < 0);
    assert_error(cx, ERR_LIMIT, "more than the 10 bytes");
}

static void reads_a_large_file_whole(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *path = at(cx, unit_tmpdir(cx), "large");
    size_t n = ((size_t)1 << 20) + 17;
    char *data = arena_alloc(cx->arena, n);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)(i * 31 >> 3);
    struct buf text;
    assert_ok(cx, fs_write_atomic(cx, path, data, n, 0600));
    assert_ok(cx, fs_read_file(cx, path, SIZE_MAX, &text));
    assert_int_equal(text.len, n);
    assert_memory_equal(text.data, data, n);
}

static void a_file_takes_little_more_memory_than_it_has(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *path = at(cx, unit_tmpdir(cx), "small");
    char *data = memset(arena_alloc(cx->arena, 5000), 'x', 4999);
    struct buf text;
    put(cx, path, data);
    size_t before = arena_used(cx->arena);
    assert_ok(cx, fs_read_file(cx, path, SIZE_MAX, &text));
    assert_string_equal(buf_text(&text), data);
    assert_true(arena_used(cx->arena) - before < 5100);
}

static void refuses_what_is_no_file(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx), *fifo = at(cx, tmp, "fifo");
    struct buf text;
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_true(fs_read_file(cx, fifo, 10, &text) < 0);
    assert_error(cx, ERR_INVALID, "is not a regular file");
    assert_true(fs_read_file(cx, tmp, 10, &text) < 0);
    assert_error(cx, ERR_INVALID, "is a directory");
    assert_true(fs_read_file(cx, at(cx, tmp, "none"), 10, &text) < 0);
    assert_error(cx, ERR_NOT_FOUND, "none: No such file or directory");
}

static void replaces_a_file_in_one_step(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx), *path = at(cx, tmp, "f"), **names;
    struct stat st;
    struct buf text;
    size_t count;
    put(cx, path, "old");
    CLEANUP(cleanup_fd) int old = open(path, O_RDONLY);
    assert_ok(cx, fs_write_atomic(cx, path, "newer", 5, 0600));
    assert_ok(cx, fs_read_file(cx, path, 100, &text));
    assert_string_equal(buf_text(&text), "newer");
    char was[8] = { 0 };
    assert_int_equal(read(old, was, sizeof(was)), 3);
    assert_string_equal(was, "old");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_ok(cx, fs_list(cx, tmp, &names, &count));
    assert_int_equal(count, 1);
    assert_true(fs_write_atomic(cx, at(cx, tmp, "no/f"), "x", 1, 0600) < 0);
    assert_error(cx, ERR_NOT_FOUND, "no/f.tmp-");
}

static void an_abandoned_temporary_file_goes_with_the_arena(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx), **names;
    struct fs_temp *temp;
    size_t count;
    struct arena_mark mark = arena_mark(cx->arena);
    assert_ok(cx, fs_temp_open(cx, at(cx, tmp, "f"), &temp));
    assert_true(fs_exists(temp->path));
    arena_release(cx->arena, mark);
    assert_ok(cx, fs_list(cx, tmp, &names, &count));
    assert_int_equal(count, 0);
}

static void makes_folders_with_parents(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = make_tree(cx);
    CLEANUP(cleanup_fd) int fd = -1;
    assert_ok(cx, fs_mkdirs(cx, at(cx, root, "a/b/c"), 0700));
    assert_ok(cx, fs_mkdirs(cx, at(cx, root, "a/b/c/"), 0700));
    assert_true(fs_is_dir(at(cx, root, "a/b/c")));
    assert_true(fs_mkdirs(cx, at(cx, root, "d/e/f/g"), 0700) < 0);
    assert_error(cx, ERR_EXISTS, "mkdir");
    assert_ok(cx, fs_open_dir(cx, root, &fd));
    assert_ok(cx, fs_mkdirs_at(cx, fd, "x/./y//z", 0700));
    assert_true(fs_is_dir(at(cx, root, "x/y/z")));
    assert_true(fs_mkdirs_at(cx, fd, "in/made", 0700) < 0);
    assert_error(cx, ERR_DENIED, "open in");
    assert_true(fs_mkdirs_at(cx, fd, "x/../../made", 0700) < 0);
    assert_error(cx, ERR_DENIED, "must not contain '..'");
    assert_false(fs_exists(at(cx, root, "d/e/made")));
}

static int note_entry(struct ctx *cx, void *user, const struct fs_entry *e)
{
    (void)cx;
    struct buf *b = user;
    buf_fmt(b, "%s%s ", e->path, S_ISDIR(e->stat->st_mode) ? "/" : S_ISLNK(e->stat->st_mode) ? "@" : "");
    return str_eq(e->name, "skip") ? FS_WALK_SKIP : str_eq(e->name, "stop") ? FS_WALK_STOP : FS_WALK_ON;
}

static void walks_in_lexical_order_without_following_links(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *root = make_tree(cx);
    struct buf b = buf_new(cx->arena, 4096);
    assert_ok(cx, fs_mkdirs(cx, at(cx, root, "skip/inner"), 0755));
    put(cx, at(cx, root, "d-"), "");
    put(cx, at(cx, root, "Z"), "");
    assert_ok(cx, fs_walk(cx, root, note_entry, &b));
    assert_string_equal(buf_text(&b), "./ Z abs@ d/ d/e/ d/e/f d/up@ d- deep@ in@ loop@ out@ skip/ ");
    put(cx, at(cx, root, "d/e/stop"), "");
    buf_cut(&b, 0);
    assert_ok(cx, fs_walk(cx, root, note_entry, &b));
    assert_string_equal(buf_text(&b), "./ Z abs@ d/ d/e/ d/e/f d/e/stop ");
    assert_true(fs_walk(cx, at(cx, root, "none"), note_entry, &b) < 0);
    assert_error(cx, ERR_NOT_FOUND, "none/.: No such file");
}

static int refuse_f(struct ctx *cx, void *user UNUSED, const struct fs_entry *e)
{
    return str_eq(e->name, "f") ? err_fail(cx, ERR_INVALID, "met %s", e->path) : FS_WALK_ON;
}

static void a_walk_ends_with_the_callbacks_error(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_true(fs_walk(cx, make_tree(cx), refuse_f, NULL) < 0);
    assert_error(cx, ERR_INVALID, "met d/e/f");
}

/* Nests `depth` folders named d below `path`, with a file in the innermost. */
static void nest(struct ctx *cx, const char *path, int depth)
{
    int fd;
    assert_ok(cx, fs_open_dir(cx, path, &fd));
    for (int i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(fd, "d", 0700), 0);
        int next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = next;
    }
    close(openat(fd, "file", O_CREAT | O_WRONLY, 0600));
    close(fd);
}

static void removes_trees_of_any_depth(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx), *tree = at(cx, tmp, "tree");
    struct buf b = buf_new(cx->arena, 1 << 20);
    assert_ok(cx, fs_mkdirs(cx, tree, 0700));
    nest(cx, tree, 3000);
    assert_true(fs_walk(cx, tree, note_entry, &b) < 0);
    assert_error(cx, ERR_LIMIT, "nested more than 512 deep");
    assert_ok(cx, fs_remove_tree(cx, tree));
    assert_false(fs_exists(tree));
    assert_ok(cx, fs_remove_tree(cx, tree));
}

/* Folders that lie too deep are moved for removal; what has their new names already goes as well. */
static void removes_a_tree_whose_maker_foresaw_that(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tree = at(cx, unit_tmpdir(cx), "tree");
    for (int i = 0; i < 50; i++) {
        const char *deep = str_fmt(cx->arena, "%s/deep-%d", tree, i);
        const char *taken = str_fmt(cx->arena, "%s/.removed-%d-%d", tree, (int)getpid(), i);
        assert_ok(cx, fs_mkdirs(cx, deep, 0700));
        nest(cx, deep, 80);
        assert_ok(cx, fs_mkdirs(cx, taken, 0700));
        put(cx, at(cx, taken, "f"), "x");
    }
    assert_ok(cx, fs_remove_tree(cx, tree));
    assert_false(fs_exists(tree));
}

static void removing_never_follows_links(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *tmp = unit_tmpdir(cx);
    assert_ok(cx, fs_mkdirs(cx, at(cx, tmp, "kept"), 0700));
    put(cx, at(cx, tmp, "kept/f"), "x");
    assert_ok(cx, fs_mkdirs(cx, at(cx, tmp, "tree"), 0700));
    assert_int_equal(symlink("../kept", at(cx, tmp, "tree/link")), 0);
    assert_int_equal(symlink("kept", at(cx, tmp, "top")), 0);
    assert_ok(cx, fs_remove_tree(cx, at(cx, tmp, "tree")));
    assert_ok(cx, fs_remove_tree(cx, at(cx, tmp, "top")));
    assert_false(fs_exists(at(cx, tmp, "tree")));
    assert_false(fs_exists(at(cx, tmp, "top")));
    assert_true(fs_exists(at(cx, tmp, "kept/f")));
}

static void a_temporary_folder_goes_with_the_arena(void **state)
{
    (void)state;
    struct ctx cx = { .arena = arena_new(1 << 20) };
    const char *path;
    assert_ok(&cx, fs_tmpdir(&cx, "gotk-test", &path));
    put(&cx, at(&cx, path, "f"), "x");
    char kept[256];
    snprintf(kept, sizeof(kept), "%s", path);
    assert_true(fs_is_dir(kept));
    arena_free(cx.arena);
    assert_false(fs_exists(kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(joins_inside_the_root),
        UNIT_TEST(opens_only_beneath_the_root),
        UNIT_TEST(proc_links_do_not_lead_out),
        UNIT_TEST(reads_up_to_the_limit),
        UNIT_TEST(a_file_takes_little_more_memory_than_it_has),
        UNIT_TEST(reads_a_large_file_whole),
        UNIT_TEST(refuses_what_is_no_file),
        UNIT_TEST(replaces_a_file_in_one_step),
        UNIT_TEST(an_abandoned_temporary_file_goes_with_the_arena),
        UNIT_TEST(makes_folders_with_parents),
        UNIT_TEST(walks_in_lexical_order_without_following_links),
        UNIT_TEST(a_walk_ends_with_the_callbacks_error),
        UNIT_TEST(removes_trees_of_any_depth),
        UNIT_TEST(removes_a_tree_whose_maker_foresaw_that),
        UNIT_TEST(removing_never_follows_links),
        UNIT_TEST(a_temporary_folder_goes_with_the_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
