/*
 * clones.h: the repositories that kustomizations name as bases, kept by commit.
 *
 * A build asks for a repository and gets a read-only tree. The server is asked each time what the name stands at; a
 * commit that is there already is not fetched again, and one that is named by its id costs no question at all. Trees
 * are kept per tenant (the namespace of the Kustomization): a build's child may read what its own tenant's
 * builds named, and nothing else, for a URL may hold a password. A tree nobody used for half an hour goes, and the
 * oldest when there are many. Worker threads, behind one leaf lock that is never held during a fetch.
 */
#ifndef GOTK_KUSTOMIZE_CLONES_H
#define GOTK_KUSTOMIZE_CLONES_H

#include "libgotk/kustomize/repospec.h"

struct clones;

/* Opens the store in a fresh folder below TMPDIR; it closes, and all trees go, with cx's arena: no build may use one then. */
int clones_open(struct ctx *cx, struct clones **ret) MUST_CHECK;

/* The folder that all trees of a tenant lie in, made when missing: what a build's child is to read. */
int clones_folder(struct ctx *cx, struct clones *c, const char *tenant, const char **ret_dir) MUST_CHECK;

/* The tree of what `spec` names, in use until the arena `until` is reset. Fails as clone_run. */
int clones_acquire(struct ctx *cx, struct clones *c, const char *tenant, const struct repospec *spec,
                   struct arena *until, const char **ret_dir) MUST_CHECK;

#endif
