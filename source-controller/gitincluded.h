/*
 * gitincluded.h: spec.include of a GitRepository: finding the others, and being woken by them.
 *
 * They are looked up in the store of GitRepositories, which costs no request. Upstream looks at them once per interval;
 * here a new artifact of one wakes those that include it. Repositories that include each other do not wake each other:
 * each round makes new artifacts of both, without end.
 */
#ifndef GOTK_SOURCE_GITINCLUDED_H
#define GOTK_SOURCE_GITINCLUDED_H

#include "source-controller/source.h"

/* A step: fills r->included. Waits --requeue-dependency, IncludeUnavailable=True, when one is missing (reason "NotFound")
 * or has no artifact yet ("NoArtifact"). */
int gitincluded_find(struct ctx *cx, void *run);

/* What the child of the fetch needs to copy them. */
struct gitinclude *gitincluded_requests(struct ctx *cx, const struct git_run *r);

/* The index and the watch of the controller. */
void gitincluded_index(struct watch_index *to, const struct doc *object);
extern const struct controller_watch gitincluded_watch;

#endif
