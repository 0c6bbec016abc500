/*
 * gitunsupported.h: spec fields of a GitRepository that this version does not carry out yet.
 *
 * Such an object gets a message that names the field, and nothing is fetched: an artifact without its submodules, or with a
 * signature nobody checked, is worse than none. One row per field; a row goes when the feature arrives.
 */
#ifndef GOTK_SOURCE_GITUNSUPPORTED_H
#define GOTK_SOURCE_GITUNSUPPORTED_H

#include "libgotk/api/source.h"

/* Fails with ERR_UNSUPPORTED naming the first such field that is set; 0 when there is none. */
int gitunsupported_check(struct ctx *cx, const struct gitrepository_spec *spec) MUST_CHECK;

#endif
