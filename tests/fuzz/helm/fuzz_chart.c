/*
 * fuzz_chart.c: packed charts and charts of files: a chart that keeps Helm's rules, or a refusal.
 *
 * An input with parts is a chart of files, the part's name being the file's: it is loaded as it is, as a folder and packed. Any other
 * is the bytes of a tar file, or of an archive that has gzip's magic already. What a mutation cannot guess is put right: sums of
 * tar headers, gzip, and packed subcharts, whose text becomes the Chart.yaml in an archive.
 */
#include "libgotk/artifact/gzip.h"
#include "libgotk/artifact/tar.h"
#include "libgotk/base/str.h"
#include "libgotk/helm/chart.h"
#include "tests/fuzz/lib/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_MAX    64
#define TAR_SIZE     124 /* where a header has the entry's size, in octal digits */
#define TAR_SIZE_LEN 12
#define TAR_SUM      148
#define TAR_SUM_LEN  8

static int collect(struct ctx *cx, void *user, const void *data, size_t n)
{
    (void)cx;
    buf_add(user, data, n);
    return 0;
}

static struct strv packed(struct ctx *cx, struct strv bytes)
{
    struct buf out = buf_new(cx->arena, bytes.n * 2 + 65536);
    struct gzip *g = gzip_new(cx, collect, &out);
    fuzz_that(gzip_write(cx, g, bytes.p, bytes.n) == 0 && gzip_finish(cx, g) == 0);
    return (struct strv){ buf_text(&out), out.len };
}

static void put_file(struct buf *tar, const char *name, struct strv data)
{
    static const char zeros[TAR_BLOCK];
    struct tar_entry entry = { .name = name, .mode = 0644, .size = (int64_t)data.n };
    tar_put_header(tar, &entry);
    buf_add(tar, data.p, data.n);
    buf_add(tar, zeros, tar_padding((int64_t)data.n));
}

static struct buf new_tar(struct ctx *cx, const struct chart_files *files)
{
    size_t size = 4096;
    for (size_t i = 0; i < files->len; i++)
        size += files->at[i].data.n + 4 * TAR_BLOCK + strlen(files->at[i].name) * 2;
    return buf_new(cx->arena, size);
}

static struct strv packed_files(struct ctx *cx, const struct chart_files *files)
{
    struct buf tar = new_tar(cx, files);
    for (size_t i = 0; i < files->len; i++)
        put_file(&tar, str_fmt(cx->arena, "c/%s", files->at[i].name), files->at[i].data);
    tar_put_end(&tar);
    return packed(cx, (struct strv){ buf_text(&tar), tar.len });
}

static struct strv packed_sub(struct ctx *cx, struct strv chart_yaml)
{
    struct chart_files files = { 0 };
    struct chart_file file = { "Chart.yaml", chart_yaml, 0, false };
    vec_push(cx->arena, &files, file);
    return packed_files(cx, &files);
}

static bool is_gzip(struct strv s)
{
    return s.n > 2 && memcmp(s.p, "\x1F\x8B", 2) == 0;
}

/* Every header gets the sum of its bytes. */
static void put_sums_right(char *tar, size_t len)
{
    static const char zeros[TAR_BLOCK];
    for (size_t at = 0; len - at >= TAR_BLOCK;) {
        char *header = tar + at, sum_text[TAR_SUM_LEN + 1];
        unsigned sum = 0;
        memset(header + TAR_SUM, ' ', TAR_SUM_LEN);
        for (size_t i = 0; i < TAR_BLOCK; i++)
            sum += (unsigned char)header[i];
        snprintf(sum_text, sizeof(sum_text), "%06o", sum);
        memcpy(header + TAR_SUM, sum_text, TAR_SUM_LEN - 1);
        if (sum == TAR_SUM_LEN * ' ')
            memcpy(header, zeros, TAR_BLOCK); /* the end */
        char size_text[TAR_SIZE_LEN + 1] = "";
        memcpy(size_text, header + TAR_SIZE, TAR_SIZE_LEN);
        size_t size = strtoul(size_text, NULL, 8) % (len + 1);
        at += TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
        if (at > len)
            return;
    }
}

static void check(struct ctx *cx, const struct chart *c)
{
    fuzz_that(*c->name && *chart_field(c, "version") && *chart_field(c, "apiVersion"));
    fuzz_that(doc_kind(c->values) == DOC_OBJECT);
    fuzz_that(doc_kind(chart_metadata(cx->arena, c)) == DOC_OBJECT);
    for (size_t i = 0; i < c->templates.len; i++)
        fuzz_that(str_starts(c->templates.at[i].name, "templates/"));
    for (size_t i = 0; i < c->charts.len; i++) {
        fuzz_that(c->charts.at[i]->parent == c);
        check(cx, c->charts.at[i]);
    }
}

static void judge(struct ctx *cx, int rc, const struct chart *c)
{
    if (rc < 0)
        fuzz_that(*err_message(cx));
    else
        check(cx, c);
    err_clear(cx);
}

static struct chart_files files_of(struct ctx *cx, struct fuzz_part *parts, size_t count)
{
    struct chart_files files = { 0 };
    for (size_t i = 0; i < count; i++) {
        struct strv data = { parts[i].text, parts[i].len };
        if (str_ends(parts[i].name, ".tgz") && !is_gzip(data)) {
            data = packed_sub(cx, data);
            parts[i].text = data.p;
            parts[i].len = data.n;
        }
        struct chart_file file = { parts[i].name, data, 0, false };
        if (*parts[i].name)
            vec_push(cx->arena, &files, file);
    }
    return files;
}

static void load_files(struct ctx *cx, struct fuzz_part *parts, size_t count)
{
    struct notes notes = { 0 };
    struct chart *c = NULL;
    const char *root = fuzz_folder();
    const struct chart_files files = files_of(cx, parts, count);
    fuzz_write_tree(cx, root, parts, count);
    judge(cx, chart_load(cx, &files, &notes, &c), c);
    judge(cx, chart_unpack(cx, packed_files(cx, &files), &notes, &c), c);
    judge(cx, chart_open(cx, root, &notes, &c), c);
}

static void load_bytes(struct ctx *cx, struct strv bytes)
{
    struct notes notes = { 0 };
    struct chart *c = NULL;
    if (!is_gzip(bytes)) {
        char *tar = str_ndup(cx->arena, bytes.p, bytes.n);
        put_sums_right(tar, bytes.n);
        bytes = packed(cx, (struct strv){ tar, bytes.n });
    }
    judge(cx, chart_unpack(cx, bytes, &notes, &c), c);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[PARTS_MAX];
    size_t count = fuzz_parts(cx, text, len, parts, PARTS_MAX);
    if (count && *parts[count - 1].name)
        load_files(cx, parts, count);
    else
        load_bytes(cx, (struct strv){ text, len });
}

static const char *const seeds[] = {
    "=\n=== Chart.yaml\napiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: s, alias: t, tags: [x]}]\n"
    "=== values.yaml\na: 1\n---\nb: {c: ~}\n=== charts/s/Chart.yaml\nname: s\nversion: 0.1.0\n"
    "=== requirements.yaml\ndependencies: [{version: 1}]\n=== Chart.lock\ngenerated: 2020-01-01T00:00:00Z\n"
    "=== crds/a.yaml\n{}\n=== templates/x.yaml\n{{ .Values }}\n",
    "=\n=== Chart.yaml\nname: a\nVERSION: 1\nmaintainers: [{name: b, email: 1.10}]\nannotations: {a: 1e3, b: yes}\n",
    "=\n=== Chart.yaml\napiVersion: v2\nname: a\nversion: 1.0.0\n=== charts/s.tgz\nname: s\nversion: 0.1.0\n=== .helmignore\n*.txt\n!a\n/b/\n"
    "=== b/c.txt\nx\n=== values.schema.json\n{}\n",
    "tests/golden/helm/charts/charts.jsonl#files",
    "tests/golden/helm/charts/dependencies.jsonl#files",
    "tests/golden/helm/charts/archives.jsonl#b64",
    "../shared/corpus/charts/charts/_edge-*/",
    "../shared/corpus/charts/charts/metrics-server/",
    "../shared/corpus/charts/charts/podinfo/",
    NULL,
};

static const char *const words[] = { "\n=== Chart.yaml\n",
                                     "\n=== charts/s/Chart.yaml\n",
                                     "\n=== charts/s.tgz\n",
                                     "\n=== .helmignore\n",
                                     "\n=== crds/x.yaml\n",
                                     "\n=== Chart.lock\n",
                                     "\n=== values.yaml\n",
                                     "\n=== requirements.yaml\n",
                                     "dependencies:",
                                     "name:",
                                     "version:",
                                     "alias:",
                                     "import-values:",
                                     "maintainers:",
                                     "ustar",
                                     "\n---\n",
                                     NULL };

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
