/*
 * generators.h: ConfigMaps and Secrets made from files and literals, and the hash that becomes part of their name.
 *
 * One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_GENERATORS_H
#define GOTK_KUSTOMIZE_GENERATORS_H

#include "libgotk/kustomize/kload.h"
#include "libgotk/kustomize/resmap.h"

/* Makes a "ConfigMap" or "Secret" from generator arguments; `global` are the kustomization's generatorOptions or NULL.
 * ERR_INVALID, ERR_NOT_FOUND with "loading KV pairs: ...". */
int generators_make(struct ctx *cx, const struct kload *l, const char *kind, const struct doc *args,
                    const struct doc *global, struct resource **ret) MUST_CHECK;

/* Adds a generated resource to the map: appended, merged into or put in the place of the one with its identity, by its
 * behavior. */
int generators_absorb(struct ctx *cx, struct resmap *m, struct resource *r) MUST_CHECK;

/* The ten characters kustomize appends to the name of a ConfigMap or Secret with this content; other kinds are hashed
 * by their whole document. ERR_INVALID for data that cannot be printed. */
int generators_hash(struct ctx *cx, const struct doc *d, const char **ret_hash) MUST_CHECK;

/* Renames every resource that asked for it to "<name>-<hash>". ERR_INVALID as generators_hash. */
int generators_add_hashes(struct ctx *cx, struct resmap *m) MUST_CHECK;

#endif
