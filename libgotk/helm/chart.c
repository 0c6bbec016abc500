/*
 * chart.c: loading a chart; the contract is in chart.h.
 */
#include "libgotk/helm/chart.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gopath.h"
#include "libgotk/base/map.h"
#include "libgotk/helm/metadata.h"
#include "libgotk/helm/valuesfile.h"

#include <string.h>

#define DEPTH_MAX 100 /* subcharts within subcharts */

/* A chart on its way. */
struct loading {
    struct chart *chart;
    struct doc *metadata; /* as it has been read so far; NULL: nothing of it */
    struct map subs;      /* the files of charts/ by the first part of their names behind it */
    struct notes *notes;
    int depth;
};

static int load(struct ctx *cx, const struct chart_files *files, struct notes *notes, int depth,
                struct chart **ret);

const char *chart_field(const struct chart *c, const char *key)
{
    return str_or(doc_text(doc_find(c->metadata, key)), "");
}

/* -- files ------------------------------------------------------------------------------------------------------ */

static bool is_v1(const struct loading *l)
{
    const char *version = doc_text(doc_find(l->metadata, "apiVersion"));
    return str_eq(version, "v1");
}

static int read_metadata(struct ctx *cx, struct loading *l, const struct chart_file *file)
{
    if (!l->metadata)
        l->metadata = doc_object(cx->arena);
    if (metadata_read(cx, file->data, l->metadata) < 0)
        return err_wrap(cx, "cannot load %s", file->name);
    if (str_empty(doc_text(doc_find(l->metadata, "apiVersion"))))
        doc_set_text(cx->arena, l->metadata, "apiVersion", "v1");
    return 0;
}

/* requirements.yaml is read over the metadata, as Helm 2 had it. */
static int read_requirements(struct ctx *cx, struct loading *l, const struct chart_file *file)
{
    if (!l->metadata)
        l->metadata = doc_object(cx->arena);
    if (!is_v1(l))
        notes_addf(cx, l->notes,
                   "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend "
                   "migrating dependencies to Chart.yaml.");
    if (metadata_read(cx, file->data, l->metadata) < 0)
        return err_wrap(cx, "cannot load %s", file->name);
    if (is_v1(l))
        vec_push(cx->arena, &l->chart->files, *file);
    return 0;
}

static int read_lock(struct ctx *cx, struct loading *l, const struct chart_file *file)
{
    if (metadata_read_lock(cx, file->data, &l->chart->lock) < 0)
        return err_wrap(cx, "cannot load %s", file->name);
    if (strcmp(file->name, "Chart.lock") == 0)
        return 0;
    if (!l->metadata)
        l->metadata = doc_object(cx->arena);
    if (is_v1(l))
        vec_push(cx->arena, &l->chart->files, *file);
    else
        notes_addf(cx, l->notes,
                   "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We "
                   "recommend migrating to Chart.lock.");
    return 0;
}

static int read_values(struct ctx *cx, struct loading *l, const struct chart_file *file)
{
    struct doc *values;
    if (valuesfile_parse(cx, file->data, "values.yaml", &values) < 0)
        return err_wrap(cx, "cannot load values.yaml");
    chartfiles_rest(file->data, file->mapped);
    l->chart->values = values;
    l->chart->has_values = true;
    return 0;
}

static int read_schema(struct ctx *cx, struct loading *l, const struct chart_file *file)
{
    (void)cx;
    l->chart->schema = file->data;
    return 0;
}

static int skip(struct ctx *cx, struct loading *l, const struct chart_file *file)
{
    (void)cx, (void)l, (void)file;
    return 0;
}

/* A file of charts/, with its name below its subchart (NULL: it lies in charts/ itself). */
static void keep_for_subchart(struct arena *a, struct loading *l, const struct chart_file *file)
{
    const char *name = file->name + strlen("charts/"), *slash = strchr(name, '/');
    const char *folder = slash ? str_ndup(a, name, (size_t)(slash - name)) : name;
    struct chart_files *files = map_find(&l->subs, folder);
    if (!files) {
        files = ARENA_NEW(a, struct chart_files);
        map_set(&l->subs, folder, files);
    }
    struct chart_file inner = { slash ? slash + 1 : NULL, file->data, file->modified_ns, file->mapped };
    vec_push(a, files, inner);
}

/* Where a file goes. */
static int sort_file(struct ctx *cx, struct loading *l, const struct chart_file *file)
{
    static const struct {
        const char *name;
        int (*read)(struct ctx *cx, struct loading *l, const struct chart_file *file);
    } known[] = {
        { "Chart.yaml", skip }, /* was read before all others */
        { "Chart.lock", read_lock },
        { "values.yaml", read_values },
        { "values.schema.json", read_schema },
        { "requirements.yaml", read_requirements },
        { "requirements.lock", read_lock },
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(file->name, known[i].name) == 0)
            return known[i].read(cx, l, file);
    if (str_starts(file->name, "templates/"))
        vec_push(cx->arena, &l->chart->templates, *file);
    else if (str_starts(file->name, "charts/") && !str_ends(file->name, ".prov"))
        keep_for_subchart(cx->arena, l, file);
    else
        vec_push(cx->arena, &l->chart->files, *file);
    return 0;
}

/* -- subcharts -------------------------------------------------------------------------------------------------- */

static int unpack_sub(struct ctx *cx, const struct loading *l, const char *name,
                      const struct chart_files *files, struct chart_files *ret)
{
    const struct chart_file *first = &files->at[0];
    if (first->name)
        return err_fail(cx, ERR_INVALID, "error unpacking subchart tar in %s: expected %s, got %s/%s",
                        l->chart->name, name, name, first->name);
    if (chartfiles_unpack(cx, first->data, ret) < 0)
        return err_wrap(cx, "error unpacking subchart %s in %s", name, l->chart->name);
    return 0;
}

static int load_sub(struct ctx *cx, struct loading *l, const char *name, const struct chart_files *files)
{
    struct chart *sub;
    struct chart_files inside = { 0 };
    bool packed = str_ends(name, ".tgz");
    if (packed && unpack_sub(cx, l, name, files, &inside) < 0)
        return err_code(cx);
    for (size_t i = 0; !packed && i < files->len; i++)
        if (files->at[i].name)
            vec_push(cx->arena, &inside, files->at[i]);
    if (load(cx, &inside, l->notes, l->depth + 1, &sub) < 0)
        return err_wrap(cx, "error unpacking subchart %s in %s", name, l->chart->name);
    sub->parent = l->chart;
    vec_push(cx->arena, &l->chart->charts, sub);
    return 0;
}

/* Upstream's order is that of a Go map: any. */
static int load_subs(struct ctx *cx, struct loading *l)
{
    const char **names = map_sorted_keys(&l->subs, cx->arena);
    for (size_t i = 0; names[i]; i++)
        if (names[i][0] != '_' && names[i][0] != '.' &&
            load_sub(cx, l, names[i], map_find(&l->subs, names[i])) < 0)
            return err_code(cx);
    return 0;
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

static const char *text_of(const struct doc *d, const char *key)
{
    return str_or(doc_text(doc_find(d, key)), "");
}

static void take_metadata(struct arena *a, struct loading *l)
{
    struct chart *c = l->chart;
    const struct doc *list = doc_find(l->metadata, "dependencies");
    c->metadata = metadata_ordered(a, l->metadata);
    c->name = text_of(c->metadata, "name");
    c->declared->present = list != NULL;
    doc_each (d, list) {
        struct chart_dependency dependency = {
            .name = text_of(d, "name"),
            .version = text_of(d, "version"),
            .repository = text_of(d, "repository"),
            .condition = text_of(d, "condition"),
            .alias = text_of(d, "alias"),
            .tags = doc_find(d, "tags"),
            .import_values = doc_find(d, "import-values"),
            .enabled = doc_is_true(doc_find(d, "enabled"), false),
        };
        vec_push(a, &c->declared->list, dependency);
    }
}

static int load_files(struct ctx *cx, struct loading *l, const struct chart_files *files)
{
    for (size_t i = 0; i < files->len; i++)
        if (strcmp(files->at[i].name, "Chart.yaml") == 0 && read_metadata(cx, l, &files->at[i]) < 0)
            return err_code(cx);
    for (size_t i = 0; i < files->len; i++)
        if (sort_file(cx, l, &files->at[i]) < 0)
            return err_code(cx);
    return ctx_check(cx);
}

static int load(struct ctx *cx, const struct chart_files *files, struct notes *notes, int depth,
                struct chart **ret)
{
    struct loading l = { ARENA_NEW(cx->arena, struct chart), NULL, map_new(cx->arena), notes, depth };
    *l.chart = (struct chart){ .name = "",
                               .values = doc_object(cx->arena),
                               .raw = *files,
                               .declared = ARENA_NEW(cx->arena, struct chart_declared) };
    if (depth > DEPTH_MAX)
        return err_fail(cx, ERR_LIMIT, "charts are nested deeper than %d", DEPTH_MAX);
    if (load_files(cx, &l, files) < 0)
        return err_code(cx);
    if (!l.metadata)
        return err_fail(cx, ERR_INVALID, "Chart.yaml file is missing");
    if (metadata_validate(cx, l.metadata) < 0)
        return err_code(cx);
    take_metadata(cx->arena, &l);
    if (load_subs(cx, &l) < 0)
        return err_code(cx);
    *ret = l.chart;
    return 0;
}

int chart_load(struct ctx *cx, const struct chart_files *files, struct notes *notes, struct chart **ret)
{
    return load(cx, files, notes, 0, ret);
}

/* -- from where it lies ----------------------------------------------------------------------------------------- */

/* Helm looks at the version first; charts of its version 3 are an experiment that no release has. */
static int check_version(struct ctx *cx, struct strv chart_yaml)
{
    const char *version;
    if (metadata_read_version(cx, chart_yaml, &version) < 0)
        return err_wrap(cx, "cannot load Chart.yaml");
    if (strcmp(version, "v3") == 0)
        return err_fail(cx, ERR_UNSUPPORTED, "invalid chart apiVersion");
    if (*version && strcmp(version, "v1") != 0 && strcmp(version, "v2") != 0)
        return err_fail(cx, ERR_UNSUPPORTED, "unsupported chart version");
    return 0;
}

static int load_packed(struct ctx *cx, const struct chart_files *files, struct notes *notes,
                       struct chart **ret)
{
    const struct chart_file *first = chartfiles_find(files, "Chart.yaml");
    if (!first)
        return err_fail(cx, ERR_INVALID, "unable to detect chart version, no Chart.yaml found");
    return check_version(cx, first->data) < 0 ? err_code(cx) : chart_load(cx, files, notes, ret);
}

static int open_folder(struct ctx *cx, const char *path, struct notes *notes, struct chart **ret)
{
    struct buf text;
    struct chart_files files;
    const char *file = str_fmt(cx->arena, "%s/Chart.yaml", chartfiles_absolute(cx->arena, path));
    if (chartfiles_read_file(cx, file, (size_t)CHARTFILES_FILE_MAX, &text) < 0)
        return err_wrap(cx, "unable to detect chart at %s", file);
    if (check_version(cx, (struct strv){ buf_text(&text), text.len }) < 0 ||
        chartfiles_read(cx, path, notes, &files) < 0)
        return err_code(cx);
    return chart_load(cx, &files, notes, ret);
}

int chart_open(struct ctx *cx, const char *path, struct notes *notes, struct chart **ret)
{
    struct chart_files files;
    if (fs_is_dir(path))
        return open_folder(cx, path, notes, ret);
    if (chartfiles_read(cx, path, notes, &files) < 0)
        return err_code(cx);
    return load_packed(cx, &files, notes, ret);
}

int chart_unpack(struct ctx *cx, struct strv archive, struct notes *notes, struct chart **ret)
{
    struct chart_files files;
    if (chartfiles_unpack(cx, archive, &files) < 0)
        return strcmp(err_message(cx), CHARTFILES_NO_GZIP) == 0
                   ? err_fail(cx, ERR_INVALID,
                              "stream does not appear to be a valid chart file (details: %s)",
                              CHARTFILES_NO_GZIP)
                   : err_wrap(cx, "unable to load chart archive");
    return load_packed(cx, &files, notes, ret);
}

/* -- the rest ---------------------------------------------------------------------------------------------------- */

const char *chart_path(struct arena *a, const struct chart *c)
{
    return c->parent ? str_fmt(a, "%s/charts/%s", chart_path(a, c->parent), c->name) : c->name;
}

const char *chart_dotted_path(struct arena *a, const struct chart *c)
{
    return c->parent ? str_fmt(a, "%s.%s", chart_dotted_path(a, c->parent), c->name) : c->name;
}

static struct doc *printed_dependency(struct arena *a, const struct chart_dependency *d)
{
    struct doc *out = doc_object(a);
    doc_set_text(a, out, "name", d->name);
    doc_set_text(a, out, "version", d->version);
    doc_set_text(a, out, "repository", d->repository);
    doc_set_text(a, out, "condition", d->condition);
    if (d->tags)
        doc_set(a, out, "tags", doc_copy(a, d->tags));
    doc_set_bool(a, out, "enabled", d->enabled);
    if (d->import_values)
        doc_set(a, out, "import-values", doc_copy(a, d->import_values));
    doc_set_text(a, out, "alias", d->alias);
    return out;
}

struct doc *chart_metadata(struct arena *a, const struct chart *c)
{
    struct doc *d = doc_copy(a, c->metadata), *list = doc_array(a);
    for (size_t i = 0; i < c->declared->list.len; i++)
        doc_append(list, printed_dependency(a, &c->declared->list.at[i]));
    doc_set_text(a, d, "name", c->name);
    doc_set(a, d, "dependencies", list);
    return metadata_ordered(a, d);
}

static bool is_manifest(const char *name)
{
    struct strv ext = gopath_ext((struct strv){ name, strlen(name) });
    return str_eq_fold(ext.p, ".yaml") || str_eq_fold(ext.p, ".yml") || str_eq_fold(ext.p, ".json");
}

static void add_crds(struct arena *a, const struct chart *c, struct chart_crds *ret)
{
    for (size_t i = 0; i < c->files.len; i++) {
        const struct chart_file *file = &c->files.at[i];
        struct chart_crd crd = { str_fmt(a, "%s/%s", chart_path(a, c), file->name), file->data };
        if (str_starts(file->name, "crds/") && is_manifest(file->name))
            vec_push(a, ret, crd);
    }
    for (size_t i = 0; i < c->charts.len; i++)
        add_crds(a, c->charts.at[i], ret);
}

struct chart_crds chart_crds(struct arena *a, const struct chart *c)
{
    struct chart_crds found = { 0 };
    add_crds(a, c, &found);
    return found;
}
