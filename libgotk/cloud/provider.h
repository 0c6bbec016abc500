/*
 * provider.h: what makes a provider: one row of functions. For the files of this folder.
 */
#ifndef GOTK_CLOUD_PROVIDER_H
#define GOTK_CLOUD_PROVIDER_H

#include "libgotk/cloud/cloud.h"

#define CLOUD_AIMS_MAX 2

struct cloud_provider;

/* A request whose identity is known. */
struct cloud {
    struct cloud_request req;
    const struct cloud_provider *provider;
    const struct doc *account; /* the ServiceAccount; NULL: the controller itself */
    const char *account_name;
    const char *identity;         /* at the provider, for the cache's keys; may be "" */
    const char *const *audiences; /* of the account's token */
    size_t audience_count;
};

/* One provider. Functions that it has no use for are NULL. */
struct cloud_provider {
    const char *name;
    /* The audience of an account's token; NULL, or NULL in *ret: the API server's own, or the aim's. */
    int (*audience)(struct ctx *cx, const struct doc *account, const char **ret);
    /* Who the account is there, from its annotations. */
    int (*identify)(struct ctx *cx, const struct doc *account, const char **ret);
    /* A token of the controller itself. */
    int (*own)(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, struct cloud_token *ret);
    /* A token in exchange for that of c->account. */
    int (*exchange)(struct ctx *cx, const struct cloud *c, const struct cloud_aim *aim, const char *assertion,
                    struct cloud_token *ret);
    /* Git: what the token is for and what the cache's key depends on; then credentials and their end. */
    int (*git_aim)(struct ctx *cx, const char *url, struct cloud_aim *ret_aim, const char **ret_input);
    int (*git)(struct ctx *cx, const char *input, const struct cloud_token *token, struct cloud_git *ret,
               int64_t *ret_expires_at);
    const char *git_hint;
    /* Clusters: the tokens that are needed, at most CLOUD_AIMS_MAX; then the way in. */
    int (*cluster_aims)(struct ctx *cx, const struct cloud_cluster_request *req, struct cloud_aim *ret_aims,
                        size_t *ret_count);
    int (*cluster)(struct ctx *cx, const struct cloud *c, const struct cloud_cluster_request *req,
                   const struct cloud_token *tokens, struct cloud_cluster *ret);
};

extern const struct cloud_provider cloud_aws, cloud_azure, cloud_gcp, cloud_generic;

/* An annotation of an account; NULL when absent. */
const char *cloud_annotation(const struct doc *account, const char *key);

/* An environment variable that says something; NULL when unset or empty. */
const char *cloud_env(const char *name);

/* The text of a small file that an environment variable names, without white space around it; errors name the variable. */
int cloud_read_file(struct ctx *cx, const char *variable, const char *path, const char **ret_text) MUST_CHECK;

/* Fills groups 1 to `count` of the expression (RE2) into ret[]; ERR_INVALID "invalid <what>: '<text>'. must match <pattern>". */
int cloud_match(struct ctx *cx, const char *what, const char *pattern, const char *text, const char **ret,
                size_t count) MUST_CHECK;

/* The https URL of an API server: "host", "host:port" and URLs are taken. ERR_INVALID for http. */
int cloud_server(struct ctx *cx, const char *address, const char **ret_server) MUST_CHECK;

/* The same for the `endpoint` a provider names (NULL or "": ERR_NOT_READY) of a cluster it calls `what`. ERR_INVALID when the
 * request has another address. */
int cloud_endpoint(struct ctx *cx, const char *what, const struct cloud_cluster_request *req,
                   const char *endpoint, const char **ret_server) MUST_CHECK;

/* The base64 text of a certificate bundle, decoded; errors start with "failed to decode <what> CA certificate". */
int cloud_decode_ca(struct ctx *cx, const char *what, const char *text, const char **ret_pem) MUST_CHECK;

#endif
