/*
 * templatecommand.c: `helm-controller template [NAME] CHART`: what `helm template` of Helm 4.2.4 prints, byte for byte.
 *
 * Flags, standard output, files of --output-dir, log lines and error texts are Helm's, so that a script only changes the
 * program's name; what Helm does not say stands behind it, in lines that begin with "hint:". Main thread, no cluster.
 */
#include "helm-controller/elsewhere.h"
#include "helm-controller/releasename.h"
#include "helm-controller/render.h"
#include "helm-controller/template/valuesinput.h"
#include "helm-controller/templateflags.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/glob.h"
#include "libgotk/base/gopath.h"
#include "libgotk/base/map.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/runtime/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_MAX   ((size_t)1 << 30)
#define DEFAULT_NAME "release-name"
#define SOURCE       "# Source: "

extern const struct command template_command;

/* -- the arguments ------------------------------------------------------------------------------------------------ */

static int require_chart(struct ctx *cx, const char *const *args)
{
    if (args[0])
        return 0;
    return err_fail(
        cx, ERR_INVALID,
        "\"helm-controller template\" requires at least 1 argument\n\nUsage:  helm-controller template "
        "[NAME] [CHART] [flags]");
}

static int refuse_more(struct ctx *cx, const char *const *args)
{
    size_t count = 0;
    while (args[count])
        count++;
    if (count <= 2)
        return 0;
    return err_fail(cx, ERR_INVALID, "expected at most two arguments, unexpected arguments: %s",
                    str_join(cx->arena, args + 2, count - 2, ", "));
}

static int find_name(struct ctx *cx, const char *const *args, const char **ret_name, const char **ret_chart)
{
    if (refuse_more(cx, args) < 0)
        return err_code(cx);
    *ret_name = args[1] ? args[0] : DEFAULT_NAME;
    *ret_chart = args[1] ? args[1] : args[0];
    if (args[1] && templateflags.generate_name)
        return err_fail(cx, ERR_INVALID, "cannot set --generate-name and also specify a name");
    if (str_empty(templateflags.name_template))
        return 0;
    if (args[1])
        return err_fail(cx, ERR_INVALID, "cannot set --name-template and also specify a name");
    return releasename_template(cx, templateflags.name_template, ret_name);
}

/* A chart's absolute path. */
static int locate(struct ctx *cx, const char *name, const char **ret)
{
    struct stat st;
    char here[PATH_MAX];
    const char *chart = str_trim(cx->arena, name);
    if (stat(chart, &st) < 0) {
        err_fail(cx, ERR_NOT_FOUND, "path %s not found", quote_go(cx->arena, chart, strlen(chart)));
        if (*chart == '/' || *chart == '.')
            return err_code(cx);
        return err_fail(
            cx, ERR_UNSUPPORTED,
            "%s: charts are read from a folder or a .tgz here: fetch it first, e.g. with `helm pull`",
            err_message(cx));
    }
    if (!getcwd(here, sizeof(here)))
        return err_errno(cx, "the current folder");
    const char *path = *chart == '/' ? chart : str_fmt(cx->arena, "%s/%s", here, chart);
    *ret = gopath_clean(cx->arena, (struct strv){ path, strlen(path) }).p;
    return 0;
}

static struct render_input input_of(struct ctx *cx, const char *name, const char *chart)
{
    const struct templateflags *f = &templateflags;
    return (struct render_input){
        .chart = chart,
        .release = name,
        .ns = str_or(f->ns, releasename_namespace(cx, f->kubeconfig, f->kube_context)),
        .kube_version = f->kube_version,
        .api_versions = f->api_versions,
        .values_files = f->values,
        .set_json = f->set_json,
        .set = f->set,
        .set_string = f->set_string,
        .set_file = f->set_file,
        .set_literal = f->set_literal,
        .labels = f->labels,
        .is_upgrade = f->is_upgrade,
        .skip_schema_validation = f->skip_schema_validation,
        .include_crds = f->include_crds,
        .want_files = f->debug,
    };
}

static struct str_list streams(struct ctx *cx)
{
    return valuesinput_stream_paths(cx, &templateflags.values, &templateflags.set_file);
}

static int read_streams(struct ctx *cx, const struct doc **ret)
{
    struct str_list paths = streams(cx);
    struct doc *texts = doc_object(cx->arena);
    for (size_t i = 0; i < paths.len; i++) {
        struct strv text;
        if (valuesinput_read_stream(cx, paths.at[i], &text) < 0)
            return err_code(cx);
        doc_set(cx->arena, texts, paths.at[i], doc_nstring(cx->arena, text.p, text.n));
    }
    *ret = texts;
    return 0;
}

/* -- --output-dir ------------------------------------------------------------------------------------------------- */

/* A folder that files are written below, once there is one, and what was written so far. */
struct folder {
    const char *path;
    int fd; /* -1: was not needed yet */
    struct map *written;
};

/* The chart's name for a file is below the folder; a link on the way to it may lead elsewhere. */
static int refuse_links(struct ctx *cx, const struct folder *f, const char *name)
{
    struct stat st;
    for (const char *end = name; *end; end++) {
        end = strchrnul(end, '/');
        const char *part = str_ndup(cx->arena, name, (size_t)(end - name));
        if (fstatat(f->fd, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
            return err_fail(cx, ERR_DENIED, "open %s/%s: no file is written through a symbolic link", f->path,
                            part);
        if (!*end)
            break;
    }
    return 0;
}

/* Makes the folder of a file. */
static int make_folder(struct ctx *cx, struct folder *f, const char *name)
{
    struct stat st;
    const char *slash = strrchr(name, '/'), *below = str_ndup(cx->arena, name, (size_t)(slash - name));
    const char *path = str_fmt(cx->arena, "%s/%s", f->path, below);
    path = gopath_clean(cx->arena, (struct strv){ path, strlen(path) }).p;
    if (stat(path, &st) < 0 && errno != ENOENT)
        return err_path(cx, "stat", path);
    if (f->fd < 0) {
        if (fs_mkdirs(cx, f->path, 0755) < 0 || fs_open_dir(cx, f->path, &f->fd) < 0)
            return err_code(cx);
        fs_defer_close(cx->arena, f->fd);
    }
    return refuse_links(cx, f, name) < 0 ? err_code(cx) : fs_mkdirs_at(cx, f->fd, below, 0755);
}

/* Names are a chart's: the kernel keeps them below the folder. */
static int write_file(struct ctx *cx, struct folder *f, const char *name, struct strv text, bool append)
{
    CLEANUP(cleanup_fd) int fd = -1;
    int flags = O_WRONLY | (append ? O_APPEND : O_CREAT | O_TRUNC);
    struct buf head = buf_new(cx->arena, PATH_MAX + 64);
    buf_fmt(&head, "---\n" SOURCE "%s\n", name);
    if (make_folder(cx, f, name) < 0)
        return err_code(cx);
    if (fs_open_beneath(cx, f->fd, name, flags, 0666, &fd) < 0)
        return err_path(cx, "open", str_fmt(cx->arena, "%s/%s", f->path, name));
    if (fs_write_all(cx, fd, buf_text(&head), head.len, name) < 0 ||
        fs_write_all(cx, fd, text.p, text.n, name) < 0 || fs_write_all(cx, fd, "\n", 1, name) < 0)
        return err_code(cx);
    printf("wrote %s/%s\n", f->path, name);
    map_set(f->written, name, f);
    return 0;
}

static int write_crds(struct ctx *cx, struct folder *f, const struct manifest_files *crds)
{
    for (size_t i = 0; i < crds->len; i++)
        if (write_file(cx, f, crds->at[i].name, crds->at[i].text, map_has(f->written, crds->at[i].name)) < 0)
            return err_code(cx);
    return 0;
}

static int write_manifests(struct ctx *cx, struct folder *f, const struct manifests *m)
{
    for (size_t i = 0; i < m->plain.len; i++)
        if (write_file(cx, f, m->plain.at[i].name, m->plain.at[i].text,
                       map_has(f->written, m->plain.at[i].name)) < 0)
            return err_code(cx);
    return 0;
}

static bool is_shown(const struct manifest_hook *hook)
{
    return !templateflags.no_hooks && !(templateflags.skip_tests && manifest_hook_has(hook, "test"));
}

/* A hook is added to a file that is there, whoever wrote it. */
static int write_hooks(struct ctx *cx, struct folder *f, const struct manifests *m)
{
    struct stat st;
    for (size_t i = 0; i < m->hooks.len; i++) {
        const struct manifest_hook *hook = &m->hooks.at[i];
        const char *path = str_fmt(cx->arena, "%s/%s", f->path, hook->path);
        if (is_shown(hook) && write_file(cx, f, hook->path, hook->text, stat(path, &st) == 0) < 0)
            return err_code(cx);
    }
    return 0;
}

/* Of a rendering that failed only the hooks are written. */
static int write_all(struct ctx *cx, const char *release, const struct render_output *r)
{
    struct map written = map_new(cx->arena);
    const char *dir = templateflags.output_dir;
    struct folder crds = { dir, -1, &written }, folder = crds;
    if (str_empty(dir))
        return 0;
    if (templateflags.release_name) {
        const char *joined = str_fmt(cx->arena, "%s/%s", dir, release);
        folder.path = gopath_clean(cx->arena, (struct strv){ joined, strlen(joined) }).p;
    }
    if (write_crds(cx, &crds, &r->crds) < 0 || write_manifests(cx, &folder, &r->manifests) < 0)
        return err_code(cx);
    return write_hooks(cx, &folder, &r->manifests);
}

/* -- standard output ---------------------------------------------------------------------------------------------- */

/* What is printed, one behind the other: the texts are megabytes, and stay where they are. */
VEC_NAMED(pieces, struct strv);

static void add(struct arena *a, struct pieces *out, const char *name, struct strv text)
{
    const char *head = str_fmt(a, "---\n" SOURCE "%s\n", name);
    vec_push(a, out, (struct strv){ head, strlen(head) });
    vec_push(a, out, text);
    vec_push(a, out, (struct strv){ "\n", 1 });
}

static void trim_end(struct pieces *out)
{
    while (out->len) {
        struct strv *last = &out->at[out->len - 1], text = manifest_trim(*last);
        if (text.n) {
            last->n = (size_t)(text.p + text.n - last->p);
            return;
        }
        out->len--;
    }
}

/* The release's manifest without white space behind it, then its hooks. */
static void put_together(struct arena *a, struct pieces *out, const struct render_output *r)
{
    for (size_t i = 0; i < r->files.len; i++)
        if (manifest_trim(r->files.at[i].text).n)
            add(a, out, r->files.at[i].name, r->files.at[i].text);
    if (str_empty(templateflags.output_dir)) {
        for (size_t i = 0; i < r->crds.len; i++)
            add(a, out, r->crds.at[i].name, r->crds.at[i].text);
        for (size_t i = 0; i < r->manifests.plain.len; i++)
            add(a, out, r->manifests.plain.at[i].name, r->manifests.plain.at[i].text);
    }
    trim_end(out);
    vec_push(a, out, (struct strv){ "\n", 1 });
    if (str_empty(templateflags.output_dir))
        for (size_t i = 0; i < r->manifests.hooks.len; i++)
            if (is_shown(&r->manifests.hooks.at[i]))
                add(a, out, r->manifests.hooks.at[i].path, r->manifests.hooks.at[i].text);
}

static struct buf joined(struct arena *a, const struct pieces *pieces)
{
    struct buf all = buf_new(a, OUTPUT_MAX);
    size_t total = 0;
    for (size_t i = 0; i < pieces->len; i++)
        total += pieces->at[i].n;
    buf_room(&all, total);
    for (size_t i = 0; i < pieces->len; i++)
        buf_add(&all, pieces->at[i].p, pieces->at[i].n);
    return all;
}

/* What stands behind "# Source: CHART/" in the first such line; NULL when there is none. */
static const char *source_of(struct arena *a, struct strv doc)
{
    const char *end = doc.p + doc.n, *p = doc.p;
    while ((p = memmem(p, (size_t)(end - p), SOURCE, strlen(SOURCE)))) {
        p += strlen(SOURCE);
        const char *line = memchr(p, '\n', (size_t)(end - p));
        line = line ? line : end;
        const char *slash = memchr(p, '/', (size_t)(line - p));
        if (slash && slash > p && slash + 1 < line)
            return str_ndup(a, slash + 1, (size_t)(line - slash - 1));
    }
    return NULL;
}

/* The documents that come of the templates asked for, in their order. */
static int choose(struct ctx *cx, const struct buf *all, struct buf *out)
{
    struct manifest_docs docs;
    manifest_split(cx->arena, (struct strv){ buf_text(all), all->len }, &docs);
    for (size_t i = 0; i < templateflags.show_only.len; i++) {
        const char *wanted = templateflags.show_only.at[i];
        bool missing = true;
        for (size_t j = 0; j < docs.len; j++) {
            const char *source = source_of(cx->arena, docs.at[j]);
            if (!source || !glob_match(wanted, source))
                continue;
            buf_str(out, "---\n");
            buf_add(out, docs.at[j].p, docs.at[j].n);
            buf_char(out, '\n');
            missing = false;
        }
        if (missing)
            return err_fail(cx, ERR_NOT_FOUND, "could not find template %s in chart", wanted);
    }
    return 0;
}

/* In place of all, the documents that were asked for. */
static int narrow(struct ctx *cx, struct pieces *out)
{
    struct buf chosen = buf_new(cx->arena, OUTPUT_MAX), all = joined(cx->arena, out);
    if (buf_ok(cx, &all, "the output") < 0 || choose(cx, &all, &chosen) < 0 ||
        buf_ok(cx, &chosen, "the output") < 0)
        return err_code(cx);
    out->at[0] = (struct strv){ buf_text(&chosen), chosen.len };
    out->len = 1;
    return 0;
}

static int print(struct ctx *cx, const struct render_output *r)
{
    struct pieces out = { 0 };
    put_together(cx->arena, &out, r);
    if (templateflags.show_only.len && narrow(cx, &out) < 0)
        return err_code(cx);
    fflush(stdout);
    return fs_write_pieces(cx, STDOUT_FILENO, out.at, out.len, "standard output");
}

/* -- the command -------------------------------------------------------------------------------------------------- */

static void print_log(const struct notes *log)
{
    static const char *const names[] = {
        [NOTES_INFO] = "INFO",
        [NOTES_WARN] = "WARN",
        [NOTES_ERROR] = "ERROR",
    };
    for (size_t i = 0; i < log->len; i++)
        fprintf(stderr, "level=%s %s\n", names[log->at[i].level % ARRAY_LEN(names)], log->at[i].text);
}

/* `chart`: NULL when it was not found. */
static void print_debug(const char *chart)
{
    if (!templateflags.debug)
        return;
    fprintf(stderr, "level=DEBUG msg=\"Original chart version\" version=\"%s\"\n",
            str_or(templateflags.version, ""));
    if (chart)
        fprintf(stderr, "level=DEBUG msg=\"Chart path\" path=%s\n", chart);
}

static int print_failure(const struct render_output *r, const char *error)
{
    bool advise = r->rendered && !templateflags.debug;
    fprintf(stderr, "Error: %s\n%s%s", error, advise ? "\nUse --debug flag to render out invalid YAML\n" : "",
            str_or(r->hints, ""));
    return 1;
}

/* Finds the release's name and the chart, and renders it. */
static int render(struct ctx *cx, const char *const *args, const char **ret_name, const char **ret_chart,
                  struct render_output *ret)
{
    const char *chart;
    if (find_name(cx, args, ret_name, &chart) < 0 || locate(cx, chart, ret_chart) < 0)
        return err_code(cx);
    struct render_input input = input_of(cx, *ret_name, *ret_chart);
    if (read_streams(cx, &input.streams) < 0)
        return err_code(cx);
    return render_run(cx, &input, ret);
}

/* A name's template runs in this process, the chart's ones in the job's. */
static bool is_left_to_other(const struct ctx *cx, int rc)
{
    return elsewhere_needed() || (rc < 0 && str_eq(cx->err.reason, ELSEWHERE_REASON));
}

static int run(struct ctx *cx, const char *const *args)
{
    const char *name = NULL, *chart = NULL;
    struct render_output r;
    if (templateflags_check(cx) < 0 || require_chart(cx, args) < 0)
        return err_code(cx);
    if (elsewhere_exists() && streams(cx).len)
        return COMMAND_ELSEWHERE;
    int rc = render(cx, args, &name, &chart, &r);
    if (is_left_to_other(cx, rc))
        return COMMAND_ELSEWHERE;
    print_debug(chart);
    if (rc < 0)
        return rc;
    print_log(&r.log);
    if (r.error && !(r.rendered && templateflags.debug))
        return print_failure(&r, r.error);
    if (write_all(cx, name, &r) < 0)
        return print_failure(&r, err_message(cx));
    if (print(cx, &r) < 0 && !r.error)
        return err_code(cx);
    return r.error ? print_failure(&r, r.error) : 0;
}

const struct command template_command = {
    .name = "template",
    .usage = "template [NAME] CHART",
    .help = "Print what a chart's templates make of its values, without a cluster.",
    .details =
        "CHART is a folder or a packed chart. Flags, output and messages are those of `helm template` of Helm 4.2.4; what needs\n"
        "a cluster, the network or programs of others is refused. Templates run in a confined child process: a chart that\n"
        "never ends or takes all memory is one clear error. `lookup` finds nothing.\n",
    .flags = templateflags_rows,
    .flag_count = TEMPLATEFLAGS_COUNT,
    .offline = true,
    .run = run,
    .error_prefix = "Error",
};
