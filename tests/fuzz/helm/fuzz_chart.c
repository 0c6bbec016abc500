/*
 * fuzz_chart.c: packed charts and charts of files: a chart that keeps Helm's rules, or a refusal.
 *
 * An input with parts is a chart of files, the part's name being the file's; any other is the bytes of an archive. libFuzzer
 * cannot guess what makes gzip, so that the bytes of an archive without its magic are compressed first.
 */
#include "libgotk/artifact/gzip.h"
#include "libgotk/base/str.h"
#include "libgotk/helm/chart.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

#define PARTS_MAX 64

static int collect(struct ctx *cx, void *user, const void *data, size_t n)
{
    (void)cx;
    buf_add(user, data, n);
    return 0;
}

static struct strv packed(struct ctx *cx, const char *text, size_t len)
{
    struct buf out = buf_new(cx->arena, len * 2 + 65536);
    struct gzip *g = gzip_new(cx, collect, &out);
    fuzz_that(gzip_write(cx, g, text, len) == 0 && gzip_finish(cx, g) == 0);
    return (struct strv){ buf_text(&out), out.len };
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

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[PARTS_MAX];
    struct chart_files files = { 0 };
    struct notes notes = { 0 };
    struct chart *c = NULL;
    int rc;
    size_t n = fuzz_parts(cx, text, len, parts, PARTS_MAX);
    for (size_t i = 1; i < n; i++) {
        struct chart_file file = { parts[i].name, { parts[i].text, parts[i].len }, 0, false };
        vec_push(cx->arena, &files, file);
    }
    if (n > 1)
        rc = chart_load(cx, &files, &notes, &c);
    else if (len > 2 && memcmp(text, "\x1F\x8B", 2) == 0)
        rc = chart_unpack(cx, (struct strv){ text, len }, &notes, &c);
    else
        rc = chart_unpack(cx, packed(cx, text, len), &notes, &c);
    if (rc < 0)
        fuzz_that(*err_message(cx));
    else
        check(cx, c);
}

static const char *const seeds[] = {
    "=\n=== Chart.yaml\napiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: s, alias: t, tags: [x]}]\n"
    "=== values.yaml\na: 1\n---\nb: {c: ~}\n=== charts/s/Chart.yaml\nname: s\nversion: 0.1.0\n"
    "=== requirements.yaml\ndependencies: [{version: 1}]\n=== Chart.lock\ngenerated: 2020-01-01T00:00:00Z\n"
    "=== crds/a.yaml\n{}\n=== templates/x.yaml\n{{ .Values }}\n",
    "=\n=== Chart.yaml\nname: a\nVERSION: 1\nmaintainers: [{name: b, email: 1.10}]\nannotations: {a: 1e3, b: yes}\n",
    "../shared/corpus/charts/charts/_edge-*/",
    NULL,
};

static const char *const words[] = { "\n=== Chart.yaml\n",
                                     "\n=== charts/s/Chart.yaml\n",
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
