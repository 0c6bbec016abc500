/* Charts from folders and archives: what is read, and what is refused in Helm's words. */
#include "tests/unit/lib/unit.h"

#include "libgotk/artifact/gzip.h"
#include "libgotk/artifact/tar.h"
#include "libgotk/base/fs.h"
#include "libgotk/helm/chart.h"

#include <string.h>
#include <unistd.h>

#define CHART "apiVersion: v2\nname: ours\nversion: 1.2.3\n"

/* A file of a chart to be packed or written. */
struct file {
    const char *name;
    const char *text;
    int64_t size; /* that its header promises; 0: the text's */
};

static int collect(struct ctx *cx, void *user, const void *data, size_t n)
{
    (void)cx;
    buf_add(user, data, n);
    return 0;
}

static struct strv compress(struct ctx *cx, const struct buf *tar)
{
    struct buf *out = ARENA_NEW(cx->arena, struct buf);
    *out = buf_new(cx->arena, (size_t)64 << 20);
    struct gzip *g = gzip_new(cx, collect, out);
    assert_ok(cx, gzip_write(cx, g, tar->data, tar->len));
    assert_ok(cx, gzip_finish(cx, g));
    return (struct strv){ out->data, out->len };
}

static struct strv pack(struct ctx *cx, const struct file *files)
{
    static const char zeros[TAR_BLOCK];
    struct buf tar = buf_new(cx->arena, (size_t)64 << 20);
    for (const struct file *f = files; f->name; f++) {
        int64_t n = (int64_t)strlen(f->text), size = f->size ? f->size : n;
        tar_put_header(&tar, &(struct tar_entry){ .name = f->name, .mode = 0600, .size = size });
        buf_add(&tar, f->text, (size_t)n);
        buf_add(&tar, zeros, tar_padding(n));
    }
    tar_put_end(&tar);
    return compress(cx, &tar);
}

static void write_files(struct ctx *cx, const char *dir, const struct file *files)
{
    for (const struct file *f = files; f->name; f++) {
        const char *path = str_fmt(cx->arena, "%s/%s", dir, f->name);
        assert_ok(cx, fs_mkdirs(cx, str_ndup(cx->arena, path, (size_t)(strrchr(path, '/') - path)), 0700));
        assert_ok(cx, fs_write_atomic(cx, path, f->text, strlen(f->text), 0600));
    }
}

static const char *names(struct ctx *cx, const struct chart_files *files)
{
    const char **list = ARENA_ARRAY(cx->arena, const char *, files->len);
    for (size_t i = 0; i < files->len; i++)
        list[i] = files->at[i].name;
    return str_join(cx->arena, list, files->len, " ");
}

static void an_archive_loses_its_first_folder(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct chart_files files;
    struct strv data = pack(cx, (struct file[]){ { "ours/Chart.yaml", CHART, 0 },
                                                 { "ours/templates/a.yaml",
                                                   "\xEF\xBB\xBF"
                                                   "x",
                                                   0 },
                                                 { "ours\\docs\\b.md", "y", 0 },
                                                 { "other/./c/../d", "", 0 },
                                                 { 0 } });
    assert_ok(cx, chartfiles_unpack(cx, data, &files));
    assert_string_equal(names(cx, &files), "Chart.yaml templates/a.yaml docs/b.md d");
    assert_int_equal(files.at[1].data.n, 1);
}

static void hostile_archives_are_refused(void **state)
{
    static const struct {
        struct file file;
        const char *message;
    } rows[] = {
        { { "ours//etc/passwd", "x", 0 }, "chart illegally contains absolute paths" },
        { { "ours", "x", 0 }, "chart illegally contains content outside the base directory: \"ours\"" },
        { { "ours/../../x", "x", 0 }, "chart illegally references parent directory" },
        { { "ours/..x", "x", 0 }, "chart illegally references parent directory" },
        { { "ours\\c:\\x", "x", 0 }, "chart contains illegally named files" },
        { { "Chart.yaml/x", "x", 0 }, "chart yaml not in base directory" },
        { { "ours/big", "x", CHARTFILES_FILE_MAX + 1 },
          "decompressed chart file \"ours/big\" is larger than the maximum file size 5242880" },
        { { "ours/big", "x", CHARTFILES_CHART_MAX + 1 },
          "decompressed chart is larger than the maximum size 104857600" },
    };
    struct ctx *cx = unit_cx(state);
    struct chart_files files;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct file list[] = { rows[i].file, { 0 } };
        assert_true(chartfiles_unpack(cx, pack(cx, list), &files) < 0);
        assert_string_equal(err_message(cx), rows[i].message);
        err_clear(cx);
    }
}

static void what_is_no_archive_is_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct chart_files files;
    struct buf nothing = buf_new(cx->arena, 1024);
    tar_put_end(&nothing);
    assert_true(chartfiles_unpack(cx, (struct strv){ "", 0 }, &files) < 0);
    assert_error(cx, ERR_INVALID, "EOF");
    assert_true(chartfiles_unpack(cx, (struct strv){ "name: ours\n", 11 }, &files) < 0);
    assert_error(cx, ERR_INVALID, "gzip: invalid header");
    assert_true(chartfiles_unpack(cx, compress(cx, &nothing), &files) < 0);
    assert_error(cx, ERR_INVALID, "no files in chart archive");
    struct strv cut = pack(cx, (struct file[]){ { "ours/Chart.yaml", CHART, 0 }, { 0 } });
    cut.n -= 20;
    assert_true(chartfiles_unpack(cx, cut, &files) < 0);
    err_clear(cx);
}

static void a_folder_is_read_as_its_helmignore_says(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = unit_tmpdir(cx);
    struct chart_files files;
    struct notes notes = { 0 };
    write_files(cx, dir,
                (struct file[]){ { "Chart.yaml", CHART, 0 },
                                 { ".helmignore", "# no\n*.bak\n/docs/\n", 0 },
                                 { "a.bak", "", 0 },
                                 { "docs/x", "", 0 },
                                 { "sub/docs/x", "", 0 },
                                 { "templates/.hidden", "", 0 },
                                 { "templates/a.yaml", "", 0 },
                                 { 0 } });
    assert_int_equal(symlink("sub", str_fmt(cx->arena, "%s/other", dir)), 0);
    assert_ok(cx, chartfiles_read(cx, dir, &notes, &files));
    assert_true(files.at[0].modified_ns > 0);
    assert_string_equal(names(cx, &files), ".helmignore Chart.yaml other/docs/x sub/docs/x templates/a.yaml");
    assert_int_equal(notes.len, 1);
    assert_string_equal(notes.at[0].text,
                        str_fmt(cx->arena,
                                "msg=\"found symbolic link in path. Contents of linked file included and "
                                "used\" path=%s/other resolved=%s/sub",
                                dir, dir));
}

static void links_that_lead_nowhere_or_round_are_errors(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = unit_tmpdir(cx), *link = str_fmt(cx->arena, "%s/l", dir);
    struct chart_files files;
    write_files(cx, dir, (struct file[]){ { "Chart.yaml", CHART, 0 }, { 0 } });
    assert_int_equal(symlink("gone/x", link), 0);
    assert_true(chartfiles_read(cx, dir, NULL, &files) < 0);
    assert_error(cx, ERR_NOT_FOUND,
                 str_fmt(cx->arena, "error evaluating symlink %s: lstat %s/gone: no such file or directory",
                         link, dir));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink(".", link), 0);
    assert_true(chartfiles_read(cx, dir, NULL, &files) < 0);
    assert_non_null(strstr(err_message(cx), "too many l"));
    err_clear(cx);
}

static void packed_subcharts_are_loaded(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = unit_tmpdir(cx);
    struct chart *chart;
    struct strv sub = pack(cx, (struct file[]){ { "sub/Chart.yaml", "name: sub\nversion: 0.1.0\n", 0 },
                                                { "sub/templates/b.yaml", "b", 0 },
                                                { 0 } });
    write_files(cx, dir, (struct file[]){ { "Chart.yaml", CHART, 0 }, { "charts/x", "", 0 }, { 0 } });
    assert_int_equal(unlink(str_fmt(cx->arena, "%s/charts/x", dir)), 0);
    const char *path = str_fmt(cx->arena, "%s/charts/sub-0.1.0.tgz", dir);
    assert_ok(cx, fs_write_atomic(cx, path, sub.p, sub.n, 0600));
    assert_ok(cx, chart_open(cx, dir, NULL, &chart));
    assert_int_equal(chart->charts.len, 1);
    assert_string_equal(chart_path(cx->arena, chart->charts.at[0]), "ours/charts/sub");
    assert_ok(cx, fs_write_atomic(cx, path, "no", 2, 0600));
    assert_true(chart_open(cx, dir, NULL, &chart) < 0);
    assert_error(cx, ERR_INVALID, "error unpacking subchart sub-0.1.0.tgz in ours: unexpected EOF");
}

/* A file with a mark at its start that is large enough to be mapped. */
static void what_rests_is_read_again(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct chart_files files;
    char *text = arena_alloc(cx->arena, 40002);
    memset(text, 'x', 40001);
    memcpy(text, "\xEF\xBB\xBF", 3);
    const char *dir = unit_tmpdir(cx);
    write_files(
        cx, dir,
        (struct file[]){ { "Chart.yaml", CHART, 0 }, { "templates/a.yaml", text, 0 }, { NULL, NULL, 0 } });
    assert_ok(cx, chartfiles_read(cx, dir, NULL, &files));
    const struct chart_file *large = chartfiles_find(&files, "templates/a.yaml");
    assert_non_null(large);
    assert_true(large->mapped);
    assert_false(chartfiles_find(&files, "Chart.yaml")->mapped);
    assert_int_equal(large->data.n, 39998);
    for (int i = 0; i < 2; i++) {
        assert_memory_equal(large->data.p, text + 3, 39998);
        for (size_t k = 0; k < files.len; k++)
            chartfiles_rest(files.at[k].data, files.at[k].mapped);
    }
    assert_string_equal(chartfiles_find(&files, "Chart.yaml")->data.p, CHART);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_archive_loses_its_first_folder),
        UNIT_TEST(hostile_archives_are_refused),
        UNIT_TEST(what_is_no_archive_is_refused),
        UNIT_TEST(a_folder_is_read_as_its_helmignore_says),
        UNIT_TEST(links_that_lead_nowhere_or_round_are_errors),
        UNIT_TEST(packed_subcharts_are_loaded),
        UNIT_TEST(what_rests_is_read_again),
    };
    return cmocka_run_group_tests_name("chartfiles", tests, NULL, NULL);
}
