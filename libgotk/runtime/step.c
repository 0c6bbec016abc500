/*
 * step.c: going through a step table; the contract is in step.h.
 */
#include "libgotk/runtime/step.h"

#include "libgotk/base/str.h"
#include "libgotk/runtime/controller.h"

/* What a step with a progress text says before it starts. Kinds with a summary leave Ready to it. */
static void announce(struct ctx *cx, struct run *run, const struct step *step)
{
    cond_reconciling(&run->conds, "Progressing", "%s%s", step->progress, str_or(run->progress, ""));
    if (!run->controller->summary)
        cond_set(&run->conds, COND_READY, COND_UNKNOWN, "Progressing", "Reconciliation in progress");
    run_show_progress(cx, run);
}

int step_table(struct ctx *cx, struct run *run, const struct step *steps, size_t count, size_t *index)
{
    for (; *index < count; ++*index) {
        const struct step *step = &steps[*index];
        if (run->skip_to && run->skip_to != step->run)
            continue;
        run->skip_to = NULL;
        if (ctx_check(cx) < 0)
            return cx->err.code;
        if (step->progress && !run->resumed)
            announce(cx, run, step);
        int rc = step->run(cx, run);
        run->resumed = false;
        if (rc != STEP_NEXT)
            return rc;
    }
    return STEP_NEXT;
}
