/*
 * bases.c: bases that are named by URL, in the executable that has no network; the contract is in ../bases.h.
 *
 * What a build needs shows while it builds, so the first question ends it: it starts anew where the answer can be had. Cheap,
 * beside the fetch that follows. Rejected: a search of the kustomizations before the build (which would have to read them as
 * the build does), and asking the other executable for answers (a protocol between the two, for a rare case).
 */
#include "kustomize-controller/bases.h"

static bool asked;

static int answer(struct ctx *cx, void *user UNUSED, const struct doc *request UNUSED,
                  struct doc **ret_answer UNUSED)
{
    asked = true;
    err_fail(cx, ERR_UNSUPPORTED, "there is no network here");
    err_reason(cx, BUILD_ELSEWHERE);
    return err_code(cx);
}

int bases_offer(struct ctx *cx UNUSED, const struct build_remote **ret)
{
    static const struct build_remote offer = { .answer = answer };
    *ret = &offer;
    return 0;
}

bool bases_are_elsewhere(void)
{
    return asked;
}
