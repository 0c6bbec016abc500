/* Unpacking: what a friendly archive gives, and that a hostile one gives an error and nothing outside the target. */
#include "tests/unit/lib/unit.h"

#include "libgotk/artifact/archive.h"
#include "libgotk/artifact/extract.h"
#include "libgotk/artifact/gzip.h"
#include "libgotk/artifact/tar.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *at(struct ctx *cx, const char *dir, const char *name)
{
    return str_fmt(cx->arena, "%s/%s", dir, name);
}

/* An entry as someone may have written it. */
struct entry {
    const char *name;
    char type;        /* '0' file, '1' hard link, '2' symbolic link, '3' device, '5' folder */
    const char *text; /* content, or where a link points */
    mode_t mode;
};

/* Turns the last header in `b` into one of another type, and mends its checksum. */
static void retype(struct buf *b, const struct entry *e)
{
    unsigned char *h = (unsigned char *)b->data + b->len - TAR_BLOCK;
    unsigned sum = 0;
    bool link = e->type == '1' || e->type == '2';
    h[156] = (unsigned char)e->type;
    if (link)
        memcpy(h + 157, e->text, strlen(e->text));
    memset(h + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += h[i];
    snprintf((char *)h + 148, 8, "%06o", sum);
}

static int add_to_file(struct ctx *cx, void *user, const void *data, size_t n)
{
    struct fs_temp *temp = user;
    return fs_write_all(cx, temp->fd, data, n, temp->path);
}

static const char *zip(struct ctx *cx, const struct buf *tar)
{
    const char *path = at(cx, unit_tmpdir(cx), "x.tar.gz");
    struct fs_temp *temp;
    assert_ok(cx, fs_temp_open(cx, path, &temp));
    struct gzip *g = gzip_new(cx, add_to_file, temp);
    assert_ok(cx, gzip_write(cx, g, tar->data, tar->len));
    assert_ok(cx, gzip_finish(cx, g));
    assert_ok(cx, fs_temp_commit(cx, temp, 0600));
    return path;
}

static void put_entry(struct buf *b, const struct entry *e)
{
    size_t n = e->type == '0' ? strlen(e->text) : 0;
    struct tar_entry header = { e->name, e->type == '5', e->mode ? e->mode : 0644, (int64_t)n };
    tar_put_header(b, &header);
    if (e->type != '0' && e->type != '5')
        retype(b, e);
    buf_add(b, e->text ? e->text : "", n);
    char zeros[TAR_BLOCK] = { 0 };
    buf_add(b, zeros, tar_padding((int64_t)n));
}

static struct buf make_tar(struct ctx *cx, const struct entry *entries, size_t n)
{
    struct buf b = buf_new(cx->arena, 1 << 22);
    for (size_t i = 0; i < n; i++)
        put_entry(&b, &entries[i]);
    tar_put_end(&b);
    return b;
}

static int note(struct ctx *cx, void *user, const struct fs_entry *e)
{
    struct buf *b = user;
    mode_t mode = e->stat->st_mode & 07777;
    (void)cx;
    if (!str_eq(e->path, "."))
        buf_fmt(b, "%s%s%s ", e->path,
                S_ISDIR(e->stat->st_mode) ? "/"
                : mode & 0100             ? "*"
                                          : "",
                S_ISLNK(e->stat->st_mode) ? "@" : "");
    assert_int_equal(mode & 0700, S_ISDIR(e->stat->st_mode) || mode & 0100 ? 0700 : 0600);
    return FS_WALK_ON;
}

/* What is below a folder, in one line. */
static const char *tree_of(struct ctx *cx, const char *dir)
{
    struct buf b = buf_new(cx->arena, 1 << 16);
    assert_ok(cx, fs_walk(cx, dir, note, &b));
    return str_trim(cx->arena, buf_text(&b));
}

static const char *new_target(struct ctx *cx)
{
    const char *tmp = unit_tmpdir(cx);
    assert_ok(cx, fs_mkdirs(cx, at(cx, tmp, "target"), 0700));
    return at(cx, tmp, "target");
}

static void what_was_packed_comes_out(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = new_target(cx), *target = new_target(cx), *archive = at(cx, unit_tmpdir(cx), "a");
    char *longest = arena_alloc(cx->arena, 256);
    struct artifact_packed packed;
    memset(longest, 'n', 255);
    assert_ok(cx, fs_mkdirs(cx, at(cx, dir, "sub/empty"), 0755));
    assert_ok(cx, fs_write_atomic(cx, at(cx, dir, "sub/\xC3\xBC.yaml"), "text", 4, 0644));
    assert_ok(cx, fs_write_atomic(cx, at(cx, dir, "run"), "#!", 2, 0755));
    assert_ok(cx, fs_write_atomic(cx, at(cx, dir, longest + 20), "", 0, 0444));
    assert_ok(cx, artifact_archive(cx, dir, NULL, NULL, archive, "sha256", &packed));
    assert_ok(cx, artifact_extract(cx, archive, target, NULL));
    assert_string_equal(tree_of(cx, target),
                        str_fmt(cx->arena, "%s run* sub/ sub/empty/ sub/\xC3\xBC.yaml", longest + 20));
    struct buf text;
    assert_ok(cx, fs_read_file(cx, at(cx, target, "sub/\xC3\xBC.yaml"), 100, &text));
    assert_string_equal(buf_text(&text), "text");
}

static const struct {
    struct entry entries[4];
    const char *tree;
    const char *error; /* NULL: unpacks */
} hostile[] = {
    { { { "a", '0', "x", 0 }, { "b", '2', "a", 0 }, { "c", '0', "y", 04755 } }, "a c*", NULL },
    { { { "d/e/f", '0', "x", 0 } }, "d/ d/e/ d/e/f", NULL }, /* no entries for the folders */
    { { { "./d/", '5', NULL, 0 }, { "d//./f", '0', "x", 0 } }, "d/ d/f", NULL },
    { { { "a", '0', "x", 0 }, { "hard", '1', "a", 0 }, { "null", '3', NULL, 0 } }, "a", NULL },
    { { { "link", '2', "..", 0 }, { "link/f", '0', "x", 0 } }, "link/ link/f", NULL },
    { { { "a", '0', "first", 0 }, { "a", '0', "second", 0 } }, "a", NULL },
    { { { "closed", '5', NULL, 0100 }, { "closed/f", '0', "x", 0 } }, "closed/ closed/f", NULL },
    { { { "../f", '0', "x", 0 } }, "", "'../f' leads outside" },
    { { { "d/../../f", '0', "x", 0 } }, "", "'d/../../f' leads outside" },
    { { { "/f", '0', "x", 0 } }, "", "'/f' leads outside" },
    { { { "a", '0', "x", 0 }, { "a/b", '0', "y", 0 } }, "a", "a" },
    { { { "d", '5', NULL, 0 }, { "d", '0', "y", 0 } }, "d/", "d" },
};

static void hostile_entries_stay_inside(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        size_t n = 0;
        while (n < 4 && hostile[i].entries[n].name)
            n++;
        struct buf tar = make_tar(cx, hostile[i].entries, n);
        const char *target = new_target(cx), **names;
        size_t count;
        int rc = artifact_extract(cx, zip(cx, &tar), target, NULL);
        if ((rc < 0) != (hostile[i].error != NULL))
            fail_msg("row %zu: %s", i, err_message(cx));
        if (rc < 0)
            assert_error(cx, rc, hostile[i].error);
        assert_string_equal(tree_of(cx, target), hostile[i].tree);
        assert_ok(cx, fs_list(cx, at(cx, target, ".."), &names, &count));
        assert_int_equal(count, 1);
    }
}

static void a_link_in_the_target_is_not_followed(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct entry entries[] = { { "d/f", '0', "x", 0 } };
    struct buf tar = make_tar(cx, entries, 1);
    const char *target = new_target(cx);
    assert_int_equal(symlink("..", at(cx, target, "d")), 0);
    assert_true(artifact_extract(cx, zip(cx, &tar), target, NULL) < 0);
    err_clear(cx);
    assert_false(fs_exists(at(cx, target, "../f")));
}

static void bombs_end_at_the_limits(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf tar = buf_new(cx->arena, 1 << 24);
    const struct artifact_limits few = { .max_entries = 3 }, small = { .max_bytes = 1000000 };
    char *zeros = arena_alloc(cx->arena, 8 << 20);
    tar_put_header(&tar, &(struct tar_entry){ "big", false, 0600, 8 << 20 });
    buf_add(&tar, zeros, 8 << 20);
    tar_put_end(&tar);
    assert_true(artifact_extract(cx, zip(cx, &tar), new_target(cx), &small) < 0);
    assert_error(cx, ERR_LIMIT, "failed to extract archive: it holds more than 1000000 bytes");
    const struct entry entries[] = {
        { "a", '0', "", 0 }, { "b", '0', "", 0 }, { "c", '0', "", 0 }, { "d", '0', "", 0 }
    };
    tar = make_tar(cx, entries, 3);
    assert_ok(cx, artifact_extract(cx, zip(cx, &tar), new_target(cx), &few));
    tar = make_tar(cx, entries, 4);
    assert_true(artifact_extract(cx, zip(cx, &tar), new_target(cx), &few) < 0);
    assert_error(cx, ERR_LIMIT, "failed to extract archive: it holds more than 3 entries");
}

static void a_name_as_deep_as_it_is_long_is_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf name = buf_new(cx->arena, 4096), tar = buf_new(cx->arena, 1 << 16);
    for (int i = 0; i < 300; i++)
        buf_str(&name, "d/");
    buf_str(&name, "f");
    tar_put_header(&tar, &(struct tar_entry){ buf_text(&name), false, 0600, 0 });
    tar_put_end(&tar);
    assert_true(artifact_extract(cx, zip(cx, &tar), new_target(cx), NULL) < 0);
    assert_error(cx, ERR_INVALID, "leads outside of it or is too long");
}

static void broken_archives_are_errors(void **state)
{
    struct ctx *cx = unit_cx(state);
    const struct entry entries[] = { { "a", '0', "some text", 0 }, { "b", '0', "more", 0 } };
    struct buf tar = make_tar(cx, entries, 2), whole;
    const char *path = zip(cx, &tar), *broken = at(cx, unit_tmpdir(cx), "broken");
    assert_ok(cx, fs_read_file(cx, path, 1 << 20, &whole));
    for (size_t n = 0; n < whole.len; n += 7) { /* cut off anywhere */
        assert_ok(cx, fs_write_atomic(cx, broken, whole.data, n, 0600));
        if (artifact_extract(cx, broken, new_target(cx), NULL) >= 0)
            fail_msg("cut off after %zu of %zu bytes, and taken", n, whole.len);
        assert_error(cx, ERR_INVALID,
                     "failed to extract archive (check whether file size exceeds max download size): ");
    }
    assert_ok(cx, fs_write_atomic(cx, broken, "no archive at all", 17, 0600));
    assert_true(artifact_extract(cx, broken, new_target(cx), NULL) < 0);
    assert_error(cx, ERR_INVALID, "failed to extract archive");
    assert_ok(cx, fs_write_atomic(cx, broken, tar.data, tar.len, 0600)); /* not compressed */
    assert_true(artifact_extract(cx, broken, new_target(cx), NULL) < 0);
    assert_error(cx, ERR_INVALID, "failed to extract archive");
    const char *twice = zip(cx, &whole);
    assert_true(artifact_extract(cx, twice, new_target(cx), NULL) < 0);
    assert_error(cx, ERR_INVALID, "more than once");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(what_was_packed_comes_out),
        UNIT_TEST(hostile_entries_stay_inside),
        UNIT_TEST(a_link_in_the_target_is_not_followed),
        UNIT_TEST(bombs_end_at_the_limits),
        UNIT_TEST(a_name_as_deep_as_it_is_long_is_refused),
        UNIT_TEST(broken_archives_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
