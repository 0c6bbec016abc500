/*
 * gcp.h: what the files of provider "gcp" share: answers, the token service, the machine's metadata.
 */
#ifndef GOTK_CLOUD_GCP_H
#define GOTK_CLOUD_GCP_H

#include "libgotk/cloud/provider.h"

#define GCP_PLATFORM "https://www.googleapis.com/auth/cloud-platform"
#define GCP_EMAIL    "https://www.googleapis.com/auth/userinfo.email"

/* A token of a stranger, to be exchanged for one of Google's, and then perhaps for one of a Google service account. */
struct gcp_exchange {
    const char *url; /* of the token service */
    const char *audience;
    const char *token;
    const char *token_type;
    const char *impersonate; /* the URL that makes the service account's token; NULL: none */
    const char *proxy;
};

/* Exchanges. Errors say what the services said. */
int gcp_exchange(struct ctx *cx, const struct gcp_exchange *x, struct cloud_token *ret) MUST_CHECK;

/* Reads {"access_token", "expires_in"}. */
int gcp_read_token(struct ctx *cx, const struct doc *answer, struct cloud_token *ret) MUST_CHECK;

/* The controller's own token: by the file that GOOGLE_APPLICATION_CREDENTIALS names (or gcloud's usual one), else the
 * machine's. */
int gcp_own(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim,
            struct cloud_token *ret) MUST_CHECK;

/* Asks the metadata service (GCE_METADATA_HOST) below /computeMetadata/v1/. */
int gcp_metadata(struct ctx *cx, const char *path, int64_t as, struct doc **ret) MUST_CHECK;

#endif
