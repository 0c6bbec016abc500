/*
 * renderparts.h: the two sides of the render job. Private to helm-controller/render*.c.
 */
#ifndef GOTK_HELM_CONTROLLER_RENDERPARTS_H
#define GOTK_HELM_CONTROLLER_RENDERPARTS_H

#include "helm-controller/render.h"
#include "libgotk/doc/doc.h"

#define RENDER_LOOKUP_ARGS                                                                                   \
    4 /* words of a question of the child: an array of texts, answered by {"found": object} or {} */

/* The job's function. */
int render_in_child(struct ctx *cx, struct job_side *side, const struct doc *input,
                    struct buf *ret_output) MUST_CHECK;
/* Writes a result: one line of JSON that tells of each text, then the texts behind each other, handed over piece by piece. */
int render_write(struct ctx *cx, struct job_side *side, struct buf *out,
                 const struct render_output *result) MUST_CHECK;
/* Reads it; texts are borrowed from `text`. ERR_INTERNAL when it makes no sense. */
int render_read(struct ctx *cx, struct strv text, struct render_output *ret) MUST_CHECK;

#endif
