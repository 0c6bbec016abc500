/*
 * renderhints.c: explaining a template's failure; the contract is in renderhints.h.
 *
 * Reads the texts of Go's errors again, as Helm does. Pure functions, in the child.
 */
#include "helm-controller/renderhints.h"

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

/* For `.Values.a.b.c` that failed at field b: `.Values.a` is what is not there. */
static void hint_at_nil(struct arena *a, struct buf *out, const struct engine_trace *t,
                        const struct vmap *values)
{
    const char *path = strstr(t->node, VALUES), *field = strrchr(t->message, '.');
    const char *known = "", *missing = NULL;
    if (!path || !field || !str_starts(t->message, NIL))
        return;
    const char *keys = path + strlen(VALUES), *stop = strstr(keys - 1, field);
    if (!stop || stop <= keys || strcspn(keys, " ()|,") < (size_t)(stop - keys))
        return;
    buf_fmt(out, "hint: %.*s is null or absent", (int)(stop - path), path);
    values = values_of(a, t->file, values);
    const struct vmap *table =
        values ? follow(a, values, keys, (size_t)(stop - keys), &known, &missing) : NULL;
    const char *near = table && missing ? nearest_key(a, table, missing) : NULL;
    if (near && !str_eq(near, missing))
        buf_fmt(out, "; there is " VALUES "%s%s", known, near);
    buf_char(out, '\n');
}

const char *renderhints(struct arena *a, const struct engine_trace *trace, const struct vmap *values)
{
    struct buf out = buf_new(a, HINTS_MAX);
    if (trace->places && strstr(trace->places, " -> "))
        buf_fmt(&out, "hint: templates: %s\n", trace->places);
    if (trace->node && trace->message)
        hint_at_nil(a, &out, trace, values);
    return out.len ? buf_text(&out) : NULL;
}
