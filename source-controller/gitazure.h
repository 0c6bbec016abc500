/*
 * gitazure.h: provider azure: as whom a GitRepository asks Azure DevOps.
 *
 * As the service account of the object (or --default-service-account) when the gate ObjectLevelWorkloadIdentity is on, else
 * as the controller. Worker threads.
 */
#ifndef GOTK_SOURCE_GITAZURE_H
#define GOTK_SOURCE_GITAZURE_H

#include "source-controller/azuretoken.h"
#include "source-controller/source.h"

/* What the exchange needs, and a name for its tokens: a digest, no secret. Fails in the words of fluxcd/pkg/auth. The
 * assertion of a service account is not made yet: gitazure_token does that when the cache has nothing. */
int gitazure_prepare(struct ctx *cx, const struct git_run *r, struct azuretoken_request *ret,
                     const char **ret_key) MUST_CHECK;

/* Gets a fresh token. */
int gitazure_token(struct ctx *cx, const struct git_run *r, struct azuretoken_request *req,
                   struct azuretoken *ret) MUST_CHECK;

#endif
