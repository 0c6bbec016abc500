/*
 * vars.h: variables: $(NAME) in fields that may hold them stands for a field of another object.
 *
 * Declared by kustomizations on the way up, expanded once at the end. Deprecated upstream, but in wide use. One build.
 */
#ifndef GOTK_KUSTOMIZE_VARS_H
#define GOTK_KUSTOMIZE_VARS_H

#include "libgotk/kustomize/ktarget.h"

/* Declares the variables of one kustomization and notes in the objects they read from. ERR_INVALID for a name that was
 * declared before, or an object that cannot be told apart. */
int vars_declare(struct ctx *cx, const struct ktarget *t, struct ktarget_result *result) MUST_CHECK;

/* Adds already noted variables of a base. */
int vars_add_all(struct ctx *cx, struct vars *into, const struct vars *from) MUST_CHECK;

/* Expands all variables. ERR_INVALID when one reads from no known object or field. */
int vars_expand(struct ctx *cx, struct ktarget_result *result) MUST_CHECK;

#endif
