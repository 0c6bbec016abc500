/*
 * azuretoken.h: access tokens of Microsoft Entra for Azure DevOps.
 *
 * Three ways lead to one: a token that Kubernetes made for a service account (workload identity), a client's secret, or the
 * machine's own identity (the metadata service). As githubapp.h the exchange runs in a child: answers are a stranger's
 * JSON. Rejected: asking the `az` program, which upstream leaves out too.
 */
#ifndef GOTK_SOURCE_AZURETOKEN_H
#define GOTK_SOURCE_AZURETOKEN_H

#include "libgotk/job/job.h"

#define AZURETOKEN_AUDIENCE "api://AzureADTokenExchange"

/* Who asks, and how. */
struct azuretoken_request {
    const char *authority; /* NULL: the public cloud's */
    const char *tenant;    /* NULL: ask the metadata service */
    const char *client;    /* NULL with the metadata service: its only identity */
    const char *assertion; /* a token of Kubernetes; NULL: the secret counts */
    const char *secret;
    const char *metadata; /* the metadata service; NULL: where it always is */
    const char *proxy;
};

struct azuretoken {
    const char *token;
    int64_t expires_at; /* unix seconds */
};

/* The row for job_init. */
extern const struct job azuretoken_job;

/* The controller's own identity, from its environment: AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE, else the metadata
 * service. Fails when the file of the token cannot be read. */
int azuretoken_from_environment(struct ctx *cx, struct azuretoken_request *ret) MUST_CHECK;

/* Exchanges. Fails with http.h's errors and by the answer's status, with what Entra says. */
int azuretoken_get(struct ctx *cx, const struct azuretoken_request *req, struct azuretoken *ret) MUST_CHECK;

#endif
