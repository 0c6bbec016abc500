/*
 * engine.c: parsing and rendering a chart's templates; the contract is in engine.h.
 */
#include "helm-controller/template/engine.h"

#include "helm-controller/template/exec.h"
#include "helm-controller/template/parse.h"
#include "helm-controller/template/renderfault.h"

#include <stdlib.h>

#define NO_VALUE "<no value>"

static size_t depth_of(const char *name)
{
    size_t n = 0;
    for (; *name; name++)
        n += *name == '/';
    return n;
}

static int deepest_first(const void *a, const void *b)
{
    const struct engine_file *x = a, *y = b;
    size_t dx = depth_of(x->name), dy = depth_of(y->name);
    return dx != dy ? (dx < dy) - (dx > dy) : strcmp(y->name, x->name);
}

static struct engine_file *in_order(struct ctx *cx, const struct engine_files *files)
{
    struct engine_file *sorted = ARENA_ARRAY(cx->arena, struct engine_file, files->len + 1);
    if (files->len) {
        memcpy(sorted, files->at, files->len * sizeof(*sorted));
        qsort(sorted, files->len, sizeof(*sorted), deepest_first);
    }
    return sorted;
}

static int parse_all(struct ctx *cx, const struct engine_file *files, size_t n, struct template_set *set)
{
    for (size_t i = 0; i < n; i++) {
        struct tree_vec trees;
        struct strv name = { files[i].name, strlen(files[i].name) };
        if (parse_template(cx, name, files[i].text, &trees) < 0)
            return renderfault_parse(cx);
        template_set_add(set, &trees);
    }
    return 0;
}

static bool is_partial(const char *name)
{
    const char *slash = strrchr(name, '/');
    return (slash ? slash[1] : name[0]) == '_';
}

struct strv engine_without_no_value(struct arena *a, struct strv text)
{
    size_t n = 0, i = 0, skip = strlen(NO_VALUE);
    if (!memmem(text.p, text.n, NO_VALUE, skip))
        return text;
    char *out = arena_alloc_raw(a, text.n + 1);
    while (i < text.n) {
        if (text.n - i >= skip && memcmp(text.p + i, NO_VALUE, skip) == 0)
            i += skip;
        else
            out[n++] = text.p[i++];
    }
    out[n] = '\0';
    return (struct strv){ out, n };
}

static void set_template_object(struct arena *a, const struct engine_file *file)
{
    struct vmap *m = vmap_new(a);
    vmap_set_text(m, "Name", v_text(file->name));
    vmap_set_text(m, "BasePath", v_text(file->base_path));
    vmap_set_text(file->data, "Template", (struct value){ .type = V_VALUES, .map = m });
}

static int render(struct exec *x, const struct engine_file *file, struct engine_outputs *ret)
{
    struct arena *a = x->cx->arena;
    struct buf *out = ARENA_NEW(a, struct buf);
    *out = buf_new(a, EXEC_OUTPUT_MAX);
    x->out = out;
    set_template_object(a, file);
    if (exec_named(x, (struct strv){ file->name, strlen(file->name) },
                   (struct value){ .type = V_VALUES, .map = file->data }) < 0)
        return renderfault_exec(x);
    struct engine_output output = {
        file->name,
        engine_without_no_value(a, (struct strv){ buf_text(out), out->len }),
    };
    vec_push(a, ret, output);
    return 0;
}

int engine_render_on(struct ctx *cx, const struct engine_files *files, const struct engine_host *host,
                     struct engine_outputs *ret)
{
    struct map includes = map_new(cx->arena);
    struct template_set *set = template_set_new(cx->arena, NULL);
    const struct engine_file *sorted = in_order(cx, files);
    struct exec x = { .cx = cx, .set = set, .includes = &includes, .host = host };
    *ret = (struct engine_outputs){ 0 };
    if (parse_all(cx, sorted, files->len, set) < 0)
        return err_code(cx);
    for (size_t i = 0; i < files->len; i++)
        if (!is_partial(sorted[i].name) && render(&x, &sorted[i], ret) < 0)
            return err_code(cx);
    return 0;
}

int engine_render(struct ctx *cx, const struct engine_files *files, struct engine_outputs *ret)
{
    const struct engine_host nothing = { 0 };
    return engine_render_on(cx, files, &nothing, ret);
}
