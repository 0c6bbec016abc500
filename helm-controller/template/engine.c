/*
 * engine.c: parsing and rendering a chart's templates; the contract is in engine.h.
 */
#include "helm-controller/template/engine.h"

#include "helm-controller/template/exec.h"
#include "helm-controller/template/parse.h"
#include "helm-controller/template/renderfault.h"
#include "libgotk/helm/chartfiles.h"

#include <stdlib.h>

#define NO_VALUE "<no value>"

static size_t depth_of(const char *name)
{
    size_t n = 0;
    for (; *name; name++)
        n += *name == '/';
    return n;
}

/* A file to be sorted. */
struct place {
    size_t depth;
    const struct engine_file *file;
};

static int deepest_first(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->depth != y->depth ? (x->depth < y->depth) - (x->depth > y->depth)
                                : strcmp(y->file->name, x->file->name);
}

static struct engine_file *in_order(struct ctx *cx, const struct engine_files *files)
{
    struct engine_file *sorted = ARENA_ARRAY(cx->arena, struct engine_file, files->len + 1);
    struct place *places = ARENA_ARRAY(cx->arena, struct place, files->len + 1);
    for (size_t i = 0; i < files->len; i++)
        places[i] = (struct place){ depth_of(files->at[i].name), &files->at[i] };
    qsort(places, files->len, sizeof(*places), deepest_first);
    for (size_t i = 0; i < files->len; i++)
        sorted[i] = *places[i].file;
    return sorted;
}

/* -- parsing ------------------------------------------------------------------------------------------------------ */

/*
 * The templates of one rendering. Helm parses all files, then prints them; most define nothing that others use, and theirs
 * are the most nodes by far. Those are parsed when they are printed or included, into `nodes`, which ends with the file that
 * is printed. The order of errors stays Helm's: after any error the files are parsed again, all and in order (first_mistake).
 */
struct templates {
    struct ctx *cx;
    struct template_set *set;
    struct map waiting; /* by name: struct engine_file, those that define nothing */
    struct arena *nodes;
    struct map loaded; /* by name: struct tree, of those above that are parsed now */
};

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static int parse_file(struct templates *t, const struct engine_file *file)
{
    struct tree_vec trees;
    if (parse_template(t->cx, view(file->name), file->text, &trees) < 0)
        return renderfault_parse(t->cx);
    template_set_add(t->set, &trees);
    return 0;
}

static bool is_partial(const char *name)
{
    const char *slash = strrchr(name, '/');
    return (slash ? slash[1] : name[0]) == '_';
}

/* What stands behind "{{", a dash and white space. */
static struct strv first_word(const char *p, const char *end)
{
    while (p < end && (*p == '-' || *p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return (struct strv){ p, (size_t)(end - p) };
}

static bool starts_with(struct strv s, const char *word)
{
    return s.n >= strlen(word) && memcmp(s.p, word, strlen(word)) == 0;
}

/* Definitions begin an action. */
static bool may_define(struct strv text)
{
    const char *end = text.p + text.n;
    for (const char *p = text.p; (p = memchr(p, '{', (size_t)(end - p))); p++) {
        if (p + 1 == end || p[1] != '{')
            continue;
        struct strv word = first_word(p + 2, end);
        if (starts_with(word, "define") || starts_with(word, "block"))
            return true;
    }
    return false;
}

/* Parses what has definitions, and what is never printed; the others wait. */
static int parse_files(struct templates *t, const struct engine_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!may_define(files[i].text) && !is_partial(files[i].name))
            map_set(&t->waiting, files[i].name, (void *)(uintptr_t)&files[i]);
        else if (parse_file(t, &files[i]) < 0)
            return err_code(t->cx);
        chartfiles_rest(files[i].text, files[i].mapped);
    }
    return 0;
}

/* template_set's load: NULL for no file of ours, or for one that has a mistake, which first_mistake will find. */
static const struct tree *load(void *user, const char *name)
{
    struct templates *t = user;
    struct tree_vec trees;
    const struct engine_file *file = map_find(&t->waiting, name);
    const struct tree *tree = file ? map_find(&t->loaded, name) : NULL;
    if (!file || tree)
        return tree;
    struct err before = t->cx->err;
    if (parse_template_into(t->cx, t->nodes, view(file->name), file->text, &trees) < 0) {
        t->cx->err = before;
        return NULL;
    }
    map_set(&t->loaded, file->name, trees.at[0]);
    return trees.at[0];
}

/* Ends the trees that were parsed for one file. */
static void forget_loaded(struct templates *t)
{
    arena_reset(t->nodes);
    t->loaded = map_new(t->nodes);
}

/* The first mistake of any file is what Helm tells, whatever went wrong since; else the error stays as it is. */
static int first_mistake(struct templates *t, const struct engine_file *files, size_t n)
{
    struct err before = t->cx->err;
    for (size_t i = 0; i < n; i++) {
        struct tree_vec trees;
        forget_loaded(t);
        if (parse_template_into(t->cx, t->nodes, view(files[i].name), files[i].text, &trees) < 0)
            return renderfault_parse(t->cx);
    }
    t->cx->err = before;
    return before.code;
}

struct strv engine_without_no_value(struct arena *a, struct strv text)
{
    size_t n = 0, i = 0, skip = strlen(NO_VALUE);
    const char *first = memchr(text.p, *NO_VALUE, text.n);
    if (!first || !memmem(first, text.n - (size_t)(first - text.p), NO_VALUE, skip))
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

/* All files print into one buffer, whose content is copied: what growing buffers leave behind adds up. */
static int render(struct exec *x, const struct engine_file *file, struct buf *out, struct engine_outputs *ret)
{
    struct arena *a = x->cx->arena;
    buf_cut(out, 0);
    x->out = out;
    set_template_object(a, file);
    if (exec_named(x, (struct strv){ file->name, strlen(file->name) },
                   (struct value){ .type = V_VALUES, .map = file->data }) < 0) {
        if (x->host && x->host->trace)
            renderfault_trace(x, file->name, x->host->trace);
        return renderfault_exec(x);
    }
    struct strv printed = { buf_text(out), out->len }, text = engine_without_no_value(a, printed);
    if (text.p == printed.p)
        text.p = str_ndup(a, printed.p, printed.n);
    struct engine_output output = { file->name, text };
    vec_push(a, ret, output);
    return 0;
}

static int render_all(struct templates *t, struct exec *x, const struct engine_file *files, size_t n,
                      struct engine_outputs *ret)
{
    struct buf out = buf_new(t->cx->arena, EXEC_OUTPUT_MAX);
    size_t largest = 0;
    if (parse_files(t, files, n) < 0)
        return err_code(t->cx);
    for (size_t i = 0; i < n; i++)
        largest = files[i].text.n > largest ? files[i].text.n : largest;
    buf_room(&out, largest + largest / 8);
    for (size_t i = 0; i < n; i++) {
        if (!is_partial(files[i].name) && render(x, &files[i], &out, ret) < 0)
            return err_code(t->cx);
        forget_loaded(t);
        chartfiles_rest(files[i].text, files[i].mapped);
    }
    return 0;
}

int engine_render_on(struct ctx *cx, const struct engine_files *files, const struct engine_host *host,
                     struct engine_outputs *ret)
{
    CLEANUP(arena_cleanup) struct arena *nodes = arena_new(arena_max(cx->arena));
    struct map includes = map_new(cx->arena);
    struct templates t = {
        .cx = cx,
        .set = template_set_new(cx->arena, NULL),
        .waiting = map_new(cx->arena),
        .nodes = nodes,
        .loaded = map_new(nodes),
    };
    const struct engine_file *sorted = in_order(cx, files);
    struct exec x = { .cx = cx, .set = t.set, .includes = &includes, .host = host };
    *ret = (struct engine_outputs){ 0 };
    t.set->load = load;
    t.set->user = &t;
    if (render_all(&t, &x, sorted, files->len, ret) >= 0)
        return 0;
    const char *message = err_message(cx);
    int rc = first_mistake(&t, sorted, files->len);
    if (host->trace && err_message(cx) != message)
        *host->trace = (struct engine_trace){ 0 };
    return rc;
}

int engine_render(struct ctx *cx, const struct engine_files *files, struct engine_outputs *ret)
{
    const struct engine_host nothing = { 0 };
    return engine_render_on(cx, files, &nothing, ret);
}
