/*
 * watch.h: the reflector: a thread that keeps a store equal to what the API server has of one kind.
 *
 * Lists in pages of 500, then watches from the list's resourceVersion with bookmarks, renewing the watch
 * every five to ten minutes from the last version seen. A version too old (410) means a new list; whatever
 * vanished meanwhile is reported DELETED. Failures back off from 0.8 s to 30 s with jitter, those of a
 * kind that is not served from 0.1 s; after a 410 it is two seconds, for the server is there. managedFields
 * never reach the store, and a `keep` function may drop more. A kind that does not exist counts as listed, empty, and
 * is followed within ten seconds of its definition. Secrets are stored as metadata only (asserted).
 * Rejected: watches on the event loop (parsing a long list would stall the servers there), and lists from
 * resourceVersion 0 (unpaged, and may be old).
 */
#ifndef GOTK_KUBE_WATCH_H
#define GOTK_KUBE_WATCH_H

#include "libgotk/kube/client.h"
#include "libgotk/kube/store.h"

struct log_scope;
struct reflector;

enum watch_event {
    WATCH_ADDED,    /* old NULL */
    WATCH_MODIFIED, /* both */
    WATCH_DELETED,  /* new NULL; old is the last state seen */
    WATCH_SYNCED, /* both NULL: a list has ended, all its events came before; again after each further list */
};

/* Where an index function puts its values (watch_index_add). */
struct watch_index;

struct reflector_options {
    const char *api_version;
    const char *kind;
    const char *ns;             /* NULL or "": all namespaces */
    const char *label_selector; /* NULL: all */
    const char *field_selector;
    bool metadata_only; /* store apiVersion, kind and metadata only; the server sends no more */

    bool optional; /* nobody depends on this kind: its failures are logged at debug */

    /* Removes from `object` what need not be stored; managedFields are gone already. NULL: all is kept. */
    void (*keep)(struct arena *a, struct doc *object);
    /* Names the values `object` (whole, as the server sent it) is found by in store_each_indexed; calls
     * watch_index_add. May be NULL. */
    void (*index)(struct watch_index *to, const struct doc *object);
    /* Called on the reflector's thread after the store was changed, in the server's order, in an arena that
     * ends with the call. The objects are borrowed. Must not block. An object deleted and made again between
     * two lists comes as DELETED and ADDED; one whose resourceVersion did not change does not come at all.
     * May be NULL. */
    void (*on_event)(struct ctx *cx, void *user, enum watch_event event, struct obj *old, struct obj *new);
    void *user;
    const struct log_scope *log; /* outlives the reflector; may be NULL */
};

/* Adds one value under an index to the object being indexed; both are copied. */
void watch_index_add(struct watch_index *to, const char *name, const char *value);

/* The `user` of the reflector that is indexing. */
void *watch_index_user(const struct watch_index *to);

/* Starts the thread; the strings of `options` are copied, `k` must outlive the reflector. The caller owns
 * *ret_reflector (reflector_stop). ERR_IO when no thread can be made. */
int reflector_start(struct ctx *cx, struct kube *k, const struct reflector_options *options,
                    struct reflector **ret_reflector) MUST_CHECK;

/* The reflector's store, alive until reflector_stop. */
struct store *reflector_store(struct reflector *r);

/* True once the first list has ended. Any thread. */
bool reflector_synced(const struct reflector *r);

/* True while the store is what the server last told: listed, and nothing failed since. False from the first failure until
 * the next list or event. Any thread. */
bool reflector_fresh(const struct reflector *r);

/* Waits until reflector_synced; fails as ctx_check does. */
int reflector_wait_synced(struct ctx *cx, const struct reflector *r) MUST_CHECK;

/* Asks the thread to end (within 100 ms) without waiting, so that many can end at once; reflector_stop
 * follows. */
void reflector_cancel(struct reflector *r);

/* Ends the thread, waits for it, and drops the store; NULL is allowed. Not from on_event. */
void reflector_stop(struct reflector *r);

#endif
