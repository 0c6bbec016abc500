/*
 * renderhints.c: explaining a template's failure; the contract is in renderhints.h.
 *
 * Reads the texts of Go's errors again, as Helm does. Pure functions, in the child.
 */
#include "helm-controller/renderhints.h"

#include "helm-controller/template/function.h"
#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <string.h>

#define HINTS_MAX ((size_t)1 << 17)
#define VALUES    ".Values."
#define NIL       "nil pointer evaluating "
#define CHARTS    "/charts/"

/* The values of the chart that a file belongs to: of a/charts/b/templates/x.yaml those under "b". */
static const struct vmap *values_of(struct arena *a, const char *file, const struct vmap *values)
{
    struct value section;
    for (const char *sub; values && (sub = strstr(file, CHARTS)); file = sub) {
        sub += strlen(CHARTS);
        const char *name = str_ndup(a, sub, strcspn(sub, "/"));
        if (!vmap_get(values, (struct strv){ name, strlen(name) }, &section) || !value_is_dict(section))
            return NULL;
        values = section.map;
    }
    return values;
}

/* The key of a table that is spelled most like `name`; NULL when none is near. */
static const char *nearest_key(struct arena *a, const struct vmap *m, const char *name)
{
    size_t count = 0;
    const struct vmap_entry **entries = vmap_sorted(m, a, &count);
    const char **keys = ARENA_ARRAY(a, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        keys[i] = str_ndup(a, entries[i]->key.p, entries[i]->key.n);
    return str_nearest(name, keys, count);
}

/* Follows a path of keys as far as there are tables; *ret_missing is the first key that leads nowhere. */
static const struct vmap *follow(struct arena *a, const struct vmap *m, const char *path, size_t len,
                                 const char **ret_known, const char **ret_missing)
{
    const char *end = path + len;
    *ret_missing = NULL;
    for (const char *p = path, *dot; p < end; p = dot + 1) {
        struct value v;
        dot = memchr(p, '.', (size_t)(end - p));
        dot = dot ? dot : end;
        *ret_known = str_ndup(a, path, (size_t)(p - path));
        *ret_missing = str_ndup(a, p, (size_t)(dot - p));
        if (!vmap_get(m, (struct strv){ p, (size_t)(dot - p) }, &v) || !value_is_dict(v) || !v.map)
            return m;
        m = v.map;
    }
    return m;
}

/* `.Values.a.b` up to `stop` is not there, and which key is spelled alike. */
static void tell_missing(struct arena *a, struct buf *out, const struct engine_trace *t,
                         const struct vmap *values, struct strv path)
{
    const char *known = "", *missing = NULL, *keys = path.p + strlen(VALUES);
    buf_fmt(out, "hint: %.*s is null or absent", (int)path.n, path.p);
    values = values_of(a, t->file, values);
    const struct vmap *table =
        values ? follow(a, values, keys, (size_t)(path.p + path.n - keys), &known, &missing) : NULL;
    const char *near = table && missing ? nearest_key(a, table, missing) : NULL;
    if (near && !str_eq(near, missing))
        buf_fmt(out, "; there is " VALUES "%s%s", known, near);
    buf_char(out, '\n');
}

/* The part of the node in front of a field that is one of its keys: `.Values.a` for ".b" in `.Values.a.b.c`. */
static bool path_before(const struct engine_trace *t, const char *field, struct strv *ret)
{
    const char *path = strstr(t->node, VALUES);
    const char *keys = path ? path + strlen(VALUES) : NULL, *stop = path ? strstr(keys - 1, field) : NULL;
    if (!stop || stop < keys || strcspn(keys, " ()|,") < (size_t)(stop - keys))
        return false;
    *ret = (struct strv){ path, (size_t)(stop - path) };
    return true;
}

/* For `.Values.a.b.c` that failed at field b: `.Values.a` is what is not there. */
static void hint_at_nil(struct arena *a, struct buf *out, const struct engine_trace *t,
                        const struct vmap *values)
{
    struct strv path;
    const char *field = strrchr(t->message, '.');
    if (field && str_starts(t->message, NIL) && path_before(t, field, &path))
        tell_missing(a, out, t, values, path);
}

/* For a function that was given `.Values.a`. */
static void hint_at_argument(struct arena *a, struct buf *out, const struct engine_trace *t,
                             const struct vmap *values)
{
    bool nil = str_starts(t->message, "wrong type for value; expected ") &&
               str_ends(t->message, "; got interface {}");
    if (nil && str_starts(t->node, VALUES) && !strpbrk(t->node, " ()|,"))
        tell_missing(a, out, t, values, (struct strv){ t->node, strlen(t->node) });
}

/* For `.Values.a.b`, of which `.Values.a` is no table. */
static void hint_at_scalar(struct arena *a, struct buf *out, const struct engine_trace *t,
                           const struct vmap *values)
{
    static const char start[] = "can't evaluate field ", end[] = " in type interface {}";
    const char *known = "", *last = NULL;
    struct strv path;
    struct value v;
    if (!str_starts(t->message, start) || !str_ends(t->message, end) ||
        !(values = values_of(a, t->file, values)))
        return;
    const char *field = t->message + strlen(start);
    if (!path_before(t, str_fmt(a, ".%.*s", (int)(strlen(field) - strlen(end)), field), &path))
        return;
    const char *keys = path.p + strlen(VALUES);
    const struct vmap *table = follow(a, values, keys, path.n - strlen(VALUES), &known, &last);
    if (last && vmap_get(table, (struct strv){ last, strlen(last) }, &v) && !value_is_dict(v))
        buf_fmt(out, "hint: %.*s is a %s, which has no fields\n", (int)path.n, path.p,
                value_is_list(v)     ? "list"
                : v.type == V_STRING ? "string"
                : v.type == V_BOOL   ? "boolean"
                                     : "number");
}

/* What include, range and with make of the dot. */
static void hint_at_dot(struct arena *a, struct buf *out, const struct engine_trace *t,
                        const struct vmap *values UNUSED)
{
    const char *first = str_starts(t->node, VALUES) ? t->node + strlen(VALUES) : NULL;
    const char *nil =
        first ? str_fmt(a, NIL "interface {}.%.*s", (int)strcspn(first, ". ()|,"), first) : NULL;
    if (str_starts(t->message, "can't evaluate field Values in type ") || str_eq(t->message, nil))
        buf_str(
            out,
            "hint: the dot is not the chart's here, but what include, range or with made it; in range and with, $ "
            "still is\n");
}

static void hint_at_number(struct arena *a UNUSED, struct buf *out, const struct engine_trace *t,
                           const struct vmap *values UNUSED)
{
    if (str_ends(t->message, "expected int; got float64") ||
        strstr(t->message, "comparison: float64 and int") ||
        strstr(t->message, "comparison: int and float64"))
        buf_str(out, "hint: numbers of values are float64; (int .Values.x) makes one whole\n");
}

static void hint_at_template(struct arena *a UNUSED, struct buf *out, const struct engine_trace *t,
                             const struct vmap *values UNUSED)
{
    if (t->near)
        buf_fmt(out, "hint: there is a template \"%s\"\n", t->near);
}

static void hint_at_function(struct arena *a, struct buf *out, const char *error)
{
    static const char start[] = ": function \"", end[] = "\" not defined";
    const char *name = strstr(error, start);
    if (!name || !str_ends(error, end))
        return;
    name += strlen(start);
    const char *near = function_nearest(str_ndup(a, name, strlen(name) - strlen(end)));
    if (near)
        buf_fmt(out, "hint: there is a function \"%s\"\n", near);
}

const char *renderhints(struct arena *a, const char *error, const struct engine_trace *trace,
                        const struct vmap *values)
{
    static void (*const all[])(struct arena * a, struct buf * out, const struct engine_trace *t,
                               const struct vmap *values) = {
        hint_at_nil, hint_at_argument, hint_at_scalar, hint_at_dot, hint_at_number, hint_at_template,
    };
    struct buf out = buf_new(a, HINTS_MAX);
    if (trace->places && strstr(trace->places, " -> "))
        buf_fmt(&out, "hint: templates: %s\n", trace->places);
    for (size_t i = 0; i < ARRAY_LEN(all) && trace->node && trace->message; i++)
        all[i](a, &out, trace, values);
    hint_at_function(a, &out, error);
    return out.len ? buf_text(&out) : NULL;
}
