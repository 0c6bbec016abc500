/*
 * kstatus.h: how far an object of the cluster has come: what its spec asks for, seen from outside.
 *
 * Follows fluxcd/cli-utils' kstatus: rules that hold for all kinds (deletion, generation, Reconciling, Stalled), then the
 * kind's own row of the table, then the Ready condition. Jobs are judged as Flux's reader does: current when complete.
 * Pure functions on documents; any thread.
 */
#ifndef GOTK_SSA_KSTATUS_H
#define GOTK_SSA_KSTATUS_H

#include "libgotk/doc/doc.h"

enum kstatus_code {
    KSTATUS_CURRENT,
    KSTATUS_IN_PROGRESS,
    KSTATUS_FAILED,
    KSTATUS_TERMINATING,
    KSTATUS_NOT_FOUND,
    KSTATUS_UNKNOWN,
};

/* Strings live in the arena given or in the object; "" where there is nothing to say. */
struct kstatus {
    enum kstatus_code code;
    const char *reason;  /* "LessReady", or that of the condition that decided; "" when current */
    const char *message; /* "Ready: 1/3" */
    const char *error;   /* KSTATUS_UNKNOWN: why it cannot be told; NULL otherwise */
    int64_t again_ns;    /* when time alone will change it, as gotime_now_ns counts; 0: it will not */
};

/* The status of a live object; NULL: not found. */
struct kstatus kstatus_of(struct arena *a, const struct doc *live);

/* Why the status of an object that could not be read is unknown. */
struct kstatus kstatus_unread(const char *error);

/* True for kinds that are also judged by their pods while they are in progress (StatefulSet, ReplicaSet). */
bool kstatus_asks_pods(const struct doc *live);

/* `own` corrected by the pods (a DOC_ARRAY) spec.selector names: one that has failed for good fails its owner. */
struct kstatus kstatus_with_pods(struct arena *a, struct kstatus own, const struct doc *pods);

/* "Current", "InProgress", "Failed", "Terminating", "NotFound", "Unknown". */
const char *kstatus_name(enum kstatus_code code);

#endif
