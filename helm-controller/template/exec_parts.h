/*
 * exec_parts.h: what the files of the executor share and nobody else may see.
 */
#ifndef GOTK_HELM_TEMPLATE_EXEC_PARTS_H
#define GOTK_HELM_TEMPLATE_EXEC_PARTS_H

#include "helm-controller/template/exec.h"

/* Marks the node being worked on, which messages name. */
static inline void exec_at(struct exec *x, const struct node *n)
{
    x->frame->node = n;
}

/* Fails at the marked node: "template: FILE:LINE:COLUMN: executing "NAME" at <NODE>: ...". */
int exec_fail(struct exec *x, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same around the error that a called function left in the context. */
int exec_fail_call(struct exec *x, const char *name);

/* The value of a pipeline; its variables are set. `pipe` may be NULL. */
int eval_pipeline(struct exec *x, struct value dot, const struct node *pipe, struct value *ret);
void eval_push(struct exec *x, struct strv name, struct value value);
int eval_set(struct exec *x, struct strv name, struct value value);

/* The value as fmt's %v prints it, for messages. */
const char *exec_text(struct exec *x, struct value v);

#endif
