/*
 * bases.c: bases that are named by URL, in the executable that has a network; the contract is in bases.h.
 */
#include "kustomize-controller/bases.h"

#include "kustomize-controller/remote.h"

int bases_offer(struct ctx *cx, const struct build_remote **ret)
{
    struct clones *clones;
    if (clones_open(cx, &clones) < 0)
        return err_code(cx);
    return remote_offer(cx, clones, "", ret);
}

bool bases_are_elsewhere(void)
{
    return false;
}
