/*
 * sourceignore.h: which files of a source stay out of its artifact.
 *
 * Follows fluxcd/pkg/sourceignore: the version-control patterns always (at lowest priority, so that they can be
 * overruled), then either the user's patterns (.sourceignore files of the tree from the root down, spec.ignore last) or,
 * when there is not one, Flux's defaults for images, archives and CI files. Runs where the tree is: in a job child.
 */
#ifndef GOTK_ARTIFACT_SOURCEIGNORE_H
#define GOTK_ARTIFACT_SOURCEIGNORE_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/ignore.h"

/*
 * Collects the patterns for the tree at `dir` and `spec_ignore` (NULL or text of .gitignore syntax) into cx's arena. Fails
 * when a .sourceignore cannot be read (reason "SourceIgnoreError") or holds more than 1 MiB.
 */
int sourceignore_load(struct ctx *cx, const char *dir, const char *spec_ignore,
                      struct ignore **ret) MUST_CHECK;

#endif
