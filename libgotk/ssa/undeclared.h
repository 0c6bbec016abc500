/*
 * undeclared.h: leaves out what a manifest says and its kind does not know.
 *
 * Server-side apply refuses an object with a field its schema does not declare. Upstream never sends one: it passes
 * objects of Kubernetes' own kinds through typed structs, which lose such fields without a word. We send manifests as
 * they are written, and only when the API server refuses one ask it which fields it does not know. Custom resources
 * keep the refusal, as upstream. Runs on a worker thread.
 */
#ifndef GOTK_SSA_UNDECLARED_H
#define GOTK_SSA_UNDECLARED_H

#include "libgotk/kube/client.h"

/* True when the failed apply was refused for an undeclared field and upstream would not have sent it. */
bool undeclared_refused(const struct kube_call *call);

/* Asks the API server for the fields of *object it does not know (a dry-run of strict decoding) and removes them.
 * Their paths, joined by ", "; NULL when there are none or the object cannot be decoded for another reason. */
const char *undeclared_strip(struct ctx *cx, struct kube *kube, struct doc *object);

/* Removes the member at a path as strict decoding names it: "spec.ports[0].name"; false when there is none. Members
 * whose names hold dots are found too. */
bool undeclared_remove(struct doc *object, const char *path);

#endif
