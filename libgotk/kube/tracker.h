/*
 * tracker.h: what becomes of the objects we applied: metadata-only watches, one per kind, begun when a kind is first met.
 *
 * A mark is the fingerprint of an object as somebody last looked at it. It moves when something happened that may be drift:
 * another uid, generation, labels or annotations; for kinds without a generation, another entry in managedFields but for
 * those of the status. A status that is written does not move it. Only objects with a label of ours are watched, so that
 * memory follows what we manage and not the size of the cluster; about 500 bytes each. Rejected: comparing
 * resourceVersions (each status of a HorizontalPodAutoscaler would look like drift, every 15 seconds), and one watch per
 * owner (a thousand Kustomizations, a thousand watches).
 *
 * Any thread; one leaf lock for the list of kinds.
 */
#ifndef GOTK_KUBE_TRACKER_H
#define GOTK_KUBE_TRACKER_H

#include "libgotk/kube/watch.h"

struct tracker;

#define TRACKER_DIGEST_SIZE 16

struct tracker_mark {
    uint64_t
        version; /* the resourceVersion it was taken at, as a number; of one kind these may be compared */
    unsigned char digest[TRACKER_DIGEST_SIZE];
};

struct tracker_options {
    const char *owner_name; /* the label that names an object's owner; objects without it are not watched */
    const char *owner_namespace; /* the label with the owner's namespace */
    /* An object of the owner appeared, went, or is another resourceVersion: `mark` NULL when it is gone. Also once for each
     * object when its kind is first listed. On a reflector's thread; must not block. */
    void (*changed)(struct ctx *cx, void *user, const char *owner_ns, const char *owner,
                    const struct kube_ref *ref, const struct tracker_mark *mark);
    void *user;
    const struct log_scope *log;
};

/* A tracker that watches nothing yet; strings are copied, `k` must outlive it. The caller owns it (tracker_close). */
struct tracker *tracker_open(struct kube *k, const struct tracker_options *options);

/* Asks all watches to end, without waiting. NULL is allowed. */
void tracker_cancel(struct tracker *t);

/* Ends all watches: afterwards `changed` is not called any more. Lookouts that are still open are closed later, by whoever
 * opened them; none may be opened or closed meanwhile. NULL is allowed. Not from `changed`. */
void tracker_close(struct tracker *t);

/* Watches the kind from now on, if it is not watched yet. Beyond 256 kinds nothing happens: objects of those stay
 * TRACKER_UNSURE. */
void tracker_watch(struct ctx *cx, struct tracker *t, const char *api_version, const char *kind);

enum tracker_view {
    TRACKER_UNSURE,  /* the kind is not watched, not yet listed, or its watch is broken */
    TRACKER_ABSENT,  /* no object of ours has this name; one without our label may */
    TRACKER_PRESENT, /* *ret_mark is its mark */
};

/* How an object stands as far as the watch has told. ref->api_version counts by its group alone. */
enum tracker_view tracker_look(struct tracker *t, const struct kube_ref *ref, struct tracker_mark *ret_mark);

/* The mark of an object as the API server answered it (whole, managedFields included). */
struct tracker_mark tracker_mark_of(const struct doc *object);

/* True when the object that `now` was seen of is still as it was when `then` was taken. A `now` that is older than `then`
 * says nothing against it: the watch has not caught up. */
bool tracker_stands(const struct tracker_mark *then, const struct tracker_mark *now);

/* Has `changed` called with this owner (and ref, mark NULL) whenever the object changes, whoever owns it; until the handle is
 * closed. With a label selector (else NULL) that is any of the objects of ref's kind and namespace it selects, and ref has
 * no name. For the few objects we wait for and do not manage. NULL when there are too many already or no thread can be
 * had: then ask now and again. */
struct tracker_lookout;
struct tracker_lookout *tracker_lookout_open(struct ctx *cx, struct tracker *t, const struct kube_ref *ref,
                                             const char *selector, const char *owner_ns, const char *owner);
void tracker_lookout_close(struct tracker_lookout *l);

/* How often it has told of a change so far: another number, another look. */
unsigned tracker_lookout_told(const struct tracker_lookout *l);

#endif
