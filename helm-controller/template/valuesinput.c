/*
 * valuesinput.c: values from files and flags; the contract is in valuesinput.h.
 */
#include "helm-controller/template/valuesinput.h"

#include "helm-controller/template/convert.h"
#include "helm-controller/template/gojson.h"
#include "helm-controller/template/strvals.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/gourl.h"
#include "libgotk/helm/chartfiles.h"
#include "libgotk/helm/valuesfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX       ((size_t)64 << 20)
#define STANDARD_INPUT "-"

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static bool is_scheme(struct strv scheme, const char *name)
{
    return scheme.n == strlen(name) && memcmp(scheme.p, name, scheme.n) == 0;
}

void valuesinput_overlay(struct vmap *into, const struct vmap *from)
{
    size_t cursor = 0;
    for (const struct vmap_entry *e; (e = vmap_next(from, &cursor));) {
        struct value old;
        if (e->value.type == V_MAP && vmap_get(into, e->key, &old) && old.type == V_MAP)
            valuesinput_overlay(old.map, e->value.map);
        else
            vmap_set(into, e->key, e->value);
    }
}

int valuesinput_parse(struct ctx *cx, struct strv text, const char *name, struct vmap **ret)
{
    struct doc *d;
    if (valuesfile_parse(cx, text, name, &d) < 0)
        return err_code(cx);
    *ret = convert_from_doc(cx->arena, d).map;
    return 0;
}

/* -- streams ------------------------------------------------------------------------------------------------------ */

static bool is_standard_input(struct arena *a, const char *path)
{
    return str_eq(str_trim(a, path), STANDARD_INPUT);
}

/* Descriptors of this process have names too. */
static bool is_stream(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISDIR(st.st_mode))
        return false;
    return !S_ISREG(st.st_mode) || str_starts(path, "/dev/") || str_starts(path, "/proc/");
}

static void note(struct arena *a, struct str_list *paths, const char *path)
{
    if (is_standard_input(a, path))
        path = STANDARD_INPUT;
    else if (!is_stream(path))
        return;
    for (size_t i = 0; i < paths->len; i++)
        if (str_eq(paths->at[i], path))
            return;
    vec_push(a, paths, path);
}

static int note_value(struct ctx *cx, void *user, const char *path, struct strv *ret)
{
    note(cx->arena, user, path);
    *ret = view("");
    return 0;
}

struct str_list valuesinput_stream_paths(struct ctx *cx, const struct str_list *files,
                                         const struct str_list *set_files)
{
    struct str_list paths = { 0 };
    for (size_t i = 0; i < files->len; i++)
        note(cx->arena, &paths, files->at[i]);
    for (size_t i = 0; i < set_files->len; i++)
        if (strvals_parse_files(cx, view(set_files->at[i]), note_value, &paths, vmap_new(cx->arena)) < 0)
            err_clear(cx); /* told when the values are merged */
    return paths;
}

static int read_all(struct ctx *cx, int fd, const char *name, struct strv *ret)
{
    struct buf data = buf_new(cx->arena, FILE_MAX);
    while (!data.overflow) {
        char block[65536];
        ssize_t n = read(fd, block, sizeof(block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_path(cx, "read", name);
        if (n == 0)
            break;
        buf_add(&data, block, (size_t)n);
    }
    *ret = (struct strv){ buf_text(&data), data.len };
    return buf_ok(cx, &data, name);
}

int valuesinput_read_stream(struct ctx *cx, const char *path, struct strv *ret)
{
    if (str_eq(path, STANDARD_INPUT))
        return read_all(cx, STDIN_FILENO, "/dev/stdin", ret);
    CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_path(cx, "open", path) : read_all(cx, fd, path, ret);
}

/* What was read once is at its end. */
static bool take_stream(struct ctx *cx, const struct valuesinput *in, const char *path, struct strv *ret)
{
    const char *name = is_standard_input(cx->arena, path) ? STANDARD_INPUT : path;
    for (size_t i = 0; i < in->streams.len; i++) {
        struct valuesinput_stream *s = &in->streams.at[i];
        if (!str_eq(s->path, name))
            continue;
        *ret = s->text;
        s->text.n = 0;
        return true;
    }
    return false;
}

/* -- the sources of values ---------------------------------------------------------------------------------------- */

static int read_file(struct ctx *cx, const struct valuesinput *in, const char *path, struct strv *ret)
{
    struct buf data;
    struct gourl url;
    if (take_stream(cx, in, path, ret))
        return 0;
    if (gourl_parse(cx, view(path), &url) < 0)
        return err_code(cx);
    if (is_scheme(url.scheme, "http") || is_scheme(url.scheme, "https") || is_scheme(url.scheme, "oci"))
        return err_fail(cx, ERR_UNSUPPORTED, "%s: values are read from files only: download it first", path);
    if (chartfiles_read_file(cx, path, FILE_MAX, &data) < 0)
        return err_code(cx);
    *ret = (struct strv){ buf_text(&data), data.len };
    return 0;
}

static int add_file(struct ctx *cx, struct valuesinput *in, const char *path, struct vmap *into)
{
    struct strv text;
    struct vmap *values;
    if (read_file(cx, in, path, &text) < 0)
        return err_code(cx);
    if (valuesinput_parse(cx, text, path, &values) < 0)
        return err_wrap(cx, "failed to parse %s", path);
    valuesinput_overlay(into, values);
    return 0;
}

/* A JSON object to be merged, or an assignment of JSON. What is wrong with it Helm does not tell. */
static int add_json(struct ctx *cx, struct valuesinput *in UNUSED, const char *text, struct vmap *into)
{
    struct value given;
    const char *trimmed = str_trim(cx->arena, text);
    if (*trimmed != '{') {
        if (strvals_parse(cx, view(text), STRVALS_JSON, into) < 0)
            return err_fail(cx, err_code(cx), "failed parsing --set-json data %s", text);
        return 0;
    }
    if (gojson_parse(cx, view(trimmed), &given) < 0)
        return err_fail(cx, err_code(cx), "failed parsing --set-json data JSON: %s", text);
    valuesinput_overlay(into, given.map);
    return 0;
}

static int add_set(struct ctx *cx, struct valuesinput *in UNUSED, const char *text, struct vmap *into)
{
    int rc = strvals_parse(cx, view(text), STRVALS_TYPED, into);
    return rc < 0 ? err_wrap(cx, "failed parsing --set data") : 0;
}

static int add_set_string(struct ctx *cx, struct valuesinput *in UNUSED, const char *text, struct vmap *into)
{
    int rc = strvals_parse(cx, view(text), STRVALS_STRINGS, into);
    return rc < 0 ? err_wrap(cx, "failed parsing --set-string data") : 0;
}

static int read_value(struct ctx *cx, void *user, const char *path, struct strv *ret)
{
    return read_file(cx, user, path, ret);
}

static int add_set_file(struct ctx *cx, struct valuesinput *in, const char *text, struct vmap *into)
{
    int rc = strvals_parse_files(cx, view(text), read_value, in, into);
    return rc < 0 ? err_wrap(cx, "failed parsing --set-file data") : 0;
}

static int add_set_literal(struct ctx *cx, struct valuesinput *in UNUSED, const char *text, struct vmap *into)
{
    int rc = strvals_parse(cx, view(text), STRVALS_LITERAL, into);
    return rc < 0 ? err_wrap(cx, "failed parsing --set-literal data") : 0;
}

int valuesinput_merge(struct ctx *cx, struct valuesinput *in, struct vmap **ret)
{
    struct vmap *values = vmap_new(cx->arena);
    const struct {
        const struct str_list *list;
        int (*add)(struct ctx *cx, struct valuesinput *in, const char *text, struct vmap *into);
    } order[] = {
        { &in->files, add_file },         { &in->json, add_json },
        { &in->sets, add_set },           { &in->set_strings, add_set_string },
        { &in->set_files, add_set_file }, { &in->set_literals, add_set_literal },
    };
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        for (size_t j = 0; j < order[i].list->len; j++)
            if (order[i].add(cx, in, order[i].list->at[j], values) < 0)
                return err_code(cx);
    *ret = values;
    return 0;
}
