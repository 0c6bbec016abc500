/*
 * remote.h: fetches what a kustomization names by URL, for a build child that has no network.
 *
 * A file, or a Git repository (clones.h). Size and time are limited, only http and https are spoken, credentials are never
 * sent, and each failure names the URL and the status. Runs in the parent, on the worker that waits for the child.
 */
#ifndef GOTK_KUSTOMIZE_REMOTE_H
#define GOTK_KUSTOMIZE_REMOTE_H

#include "kustomize-controller/build.h"
#include "kustomize-controller/clones.h"

/* The largest remote resource, in bytes. */
#define REMOTE_BODY_MAX ((size_t)32 << 20)

/* Where a build's clones go, and for whom. */
struct remote_use {
    struct clones *clones;
    const char *tenant;
    struct arena *until; /* clones stay as long as this is not reset */
};

/* Offers a tenant's build what URLs name, clones kept in `clones` and in use until cx's arena is reset; *ret lives there. Without
 * clones nothing may be fetched: *ret is NULL. Fails when there is no folder for them. */
int remote_offer(struct ctx *cx, struct clones *clones, const char *tenant,
                 const struct build_remote **ret) MUST_CHECK;

/* Answers a question (question.h) for a file with {"body": "..."}, and one for a repository with {"dir": "..."}; a
 * job_answer_fn. `user` is a struct remote_use. */
int remote_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer) MUST_CHECK;

#endif
