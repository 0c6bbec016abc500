/*
 * gitprovider.h: spec.provider: how a GitRepository gets its credentials.
 *
 * A provider is one row: "generic" takes them from the Secret, "github" exchanges an app's key for a token, "azure"
 * and "aws" an identity (libgotk/cloud). Worker threads.
 */
#ifndef GOTK_SOURCE_GITPROVIDER_H
#define GOTK_SOURCE_GITPROVIDER_H

#include "source-controller/source.h"

/* Fills r->auth for the URL from the Secret (NULL: the spec names none). On failure the run knows reason, condition and
 * whether it stalls, in source-controller's words. */
int gitprovider_authenticate(struct ctx *cx, struct git_run *r, const struct url *url,
                             const struct doc *secret) MUST_CHECK;

/* A server refused what gitprovider_authenticate gave: a token of the cache is not used again. */
void gitprovider_refused(struct git_run *r);

/* The object goes: its series of metrics go too. */
void gitprovider_forget(const struct git_run *r);

#endif
