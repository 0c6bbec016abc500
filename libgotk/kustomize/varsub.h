/*
 * varsub.h: variable substitution in built resources (spec.postBuild).
 *
 * Follows fluxcd/pkg/kustomize's SubstituteVariables and fluxcd/pkg/envsubst: bash-like expressions in the YAML text of a
 * resource, so that quoting decides types. Any thread.
 */
#ifndef GOTK_KUSTOMIZE_VARSUB_H
#define GOTK_KUSTOMIZE_VARSUB_H

#include "libgotk/base/buf.h"
#include "libgotk/doc/doc.h"

/* Checks every variable name: ERR_INVALID "'%s' var name is invalid, must match '...'". `vars` is an object of strings. */
int varsub_check_names(struct ctx *cx, const struct doc *vars) MUST_CHECK;

/* Evaluates the expressions of `text` into *ret_text. In strict mode an unset variable without default is ERR_INVALID
 * `variable not set (strict mode): "x"`. */
int varsub_text(struct ctx *cx, const char *text, const struct doc *vars, bool strict,
                struct buf *ret_text) MUST_CHECK;

/* The resource with its variables substituted; a resource marked `kustomize.toolkit.fluxcd.io/substitute: disabled` is
 * returned as it is. Errors as upstream: "post build failed for '<gvk>/<name>': envsubst error: ...". */
int varsub_resource(struct ctx *cx, struct doc *resource, const struct doc *vars, bool strict,
                    struct doc **ret_resource) MUST_CHECK;

#endif
