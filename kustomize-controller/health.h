/*
 * health.h: what a run remembers while it waits for its objects to become healthy.
 */
#ifndef GOTK_KUSTOMIZE_HEALTH_H
#define GOTK_KUSTOMIZE_HEALTH_H

#include "libgotk/ssa/wait.h"

struct health {
    struct wait_set set;
    int64_t started_ns; /* run_elapsed_ns when the checks began */
    bool was_healthy;   /* before this run */
    bool runs;
};

#endif
