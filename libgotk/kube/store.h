/*
 * store.h: what is known of one kind: objects by namespace and name.
 *
 * Written by one reflector thread, read by all. The lock is held for a look-up or a copy of references, never
 * while anyone's code runs; it is never nested with another. Index look-ups scan (5,000 objects: about 50
 * us), which no event rate of a cluster makes worth a second table. Rejected: copy-on-write snapshots of the
 * table (two copies at each list).
 */
#ifndef GOTK_KUBE_STORE_H
#define GOTK_KUBE_STORE_H

#include "libgotk/kube/obj.h"

struct store;

/* An empty store the caller owns (store_close). */
struct store *store_open(void);

/* Drops all references and the store; NULL is allowed. */
void store_close(struct store *s);

/* A new reference to the object, for the caller to obj_unref; NULL when absent. `ns` NULL or "" for
 * cluster-scoped. */
struct obj *store_get(struct store *s, const char *ns, const char *name);

/* How many objects are in the store. */
size_t store_len(struct store *s);

/* Puts `o` in under its namespace and name (taking a reference of its own); returns the reference to the
 * object it replaced, for the caller to obj_unref, or NULL. */
struct obj *store_put(struct store *s, struct obj *o);

/* Takes the object out; returns its reference for the caller to obj_unref, or NULL when absent. */
struct obj *store_remove(struct store *s, const char *ns, const char *name);

/* Calls fn for each object, in no order, without holding the lock, until fn returns < 0 (returned as is: an
 * error in cx). The object is borrowed for the call. The list of references lives in cx->arena until the end. */
int store_each(struct ctx *cx, struct store *s, int (*fn)(struct ctx *cx, void *user, struct obj *o),
               void *user) MUST_CHECK;

/* As store_each for the objects that have `value` under the index `name` (see reflector_options.index). */
int store_each_indexed(struct ctx *cx, struct store *s, const char *name, const char *value,
                       int (*fn)(struct ctx *cx, void *user, struct obj *o), void *user) MUST_CHECK;

/* The shortest way from one object to another, or back to itself, along an index whose values are the "namespace/name" of
 * objects of the same store: "ns/a -> ns/b -> ns/c", in `a`; NULL when there is none. `from` and `to` are "namespace/name". */
const char *store_way(struct arena *a, struct store *s, const char *index, const char *from, const char *to);

#endif
