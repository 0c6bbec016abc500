/*
 * strvals.h: values from the command line, a.b[0]=c,d={x,y}, as Helm's --set and --set-string read them.
 *
 * Changes a table of values in its place; results live in the context's arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_STRVALS_H
#define GOTK_HELM_TEMPLATE_STRVALS_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"

/* Sets what `text` says in `into`. Unless `strings` is set, true, false, null and whole numbers (int64) are no texts.
 * ERR_INVALID with Helm's words: `key "a" has no value`, `key map "a" has no value`; what was set before stays. */
int strvals_parse(struct ctx *cx, struct strv text, bool strings, struct vmap *into) MUST_CHECK;

#endif
