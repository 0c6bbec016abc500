/*
 * bases.h: what `kustomize-controller build` does about bases that are named by URL.
 *
 * There are two of it, one for each executable that has the command: bases.c fetches; tool/bases.c, in the small one, which
 * has no network, makes the build start anew in the other. Main thread.
 */
#ifndef GOTK_KUSTOMIZE_BASES_H
#define GOTK_KUSTOMIZE_BASES_H

#include "kustomize-controller/build.h"

/* Offers what URLs name; *ret lives in cx's arena. Fails when there is no folder for it. */
int bases_offer(struct ctx *cx, const struct build_remote **ret) MUST_CHECK;

/* True when a build asked for what only the other executable can fetch: whatever became of it does not count. */
bool bases_are_elsewhere(void);

#endif
