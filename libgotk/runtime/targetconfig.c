/*
 * targetconfig.c: a kubeconfig in a Secret; the contract is in targetconfig.h.
 */
#include "libgotk/runtime/targetconfig.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/execplugin.h"

#define EXPIRY_MARGIN (10 * GOTIME_SECOND)

/* The entry of the Secret's data that holds the kubeconfig, and its key. */
static int find_value(struct ctx *cx, const struct doc *secret, const char *where, const char *key,
                      const char **ret_key, const char **ret_value)
{
    static const char *const usual[] = { "value", "value.yaml" };
    const struct doc *data = doc_find(secret, "data");
    for (size_t i = 0; i < (key ? 1 : ARRAY_LEN(usual)); i++) {
        *ret_key = key ? key : usual[i];
        *ret_value = doc_text_at(data, *ret_key);
        if (*ret_value)
            return 0;
    }
    return err_fail(cx, ERR_NOT_FOUND, "KubeConfig secret '%s' does not contain a '%s' key with a kubeconfig",
                    where, key ? key : usual[0]);
}

static int flags_of(const struct targets_options *options)
{
    return KUBE_CONFIG_FOREIGN | (options->allow_exec ? KUBE_CONFIG_ALLOW_EXEC : 0) |
           (options->allow_insecure ? KUBE_CONFIG_ALLOW_INSECURE : 0);
}

/* The token of a program, in the arena of the run it is for. */
struct program_token {
    struct arena *arena;
    const struct doc *section;
    const char *token;
    int64_t expires_ns; /* 0: never */
};

static int renew(struct ctx *cx, struct program_token *t, struct exec_credential *credential)
{
    if (execplugin_run(cx, t->section, credential) < 0)
        return err_code(cx);
    t->token = str_dup(t->arena, credential->token);
    t->expires_ns = credential->expires_ns;
    return 0;
}

/* The bearer of one request; a kube_identity's. */
static int find_token(struct ctx *cx, void *source, const char **ret_token)
{
    struct program_token *t = source;
    struct exec_credential credential;
    bool old = t->expires_ns && gotime_now_ns() > t->expires_ns - EXPIRY_MARGIN;
    if (old && renew(cx, t, &credential) < 0)
        return err_code(cx);
    *ret_token = t->token;
    return 0;
}

static int run_program(struct ctx *cx, struct kube_config *config, struct kube_identity *identity)
{
    struct exec_credential credential;
    struct program_token *t = ARENA_NEW(cx->arena, struct program_token);
    *t = (struct program_token){ .arena = cx->arena, .section = config->exec };
    if (renew(cx, t, &credential) < 0)
        return err_code(cx);
    if (credential.cert_pem) {
        config->cert_pem = credential.cert_pem;
        config->key_pem = credential.key_pem;
    }
    if (t->token)
        *identity = (struct kube_identity){ .bearer = find_token, .source = t };
    return 0;
}

int targetconfig_of_secret(struct ctx *cx, struct kube *own, const char *ns, const struct doc *ref,
                           const struct targets_options *options, struct kube_config *ret_config,
                           struct kube_identity *identity)
{
    struct kube_ref secret_ref = { "v1", "Secret", ns, doc_text_at(ref, "name") };
    const char *where = str_fmt(cx->arena, "%s/%s", ns, str_or(secret_ref.name, ""));
    const char *key = doc_text_at(ref, "key"), *value;
    struct doc *secret;
    char *text;
    size_t len;
    if (kube_get(cx, own, &secret_ref, &secret) < 0)
        return err_wrap(cx, "unable to read KubeConfig secret '%s' error", where);
    if (find_value(cx, secret, where, str_empty(key) ? NULL : key, &key, &value) < 0)
        return err_code(cx);
    const char *name = str_fmt(cx->arena, "KubeConfig secret '%s' key '%s'", where, key);
    if (base64_decode(cx, value, &text, &len) < 0)
        return err_wrap(cx, "%s", name);
    if (kube_config_parse(cx, text, len, name, NULL, flags_of(options), ret_config) < 0)
        return err_code(cx);
    return ret_config->exec ? run_program(cx, ret_config, identity) : 0;
}
