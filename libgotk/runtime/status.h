/*
 * status.h: writing to the object that is reconciled: one merge patch on /status, and the finalizer.
 *
 * A run works on a copy of the status; the difference to what is published is one merge patch. Nothing is sent when nothing
 * changed. Patches carry the resourceVersion and the uid: a patch that was given up on and is carried out late must not undo
 * a newer one, nor land on a successor of the same name. A conflict (someone annotated the object meanwhile) is met by
 * reading the new version and sending the same patch again: nobody else writes our status. Worker threads. Rejected: upstream's three patches per call (conditions, metadata, the rest), most of which are empty.
 */
#ifndef GOTK_RUNTIME_STATUS_H
#define GOTK_RUNTIME_STATUS_H

#include "libgotk/doc/doc.h"
#include "libgotk/kube/client.h"

/* The body of the patch that turns `published` (NULL: {}) into `status`; NULL when they are equal. */
struct doc *status_diff(struct arena *a, const char *uid, const struct doc *published,
                        const struct doc *status);

/* Sends a body of status_diff as `owner` on top of `version` (0: whatever there is). *ret_version is the resourceVersion
 * afterwards. ERR_NOT_FOUND when the object is gone or another of that name took its place. */
int status_patch(struct ctx *cx, struct kube *k, const struct kube_ref *ref, const char *owner,
                 const struct doc *body, uint64_t version, uint64_t *ret_version) MUST_CHECK;

/* Adds or takes away one finalizer, reading the object anew when it changed meanwhile. Does nothing when it is there (or
 * not there) already, or when the object is gone. `object` is the object as last seen. */
int status_add_finalizer(struct ctx *cx, struct kube *k, const struct doc *object, const char *finalizer,
                         const char *owner, uint64_t *ret_version) MUST_CHECK;
int status_remove_finalizer(struct ctx *cx, struct kube *k, const struct doc *object, const char *finalizer,
                            const char *owner, uint64_t *ret_version) MUST_CHECK;

/* resourceVersions of one kind may be compared as numbers; 0 for a text that is none. */
uint64_t status_version(const char *resource_version);

#endif
