/*
 * obj.h: one object of the cluster as we last saw it: immutable, counted, shared by all threads.
 *
 * An obj is one block of memory: its identity and its trimmed JSON text. Readers parse the text into their
 * own arena when they need fields (about 2 us per KiB). Rejected: keeping the parsed tree, which costs three
 * to five times the text; at 5,000 objects that was the controller's largest use of memory.
 */
#ifndef GOTK_KUBE_OBJ_H
#define GOTK_KUBE_OBJ_H

#include "libgotk/doc/doc.h"

#include <stdatomic.h>

/* One value of a named index (store.h); several may share a name. */
struct obj_index {
    const char *name;
    const char *value;
};

/* Read the fields freely while holding a reference; never write them. Absent strings are "". */
struct obj {
    atomic_int refs;
    const char *api_version;
    const char *kind;
    const char *ns;
    const char *name;
    const char *uid;
    const char *resource_version;
    int64_t generation;
    bool deleting;    /* metadata.deletionTimestamp is set */
    const char *text; /* compact JSON with apiVersion and kind, without managedFields */
    size_t text_len;
    const struct obj_index *indexes;
    size_t index_count;
};

/* A new obj with one reference (the caller's) from an object's document; what the document holds is kept as
 * it is. */
struct obj *obj_new(struct ctx *cx, const struct doc *object, const struct obj_index *indexes,
                    size_t index_count);

/* Takes one more reference and returns `o`; NULL stays NULL. Any thread. */
struct obj *obj_ref(struct obj *o);

/* Gives one reference back, the last one ends the object; NULL is allowed. Any thread. */
void obj_unref(struct obj *o);

/* obj_unref for arena_defer(cx->arena, obj_unref_deferred, o), and for a block: CLEANUP(obj_cleanup) struct
 * obj *o. */
void obj_unref_deferred(void *o);
void obj_cleanup(struct obj **o);

/* The object's document, parsed into cx->arena; the caller may change it. Fails only with ERR_LIMIT (arena
 * full). */
int obj_doc(struct ctx *cx, const struct obj *o, struct doc **ret_doc) MUST_CHECK;

/* True when `o` has `value` under the index `name`. */
bool obj_has_index(const struct obj *o, const char *name, const char *value);

#endif
