/*
 * refs.h: references by name follow the objects they name.
 *
 * Runs once, at the end of a build, when all names are final: each field that names another object is given that
 * object's present name. One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_REFS_H
#define GOTK_KUSTOMIZE_REFS_H

#include "libgotk/kustomize/resmap.h"
#include "libgotk/kustomize/tconfig.h"

/* Rewrites all references. ERR_INVALID "updating name reference in ..." when one could mean several objects. */
int refs_fix(struct ctx *cx, const struct tconfig *config, struct resmap *m) MUST_CHECK;

#endif
