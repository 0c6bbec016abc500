/*
 * cloud.h: being someone at a cloud provider: tokens, and what is made of them (Git credentials, ways into clusters).
 *
 * A provider is one row (provider.h): "aws", "azure", "gcp", and "generic", which is this cluster. Whose identity counts:
 * that of a service account, whose token the provider takes in exchange for its own (object-level workload identity), or
 * that of the controller, as its pod's environment says. Keys, messages and the order of look-ups are those of
 * fluxcd/pkg/auth. What a provider answers is read in a child (ask.h). Tokens and what is made of them are kept in the
 * process's token cache. Rejected: the providers' SDKs (there is none in C for these services that is small), and asking
 * their command-line programs.
 *
 * Further uses (registries, buckets, keys) are further functions here that start with cloud_token, and a further member of
 * the row where providers differ.
 */
#ifndef GOTK_CLOUD_CLOUD_H
#define GOTK_CLOUD_CLOUD_H

#include "libgotk/cloud/tokencache.h"
#include "libgotk/job/job.h"
#include "libgotk/kube/client.h"

/* Who asks which provider; all borrowed, for as long as what cloud_prepare made is used. */
struct cloud_request {
    const char *provider;
    struct kube *kube; /* this cluster */
    struct tokencache *tokens;
    struct token_user user;
    const char *ns;              /* of the object, and of the account */
    const char *account;         /* the object's; NULL or "": none */
    const char *default_account; /* --default-...-service-account; NULL or "": the controller itself */
    bool object_identity;        /* the gate ObjectLevelWorkloadIdentity */
    const char *const *audiences;
    size_t audience_count; /* of the account's token; 0: what the provider expects */
    const char *proxy;     /* NULL: as the environment says */
    const char *ca_pem;    /* of the cluster; NULL: none given */
};

/* What a token is for. Absent members are NULL. */
struct cloud_aim {
    const char *scope;        /* azure: "<resource>/.default" */
    const char *region;       /* aws: of its token service */
    const char *sts_endpoint; /* aws: instead of the region's */
    const char *const *audiences;
    size_t audience_count; /* generic: whom the token is for */
};

/* What a provider gives. */
struct cloud_token {
    const char *token;  /* a bearer token; aws: the session's token, may be NULL */
    const char *key_id; /* aws */
    const char *secret; /* aws */
    int64_t expires_at; /* unix seconds; 0: it does not say */
};

/* How a Git server is told who we are: bearer, or user and password. */
struct cloud_git {
    const char *bearer;
    const char *user;
    const char *password;
    const char *hint;    /* for messages: "with an access token of ..." */
    const char *keys[2]; /* of the token cache: what to drop when the server refuses */
};

/* Which cluster is wanted: what a ConfigMap of spec.kubeConfig.configMapRef says. Absent members are NULL. */
struct cloud_cluster_request {
    const char *cluster; /* the provider's name of it */
    const char *address; /* of its API server */
    const char *ca_pem;
};

/* A way into a cluster. */
struct cloud_cluster {
    const char *server; /* "https://host:port" */
    const char *ca_pem; /* NULL: the system's */
    const char *bearer;
    int64_t expires_at;
};

struct cloud;

/* The row for job_init of each binary that uses this. */
extern const struct job cloud_job;

/* Finds provider, account and identity; *ret is cx->arena's. Fails with ERR_NOT_FOUND and ERR_INVALID in the words of
 * fluxcd/pkg/auth ("failed to get service account ..."). */
int cloud_prepare(struct ctx *cx, const struct cloud_request *req, struct cloud **ret) MUST_CHECK;

/* An access token, from the cache or fresh; *ret_key (may be NULL) is its key there. */
int cloud_token(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, struct cloud_token *ret,
                const char **ret_key) MUST_CHECK;

/* Whether the provider has Git servers, and the URL may be one of them; asks nobody. ERR_UNSUPPORTED, ERR_INVALID. */
int cloud_check_git(struct ctx *cx, const char *provider, const char *url) MUST_CHECK;

/* What a Git server at `url` takes: Azure DevOps a token, AWS CodeCommit a signature over the URL. Errors
 * of the URL as cloud_check_git. */
int cloud_git(struct ctx *cx, const struct cloud *c, const char *url, struct cloud_git *ret) MUST_CHECK;

/* Whether the request names what the provider needs to find the cluster; asks nobody. ERR_INVALID. */
int cloud_check_cluster(struct ctx *cx, const char *provider,
                        const struct cloud_cluster_request *req) MUST_CHECK;

/* Where the cluster is and a token for it, at most some minutes old: cheap to ask before each request. */
int cloud_cluster(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                  struct cloud_cluster *ret) MUST_CHECK;

#endif
