/*
 * health.h: what a run remembers while it waits for its objects to become healthy.
 */
#ifndef GOTK_KUSTOMIZE_HEALTH_H
#define GOTK_KUSTOMIZE_HEALTH_H

#include "libgotk/ssa/wait.h"

struct health {
    struct wait_set set;
    int64_t started_ns; /* run_elapsed_ns when the checks began */
    int64_t until_ms;   /* when they time out, as ctx_now_ms counts */
    int64_t pause_ms;   /* until the next look */
    bool was_healthy;   /* before this run */
    bool runs;
};

#endif
