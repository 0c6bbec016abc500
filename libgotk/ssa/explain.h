/*
 * explain.h: why an object is not what its spec asks for, in the words of those who know: its status, its pods' containers,
 * the newest Warning event about it.
 *
 * What upstream leaves to kubectl. Asks the API server a few questions per object (lists of pods and events), so it is for
 * waits that have ended, not for looks. What may not be read is left out. Worker threads.
 */
#ifndef GOTK_SSA_EXPLAIN_H
#define GOTK_SSA_EXPLAIN_H

#include "libgotk/ssa/wait.h"

/* One line per object that wait_failure names, "<subject>: <cause>; <cause>", for the first few of them; "" when nothing is
 * known. Lines follow a look: they use what it read. In cx->arena. */
const char *explain_wait(struct ctx *cx, struct kube *k, const struct wait_set *set, bool timed_out);

/* What the containers of a pod wait for or died of: "container web: ImagePullBackOff (Back-off pulling image ...)"; "" when
 * they are fine. In `a`. */
const char *explain_containers(struct arena *a, const struct doc *pod);

#endif
