/*
 * repospec.h: which Git repository an entry of a kustomization names, and what in it.
 *
 * Text only, nothing is asked of anybody: kustomize's own rules (api/internal/git.NewRepoSpecFromURL), which are how it
 * tells what is remote. Any thread.
 */
#ifndef GOTK_KUSTOMIZE_REPOSPEC_H
#define GOTK_KUSTOMIZE_REPOSPEC_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stdint.h>

/* Strings are never NULL. */
struct repospec {
    const char *raw;  /* as it was written */
    const char *host; /* "https://github.com/", "git@github.com:", "file://" */
    const char *repo; /* "org/repo.git" */
    const char *path; /* of the kustomization in the repository; "": its root */
    const char *ref;  /* a branch, tag, full reference or commit; "": what HEAD names */
    int64_t timeout_ms;
    bool submodules;
    bool forced; /* written with "git::" in front, which is deprecated */
};

/* Parses an entry. ERR_INVALID in kustomize's words when it is no repository. */
int repospec_parse(struct ctx *cx, const char *text, struct repospec *ret) MUST_CHECK;

/* As repospec_parse, but that it is none is no error. */
bool repospec_find(struct ctx *cx, const char *text, struct repospec *ret);

/* What to clone: host and repository in one. */
const char *repospec_url(struct arena *a, const struct repospec *spec);

#endif
