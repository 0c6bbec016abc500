/*
 * apply.h: brings a set of objects to the cluster by server-side apply, in stages, changing only what differs.
 *
 * Follows fluxcd/pkg/ssa's ApplyAllStaged: definitions, classes, custom stage kinds, the rest; in each stage every
 * object is read and dry-run first, and nothing of the stage is applied when one of them fails. Requests of a stage run
 * in parallel over the calling thread's connections. What upstream does not: all failing objects are reported, not just
 * the first. What a proof of an earlier apply stands for is neither read nor dry-run again. Where upstream holds a thread
 * (until definitions can be relied on, until an object that is recreated is gone) this one returns and goes on later.
 * Runs on a worker thread.
 */
#ifndef GOTK_SSA_APPLY_H
#define GOTK_SSA_APPLY_H

#include "libgotk/kube/client.h"
#include "libgotk/ssa/change.h"
#include "libgotk/ssa/ignore.h"
#include "libgotk/ssa/proof.h"

struct apply_options {
    const char *field_manager;     /* "kustomize-controller" */
    const char *group;             /* of the markers: "kustomize.toolkit.fluxcd.io" */
    bool force;                    /* recreate objects whose immutable fields change */
    bool migrate_api_version;      /* have all managedFields entries name the wanted apiVersion first */
    size_t parallel;               /* dry-runs at once; 0: 4 */
    const char *const *overridden; /* --override-manager */
    size_t overridden_count;
    const char *const *custom_kinds; /* --custom-apply-stage-kinds, "group/Kind" */
    size_t custom_kinds_count;
    const struct ignore_rules *ignore; /* fields that are no drift; NULL: none */
    struct tracker *tracker;           /* NULL (a remote cluster): nothing is known without asking */
    const struct proof *before;        /* of the last apply, sorted; NULL: none */
    struct proof *after;               /* gets an entry per object, unsorted; NULL: not wanted */
    bool preview;                      /* diff.h: what would be recreated is not, but counts as created */
    bool full;                         /* dry-run every object although its proof stands */
    bool patient;                      /* as proof_stands has it */
    int64_t delete_timeout_ms;         /* for objects that are recreated to go; 0: 60 s */
};

/* What an apply returns besides a negative error code. */
enum apply_next {
    APPLY_DONE = 0,
    APPLY_WAITS = 1, /* for objects of the cluster: to be gone on with later */
};

struct apply;

/* An apply of `objects` (a DOC_ARRAY; normalized and labelled by the caller) that has not begun. It lives in cx->arena, and
 * what it is given must last as long; the options are copied. What happens to each object is recorded in *changes. */
struct apply *apply_open(struct ctx *cx, struct kube *kube, const struct apply_options *options,
                         const struct doc *objects, struct changes *changes);

/* Goes on until all is applied, or as far as it gets: with APPLY_WAITS it is called again, on any thread but with the same
 * arena, when the tracker tells of an object or after *ret_wait_ms. The error of a dry-run or apply reads
 * "Kind/namespace/name dry-run failed (Reason): ..."; several are joined by newlines. After a failure it is over. */
int apply_go_on(struct ctx *cx, struct apply *ap, int64_t *ret_wait_ms) MUST_CHECK;

#endif
