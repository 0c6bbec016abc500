/*
 * valuesinput.c: values from files and flags; the contract is in valuesinput.h.
 */
#include "helm-controller/template/valuesinput.h"

#include "helm-controller/template/convert.h"
#include "helm-controller/template/strvals.h"
#include "libgotk/base/fs.h"
#include "libgotk/helm/valuesfile.h"

#include <unistd.h>

#define FILE_MAX ((size_t)64 << 20)

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

static int read_stdin(struct ctx *cx, struct strv *ret)
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

static int read_file(struct ctx *cx, const char *path, struct strv *ret)
{
    struct buf data;
    if (str_eq(str_trim(cx->arena, path), "-"))
        return read_stdin(cx, ret);
    if (str_starts(path, "http://") || str_starts(path, "https://") || str_starts(path, "oci://"))
        return err_fail(cx, ERR_UNSUPPORTED, "%s: values are read from files only: download it first", path);
    if (access(path, R_OK) < 0)
        return err_path(cx, "open", path);
    if (fs_read_file(cx, path, FILE_MAX, &data) < 0)
        return err_code(cx);
    *ret = (struct strv){ buf_text(&data), data.len };
    return 0;
}

static int add_file(struct ctx *cx, const char *path, struct vmap *into)
{
    struct strv text;
    struct vmap *values;
    if (read_file(cx, path, &text) < 0)
        return err_code(cx);
    if (valuesinput_parse(cx, text, path, &values) < 0)
        return err_wrap(cx, "failed to parse %s", path);
    valuesinput_overlay(into, values);
    return 0;
}

static int add_set(struct ctx *cx, const char *text, bool strings, struct vmap *into)
{
    if (strvals_parse(cx, (struct strv){ text, strlen(text) }, strings, into) < 0)
        return err_wrap(cx, "failed parsing %s data", strings ? "--set-string" : "--set");
    return 0;
}

int valuesinput_merge(struct ctx *cx, const struct valuesinput *in, struct vmap **ret)
{
    struct vmap *values = vmap_new(cx->arena);
    if (in->json.len || in->set_files.len || in->set_literals.len)
        return err_fail(cx, ERR_UNSUPPORTED, "--set-json, --set-file and --set-literal are not read yet");
    for (size_t i = 0; i < in->files.len; i++)
        if (add_file(cx, in->files.at[i], values) < 0)
            return err_code(cx);
    for (size_t i = 0; i < in->sets.len; i++)
        if (add_set(cx, in->sets.at[i], false, values) < 0)
            return err_code(cx);
    for (size_t i = 0; i < in->set_strings.len; i++)
        if (add_set(cx, in->set_strings.at[i], true, values) < 0)
            return err_code(cx);
    *ret = values;
    return 0;
}
