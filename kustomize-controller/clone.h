/*
 * clone.h: fetches the Git repository that a kustomization names as a base, in a confined child of its own.
 *
 * As nobody: no credentials but those written into the URL. What comes is limited in time, size and number of files, and
 * parsed by the child alone. Runs on the worker whose build asks.
 */
#ifndef GOTK_KUSTOMIZE_CLONE_H
#define GOTK_KUSTOMIZE_CLONE_H

#include "libgotk/job/job.h"

struct clone_request {
    const char *url;    /* as kustomize clones it: "https://host/org/repo", "git@host:org/repo" */
    const char *name;   /* a branch, tag, reference or commit; "": what HEAD names */
    int64_t timeout_ms; /* at most five minutes count */
    bool submodules;
    const char **known; /* commits that are there already */
    size_t known_count;
    const char *git_dir;    /* an existing empty folder: the objects go in there */
    const char *parent_dir; /* an existing folder: the files go into "tree" in it */
};

struct clone_result {
    const char *commit;
    bool known; /* it is one of the request's: nothing was fetched */
};

/* The row for job_init. */
extern const struct job clone_job;

/* Does it. Fails as gitclone_run; ERR_LIMIT for a repository that is too large. */
int clone_run(struct ctx *cx, const struct clone_request *request, struct clone_result *ret) MUST_CHECK;

/* Whether what the child said has the form it must have: a commit, "known" only for a known one. ERR_INTERNAL otherwise;
 * clone_run checks. */
int clone_check(struct ctx *cx, const struct clone_request *request,
                const struct clone_result *result) MUST_CHECK;

#endif
