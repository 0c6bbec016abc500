/*
 * fn_helm.c: Helm's own functions: include, tpl, required, fail, lookup, and the methods of .Values.
 */
#include "helm-controller/template/convert.h"
#include "helm-controller/template/engine.h"
#include "helm-controller/template/fn.h"
#include "helm-controller/template/parse.h"
#include "helm-controller/template/renderfault.h"
#include "libgotk/base/quote.h"

#define INCLUDES_MAX 1000 /* nested includes of one name */

/* Counts the includes of a name that are under way. */
static uintptr_t *count_of(struct exec *x, struct strv name)
{
    const char *key = str_without_nuls(x->cx->arena, name.p, name.n);
    uintptr_t *count = map_find(x->includes, key);
    if (!count) {
        count = ARENA_NEW(x->cx->arena, uintptr_t);
        map_set(x->includes, key, count);
    }
    return count;
}

FN(fn_include)
{
    struct strv name = v_view(args[0]);
    struct buf out = fn_buf(x), *outer = x->out;
    uintptr_t *count = count_of(x, name);
    if (*count > INCLUDES_MAX)
        return fn_fail(x, "rendering template has a nested reference name: %.*s: unable to execute template",
                       (int)name.n, name.p);
    ++*count;
    x->out = &out;
    int rc = exec_named(x, name, value_unboxed(args[1]));
    x->out = outer;
    --*count;
    return rc < 0 ? rc : fn_take(x, &out, ret);
}

/* Wraps a template's error in one of `tpl`, which Helm does not take for a template error. */
static int wrap_fault(struct exec *x, const char *what, struct value text)
{
    struct fault *f = ARENA_NEW(x->cx->arena, struct fault);
    *f = (struct fault){ str_fmt(x->cx->arena, "%s %s: %s", what, quote_go(x->cx->arena, text.s, text.len),
                                 err_message(x->cx)),
                         x->fault };
    x->fault = f;
    return err_take(x->cx, err_code(x->cx), f->text);
}

static int run_tpl(struct exec *x, const struct tree *tree, struct value data, struct value *ret)
{
    struct buf out = fn_buf(x), *outer = x->out;
    x->out = &out;
    int rc = exec_tree(x, tree, data);
    x->out = outer;
    if (rc < 0 || buf_ok(x->cx, &out, "what tpl makes") < 0)
        return err_code(x->cx);
    struct strv text = engine_without_no_value(x->cx->arena, (struct strv){ buf_text(&out), out.len });
    *ret = v_str(text.p, text.n);
    return 0;
}

/* The definitions of the text are seen within it only. */
FN(fn_tpl)
{
    static const char name[] = "gotpl";
    struct tree_vec trees;
    const struct template_set *outer = x->set;
    struct template_set *set = template_set_new(x->cx->arena, outer);
    if (parse_template(x->cx, (struct strv){ name, strlen(name) }, v_view(args[0]), &trees) < 0)
        return wrap_fault(x, "cannot parse template", args[0]);
    const struct tree *main_tree = NULL;
    for (size_t i = 0; i < trees.len; i++)
        if (trees.at[i]->name.n == strlen(name) && memcmp(trees.at[i]->name.p, name, strlen(name)) == 0)
            main_tree = trees.at[i];
    template_set_add(set, &trees);
    x->set = set;
    int rc = run_tpl(x, main_tree, value_unboxed(args[1]), ret);
    x->set = outer;
    return rc < 0 ? wrap_fault(x, "error during tpl function execution for", args[0]) : 0;
}

static int warn(struct exec *x, struct value message)
{
    return fn_fail(x, RENDERFAULT_START "%s" RENDERFAULT_END, fn_shown(x, message));
}

FN(fn_required)
{
    if (args[1].type == V_NIL || (args[1].type == V_STRING && args[1].len == 0))
        return warn(x, args[0]);
    *ret = args[1];
    return 0;
}

FN(fn_fail_with)
{
    return warn(x, args[0]);
}

FN(fn_lookup)
{
    struct arena *a = x->cx->arena;
    const struct engine_host *host = x->host;
    const char *words[4];
    struct doc *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        words[i] = str_ndup(a, args[i].s, args[i].len);
    if (host && host->lookup && host->lookup(x->cx, host->user, words, &found) < 0)
        return err_code(x->cx);
    *ret = found ? convert_from_doc(a, found) : v_map(vmap_new(a));
    return 0;
}

FN(fn_get_host)
{
    *ret = v_str("", 0);
    return 0;
}

static const struct function rows[] = {
    { "include", "sa", fn_include }, { "tpl", "sa", fn_tpl },         { "required", "sa", fn_required },
    { "fail", "s", fn_fail_with },   { "lookup", "ssss", fn_lookup }, { "getHostByName", "s", fn_get_host },
};
const struct function_table fn_helm = { rows, ARRAY_LEN(rows) };

/* -- common.Values ----------------------------------------------------------------------------------------- */

FN(values_as_map)
{
    *ret = v_map(args[0].map ? args[0].map : vmap_new(x->cx->arena));
    return 0;
}

static const char *quoted(struct exec *x, struct strv s)
{
    return quote_go(x->cx->arena, s.p, s.n);
}

/* The table behind a dotted path. */
static int find_table(struct exec *x, struct vmap *from, struct strv path, struct vmap **ret)
{
    const char *end = path.p + path.n;
    for (const char *p = path.p, *dot; p <= end; p = dot + 1) {
        struct value v;
        dot = memchr(p, '.', (size_t)(end - p));
        dot = dot ? dot : end;
        struct strv key = { p, (size_t)(dot - p) };
        if (!vmap_get(from, key, &v) || !value_is_dict(v))
            return fn_fail(x, "%s is not a table", quoted(x, key));
        from = v.map;
    }
    *ret = from;
    return 0;
}

FN(values_table)
{
    struct vmap *table;
    if (find_table(x, args[0].map, v_view(args[1]), &table) < 0)
        return err_code(x->cx);
    *ret = (struct value){ .type = V_VALUES, .map = table };
    return 0;
}

FN(values_path_value)
{
    struct strv path = v_view(args[1]);
    const char *dot = memrchr(path.p, '.', path.n);
    struct vmap *table = args[0].map;
    struct strv key = dot ? (struct strv){ dot + 1, path.n - (size_t)(dot + 1 - path.p) } : path;
    if (path.n == 0)
        return fn_fail(x, "YAML path cannot be empty");
    bool found = !dot || find_table(x, table, (struct strv){ path.p, (size_t)(dot - path.p) }, &table) >= 0;
    if (!found || !vmap_get(table, key, ret) || ret->type == V_MAP)
        return fn_fail(x, "%s is not a value", quoted(x, key));
    *ret = value_any(*ret);
    return 0;
}

FN(values_yaml)
{
    if (convert_to_yaml(x->cx, args[0], ret) < 0)
        return err_code(x->cx);
    *ret = v_text(str_fmt(x->cx->arena, "%.*s\n", (int)ret->len, ret->s));
    return 0;
}

FN(values_encode)
{
    return fn_fail(x, "no value of a chart is a writer");
}

static const struct function methods[] = {
    { "YAML", "", values_yaml },      { "AsMap", "", values_as_map },
    { "Table", "s", values_table },   { "PathValue", "s", values_path_value },
    { "Encode", "w", values_encode },
};
const struct function_table fn_values_methods = { methods, ARRAY_LEN(methods) };
