/*
 * scratch.c: the memory of building and applying, which ends before a run waits.
 *
 * The documents of a build, of the live objects and of dry-runs are most of what a run holds, and nobody needs them once
 * the objects are applied. They live in an arena of their own; a run that parks copies the little it still needs and lets
 * go of the rest, so that a thousand that wait cost little. A run that does not park never copies. Worker threads.
 */
#include "kustomize-controller/controller.h"
#include "libgotk/base/str.h"

#include <string.h>

static void end_scratch(void *run)
{
    struct ks_run *r = run;
    arena_free(r->scratch);
    r->scratch = NULL;
}

static void open_scratch(struct ctx *cx, struct ks_run *r)
{
    if (r->scratch)
        return;
    r->scratch = arena_new(arena_max(cx->arena));
    arena_defer(cx->arena, end_scratch, r);
}

int scratch_run(struct ctx *cx, struct ks_run *r, int (*work)(struct ctx *cx, struct ks_run *r))
{
    open_scratch(cx, r);
    struct ctx inner = *cx;
    inner.arena = r->scratch;
    int rc = work(&inner, r);
    err_copy(cx, &inner.err);
    return rc;
}

static void keep_changes(struct arena *a, struct changes *set)
{
    struct change *kept = ARENA_ARRAY(a, struct change, set->len);
    for (size_t i = 0; i < set->len; i++)
        kept[i] = (struct change){
            .subject = str_dup(a, set->at[i].subject),
            .id = str_dup(a, set->at[i].id),
            .api_version = str_dup(a, set->at[i].api_version),
            .action = set->at[i].action,
        };
    set->at = kept;
    set->cap = set->len;
}

static void keep_proof(struct arena *a, struct proof *seen)
{
    struct proof_object *kept = ARENA_ARRAY(a, struct proof_object, seen->len);
    if (seen->len)
        memcpy(kept, seen->at, seen->len * sizeof(*kept));
    seen->at = kept;
    seen->cap = seen->len;
}

void scratch_end(struct ctx *cx, struct ks_run *r)
{
    if (!r->scratch)
        return;
    r->built.digest = str_dup(cx->arena, r->built.digest);
    r->built.yaml = NULL;
    r->built.objects = NULL;
    keep_changes(cx->arena, &r->applied);
    keep_proof(cx->arena, &r->proof.seen);
    end_scratch(r);
}
