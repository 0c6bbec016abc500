/*
 * patch.h: RFC 7386 merge patches and RFC 6902 JSON patches on documents.
 *
 * Both change the target tree in place (values are copied in). JSON patches follow evanphx/json-patch v4, which
 * kustomize and the API server use, where it differs from the RFC. Any thread.
 */
#ifndef GOTK_DOC_PATCH_H
#define GOTK_DOC_PATCH_H

#include "libgotk/doc/doc.h"

/* Applies the merge patch to *target (an object, or it becomes one) in cx->arena. */
int patch_merge(struct ctx *cx, struct doc **target, const struct doc *patch) MUST_CHECK;

/* The merge patch that turns `from` into `to`; NULL when they are equal. Arrays are replaced whole. */
struct doc *patch_diff(struct arena *a, const struct doc *from, const struct doc *to);

/* Applies the operations of `list` (an array) in order; the first that fails leaves *target partly changed: patch a copy when
 * that matters. Messages name the operation's number, op and path. ERR_INVALID. */
int patch_json6902(struct ctx *cx, struct doc **target, const struct doc *list) MUST_CHECK;

/* The node a JSON pointer names; NULL when absent or malformed. */
struct doc *patch_pointer(struct arena *a, const struct doc *d, const char *pointer);

/* Appends one escaped reference token ("/" as ~1, "~" as ~0), with its leading slash. */
char *patch_pointer_join(struct arena *a, const char *pointer, const char *token);

#endif
