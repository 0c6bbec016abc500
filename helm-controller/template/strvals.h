/*
 * strvals.h: values from the command line, a.b[0]=c,d={x,y}, as Helm's --set family reads them.
 *
 * Changes a table of values in its place; results live in the context's arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_STRVALS_H
#define GOTK_HELM_TEMPLATE_STRVALS_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"

/* What stands behind "=". */
enum strvals_mode {
    STRVALS_TYPED,   /* --set: true, false, null and whole numbers (int64) are no texts */
    STRVALS_STRINGS, /* --set-string: always a text */
    STRVALS_JSON,    /* --set-json: a JSON value */
    STRVALS_FILES,   /* --set-file: a path, whose content is the value */
    STRVALS_LITERAL, /* --set-literal: all the rest of the text, and nothing is escaped anywhere */
};

/* Reads the file that a value names. */
typedef int (*strvals_read_fn)(struct ctx *cx, void *user, const char *path, struct strv *ret);

/* Sets what `text` says in `into`. ERR_INVALID with Helm's words: `key "a" has no value`, `key map "a" has no value`, "unable to
 * parse key: interface conversion: ..."; what was set before stays. Not for STRVALS_FILES. */
int strvals_parse(struct ctx *cx, struct strv text, enum strvals_mode mode, struct vmap *into) MUST_CHECK;

/* The same for STRVALS_FILES: `read` is asked for each value, and its error is the error. */
int strvals_parse_files(struct ctx *cx, struct strv text, strvals_read_fn read, void *user,
                        struct vmap *into) MUST_CHECK;

#endif
