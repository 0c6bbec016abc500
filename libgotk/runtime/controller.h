/*
 * controller.h: a controller as data: the kind it reconciles, what it watches, and its story.
 *
 * One static struct per kind, listed in the program (manager.h). The manager starts a reflector per kind named here and
 * turns its events into queue entries; the driver (run.h) runs the story. Nothing here is called by anyone else.
 */
#ifndef GOTK_RUNTIME_CONTROLLER_H
#define GOTK_RUNTIME_CONTROLLER_H

#include "libgotk/kube/watch.h"
#include "libgotk/runtime/run.h"

/* Where a map function puts the objects to reconcile. */
struct enqueue;

/* Adds one; the order of adding is the order of reconciling. */
void enqueue_add(struct enqueue *to, const char *ns, const char *name);

/* Another kind whose changes concern our objects. */
struct controller_watch {
    const char *api_version;
    const char *kind;
    bool metadata_only;
    bool configs;         /* only objects with the label of --watch-configs-label-selector */
    const char *gate;     /* only when this feature gate is on; NULL: always */
    const char *gate_off; /* only when this feature gate is off; NULL: always */
    void (*keep)(struct arena *a, struct doc *object); /* as reflector_options.keep; NULL: all is kept */
    void (*index)(struct watch_index *to, const struct doc *object);

    /* True when the change concerns us. `old` is NULL for a new object, `new` for a deleted one. NULL: the resourceVersion
     * changed. Reflector threads; documents by obj_doc. */
    bool (*changed)(struct ctx *cx, const struct obj *old, const struct obj *new);
    /* Names our objects that a change of `o` concerns, by store_each_indexed on manager_store(m, our kind). An error
     * is logged and enqueues nothing. */
    int (*map)(struct ctx *cx, struct manager *m, const struct obj *o, struct enqueue *to);
};

struct controller {
    const char *name; /* "kustomization": in logs and metrics */
    const char *group;
    const char *version;
    const char *kind;
    const char *finalizer;   /* "finalizers.fluxcd.io"; NULL: none */
    const char *field_owner; /* of all patches: "gotk-kustomize-controller"; NULL: the program's name */
    size_t run_size;         /* of the story's struct, whose first member is struct run */

    const struct controller_watch *watches;
    size_t watch_count;
    void (*keep)(struct arena *a, struct doc *object); /* what of our own objects need not be stored */
    void (*index)(struct watch_index *to, const struct doc *object);

    /* Reads spec and status into the story's struct and sets the intervals. Called before everything else that is below,
     * also for objects that are deleted or suspended. */
    int (*begin)(struct ctx *cx, void *run);
    const struct step *steps;
    size_t step_count;
    bool
        retries; /* failures that would stall or back off by their code (result.h) are tried again after retry_ns */
    /* Undoes what the object stands for; afterwards its finalizer goes. Failing keeps the finalizer and retries. May
     * return STEP_WAIT as a step may. */
    int (*finalize)(struct ctx *cx, void *run);
    /* Something changed while the run was parked: it makes way for a new one, and its end is nobody's outcome. For those who
     * are told of it; errors are forgotten. May be NULL. */
    void (*replaced)(struct ctx *cx, void *run);
    /* The steps have ended and the status is written: success events and log lines, by run->result. Not called when the
     * run was cut short by a shutdown. May be NULL. */
    void (*finished)(struct ctx *cx, void *run);
    /* The last word on the status before it is written, e.g. a history entry. May be NULL. */
    void (*closing)(struct ctx *cx, void *run);
    const struct cond_summary *summary; /* how Ready is computed; NULL: steps and driver set it */
};

#endif
