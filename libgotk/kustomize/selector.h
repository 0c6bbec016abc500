/*
 * selector.h: which resources a patch or a replacement is for.
 *
 * A selector holds anchored regular expressions on group, version, kind, name and namespace, and Kubernetes label
 * selectors on labels and annotations. Patterns without a special character are compared as text, which is what
 * nearly all of them are. One build. Rejected: compiling every pattern, which cost more than the patches themselves.
 */
#ifndef GOTK_KUSTOMIZE_SELECTOR_H
#define GOTK_KUSTOMIZE_SELECTOR_H

#include "libgotk/kustomize/resmap.h"

struct selector;

/* Reads {group, version, kind, name, namespace, labelSelector, annotationSelector}; ERR_INVALID names a bad pattern. */
int selector_new(struct ctx *cx, const struct doc *d, struct selector **ret) MUST_CHECK;

/* The selected resources, in order, as patches select: by present kind, and by original or present name and
 * namespace ("default" when there is none). */
struct resources selector_select(struct arena *a, const struct selector *s, struct resmap *m);

/* Those that can fit at all, in order: all, or those with the selector's name when it is no pattern. */
struct resources selector_candidates(const struct selector *s, struct resmap *m);

/* True when one identity fits group, version, kind, name and the namespace as written: as replacements select. */
bool selector_matches_id(const struct selector *s, const struct resid *id);

/* True when labels and annotations fit. */
bool selector_matches_labels(const struct selector *s, const struct resource *r);

/* True when the selector says anything about labels or annotations. */
bool selector_has_labels(const struct selector *s);

/* The text of the selector for messages. */
const char *selector_text(struct arena *a, const struct selector *s);

#endif
