/*
 * step.h: a reconcile as a table of steps.
 *
 * A story file has one table; the driver (run.c) goes through it in order. Before a step with a progress text the driver
 * sets Reconciling=True and Ready=Unknown (reason Progressing) in the working status; that is written to the API only when
 * the step lasts longer than a second. A step that fails ends the table: its row's condition and reason, or those of
 * run_fails_as(), become the object's. The reason in cx's error is not used: it may be the API server's ("Forbidden").
 */
#ifndef GOTK_RUNTIME_STEP_H
#define GOTK_RUNTIME_STEP_H

#include "libgotk/base/ctx.h"

struct run;

/* What a step returns besides a negative error code. */
enum step_next {
    STEP_NEXT = 0, /* go on with the next step */
    STEP_WAIT =
        1, /* park: call this step again when run->wait_ms are over or manager_wake is called. cx->arena and all that
                      the run holds stay; its worker is free for other objects. Status is written first */
    STEP_DONE = 2, /* all is well and the remaining steps have nothing to do */
};

struct step {
    const char *progress; /* shown while it runs, run->progress appended; NULL: conditions stay as they are */
    const char *reason;   /* of the condition when it fails; run_fails_as() names another */
    int (*run)(struct ctx *cx, void *run); /* the story's run struct */
    const char
        *condition; /* set True when it fails (negative polarity: "FetchFailed"); NULL: Ready=False at once */
};

/* Runs steps[*index..], leaving *index at the step that failed or waits. Returns a step_next or a negative code. Called by
 * the driver; here for tests. */
int step_table(struct ctx *cx, struct run *run, const struct step *steps, size_t count, size_t *index);

#endif
