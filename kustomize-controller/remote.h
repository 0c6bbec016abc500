/*
 * remote.h: fetches what a kustomization names by URL, for a build child that has no network.
 *
 * A file, or a Git repository (clones.h). Size and time are limited, only http and https are spoken, credentials are never
 * sent, and each failure names the URL and the status. Runs in the parent, on the worker that waits for the child.
 */
#ifndef GOTK_KUSTOMIZE_REMOTE_H
#define GOTK_KUSTOMIZE_REMOTE_H

#include "kustomize-controller/clones.h"
#include "libgotk/doc/doc.h"

/* The largest remote resource, in bytes. */
#define REMOTE_BODY_MAX ((size_t)32 << 20)

/* Whether a build may fetch, for whom, and whether it tried. */
struct remote_use {
    bool allowed;
    struct clones *clones; /* needed when allowed */
    const char *tenant;
    struct arena *until; /* clones stay as long as this is not reset */
    bool used;
};

/* A question for a repository. */
struct doc *remote_question(struct arena *a, const struct repospec *spec);

/* Answers a child's question {"url": "..."} with {"body": "..."}, and one of remote_question with {"dir": "..."}; a
 * job_answer_fn. `user` is a struct remote_use: what is not allowed, the child should not have asked for, and is refused
 * with ERR_DENIED. */
int remote_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer) MUST_CHECK;

#endif
