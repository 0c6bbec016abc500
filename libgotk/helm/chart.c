/*
 * chart.c: loading a chart; the contract is in chart.h.
 */
#include "libgotk/helm/chart.h"

#include "libgotk/base/gopath.h"
#include "libgotk/base/map.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/semver.h"
#include "libgotk/doc/yml.h"
#include "libgotk/helm/valuesfile.h"

#define YAML_RULES (YML_11 | YML_LAST_WINS | YML_GO_ERRORS)
#define DEPTH_MAX  100 /* subcharts within subcharts */

static int load(struct ctx *cx, const struct chart_files *files, struct notes *notes, int depth,
                struct chart **ret);

const char *chart_field(const struct chart *c, const char *key)
{
    const struct doc *d = doc_find(c->metadata, key);
    const char *text = doc_text(d);
    return text ? text : str_or(doc_literal(d), "");
}

static const char *field_of(const struct doc *d, const char *key)
{
    const struct doc *value = doc_find(d, key);
    return str_or(doc_text(value), str_or(doc_literal(value), ""));
}

static void take_dependencies(struct arena *a, struct chart *c)
{
    const struct doc *list = doc_find(c->metadata, "dependencies");
    c->declares = doc_kind(list) == DOC_ARRAY;
    c->dependencies.len = 0;
    doc_each (d, list) {
        struct chart_dependency dependency = {
            .name = field_of(d, "name"),
            .version = field_of(d, "version"),
            .repository = field_of(d, "repository"),
            .condition = field_of(d, "condition"),
            .alias = field_of(d, "alias"),
            .tags = doc_find(d, "tags"),
            .import_values = doc_find(d, "import-values"),
        };
        vec_push(a, &c->dependencies, dependency);
    }
}

static int read_metadata(struct ctx *cx, struct chart *c, struct strv text)
{
    struct doc *d;
    if (yml_parse_as(cx, text.p, text.n, "Chart.yaml", YAML_RULES | YML_FIRST, &d) < 0) {
        err_wrap(cx, "error converting YAML to JSON");
        return err_wrap(cx, "cannot load Chart.yaml");
    }
    if (doc_kind(d) == DOC_OBJECT && !doc_find(d, "apiVersion"))
        doc_set_text(cx->arena, d, "apiVersion", "v1");
    c->metadata = d;
    c->name = field_of(d, "name");
    return 0;
}

/* requirements.yaml is read over the metadata. */
static int read_requirements(struct ctx *cx, struct chart *c, struct strv text)
{
    struct doc *d, *both = doc_copy(cx->arena, c->metadata);
    if (yml_parse_as(cx, text.p, text.n, "requirements.yaml", YAML_RULES | YML_FIRST, &d) < 0) {
        err_wrap(cx, "error converting YAML to JSON");
        return err_wrap(cx, "cannot load requirements.yaml");
    }
    doc_each (member, d)
        doc_set(cx->arena, both, doc_key(member), doc_copy(cx->arena, member));
    c->metadata = both;
    return 0;
}

static int read_values(struct ctx *cx, struct chart *c, struct strv text)
{
    struct doc *values;
    if (valuesfile_parse(cx, text, "values.yaml", &values) < 0)
        return err_wrap(cx, "cannot load values.yaml");
    c->values = values;
    c->has_values = true;
    return 0;
}

/* -- subcharts ------------------------------------------------------------------------------------------------- */

/* The files of charts/, by the first part of their names behind it. */
static void collect(struct arena *a, struct map *subs, const struct chart_file *file)
{
    const char *name = file->name + strlen("charts/"), *slash = strchr(name, '/');
    const char *folder = slash ? str_ndup(a, name, (size_t)(slash - name)) : name;
    struct chart_files *files = map_find(subs, folder);
    if (!files) {
        files = ARENA_NEW(a, struct chart_files);
        map_set(subs, folder, files);
    }
    struct chart_file inner = { slash ? slash + 1 : "", file->data };
    vec_push(a, files, inner);
}

static int load_packed(struct ctx *cx, const struct chart *c, const char *name,
                       const struct chart_files *files, struct chart_files *ret)
{
    const char *first = files->at[0].name;
    if (*first)
        return err_fail(cx, ERR_INVALID, "error unpacking subchart tar in %s: expected %s, got %s/%s",
                        c->name, name, name, first);
    if (chartfiles_unpack(cx, files->at[0].data, ret) < 0)
        return err_wrap(cx, "error unpacking subchart %s in %s", name, c->name);
    return 0;
}

static int load_sub(struct ctx *cx, struct chart *c, const char *name, const struct chart_files *files,
                    struct notes *notes, int depth)
{
    struct chart *sub;
    struct chart_files inside = { 0 };
    bool packed = str_ends(name, ".tgz");
    if (packed && load_packed(cx, c, name, files, &inside) < 0)
        return err_code(cx);
    for (size_t i = 0; !packed && i < files->len; i++)
        if (*files->at[i].name)
            vec_push(cx->arena, &inside, files->at[i]);
    if (load(cx, &inside, notes, depth + 1, &sub) < 0)
        return err_wrap(cx, "error unpacking subchart %s in %s", name, c->name);
    sub->parent = c;
    vec_push(cx->arena, &c->charts, sub);
    return 0;
}

static int load_subs(struct ctx *cx, struct chart *c, const struct map *subs, struct notes *notes, int depth)
{
    const char **names = map_sorted_keys(subs, cx->arena);
    for (size_t i = 0; names[i]; i++)
        if (names[i][0] != '_' && names[i][0] != '.' &&
            load_sub(cx, c, names[i], map_find(subs, names[i]), notes, depth) < 0)
            return err_code(cx);
    return 0;
}

/* -- validation ------------------------------------------------------------------------------------------------- */

static int invalid(struct ctx *cx, const char *message)
{
    return err_fail(cx, ERR_INVALID, "validation: %s", message);
}

static bool is_alias(const char *s)
{
    for (; *s; s++)
        if (!((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z') && !(*s >= '0' && *s <= '9') && *s != '_' &&
            *s != '-')
            return false;
    return true;
}

static const char *quoted(struct ctx *cx, const char *s)
{
    return quote_go(cx->arena, s, strlen(s));
}

static int validate_dependencies(struct ctx *cx, const struct chart *c)
{
    struct map seen = map_new(cx->arena);
    doc_each (d, doc_find(c->metadata, "dependencies"))
        if (doc_kind(d) == DOC_NULL)
            return invalid(cx, "dependencies must not contain empty or null nodes");
    for (size_t i = 0; i < c->dependencies.len; i++) {
        const struct chart_dependency *d = &c->dependencies.at[i];
        const char *key = str_or(d->alias, d->name);
        if (!is_alias(d->alias))
            return invalid(cx, str_fmt(cx->arena, "dependency %s has disallowed characters in the alias",
                                       quoted(cx, d->name)));
        if (map_has(&seen, key))
            return invalid(
                cx, str_fmt(cx->arena, "more than one dependency with name or alias %s", quoted(cx, key)));
        map_set(&seen, key, c->metadata == NULL ? NULL : (void *)(uintptr_t)d);
    }
    return 0;
}

static int validate(struct ctx *cx, const struct chart *c)
{
    struct semver version;
    const char *type = chart_field(c, "type"), *name = c->name;
    if (!*chart_field(c, "apiVersion"))
        return invalid(cx, "chart.metadata.apiVersion is required");
    if (!*name)
        return invalid(cx, "chart.metadata.name is required");
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strpbrk(name, "/\\"))
        return invalid(cx, str_fmt(cx->arena, "chart.metadata.name %s is invalid", quoted(cx, name)));
    if (!*chart_field(c, "version"))
        return invalid(cx, "chart.metadata.version is required");
    if (semver_parse(cx, chart_field(c, "version"), &version) < 0) {
        err_clear(cx);
        return invalid(cx, str_fmt(cx->arena, "chart.metadata.version %s is invalid",
                                   quoted(cx, chart_field(c, "version"))));
    }
    if (*type && strcmp(type, "application") != 0 && strcmp(type, "library") != 0)
        return invalid(cx, "chart.metadata.type must be application or library");
    doc_each (m, doc_find(c->metadata, "maintainers"))
        if (doc_kind(m) == DOC_NULL)
            return invalid(cx, "maintainers must not contain empty or null nodes");
    return validate_dependencies(cx, c);
}

/* -- the whole -------------------------------------------------------------------------------------------------- */

/* Where a file goes. */
static int sort_file(struct ctx *cx, struct chart *c, const struct chart_file *file, struct map *subs)
{
    const char *name = file->name;
    struct chart_file clean = *file;
    if (strcmp(name, "Chart.yaml") == 0 || strcmp(name, "Chart.lock") == 0)
        return 0;
    if (strcmp(name, "values.yaml") == 0)
        return read_values(cx, c, clean.data);
    if (strcmp(name, "values.schema.json") == 0)
        c->schema = clean.data;
    else if (strcmp(name, "requirements.yaml") == 0 && read_requirements(cx, c, clean.data) < 0)
        return err_code(cx);
    else if (str_starts(name, "templates/"))
        vec_push(cx->arena, &c->templates, clean);
    else if (str_starts(name, "charts/") && !str_ends(name, ".prov"))
        collect(cx->arena, subs, file);
    else if ((strcmp(name, "requirements.yaml") != 0 && strcmp(name, "requirements.lock") != 0) ||
             strcmp(chart_field(c, "apiVersion"), "v1") == 0)
        vec_push(cx->arena, &c->files, clean);
    return 0;
}

static int load(struct ctx *cx, const struct chart_files *files, struct notes *notes, int depth,
                struct chart **ret)
{
    struct chart *c = ARENA_NEW(cx->arena, struct chart);
    struct map subs = map_new(cx->arena);
    *c = (struct chart){ .name = "", .values = doc_object(cx->arena), .raw = *files };
    if (depth > DEPTH_MAX)
        return err_fail(cx, ERR_LIMIT, "charts are nested deeper than %d", DEPTH_MAX);
    for (size_t i = 0; i < files->len; i++)
        if (strcmp(files->at[i].name, "Chart.yaml") == 0 && read_metadata(cx, c, files->at[i].data) < 0)
            return err_code(cx);
    if (doc_kind(c->metadata) != DOC_OBJECT)
        return err_fail(cx, ERR_INVALID, "Chart.yaml file is missing");
    for (size_t i = 0; i < files->len; i++)
        if (sort_file(cx, c, &files->at[i], &subs) < 0)
            return err_code(cx);
    take_dependencies(cx->arena, c);
    if (validate(cx, c) < 0 || load_subs(cx, c, &subs, notes, depth) < 0)
        return err_code(cx);
    *ret = c;
    return 0;
}

int chart_load(struct ctx *cx, const struct chart_files *files, struct notes *notes, struct chart **ret)
{
    return load(cx, files, notes, 0, ret);
}

int chart_open(struct ctx *cx, const char *path, struct notes *notes, struct chart **ret)
{
    struct chart_files files;
    return chartfiles_read(cx, path, notes, &files) < 0 ? err_code(cx) : chart_load(cx, &files, notes, ret);
}

int chart_unpack(struct ctx *cx, struct strv archive, struct notes *notes, struct chart **ret)
{
    struct chart_files files;
    if (chartfiles_unpack(cx, archive, &files) < 0)
        return err_wrap(cx, "unable to load chart archive");
    return chart_load(cx, &files, notes, ret);
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
