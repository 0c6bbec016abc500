/*
 * function.h: a function that templates can call, as one row of a table.
 *
 * The parameters are spelled as letters, `*` behind the last one for "any number of it":
 * a interface{}, r any value as it is, s string, i int, u uint32, b bool, f float64, d map[string]interface{},
 * l []interface{}, y []byte, t time.Time, n time.Duration, o *time.Location, c sprig's certificate. An argument of another type is refused as Go refuses it; no
 * number is converted.
 */
#ifndef GOTK_HELM_TEMPLATE_FUNCTION_H
#define GOTK_HELM_TEMPLATE_FUNCTION_H

#include "helm-controller/template/value.h"

struct exec;

struct function {
    const char *name;
    const char *params;
    /* Fails with the error's text in the context; the caller adds "error calling NAME: " and the place. NULL: its results
     * are such that templates cannot call it, and params says why; it has no parameters. */
    int (*call)(struct exec *x, const struct value *args, size_t n, struct value *ret);
};

/* The function of a name; NULL when there is none. */
const struct function *function_find(struct strv name);
/* The same among Sprig's and Go's functions alone, with those that read the environment: not for what a chart wrote. */
const struct function *function_find_plain(struct strv name);
/* A function of a chart that is spelled almost so; NULL when none is. */
const char *function_nearest(const char *name);
/* The method of a value's type; NULL when it has none of that name. Receivers are the first argument. */
const struct function *function_method(struct value receiver, struct strv name);

#endif
