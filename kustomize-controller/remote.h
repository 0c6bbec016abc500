/*
 * remote.h: fetches what a kustomization names by URL, for a build child that has no network.
 *
 * Size and time are limited, only http and https are spoken, credentials are never sent, and each failure names the URL
 * and the status. Runs in the parent, on the worker that waits for the child.
 */
#ifndef GOTK_KUSTOMIZE_REMOTE_H
#define GOTK_KUSTOMIZE_REMOTE_H

#include "libgotk/doc/doc.h"

/* The largest remote resource, in bytes. */
#define REMOTE_BODY_MAX ((size_t)32 << 20)

/* Answers a child's question {"url": "..."} with {"body": "..."}; a job_answer_fn. `user` is a const bool: false (or NULL)
 * refuses, with ERR_DENIED, what the child should not have asked for. */
int remote_answer(struct ctx *cx, void *user, const struct doc *request, struct doc **ret_answer) MUST_CHECK;

#endif
