/*
 * rundriver.h: what the files of the driver share: run.c (what stories call), rundrive.c (one run from opening to its end)
 * and runclose.c (what its outcome means).
 */
#ifndef GOTK_RUNTIME_RUNDRIVER_H
#define GOTK_RUNTIME_RUNDRIVER_H

#include "libgotk/runtime/controller.h"
#include "libgotk/runtime/manager.h"
#include "libgotk/runtime/progress.h"

/* What the driver knows beside the story's struct. */
struct run_driver {
    struct ctx cx; /* of a parked run: arena, deadline, log */
    struct run *run;
    struct progress_slot *slot;
    struct doc *published; /* the status as the API server has it; NULL: none */
    struct doc *shown;     /* the status in the progress slot; NULL: the slot is empty */
    size_t index;          /* in the step table */
    const char *condition; /* of run_fails_as */
    const char *reason;
    bool chosen;      /* run_stall and friends decided the result */
    bool resting;     /* run_rest */
    uint64_t written; /* the newest resourceVersion we wrote */
};

/* How a run ended, before it is closed. */
enum run_ending {
    RUN_STEPS,     /* the steps ended, well or not */
    RUN_SUSPENDED, /* nothing is to be done */
    RUN_DELETED,   /* finalized, well or not */
};

/* The field owner of our patches. */
const char *run_owner(const struct run *run);

/* The newest resourceVersion of the object that the run knows of. */
uint64_t run_version(const struct run *run);

/* True when the object carries its controller's finalizer. */
bool run_has_finalizer(const struct run *run);

/* Takes the progress back; when it was sent, that is what is published now. */
void run_hide_progress(struct run *run);

#endif
