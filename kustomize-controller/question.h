/*
 * question.h: what a build asks for when a kustomization names something by URL, as it travels to the parent.
 *
 * Both ends include this: the child that asks, and the parent that fetches (remote.h), which may be another executable than
 * the one the build began in (bases.h).
 */
#ifndef GOTK_KUSTOMIZE_QUESTION_H
#define GOTK_KUSTOMIZE_QUESTION_H

#include "libgotk/base/ctx.h"
#include "libgotk/doc/doc.h"
#include "libgotk/kustomize/repospec.h"

/* The question for a file; the answer has its text as "body". */
struct doc *question_of_file(struct arena *a, const char *url);

/* The question for a repository; the answer names its tree as "dir". */
struct doc *question_of_repository(struct arena *a, const struct repospec *spec);

/* Reads "repository" of a question; ERR_INVALID when the child left something out. Strings live as long as `repository`. */
int question_repository(struct ctx *cx, const struct doc *repository, struct repospec *ret) MUST_CHECK;

#endif
