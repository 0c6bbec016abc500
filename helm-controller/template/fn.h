/*
 * fn.h: what the files of functions share. Private to helm-controller/template.
 */
#ifndef GOTK_HELM_TEMPLATE_FN_H
#define GOTK_HELM_TEMPLATE_FN_H

#include "helm-controller/template/exec.h"
#include "helm-controller/template/function.h"
#include "helm-controller/template/layout.h"

/* The head of a function's body: arguments are of the types its row says. */
#define FN(name)                                                                                             \
    static int name(struct exec *x UNUSED, const struct value *args UNUSED, size_t n UNUSED,                 \
                    struct value *ret UNUSED)

/* Fails with the text of an error that a function returns or of its panic. */
#define fn_fail(x, ...) err_fail((x)->cx, ERR_INVALID, __VA_ARGS__)

#define FN_NIL_POINTER "runtime error: invalid memory address or nil pointer dereference"

/* A table of functions, one per file. */
struct function_table {
    const struct function *rows;
    size_t len;
};

extern const struct function_table fn_builtin, fn_defaults, fn_strings, fn_words, fn_numbers, fn_lists,
    fn_dicts, fn_paths, fn_urls, fn_encoding, fn_regex, fn_semver, fn_dates, fn_crypto, fn_certs, fn_random,
    fn_helm, fn_toml, fn_yaml;
/* Of no chart. */
extern const struct function_table fn_environment;
/* The methods of common.Values and common.VersionSet. */
extern const struct function_table fn_values_methods, fn_versions_methods;

/* An empty buffer for a result, and the result of one that was filled. */
struct buf fn_buf(struct exec *x);
int fn_take(struct exec *x, const struct buf *out, struct value *ret) MUST_CHECK;
/* Sprig's strval: strings as they are, everything else as %v. */
struct strv fn_text(struct exec *x, struct value v);
/* Sprig's empty. */
bool fn_is_empty(struct value v);
/* spf13/cast: ToInt64 and ToFloat64; what is no number is 0. */
int64_t fn_to_int(struct value v);
double fn_to_float(struct value v);
/* Sprig's strslice: the elements as strings, a scalar alone, nil as nothing; nil elements are left out. */
struct vlist *fn_to_strings(struct exec *x, struct value v);
/* A time.Time. */
struct value fn_time(struct arena *a, struct moment m);
/* `head` and the bytes behind it, as a string. */
struct value fn_joined(struct exec *x, const char *head, struct strv tail);
/* A string for messages: a NUL in it is STR_NUL. */
const char *fn_shown(struct exec *x, struct value s);
/* A string for readers that end at a NUL: one in it becomes a byte that they refuse. */
const char *fn_terminated(struct exec *x, struct value s);

#endif
