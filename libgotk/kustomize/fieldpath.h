/*
 * fieldpath.h: dotted paths of replacements and variables: "spec.containers.[name=web].image".
 *
 * Two readings, as upstream has them: a lookup finds at most one node (names, indexes, [key=value], - for the last), a
 * match finds all (names, indexes, [key=regex], * for every element) and may create what is missing. Any thread.
 */
#ifndef GOTK_KUSTOMIZE_FIELDPATH_H
#define GOTK_KUSTOMIZE_FIELDPATH_H

#include "libgotk/base/vec.h"
#include "libgotk/doc/doc.h"

/* A node and what holds it, for doc_replace. */
struct fieldpath_hit {
    struct doc *parent;
    struct doc *node;
};
VEC_NAMED(fieldpath_hits, struct fieldpath_hit);

/* Splits at dots; "\." is a dot, brackets keep theirs ([a.b] names the key a.b). NULL-terminated, in `a`. */
const char **fieldpath_split(struct arena *a, const char *path);

/* As fieldpath_split, with a[0] written for a.0. */
const char **fieldpath_of_var(struct arena *a, const char *path);

/* The node behind the parts; *ret is NULL when there is none. ERR_INVALID for parts that do not fit the document. */
int fieldpath_lookup(struct ctx *cx, struct doc *d, const char *const *parts, struct doc **ret) MUST_CHECK;

/* As fieldpath_lookup, but members and [key=value] elements that are not there are made: nothing (NULL is in its place) only
 * behind a null, and for the number of an element that is not there. */
int fieldpath_reach(struct ctx *cx, struct doc *d, const char *const *parts,
                    struct fieldpath_hit *ret) MUST_CHECK;

/* All nodes behind the parts. With `create` (a kind of node, -1: none) missing parts are made. */
int fieldpath_match(struct ctx *cx, struct doc *d, const char *const *parts, int create,
                    struct fieldpath_hits *ret) MUST_CHECK;

/* What there is where a path leads to nothing: the nearest name, or all of them; "". Names only, never values. */
const char *fieldpath_hint(struct arena *a, const struct doc *d, const char *const *parts);

#endif
