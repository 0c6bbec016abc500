/*
 * varsub.h: post-build substitution of variables in one resource.
 *
 * Works on the resource's YAML text, as Flux does, so that a value decides its type where it is not quoted. Pure, any
 * thread; where variables come from is the controller's business.
 */
#ifndef GOTK_KUSTOMIZE_VARSUB_H
#define GOTK_KUSTOMIZE_VARSUB_H

#include "libgotk/base/map.h"
#include "libgotk/doc/doc.h"

/* Substitutes `vars` (name to const char *; newlines are taken out of values). *ret is a new document, or NULL when the
 * object asks to be left alone (label or annotation kustomize.toolkit.fluxcd.io/substitute: disabled). With `strict` a
 * variable that is not set and has no default fails. ERR_INVALID with "envsubst error: ..."; no value is ever in it. */
int varsub_resource(struct ctx *cx, const struct doc *resource, const struct map *vars, bool strict,
                    struct doc **ret) MUST_CHECK;

/* ERR_INVALID when a name could not be written as ${name}. */
int varsub_check_names(struct ctx *cx, const struct map *vars) MUST_CHECK;

#endif
