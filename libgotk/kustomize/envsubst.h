/*
 * envsubst.h: ${name} in a text, with the shell-like operators Flux knows.
 *
 * ${v} ${#v} ${v^} ${v^^} ${v,} ${v,,} ${v:p} ${v:p:n} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/a/b} ${v//a/b} ${v/#a/b}
 * ${v/%a/b} ${v=d} ${v:=d} ${v:-d} ${v:?d} ${v:+d}; $$ is a dollar; arguments may hold ${...} again. Any thread.
 */
#ifndef GOTK_KUSTOMIZE_ENVSUBST_H
#define GOTK_KUSTOMIZE_ENVSUBST_H

#include "libgotk/base/buf.h"
#include "libgotk/base/map.h"

/* Appends the expanded text. `vars` maps names to const char *. With `strict` a name that is not in it, and has no default,
 * is ERR_INVALID: variable not set (strict mode): "name". Malformed expressions are ERR_INVALID "bad substitution",
 * "missing closing brace", ... Messages name variables and lines, never values. */
int envsubst_expand(struct ctx *cx, const char *text, const struct map *vars, bool strict,
                    struct buf *out) MUST_CHECK;

/* What an operator does to a value: `args` are its expanded arguments. */
const char *envsubst_apply(struct arena *a, const char *op, const char *value, const char *const *args,
                           size_t count);

/* True for the operators that supply a value themselves. */
bool envsubst_is_default(const char *op);

/* Shell pattern match of the whole text: * ? [a-z] [^a] \c; * also crosses "/". -1 for a malformed pattern. */
int envsubst_glob(const char *pattern, const char *text, size_t len);

#endif
