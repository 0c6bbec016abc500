/*
 * gitobserved.h: what shaped the stored artifact of a GitRepository, as its status remembers it.
 *
 * The rule is source-controller's gitContentConfigChanged: as long as none of it differs from the spec of today, an unmoved
 * reference needs no new artifact. Worker threads.
 */
#ifndef GOTK_SOURCE_GITOBSERVED_H
#define GOTK_SOURCE_GITOBSERVED_H

#include "source-controller/source.h"

/* True when the stored artifact was made with other settings or included artifacts than those of this run, or must be
 * verified in another way. */
bool gitobserved_changed(const struct git_run *r);

/* Writes the artifact and what it was made of into the run's status. */
void gitobserved_write(struct ctx *cx, struct git_run *r, const struct artifact *artifact);

#endif
