/*
 * client.c: opening a client, and the verbs for one object; the contract is in client.h.
 *
 * Each verb fills a struct kube_call and sends it as a batch of one (calls.c), so that there is one way a
 * request is made. kube_open and kube_close run on the main thread, the rest on any.
 */
#include "libgotk/kube/client.h"

#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/failure.h"
#include "libgotk/kube/restcache.h"
#include "libgotk/kube/token.h"
#include "libgotk/kube/wire.h"
#include "libgotk/net/url.h"

#define DEFAULT_TIMEOUT_MS 65000
#define KUBE_ARENA_MAX     ((size_t)16 << 20)

static struct kube_config copy_config(struct arena *a, const struct kube_config *c)
{
    struct kube_config copy = {
        .server = str_dup(a, c->server),
        .ns = str_dup(a, c->ns),
        .ca_pem = str_dup(a, c->ca_pem),
        .cert_pem = str_dup(a, c->cert_pem),
        .key_pem = str_dup(a, c->key_pem),
        .server_name = str_dup(a, c->server_name),
        .insecure = c->insecure,
        .proxy_url = str_dup(a, c->proxy_url),
        .token = str_dup(a, c->token),
        .token_file = str_dup(a, c->token_file),
        .username = str_dup(a, c->username),
        .password = str_dup(a, c->password),
    };
    return copy;
}

/* The headers of every request: who sends it, and on whose behalf. */
static void set_headers(struct kube *k, const struct kube_config *c)
{
    VEC(const char *) list = { 0 };
    vec_push(k->arena, &list, str_fmt(k->arena, "User-Agent: %s", k->options.user_agent));
    if (c->impersonate_user)
        vec_push(k->arena, &list, str_fmt(k->arena, "Impersonate-User: %s", c->impersonate_user));
    if (c->impersonate_uid)
        vec_push(k->arena, &list, str_fmt(k->arena, "Impersonate-Uid: %s", c->impersonate_uid));
    for (const char *const *g = c->impersonate_groups; g && *g; g++)
        vec_push(k->arena, &list, str_fmt(k->arena, "Impersonate-Group: %s", *g));
    k->headers = list.at;
    k->header_count = list.len;
}

static size_t length(const char *s)
{
    return s ? strlen(s) : 0;
}

static void set_tls(struct kube *k)
{
    const struct kube_config *c = &k->config;
    k->tls = (struct tls){
        .ca_pem = c->ca_pem,
        .ca_len = length(c->ca_pem),
        .ca_only = c->ca_pem != NULL,
        .cert_pem = c->cert_pem,
        .cert_len = length(c->cert_pem),
        .key_pem = c->key_pem,
        .key_len = length(c->key_pem),
        .insecure = c->insecure,
        .server_name = c->server_name,
    };
}

static int check_config(struct ctx *cx, const struct kube_config *config, struct url *ret_url)
{
    struct tls tls = { 0 };
    if (str_empty(config->server))
        return err_fail(cx, ERR_INVALID, "the API server's URL is missing");
    if (url_parse(cx, config->server, ret_url) < 0)
        return err_wrap(cx, "the API server's URL");
    if (!str_eq(ret_url->scheme, "https") && !str_eq(ret_url->scheme, "http"))
        return err_fail(cx, ERR_INVALID, "the API server's URL must start with https:// or http://: %s",
                        url_mask(cx->arena, config->server));
    tls.ca_pem = config->ca_pem;
    tls.ca_len = length(config->ca_pem);
    tls.ca_only = config->ca_pem != NULL;
    tls.cert_pem = config->cert_pem;
    tls.cert_len = length(config->cert_pem);
    tls.key_pem = config->key_pem;
    tls.key_len = length(config->key_pem);
    if (tls_check(cx, &tls) < 0)
        return err_wrap(cx, "certificates for the API server %s", url_mask(cx->arena, config->server));
    return 0;
}

static struct kube *make(const struct kube_config *config, const struct kube_options *options,
                         const struct url *url)
{
    struct arena *arena = arena_new_secret(KUBE_ARENA_MAX);
    struct kube *k = ARENA_NEW(arena, struct kube);
    k->arena = arena;
    k->config = copy_config(arena, config);
    k->options = *options;
    k->options.user_agent = str_dup(arena, str_or(options->user_agent, "gotk"));
    k->options.timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    k->host = url->port ? str_fmt(arena, "%s:%s", url->host, url->port) : str_dup(arena, url->host);
    k->token = config->token_file ? token_open(config->token_file) : NULL;
    k->rest = restcache_open();
    set_tls(k);
    set_headers(k, config);
    return k;
}

int kube_open(struct ctx *cx, const struct kube_config *config, const struct kube_options *options,
              struct kube **ret_kube)
{
    struct url url = { 0 };
    if (check_config(cx, config, &url) < 0)
        return err_code(cx);
    *ret_kube = make(config, options, &url);
    return 0;
}

void kube_close(struct kube *k)
{
    if (!k)
        return;
    token_close(k->token);
    restcache_close(k->rest);
    arena_free(k->arena);
}

struct kube *kube_derive(struct arena *a, struct kube *base, const struct kube_identity *identity)
{
    struct kube *k = ARENA_NEW(a, struct kube);
    *k = *base;
    k->arena = a;
    if (identity->user) {
        k->config.impersonate_user = identity->user;
        k->config.impersonate_uid = NULL;
        k->config.impersonate_groups = NULL;
        set_headers(k, &k->config);
    }
    if (identity->bearer)
        k->identity = *identity;
    return k;
}

const char *kube_server(const struct kube *k)
{
    return k->config.server;
}

struct kube_ref kube_ref_of(const struct doc *object)
{
    return (struct kube_ref){
        .api_version = doc_text_at(object, "apiVersion"),
        .kind = doc_text_at(object, "kind"),
        .ns = doc_text_at(object, "metadata", "namespace"),
        .name = doc_text_at(object, "metadata", "name"),
    };
}

static int send(struct ctx *cx, struct kube *k, struct kube_call *call, struct doc **ret_doc)
{
    if (kube_do(cx, k, call) < 0)
        return err_code(cx);
    if (ret_doc)
        *ret_doc = call->result;
    return 0;
}

int kube_get(struct ctx *cx, struct kube *k, const struct kube_ref *ref, struct doc **ret_doc)
{
    struct kube_call call = { .verb = KUBE_GET, .ref = *ref };
    return send(cx, k, &call, ret_doc);
}

int kube_create(struct ctx *cx, struct kube *k, const struct doc *object, struct doc **ret_doc)
{
    struct kube_call call = { .verb = KUBE_CREATE, .ref = kube_ref_of(object), .body = object };
    return send(cx, k, &call, ret_doc);
}

int kube_update(struct ctx *cx, struct kube *k, const struct doc *object, struct doc **ret_doc)
{
    struct kube_call call = { .verb = KUBE_UPDATE, .ref = kube_ref_of(object), .body = object };
    return send(cx, k, &call, ret_doc);
}

int kube_delete(struct ctx *cx, struct kube *k, const struct kube_ref *ref, const char *propagation,
                const char *uid)
{
    struct kube_call call = { .verb = KUBE_DELETE, .ref = *ref, .propagation = propagation, .uid = uid };
    return send(cx, k, &call, NULL);
}

int kube_patch(struct ctx *cx, struct kube *k, const struct kube_ref *ref, enum kube_patch_type type,
               const struct doc *body, const struct kube_patch_options *options, struct doc **ret_doc)
{
    struct kube_call call = { .verb = KUBE_PATCH, .ref = *ref, .body = body, .patch = type };
    if (options)
        call.options = *options;
    return send(cx, k, &call, ret_doc);
}

int kube_get_path(struct ctx *cx, struct kube *k, const char *path, struct doc **ret_doc)
{
    struct wire_request req = { .path = path };
    struct http_response answer;
    if (wire_send(cx, k, &req, &answer) < 0)
        return err_code(cx);
    if (!wire_is_success(&answer))
        return failure_of_answer(cx, &answer, &(struct failure_subject){ .method = "GET" }, NULL);
    return json_parse(cx, buf_text(&answer.body), answer.body.len, path, ret_doc);
}
