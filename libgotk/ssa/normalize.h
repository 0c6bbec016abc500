/*
 * normalize.h: small corrections of a manifest before it is applied.
 *
 * Follows fluxcd/pkg/ssa's NormalizeUnstructured where the API server would answer otherwise: ports without a protocol
 * (a server-side-apply list key), Secret.stringData, status, creationTimestamp, invalid CA bundles of CRD conversion
 * webhooks. RBAC Roles and ClusterRoles stay as they are. What a typed round trip only rewrites (quantities, empty
 * structs) is left to the API server, which is on both sides of the drift comparison. Any thread.
 */
#ifndef GOTK_SSA_NORMALIZE_H
#define GOTK_SSA_NORMALIZE_H

#include "libgotk/doc/doc.h"

/* Corrects the object in place; new nodes live in cx->arena. ERR_INVALID names the object and the field. */
int normalize_object(struct ctx *cx, struct doc *object) MUST_CHECK;

#endif
