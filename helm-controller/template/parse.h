/*
 * parse.h: a text as trees: its own and one for each definition in it, as Go's text/template parses it.
 *
 * Private to helm-controller/template. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_PARSE_H
#define GOTK_HELM_TEMPLATE_PARSE_H

#include "helm-controller/template/node.h"
#include "libgotk/base/ctx.h"

/*
 * Parses `text` under `name`; an identifier must be a function (function.h). The text and the trees must outlive
 * each other: nodes borrow from the text. ERR_INVALID "template: NAME:LINE: ..." with Go's words.
 */
int parse_template(struct ctx *cx, struct strv name, struct strv text, struct tree_vec *ret_trees) MUST_CHECK;
/* The same for a text that is no chart's but the user's own: Sprig's functions alone are there (function_find_plain). */
int parse_plain(struct ctx *cx, struct strv name, struct strv text, struct tree_vec *ret_trees) MUST_CHECK;
/* As parse_template with nodes in an arena of their own, which may end before the values that were computed: only literals, which
 * become values, live in cx's. */
int parse_template_into(struct ctx *cx, struct arena *nodes, struct strv name, struct strv text,
                        struct tree_vec *ret_trees) MUST_CHECK;

#endif
