/*
 * config.c: finding the configuration: environment, files, pod; the contract is in config.h.
 *
 * Runs once at the start of a process, on its main thread. The order is controller-runtime's: KUBECONFIG, the
 * pod's service account, ~/.kube/config. A KUBECONFIG that is set but unreadable is an error rather than a
 * reason to look elsewhere: acting on another cluster than the one meant is the worst outcome. Rejected: a
 * --kubeconfig flag, which Flux's controllers do not have.
 */
#include "libgotk/kube/config.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kube/kubeconfig.h"

#define KUBECONFIG_MAX ((size_t)4 << 20)
#define POD_FILE_MAX   ((size_t)1 << 20)
#define POD_DIR        "/var/run/secrets/kubernetes.io/serviceaccount"

static int parse_file(struct ctx *cx, const char *text, size_t len, const char *name,
                      struct kubeconfig_file *ret)
{
    struct doc *doc = NULL;
    if (yml_parse(cx, text, len, name, &doc) < 0)
        return err_code(cx);
    if (doc_kind(doc) != DOC_OBJECT)
        return err_fail(cx, ERR_INVALID,
                        "%s: not a kubeconfig: expected an object with clusters, users and contexts", name);
    *ret = (struct kubeconfig_file){ name, doc };
    return 0;
}

int kube_config_parse(struct ctx *cx, const char *text, size_t len, const char *name, const char *context,
                      int flags, struct kube_config *ret_config)
{
    struct kubeconfig_file file;
    if (parse_file(cx, text, len, name, &file) < 0)
        return err_code(cx);
    return kubeconfig_resolve(cx, &file, 1, context, flags, ret_config);
}

/* Loads a colon-separated list of files; in a list of several, missing ones are left out as client-go does. */
static int load_files(struct ctx *cx, const char *list, struct kube_config *ret_config)
{
    VEC(struct kubeconfig_file) files = { 0 };
    size_t count;
    char **paths = str_split(cx->arena, list, ':', &count);
    for (size_t i = 0; i < count; i++) {
        struct buf text;
        struct kubeconfig_file file;
        if (str_empty(paths[i]) || (count > 1 && !fs_exists(paths[i])))
            continue;
        if (fs_read_file(cx, paths[i], KUBECONFIG_MAX, &text) < 0)
            return err_wrap(cx, "kubeconfig");
        if (parse_file(cx, buf_text(&text), text.len, paths[i], &file) < 0)
            return err_code(cx);
        vec_push(cx->arena, &files, file);
    }
    if (files.len == 0)
        return err_fail(cx, ERR_NOT_FOUND, "kubeconfig: no file of KUBECONFIG=%s exists", list);
    return kubeconfig_resolve(cx, files.at, files.len, NULL, 0, ret_config);
}

/* A file of the pod's service account; NULL when it is not there. */
static int read_optional(struct ctx *cx, const char *path, const char **ret_text)
{
    struct buf text;
    if (!fs_exists(path)) {
        *ret_text = NULL;
        return 0;
    }
    if (fs_read_file(cx, path, POD_FILE_MAX, &text) < 0)
        return err_code(cx);
    *ret_text = buf_text(&text);
    return 0;
}

int kube_config_in_cluster(struct ctx *cx, const char *dir, struct kube_config *ret_config)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    struct kube_config config = { 0 };
    const char *ns = NULL;
    if (!host || !*host || !port || !*port)
        return err_fail(cx, ERR_NOT_FOUND,
                        "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
    dir = dir ? dir : POD_DIR;
    config.token_file = str_fmt(cx->arena, "%s/token", dir);
    if (!fs_exists(config.token_file))
        return err_fail(cx, ERR_NOT_FOUND,
                        "%s does not exist: the pod needs a service account (automountServiceAccountToken)",
                        config.token_file);
    if (read_optional(cx, str_fmt(cx->arena, "%s/ca.crt", dir), &config.ca_pem) < 0 ||
        read_optional(cx, str_fmt(cx->arena, "%s/namespace", dir), &ns) < 0)
        return err_code(cx);
    config.ns = ns ? str_trim(cx->arena, ns) : NULL;
    config.server = strchr(host, ':') ? str_fmt(cx->arena, "https://[%s]:%s", host, port)
                                      : str_fmt(cx->arena, "https://%s:%s", host, port);
    *ret_config = config;
    return 0;
}

int kube_config_load(struct ctx *cx, struct kube_config *ret_config)
{
    const char *list = getenv("KUBECONFIG");
    const char *home = getenv("HOME");
    if (!str_empty(list))
        return load_files(cx, list, ret_config);
    if (!str_empty(getenv("KUBERNETES_SERVICE_HOST")))
        return kube_config_in_cluster(cx, NULL, ret_config);
    const char *fallback = str_empty(home) ? NULL : str_fmt(cx->arena, "%s/.kube/config", home);
    if (fallback && fs_exists(fallback))
        return load_files(cx, fallback, ret_config);
    return err_fail(
        cx, ERR_NOT_FOUND,
        "no cluster to talk to: set KUBECONFIG to a kubeconfig file, or run in a pod with a service account");
}
