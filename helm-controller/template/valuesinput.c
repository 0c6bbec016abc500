/*
 * valuesinput.c: values from files and flags; the contract is in valuesinput.h.
 */
#include "helm-controller/template/valuesinput.h"

#include "helm-controller/template/convert.h"
#include "helm-controller/template/gojson.h"
#include "helm-controller/template/strvals.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/gourl.h"
#include "libgotk/helm/chartfiles.h"
#include "libgotk/helm/valuesfile.h"

#include <unistd.h>

#define FILE_MAX ((size_t)64 << 20)

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

int valuesinput_read_stdin(struct ctx *cx, struct strv *ret)
{
    struct buf data = buf_new(cx->arena, FILE_MAX);
    for (;;) {
        char block[65536];
        ssize_t n = read(STDIN_FILENO, block, sizeof(block));
        if (n < 0)
            return err_path(cx, "read", "/dev/stdin");
        if (n == 0)
            break;
        buf_add(&data, block, (size_t)n);
    }
    *ret = (struct strv){ buf_text(&data), data.len };
    return buf_ok(cx, &data, "the standard input");
}

/* What was read once is at its end. */
static int take_stdin(struct ctx *cx, struct valuesinput *in, struct strv *ret)
{
    if (!in->standard_input.p && valuesinput_read_stdin(cx, &in->standard_input) < 0)
        return err_code(cx);
    *ret = in->standard_input;
    in->standard_input.n = 0;
    return 0;
}

static int read_file(struct ctx *cx, struct valuesinput *in, const char *path, struct strv *ret)
{
    struct buf data;
    struct gourl url;
    if (str_eq(str_trim(cx->arena, path), "-"))
        return take_stdin(cx, in, ret);
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
