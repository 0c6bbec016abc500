/* Charts, values and --set against what Helm's own packages answered: tests/golden/helm/charts. */
#include "helm-controller/template/chartvalues.h"
#include "helm-controller/template/convert.h"
#include "helm-controller/template/strvals.h"
#include "helm-controller/template/valuesinput.h"
#include "libgotk/base/base64.h"
#include "libgotk/base/fs.h"
#include "libgotk/doc/json.h"
#include "libgotk/helm/helmignore.h"
#include "tests/unit/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER    "tests/golden/helm/charts/"
#define FILE_MAX  ((size_t)64 << 20)
#define ARENA_MAX ((size_t)1 << 30)
#define SHOWN_MAX 10
#define B64_MARK  "base64:"

/* A row: what is asked, and where the answer goes. */
struct row {
    struct ctx *cx;
    const struct doc *doc;
    struct notes notes;
    struct doc *got;
};

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static struct strv decoded(struct ctx *cx, const char *base64)
{
    char *data;
    size_t len;
    assert_ok(cx, base64_decode(cx, base64, &data, &len));
    return (struct strv){ data, len };
}

static struct vmap *table(struct row *r, const char *key)
{
    struct value v = convert_from_doc(r->cx->arena, doc_find(r->doc, key));
    return v.type == V_MAP ? v.map : vmap_new(r->cx->arena);
}

/* -- charts as documents ------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct doc *sorted_texts(struct arena *a, const char **texts, size_t n)
{
    struct doc *out = doc_array(a);
    if (n)
        qsort(texts, n, sizeof(*texts), by_text);
    for (size_t i = 0; i < n; i++)
        doc_append_text(a, out, texts[i]);
    return out;
}

static struct doc *names_of(struct arena *a, const struct chart_files *files)
{
    const char **names = ARENA_ARRAY(a, const char *, files->len);
    for (size_t i = 0; i < files->len; i++)
        names[i] = files->at[i].name;
    return sorted_texts(a, names, files->len);
}

static struct doc *crds_of(struct arena *a, const struct chart *c)
{
    struct chart_crds crds = chart_crds(a, c);
    const char **names = ARENA_ARRAY(a, const char *, crds.len);
    for (size_t i = 0; i < crds.len; i++)
        names[i] = crds.at[i].name;
    return sorted_texts(a, names, crds.len);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct chart *const *)a)->name, (*(struct chart *const *)b)->name);
}

static struct doc *tree_of(struct arena *a, const struct chart *c)
{
    struct doc *out = doc_object(a), *subs = doc_array(a);
    if (c->charts.len)
        qsort(c->charts.at, c->charts.len, sizeof(*c->charts.at), by_name);
    for (size_t i = 0; i < c->charts.len; i++)
        doc_append(subs, tree_of(a, c->charts.at[i]));
    doc_set(a, out, "metadata", chart_metadata(a, c));
    doc_set(a, out, "lock", c->lock ? doc_copy(a, c->lock) : doc_null(a));
    doc_set(a, out, "templates", names_of(a, &c->templates));
    doc_set(a, out, "files", names_of(a, &c->files));
    doc_set(a, out, "subs", subs);
    doc_set(a, out, "schema", doc_nstring(a, c->schema.p ? c->schema.p : "", c->schema.n));
    doc_set(a, out, "crds", crds_of(a, c));
    doc_set(a, out, "values", c->has_values ? doc_copy(a, c->values) : doc_null(a));
    return out;
}

/* -- what rows ask ------------------------------------------------------------------------------------------------- */

/* The files of a chart that many rows have: an object in trees.json. */
static const struct doc *tree(struct ctx *cx, const char *name)
{
    struct buf text;
    struct doc *trees = NULL;
    assert_ok(cx, fs_read_file(cx, FOLDER "trees.json", FILE_MAX, &text));
    assert_ok(cx, json_parse(cx, buf_text(&text), text.len, "trees.json", &trees));
    assert_non_null(doc_find(trees, name));
    return doc_find(trees, name);
}

static int load(struct row *r, struct chart **ret)
{
    struct chart_files files = { 0 };
    const char *name = doc_text_at(r->doc, "tree");
    struct doc **sorted = doc_sorted(r->cx->arena, name ? tree(r->cx, name) : doc_find(r->doc, "files"));
    for (size_t i = 0; sorted[i]; i++) {
        struct value text = convert_from_doc(r->cx->arena, sorted[i]);
        struct chart_file file = { doc_key(sorted[i]), v_view(text), 0, false };
        if (str_starts(doc_text(sorted[i]), B64_MARK))
            file.data = decoded(r->cx, doc_text(sorted[i]) + strlen(B64_MARK));
        vec_push(r->cx->arena, &files, file);
    }
    return chart_load(r->cx, &files, &r->notes, ret);
}

static int ask_load(struct row *r)
{
    struct chart *c;
    if (load(r, &c) < 0)
        return err_code(r->cx);
    r->got = tree_of(r->cx->arena, c);
    return 0;
}

static int ask_archive(struct row *r)
{
    struct chart *c;
    if (chart_unpack(r->cx, decoded(r->cx, doc_text_at(r->doc, "b64")), &r->notes, &c) < 0)
        return err_code(r->cx);
    r->got = tree_of(r->cx->arena, c);
    return 0;
}

static int ask_coalesce(struct row *r)
{
    struct chart *c;
    struct vmap *values, *user = table(r, "user");
    bool merge = str_eq(doc_text_at(r->doc, "op"), "merge");
    if (load(r, &c) < 0)
        return err_code(r->cx);
    int rc = merge ? chartvalues_merge(r->cx, c, user, &r->notes, &values)
                   : chartvalues_coalesce(r->cx, c, user, &r->notes, &values);
    return rc < 0 ? rc : convert_to_doc(r->cx, v_map(values), false, &r->got);
}

static int ask_dependencies(struct row *r)
{
    struct chart *c;
    struct doc *written;
    struct vmap *values, *user = table(r, "user");
    if (load(r, &c) < 0 || chartvalues_dependencies(r->cx, c, user, &r->notes) < 0 ||
        chartvalues_coalesce(r->cx, c, user, &r->notes, &values) < 0 ||
        convert_to_doc(r->cx, v_map(values), false, &written) < 0)
        return err_code(r->cx);
    r->got = doc_object(r->cx->arena);
    doc_set(r->cx->arena, r->got, "values", written);
    doc_set(r->cx->arena, r->got, "chart", tree_of(r->cx->arena, c));
    return 0;
}

static int ask_ignore(struct row *r)
{
    struct helmignore rules = { 0 };
    struct value text = convert_from_doc(r->cx->arena, doc_find(r->doc, "text"));
    if (helmignore_parse(r->cx, v_view(text), &rules) < 0)
        return err_code(r->cx);
    if (doc_text_at(r->doc, "mode") && *doc_text_at(r->doc, "mode"))
        helmignore_add_defaults(r->cx, &rules);
    r->got = doc_array(r->cx->arena);
    doc_each (path, doc_find(r->doc, "paths")) {
        const char *p = doc_text(path);
        bool is_dir = str_ends(p, "/") && !str_eq(p, "./");
        const char *name = str_ends(p, "/") ? str_ndup(r->cx->arena, p, strlen(p) - 1) : p;
        doc_append(r->got, doc_bool(r->cx->arena, helmignore_match(&rules, name, is_dir)));
    }
    return 0;
}

/* Paths that start with "no" are not there. */
static int read_path(struct ctx *cx, void *user, const char *path, struct strv *ret)
{
    (void)user;
    if (str_starts(path, "no"))
        return err_fail(cx, ERR_NOT_FOUND, "open %s: no such file or directory", path);
    *ret = view(str_fmt(cx->arena, "<%s>", path));
    return 0;
}

static int ask_strvals(struct row *r)
{
    static const char *const modes[] = { "", "string", "json", "file", "literal" };
    const char *mode = str_or(doc_text_at(r->doc, "mode"), "");
    struct value text = convert_from_doc(r->cx->arena, doc_find(r->doc, "text"));
    struct vmap *into = table(r, "dest");
    size_t i = 0;
    while (!str_eq(modes[i], mode))
        i++;
    int rc = i == STRVALS_FILES ? strvals_parse_files(r->cx, v_view(text), read_path, NULL, into)
                                : strvals_parse(r->cx, v_view(text), (enum strvals_mode)i, into);
    return rc < 0 ? rc : convert_to_doc(r->cx, v_map(into), false, &r->got);
}

static int ask_values(struct row *r)
{
    struct vmap *values;
    const char *encoded = doc_text_at(r->doc, "b64");
    struct value plain = convert_from_doc(r->cx->arena, doc_find(r->doc, "text"));
    struct strv text = encoded ? decoded(r->cx, encoded) : v_view(plain);
    if (valuesinput_parse(r->cx, text, "values.yaml", &values) < 0)
        return err_code(r->cx);
    return convert_to_doc(r->cx, v_map(values), false, &r->got);
}

static const struct {
    const char *op;
    int (*ask)(struct row *r);
} asks[] = {
    { "load", ask_load },       { "archive", ask_archive },   { "coalesce", ask_coalesce },
    { "merge", ask_coalesce },  { "deps", ask_dependencies }, { "ignore", ask_ignore },
    { "strvals", ask_strvals }, { "loadvalues", ask_values },
};

/* -- checking ------------------------------------------------------------------------------------------------------ */

static const char *json_of(struct arena *a, const struct doc *d)
{
    struct buf out = buf_new(a, FILE_MAX);
    if (d)
        json_print(&out, d, JSON_SORTED);
    return buf_text(&out);
}

/* Helm's warnings come in the order of Go's maps. */
static struct doc *notes_of(struct arena *a, const struct notes *notes)
{
    const char **lines = ARENA_ARRAY(a, const char *, notes->len);
    for (size_t i = 0; i < notes->len; i++)
        lines[i] =
            str_fmt(a, "level=%s %s", notes->at[i].level == NOTES_WARN ? "WARN" : "INFO", notes->at[i].text);
    return sorted_texts(a, lines, notes->len);
}

/* Messages of JSON's decoder that we word in our own way: the command shows none of them. */
static bool is_ours(const struct doc *row, const char *want)
{
    return str_eq(doc_text_at(row, "mode"), "json") && !str_starts(want, "key ");
}

static bool is_right(struct row *r, int rc)
{
    const char *error =
        doc_text_at(r->doc, "ours") ? doc_text_at(r->doc, "ours") : doc_text_at(r->doc, "error");
    const struct doc *log = doc_find(r->doc, "log");
    if (error)
        return rc < 0 && (is_ours(r->doc, error) || str_eq(err_message(r->cx), error));
    if (rc < 0 || !doc_equal(r->got, doc_find(r->doc, "want")))
        return false;
    const struct doc *notes = notes_of(r->cx->arena, &r->notes);
    return log ? doc_equal(notes, log) : !doc_first(notes);
}

static bool check_row(const char *file, int number, const char *line, size_t len, size_t shown)
{
    CLEANUP(arena_cleanup) struct arena *a = arena_new(ARENA_MAX);
    struct ctx cx = { .arena = a };
    struct doc *doc = NULL;
    int rc = -1;
    assert_ok(&cx, json_parse(&cx, line, len, file, &doc));
    struct row r = { .cx = &cx, .doc = doc };
    for (size_t i = 0; i < ARRAY_LEN(asks); i++)
        if (str_eq(asks[i].op, doc_text_at(doc, "op")))
            rc = asks[i].ask(&r);
    if (is_right(&r, rc))
        return true;
    if (shown < SHOWN_MAX)
        fprintf(stderr, "%s:%d\n  wanted %s %s %s\n  got    %s %s %s\n", file, number,
                str_or(doc_text_at(doc, "error"), ""), json_of(a, doc_find(doc, "want")),
                json_of(a, doc_find(doc, "log")), rc < 0 ? err_message(&cx) : "", json_of(a, r.got),
                json_of(a, notes_of(a, &r.notes)));
    return false;
}

static void check_file(struct ctx *cx, const char *file, size_t count)
{
    size_t failed = 0, rows = 0, len;
    struct unit_lines lines = unit_lines(cx, str_fmt(cx->arena, FOLDER "%s", file));
    for (const char *line; (line = unit_next_line(&lines, &len));) {
        rows++;
        failed += !check_row(file, (int)rows, line, len, failed);
    }
    print_message("%s: %zu rows, %zu wrong\n", file, rows, failed);
    assert_int_equal(failed, 0);
    assert_int_equal(rows, count);
}

#define FILE_TEST(name, file, count)                                                                         \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        check_file(unit_cx(state), file, count);                                                             \
    }
FILE_TEST(charts_are_loaded, "charts.jsonl", 177)
FILE_TEST(archives_are_unpacked, "archives.jsonl", 60)
FILE_TEST(dependencies_and_values, "dependencies.jsonl", 373)
FILE_TEST(files_are_ignored, "ignore.jsonl", 156)
FILE_TEST(sets_are_read, "strvals.jsonl", 1915)
FILE_TEST(values_are_read, "values.jsonl", 108)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(charts_are_loaded), UNIT_TEST(archives_are_unpacked), UNIT_TEST(dependencies_and_values),
        UNIT_TEST(files_are_ignored), UNIT_TEST(sets_are_read),         UNIT_TEST(values_are_read),
    };
    return cmocka_run_group_tests_name("charts", tests, NULL, NULL);
}
