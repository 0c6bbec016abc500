/*
 * wait.h: waiting until objects of the cluster are what their specs ask for, one look at a time.
 *
 * Follows fluxcd/pkg/ssa's WaitForSet, but nothing here blocks until the end: a look reads the objects that may have moved and
 * returns, so that whoever waits can do so without holding a thread. What moved is told by the tracker for objects with our
 * labels, by lookouts for others and for pods that decide over their owner; where nobody tells, one has to look now and
 * again. Between two looks a set costs its names, a version and a code per object; all else that a look finds lives in that
 * look's memory. One thread at a time.
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
    const char *subject; /* Kind/namespace/name, for messages */
    bool may_vanish;     /* a Job with spec.ttlSecondsAfterFinished: gone means done */
    bool due;            /* the next look reads it; set by whoever has reason to */
    bool seen;           /* by the last look */
    bool placeless;      /* of a namespaced kind, without a namespace: nobody can read it */
    bool kindless;       /* the server does not know its kind (yet) */
    bool owned;          /* the tracker watches it: it carries our labels */
    const char *pods; /* of the last look's memory: the selector of the pods that may fail it; NULL: none */
    bool asks_pods;   /* there are such pods */
    int64_t
        again_ms; /* what it is judged by changes with time: look again then, as ctx_now_ms counts; 0: no */
    struct wait_lookout {
        struct tracker_lookout *handle; /* NULL: there is none */
        unsigned told;                  /* what it had told before the last look */
    } self, its_pods;
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
    int64_t until_ms;  /* when waiting ends, as ctx_now_ms counts */
    int64_t pause_ms;  /* until the next look, where nobody tells */
    bool untold;       /* something else is waited for, and nobody tells */
};

enum wait_verdict {
    WAIT_GOES_ON,
    WAIT_HEALTHY, /* all are current */
    WAIT_FAILED,  /* waiting longer cannot help, or need not */
    WAIT_TIMED_OUT,
};

/* An empty set in `a`, to be waited for at most `timeout_ms` from now on. */
struct wait_set wait_set_new(struct arena *a, int64_t timeout_ms);

/* Adds an object, due for the first look, unless it is there already; strings are copied. Returns it, until the next one
 * is added. */
struct wait_object *wait_add(struct arena *a, struct wait_set *set, const char *group, const char *kind,
                             const char *ns, const char *name);

/* The object of that identity; NULL when absent. */
struct wait_object *wait_find(const struct wait_set *set, const char *group, const char *kind, const char *ns,
                              const char *name);

/* Takes an object of the set out. */
void wait_drop(struct wait_set *set, struct wait_object *o);

/* Reads the objects that are due or moved, by what `t` (NULL: nobody) and the lookouts tell, `parallel` at a time, and judges
 * them; what cannot be read is KSTATUS_UNKNOWN. When all seem to be current, those this look has not seen and nobody vouches
 * for are read, too: they may have changed since. With `fail_fast` one failed object ends the wait. Fails only as
 * kube_do_all does. */
int wait_look(struct ctx *cx, struct kube *k, struct wait_set *set, struct tracker *t, size_t parallel,
              bool fail_fast, enum wait_verdict *ret_verdict) MUST_CHECK;

/* Between a look and wait_forget_look: has those told of that the tracker does not tell of, as to the owner named. The lookouts
 * last until wait_close. */
void wait_watch(struct ctx *cx, struct kube *k, struct wait_set *set, struct tracker *t, const char *owner_ns,
                const char *owner);

/* Closes the lookouts of a struct wait_set; for arena_defer. */
void wait_close(void *set);

/* Lets go of what the last look found, before its memory ends; the codes stay. */
void wait_forget_look(struct wait_set *set);

/* Milliseconds until the next look, unless somebody tells of a change before; grows from look to look. */
int64_t wait_pause(struct wait_set *set, struct tracker *t);

/* Has the next look read every object that was not current. */
void wait_due_again(struct wait_set *set);

/* What the codes mean together; with `fail_fast` one failed object ends the wait. */
enum wait_verdict wait_verdict(const struct wait_set *set, bool fail_fast);

/* Upstream's text for a wait that ended badly: "timeout waiting for: [...]" with all objects that are not current, or
 * "failed early due to stalled resources: [...]" with the failed ones. In `a`. */
const char *wait_failure(struct arena *a, const struct wait_set *set, bool timed_out);

/* True for the objects wait_failure names. */
bool wait_blames(const struct wait_set *set, const struct wait_object *o, bool timed_out);

#endif
