/*
 * kubeconfig.c: which cluster and which user a context means; the contract is in kubeconfig.h.
 *
 * Follows client-go's clientcmd: *-data wins over the file of the same name, a token over a tokenFile's first
 * content (but the file is what is re-read), unknown names are errors and unknown fields are not. Two rules
 * are ours: programs (exec, auth-provider) are refused unless the caller allows exec, and insecure-skip-
 * tls-verify together with a CA is refused, because one of the two is a mistake. What a foreign file may
 * not say is passed over in silence, as fluxcd/pkg/runtime's KubeConfig does. Runs on whatever thread loads
 * a configuration. Rejected: the field tables of doc/decode.h, whose messages would not name the entry.
 */
#include "libgotk/kube/kubeconfig.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#define PEM_FILE_MAX ((size_t)1 << 20)

struct reader {
    const struct kubeconfig_file *files;
    size_t count;
    int flags;
};

/* One named cluster or user, for reading and for messages. */
struct entry {
    const char *file;
    const char *what; /* "cluster" */
    const char *name;
    const struct doc *body;
    int flags;
};

static const struct doc *find_named(const struct doc *list, const char *name)
{
    doc_each (item, list) {
        if (str_eq(doc_text_at(item, "name"), name))
            return item;
    }
    return NULL;
}

static const char *known_names(struct ctx *cx, const struct reader *r, const char *list)
{
    VEC(const char *) names = { 0 };
    for (size_t i = 0; i < r->count; i++) {
        doc_each (item, doc_find(r->files[i].doc, list)) {
            if (doc_text_at(item, "name"))
                vec_push(cx->arena, &names, doc_text_at(item, "name"));
        }
    }
    if (names.len == 0)
        return str_fmt(cx->arena, "'%s' is empty", list);
    return str_fmt(cx->arena, "'%s' has: %s", list, str_join(cx->arena, names.at, names.len, ", "));
}

static int find_entry(struct ctx *cx, const struct reader *r, const char *list, const char *what,
                      const char *name, struct entry *ret)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct doc *item = find_named(doc_find(r->files[i].doc, list), name);
        if (!item)
            continue;
        *ret = (struct entry){ r->files[i].name, what, name, doc_find(item, what), r->flags };
        return 0;
    }
    return err_fail(cx, ERR_NOT_FOUND, "%s: %s \"%s\" does not exist; %s", r->files[0].name, what, name,
                    known_names(cx, r, list));
}

static const char *current_context(const struct reader *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const char *name = doc_text_at(r->files[i].doc, "current-context");
        if (!str_empty(name))
            return name;
    }
    return NULL;
}

static int fail_entry(struct ctx *cx, const struct entry *e, int code, const char *text)
{
    return err_fail(cx, code, "%s: %s \"%s\": %s", e->file, e->what, e->name, text);
}

/* A string field; NULL when absent or empty. */
static const char *text_of(const struct entry *e, const char *field)
{
    const char *text = doc_text_at(e->body, field);
    return str_empty(text) ? NULL : text;
}

static char *beside(struct arena *a, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || !slash)
        return str_dup(a, path);
    return str_fmt(a, "%.*s/%s", (int)(slash - file), file, path);
}

static bool is_foreign(const struct entry *e)
{
    return e->flags & KUBE_CONFIG_FOREIGN;
}

/* The path in a field, absolute or relative to the file it stands in; NULL when there is none to follow. */
static const char *path_of(struct ctx *cx, const struct entry *e, const char *field)
{
    const char *path = is_foreign(e) ? NULL : text_of(e, field);
    return path ? beside(cx->arena, e->file, path) : NULL;
}

static int wrap_field(struct ctx *cx, const struct entry *e, const char *field)
{
    return err_wrap(cx, "%s: %s \"%s\": %s", e->file, e->what, e->name, field);
}

/* PEM text from "<field>-data" (base64) or else from the file that `field` names; NULL when neither is there. */
static int read_pem(struct ctx *cx, const struct entry *e, const char *field, const char **ret_pem)
{
    const char *data_field = str_fmt(cx->arena, "%s-data", field);
    const char *data = text_of(e, data_field);
    char *pem = NULL;
    size_t len = 0;
    if (data) {
        if (base64_decode(cx, data, &pem, &len) < 0)
            return wrap_field(cx, e, data_field);
        *ret_pem = pem;
        return 0;
    }
    const char *path = path_of(cx, e, field);
    struct buf file;
    if (path && fs_read_file(cx, path, PEM_FILE_MAX, &file) < 0)
        return wrap_field(cx, e, field);
    *ret_pem = path ? buf_text(&file) : NULL;
    return 0;
}

static char *server_url(struct arena *a, const char *server)
{
    size_t n = strlen(server);
    while (n > 0 && server[n - 1] == '/')
        n--;
    return str_fmt(a, "%s%.*s", strstr(server, "://") ? "" : "https://", (int)n, server);
}

static int read_cluster(struct ctx *cx, const struct entry *e, struct kube_config *config)
{
    const char *server = text_of(e, "server");
    if (!server)
        return fail_entry(cx, e, ERR_INVALID, "server is missing: the URL of the API server");
    config->server = server_url(cx->arena, server);
    config->server_name = str_dup(cx->arena, text_of(e, "tls-server-name"));
    config->proxy_url = str_dup(cx->arena, text_of(e, "proxy-url"));
    bool may_skip = !is_foreign(e) || (e->flags & KUBE_CONFIG_ALLOW_INSECURE);
    config->insecure = may_skip && doc_is_true(doc_find(e->body, "insecure-skip-tls-verify"), false);
    if (read_pem(cx, e, "certificate-authority", &config->ca_pem) < 0)
        return err_code(cx);
    if (config->insecure && config->ca_pem)
        return fail_entry(
            cx, e, ERR_INVALID,
            "certificate-authority and insecure-skip-tls-verify exclude each other; remove one");
    return 0;
}

static int refuse_programs(struct ctx *cx, const struct entry *e)
{
    static const char *const fields[] = { "exec", "auth-provider" };
    for (size_t i = 0; !is_foreign(e) && i < ARRAY_LEN(fields); i++) {
        if (!doc_find(e->body, fields[i]))
            continue;
        return fail_entry(cx, e, ERR_UNSUPPORTED,
                          str_fmt(cx->arena,
                                  "%s is not supported, because it runs a program that the file names; use "
                                  "token, tokenFile or client-certificate",
                                  fields[i]));
    }
    return 0;
}

static int read_client_certificate(struct ctx *cx, const struct entry *e, struct kube_config *config)
{
    if (read_pem(cx, e, "client-certificate", &config->cert_pem) < 0 ||
        read_pem(cx, e, "client-key", &config->key_pem) < 0)
        return err_code(cx);
    if (config->cert_pem && !config->key_pem)
        return fail_entry(cx, e, ERR_INVALID, "client-certificate needs client-key or client-key-data");
    if (!config->cert_pem)
        config->key_pem = NULL;
    return 0;
}

static int read_impersonation(struct ctx *cx, const struct entry *e, struct kube_config *config)
{
    if (doc_len(doc_find(e->body, "as-user-extra")) > 0)
        return fail_entry(cx, e, ERR_UNSUPPORTED, "as-user-extra is not supported; use as and as-groups");
    config->impersonate_user = str_dup(cx->arena, text_of(e, "as"));
    config->impersonate_uid = str_dup(cx->arena, text_of(e, "as-uid"));
    VEC(const char *) groups = { 0 };
    doc_each (group, doc_find(e->body, "as-groups")) {
        if (doc_text(group))
            vec_push(cx->arena, &groups, str_dup(cx->arena, doc_text(group)));
    }
    if (groups.len > 0) {
        vec_push(cx->arena, &groups, NULL);
        config->impersonate_groups = groups.at;
    }
    return 0;
}

static int read_user(struct ctx *cx, const struct entry *e, struct kube_config *config)
{
    if (refuse_programs(cx, e) < 0)
        return err_code(cx);
    if (is_foreign(e) && (e->flags & KUBE_CONFIG_ALLOW_EXEC))
        config->exec = doc_copy(cx->arena, doc_find(e->body, "exec"));
    config->token = str_dup(cx->arena, text_of(e, "token"));
    config->username = str_dup(cx->arena, text_of(e, "username"));
    config->password = str_dup(cx->arena, text_of(e, "password"));
    config->token_file = path_of(cx, e, "tokenFile");
    if (read_client_certificate(cx, e, config) < 0)
        return err_code(cx);
    return is_foreign(e) ? 0 : read_impersonation(cx, e, config);
}

int kubeconfig_resolve(struct ctx *cx, const struct kubeconfig_file *files, size_t count, const char *context,
                       int flags, struct kube_config *ret_config)
{
    struct reader r = { files, count, flags };
    struct kube_config config = { 0 };
    struct entry e = { 0 };
    const char *name = context ? context : current_context(&r);
    if (!name)
        return err_fail(cx, ERR_INVALID, "%s: current-context is not set; %s", files[0].name,
                        known_names(cx, &r, "contexts"));
    if (find_entry(cx, &r, "contexts", "context", name, &e) < 0)
        return err_code(cx);
    config.ns = str_dup(cx->arena, text_of(&e, "namespace"));
    const char *cluster = str_or(text_of(&e, "cluster"), "");
    const char *user = text_of(&e, "user");
    if (find_entry(cx, &r, "clusters", "cluster", cluster, &e) < 0 || read_cluster(cx, &e, &config) < 0)
        return err_code(cx);
    if (user && (find_entry(cx, &r, "users", "user", user, &e) < 0 || read_user(cx, &e, &config) < 0))
        return err_code(cx);
    *ret_config = config;
    return 0;
}
