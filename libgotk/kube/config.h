/*
 * config.h: where the API server is and who we are to it.
 *
 * Reads a kubeconfig (YAML or JSON, one file or a KUBECONFIG list) or the files a pod finds mounted. The
 * result is plain data in cx->arena: certificates are read into memory, a token file is only named, because
 * it rotates and the client re-reads it. Exec plugins and auth providers are refused: they run programs of
 * the file's author with our rights; only who passes KUBE_CONFIG_ALLOW_EXEC gets an exec section. Rejected:
 * watching certificate files; a pod's CA outlives the pod.
 */
#ifndef GOTK_KUBE_CONFIG_H
#define GOTK_KUBE_CONFIG_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

struct doc;

/* All strings live in the arena of the context that loaded them; absent ones are NULL. */
struct kube_config {
    const char *server; /* "https://host:port", optionally with a path, no trailing slash */
    const char *ns;     /* the context's (or the pod's) namespace; NULL: none named */
    const char *ca_pem; /* roots that sign the server's certificate; NULL: the system's */
    const char *cert_pem;
    const char *key_pem;
    const char *server_name; /* the name the server's certificate must have instead of its host */
    bool insecure;           /* the server's certificate is not checked */
    const char *proxy_url;   /* NULL: as HTTPS_PROXY and NO_PROXY say */
    const char *token;
    const char *token_file; /* wins over token; the client re-reads it at most each minute */
    const char *username;
    const char *password;
    const char *impersonate_user;
    const char *impersonate_uid;
    const char *const *impersonate_groups; /* NULL-terminated; NULL: none */
    const struct doc *exec; /* the section of a program that makes credentials (execplugin.h); NULL: none */
};

/* How far a kubeconfig is trusted. */
enum kube_config_flags {
    /* From a stranger (a Secret): what names local files, runs programs, skips the check of certificates or impersonates
     * is left out, as Flux does; the rest has to do without it. */
    KUBE_CONFIG_FOREIGN = 1,
    KUBE_CONFIG_ALLOW_EXEC = 2,     /* ... but the program of an exec section counts: it is in `exec` */
    KUBE_CONFIG_ALLOW_INSECURE = 4, /* ... but certificates need not be checked where it says so */
};

/* Loads what client-go would: the files in KUBECONFIG when set, else the pod's service account, else
 * ~/.kube/config. Fails with ERR_NOT_FOUND (no configuration anywhere, or a named file, context, cluster or
 * user that is missing), ERR_INVALID (naming file and field), ERR_UNSUPPORTED (exec, auth-provider). */
int kube_config_load(struct ctx *cx, struct kube_config *ret_config) MUST_CHECK;

/* Parses one kubeconfig text; `name` (its path, or "Secret ns/name key value") heads the messages, and its
 * folder is what relative paths start from. `context` NULL: the current-context. Errors as kube_config_load. */
int kube_config_parse(struct ctx *cx, const char *text, size_t len, const char *name, const char *context,
                      int flags, struct kube_config *ret_config) MUST_CHECK;

/* The configuration of a pod: host and port from the environment (KUBERNETES_SERVICE_HOST, _PORT), token,
 * ca.crt and namespace from `dir` (NULL: /var/run/secrets/kubernetes.io/serviceaccount). ERR_NOT_FOUND
 * outside a cluster. */
int kube_config_in_cluster(struct ctx *cx, const char *dir, struct kube_config *ret_config) MUST_CHECK;

#endif
