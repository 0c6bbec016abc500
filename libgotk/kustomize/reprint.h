/*
 * reprint.h: what becomes of texts on their way out, because upstream prints and reads every resource once more.
 *
 * kustomize writes a resource with go-yaml v3, reads that, writes JSON and reads that with go-yaml v2 before it prints.
 * Texts of some kinds do not survive: a folded block gains line breaks, a block that starts with a tab cannot be read.
 * Rejected: really printing and reading, which doubles the cost of a build for what one look at each text tells.
 */
#ifndef GOTK_KUSTOMIZE_REPRINT_H
#define GOTK_KUSTOMIZE_REPRINT_H

#include "libgotk/kustomize/resource.h"

/* Changes the resource's texts as upstream's last steps do. ERR_INVALID where those fail. */
int reprint_resource(struct ctx *cx, struct resource *r) MUST_CHECK;

/* The same for what JSON patches go through. */
int reprint_json(struct ctx *cx, struct doc *d) MUST_CHECK;

/* The same for a list with items, which becomes JSON without being written as YAML first. */
int reprint_items(struct ctx *cx, struct doc *list) MUST_CHECK;

#endif
