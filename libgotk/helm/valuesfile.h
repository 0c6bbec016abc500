/*
 * valuesfile.h: values as YAML: several documents, merged.
 *
 * Results live in the context's arena. One thread.
 */
#ifndef GOTK_HELM_VALUESFILE_H
#define GOTK_HELM_VALUESFILE_H

#include "libgotk/base/str.h"
#include "libgotk/doc/doc.h"

/* Helm's LoadValues: an object, later documents over earlier ones, table by table. ERR_INVALID "cannot unmarshal yaml
 * document: error converting YAML to JSON: ...". `name` is for messages of ours. */
int valuesfile_parse(struct ctx *cx, struct strv text, const char *name, struct doc **ret) MUST_CHECK;

#endif
