/*
 * wait.h: waiting until objects of the cluster are what their specs ask for, one look at a time.
 *
 * Follows fluxcd/pkg/ssa's WaitForSet, but nothing here blocks until the end: a look reads the objects that may have moved and
 * returns, so that whoever waits can do so without holding a thread. Between two looks a set costs its names, a version and a code
 * per object; all else that a look finds lives in that look's memory. One thread at a time.
 */
#ifndef GOTK_SSA_WAIT_H
#define GOTK_SSA_WAIT_H

#include "libgotk/base/map.h"
#include "libgotk/base/vec.h"
#include "libgotk/kube/tracker.h"
#include "libgotk/ssa/kstatus.h"

struct wait_object {
    const char *group; /* "" is the core group; the version is the one the server prefers */
    const char *kind;
    const char *ns; /* "" when it has none */
    const char *name;
    const char *subject;    /* Kind/namespace/name, for messages */
    bool may_vanish;        /* a Job with spec.ttlSecondsAfterFinished: gone means done */
    bool due;               /* the next look reads it; set by whoever has reason to */
    bool seen;              /* by the last look */
    bool placeless;         /* of a namespaced kind, without a namespace: nobody can read it */
    bool kindless;          /* the server does not know its kind (yet) */
    bool owned;             /* the tracker watches it: it carries our labels */
    bool watched;           /* someone else tells when it changes (a lookout) */
    bool restless;          /* its status may change although it does not: by its pods, or with time */
    bool vouched;           /* the tracker says that it is as it was read */
    uint64_t version;       /* the resourceVersion it was last read at; 0: it was not there */
    enum kstatus_code code; /* as last seen; KSTATUS_UNKNOWN before the first look */

    /* Of the last look, in its memory; NULL and empty when that look did not read it. */
    const struct doc *live;
    struct kstatus status;
};

struct wait_set {
    struct wait_object *at;
    size_t len;
    size_t cap;
    struct map places; /* inventory id -> index + 1 */
};

enum wait_verdict {
    WAIT_GOES_ON,
    WAIT_HEALTHY, /* all are current */
    WAIT_FAILED,  /* waiting longer cannot help, or need not */
};

/* An empty set in `a`. */
struct wait_set wait_set_new(struct arena *a);

/* Adds an object, due for the first look, unless it is there already; strings are copied. Returns it, until the next one
 * is added. */
struct wait_object *wait_add(struct arena *a, struct wait_set *set, const char *group, const char *kind,
                             const char *ns, const char *name);

/* The object of that identity; NULL when absent. */
struct wait_object *wait_find(const struct wait_set *set, const char *group, const char *kind, const char *ns,
                              const char *name);

/* Takes an object of the set out. */
void wait_drop(struct wait_set *set, struct wait_object *o);

/* The object in the version the server prefers, in cx->arena. ERR_NOT_FOUND, reason "NoKindMatch", when it does not know the
 * kind. */
int wait_ref(struct ctx *cx, struct kube *k, const struct wait_object *o,
             struct kube_ref *ret_ref) MUST_CHECK;

/* Reads the objects that are due, `parallel` at a time, and judges them; what cannot be read is KSTATUS_UNKNOWN. When all
 * seem to be current, those this look has not seen are read, too: they may have changed since. Fails only as kube_do_all
 * does. */
int wait_look(struct ctx *cx, struct kube *k, struct wait_set *set, size_t parallel) MUST_CHECK;

/* Lets go of what the last look found, before its memory ends; the codes stay. */
void wait_forget_look(struct wait_set *set);

/* Has the next look read every object that was not current. */
void wait_due_again(struct wait_set *set);

/* Has it read only what moved, by the tracker, or may have moved without anyone's telling. */
void wait_due_moved(struct wait_set *set, struct tracker *t);

/* True when nobody has to look before someone tells of a change. */
bool wait_is_told(const struct wait_set *set, struct tracker *t);

/* What the codes mean together; with `fail_fast` one failed object ends the wait. */
enum wait_verdict wait_verdict(const struct wait_set *set, bool fail_fast);

/* Upstream's text for a wait that ended badly: "timeout waiting for: [...]" with all objects that are not current, or
 * "failed early due to stalled resources: [...]" with the failed ones. In `a`. */
const char *wait_failure(struct arena *a, const struct wait_set *set, bool timed_out);

/* True for the objects wait_failure names. */
bool wait_blames(const struct wait_set *set, const struct wait_object *o, bool timed_out);

#endif
