/*
 * renderfault.h: errors of parsing and executing as Helm words them. Private to helm-controller/template.
 */
#ifndef GOTK_HELM_TEMPLATE_RENDERFAULT_H
#define GOTK_HELM_TEMPLATE_RENDERFAULT_H

#include "helm-controller/template/engine.h"
#include "helm-controller/template/exec.h"

/* Marks the text of `fail` and `required`, which Helm reports alone. */
#define RENDERFAULT_START "HELM_ERR_START"
#define RENDERFAULT_END   "HELM_ERR_END"

/* Rewrites the parser's error in cx: "parse error at (FILE:LINE): LAST PART". Returns its code. */
int renderfault_parse(struct ctx *cx);
/* Rewrites the error of an execution in x->cx by its chain in x->fault. Returns its code. */
int renderfault_exec(struct exec *x);

/* Tells from the chain in x->fault where the printing of a file failed. */
void renderfault_trace(struct exec *x, const char *file, struct engine_trace *ret);

#endif
