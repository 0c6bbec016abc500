/*
 * aws.h: what the files of provider "aws" share: endpoints, the token service, the controller's own credentials.
 */
#ifndef GOTK_CLOUD_AWS_H
#define GOTK_CLOUD_AWS_H

#include "libgotk/cloud/provider.h"

/* "https://<service>.<region>.<suffix of the region's partition>". */
const char *aws_public_url(struct arena *a, const char *service, const char *region);

/* The same, unless AWS_ENDPOINT_URL_<SERVICE> or AWS_ENDPOINT_URL says otherwise and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
 * is not true. */
const char *aws_url(struct arena *a, const char *service, const char *region);

/* A role by a token of OpenID Connect (AssumeRoleWithWebIdentity). */
struct aws_role {
    const char *arn;
    const char *session;
    const char *assertion;
    const char *endpoint; /* of the token service */
    const char *proxy;
};

/* Takes on a role: credentials with an end. Errors say what the service said. */
int aws_assume(struct ctx *cx, const struct aws_role *role, struct cloud_token *ret) MUST_CHECK;

/* Credentials from what the pod finds: keys in the environment, a role by a token file, a profile's keys, the service of its
 * containers (EKS Pod Identity), the machine. The first that is configured counts, as in AWS's SDKs. */
int aws_own(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim,
            struct cloud_token *ret) MUST_CHECK;

/* The endpoint of the token service for an aim; ERR_INVALID when the aim's own is none of AWS's. */
int aws_sts(struct ctx *cx, const struct cloud_aim *aim, const char **ret_url) MUST_CHECK;

#endif
